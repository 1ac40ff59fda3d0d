"""The ledger: ``ledger/settlements.jsonl``, a hash chain with one event a line.

What belongs here: the form of an event, appending one, checking the ledger. What does not: the
form of a chain (``base.chained``), who may do what when (``commands``), what an approval freezes
(``frozen``).

Rules: S.ledger, S.chain.
Decides: S.ledger.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from dagster_project.lib import removals
from dagster_project.lib.base import chained, files
from dagster_project.lib.base.canonical import money_text, sha256_file
from dagster_project.lib.base.chained import Head
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.keys.pseudonym import fingerprint, read_key
from dagster_project.lib.receiving.intake import register
from dagster_project.settings import Home

FILE_NAME = "settlements.jsonl"
_LOCK_NAME = ".lock"
_SEQUENCE = "sequence"
_LATER = frozenset(
    {
        "register_head", "is_confirmed", "evidence_sha256",
        "course_id", "month", "wants", "price_group", "dispute_id", "outcome",
    }
)  # fmt: skip
"""Fields that events lack which need none; such an event is told without, and keeps its hash."""
DISPUTE, DECIDE = "dispute", "decide"
_DATES = ("as_of_date", "period_start", "paid_on", "month")


@dataclass(frozen=True)
class Event:
    """One step in the life of a settlement.

    ``recorded_at`` is the wall clock and information only. ``period_start`` of a release is the
    first period it counts for. ``snapshot_id`` is the published snapshot that was acted on.
    ``os_user`` is the user of the system whose process, or whose call at the desk, it was;
    ``is_confirmed`` says whether the name is that user's, or merely stated (null in older events).
    ``frozen_sha256`` and ``evidence_sha256`` (approvals) are the sha256 of the frozen statement's
    file and of that with its evidence (null where none was stored, before format 2).
    ``key_fingerprint`` stands on the first event of a ledger only. ``register_head`` is the head of
    the register of deliveries when the event was written, null while that is empty.
    A dispute names the month of a course, which result is wanted (``wants``) and the price group
    that it was opened with; a decision names its ``dispute_id`` and ``outcome`` (null elsewhere).
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
    register_head: Head | None = None
    is_confirmed: bool | None = None
    evidence_sha256: str | None = None
    course_id: str | None = None
    month: dt.date | None = None
    wants: str | None = None
    price_group: str | None = None
    dispute_id: str | None = None
    outcome: str | None = None

    @property
    def is_approval(self) -> bool:
        """From this event on, the settlement is frozen."""
        return self.action == "approve"

    def to_json(self) -> dict[str, Any]:
        """The event as a JSON object; money as text with two decimals, dates as ISO text."""
        told = {field.name: _json_value(getattr(self, field.name)) for field in fields(self)}
        return {key: value for key, value in told.items() if key not in _LATER or value is not None}

    @staticmethod
    def from_json(document: dict[str, Any]) -> Event:
        """The event of a JSON object; ``ValueError`` if it has other keys or wrong values."""
        values = {**dict.fromkeys(_LATER), **document}
        if set(values) != {field.name for field in fields(Event)}:
            raise ValueError("the event has other keys than it must have")
        for name in _DATES:
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

    @property
    def last(self) -> Head | None:
        """The head with its number."""
        if not self.events:
            return None
        return Head(sequence=self.events[-1].sequence, hash=self.events[-1].hash)

    def has(self, head: str) -> bool:
        """Whether the chain contains an event with this hash."""
        return any(event.hash == head for event in self.events)

    def has_line(self, head: Head) -> bool:
        """Whether the chain contains this line."""
        number = head["sequence"]
        return 0 < number <= len(self.events) and self.events[number - 1].hash == head["hash"]

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


def dispute_id_of(event: Event) -> str:
    """The id of the dispute that an event opened: ``<contract_id>-<sequence>``."""
    return f"{event.contract_id}-{event.sequence}"


def _json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return money_text(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def event_hash(event: Event) -> str:
    """sha256 over the canonical JSON of all fields but ``hash`` itself (``prev`` included)."""
    return chained.hash_of(event.to_json())


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


def head(home: Home) -> Head | None:
    """The last event of the checked chain, null in an empty ledger."""
    return read(home).last


def broken(message: str) -> EffektError:
    """What a command ends with where the ledger is not what was written."""
    return EffektError(
        "LEDGER_BROKEN",
        message,
        remedy="intet er ændret; læg ledger/ tilbage fra sikkerhedskopien, og kør igen",
    )


def parse(raw: bytes) -> Ledger:
    """Read and check the whole lines of a ledger: form, chain, as-of dates, payments.

    Raises:
        EffektError: ``LEDGER_BROKEN`` with the number of the first wrong line.
    """
    try:
        links = chained.check_links(chained.split(raw).lines, _SEQUENCE)
        events = tuple(_event_of(link) for link in links)
        _check_order(events)
    except chained.BrokenLineError as error:
        raise broken(f"linje {error.number} i ledger/{FILE_NAME} {error.what}") from error
    return Ledger(events)


def _event_of(link: chained.Link) -> Event:
    try:
        event = Event.from_json(link)
        is_whole = event.to_json() == link
    except (ValueError, TypeError, ArithmeticError, AttributeError):
        is_whole = False
    if not is_whole:
        raise chained.BrokenLineError(link[_SEQUENCE], "er ikke en hel hændelse")
    return event


def _check_order(events: Sequence[Event]) -> None:
    """No event goes back in time or in the register; what was paid is what was approved.

    A decision is about a dispute that was opened before it, and decides it once.
    """
    approved: dict[tuple[str, dt.date], Event] = {}
    disputes: dict[str, Event] = {}
    date, received = dt.date.min, 0
    for event in events:
        if event.as_of_date < date:
            raise chained.BrokenLineError(event.sequence, "går tilbage i tiden")
        date = event.as_of_date
        if event.register_head and event.register_head["sequence"] < received:
            raise chained.BrokenLineError(event.sequence, "går tilbage i leveringsregistret")
        received = event.register_head["sequence"] if event.register_head else received
        key = (event.contract_id, event.period_start)
        if event.is_approval:
            approved[key] = event
        elif event.action == DISPUTE:
            disputes[dispute_id_of(event)] = event
        elif event.action == DECIDE:
            _check_decision(event, disputes.pop(event.dispute_id or "", None))
        elif event.paid_on is not None or event.action in ("pay", "correct"):
            _check_payment(event, approved.get(key))


def _check_decision(event: Event, opened: Event | None) -> None:
    about = (event.contract_id, event.period_start)
    if opened is None or about != (opened.contract_id, opened.period_start):
        raise chained.BrokenLineError(event.sequence, "afgør ikke en indsigelse, der stod åben")


def _check_payment(event: Event, approval: Event | None) -> None:
    told = (event.amount_dkk, event.statement_sha256)
    if approval is None or told != (approval.amount_dkk, approval.statement_sha256):
        raise chained.BrokenLineError(
            event.sequence, "registrerer en udbetaling, der ikke er det godkendte beløb"
        )


def read(home: Home) -> Ledger:
    """The checked chain, without a torn last line and without touching the file."""
    path = ledger_file(home)
    return parse(path.read_bytes()) if path.is_file() else Ledger(())


def set_torn_line_aside(home: Home) -> Path | None:
    """Move what a killed write left to a file of its own (call it under the lock)."""
    return chained.set_torn_aside(ledger_file(home))


def append(home: Home, event: Event) -> Event:
    """Append one event durably, under the lock and behind whole lines.

    Sequence, ``prev``, hash and the head of the register of deliveries are set here.

    Returns:
        The event as written.
    """
    return append_all(home, [event])[0]


def append_all(home: Home, events: Sequence[Event]) -> list[Event]:
    """Append events that belong together in one write; see ``append``."""
    chain = read(home)
    last, links = chain.last, []
    for event in events:
        told = replace(
            event,
            key_fingerprint=None if last else key_fingerprint(home),
            register_head=register.durable_head(home),
        )
        links.append(chained.linked(told.to_json(), last, _SEQUENCE))
        last = Head(sequence=links[-1][_SEQUENCE], hash=links[-1]["hash"])
    chained.append(ledger_file(home), links)
    return [Event.from_json(link) for link in links]


def check_chain(home: Home, recorded_head: str | None) -> Ledger:
    """The chain, read and checked with all that it rests on; nothing is touched.

    Checked: each line's form and hash, the chain, the fingerprint of the key, the bytes of each
    frozen statement and of its evidence, and that the recorded head is in it.

    Args:
        home: the home whose ledger it is.
        recorded_head: a head that another record names, null where none does.

    Raises:
        EffektError: ``LEDGER_BROKEN``, ``LEDGER_BEHIND`` or ``LEDGER_KEY`` (exit 1).
    """
    chain = read(home)
    check(home, chain, recorded_head)
    return chain


def require(chain: Ledger, recorded_head: str, where: str) -> None:
    """Refuse a ledger that lacks a head which another record names.

    Args:
        chain: the checked chain.
        recorded_head: the hash.
        where: the record that names it, in Danish.
    """
    if not chain.has(recorded_head):
        raise EffektError(
            "LEDGER_BEHIND",
            f"ledger/{FILE_NAME} har {len(chain.events)} linjer og mangler den hændelse,"
            f" som {where} nævner",
            remedy="læg ledger/ tilbage fra den nyeste sikkerhedskopi, og kør igen",
        )


def check(home: Home, chain: Ledger, recorded_head: str | None) -> None:
    """The checks of ``check_chain`` on a chain that has been read."""
    if recorded_head:
        require(chain, recorded_head, "det nyeste øjebliksbillede")
    check_key(home, chain)
    for event in chain.events:
        if event.is_approval:
            check_frozen(home, event)


def check_key(home: Home, chain: Ledger) -> None:
    """Refuse another pseudonymisation key than the one that the ledger was begun with."""
    begun = chain.events[0].key_fingerprint if chain.events else None
    if begun and home.key_file.is_file() and begun != key_fingerprint(home):
        raise EffektError(
            "LEDGER_KEY",
            "secrets/pseudonym.key er ikke den nøgle, som hovedbogen blev begyndt med",
            remedy="læg nøglefilen tilbage fra sikkerhedskopien",
        )


def frozen_file(home: Home, contract_id: str, period_start: dt.date) -> Path:
    """``ledger/statements/<contract>/<YYYY-MM>.json``."""
    return home.ledger / "statements" / contract_id / f"{period_start:%Y-%m}.json"


def evidence_file(home: Home, contract_id: str, period_start: dt.date) -> Path:
    """``ledger/statements/<contract>/<YYYY-MM>.evidence.jsonl``."""
    return frozen_file(home, contract_id, period_start).with_suffix(".evidence.jsonl")


def stored_files(home: Home, event: Event) -> list[tuple[Path, str | None]]:
    """The files that an approval stored, each with the sha256 that its event names."""
    key = (event.contract_id, event.period_start)
    stored = [(frozen_file(home, *key), event.frozen_sha256)]
    if event.evidence_sha256 is not None:
        stored.append((evidence_file(home, *key), event.evidence_sha256))
    return stored


def check_frozen(home: Home, event: Event) -> None:
    """Refuse what an approval stored and is missing, or is other bytes than the approval names.

    Evidence that was removed on purpose is rightly missing (F.purge); a statement never is.
    """
    for path, sha256 in stored_files(home, event):
        name = path.relative_to(home.root)
        if not path.is_file():
            if sha256 == event.evidence_sha256 and is_evidence_removed(home, event):
                continue
            raise broken(f"{name} mangler, men linje {event.sequence} godkendte den")
        if sha256_file(path) != sha256:
            raise broken(f"{name} er ikke den fil, som linje {event.sequence} godkendte")


def is_evidence_removed(home: Home, event: Event) -> bool:
    """Whether what an approval stored behind its lines was removed on purpose (F.purge)."""
    if event.evidence_sha256 is None or event.contract_id not in removals.purged_contracts(home):
        return False
    gone = removals.removed(home)
    return gone.of(removals.EVIDENCE, event.evidence_sha256) is not None
