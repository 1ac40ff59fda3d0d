"""Approved periods, releases and later knowledge: true-ups of the SQL equal those of the oracle.

Many contracts live through the same three nights; after each of the first two, some of their closed
periods are approved, some authorised maxima are raised, and some contracts are amended. Beside them
stand the scenes, each of which shows one sentence.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dagster_project import settings as places
from dagster_project.lib import life, receiving
from dagster_project.lib.base.errors import NotAllowedError
from tests.oracle import civil, rows
from tests.oracle.courses import optional
from tests.oracle.history import History
from tests.oracle.home import Knowledge, know, read_contracts, read_deliveries
from tests.support import night
from tests.support.compare import differences
from tests.worlds import contracts as contract_terms
from tests.worlds import generate, scenes

SEEDS = Path(__file__).parents[2] / "seeds"
NIGHTS = ("2024-03-15", "2024-09-01", "2025-04-30")
TABLES = (
    "participant", "person_month", "settlement", "settlement_reading", "settlement_line",
    "settlement_part", "settlement_variant", "settlement_true_up", "restatement",
    "settlement_blocker", "claim_match", "claim_match_period", "mismatch", "settlement_forecast",
    "contract_outlook",
)  # fmt: skip
WITHDRAWN = ("ydelsesforloeb", "dream", "resultatkrav", "jobindsats")
RELEASED = Decimal("12345.67")
pytestmark = pytest.mark.xdist_group("approved")


class Home:
    """The files of a home, read once, and what they say as of a night."""

    def __init__(self, inputs: Path) -> None:
        self.inputs = inputs
        self.deliveries = read_deliveries(inputs / "landing")
        self.known: dict[tuple[object, ...], Knowledge] = {}
        self.decisions: dict[tuple[str, str, int], tuple[bool, str, int]] = {}

    def know(self, as_of: str, older: dict[str, int] | None = None) -> Knowledge:
        """What is known as of a night, some sources perhaps only as of an earlier day."""
        key = (as_of, *sorted((older or {}).items()))
        if key not in self.known:
            self.known[key] = know(self.inputs, SEEDS, as_of, self.deliveries, older)
        return dataclasses.replace(self.known[key], decisions=dict(self.decisions))


def act(
    home: Path, history: History, knowledge: Knowledge, contract: dict[str, Any], count: int,
    told: dict[str, rows.Rows],
) -> None:  # fmt: skip
    """Approve the first ``count`` closed, unapproved periods; then raise the maximum, if any."""
    name = contract["contract_id"]
    settings = places.resolve(home, None, dt.date.fromordinal(knowledge.as_of))
    periods = history.periods(knowledge, contract)
    for start in history.approve(knowledge, contract, count, told):
        life.submit(settings, name, start[:7], "Lis Leverandør", "prøve")
        life.verify(settings, name, start[:7], "Kai Controller")
        life.approve(settings, name, start[:7], "Lea Leder")
    unapproved = periods[len(history.approved[name]) :]
    is_scene = name.startswith("scene-")
    if optional(contract["payment"].get("authorised_max")) and unapproved and not is_scene:
        life.release(settings, name, RELEASED, "Kai Controller", "prøve")
        history.releases[name].append((unapproved[0].start, int(RELEASED * 100)))


def dispute(
    home: Path, files: Home, history: History, rng: random.Random, knowledge: Knowledge, name: str,
    told: rows.Rows,
) -> None:  # fmt: skip
    """Dispute some months of approved periods otherwise than they are; uphold most of them."""
    settings = places.resolve(home, None, dt.date.fromordinal(knowledge.as_of))
    starts = sorted(one.period_start for one in history.approved[name])
    lengths = [(start, _next_start(start, starts)) for start in starts]
    priced = [row for row in told if row["price_group"] is not None]
    for row in rng.sample(priced, min(4, len(priced))):
        day = civil.day(row["month"])
        period = next((start for start, end in lengths if start <= day < end), None)
        if period is None:
            continue
        wants = "unpaid" if row["is_payable"] else "paid"
        try:
            (opened,) = life.dispute(
                settings, name, civil.day_text(period)[:7], row["course_id"], row["month"][:7],
                wants, "Lis Leverandør" if wants == "paid" else "Kai Controller", "prøve",
            )  # fmt: skip
        except NotAllowedError as refused:
            assert refused.code == "DISPUTE_OPEN", refused  # since an earlier night
            continue
        outcome = rng.choice(("upheld", "upheld", "rejected", "open"))
        if outcome == "open":
            continue
        life.decide(
            settings, life.name_of([opened]), "Lea Leder", "prøve", uphold=outcome == "upheld"
        )
        if outcome == "upheld":
            key = (name, row["course_id"], civil.month(row["month"][:7]))
            files.decisions[key] = (
                wants == "paid", row["price_group"], int((opened.amount_dkk or 0) * 100)
            )  # fmt: skip


def _next_start(start: int, starts: list[int]) -> int:
    """A day on which the next period has begun; the newest of them is taken as a month long."""
    later = [one for one in starts if one > start]
    return later[0] if later else start + 28


def withdraw(home: Path, files: Home, source: str) -> None:
    """Withdraw the newest delivery of a source that the first night knew, from the day after on."""
    last, day = civil.day(NIGHTS[0]), civil.day(NIGHTS[0]) + 1
    known = [one for one in files.deliveries if one.source == source and one.extracted_on <= last]
    newest = max((one for one in known if "scener" not in one.name), key=lambda one: one.order)
    settings = places.resolve(home, None)
    receiving.withdraw_delivery(
        settings, newest.sha256, "Kai Controller", "prøve", dt.date.fromordinal(day)
    )
    newest.withdrawn_on = day


def one_night(
    home: Path, files: Home, history: History, as_of: str
) -> tuple[dict[str, Any], dict[str, dict[str, rows.Rows]], dict[str, rows.Rows]]:
    """Run a night and compare it: what was found, the oracle's rows by contract, and by table."""
    night.publish(home, as_of)
    knowledge = files.know(as_of)
    contracts = read_contracts(files.inputs / "contracts")
    decided = {one["contract_id"]: history.decided(knowledge, one) for one in contracts}
    told = {
        one["contract_id"]: history.rows(
            knowledge, one, decided[one["contract_id"]],
            lambda since, sources: files.know(as_of, dict.fromkeys(sources, since)),
        )
        for one in contracts
    }  # fmt: skip
    expected: dict[str, rows.Rows] = {table: [] for table in TABLES}
    for own in (*told.values(), rows.home_rows(knowledge, contracts, decided)):
        for table in TABLES:
            expected[table] += own.get(table, [])
    published = night.read_marts(home, list(TABLES))
    lines = expected["settlement_line"]
    scene_rows = {
        table: [row for row in published[table] if row["contract_id"].startswith("scene-")]
        for table in (
            "settlement", "settlement_line", "settlement_true_up", "restatement", "participant"
        )
    }  # fmt: skip
    found = {
        "scenes": scene_rows,
        "differences": {t: differences({t: e}, published) for t, e in expected.items()},
        "true_ups": sum(row["line_kind"] == "true_up" for row in lines),
        "carried": sum(
            row["carried_forward_dkk"] not in (None, "0.00") for row in expected["settlement"]
        ),
        "repayable": sum(
            row["repayable_dkk"] not in (None, "0.00") for row in expected["settlement"]
        ),
        "approved": sum(len(one) for one in history.approved.values()),
        "causes": Counter(row["cause"] for row in lines),
        "shown": sum(row["line_count"] is not None for row in expected["restatement"]),
        "hidden": sum(row["line_count"] is None for row in expected["restatement"]),
    }
    return found, told, expected


def live(home: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, rows.Rows]]]:
    """The nights of the histories in a home: date, what was found, and the oracle's rows by table.

    What is approved, released and amended after a night is done when the next one is asked for.
    """
    world = generate.hall(49, 16, ("ydelsesforloeb", "dream"), background_count=80)
    told_scenes = scenes.every_scene()
    scenes.add_to(world, told_scenes)
    files = Home(world.write(home.with_name(f"{home.name}-told")))
    world.write(home)
    history, rng = History(), random.Random(49)
    for number, as_of in enumerate(NIGHTS):
        found, own, expected = one_night(home, files, history, as_of)
        yield as_of, found, expected
        if as_of == NIGHTS[-1]:
            return
        contracts = read_contracts(files.inputs / "contracts")
        for place, contract in enumerate(contracts):
            name = contract["contract_id"]
            scene = told_scenes.get(name)
            count = scene.approvals[number] if scene else place % 4
            act(home, history, files.know(as_of), contract, count, own[name])
            if scene is None:
                months = own[name].get("person_month", [])
                dispute(home, files, history, rng, files.know(as_of), name, months)
            amend = scene.amendments[number] if scene else None
            if amend is not None:
                amend(world.contracts[name])
            if scene is None:
                world.contracts[name] = contract_terms.amended(rng, world.contracts[name])
        world.write_contracts(home)
        world.write_contracts(files.inputs)
        if as_of == NIGHTS[0]:
            for source in WITHDRAWN:
                withdraw(home, files, source)


@pytest.fixture(scope="session")
def told(shared_folder: Path) -> dict[str, Any]:
    """Per night: differences by table, and how often each thing was reached."""

    def run(home: Path) -> dict[str, Any]:
        return {as_of: found for as_of, found, _ in live(home)}

    answer: dict[str, Any] = night.built_once(shared_folder, "approved", run)[1]
    return answer


@pytest.mark.parametrize("as_of", NIGHTS)
def test_true_ups_and_payments_after_approvals_equal_the_oracle(
    told: dict[str, Any], as_of: str
) -> None:
    wrong = {table: said[:10] for table, said in told[as_of]["differences"].items() if said}
    assert wrong == {}


def scene_rows(
    told: dict[str, Any], as_of: str, table: str, contract_id: str
) -> list[dict[str, Any]]:
    """The published rows of one scene."""
    found = told[as_of]["scenes"][table]
    return [row for row in found if row["contract_id"] == contract_id]


def causes_of(told: dict[str, Any], as_of: str, contract_id: str, period: str) -> dict[str, str]:
    """Cause by course, or part, of the true-ups that a period settles."""
    return {
        row["course_id"] or row["part_id"]: row["cause"]
        for row in scene_rows(told, as_of, "settlement_line", contract_id)
        if row["line_kind"] == "true_up" and row["period_start"] == period
    }


def test_the_histories_reach_true_ups_of_every_cause_and_carried_amounts(
    told: dict[str, Any],
) -> None:
    assert told[NIGHTS[1]]["approved"] > 0
    assert sum(one["carried"] for one in told.values()) >= 1
    assert sum(one["repayable"] for one in told.values()) >= 1
    reached: Counter[str] = Counter()
    for one in told.values():
        reached.update(one["causes"])
    assert set(reached) >= {
        "terms_changed", "participant_changed", "exit_added", "claim_added", "claim_withdrawn",
        "register_changed", "statistics_revised", "quota_changed", "delivery_withdrawn",
        "decision_made",
    }  # fmt: skip


@pytest.mark.parametrize("table", ["settlement_true_up", "restatement"])
def test_small_causes_are_one_hidden_row_of_their_own_corrected_period(
    told: dict[str, Any], table: str
) -> None:
    found = scene_rows(told, NIGHTS[1], table, "scene-to-perioder")
    assert [(row["corrected_period_start"], row["cause"]) for row in found] == [
        ("2023-01-01", "hidden"), ("2023-04-01", "hidden"),
    ]  # fmt: skip
    shown = {(row["is_suppressed"], row["line_count"], row["difference_dkk"]) for row in found}
    assert shown == {(True, None, None)}


@pytest.mark.parametrize("table", ["settlement_true_up", "restatement"])
def test_one_person_with_five_changed_months_is_one_person_and_five_persons_are_shown(
    told: dict[str, Any], table: str
) -> None:
    (one,) = scene_rows(told, NIGHTS[1], table, "scene-en-person")
    (five,) = scene_rows(told, NIGHTS[1], table, "scene-fem-personer")
    assert (one["cause"], one["line_count"], one["is_suppressed"]) == ("hidden", None, True)
    assert (five["line_count"], five["difference_dkk"]) == (5, "-5000.00")


def test_two_parts_about_the_same_group_and_month_get_their_own_causes(
    told: dict[str, Any],
) -> None:
    found = causes_of(told, NIGHTS[1], "scene-to-dele", "2023-04-01")
    assert found == {"del2": "statistics_revised", "del3": "terms_changed"}


def test_each_course_gets_the_cause_that_its_own_last_approval_tells(
    told: dict[str, Any],
) -> None:
    assert causes_of(told, NIGHTS[1], "scene-årsager", "2023-04-01") == {
        "afsluttet": "exit_added", "krav-kom": "claim_added",
        "krav-væk-og-igen": "claim_withdrawn", "støtte-og-ikke": "register_changed",
        "begge-dele": "register_changed", "plads-1": "participant_changed",
        "plads-2": "quota_changed",
    }  # fmt: skip
    assert causes_of(told, NIGHTS[2], "scene-årsager", "2023-07-01") == {
        "krav-væk-og-igen": "claim_added", "støtte-og-ikke": "register_changed",
    }  # fmt: skip


def test_a_line_withdrawn_goes_to_the_group_last_approved(told: dict[str, Any]) -> None:
    (course,) = scene_rows(told, NIGHTS[2], "participant", "scene-gruppe")
    assert (course["eligibility"], course["price_group"]) == ("not_on_benefit", None)
    withdrawn = [
        (row["month"][:7], row["price_group"], row["old_amount_dkk"], row["new_amount_dkk"])
        for row in scene_rows(told, NIGHTS[2], "settlement_line", "scene-gruppe")
        if row["period_start"] == "2023-07-01"
    ]
    assert withdrawn == [
        (f"2023-{month:02d}", "jobafklaring", "700.00", "0.00") for month in range(2, 7)
    ]


@pytest.mark.parametrize(
    ("contract_id", "entitled", "repayable"),
    [("scene-loft", "22000.00", "0.00"), ("scene-loft-og-mindre", "11000.00", "5000.00")],
)
def test_repayable_is_measured_against_entitlement_when_less_is_authorised_than_was_paid(
    told: dict[str, Any], contract_id: str, entitled: str, repayable: str
) -> None:
    last = scene_rows(told, NIGHTS[2], "settlement", contract_id)[-1]
    assert last["entitlement_cumulative_dkk"] == entitled
    assert (last["payment_cumulative_dkk"], last["payment_dkk"]) == ("5000.00", "0.00")
    assert (last["carried_forward_dkk"], last["repayable_dkk"]) == ("11000.00", repayable)
