"""The statement on paper: PDF by typst, pictures as vectors, no clock in the file.

What belongs here: handing the view to the typesetter. What does not: words and figures (``view``).
The restricted annex is left out: a PDF goes to council and investor.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from dagster_project.lib.statement.view import Section, View

_TEMPLATE = Path(__file__).with_name("templates") / "statement.typ"
_SEAL = b"%%effekt-sha256 %s\n"


def render(view: View) -> bytes:
    """The sealed PDF's bytes; the same view gives the same bytes."""
    import typst

    data = {
        "title": view.title, "subtitle": view.subtitle, "period": view.period,
        "state": view.state, "payment": view.payment, "facts": list(view.facts),
        "sections": [_section(section) for section in view.sections],
        "pictures": dict(view.pictures), "footer": view.footer,
    }  # fmt: skip
    made: bytes = typst.compile(
        _TEMPLATE.read_bytes(),
        sys_inputs={"view": json.dumps(data, ensure_ascii=False)},
        font_paths=_fonts(),
    )
    return seal(made)


def _section(section: Section) -> dict[str, Any]:
    table = section.table
    return {
        "title": section.title,
        "text": list(section.text),
        "picture": section.picture,
        "table": None
        if table is None
        else {
            "headings": list(table.headings),
            "rows": [[_breakable(cell.text) for cell in row] for row in table.rows],
            "total": [cell.text for cell in table.total],
        },
    }


@cache
def _fonts() -> Any:
    """The fonts that the typesetter brings along, so that every machine sets the same page."""
    import typst

    return typst.Fonts(include_system_fonts=False)


def seal(made: bytes) -> bytes:
    """The PDF with the sha256 of its bytes as a comment after its end."""
    return made + _SEAL % hashlib.sha256(made).hexdigest().encode()


def is_sealed(made: bytes) -> bool:
    """Whether not one byte has changed since the PDF was made."""
    length = len(_SEAL % (b"0" * 64))
    return len(made) > length and seal(made[:-length]) == made


def _breakable(text: str) -> str:
    """A text whose long names may break at their underscores."""
    return text.replace("_", "_\u200b")
