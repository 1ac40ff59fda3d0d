"""The statement on paper: PDF by typst, pictures as vectors, the JSON document attached.

What belongs here: handing the view to the typesetter, and taking the attachment back. What does
not: words and figures (``view``).
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from dagster_project.lib.charts import FONT_FOLDER, without_variables
from dagster_project.lib.statement.sheet import Section, Table, View

_TEMPLATE = Path(__file__).with_name("templates") / "statement.typ"
_ATTACHED = re.compile(rb"/Type\s*/EmbeddedFile(?![A-Za-z0-9])")
# between two words of a PDF stand blanks, of which NUL is one, and comments
_GAP = rb"(?:[\x00\s]|%[^\r\n]{0,200}[\r\n])"
_OBJECT = re.compile(rb"(?<![0-9])([0-9]{1,10})" + _GAP + rb"+[0-9]{1,5}" + _GAP + rb"+obj")
_NAMED = re.compile(rb"/EF" + _GAP + rb"*(?:<<([^<>]{0,200})>>|<<|[0-9]+" + _GAP + rb")")
_REFERENCE = re.compile(rb"([0-9]{1,10})\s+[0-9]{1,5}\s+R")
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
# what the product's own PDFs never have: an earlier table, objects that are out of sight
_REVISED = re.compile(
    rb"/Prev" + _GAP + rb"+[0-9]+" + _GAP + rb"*[/>]|/(ObjStm|XRef|XRefStm)(?![A-Za-z0-9])"
)
_STREAM = re.compile(rb"stream\r?\n")
_LENGTH = re.compile(rb"/Length\s+(\d{1,9})(?!\s+\d+\s+R)")
_REACH = 4096  # bytes of an object's dictionary that are looked at
_MAX_BYTES = 64 * 1024 * 1024


def render(view: View, document: str) -> bytes:
    """The PDF's bytes; the same view and document (its JSON text) give the same bytes."""
    import typst

    data = {
        "title": view.title, "subtitle": view.subtitle, "period": view.period,
        "state": view.state, "sentence": view.sentence, "payment_label": view.payment_label,
        "payment": view.payment.text,
        "parties": [[fact.label, fact.cell.text] for fact in view.parties],
        "facts": [[fact.label, fact.cell.text] for fact in view.facts],
        "sections": [_section(section, view) for section in view.sections],
        "pictures": {name: without_variables(svg) for name, svg in view.pictures.items()},
        "footer": view.footer,
    }  # fmt: skip
    made: bytes = typst.compile(
        _TEMPLATE.read_bytes(),
        sys_inputs={"view": json.dumps(data, ensure_ascii=False), "document": document},
        font_paths=_fonts(),
    )
    return made


def _section(section: Section, view: View) -> dict[str, Any]:
    has_picture = section.picture in view.pictures
    tables = [*section.tables]
    if section.behind is not None and not has_picture:
        tables = [section.behind, *tables]
    return {
        "title": section.title,
        "text": list(section.text),
        "picture": section.picture if has_picture else "",
        "tables": [_table(table) for table in tables],
        "starts_page": section.starts_page,
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "caption": table.caption,
        "headings": list(table.headings),
        "rows": [
            [cell.text if table.is_dense else _breakable(cell.text) for cell in row]
            for row in table.rows
        ],
        "total": [cell.text for cell in table.total],
        "widths": widths(table),
        "is_dense": table.is_dense,
    }


def widths(table: Table) -> list[int]:
    """How wide each column wants to be, in letters: a text column may wrap, a number may not."""
    found = []
    for column, heading in enumerate(table.headings):
        texts = [row[column].text for row in [*table.rows, *([table.total] if table.total else [])]]
        longest = max((len(text) for text in texts), default=1)
        word = max((len(word) for word in heading.removeprefix(">").split()), default=1)
        found.append(max(min(longest, 56 if table.is_dense else 44), word, 4))
    return found


@cache
def _fonts() -> Any:
    """The fonts of charts and page, so that every machine sets the same page."""
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=[str(FONT_FOLDER)])


def _breakable(text: str) -> str:
    """A text whose long names may break at their underscores."""
    return text.replace("_", "_\u200b")


def is_revised(made: bytes) -> bool:
    """Whether a PDF was changed behind its end, or may show another attachment than is found.

    A reader shows the last of several objects with a number, and the attachment that is named as
    one; neither needs to say what it is, and a name may be written with escapes.
    """
    plain = _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), made)
    objects = [(found.start(), int(found[1])) for found in _OBJECT.finditer(plain)]
    attached = [found.start() for found in _ATTACHED.finditer(plain)]
    own = [max((one for one in objects if one[0] < place), default=(0, 0)) for place in attached]
    named = [
        {int(number) for number in _REFERENCE.findall(found[1] or b"")}
        for found in _NAMED.finditer(plain)
    ]
    return (
        any(plain.count(end) > 1 for end in (b"startxref", b"%%EOF"))
        or len({number for _, number in objects}) != len(objects)
        or _REVISED.search(plain) is not None
        or len(attached) != len(_ATTACHED.findall(made))
        or named != [{number} for _, number in own]
    )


def documents_of(made: bytes) -> list[str]:
    """The first attachments of a PDF as texts; one that is no text, or too large, is empty."""
    return [_text(raw) for raw in islice(_attachments(made), 2)]


def _attachments(made: bytes) -> Iterator[bytes | None]:
    """A stream's dictionary stands open in the file whatever program wrote it (ISO 32000-1)."""
    for found in _ATTACHED.finditer(made):
        begins = _STREAM.search(made, found.end(), found.end() + _REACH)
        if begins is None:
            continue
        about = made[max(found.start() - _REACH, 0) : begins.start()].rpartition(b"obj")[2]
        length = _LENGTH.search(about)
        if b"/FlateDecode" in about:
            yield _inflated(made, begins.end())
        elif b"/Filter" in about or length is None:
            yield None
        else:
            yield made[begins.end() :][: int(length[1])]


def _inflated(made: bytes, start: int) -> bytes | None:
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(memoryview(made)[start:], _MAX_BYTES)
    except zlib.error:
        return None
    return raw if unpacker.eof else None


def _text(raw: bytes | None) -> str:
    try:
        return "" if raw is None else raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""
