"""A process that runs each night as a fork of its own, on a line of JSON for each.

    {"home": ..., "as_of": ..., "plan": ..., "without": [...]}

``plan`` is what ``tests.faults.crashing`` understands. The answer is the night's report, or the
signal that ended it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.faults import crashing


def main() -> None:
    """Answer until nothing more is asked."""
    crashing.preload()
    for line in sys.stdin:
        asked = json.loads(line)
        said = crashing.forked(
            Path(asked["home"]), asked["as_of"], asked["plan"], tuple(asked["without"])
        )
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
