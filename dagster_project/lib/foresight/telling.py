"""How the answer to a what-if is told: as plain data, and as tables for a person.

What belongs here: words and layout. What does not: computing (``what_if``).

Rules: S.what_if, P.danish.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dagster_project.lib.base import danish
from dagster_project.lib.base.canonical import plain_row
from dagster_project.lib.reference import words

if TYPE_CHECKING:
    from rich.table import Table

    from dagster_project.lib.foresight.question import Question

Row = Mapping[str, Any]
_WIDTH = 140


@dataclass(frozen=True)
class Answer:
    """Both sides of a question, and what differs between them.

    ``now`` and ``then``: ``periods`` as if nothing had been approved, and ``next``, what would be
    paid next with approvals respected. ``months`` counts the person-months that change, ``lines``
    are those that change most.
    """

    question: Question
    now: Mapping[str, Any]
    then: Mapping[str, Any]
    months: Sequence[Row]
    lines: Sequence[Row]
    added: int = 0

    def as_json(self) -> dict[str, Any]:
        """The answer as plain data, in the same order every time."""
        asked = self.question
        return {
            "contract": asked.now.contract_id,
            "as_of": asked.as_of.isoformat(),
            "terms_sha256": {"now": asked.now.terms_sha256, "then": asked.then.terms_sha256},
            "without": list(asked.without),
            "added": self.added,
            "periods": [
                {
                    "period_start": start.isoformat(),
                    "period_label": (now or then or {})["period_label"],
                    "now": _figures(now),
                    "then": _figures(then),
                }
                for start, now, then in self._paired()
            ],
            "next_settlement": {"now": _next(self.now["next"]), "then": _next(self.then["next"])},
            "months": [plain_row(row) for row in self.months],
            "lines": [plain_row(row) for row in self.lines],
        }

    def _paired(self) -> Iterator[tuple[Any, Row | None, Row | None]]:
        now = {row["period_start"]: row for row in self.now["periods"]}
        then = {row["period_start"]: row for row in self.then["periods"]}
        for start in sorted(now.keys() | then.keys()):
            yield start, now.get(start), then.get(start)

    def print(self) -> None:
        """The answer for a person, in Danish."""
        from rich.console import Console

        asked = self.question
        console = Console(width=_WIDTH, highlight=False, soft_wrap=False)
        console.print(f"{asked.now.contract_id}, data til og med {danish.date(asked.as_of)}")
        console.print("Intet er ændret: svaret er regnet i en kopi.\n")
        for made in (self._periods(), self._next(), self._months(), self._lines()):
            console.print(made)

    def _periods(self) -> Table:
        made = _table(
            "Afsluttede perioder, som om intet var godkendt",
            ("Periode", ">Grundlag nu, kr.", ">da, kr.", ">Betalingsret i alt nu, kr.", ">da, kr.",
             ">Forskel, kr."),
        )  # fmt: skip
        for start, now, then in self._paired():
            one = now or then or {}
            made.add_row(
                danish.period(one["period_label"], start),
                _money(now, "basis_dkk"), _money(then, "basis_dkk"),
                _money(now, "entitlement_cumulative_dkk"),
                _money(then, "entitlement_cumulative_dkk"),
                _difference(now, then, "entitlement_cumulative_dkk"),
            )  # fmt: skip
        return made

    def _next(self) -> Table:
        made = _table(
            "Næste afregning, når det godkendte står ved magt",
            ("", "Periode", ">Betaling, kr."),
        )
        for label, side in (("Nu", self.now["next"]), ("Da", self.then["next"])):
            name = danish.period(side["period_label"], side["period_start"]) if side else "ingen"
            made.add_row(label, name, _money(side, "payment_dkk"))
        return made

    def _months(self) -> Table:
        made = _table(
            "Personmåneder, der bliver til noget andet",
            ("Status nu", "Krav og register nu", "Status da", "Krav og register da", ">Måneder",
             ">Forskel, kr."),
        )  # fmt: skip
        for row in self.months:
            made.add_row(
                _word("reason", row["now_status"]), _word("match", row["now_match"]),
                _word("reason", row["then_status"]), _word("match", row["then_match"]),
                str(row["months"]), danish.number(row["difference_dkk"]),
            )  # fmt: skip
        return made

    def _lines(self) -> Table:
        made = _table(
            "De linjer, der ændrer sig mest",
            ("Del", "Forløb eller gruppe", "Måned", ">Nu, kr.", ">Da, kr.", ">Forskel, kr."),
        )
        for row in self.lines:
            made.add_row(
                row["part_id"], row["course_id"] or row["price_group"] or danish.NONE,
                danish.month(row["month"]), _money(row, "now_dkk"), _money(row, "then_dkk"),
                danish.number(row["difference_dkk"]),
            )  # fmt: skip
        return made


def _table(title: str, headings: Sequence[str]) -> Table:
    from rich.table import Table

    made = Table(title=title, title_justify="left")
    for heading in headings:
        made.add_column(heading.lstrip(">"), justify="right" if heading[:1] == ">" else "left")
    return made


def _figures(row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return plain_row({name: row[name] for name in ("basis_dkk", "entitlement_cumulative_dkk")})


def _next(row: Row | None) -> dict[str, Any] | None:
    return None if row is None else plain_row(row)


def _money(row: Row | None, name: str) -> str:
    return danish.NONE if row is None or row[name] is None else danish.number(row[name])


def _difference(now: Row | None, then: Row | None, name: str) -> str:
    if now is None or then is None:
        return danish.NONE
    return danish.number(Decimal(then[name]) - Decimal(now[name]))


def _word(domain: str, code: str | None) -> str:
    return danish.NONE if code is None else words.label(domain, code)
