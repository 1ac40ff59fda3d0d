"""The calendar file of what is due: ``frister.ics`` beside the pages (iCalendar, RFC 5545).

What belongs here: the form of the file. What does not: which step is due when (the mart's
``settlement_deadline``).

Rules: S.ics, S.due_shown.
Decides: S.ics, S.due_shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from dagster_project.lib.base import danish
from dagster_project.lib.pages.sheet import Row, period
from dagster_project.lib.publishing.snapshot import Snapshot
from dagster_project.lib.reference import words

PATH = "frister.ics"
_OCTETS = 75  # of a line, without its end (RFC 5545, 3.1)
_LINE_END = "\r\n"
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_DUE = """
    select deadline.*, settlement.period_label, contract.title
    from mart.settlement_deadline as deadline
    inner join mart.settlement as settlement using (contract_id, period_start)
    inner join mart.contract as contract using (contract_id)
    where deadline.due_on is not null and deadline.status in ('due', 'overdue', 'open')
    order by deadline.due_on, deadline.contract_id, deadline.period_start, deadline.step
"""
_HAS_CALENDAR = "select count(*) as rows from mart.settlement_deadline"


def build(snapshot: Snapshot) -> str | None:
    """The file; none in a home whose contracts have no deadlines."""
    if not snapshot.rows(_HAS_CALENDAR)[0]["rows"]:
        return None
    return render(snapshot.rows(_DUE), snapshot.as_of)


def render(rows: Sequence[Row], as_of: dt.date) -> str:
    """An event of a whole day for each row, stamped with the as-of date: nothing reads a clock."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Effektafregning//Frister//DA",
        "CALSCALE:GREGORIAN", "METHOD:PUBLISH", "X-WR-CALNAME:Frister",
        *(line for row in rows for line in _event(row, as_of)),
        "END:VCALENDAR",
    ]  # fmt: skip
    return "".join(f"{folded}{_LINE_END}" for line in lines for folded in fold(line))


def _event(row: Row, as_of: dt.date) -> Iterator[str]:
    due_on: dt.date = row["due_on"]
    step = words.label("deadline_step", row["step"])
    key = f"{row['contract_id']}-{row['period_start']:%Y-%m}-{row['step']}"
    summary = f"{row['title']}: frist for {step}, {period(row)}"
    said = (
        f"{words.label('role', row['owner'])}: {step} senest {danish.date(due_on)} "
        f"({words.label('deadline_status', row['status'])} pr. {danish.date(as_of)})"
    )
    yield "BEGIN:VEVENT"
    yield f"UID:{key}@effektafregning"
    yield f"DTSTAMP:{as_of:%Y%m%d}T000000Z"
    yield f"DTSTART;VALUE=DATE:{due_on:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{due_on + dt.timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{escape(summary)}"
    yield f"DESCRIPTION:{escape(said)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def escape(text: str) -> str:
    """A text as a value: backslash, semicolon, comma and line end are written out."""
    return text.translate(_ESCAPES)


def fold(line: str) -> Iterator[str]:
    """The line in pieces of at most 75 octets, each after the first behind a blank.

    No sign is cut in two.
    """
    piece, length = "", 0
    for sign in line:
        octets = len(sign.encode("utf-8"))
        if length + octets > _OCTETS:
            yield piece
            piece, length = " ", 1
        piece, length = piece + sign, length + octets
    yield piece
