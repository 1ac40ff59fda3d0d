"""``python -m tests.benchmarks``: all measurements of ``docs/benchmarks.md``."""

from tests.benchmarks.run import main

main()
