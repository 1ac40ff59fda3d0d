"""The statement as one self-contained HTML page, with the JSON document inside.

What belongs here: filling the template, and reading a page back. What does not: words and figures
(``view``).
"""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.lib.charts.svg import COLOURS, NIGHT
from dagster_project.lib.statement.charted import NARROW
from dagster_project.lib.statement.sheet import Section, View

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")
_DOCUMENT_ID = "opgoerelse"
_DOCUMENT_TYPE = "application/json"
_UNSEEN = ("script", "style", "title", "svg")


def render(view: View, document: str) -> str:
    """The page; ``document`` is the statement's JSON text, carried as data in a script element."""
    from markupsafe import Markup

    environment = _environment()
    section_template = environment.get_template("section.html.j2")
    # our own drawings and templates, which have escaped every text
    pictures = {name: Markup(svg) for name, svg in view.pictures.items()}  # noqa: S704

    def body(section: Section) -> Markup:
        drawn = section_template.render(section=section, pictures=pictures, narrow=NARROW)
        return Markup(drawn)  # noqa: S704

    page = environment.get_template("statement.html.j2").render(
        view=view,
        body=body,
        day=COLOURS,
        night=NIGHT,
        document=Markup(_for_script(document)),  # noqa: S704
    )
    return page.rstrip("\n") + "\n"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True,
    )  # fmt: skip


def _for_script(document: str) -> str:
    """JSON that cannot end its script element; every reader of JSON takes it back."""
    return document.replace("<", "\\u003c")


class _Page(HTMLParser):
    """Scripts and visible words of a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.documents: list[str] = []
        self.has_programs = False
        self.words: list[str] = []
        self._inside: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins; a script is a document or a program."""
        if tag in _UNSEEN:
            self._inside.append(tag)
        if tag == "script":
            told = dict(attrs)
            if (told.get("type") or "").strip().lower() == _DOCUMENT_TYPE:
                self.documents.append("")
            else:
                self.has_programs = True

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        if tag in self._inside:
            self._inside.remove(tag)

    def handle_data(self, data: str) -> None:
        """Text: a document's, nobody's, or what a reader sees."""
        if "script" in self._inside:
            if self.documents:
                self.documents[-1] += data
        elif not self._inside:
            self.words += data.split()


def documents_of(page: str) -> list[str] | None:
    """The JSON texts inside a page; None where it holds a program as well."""
    found = _Page(page)
    return None if found.has_programs else found.documents


def words_of(page: str) -> list[str]:
    """The words that a reader of the page sees, in order."""
    return _Page(page).words
