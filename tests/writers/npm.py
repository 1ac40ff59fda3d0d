"""The npm writers: installed from the lock beside this, into a folder outside the repository.

The folder is ``$EFFEKT_NPM_WRITERS``, else one in the user's cache, named by the lock's content.
``python -m tests.writers.npm`` installs them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.faults import corpus

HERE = Path(__file__).parent
LOCK = HERE / "package-lock.json"
NODE, NPM = shutil.which("node"), shutil.which("npm")


def modules() -> Path:
    """The folder of the packages; it need not exist."""
    if named := os.environ.get("EFFEKT_NPM_WRITERS"):
        return Path(named) / "node_modules"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    return cache / "effekt-writers" / digest / "node_modules"


def install() -> None:
    """Install the packages of the lock; nothing where they are there."""
    folder = modules().parent
    if NPM is None or (folder / "installed").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", LOCK.name):
        shutil.copyfile(HERE / name, folder / name)
    command = [NPM, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (folder / "installed").touch()


def missing() -> str | None:
    """Why the writers cannot be used here."""
    if NODE is None:
        return "node is not installed"
    if not modules().exists():
        return "the npm writers are not installed (python -m tests.writers.npm)"
    return None


def write_all(folder: Path) -> None:
    """Write the files of every npm writer, in one process."""
    assert NODE is not None
    tables = {
        source: {"headings": headings, "rows": rows}
        for source, (headings, rows) in corpus.TABLES.items()
    }
    subprocess.run(
        [NODE, str(HERE / "write.cjs"), str(folder)],
        input=json.dumps(tables), text=True, check=True, timeout=120,
        env={**os.environ, "NODE_PATH": str(modules()), "TZ": "UTC"},
    )  # fmt: skip


if __name__ == "__main__":
    install()
