"""What the first bytes show a file to be, where its name says another type.

What belongs here: the cause of a refusal, for the remedy. What does not: refusing (a file is judged
as the type that its name says).

Rules: I.formats, I.refusal.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dagster_project.lib.receiving.judging.findings import FileRefusedError

_STARTS = (
    (b"PK\x03\x04", "workbook"),
    (b"\xd0\xcf\x11\xe0", "old_workbook"),
    (b"PAR1", "parquet"),
    (b"\x1f\x8b", "packed"),
    (b"\xff\xfe", "utf16"),
    (b"\xfe\xff", "utf16"),
    (b"<", "markup"),
)
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"
_OWN = {"xlsx": "workbook", "parquet": "parquet"}
_CODES = ("FILE_FORMAT", "FILE_ENCODING", "FILE_LIMIT")
_LOOKED_AT = 200


def explained(refused: FileRefusedError, path: Path, file_format: str) -> FileRefusedError:
    """The same refusal; where the file is of another type, with that as the cause."""
    cause = _seen(path, file_format)
    return FileRefusedError(
        *(
            replace(finding, cause=cause)
            if cause and not finding.cause and finding.code in _CODES
            else finding
            for finding in refused.findings
        )
    )


def _seen(path: Path, file_format: str) -> str:
    with path.open("rb") as handle:
        start = handle.read(_LOOKED_AT)
    if _OPEN_DOCUMENT in start:
        return "open_document"
    found = next((kind for mark, kind in _STARTS if start.startswith(mark)), "")
    if not found and file_format != "csv" and b"\0" not in start:
        return "text"
    return "" if found == _OWN.get(file_format) else found
