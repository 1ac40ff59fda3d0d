"""Which received files and stored evidence no contract inside its retention needs.

What belongs here: that question. What does not: which contracts are inside (``ledger.retention``).

Asked conservatively (docs/adr/0044). A file whose rows name contracts is needed while one of them
is inside its retention or has no terms here. Any other file about persons is needed while a single
contract is inside: a case reaches back over extracts, and a month is counted from the whole
register. Statistics name nobody and stay.

Rules: F.purge.
Decides: F.purge.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.lib import removals, vault
from dagster_project.lib import warehouse as raw_room
from dagster_project.lib.base.canonical import sha256_file
from dagster_project.lib.keys.pseudonym import read_key
from dagster_project.lib.ledger import chain
from dagster_project.lib.ledger.chain import Event, Ledger
from dagster_project.lib.ledger.retention import Standing
from dagster_project.lib.ledger.state import approvals_of
from dagster_project.lib.receiving.intake.register import Record, Register
from dagster_project.lib.receiving.intake.walk import SIDE_FILE_BYTES, names_sha256
from dagster_project.lib.receiving.judging.declarations import load_sources
from dagster_project.lib.receiving.loading.load import load_records, names_courses
from dagster_project.lib.removals import EVIDENCE, File
from dagster_project.settings import Home

_CHECKSUM = "FILE_CHECKSUM"


@dataclass(frozen=True)
class Sides:
    """Contracts past their retention, and those inside it, by id."""

    ended: frozenset[str]
    inside: frozenset[str]

    @staticmethod
    def of(standings: Iterable[Standing]) -> Sides:
        """The two sides of what ``retention.standings`` gives."""
        known = list(standings)
        ended = frozenset(one.contract_id for one in known if one.is_ended)
        return Sides(ended, frozenset(one.contract_id for one in known) - ended)


def unneeded_deliveries(home: Home, register: Register, sides: Sides) -> list[Record]:
    """Accepted deliveries, still there, that no contract inside its retention needs."""
    if not sides.ended:
        return []
    gone = removals.removed(home)
    sources = load_sources()
    there = [
        record
        for record in register.accepted()
        if gone.of(removals.VAULT, record.sha256) is None and record.source in sources
    ]
    listing = [record for record in there if names_courses(sources[record.source or ""])]
    named = _contracts_named(home, listing)
    found = []
    for record in there:
        source = sources[record.source or ""]
        if record.delivery_no in named:
            is_needed = not named[record.delivery_no] <= sides.ended
        else:
            is_needed = bool(sides.inside)
        is_of_persons = record in listing or any(column.type == "cpr" for column in source.columns)
        if is_of_persons and not is_needed:
            found.append(record)
    needed = {record.sha256 for record in there if record not in found}
    return [record for record in found if record.sha256 not in needed]


def _contracts_named(home: Home, records: list[Record]) -> dict[int, set[str]]:
    """The contracts that the rows of each delivery name; none for one without a row that counts."""
    if not records:
        return {}
    found: dict[int, set[str]] = {}
    with closing(duckdb.connect(config=dict(raw_room.ENGINE))) as connection:
        raw_room.create_raw(connection)
        load_records(connection, home, records, read_key(home))
        for source in sorted({str(record.source) for record in records}):
            rows = connection.execute(
                f"select distinct delivery_no, contract_id from raw.{source}"  # noqa: S608
            ).fetchall()
            for number, contract_id in rows:
                found.setdefault(int(number), set()).add(str(contract_id))
    return found


def vault_files(
    home: Home, register: Register, unneeded: Collection[Record]
) -> Iterator[tuple[File, str]]:
    """The files of these deliveries, with the overlays and checksum files of nothing else.

    Yields:
        each file, and what it is, in Danish.
    """
    gone = removals.removed(home)
    hashes = {record.sha256 for record in unneeded}
    for record in sorted(unneeded, key=lambda one: one.delivery_no):
        if record.sha256 in hashes:
            hashes.discard(record.sha256)
            yield File(removals.VAULT, record.sha256, record.size), record.file_name
            copy = gone.copy_of(removals.VAULT, record.sha256)
            if copy is not None:
                yield _file(home, vault.VAULT, copy), f"{record.file_name} (uden den glemte)"
    hashes = {record.sha256 for record in unneeded}
    others = [record for record in register.records() if record.sha256 not in hashes]
    still = {
        record.overlay_sha256 for record in others if gone.of(removals.VAULT, record.sha256) is None
    }
    overlays = {record.overlay_sha256 for record in unneeded} - {None} - still
    for sha256 in sorted(filter(None, overlays)):
        yield _file(home, vault.VAULT, sha256), "tilpasning fra sources/"
    for sha256 in beside(home, vault.VAULT, register, hashes):
        yield _file(home, vault.VAULT, sha256), "kontrolsum ved siden af en levering"


def beside(
    home: Home, place: vault.Place, register: Register, hashes: Collection[str]
) -> list[str]:
    """Checksum files in a place that came beside one of these files."""
    return [
        received.sha256
        for received, text in checksum_files(home, place, register)
        if any(names_sha256(text, sha256) for sha256 in hashes)
    ]


def checksum_files(
    home: Home, place: vault.Place, register: Register
) -> Iterator[tuple[vault.Received, str]]:
    """The checksum files in a place, with their texts: small files that no record names."""
    known = {record.sha256 for record in (*register.records(), *register.ever_refused())}
    known |= register.overlays
    known |= {file.copy_sha256 or "" for one in removals.read(home) for file in one.files}
    for received in vault.listed(home, place):
        if received.sha256 not in known and received.stored_size <= 2 * SIDE_FILE_BYTES:
            yield received, received.read().decode("utf-8", "replace")


def refused_files(
    home: Home, register: Register, as_of: dt.date, days: int, *, by_extract: bool = False,
    unneeded: Collection[Record] = (),
) -> list[tuple[File, str]]:  # fmt: skip
    """Refused files, still there, whose days in quarantine have passed.

    Also those that were accepted when they came again. A checksum file goes with the file that it
    names. One that names none, which is why its delivery was refused, goes when no such delivery is
    left.

    Args:
        home: the home.
        register: of its deliveries.
        as_of: business date.
        days: from the as-of date of its newest refusal to the night that a refused file goes with.
        by_extract: of a file from before refusals were dated, the day of its extract counts; else
            it stays.
        unneeded: accepted deliveries that nobody needs: a copy of their bytes waits for no day.
    """
    found: dict[str, tuple[File, str]] = {}
    waits_not = {record.sha256 for record in unneeded}
    kept: list[Record] = []
    for record in register.ever_refused():
        since = record.refused_on or (record.extracted_on if by_extract else None)
        if not vault.Received(home, vault.QUARANTINE, record.sha256).is_there:
            continue
        is_due = since is not None and (as_of - since).days >= days
        if not is_due and record.sha256 not in waits_not:
            kept.append(record)
            continue
        found[record.sha256] = (
            File(removals.QUARANTINE, record.sha256, record.size), record.file_name
        )  # fmt: skip
    may_be_theirs = any(_CHECKSUM in (f.code for f in record.findings) for record in kept)
    due = set(found)
    for received, text in checksum_files(home, vault.QUARANTINE, register):
        is_of_due = any(names_sha256(text, sha256) for sha256 in due)
        is_of_kept = may_be_theirs or any(names_sha256(text, one.sha256) for one in kept)
        if is_of_due or not is_of_kept:
            file = _file(home, vault.QUARANTINE, received.sha256)
            found[received.sha256] = (file, "kontrolsum")
    return [found[sha256] for sha256 in sorted(found)]


def evidence_files(home: Home, known: Ledger, ended: Collection[str]) -> list[tuple[File, str]]:
    """What approvals of ended contracts stored behind their lines, where it is still there."""
    found = []
    for event in approvals_of(known).values():
        path = evidence_path(home, event)
        if event.contract_id in ended and event.evidence_sha256 is not None and path.is_file():
            file = File(EVIDENCE, sha256_file(path), path.stat().st_size)
            found.append((file, f"{event.contract_id} {event.period_start:%Y-%m}"))
    return found


def evidence_path(home: Home, event: Event) -> Path:
    """Where an approval stored what stands behind its lines."""
    return chain.evidence_file(home, event.contract_id, event.period_start)


def _file(home: Home, place: vault.Place, sha256: str) -> File:
    return File(place, sha256, len(vault.Received(home, place, sha256).read()))
