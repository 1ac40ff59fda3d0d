"""``python -m tests.mutation``; what it does stands in run.py, which its processes import."""

import sys

from tests.mutation.run import parsed, run

if __name__ == "__main__":
    sys.exit(run(parsed()))
