"""Write the corpus as files, for a person who wants to look at them or try another program on them.

    python -m tests.faults.corpus FOLDER

Each case gets a folder of its own with the bad file under the name that it lands with, its checksum
file if it has one, the mended twin beside it in ``mended/``, and ``expected.json``: what is wrong,
the code, and the row numbers (null: no rows are asserted).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.faults import corpus


def write(folder: Path) -> int:
    """Write every case; returns how many there are."""
    cases = corpus.all_cases()
    for number, case in enumerate(cases, 1):
        place = folder / f"{number:03d}"
        (place / "mended").mkdir(parents=True)
        # a name may be hostile: it is a name inside the case's own folder, or it is not written
        name = os.fsdecode(os.path.basename(os.fsencode(case.name)))
        (place / name).write_bytes(case.data)
        if case.side is not None:
            (place / f"{name}.sha256").write_bytes(case.side)
        (place / "mended" / case.mended_name).write_bytes(case.mended)
        expected = {
            "what": case.id, "name": case.name, "code": case.code,
            "rows": None if case.rows is None else list(case.rows),
        }  # fmt: skip
        text = json.dumps(expected, indent=2)
        (place / "expected.json").write_text(text + "\n", encoding="utf-8")
    return len(cases)


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))
