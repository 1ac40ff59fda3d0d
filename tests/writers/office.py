"""Files as LibreOffice makes them: one process converts many.

What belongs here: documents in its own plain form (``.fods``), and starting it. What does not: what
must come of a file (``test_real_writers``).
"""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

PROGRAM = shutil.which("soffice")
# field separator, text mark, character set, first line, then what the program asks when it opens a
# csv file: language 1030 is Danish, texts in quotes are kept apart, numbers are recognised
AS_A_PERSON_OPENS = "CSV:59,34,76,1,,1030,false,true"
TO_CSV = "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,true,false"

_DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"
 xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2"
 office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.spreadsheet">
<office:automatic-styles>
<number:date-style style:name="N1"><number:year number:style="long"/><number:text>-</number:text>
<number:month number:style="long"/><number:text>-</number:text><number:day number:style="long"/>
</number:date-style>
<style:style style:name="day" style:family="table-cell" style:data-style-name="N1"/>
</office:automatic-styles>
<office:body><office:spreadsheet><table:table table:name="Ark1">{rows}</table:table>
</office:spreadsheet></office:body></office:document>
"""


def document(rows: Iterable[Sequence[Any]]) -> str:
    """A document with texts, numbers, days, and formulas (texts that begin with ``of:=``)."""
    lines = ("<table:table-row>" + "".join(map(_cell, row)) + "</table:table-row>" for row in rows)
    return _DOCUMENT.format(rows="".join(lines))


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "<table:table-cell/>"
    if isinstance(value, dt.date):
        day = f'office:value-type="date" office:date-value="{value.isoformat()}"'
        return f'<table:table-cell {day} table:style-name="day"/>'
    if isinstance(value, (int, float)):
        return f'<table:table-cell office:value-type="float" office:value="{value!r}"/>'
    if value.startswith("of:="):
        return f"<table:table-cell table:formula={quoteattr(value)}/>"
    text = f"<text:p>{escape(value)}</text:p>"
    return f'<table:table-cell office:value-type="string">{text}</table:table-cell>'


def convert(files: Sequence[Path], folder: Path, to: str, *more: str) -> None:
    """Let LibreOffice write the files anew in another type, with a profile of its own."""
    assert PROGRAM is not None
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    subprocess.run(
        [PROGRAM, profile, "--headless", *more, "--convert-to", to, "--outdir", str(folder),
         *map(str, files)],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
