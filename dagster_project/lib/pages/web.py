"""A page as self-contained HTML.

What belongs here: filling the template, which shares its style with the statement's. What does not:
words and figures.

Rules: V.html.
Decides: V.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.lib.charts.svg import COLOURS, NIGHT
from dagster_project.lib.pages.cases import CoursePage, Evidence
from dagster_project.lib.pages.sheet import Page
from dagster_project.lib.statement.charted import NARROW
from dagster_project.lib.statement.web import TEMPLATES as STATEMENT_TEMPLATES

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from markupsafe import Markup

_TEMPLATES = Path(__file__).with_name("templates")
Links = Sequence[tuple[str, str]]


def render(page: Page, links: Links) -> str:
    """The page as HTML.

    Args:
        page: what stands on it.
        links: path in the site and title of the pages that every page leads to.
    """
    from markupsafe import Markup

    # our own drawings, which have escaped every text
    pictures = {n: Markup(svg) for n, svg in page.pictures.items() if svg}  # noqa: S704
    name = "course" if isinstance(page, CoursePage) else "page"
    made = _template(name).render(
        page=page, links=links, pictures=pictures, narrow=NARROW, day=COLOURS, night=NIGHT
    )
    return made.rstrip("\n") + "\n"


@cache
def _template(name: str) -> Template:
    return _environment().get_template(f"{name}.html.j2")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader([_TEMPLATES, STATEMENT_TEMPLATES]), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters["listed"] = _listed
    return made


def _listed(evidence: Sequence[Evidence]) -> Markup:
    """Evidence as items of a list: a filter, because a template's loop takes four times as long."""
    from markupsafe import Markup, escape

    items = [f"<li>{escape(one.said)}<small>{escape(one.place)}</small></li>" for one in evidence]
    return Markup("".join(items) or "<li>Ingen rækker.</li>")  # noqa: S704 - escaped above
