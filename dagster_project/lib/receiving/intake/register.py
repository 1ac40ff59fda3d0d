"""The register of deliveries, ``vault/deliveries.jsonl``: append-only, one fact a line.

What belongs here: what a line holds, how lines fold into the present state, how a torn line is set
aside. What does not: deciding anything. A line holds no value of a file and no unscrubbed name.

Rules: I.kept.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from dagster_project.lib.base import files
from dagster_project.lib.base.canonical import canonical_json
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.receiving.judging.findings import DeliveryNote, Finding
from dagster_project.settings import Home

REGISTER_NAME = "deliveries.jsonl"
ACCEPTED, REFUSED = "accepted", "refused"


@dataclass(frozen=True)
class Record:
    """One delivery as the register knows it.

    Args:
        delivery_no: position of its first line; stable, never an order of anything.
        delivery_id: first 16 hex of the identity's sha256.
        covered_days: Σ over its counted rows of the days they cover in the window (window sources).
        rejected: (row number, column heading, code) of the rejected rows of an accepted delivery.
        opened_checks: row-count checks that a person has opened.
        withdrawn_on: as-of date from which on it is not known, None where nobody withdrew it.
        refused_again: what was wrong with the newest file of this identity that was refused after
            the delivery had been accepted.
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
    opened_checks: frozenset[str] = frozenset()
    withdrawn_on: dt.date | None = None
    refused_again: tuple[Finding, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """Accepted (perhaps held, or withdrawn since)."""
        return self.outcome == ACCEPTED

    def is_withdrawn(self, as_of: dt.date | None = None) -> bool:
        """Whether a run with this business date, or any run at all, does not know it any more."""
        return self.withdrawn_on is not None and (as_of is None or self.withdrawn_on <= as_of)

    @property
    def refused(self) -> Record | None:
        """The delivery as a refused file: itself, or the file that came under its identity."""
        if not self.is_accepted:
            return self
        if not self.refused_again:
            return None
        return replace(self, outcome=REFUSED, findings=self.refused_again)

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
            "findings": [finding.as_json() for finding in self.findings],
            "rejected": [list(row) for row in self.rejected],
        }


_NOT_IN_THE_LINE = ("delivery_no", "opened_checks", "withdrawn_on", "refused_again")
_IN_THE_LINE = [field.name for field in fields(Record) if field.name not in _NOT_IN_THE_LINE]


def record_of(line: dict[str, Any], number: int) -> Record:
    """The record that a ``delivery`` line describes."""
    values = {name: line[name] for name in _IN_THE_LINE}
    for name in ("extracted_on", "covers_from", "covers_to"):
        values[name] = dt.date.fromisoformat(values[name]) if values[name] else None
    values["findings"] = tuple(Finding.from_json(finding) for finding in values["findings"])
    values["rejected"] = tuple((row, column, code) for row, column, code in values["rejected"])
    return Record(delivery_no=number, **values)


class Register:
    """The folded register."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._records: dict[str, Record] = {}
        self.decisions: list[dict[str, Any]] = []
        for number, line in enumerate(_read_lines(path), start=1):
            try:
                self._fold(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError):
                raise EffektError(
                    "REGISTER_BROKEN",
                    f"line {number} of vault/{REGISTER_NAME} is not a whole entry",
                    remedy="nothing was changed; restore the register from the backup of this home",
                ) from None

    def _fold(self, line: dict[str, Any]) -> None:
        if line["entry"] == "delivery":
            known = self._records.get(line["delivery_id"])
            record = _again(known, line) if known else record_of(line, len(self._records) + 1)
            self._records[record.delivery_id] = record
        elif line["entry"] == "accept":
            known = self._records[line["delivery_id"]]
            self._records[known.delivery_id] = replace(
                known, opened_checks=known.opened_checks | {line["check"]}
            )
            self.decisions.append(line)
        elif line["entry"] == "withdraw":
            known = self._records[line["delivery_id"]]
            self._records[known.delivery_id] = replace(
                known, withdrawn_on=dt.date.fromisoformat(line["as_of_date"])
            )
            self.decisions.append(line)

    def records(self) -> list[Record]:
        """All deliveries, by delivery_no."""
        return sorted(self._records.values(), key=lambda record: record.delivery_no)

    def accepted(self) -> list[Record]:
        """Accepted deliveries, held and withdrawn ones included, by delivery_no."""
        return [record for record in self.records() if record.is_accepted]

    def refused(self) -> list[Record]:
        """Refused files, those that came under an accepted delivery's identity included."""
        return [found for record in self.records() if (found := record.refused)]

    def get(self, delivery_id: str) -> Record | None:
        """The delivery of this identity."""
        return self._records.get(delivery_id)

    def append(self, lines: Sequence[dict[str, Any]]) -> None:
        """Append lines durably and fold them in; a line that changes nothing is left out.

        The process that appends holds the home, so a torn last line is that of a killed one.
        """
        new = [json.loads(canonical_json(line)) for line in lines]
        new = [line for line in new if not self._is_known(line)]
        if not new:
            return
        _set_torn_aside(self._path)
        data = "".join(canonical_json(line) + "\n" for line in new).encode("utf-8")
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "ab") as stream:  # a full disk takes a part of a write only
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        self._path.chmod(files.FILE_PRIVATE)
        files.fsync_dir(self._path.parent)
        for line in new:
            self._fold(line)

    def _is_known(self, line: dict[str, Any]) -> bool:
        known = self._records.get(line["delivery_id"]) if line["entry"] == "delivery" else None
        return known is not None and _again(known, line) == known


def _again(known: Record, line: dict[str, Any]) -> Record:
    """The record after a repeated line: its number and what people decided about it stay.

    What was accepted stays accepted: money may rest on it.
    """
    record = record_of(line, known.delivery_no)
    if known.is_accepted and not record.is_accepted:
        return replace(known, refused_again=record.findings)
    name = min(known.file_name, record.file_name)
    return replace(
        record, file_name=name, opened_checks=known.opened_checks, withdrawn_on=known.withdrawn_on
    )


def _set_torn_aside(path: Path) -> None:
    """Put what a killed write left behind the last whole line beside the register."""
    data = path.read_bytes() if path.is_file() else b""
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        files.write_atomic(path.with_name(f".{path.name}.torn"), data[whole:])
        with path.open("r+b") as handle:
            handle.truncate(whole)
            os.fsync(handle.fileno())


def _read_lines(path: Path) -> list[bytes]:
    """Whole lines of the register; a torn last one (a killed write, or one under way) is not read.

    Reading changes nothing: not everybody who reads holds the home.
    """
    data = path.read_bytes() if path.is_file() else b""
    return data[: data.rfind(b"\n") + 1].splitlines()


def load_register(home: Home) -> Register:
    """The register of a home; an absent one is empty."""
    return Register(home.vault / REGISTER_NAME)
