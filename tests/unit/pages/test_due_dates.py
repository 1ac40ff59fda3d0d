"""The calendar file: lines, folding and escaping as RFC 5545 has them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from dagster_project.lib.pages.due_dates import escape, fold, render

ROW: dict[str, Any] = {
    "contract_id": "k", "title": "Ærø; en, to", "period_start": dt.date(2023, 1, 1),
    "period_label": "2023-K1", "step": "submit", "owner": "provider",
    "due_on": dt.date(2023, 5, 15), "status": "due",
}  # fmt: skip


# Rule S.ics
@pytest.mark.parametrize(
    ("text", "told"),
    [("a,b", r"a\,b"), ("a;b", r"a\;b"), ("a\\b", r"a\\b"), ("a\nb", r"a\nb"), ("a:b", "a:b")],
)
def test_a_text_is_escaped(text: str, told: str) -> None:
    assert escape(text) == told


# Rule S.ics
@pytest.mark.parametrize(("length", "lines"), [(75, 1), (76, 2), (149, 2), (150, 3)])
def test_a_line_is_folded_after_75_octets(length: int, lines: int) -> None:
    line = "x" * length
    folded = list(fold(line))
    assert len(folded) == lines
    assert all(len(piece.encode()) <= 75 for piece in folded)
    assert folded[0] + "".join(piece.removeprefix(" ") for piece in folded[1:]) == line


# Rule S.ics
def test_folding_cuts_no_sign_in_two() -> None:
    folded = list(fold("x" * 74 + "ø" * 40))
    assert [len(piece.encode()) for piece in folded] == [74, 75, 7]
    assert "".join(piece.removeprefix(" ") for piece in folded) == "x" * 74 + "ø" * 40


# Rule S.ics
def test_the_file_has_an_event_of_a_whole_day_for_each_deadline() -> None:
    text = render([ROW], dt.date(2023, 4, 10))
    assert text.endswith("END:VCALENDAR\r\n")
    assert "\n" not in text.replace("\r\n", "")
    unfolded = text.replace("\r\n ", "").split("\r\n")
    assert unfolded[6:15] == [
        "BEGIN:VEVENT", "UID:k-2023-01-submit@effektafregning", "DTSTAMP:20230410T000000Z",
        "DTSTART;VALUE=DATE:20230515", "DTEND;VALUE=DATE:20230516",
        r"SUMMARY:Ærø\; en\, to: frist for indsendelse\, 2023-K1",
        "DESCRIPTION:leverandør: indsendelse senest 15. maj 2023 (skal gøres pr. 10. april 2023)",
        "TRANSP:TRANSPARENT", "END:VEVENT",
    ]  # fmt: skip


# Rule S.ics
def test_a_home_where_nothing_is_due_has_an_empty_calendar() -> None:
    assert "BEGIN:VEVENT" not in render([], dt.date(2023, 4, 10))
