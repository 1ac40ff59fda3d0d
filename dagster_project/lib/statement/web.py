"""The statement as one self-contained HTML page, with the JSON document inside.

What belongs here: filling the template. What does not: words and figures (``view``).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.lib.base.canonical import sha256_text
from dagster_project.lib.statement.view import Section, View

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).with_name("templates")
_DOCUMENT = re.compile(r'<script type="application/json" id="opgoerelse">(.*?)</script>', re.DOTALL)
_SEAL = re.compile(r"<!-- sha256 ([0-9a-f]{64}) -->\n\Z")


def render(view: View, document: str) -> str:
    """The page; ``document`` is the statement's JSON text, carried as data in a script element."""
    from markupsafe import Markup

    environment = _environment()
    section_template = environment.get_template("section.html.j2")
    # our own drawings and templates, which have escaped every text
    pictures = {name: Markup(svg) for name, svg in view.pictures.items()}  # noqa: S704

    def body(section: Section) -> Markup:
        drawn = section_template.render(section=section, pictures=pictures)
        return Markup(drawn)  # noqa: S704

    page = environment.get_template("statement.html.j2").render(
        view=view,
        body=body,
        document=Markup(_for_script(document)),  # noqa: S704
    )
    return seal(page.rstrip("\n") + "\n")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True,
    )  # fmt: skip


def seal(page: str) -> str:
    """The page with the sha256 of all that stands before it as its last line."""
    return f"{page}<!-- sha256 {sha256_text(page)} -->\n"


def is_sealed(page: str) -> bool:
    """Whether not one character has changed since the page was made."""
    found = _SEAL.search(page)
    return found is not None and sha256_text(page[: found.start()]) == found.group(1)


def document_of(page: str) -> str | None:
    """The JSON text inside a page, null where there is none."""
    found = _DOCUMENT.search(page)
    return None if found is None else found.group(1).replace("\\u003c", "<")


def _for_script(document: str) -> str:
    """JSON that cannot end its script element; ``document_of`` takes it back."""
    return document.replace("<", "\\u003c")
