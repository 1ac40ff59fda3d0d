"""What has been approved and released so far, and the tables that follow from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from tests.oracle import causes, civil, forecast, hidden, money, settlement
from tests.oracle.home import Knowledge
from tests.oracle.rows import Decided, Rows, contract_rows, decide
from tests.oracle.settlement import Approved, Line, Moment

FROZEN = (
    "settlement", "settlement_part", "settlement_reading", "settlement_true_up", "settlement_line",
)  # fmt: skip
Older = Callable[[int, tuple[str, ...]], Knowledge]


class History:
    """The approvals and releases of every contract of a home, as the nights go by."""

    def __init__(self) -> None:
        self.approved: dict[str, list[Approved]] = defaultdict(list)
        self.releases: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self.frozen: dict[str, dict[str, Rows]] = defaultdict(dict)

    def moment(self, knowledge: Knowledge, contract: dict[str, Any]) -> Moment:
        """What decides a contract's amounts today."""
        first: dict[tuple[str, str], str | None] = {}
        for row in self.frozen[contract["contract_id"]].get("settlement_line", []):
            if row["course_id"] is not None:
                first.setdefault((row["course_id"], row["month"]), row["cause"])
        with_place = {course for (course, _), cause in first.items() if cause != "decision_made"}
        return Moment(knowledge, contract, frozenset(with_place))

    def decided(self, knowledge: Knowledge, contract: dict[str, Any]) -> Decided:
        """The courses and months under today's knowledge."""
        return decide(
            knowledge, contract, set(self.moment(knowledge, contract).approved)
        )  # fmt: skip

    def periods(self, knowledge: Knowledge, contract: dict[str, Any]) -> list[settlement.Period]:
        """The periods under today's knowledge."""
        name = contract["contract_id"]
        months = self.decided(knowledge, contract).months
        return settlement.settle(
            knowledge, contract, months, self.approved[name], self.releases[name]
        )

    def rows(
        self, knowledge: Knowledge, contract: dict[str, Any], decided: Decided, older: Older
    ) -> dict[str, Rows]:
        """Every table of a contract: approved periods as they were approved, the rest of today."""
        name = contract["contract_id"]
        approved = self.approved[name]
        told = contract_rows(knowledge, contract, decided, approved, self.releases[name])
        changes = changes_of(knowledge, contract, decided, approved)
        now = self.moment(knowledge, contract)
        cause = {line.key: causes.cause_of(approved, line, now, older) for line in changes}
        persons = {row.course.course: row.course.person for row in decided.participants}
        unsettled = next_period(told["settlement"], len(approved))
        keys = [
            (civil.day_text(settlement.corrected_period(approved, line.month)), cause[line.key])
            for line in changes
        ]
        told["restatement"] = summed(
            changes, [(name, *key) for key in keys], persons,
            ("contract_id", "corrected_period_start", "cause"),
        )  # fmt: skip
        told["settlement_true_up"] = summed(
            changes, [(name, unsettled, *key) for key in keys], persons,
            ("contract_id", "period_start", "corrected_period_start", "cause"),
        ) if unsettled else []  # fmt: skip
        by_key = {
            (key[0], key[1], civil.month_text(key[2])): kind for key, kind in cause.items()
        }  # fmt: skip
        for row in told["settlement_line"]:
            place = row["price_group"] if row["course_id"] is None else row["course_id"]
            is_new = row["line_kind"] == "new"
            row["cause"] = None if is_new else by_key.get((row["part_id"], place, row["month"]))
        told = {table: self.as_approved(name, table, own) for table, own in told.items()}
        told["contract_outlook"] = forecast.outlook_rows(
            forecast.Moment(knowledge, contract, decided.months), told["settlement"], approved,
            self.releases[name],
        )  # fmt: skip
        return told

    def as_approved(self, name: str, table: str, rows: Rows) -> Rows:
        """Rows of which those of approved periods are the approved ones."""
        if table not in FROZEN:
            return rows
        starts = {civil.day_text(one.period_start) for one in self.approved[name]}
        kept = self.frozen[name].get(table, [])
        return [*kept, *(row for row in rows if row["period_start"] not in starts)]

    def approve(
        self, knowledge: Knowledge, contract: dict[str, Any], count: int, told: dict[str, Rows]
    ) -> list[str]:
        """Approve the first closed, unapproved periods; gives their first days.

        Args:
            knowledge: what is known.
            contract: the contract.
            count: how many periods, if so many are closed.
            told: the contract's rows of the night that the approvals rest on.
        """
        name = contract["contract_id"]
        closed = [one for one in self.periods(knowledge, contract) if one.is_closed]
        moment = self.moment(knowledge, contract)
        chosen = closed[len(self.approved[name]) :][:count]
        starts = [civil.day_text(one.start) for one in chosen]
        for table in FROZEN:
            kept = self.frozen[name].setdefault(table, [])
            kept += [row for row in told[table] if row["period_start"] in starts]
        for period in chosen:
            payment = period.figures["payment"] or 0
            held = period.figures["held_cumulative"] or 0
            own = Approved(period.start, tuple(period.lines), payment, moment, held)
            self.approved[name].append(own)
        return starts


def next_period(rows: Rows, approved_count: int) -> str | None:
    """First day of the first period not yet approved, if it is closed."""
    waiting = rows[approved_count:]
    return waiting[0]["period_start"] if waiting and waiting[0]["is_closed"] else None


def changes_of(
    knowledge: Knowledge, contract: dict[str, Any], decided: Decided, approved: list[Approved]
) -> list[Line]:
    """Every approved month whose amount today differs, also before a period is due."""
    if not approved:
        return []
    booked = settlement.bookings(knowledge, contract, decided.months)
    ends = {one.start: one.end for one in settlement.periods(contract, knowledge.as_of)}
    return settlement.true_up_lines(approved, ends, booked, decided.months)


def summed(
    lines: list[Line],
    keys: list[tuple[str, ...]],
    persons: dict[str, str],
    columns: tuple[str, ...],
) -> Rows:
    """Lines by key: their number and kroner; the causes with few persons behind them as one."""
    facts = [
        (key, None if line.course is None else persons[line.course], (1, line.difference))
        for line, key in zip(lines, keys, strict=True)
    ]
    return hidden.family(facts, columns, "cause", {"line_count": int, "difference_dkk": money.dkk})
