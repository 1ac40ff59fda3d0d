"""What a person is told beside the result of a command: a line on stderr, in Danish."""

from __future__ import annotations

import sys


def tell(line: str) -> None:
    """Tell one line at once."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
