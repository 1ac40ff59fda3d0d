"""The hash chain: ``ledger/settlements.jsonl``, one event a line, appended and never rewritten.

What belongs here: the form of an event, its hash, durable appending, checking a chain.
What does not: who may do what when (``commands``) and what an approval freezes (``frozen``).

Rules: S.ledger.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from dagster_project.lib.base import files
from dagster_project.lib.base.canonical import canonical_json, money_text, sha256_file, sha256_text
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.keys.pseudonym import fingerprint, read_key
from dagster_project.settings import Home

GENESIS = "0" * 64
FILE_NAME = "settlements.jsonl"
_LOCK_NAME = ".lock"


@dataclass(frozen=True)
class Event:
    """One step in the life of a settlement.

    ``recorded_at`` is the wall clock and information only. ``period_start`` of a release is the
    first period it counts for. ``snapshot_id`` is the published snapshot that was acted on.
    ``frozen_sha256`` (approvals) is the sha256 of the frozen statement's file. ``key_fingerprint``
    stands on the first event of a ledger only.
    """

    sequence: int
    recorded_at: str
    as_of_date: dt.date
    actor: str
    role: str
    os_user: str
    action: str
    contract_id: str
    period_start: dt.date
    statement_sha256: str | None
    amount_dkk: Decimal | None
    reason: str | None
    reference: str | None
    paid_on: dt.date | None
    frozen_sha256: str | None
    snapshot_id: str
    key_fingerprint: str | None
    prev: str
    hash: str

    @property
    def is_approval(self) -> bool:
        """From this event on, the settlement is frozen."""
        return self.action == "approve"

    def to_json(self) -> dict[str, Any]:
        """The event as a JSON object; money as text with two decimals, dates as ISO text."""
        return {field.name: _json_value(getattr(self, field.name)) for field in fields(self)}

    @staticmethod
    def from_json(document: dict[str, Any]) -> Event:
        """The event of a JSON object; ``ValueError`` if it has other keys or wrong values."""
        names = {field.name for field in fields(Event)}
        if set(document) != names:
            raise ValueError("the event has other keys than it must have")
        values = dict(document)
        for name in ("as_of_date", "period_start", "paid_on"):
            values[name] = dt.date.fromisoformat(values[name]) if values[name] else None
        if values["amount_dkk"] is not None:
            values["amount_dkk"] = Decimal(values["amount_dkk"])
        return Event(**values)


@dataclass(frozen=True)
class Ledger:
    """A chain that has been read and checked."""

    events: tuple[Event, ...]

    @property
    def head(self) -> str | None:
        """Hash of the last event, null in an empty ledger."""
        return self.events[-1].hash if self.events else None

    def has(self, head: str) -> bool:
        """Whether the chain contains an event with this hash."""
        return any(event.hash == head for event in self.events)

    def since(self, head: str | None) -> tuple[Event, ...]:
        """The events after the one with this hash (all of them where it is null)."""
        if head is None:
            return self.events
        for index, event in enumerate(self.events):
            if event.hash == head:
                return self.events[index + 1 :]
        return self.events

    def until(self, head: str | None) -> Ledger:
        """The chain up to the event with this hash; nothing of it where the hash is null."""
        later = len(self.since(head))
        return Ledger(self.events[: len(self.events) - later])

    def known(self, as_of: dt.date) -> Ledger:
        """The chain as a run with this as-of date knows it."""
        return Ledger(tuple(event for event in self.events if event.as_of_date <= as_of))


def _json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return money_text(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def event_hash(event: Event) -> str:
    """sha256 over the canonical JSON of all fields but ``hash`` itself (``prev`` included)."""
    document = event.to_json()
    del document["hash"]
    return sha256_text(canonical_json(document))


def sealed(event: Event) -> Event:
    """The event with its hash set."""
    return replace(event, hash=event_hash(event))


def ledger_file(home: Home) -> Path:
    """``ledger/settlements.jsonl``."""
    return home.ledger / FILE_NAME


def key_fingerprint(home: Home) -> str:
    """What identifies the pseudonymisation key without giving it away: 32 hex digits of an HMAC."""
    return fingerprint(read_key(home))


@contextmanager
def lock(home: Home) -> Iterator[None]:
    """The ledger's own lock: one process at a time reads, decides and appends."""
    files.make_dir(home.ledger)
    handle = os.open(home.ledger / _LOCK_NAME, os.O_RDWR | os.O_CREAT, files.FILE_PRIVATE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _broken(message: str) -> EffektError:
    return EffektError(
        "LEDGER_BROKEN",
        message,
        remedy="nothing was changed; restore ledger/ from its backup and run again",
    )


def parse(raw: bytes) -> Ledger:
    """Read and check whole lines: form, sequence, as-of dates, chain.

    Raises:
        EffektError: ``LEDGER_BROKEN`` with the number of the first wrong line.
    """
    events: list[Event] = []
    previous = GENESIS
    for number, line in enumerate(raw.split(b"\n")[:-1], start=1):
        event = _parse_line(line, number)
        if event.sequence != number or event.prev != previous or event_hash(event) != event.hash:
            raise _broken(f"line {number} of ledger/{FILE_NAME} does not continue the hash chain")
        if events and event.as_of_date < events[-1].as_of_date:
            raise _broken(f"line {number} of ledger/{FILE_NAME} goes back in time")
        events.append(event)
        previous = event.hash
    return Ledger(tuple(events))


def _parse_line(line: bytes, number: int) -> Event:
    try:
        text = line.decode("utf-8")
        event = Event.from_json(json.loads(text))
        is_canonical = canonical_json(event.to_json()) == text
    except (ValueError, TypeError, ArithmeticError, AttributeError):
        is_canonical = False
    if not is_canonical:
        raise _broken(f"line {number} of ledger/{FILE_NAME} is not a whole event")
    return event


def read(home: Home) -> Ledger:
    """The checked chain, without a torn last line and without touching the file."""
    path = ledger_file(home)
    if not path.is_file():
        return Ledger(())
    raw = path.read_bytes()
    return parse(raw[: raw.rfind(b"\n") + 1])


def set_torn_line_aside(home: Home) -> Path | None:
    """Move bytes after the last whole line to a file of their own (call it under the lock).

    A line is written by one call and ends with its newline, so bytes without one were never
    confirmed to a caller.

    Returns:
        The file that now holds them, or null where the last line is whole.
    """
    path = ledger_file(home)
    if not path.is_file():
        return None
    raw = path.read_bytes()
    whole = raw.rfind(b"\n") + 1
    torn = raw[whole:]
    if not torn:
        return None
    aside = home.ledger / f"settlements.torn-{hashlib.sha256(torn).hexdigest()[:12]}"
    files.write_atomic(aside, torn)
    with path.open("r+b") as stream:
        stream.truncate(whole)
        stream.flush()
        os.fsync(stream.fileno())
    return aside


def append(home: Home, event: Event) -> Event:
    """Append one event durably (under the lock); sequence, ``prev`` and hash are set here.

    Returns:
        The event as written.
    """
    chain = read(home)
    is_first = not chain.events
    written = sealed(
        replace(
            event,
            sequence=len(chain.events) + 1,
            prev=chain.head or GENESIS,
            key_fingerprint=key_fingerprint(home) if is_first else None,
        )
    )
    line = canonical_json(written.to_json()).encode("utf-8") + b"\n"
    path = ledger_file(home)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, files.FILE_PRIVATE)
    with os.fdopen(handle, "ab", buffering=0) as stream:
        if stream.write(line) != len(line):
            raise EffektError(
                "LEDGER_WRITE", "the event could not be written whole", remedy="free disk space"
            )
        os.fsync(stream.fileno())
    files.fsync_dir(home.ledger)
    return written


def check_chain(home: Home, recorded_head: str | None) -> Ledger:
    """Check everything the ledger holds; a torn last line is set aside first.

    Checked: each line's form and hash, the chain, the fingerprint of the key, the bytes of each
    frozen statement, and that the head recorded in the newest snapshot's manifest is in it.

    Args:
        home: the home whose ledger it is.
        recorded_head: ledger head of the newest published manifest, null where there is none.

    Raises:
        EffektError: ``LEDGER_BROKEN``, ``LEDGER_BEHIND`` or ``LEDGER_KEY`` (exit 1).
    """
    with lock(home):
        set_torn_line_aside(home)
        chain = read(home)
        check(home, chain, recorded_head)
    return chain


def check(home: Home, chain: Ledger, recorded_head: str | None) -> None:
    """The checks of ``check_chain`` on a chain that has been read."""
    if recorded_head and not chain.has(recorded_head):
        raise EffektError(
            "LEDGER_BEHIND",
            "the ledger lacks the last event that the newest snapshot was made with",
            remedy="restore ledger/ from its newest backup and run again",
        )
    if not chain.events:
        return
    if home.key_file.is_file() and chain.events[0].key_fingerprint != key_fingerprint(home):
        raise EffektError(
            "LEDGER_KEY",
            "secrets/pseudonym.key is not the key that this ledger was begun with",
            remedy="restore the key file from its backup",
        )
    for event in chain.events:
        if event.is_approval:
            _check_frozen(home, event)


def frozen_file(home: Home, contract_id: str, period_start: dt.date) -> Path:
    """``ledger/statements/<contract>/<YYYY-MM>.json``."""
    return home.ledger / "statements" / contract_id / f"{period_start:%Y-%m}.json"


def _check_frozen(home: Home, event: Event) -> None:
    path = frozen_file(home, event.contract_id, event.period_start)
    name = path.relative_to(home.root)
    if not path.is_file():
        raise _broken(f"{name} is missing, though line {event.sequence} approved it")
    if sha256_file(path) != event.frozen_sha256:
        raise _broken(f"{name} is not the file that line {event.sequence} approved")
