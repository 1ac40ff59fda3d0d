"""What the statistics of generated homes hide is not got back by whoever reads all of the mart."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.test_generated_worlds import HALLS, compare_hall
from tests.support import attacker, night

READ = (
    "relapse_summary", "relapse_curve", "focus_goal", "claim_match", "claim_match_period",
    "follow_up_month", "cases_ended_month", "screening_funnel", "fte_month", "settlement_blocker",
)  # fmt: skip
CASES = [pytest.param(hall, marks=pytest.mark.xdist_group(f"hall-{hall}")) for hall in HALLS]
NO_COUNTS = {"amount_dkk", "expected_relapses", "avoided_relapses"}
"""What is computed from counts that are attacked themselves."""
FAMILIES = {"claim_match": 3, "cases_ended_month": 3}
"""Tables whose hidden rows stand as one, with the place of the member in the key."""


def read(shared_folder: Path, hall: str) -> dict[str, list[dict[str, Any]]]:
    """The tables of a generated home's last night."""
    compare_hall(shared_folder, hall)
    return night.read_marts(shared_folder / f"hall-{hall}", list(READ))


# Rules G.attack, M.suppression, M.family, M.adds_up
@pytest.mark.parametrize("hall", CASES)
def test_no_hidden_cell_whose_key_is_shown_is_got_back(shared_folder: Path, hall: str) -> None:
    tables = read(shared_folder, hall)
    hidden = Counter(name for name, rows in tables.items() for r in rows if r.get("is_suppressed"))
    assert hidden["claim_match"]
    members = Counter(
        (name, *(row[key] for key in list(row)[:3]))
        for name in FAMILIES
        for row in tables[name]
        if row["is_suppressed"] or any(row[m] for m in ("month_count", "cases_ended") if m in row)
    )
    wrong = []
    for (table, key, column), value in attacker.attack(tables).items():
        # what stands as hidden is whoever the total has and the shown rows have not
        is_hidden_row = table in FAMILIES and key[FAMILIES[table]] == "hidden"
        is_whole = is_hidden_row and members[table, *key[:3]] == 1
        # a count of five or more tells of nobody: all are observed where the follow-up is complete
        if is_whole or column in NO_COUNTS or not 1 <= value < 5:
            continue
        wrong.append((table, key, column, value))
    assert wrong == []


def small_goal(**shown: Any) -> dict[str, Any]:
    """A row of the focus goal of twenty persons, without its counts."""
    counts = dict.fromkeys(("with_placement", "with_hours", "with_either", "achieved_share"))
    return {
        "contract_id": "a",
        "month": "m",
        "benefit_group": "g",
        "persons": 20,
        **counts,
        **shown,
    }


NOTHING: dict[str, list[dict[str, Any]]] = {name: [] for name in READ}
STEPS = [
    {"contract_id": "a", "year": 1, "step": step, "persons": persons}
    for step, persons in (("special_course", 12), ("status_a", 9), ("status_b", None))
]
REASONS = [
    {"contract_id": "a", "month": "m", "benefit_group": "g", "reason": r, "cases_ended": n}
    for r, n in (("job", 9), ("hidden", None))
]
WHOLE = {"contract_id": "a", "month": "m", "benefit_group": "g", "fte_published": None,
         "is_suppressed": False, "cases_ended": 12}  # fmt: skip
SUMMARY = {
    "contract_id": "a", "part_id": "p", "entries": 20, "observed": 20, "retained": 17,
    "relapsed": None, "any_return": None, "expected_relapses": None, "avoided_relapses": None,
    "relapse_rate": None, "baseline_relapse_rate": "0.1", "status": "incomplete",
}  # fmt: skip


@pytest.mark.parametrize(
    ("tables", "cell", "value"),
    [
        ({"screening_funnel": STEPS}, ("screening_funnel", ("a", 1, "status_b"), "persons"), 3),
        ({"cases_ended_month": REASONS, "follow_up_month": [WHOLE]},
         ("cases_ended_month", ("a", "m", "g", "hidden"), "cases_ended"), 3),
        ({"relapse_summary": [SUMMARY]}, ("relapse_summary", ("a", "p"), "relapsed"), 3),
        ({"relapse_summary": [SUMMARY | {"observed": None, "retained": None,
                                         "expected_relapses": "2", "avoided_relapses": "-1"}]},
         ("relapse_summary", ("a", "p"), "relapsed"), 3),
        ({"focus_goal": [small_goal(achieved_share="0.15")]},
         ("focus_goal", ("a", "m", "g"), "with_either"), 3),
    ],
)  # fmt: skip
def test_the_attacker_finds_what_hiding_small_cells_alone_leaves(
    tables: dict[str, Any], cell: attacker.Cell, value: int
) -> None:
    assert attacker.attack(NOTHING | tables)[cell] == Fraction(value)
