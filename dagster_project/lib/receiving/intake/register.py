"""The register of deliveries, ``vault/deliveries.jsonl``: a hash chain with one fact a line.

What belongs here: what a line holds, how lines fold into the present state, the seal of a register
from before the chain. What does not: the form of a chain (``base.chained``), deciding anything. A
line holds no value of a file and no unscrubbed name.

Rules: I.kept, I.register, S.chain.
Decides: I.register.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from dagster_project.lib import removals
from dagster_project.lib.base import chained
from dagster_project.lib.base.canonical import canonical_json
from dagster_project.lib.base.chained import GENESIS, Head
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.receiving.judging.findings import DeliveryNote, Finding
from dagster_project.settings import Home

REGISTER_NAME = "deliveries.jsonl"
ACCEPTED, REFUSED = "accepted", "refused"
_SEQUENCE, _SEAL = "seq", "seal"


@dataclass(frozen=True)
class Record:
    """One delivery as the register knows it.

    Args:
        delivery_no: position of its first line; stable, never an order of anything.
        delivery_id: first 16 hex of the identity's sha256.
        covered_days: Σ over its counted rows of the days they cover in the window (window sources).
        rejected: (row number, column heading, code) of the rejected rows of an accepted delivery.
        judged_checks: checks of its figures that there were when it was received; an older delivery
            is held by none of them.
        opened_checks: checks that a person has opened.
        opened_after: number of the newest delivery that there was when the newest was opened.
        withdrawn_on: as-of date from which on it is not known, None where nobody withdrew it.
        refusals: the names under which a file of this identity was refused since it was last
            accepted, each with what was wrong the last time. (A file whose name follows no rule has
            no identity but its bytes: such twins share one.)
        empty_rows: rows whose cells were all empty; they are no records and in no other count.
        overlay_name: file name of the overlay that it was read with, None where there was none.
        overlay_sha256: of its bytes; the vault has them under this name.
        is_removed: its file was removed on purpose and nothing is read in its place (F.removals).
        refused_on: as-of date of the run that refused it, None where it is accepted or from before.
    """

    delivery_no: int
    delivery_id: str
    sha256: str
    source: str | None
    file_name: str
    extracted_on: dt.date | None
    covers_from: dt.date | None
    covers_to: dt.date | None
    sender: str | None
    version_no: int | None
    format: str | None
    size: int
    outcome: str
    row_count: int
    rejected_rows: int
    duplicate_rows: int
    skipped_rows: int
    covered_days: int
    findings: tuple[Finding, ...]
    rejected: tuple[tuple[int, str, str], ...]
    judged_checks: tuple[str, ...] = ()
    opened_checks: frozenset[str] = frozenset()
    opened_after: int = 0
    withdrawn_on: dt.date | None = None
    refusals: tuple[tuple[str, tuple[Finding, ...]], ...] = ()
    empty_rows: int = 0
    overlay_name: str | None = None
    overlay_sha256: str | None = None
    refused_on: dt.date | None = None
    is_removed: bool = False

    @property
    def is_accepted(self) -> bool:
        """Accepted (perhaps held, or withdrawn since)."""
        return self.outcome == ACCEPTED

    def is_withdrawn(self, as_of: dt.date | None = None) -> bool:
        """Whether a run with this business date, or any run at all, does not know it any more.

        What was removed is known to no run, whatever its date.
        """
        if self.is_removed or self.withdrawn_on is None:
            return self.is_removed
        return as_of is None or self.withdrawn_on <= as_of

    @property
    def refused(self) -> list[Record]:
        """The refused files of this identity, one for each name."""
        return [
            replace(self, outcome=REFUSED, file_name=name, findings=findings)
            for name, findings in self.refusals
        ]

    @property
    def code(self) -> str | None:
        """Refusal code: that of the first finding."""
        return self.findings[0].code if self.outcome == REFUSED and self.findings else None

    @property
    def key(self) -> tuple[str, ...]:
        """The name parts (see ``names.NameParts.key``)."""
        return (
            self.source or "",
            *(
                day.isoformat() if day else ""
                for day in (self.extracted_on, self.covers_from, self.covers_to)
            ),
            self.sender or "",
            str(self.version_no or ""),
        )

    @property
    def order(self) -> tuple[object, ...]:
        """The order of deliveries of one source: (extracted_on, N, file name without folder)."""
        return (self.extracted_on, self.version_no or 1, self.file_name)

    def note(self, code: str | None = None) -> DeliveryNote:
        """What a command reports about it."""
        return DeliveryNote(
            self.file_name, self.sha256, self.source, self.delivery_id,
            code or self.code, self.findings, self.row_count,
        )  # fmt: skip

    def as_line(self) -> dict[str, Any]:
        """The register line of this delivery."""
        return {
            "entry": "delivery",
            **{name: getattr(self, name) for name in _IN_THE_LINE},
            **{name: said for name in _ONLY_IF_SAID if (said := getattr(self, name))},
            "findings": [finding.as_json() for finding in self.findings],
            "rejected": [list(row) for row in self.rejected],
        }


_NOT_IN_THE_LINE = (
    "delivery_no", "opened_checks", "opened_after", "withdrawn_on", "refusals", "is_removed",
)  # fmt: skip
# left out of a line where there is nothing to say, so that lines from before them are the same
_ONLY_IF_SAID = ("empty_rows", "overlay_name", "overlay_sha256", "judged_checks", "refused_on")
_IN_THE_LINE = [
    field.name for field in fields(Record) if field.name not in (*_NOT_IN_THE_LINE, *_ONLY_IF_SAID)
]


def record_of(line: dict[str, Any], number: int) -> Record:
    """The record that a ``delivery`` line describes."""
    values = {name: line[name] for name in _IN_THE_LINE}
    values |= {name: line[name] for name in _ONLY_IF_SAID if name in line}
    for name in ("extracted_on", "covers_from", "covers_to", "refused_on"):
        values[name] = dt.date.fromisoformat(values[name]) if values.get(name) else None
    values["judged_checks"] = tuple(values.get("judged_checks", ()))
    values["findings"] = tuple(Finding.from_json(finding) for finding in values["findings"])
    values["rejected"] = tuple((row, column, code) for row, column, code in values["rejected"])
    refused = () if values["outcome"] == ACCEPTED else ((values["file_name"], values["findings"]),)
    return Record(delivery_no=number, refusals=refused, **values)


class Register:
    """The folded register.

    ``overlays`` are the sha256 of all overlays that a delivery, or a refused file, was read with.

    Lines from before the chain come first, if there are any; the chain then begins with a seal that
    holds the sha256 of all before it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._records: dict[str, Record] = {}
        self._hashes: list[str | None] = []
        self.decisions: list[dict[str, Any]] = []
        self.overlays: set[str] = set()
        self._refusals: dict[str, tuple[int, Record]] = {}
        try:
            self._read(chained.read(path).lines)
        except chained.BrokenLineError as error:
            raise broken(f"linje {error.number} i vault/{REGISTER_NAME} {error.what}") from error

    def _read(self, lines: Sequence[bytes]) -> None:
        for number, line in enumerate(lines, start=1):
            link = chained.document_of(line, number)
            if self.head is not None:
                chained.check_link(link, number, self.head["hash"], _SEQUENCE)
            elif "hash" in link:
                chained.check_link(link, number, GENESIS, _SEQUENCE)
                _check_seal(link, lines[: number - 1], number)
            self._take(link, number)

    def _take(self, link: chained.Link, number: int) -> None:
        is_first = self.head is None
        try:
            self._fold(link)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise chained.BrokenLineError(number, "er ikke en hel post") from None
        if link["entry"] == _SEAL and not (is_first and number > 1):
            raise chained.BrokenLineError(number, "forsegler ikke det, der står før den")
        self._hashes.append(link.get("hash"))
        if link["entry"] == "delivery" and link["outcome"] == REFUSED:
            self._refusals[link["sha256"]] = (number, record_of(link, 0))

    def refused_on(self, sha256: str) -> dt.date | None:
        """As-of date of the newest refusal of these bytes, None where it is not known."""
        told = self._refusals.get(sha256)
        return None if told is None else told[1].refused_on

    def refused_line(self, sha256: str) -> int:
        """Number of the line of the newest refusal of these bytes, 0 without one."""
        told = self._refusals.get(sha256)
        return 0 if told is None else told[0]

    @property
    def head(self) -> Head | None:
        """The last line of the chain, null in a register that is empty or not sealed yet."""
        last = self._hashes[-1] if self._hashes else None
        return None if last is None else Head(sequence=len(self._hashes), hash=last)

    def hashes(self) -> list[str | None]:
        """The hash of each line, null for those from before the chain."""
        return list(self._hashes)

    @property
    def line_count(self) -> int:
        """How many lines it has."""
        return len(self._hashes)

    @property
    def is_chained(self) -> bool:
        """Whether every line is in the chain or sealed by it."""
        return not self._hashes or self.head is not None

    def has(self, head: Head) -> bool:
        """Whether the chain contains this line."""
        number = head["sequence"]
        return 0 < number <= len(self._hashes) and self._hashes[number - 1] == head["hash"]

    def has_hash(self, line_hash: str) -> bool:
        """Whether the chain contains a line with this hash."""
        return line_hash in self._hashes

    def _fold(self, line: dict[str, Any]) -> None:
        if line["entry"] == "delivery":
            known = self._records.get(line["delivery_id"])
            self.overlays.update(filter(None, [line.get("overlay_sha256")]))
            record = _again(known, line) if known else record_of(line, len(self._records) + 1)
            self._records[record.delivery_id] = record
        elif line["entry"] == "accept":
            known = self._records[line["delivery_id"]]
            self._records[known.delivery_id] = replace(
                known,
                opened_checks=known.opened_checks | {line["check"]},
                opened_after=len(self._records),
            )
            self.decisions.append(line)
        elif line["entry"] == "withdraw":
            known = self._records[line["delivery_id"]]
            self._records[known.delivery_id] = replace(
                known, withdrawn_on=dt.date.fromisoformat(line["as_of_date"])
            )
            self.decisions.append(line)
        elif line["entry"] != _SEAL:
            raise ValueError("an entry that this code does not know")

    def note_removed(self, gone: removals.Removed) -> None:
        """Mark the accepted deliveries whose files were removed on purpose."""
        for record in self.accepted():
            if gone.of(removals.VAULT, record.sha256) is not None:
                self._records[record.delivery_id] = replace(record, is_removed=True)

    def records(self) -> list[Record]:
        """All deliveries, by delivery_no."""
        return sorted(self._records.values(), key=lambda record: record.delivery_no)

    def accepted(self) -> list[Record]:
        """Accepted deliveries, held and withdrawn ones included, by delivery_no."""
        return [record for record in self.records() if record.is_accepted]

    def refused(self) -> list[Record]:
        """Refused files, those that came under an accepted delivery's identity included."""
        return [file for record in self.records() for file in record.refused]

    def ever_refused(self) -> list[Record]:
        """The newest refusal of all bytes that ever were, one for each sha256.

        Quarantine may hold them: a file that was accepted when it came again leaves its copy there.
        """
        return [record for _, record in self._refusals.values()]

    def get(self, delivery_id: str) -> Record | None:
        """The delivery of this identity."""
        return self._records.get(delivery_id)

    def append(self, lines: Sequence[dict[str, Any]]) -> None:
        """Append lines durably and fold them in; a line that changes nothing is left out.

        The process that appends holds the home, so a torn last line is that of a killed one.

        Raises:
            EffektError: ``REGISTER_BROKEN``: the register is not sealed.
        """
        new = [json.loads(canonical_json(line)) for line in lines]
        new = [line for line in new if not self._is_known(line)]
        if new:
            self.require_chained()
            self._append(new)

    def _append(self, new: Sequence[dict[str, Any]]) -> None:
        head, links = self.head, []
        for line in new:
            links.append(chained.linked(line, head, _SEQUENCE))
            head = Head(sequence=links[-1][_SEQUENCE], hash=links[-1]["hash"])
        chained.set_torn_aside(self._path)
        chained.append(self._path, links)
        for link in links:
            self._take(link, link[_SEQUENCE])

    def require_chained(self) -> None:
        """Refuse lines that stand in no chain."""
        if not self.is_chained:
            raise broken(f"linje 1 i vault/{REGISTER_NAME} står ikke i hashkæden")

    def seal(self) -> bool:
        """Seal a register from before the chain by one line.

        Returns:
            whether there was anything to seal.
        """
        if self.is_chained:
            return False
        before = Head(sequence=self.line_count, hash=GENESIS)
        seal = {"entry": _SEAL, "sealed_sha256": _sha256_of(chained.read(self._path).lines)}
        chained.set_torn_aside(self._path)
        link = chained.linked(seal, before, _SEQUENCE)
        chained.append(self._path, [link])
        self._take(link, link[_SEQUENCE])
        return True

    def _is_known(self, line: dict[str, Any]) -> bool:
        known = self._records.get(line["delivery_id"]) if line["entry"] == "delivery" else None
        if known is None or _again(known, line) != known:
            return False
        told = record_of(line, 0)  # under an accepted delivery's identity a refusal is dated too
        return told.is_accepted or told.refused_on == self.refused_on(told.sha256)


def _again(known: Record, line: dict[str, Any]) -> Record:
    """The record after a repeated line: its number and what people decided about it stay.

    What was accepted stays accepted: money may rest on it.
    """
    record = record_of(line, known.delivery_no)
    refusals = tuple({**dict(known.refusals), **dict(record.refusals)}.items())
    if known.is_accepted and not record.is_accepted:
        return replace(known, refusals=refusals)
    return replace(
        record,
        file_name=min(known.file_name, record.file_name),
        opened_checks=known.opened_checks,
        opened_after=known.opened_after,
        withdrawn_on=known.withdrawn_on,
        is_removed=known.is_removed,
        refusals=() if record.is_accepted else refusals,
    )


def _sha256_of(lines: Sequence[bytes]) -> str:
    """sha256 of lines with their line feeds."""
    return hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()


def _check_seal(link: chained.Link, before: Sequence[bytes], number: int) -> None:
    """The first line of a chain that has lines before it holds their hash."""
    is_seal = link.get("entry") == _SEAL and link.get("sealed_sha256") == _sha256_of(before)
    if before and not is_seal:
        raise chained.BrokenLineError(number, "forsegler ikke det, der står før den")


def broken(message: str) -> EffektError:
    """What a run ends with where the register is not what was written."""
    return EffektError(
        "REGISTER_BROKEN",
        message,
        remedy="intet er ændret; læg vault/ tilbage fra sikkerhedskopien, og kør igen",
    )


def load_register(home: Home) -> Register:
    """The register of a home; an absent one is empty.

    Raises:
        EffektError: ``REGISTER_BROKEN``; ``REMOVALS_BROKEN``: which files are gone is not known.
    """
    register = Register(home.vault / REGISTER_NAME)
    register.note_removed(removals.removed(home))
    return register


def head(home: Home) -> Head | None:
    """The last line of the register's chain, null while there is none."""
    return load_register(home).head


def durable_head(home: Home) -> Head | None:
    """The same for a record that will name it: the lines up to it survive a power loss."""
    return chained.durable_head(home.vault / REGISTER_NAME, head(home))


def set_torn_aside(home: Home) -> Path | None:
    """Move what a killed write left to a file of its own; the caller holds the home."""
    return chained.set_torn_aside(home.vault / REGISTER_NAME)
