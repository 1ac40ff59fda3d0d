"""When which page is drawn, and from what.

What belongs here: the pages of a snapshot, the two that every run writes, the one that is asked
for. What does not: what stands on a page (its own module), where it stands (``place``).

Rules: V.written, V.sites.
Decides: V.written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from dagster_project.lib import charts, gates, publishing
from dagster_project.lib.base.errors import EffektError, UsageError
from dagster_project.lib.ledger import access, chain
from dagster_project.lib.pages import (
    cases,
    contract,
    due_dates,
    follow_up,
    glossary,
    morning,
    place,
    quality,
    web,
)
from dagster_project.lib.pages.contract import Made
from dagster_project.lib.pages.place import OPEN, RESTRICTED
from dagster_project.lib.pages.sheet import Page
from dagster_project.lib.publishing import snapshot as snapshots
from dagster_project.lib.publishing.code_version import code_version
from dagster_project.lib.publishing.snapshot import Snapshot
from dagster_project.lib.status import Status
from dagster_project.settings import Home, Settings

_OLD_PAGE = "data-quality.html"  # what older code wrote into reports/
_TITLES = {
    morning.PATH: "Morgensiden", follow_up.PATH: "Opfølgning", quality.PATH: "Datakvalitet",
    glossary.PATH: "Ordbog",
}  # fmt: skip
_BACK = [
    (f"../{OPEN.name}/{morning.PATH}", _TITLES[morning.PATH]), (cases.PATH, "Uoverensstemmelser")
]  # fmt: skip
_TO_RESTRICTED = (f"../{RESTRICTED.name}/{cases.PATH}", "Uoverensstemmelser")


def draw(settings: Settings, *, only_missing: bool = False) -> int:
    """Draw the pages of the snapshot that readers see; the home is held.

    Args:
        settings: of the run.
        only_missing: nothing is done where every page is there, drawn from this snapshot.

    Returns:
        How many pages were drawn.
    """
    home = settings.home
    current = publishing.current_snapshot(home)
    if current is None:
        return 0
    source = _source(current.manifest)
    if only_missing and all(_is_of(place.read_mark(home, site), source) for site in place.SITES):
        return 0
    with charts.standby(), snapshots.open_current(home) as snapshot:
        open_pages = _open_pages(settings, snapshot)
        drawn = _drawn(home, open_pages)
        links = _links([*(page.path for page in drawn), morning.PATH, quality.PATH])
        made = {page.path: web.render(page, links) for page in drawn}
        for path in (morning.PATH, quality.PATH):  # the run's end writes them
            with suppress(OSError):
                made[path] = (place.OPEN.folder(home) / path).read_text(encoding="utf-8")
        if (calendar := due_dates.build(snapshot)) is not None:
            made[due_dates.PATH] = calendar
        count = place.swap(home, OPEN, made.items(), source, keeps=False)
        access.note(home, "restricted-pages", snapshot=snapshot.snapshot_id)
        return count + place.swap(home, RESTRICTED, _restricted(snapshot), source, keeps=False)


def _restricted(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """The restricted pages, one after the other: a home may have many thousands."""
    there = set()
    for page in cases.courses(snapshot):
        there.add(page.path)
        yield page.path, web.render(page, _BACK)
    listed = cases.mismatches(snapshot, there)
    yield listed.path, web.render(listed, _BACK)


def write_ends(settings: Settings, found: Status, now: dt.datetime) -> None:
    """Write the morning page and that of data quality, as a run ends; the home is held.

    Args:
        settings: of the run.
        found: the state of the home, as the run leaves it.
        now: the time.
    """
    home = settings.home
    folder = OPEN.folder(home)
    there = [str(path.relative_to(folder)) for path in folder.rglob("*.html")]
    there += [path for path in (morning.PATH, quality.PATH) if path not in there]
    pages = [
        morning.build(found, now, there),
        quality.build(gates.kept_results(home), _deliveries(home), found, now),
    ]
    links = _links(there)
    made = ((page.path, web.render(page, links)) for page in pages)
    place.swap(home, OPEN, made, None, keeps=True)
    (home.reports / _OLD_PAGE).unlink(missing_ok=True)


def write_course(settings: Settings, contract_id: str, course_id: str) -> Path:
    """Write the page of one course, whatever the size of its contract.

    Raises:
        UsageError: there is no such course (exit 2).
    """
    with snapshots.open_current(settings.home) as snapshot:
        pages = list(cases.courses(snapshot, (contract_id, course_id)))
    if not pages:
        raise UsageError(
            f"{contract_id} har ikke forløbet {course_id}",
            remedy="angiv et forløb, som kommunens liste har (--course)",
        )
    access.note(settings.home, "restricted-page", contract=contract_id, course=course_id)
    return place.put(settings.home, RESTRICTED, pages[0].path, web.render(pages[0], _BACK))


def _source(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What tells the pages of a snapshot from those of another publication, or of other code."""
    number = manifest.get("publication", {}).get("publication_no")
    return {"snapshot_id": manifest["snapshot_id"], "publication_no": number,
            "code_version": code_version()}  # fmt: skip


def _is_of(mark: place.Mark | None, source: Mapping[str, Any]) -> bool:
    return mark is not None and {key: mark.get(key) for key in source} == source


def _open_pages(settings: Settings, snapshot: Snapshot) -> list[Made]:
    contracts = snapshot.rows("select * from mart.contract order by title, contract_id")
    ledger = chain.read(settings.home).known(snapshot.as_of)
    return [
        *(contract.build(settings, snapshot, ledger, row) for row in contracts),
        follow_up.build(snapshot, contracts),
        Made(glossary.build()),
    ]


def _drawn(home: Home, pages: Iterable[Made]) -> list[Page]:
    """The pages with their pictures; one that could not be drawn is left to its figures."""
    pages = list(pages)
    for made in pages:
        charts.order(home, made.charts)
    return [
        replace(made.page, pictures=charts.draw(home, made.charts)) if made.charts else made.page
        for made in pages
    ]


def _links(there: Iterable[str]) -> list[tuple[str, str]]:
    """What every page leads to, of the pages that are there."""
    known = set(there)
    return [*((path, title) for path, title in _TITLES.items() if path in known), _TO_RESTRICTED]


def _deliveries(home: Home) -> list[dict[str, Any]]:
    try:
        with snapshots.open_current(home) as snapshot:
            return snapshot.rows(
                "select * from mart.delivery order by extracted_on desc, file_name, delivery_id"
            )
    except EffektError:  # nothing is published, or it cannot be read: the morning page says so
        return []
