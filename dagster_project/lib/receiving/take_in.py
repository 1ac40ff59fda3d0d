"""Receiving a night's files: staged, judged, decided, stored, loaded.

What belongs here: the order of the steps. What does not: how any step is done. Nothing is changed
before the intent journal is written; from then on every step can be repeated after a crash.

Rules: I.kept, I.identity, I.refusal, I.overlay.
Decides: I.identity, I.refusal.
"""

from __future__ import annotations

import datetime as dt
import errno
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain

import duckdb

from dagster_project.lib import removals, vault
from dagster_project.lib import warehouse as raw_room
from dagster_project.lib.base import scratch
from dagster_project.lib.base.errors import EffektError, said_by_system
from dagster_project.lib.keys.pseudonym import ensure_key
from dagster_project.lib.receiving.formats.content import Content, read_content, refused_alone
from dagster_project.lib.receiving.formats.engine import SPILL, open_parser
from dagster_project.lib.receiving.formats.spill import Spill
from dagster_project.lib.receiving.intake import journal
from dagster_project.lib.receiving.intake import walk as intake
from dagster_project.lib.receiving.intake.figures import FIGURE_CHECK
from dagster_project.lib.receiving.intake.held import HeldDelivery
from dagster_project.lib.receiving.intake.register import (
    ACCEPTED,
    REFUSED,
    Record,
    Register,
    load_register,
)
from dagster_project.lib.receiving.judging import names
from dagster_project.lib.receiving.judging.declarations import Source, load_sources
from dagster_project.lib.receiving.judging.findings import DeliveryNote, FileRefusedError, Finding
from dagster_project.lib.receiving.judging.grammar import Context
from dagster_project.lib.receiving.judging.overlays import Declared, Overlays, read_overlays
from dagster_project.lib.receiving.loading import load
from dagster_project.lib.receiving.loading.waiting import held_deliveries
from dagster_project.lib.reference import load_benefits
from dagster_project.settings import Home

# Files are decided, stored and loaded together up to this size; a killed run repeats one batch.
_BATCH_BYTES = 64_000_000
_BATCH_FILES = 200
_FORGOTTEN = "DELIVERY_FORGOTTEN"  # these bytes hold somebody who was forgotten
_REMOVED = "DELIVERY_REMOVED"  # these bytes were removed after their retention had ended
_WITHDRAWN = "DELIVERY_WITHDRAWN"  # the name parts are those of a delivery that was withdrawn


@dataclass
class ReceiveReport:
    """What became of the files that were found.

    Args:
        accepted: newly accepted deliveries (held ones too).
        refused: refused files, with code, row numbers and a scrubbed name.
        repeated: files that had been accepted before.
        held: deliveries, old and new, that a check holds back.
        waiting: entries left in landing for the next night (still being written, or beyond the
            limit on files of one night).
        closed: files and folders in landing that cannot be read or taken out of it, as they may be
            shown, each with its code; they stay where they are.
    """

    accepted: list[DeliveryNote] = field(default_factory=list)
    refused: list[DeliveryNote] = field(default_factory=list)
    repeated: list[DeliveryNote] = field(default_factory=list)
    held: list[HeldDelivery] = field(default_factory=list)
    waiting: int = 0
    closed: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class _Case:
    """One landed file under judgement."""

    staged: intake.Staged
    table: str
    parts: names.NameParts | None = None
    content: Content | None = None
    findings: tuple[Finding, ...] = ()
    repeats: Record | None = None
    declared: Declared | None = None
    as_of: dt.date | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """Name parts with the window resolved where it is known."""
        parts = self.content.parts if self.content else self.parts
        return parts.key if parts else ("",) * 6

    @property
    def delivery_id(self) -> str:
        """Identity of the file."""
        return names.delivery_id(self.key, self.staged.sha256)


class _Judge:
    """Judges the files of one batch."""

    def __init__(
        self,
        register: Register,
        parser: duckdb.DuckDBPyConnection,
        spill: Spill,
        context: Context,
        own: Overlays,
        gone: removals.Removed,
        as_of: dt.date | None,
    ) -> None:
        self._register = register
        self._gone = gone
        self._as_of = as_of
        self._parser = parser
        self._context = context
        self._sources = load_sources()
        self._overlays = own
        self._named = 0
        self._spill = spill

    def name(self, staged: intake.Staged) -> _Case:
        """What the name and the folder entry alone say."""
        self._named += 1
        case = _Case(staged, f"typed_{self._named}", as_of=self._as_of)
        try:
            parts = names.parse_name(staged.found.name, self._sources)
            case.declared = self._declared(parts)
            case.parts = replace(parts, source=case.declared.source)
        except FileRefusedError as refused:
            case.findings = refused.findings
        if any(map(names.holds_number, staged.found.folders)):
            case.findings = (Finding("FILE_NAME", detail="folder"), *case.findings)
        if not staged.found.is_regular:
            case.findings = (Finding("FILE_LIMIT", detail="link"), *case.findings)
        elif case.parts and staged.copied is None:
            case.findings = (Finding("FILE_LIMIT", detail="byte"),)
        elif not intake.checksum_matches(staged):
            case.findings = (Finding("FILE_CHECKSUM"), *case.findings)
        return case

    def _declared(self, parts: names.NameParts) -> Declared:
        name = parts.source.source
        own = self._overlays.get((name, parts.sender)) or self._overlays.get((name, None))
        return own or Declared(parts.source)

    def judge(self, cases: Sequence[_Case]) -> None:
        """Decide all files that may share their name parts."""
        for case in cases:
            if not case.findings:
                self._find_repeated(case)
        for case in cases:
            if not case.findings and not case.repeats:
                self._read(case)
        self._find_conflicts(cases)

    def _find_repeated(self, case: _Case) -> None:
        parts = case.parts
        if self._gone.copy_of(removals.VAULT, case.staged.sha256) is not None:
            case.findings = (Finding(_FORGOTTEN),)
            return
        if self._gone.of(removals.VAULT, case.staged.sha256) is not None:
            case.findings = (Finding(_REMOVED),)
            return
        for record in self._register.accepted():
            if parts and record.sha256 == case.staged.sha256 and _same_parts(record, parts):
                if record.is_withdrawn():
                    case.findings = (Finding(_WITHDRAWN),)
                else:
                    case.repeats = record

    def _read(self, case: _Case) -> None:
        parts, copied = case.parts, case.staged.copied
        if parts is None or copied is None or self._conflicts_by_name(case):
            return
        try:
            with copied.opened() as path, refused_alone():
                case.content = read_content(
                    self._parser, path, parts, self._context, self._spill, case.table
                )
        except FileRefusedError as refused:
            self._check_parser(case)
            case.findings = refused.findings
            return
        if case.content.is_refused:
            case.findings = case.content.parsed.findings

    def _check_parser(self, case: _Case) -> None:
        """Files after one that broke the engine itself are not refused for it."""
        try:
            self._parser.execute("select 1").fetchall()
        except duckdb.Error:
            name = names.scrub(case.staged.found.name)
            raise EffektError(
                "PARSER_BROKEN",
                f"{name} fik programmets læser til at gå ned; ingen anden fil er taget ud af "
                "landing/",
                remedy=f"flyt {name} ud af landing/, kør igen, og giv driften besked",
            ) from None

    def _conflicts_by_name(self, case: _Case) -> bool:
        return any(
            record.key == case.key and record.sha256 != case.staged.sha256
            for record in self._register.accepted()
        )

    def _find_conflicts(self, cases: Sequence[_Case]) -> None:
        contents: dict[tuple[str, ...], set[str]] = {}
        withdrawn = {
            r.key for r in self._register.accepted() if r.is_withdrawn() and not r.is_removed
        }
        for record in self._register.accepted():
            contents.setdefault(record.key, set()).add(record.sha256)
        named = [case for case in cases if case.parts and case.staged.found.is_regular]
        for case in named:
            contents.setdefault(case.key, set()).add(case.staged.sha256)
        for case in named:
            if case.key in withdrawn and not case.repeats:
                own = tuple(f for f in case.findings if f.code != _WITHDRAWN)
                case.findings = (Finding(_WITHDRAWN), *own)
            elif len(contents[case.key]) > 1 and not case.repeats:
                own = tuple(f for f in case.findings if f.code != "DELIVERY_CONFLICT")
                case.findings = (Finding("DELIVERY_CONFLICT"), *own)


def _same_parts(record: Record, parts: names.NameParts) -> bool:
    """The record has the name parts, a window left out of the name matching any."""
    own = parts.key
    if parts.covers_from is None:
        return (record.key[:2], record.key[4:]) == (own[:2], own[4:])
    return record.key == own


def _record(case: _Case) -> Record:
    """The register's line for a judged file."""
    parts = case.content.parts if case.content else case.parts
    content, refused = case.content, bool(case.findings)
    parsed = content.parsed if content else None
    rejected = tuple(
        (row, finding.column or "", finding.code)
        for finding in (parsed.findings if parsed and not refused else ())
        for row in finding.rows
    )
    return Record(
        delivery_no=0,
        delivery_id=case.delivery_id,
        sha256=case.staged.sha256,
        source=parts.source.source if parts else None,
        file_name=names.scrub(case.staged.found.name),
        extracted_on=parts.extracted_on if parts else None,
        covers_from=parts.covers_from if parts else None,
        covers_to=parts.covers_to if parts else None,
        sender=parts.sender if parts else None,
        version_no=parts.version if parts else None,
        format=parts.format if parts else None,
        size=case.staged.found.size,
        outcome=REFUSED if refused else ACCEPTED,
        row_count=parsed.row_count if parsed else 0,
        rejected_rows=parsed.rejected_rows if parsed else 0,
        duplicate_rows=content.duplicate_rows if content else 0,
        skipped_rows=parsed.skipped_rows if parsed else 0,
        covered_days=content.covered_days if content else 0,
        findings=case.findings,
        rejected=rejected,
        empty_rows=parsed.empty_rows if parsed else 0,
        overlay_name=case.declared.file_name if case.declared else None,
        overlay_sha256=case.declared.overlay_sha256 if case.declared else None,
        refused_on=case.as_of if refused else None,
        judged_checks=(FIGURE_CHECK,) if parts and parts.source.figures and not refused else (),
    )


def receive(
    home: Home, contract_ids: frozenset[str], as_of: dt.date | None = None
) -> ReceiveReport:
    """Take in everything that lies in ``landing/``.

    Args:
        home: the home; its folders are made if missing.
        contract_ids: contracts that are loaded (``CONTRACT_UNKNOWN`` for any other).
        as_of: business date of the run, which a refusal is dated with (F.quarantine).

    Returns:
        accepted, refused, repeated and held deliveries.

    Raises:
        EffektError: the key is missing, a declaration is wrong, or the disk is full; every received
            file is then still in ``landing/`` or already stored.
    """
    home.ensure()
    key = ensure_key(home)
    vault.ensure_key(home)
    register = load_register(home)
    own = read_overlays(home.sources)  # refused before anything leaves landing
    journal.recover(home, register)
    scratch.sweep(home.vault, SPILL)
    report = ReceiveReport()
    walk = intake.Walk(home.landing)
    report.waiting = walk.left
    report.closed = [_shown_as(closed) for closed in walk.closed]
    try:
        if walk.found:
            _receive_found(home, register, walk.found, contract_ids, key, own, report, as_of)
    except PermissionError:
        raise
    except OSError as error:
        if error.errno == errno.EROFS:
            raise
        raise EffektError(
            "DISK",
            f"modtagelsen standsede: {said_by_system(error)}",
            remedy="gør plads på mappens disk, og kør igen; intet modtaget er tabt",
        ) from None
    report.held = held_deliveries(home, register)
    return report


def _receive_found(
    home: Home,
    register: Register,
    found: Sequence[intake.Found],
    contract_ids: frozenset[str],
    key: bytes,
    own: Overlays,
    report: ReceiveReport,
    as_of: dt.date | None,
) -> None:
    with (
        open_parser(home.vault) as (parser, spill),
        closing(raw_room.connect(home.warehouse)) as connection,
    ):
        raw_room.create_raw(connection)
        load.drop_outdated(connection, home, register.accepted(), key)
        loader = load.Loader(connection, parser, key)
        context = Context(load_benefits(), contract_ids)
        judge = _Judge(register, parser, spill, context, own, removals.removed(home), as_of)
        for batch in _batches(found):
            groups = [_stage_all(home, group, judge, report) for group in batch]
            for group in groups:
                judge.judge(group)
            cases = list(chain.from_iterable(groups))
            _decide(home, register, cases, report)
            _load(connection, loader, register, cases, key)
            for case in cases:
                parser.execute(f"drop table if exists {case.table}")
                case.staged.close()


def _batches(found: Sequence[intake.Found]) -> Iterator[list[list[intake.Found]]]:
    """Batches of groups of files; those of a group may share their name parts.

    (A window may come from the content, so that it is left out of what they share.)
    """
    sources = load_sources()
    groups: dict[tuple[str, ...], list[intake.Found]] = {}
    for number, entry in enumerate(found):
        try:
            key = names.parse_name(entry.name, sources).key
            groups.setdefault((*key[:2], *key[4:]), []).append(entry)
        except FileRefusedError:
            groups[(str(number),)] = [entry]
    batch: list[list[intake.Found]] = []
    for group in groups.values():
        batch.append(group)
        entries = list(chain.from_iterable(batch))
        if sum(entry.size for entry in entries) > _BATCH_BYTES or len(entries) >= _BATCH_FILES:
            yield batch
            batch = []
    if batch:
        yield batch


def _stage_all(
    home: Home, found: Sequence[intake.Found], judge: _Judge, report: ReceiveReport
) -> list[_Case]:
    cases = []
    for entry in found:
        staged = intake.stage(home, entry, _size_limit(entry.name))
        if staged is None:
            continue
        if isinstance(staged, intake.Closed):
            report.closed.append(_shown_as(staged))
            continue
        if staged.is_changing:
            staged.close()
            report.waiting += 1
            continue
        cases.append(judge.name(staged))
    return cases


def _shown_as(closed: intake.Closed) -> tuple[str, str]:
    return "/".join(map(names.scrub, closed.place)), closed.code


def _size_limit(name: str) -> int:
    """Largest file of this name that is copied and read."""
    sources: dict[str, Source] = load_sources()
    try:
        return names.parse_name(name, sources).source.limits.max_bytes
    except FileRefusedError:
        return min(source.limits.max_bytes for source in sources.values())


def _decide(home: Home, register: Register, cases: Sequence[_Case], report: ReceiveReport) -> None:
    decisions = []
    seen: set[str] = set()
    for case in cases:
        record = case.repeats or _record(case)
        if case.repeats or (record.is_accepted and record.delivery_id in seen):
            report.repeated.append(record.note())
            decisions.append(journal.Decision(case.staged, None, vault.VAULT))
            case.content = None
            continue
        seen.add(record.delivery_id)
        (report.accepted if record.is_accepted else report.refused).append(record.note())
        place = vault.VAULT if record.is_accepted else vault.QUARANTINE
        overlay = case.declared.overlay if case.declared else None
        decisions.append(journal.Decision(case.staged, record, place, overlay))
    if decisions:
        journal.commit(home, register, decisions)


def _load(
    connection: duckdb.DuckDBPyConnection,
    loader: load.Loader,
    register: Register,
    cases: Sequence[_Case],
    key: bytes,
) -> None:
    """Load the batch's accepted files from their parsed tables, in one transaction."""
    ready = [
        (record, case.content)
        for case in cases
        if case.content and not case.findings
        and (record := register.get(case.delivery_id)) and record.is_accepted
    ]  # fmt: skip
    if not ready:
        return
    with raw_room.transaction(connection):
        for record, content in ready:
            loader.load(record, content)
            load.note_rule(connection, record, content.parts.source, key)
