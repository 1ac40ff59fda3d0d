"""A delivery is withdrawn after an approval: what falls back, what is settled, what stays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from dagster_project.lib import receiving
from dagster_project.lib.base.canonical import sha256_file
from dagster_project.lib.trace import replay, why
from dagster_project.orchestration.dbt_runner import run_selected
from tests.life.world import CONTRACT, Town, begin

FIRST, SECOND, NIGHT = "2023-04-05", "2023-04-10", "2023-04-15"
SOURCES = ("ydelsesforloeb", "deltagere", "resultatkrav")


def name_of(source: str, day: str = SECOND) -> str:
    """The name under which the town delivers."""
    before = dt.date.fromisoformat(day) - dt.timedelta(days=1)
    window = f"_2022-01-01_{before}"
    return f"{source}_{day}{window if source == 'ydelsesforloeb' else ''}.csv"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """What the second files told was approved; then they are withdrawn, on the day of approval."""
    told = begin(tmp_path_factory.mktemp("tilbage"))
    told.visited = {"A": "2023-01-02", "C": "2023-01-04"}
    told.claims = {("A", "2023-03"): True, ("B", "2023-02"): True, ("C", "2023-02"): True}
    told.deliver(FIRST)
    told.visited = {"A": "2023-01-02", "B": "2023-01-03", "C": "2023-01-04"}
    told.claims["A", "2023-02"] = True
    told.spells["A"].append(("2023-03-05", "2023-03-20"))
    told.deliver(SECOND)
    sha256 = {source: sha256_file(told.root / "landing" / name_of(source)) for source in SOURCES}
    told.night(NIGHT)
    told.approve("2023-01")
    for source in SOURCES:
        receiving.withdraw_delivery(
            told.settings, sha256[source], "Kai", "forkert udtræk", dt.date.fromisoformat(NIGHT)
        )
    told.night("2023-07-02")
    yield told


# Rules I.withdrawal, S.cause
def test_each_line_that_changes_names_the_withdrawal_behind_it(town: Town) -> None:
    names = {row["sha256"]: row["file_name"] for row in town.rows("mart.delivery")}
    found = {
        (row["course_id"], row["month"].isoformat()[:7]): (
            int(row["difference_dkk"]), row["cause"], names[row["cause_delivery_sha256"]]
        )
        for row in town.rows("restricted.settlement_line")
        if row["line_kind"] == "true_up"
    }  # fmt: skip
    assert found == {
        ("A", "2023-02"): (-1000, "delivery_withdrawn", name_of("resultatkrav")),
        ("A", "2023-03"): (1000, "delivery_withdrawn", name_of("ydelsesforloeb")),
        ("B", "2023-02"): (-1000, "delivery_withdrawn", name_of("deltagere")),
        ("C", "2023-02"): (1000, "delivery_withdrawn", name_of("deltagere")),
    }


# Rule I.withdrawal
def test_the_days_fall_back_to_the_delivery_before_and_the_table_says_so(town: Town) -> None:
    told = {row["file_name"]: row for row in town.rows("mart.delivery")}
    for source in SOURCES:
        withdrawn, before = told[name_of(source)], told[name_of(source, FIRST)]
        assert (withdrawn["is_accepted"], withdrawn["refusal_code"]) == (
            False, "DELIVERY_WITHDRAWN",
        )  # fmt: skip
        assert (before["is_accepted"], before["refusal_code"]) == (True, None)
    covering = {
        row["file_name"]
        for row in town.rows("restricted.case_line_evidence")
        if row["role"] == "coverage"
    }
    assert covering == {name_of("ydelsesforloeb", FIRST)}
    kinds = {row["kind"] for row in town.rows("mart.settlement_blocker")}
    assert not kinds & {"delivery_refused", "delivery_held"}


# Rules S.replay, I.withdrawal
def test_the_approved_period_replays_with_the_withdrawn_files(town: Town) -> None:
    verdict = replay.replay(town.settings, CONTRACT, "2023-01", run_selected)
    assert verdict.is_identical, verdict.text()


# Rules S.why, S.frozen
def test_why_tells_the_line_as_it_was_approved_beside_what_is_known_today(town: Town) -> None:
    answer = why.explain(town.settings, CONTRACT, "2023-01", "B", "2023-02").as_json()
    (line,) = answer["lines"]
    assert (line["rule"]["is_payable"], line["new_amount_dkk"]) == (True, "1000.00")
    assert {row["file_name"] for row in line["evidence"] if row["role"] == "participant"} == {
        name_of("deltagere")
    }
    assert line["today"] == {"rule": None, "evidence": []}
    assert [(row["period"], row["cause"], row["is_approved"]) for row in line["settled_by"]] == [
        ("2023-04", "delivery_withdrawn", False)
    ]
