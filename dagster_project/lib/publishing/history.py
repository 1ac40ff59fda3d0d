"""Publications of a home: their record, and the two published tables that are derived from it.

What belongs here: ``publication`` and ``settlement_history`` of a candidate, the line of a
publication, and adding the line that a killed run left out. What does not: the form of the record
(``ledger.publications``), moving folders (``atomic``).

The two tables hold the snapshot's own name, which follows from the bytes of the others: they are
filled when those are written, before gate 50 and the swap. The line comes after the swap. Until
then what readers see has no line, and whoever publishes next adds it first.

Rules: M.publications, M.history.
Decides: M.publications, M.history.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from dagster_project.lib.base import chained
from dagster_project.lib.base.canonical import money_text
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.ledger import publications
from dagster_project.lib.ledger.publications import NUMBER, PERIOD
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.publishing.leftovers import CURRENT
from dagster_project.lib.publishing.manifest import Manifest
from dagster_project.lib.publishing.tables import MART
from dagster_project.settings import Home

PUBLICATION, HISTORY = "publication", "settlement_history"
_PLACE, _CHANGED = PERIOD[:2], PERIOD[2:]

Row = dict[str, Any]


def next_publication(home: Home) -> tuple[list[chained.Link], Row]:
    """The publications so far, and what a manifest says of the one that comes next.

    Raises:
        EffektError: ``PUBLICATIONS_BROKEN``.
    """
    known = complete(home)
    return known, {
        NUMBER: len(known) + 1,
        "previous_snapshot_id": known[-1]["snapshot_id"] if known else None,
        "published_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }


def rows_of(
    manifest: Manifest, known: Sequence[chained.Link], periods: Sequence[Row]
) -> dict[str, list[Row]]:
    """The rows of the two tables in a snapshot.

    Args:
        manifest: the snapshot's own.
        known: the publications before it.
        periods: state, basis, payment and hash of each of its settlement periods.
    """
    fact = line_of(manifest, periods)
    own = {key: value for key, value in fact.items() if key != "periods"}
    published_at = dt.datetime.fromisoformat(own["published_at"]).replace(tzinfo=None)
    previous = manifest["publication"]["previous_snapshot_id"]
    return {
        PUBLICATION: [{**own, "published_at": published_at, "previous_snapshot_id": previous}],
        HISTORY: list(changes([*known, {**fact, NUMBER: manifest["publication"][NUMBER]}])),
    }


def changes(lines: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """A row for each period and publication whose state, basis, payment or hash is another."""
    last: dict[tuple[str, str], tuple[Any, ...]] = {}
    for line in lines:
        own = {key: line[key] for key in (NUMBER, "as_of_date", "snapshot_id")}
        for period in line["periods"]:
            place = (period["contract_id"], period["period_start"])
            told = tuple(period[key] for key in _CHANGED)
            if last.get(place) != told:
                last[place] = told
                yield {**period, **own}


def line_of(manifest: Manifest, periods: Sequence[Row]) -> Row:
    """What the record says of a publication, without what the chain adds.

    A snapshot from before publications were recorded has no number and no time of its own.
    """
    own = manifest.get("publication", {})
    fact = {
        key: manifest.get(key)
        for key in ("as_of_date", "snapshot_id", "code_version", "register_head", "ledger_head")
    }
    number = {NUMBER: own[NUMBER]} if own else {}
    return {**number, **fact, "published_at": own.get("published_at"), "periods": list(periods)}


def periods_of(folder: Path) -> list[Row]:
    """State, basis, payment and hash of the settlement periods that a snapshot shows.

    Raises:
        EffektError: ``SNAPSHOT_BROKEN``: the table cannot be read.
    """
    return _read(folder, "settlement", PERIOD)


def _read(folder: Path, table: str, names: Sequence[str]) -> list[Row]:
    import duckdb

    from dagster_project.lib.warehouse import ENGINE

    path = folder / manifests.parquet_path(MART, table)
    try:
        with duckdb.connect(config=ENGINE) as connection:
            found = connection.execute(
                f"select {', '.join(names)} from read_parquet(?) order by all",  # noqa: S608
                [str(path)],
            ).fetchall()
    except duckdb.Error:
        raise EffektError(
            "SNAPSHOT_BROKEN",
            f"øjebliksbilledet {folder.name}: {path.name} kan ikke læses",
            remedy="kør effekt run igen; det skriver øjebliksbilledet på ny ud fra vault/",
        ) from None
    return [dict(zip(names, map(_told, values), strict=True)) for values in found]


def _told(value: Any) -> Any:
    if isinstance(value, Decimal):
        return money_text(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def complete(home: Home) -> list[chained.Link]:
    """The publications of the home; the line that what readers see lacks is added first.

    It lacks one where a run was killed between the swap and the line, where it is from before
    publications were recorded, and where older code has published it. The home is held.

    Raises:
        EffektError: ``PUBLICATIONS_BROKEN``: the record is broken, lacks more than one line, or
            says something else than the snapshot.
    """
    known = publications.read(home)
    shown = _shown(home)
    if shown is None:
        return known
    folder, manifest = shown
    if not is_missing(manifest, known):
        if _is_another(known, folder, manifest):
            raise _differs(manifest)
        return known
    try:
        fact = line_of(manifest, periods_of(folder))
    except EffektError:  # it is written anew by this run, under its own number
        return known
    return [*known, publications.add(home, known, fact)]


def is_missing(manifest: Manifest, known: Sequence[chained.Link]) -> bool:
    """Whether the record lacks the line of what readers see.

    Raises:
        EffektError: ``PUBLICATIONS_BROKEN``.
    """
    own = manifest.get("publication")
    if own is None:
        return not known or known[-1]["snapshot_id"] != manifest.get("snapshot_id")
    if own[NUMBER] > len(known) + 1:
        raise publications.broken(
            f"ledger/{publications.RECORD_NAME} har {len(known)} linjer og mangler udgivelser før"
            f" nummer {own[NUMBER]}, som læserne ser"
        )
    return bool(own[NUMBER] == len(known) + 1)


def require_next(home: Home, manifest: Manifest) -> None:
    """Refuse a candidate whose number is not that of the publication that comes next.

    Raises:
        EffektError: ``CANDIDATE_STALE``.
    """
    if manifest["publication"][NUMBER] != len(complete(home)) + 1:
        raise EffektError(
            "CANDIDATE_STALE",
            "noget er udgivet, siden udgivelsen blev bygget",
            remedy="kør effekt run, eller byg udgivelsen igen (build_candidate)",
        )


def record(home: Home, folder: Path) -> None:
    """Add the line of the snapshot that readers see from now on."""
    known = publications.read(home)
    manifest = manifests.read(folder)
    if is_missing(manifest, known):
        publications.add(home, known, line_of(manifest, periods_of(folder)))


def _is_another(known: Sequence[chained.Link], folder: Path, manifest: Manifest) -> bool:
    """Whether the line of a snapshot says something else; one that cannot be read says nothing."""
    if "publication" not in manifest:
        return False
    line = known[manifest["publication"][NUMBER] - 1]
    told = {key: value for key, value in line.items() if key not in ("prev", "hash")}
    try:
        return told != line_of(manifest, periods_of(folder))
    except EffektError:  # it is written anew by this run
        return False


def _differs(manifest: Manifest) -> EffektError:
    return publications.broken(
        f"linje {manifest['publication'][NUMBER]} i ledger/{publications.RECORD_NAME} siger andet"
        f" end den udgivelse, læserne ser ({manifest['snapshot_id']})"
    )


def require_line(home: Home) -> None:
    """Refuse a record that says something else than the snapshot that readers see.

    Its line must be what the snapshot shows; the lines before it, what its history tells of them.

    Raises:
        EffektError: ``PUBLICATIONS_BROKEN``, ``SNAPSHOT_BROKEN``.
    """
    known, shown = publications.read(home), _shown(home)
    if shown is None or is_missing(shown[1], known) or "publication" not in shown[1]:
        return
    folder, manifest = shown
    periods_of(folder)
    until = known[: manifest["publication"][NUMBER]]
    if _is_another(known, folder, manifest):
        raise _differs(manifest)
    if _sorted(changes(until)) != history_in(folder):
        raise publications.broken(
            f"en linje før linje {len(until)} i ledger/{publications.RECORD_NAME} siger andet end"
            f" den historik, læserne ser ({manifest['snapshot_id']})"
        )


def history_in(folder: Path) -> list[Row]:
    """The rows of ``settlement_history`` that a snapshot shows, in the order of ``_sorted``.

    Raises:
        EffektError: ``SNAPSHOT_BROKEN``.
    """
    return _sorted(_read(folder, HISTORY, (*PERIOD, NUMBER, "as_of_date", "snapshot_id")))


def _sorted(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (*(row[key] for key in _PLACE), row[NUMBER]))


def _shown(home: Home) -> tuple[Path, Manifest] | None:
    """Folder and manifest of what readers see; null before the first publication."""
    link = home.published / CURRENT
    if not link.exists():
        return None
    folder = link.resolve()
    try:
        return folder, manifests.read(folder)
    except EffektError:
        return None
