"""The package of ``effekt template --all``: what a provider needs to send right files.

What belongs here: which templates lie in it, and its one page. What does not: a template
(``template``). The files that the municipality itself sends have a folder of their own in it.

Rules: P.template.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from dagster_project.lib.receiving.judging.declarations import load_sources
from dagster_project.lib.receiving.template import declared_source, template_files, write_new
from dagster_project.lib.receiving.template_fields import explanations, how_written, name_form
from dagster_project.lib.reference import words

PAGE = "vejledning.html"
MUNICIPALITYS = "kommunens-filer"
_TEMPLATE = Path(__file__).with_name("template_package.html.j2")


def write_package(
    folder: Path, sources_dir: Path | None = None, sender: str | None = None
) -> list[Path]:
    """Write the templates of all sources and the page that explains them.

    Args:
        folder: where to; made if missing.
        sources_dir: the home's overlays; None where there is no home.
        sender: the provider, as its files are named.

    Raises:
        UsageError: a file of one of the names is there already, with other bytes.
        EffektError: ``SOURCE_DECLARATION`` (2): an overlay cannot be loaded.
    """
    contents: dict[str, bytes] = {}
    told: dict[str, list[dict[str, Any]]] = {"provider": [], "municipality": []}
    for name in sorted(load_sources()):
        sent_by = load_sources()[name].sent_by
        own = sender if sent_by == "provider" else None
        source = declared_source(name, sources_dir, own)
        place = "" if sent_by == "provider" else f"{MUNICIPALITYS}/"
        contents |= {place + file: data for file, data in template_files(source, own).items()}
        heads, *rows = explanations(source)
        told[sent_by].append(
            {
                "source": name, "title": source.title, "place": place, "heads": heads,
                "rows": rows, "name": name_form(source, own), "written": how_written(source),
                "takes_workbook": "xlsx" in source.formats,
            }
        )  # fmt: skip
    page = _page().render(told=told, municipalitys=MUNICIPALITYS, label=words.label) + "\n"
    return write_new(folder, {PAGE: page.encode("utf-8"), **contents})


@cache
def _page() -> Any:
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
