"""``make sbom``: the bill of materials of each lock (CycloneDX), the same for the same lock.

python -m tests.supply.bill FOLDER
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.supply.locks import LOCKS, ROOT

VERSION = "1.6"


def write(folder: Path) -> list[Path]:
    """Write the bill of each lock into a folder, validated against the schema."""
    folder.mkdir(parents=True, exist_ok=True)
    return [write_one(lock, folder / f"{lock.replace('/', '-')}.cdx.json") for lock in LOCKS]


def write_one(lock: str, target: Path) -> Path:
    """Write the bill of one lock."""
    subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "requirements", "--pyproject", "pyproject.toml",
         "--spec-version", VERSION, "--output-reproducible", "--output-format", "JSON",
         "--validate", "--output-file", str(target), lock],
        cwd=ROOT, check=True,
    )  # fmt: skip
    return target


if __name__ == "__main__":
    for path in write(Path(sys.argv[1])):
        print(path)
