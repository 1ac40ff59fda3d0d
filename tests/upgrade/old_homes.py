"""Opens a home that code of an older format made."""

from __future__ import annotations

import tarfile
from pathlib import Path

HOMES = Path(__file__).parent / "homes"


def unpack(home_format: int, target: Path) -> Path:
    """A home of this format in a folder of the test's own."""
    target.mkdir()
    with tarfile.open(HOMES / f"format-{home_format}.tar.xz") as archive:
        archive.extractall(target, filter="tar")
    return target
