"""A reader who wants hidden cells back: linear equations over what a mart shows, solved exactly.

What belongs here: what such a reader knows of the tables (sums that must hold, figures computed
from counts, the same people in two tables), and the solving. It is written from what the tables
mean, and knows neither their declarations nor how they are hidden.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
Cell = tuple[str, tuple[Any, ...], str]
"""Table, key of the row, column."""
Term = tuple[int | Fraction, str, tuple[Any, ...], str, Any]
"""Coefficient, table, key, column, and the value, null where it is hidden."""


class Reader:
    """What a reader knows: equations whose unknowns are the cells that are not shown."""

    def __init__(self) -> None:
        self.equations: list[tuple[dict[Cell, Fraction], Fraction]] = []

    def knows(self, terms: Iterable[Term]) -> None:
        """The terms add up to nothing."""
        unknown: dict[Cell, Fraction] = defaultdict(Fraction)
        constant = Fraction(0)
        for coefficient, table, key, column, value in terms:
            if value is None:
                unknown[table, key, column] += Fraction(coefficient)
            else:
                constant -= Fraction(coefficient) * Fraction(str(value))
        if unknown:
            self.equations.append((dict(unknown), constant))

    def found(self) -> dict[Cell, Fraction]:
        """Every cell that has one value only."""
        pivots: dict[Cell, tuple[dict[Cell, Fraction], Fraction]] = {}
        for terms, constant in self.equations:
            row, value = _less(dict(terms), constant, pivots)
            if row:
                cell = min(row, key=str)
                factor = row[cell]
                pivots[cell] = ({k: v / factor for k, v in row.items()}, value / factor)
        solved = {}
        for cell, (terms, constant) in pivots.items():
            others = {k: v for k, v in terms.items() if k != cell}
            rest, value = _less(others, Fraction(0), pivots)
            if not rest:
                solved[cell] = constant + value
        return solved


def _less(
    row: dict[Cell, Fraction],
    value: Fraction,
    pivots: Mapping[Cell, tuple[dict[Cell, Fraction], Fraction]],
) -> tuple[dict[Cell, Fraction], Fraction]:
    """The row without the cells that others are solved for."""
    while known := [cell for cell in row if cell in pivots]:
        factor = row[known[0]]
        terms, constant = pivots[known[0]]
        value -= factor * constant
        for cell, coefficient in terms.items():
            left = row.get(cell, Fraction(0)) - factor * coefficient
            if left:
                row[cell] = left
            else:
                row.pop(cell, None)
    return row, value


def attack(tables: Tables) -> dict[Cell, Fraction]:
    """Every hidden cell that the tables give back, with its value."""
    reader = Reader()
    for know in (_relapses, _goals, _families, _statuses, _follow_up, _blockers):
        know(reader, tables)
    return reader.found()


def _term(
    coefficient: int | Fraction, table: str, keys: Sequence[str], row: Row, column: str
) -> Term:
    return (coefficient, table, tuple(row[key] for key in keys), column, row[column])


def _relapses(reader: Reader, tables: Tables) -> None:
    keys = ("contract_id", "part_id")
    for row in tables["relapse_summary"]:
        counts = {c: _term(1, "relapse_summary", keys, row, c) for c in
                  ("entries", "observed", "retained", "relapsed", "any_return", "expected_relapses",
                   "avoided_relapses")}  # fmt: skip
        reader.knows([counts["observed"], _minus(counts["retained"]), _minus(counts["relapsed"])])
        reader.knows([counts["expected_relapses"], _minus(counts["avoided_relapses"]),
                      _minus(counts["relapsed"])])  # fmt: skip
        if row["baseline_relapse_rate"] is not None:
            rate = Fraction(str(row["baseline_relapse_rate"]))
            _, table, key, column, value = counts["observed"]
            reader.knows([counts["expected_relapses"], (-rate, table, key, column, value)])
        if row["relapse_rate"] is not None:
            _, table, key, column, value = counts["observed"]
            rate = Fraction(str(row["relapse_rate"]))
            reader.knows([counts["relapsed"], (-rate, table, key, column, value)])
        if row["status"] == "complete":
            reader.knows([counts["entries"], _minus(counts["observed"])])
    start = {
        tuple(row[key] for key in keys): row
        for row in tables["relapse_curve"]
        if row["months_since_entry"] == 0
    }
    for row in tables["relapse_summary"]:
        first = start.get(tuple(row[key] for key in keys))
        if first is not None:
            reader.knows([_term(1, "relapse_summary", keys, row, "entries"),
                          _minus(_term(1, "relapse_curve", keys, first, "at_risk"))])  # fmt: skip
            if first["still_out_share"] is not None and first["at_risk"] is not None:
                gone = (1 - Fraction(str(first["still_out_share"]))) * first["at_risk"]
                reader.knows([_term(1, "relapse_curve", keys, first, "returned"),
                              (-1, "", (), "", round(gone))])  # fmt: skip


def _minus(term: Term) -> Term:
    return (-term[0], *term[1:])


def _goals(reader: Reader, tables: Tables) -> None:
    keys = ("contract_id", "month", "benefit_group")
    for row in tables["focus_goal"]:
        if row["achieved_share"] is not None and row["persons"] is not None:
            either = round(Fraction(str(row["achieved_share"])) * row["persons"])
            reader.knows([_term(1, "focus_goal", keys, row, "with_either"),
                          (-1, "", (), "", either)])  # fmt: skip


def _families(reader: Reader, tables: Tables) -> None:
    """Rows that add up to what another table shows."""
    for members, total, keys, member, measures in (
        ("claim_match", "claim_match_period", ("contract_id", "period_start", "match"), "reason",
         ("month_count", "amount_dkk")),
        ("cases_ended_month", "follow_up_month", ("contract_id", "month", "benefit_group"),
         "reason", ("cases_ended",)),
    ):  # fmt: skip
        rows = defaultdict(list)
        for row in tables[members]:
            rows[tuple(row[key] for key in keys)].append(row)
        for row in tables[total]:
            own = rows[tuple(row[key] for key in keys)]
            for measure in measures:
                reader.knows(
                    [_minus(_term(1, total, keys, row, measure))]
                    + [_term(1, members, (*keys, member), one, measure) for one in own]
                )


def _statuses(reader: Reader, tables: Tables) -> None:
    keys = ("contract_id", "year", "step")
    rows = defaultdict(list)
    for row in tables["screening_funnel"]:
        rows[row["contract_id"], row["year"]].append(row)
    for own in rows.values():
        statuses = [row for row in own if row["step"].startswith("status_")]
        course = [row for row in own if row["step"] == "special_course"]
        if statuses:
            reader.knows(
                [_term(1, "screening_funnel", keys, row, "persons") for row in statuses]
                + [_minus(_term(1, "screening_funnel", keys, row, "persons")) for row in course]
            )


def _follow_up(reader: Reader, tables: Tables) -> None:
    """The same published figure, in two tables; the home has one area."""
    home = {(row["benefit_group"], row["month"]): row for row in tables["fte_month"]}
    keys = ("benefit_group", "month")
    for row in tables["follow_up_month"]:
        other = home.get((row["benefit_group"], row["month"]))
        if other is not None and row["fte_published"] is not None:
            same = _minus(_term(1, "follow_up_month", keys, row, "fte_published"))
            reader.knows([_term(1, "fte_month", keys, other, "fte_published"), same])


def _blockers(reader: Reader, tables: Tables) -> None:
    keys = ("contract_id", "period_start", "match")
    pending = {
        (row["contract_id"], row["period_start"]): row["item_count"]
        for row in tables["settlement_blocker"]
        if row["kind"] == "claims_pending"
    }
    members = defaultdict(list)
    for row in tables["claim_match"]:
        if row["match"] == "claimed_pending":
            members[row["contract_id"], row["period_start"]].append(row)
    for place, own in members.items():
        if place in pending:
            reader.knows(
                [_term(1, "claim_match", (*keys, "reason"), row, "month_count") for row in own]
                + [(-1, "", (), "", pending[place])]
            )
