"""The SQL equals the oracle on generated homes with hundreds of contracts, day after day.

One home carries many worlds, so that one night checks them all; the as-of dates are run in the same
home one after the other, as nights are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib.trace import why
from dagster_project.settings import resolve
from tests.oracle import rows
from tests.support import night
from tests.support.compare import KEYS, differences, without_texts
from tests.worlds import generate

SEEDS = Path(__file__).parents[2] / "seeds"
HALLS: dict[str, dict[str, Any]] = {
    "settled": {
        "seed": 13,
        "contract_count": 200,
        "background_count": 330,
        "as_of": ["2023-08-15", "2025-04-30"],
    },
    "tracked": {
        "seed": 12,
        "contract_count": 10,
        "registers": ("ydelsesforloeb", "dream"),
        "background_count": 150,
        "tracked_count": 6,
        "as_of": ["2025-04-30"],
    },
}
CASES = [
    pytest.param(hall, as_of, marks=pytest.mark.xdist_group(f"hall-{hall}"))
    for hall, terms in HALLS.items()
    for as_of in terms["as_of"]
]


def compare_hall(shared_folder: Path, hall: str) -> dict[str, dict[str, Any]]:
    """Per as-of date: differences by table, and how often each decision was reached."""
    terms = dict(HALLS[hall])
    dates = terms.pop("as_of")

    def run(home: Path) -> dict[str, dict[str, Any]]:
        world = generate.hall(**terms)
        told = world.write(home.with_name(f"{home.name}-told"))
        world.write(home)
        said = {}
        for as_of in dates:
            night.publish(home, as_of)
            said[as_of] = compare(rows.answer(told, SEEDS, as_of), home)
        return said

    answer: dict[str, dict[str, Any]] = night.built_once(shared_folder, f"hall-{hall}", run)[1]
    return answer


def compare(answer: dict[str, Any], home: Path) -> dict[str, Any]:
    """Differences of every table that the oracle knows, and the reached decisions."""
    published = night.read_marts(home, sorted(answer))
    said: dict[str, list[str]] = {}
    for table, expected in answer.items():
        if table == "employment_entry":
            said[table] = entry_differences(expected, published[table])
        else:
            said[table] = differences({table: expected}, published)
    silent = without_texts(published, ("mismatch", "settlement_blocker"), ("owner", "remedy"))
    said["texts"] = [f"no owner or remedy: {row}" for row in silent]
    reached = {
        "eligibility": Counter(row["eligibility"] for row in answer["participant"]),
        "status": Counter(row["status"] for row in answer["person_month"]),
        "match": Counter(row["match"] for row in answer["person_month"]),
        "fte": Counter(row["status"] for row in answer["fte_effect"]),
        "mismatch": Counter(row["kind"] for row in answer["mismatch"]),
        "blocker": Counter(row["kind"] for row in answer["settlement_blocker"]),
        "closing": Counter(
            "one day" if row["period_start"] == row["period_end"] else "longer"
            for row in answer["settlement"]
            if row["period_label"] == "slutafregning" and row["is_closed"]
        ),
        "two fte parts": opposite_parts(answer["fte_effect"]),
        "held": Counter(
            row["held_cumulative_dkk"] not in (None, "0.00") for row in answer["settlement"]
        ),
    }
    return {"differences": said, "reached": reached, "rows": {t: len(r) for t, r in answer.items()}}


def opposite_parts(rows: list[dict[str, Any]]) -> Counter[str]:
    """Contracts by whether one of their complete fte parts rises where another one falls."""
    sums: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for row in rows:
        if row["status"] == "complete":
            own = sums[row["contract_id"]]
            own[row["part_id"]] = own.get(row["part_id"], Decimal(0)) + Decimal(row["amount_dkk"])
    signs = [{amount > 0 for amount in own.values()} for own in sums.values()]
    return Counter("opposite" if len(own) == 2 else "alike" for own in signs)


def entry_differences(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[str]:
    """Employment entries without their person: the oracle does not know the key."""
    columns = list(expected[0]) if expected else []
    wanted = Counter(tuple(row[column] for column in columns) for row in expected)
    have = Counter(tuple(row[column] for column in columns) for row in found)
    return [f"missing {row}" for row in wanted - have] + [f"extra {row}" for row in have - wanted]


@pytest.mark.parametrize(("hall", "as_of"), CASES)
def test_sql_equals_the_oracle(shared_folder: Path, hall: str, as_of: str) -> None:
    found = compare_hall(shared_folder, hall)[as_of]
    wrong = {table: said[:10] for table, said in found["differences"].items() if said}
    assert wrong == {}


@pytest.mark.xdist_group("hall-settled")
def test_every_decision_is_reached_in_the_generated_worlds(shared_folder: Path) -> None:
    reached = [found["reached"] for found in compare_hall(shared_folder, "settled").values()]
    for name, values in {
        "eligibility": [
            "outside_term", "exited_before_referral", "register_silent", "not_on_benefit",
            "case_too_short", "case_start_unknown", "duplicate_person", "over_quota", "eligible",
        ],
        "status": ["not_eligible", "exited", "not_observed", "on_support", "self_supporting"],
        "match": ["agreed", "claimed_pending", "claimed_denied", "unclaimed", "none"],
        "fte": ["complete", "incomplete"],
        "closing": ["one day", "longer"],
        "two fte parts": ["opposite"],
        "mismatch": [
            "claimed_denied", "claimed_pending", "unclaimed", "group_differs",
            "participant_changed", "no_income", "two_contracts", "claim_without_course",
            "claim_outside_effort",
        ],
        "blocker": [
            "register_not_observed", "statistics_missing", "earlier_period_open", "amount_held",
            "claims_pending",
        ],
    }.items():  # fmt: skip
        wanted = 1 if name == "two fte parts" else 3
        for value in values:
            assert any(one[name].get(value, 0) >= wanted for one in reached), (name, value)


@pytest.mark.xdist_group("hall-tracked")
def test_every_table_of_the_oracle_has_rows_somewhere(shared_folder: Path) -> None:
    counts: Counter[str] = Counter()
    for hall in HALLS:
        for found in compare_hall(shared_folder, hall).values():
            counts.update(found["rows"])
    assert {table for table, count in counts.items() if count} >= {
        "participant", "person_month", "settlement", "settlement_reading", "settlement_line",
        "settlement_part", "settlement_variant",
        "settlement_blocker", "payment_curve", "settlement_forecast", "contract_outlook",
        "fte_month", "mismatch",
        "claim_match", "claim_match_period",
        "fte_effect", "employment_entry", "relapse_summary", "relapse_curve",
        "focus_goal", "follow_up_month", "cases_ended_month", "screening_funnel", "effect",
        "potential",
    }  # fmt: skip
    assert set(counts) <= set(KEYS)


@pytest.mark.xdist_group("hall-settled")
def test_why_leads_from_a_saving_to_its_entries_and_to_files(shared_folder: Path) -> None:
    compare_hall(shared_folder, "settled")
    home = shared_folder / "hall-settled"
    lines = [
        line
        for line in night.read_mart(home, "settlement_line")
        if line["course_id"] is None and line["price_group"] == ""
    ]
    assert lines, "no generated contract pays for relapses"
    terms = {key: value for key, value in HALLS["settled"].items() if key != "as_of"}
    received = {Path(name).name for name in generate.hall(**terms).files}
    settings = resolve(home=home)
    for line in lines[:3]:
        told = why.explain(settings, line["contract_id"], line["period_start"][:7]).as_json()
        (found,) = (one for one in told["lines"] if one["part_id"] == line["part_id"])
        entries = [
            row
            for row in night.read_mart(home, "employment_entry")
            if (row["contract_id"], row["part_id"]) == (line["contract_id"], line["part_id"])
        ]
        assert len(found["entries"]) == len(entries) > 0
        assert {row["source"] for row in found["deliveries"]} > {"eindkomst"}
        assert {row["file_name"] for row in found["deliveries"]} <= received
