"""Other DuckDB drivers than the product's, each in a folder of its own.

The folders stand in ``$EFFEKT_DRIVERS``, else in the user's cache, named by the lock's content.
``python -m tests.bi.drivers`` installs them.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LOCKS = {path.stem.removeprefix("duckdb-"): path for path in sorted(HERE.glob("duckdb-*.lock"))}
"""Lock by version: the oldest driver that opens the mart, and the newest before the product's."""


def folder(version: str) -> Path:
    """Where a driver is installed; the folder need not exist."""
    digest = hashlib.sha256(LOCKS[version].read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    root = Path(os.environ.get("EFFEKT_DRIVERS") or cache / "effekt-drivers")
    return root / f"{version}-{digest}"


def install() -> None:
    """Install what is not there."""
    for version, lock in LOCKS.items():
        place = folder(version)
        if not (place / "installed").exists():
            subprocess.run(
                [
                    sys.executable, "-m", "pip", "install", "--quiet", "--no-deps",
                    "--require-hashes", "--target", place, "-r", lock,
                ],
                check=True,
            )  # fmt: skip
            (place / "installed").touch()
