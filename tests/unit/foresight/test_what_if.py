"""What-if: what it answers, and that it leaves the home as it was."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagster_project import settings as places
from dagster_project.lib import foresight
from dagster_project.lib.base.errors import EffektError, NotAllowedError, UsageError
from dagster_project.lib.foresight import copied
from dagster_project.lib.ledger import access
from dagster_project.orchestration.compiled import CompiledModels
from tests.support import night

CONTRACT = "kontrakt-900-00"
HALF = "parts.del1.max_support_days=15"
HOLD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("create table t (i int)")
connection.execute("checkpoint")
print("held", flush=True)
sys.stdin.read()
"""
pytestmark = pytest.mark.xdist_group("what-if")


def ask(home: Path, **asked: Any) -> dict[str, Any]:
    """The answer to a question, as JSON."""
    settings = places.resolve(home, None, None)
    question = foresight.ask(settings, CONTRACT, **asked)
    told = foresight.answer(settings, question, CompiledModels).as_json()
    return dict(json.loads(json.dumps(told)))


def bytes_of(home: Path) -> dict[str, str]:
    """Every file of a home by its sha256, but the lock of the access log."""
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file() and path.name != ".access.lock"
    }


def entitled(answer: dict[str, Any], side: str) -> dict[str, tuple[str, str]]:
    """Basis and entitlement of each period on one side."""
    return {
        row["period_start"]: (row[side]["basis_dkk"], row[side]["entitlement_cumulative_dkk"])
        for row in answer["periods"]
        if row[side] is not None
    }


@pytest.fixture(scope="module")
def half(asked_home: Path) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
    """What a month counted from half would be, and the home before and after."""
    before = bytes_of(asked_home)
    told = ask(asked_home, changes=[HALF])
    return told, before, bytes_of(asked_home)


# Rules S.what_if, S.unapproved
def test_terms_set_otherwise_come_to_what_the_same_variant_does(
    asked_home: Path, half: tuple[dict[str, Any], Any, Any]
) -> None:
    published: dict[str, dict[str, tuple[str, str]]] = {}
    for row in night.read_mart(asked_home, "settlement_variant"):
        figures = (row["basis_dkk"], row["entitlement_cumulative_dkk"])
        published.setdefault(row["variant_id"], {})[row["period_start"]] = figures
    assert entitled(half[0], "now") == published[""] == published["som_nu"]
    assert entitled(half[0], "then") == published["halv"] != published[""]


# Rule S.what_if
def test_the_home_is_what_it_was_but_for_one_look(
    asked_home: Path, half: tuple[Any, dict[str, str], dict[str, str]]
) -> None:
    _, before, after = half
    log = str(access.record_file(places.Home(asked_home)).relative_to(asked_home))
    assert {name for name in before.keys() | after.keys()
            if before.get(name) != after.get(name)} == {log}  # fmt: skip
    looks = access.read(places.Home(asked_home))
    assert looks[-1]["command"] == "what-if"
    assert looks[-1]["ids"] == {"contract": CONTRACT}


# Rule S.what_if
def test_the_next_settlement_respects_what_is_approved(
    half: tuple[dict[str, Any], Any, Any],
) -> None:
    told = half[0]
    now, then = (told["next_settlement"][side] for side in ("now", "then"))
    assert now["period_start"] == then["period_start"] == "2024-06-01"
    approved = {start: one for start, one in entitled(told, "now").items() if start < "2024-06-01"}
    paid = max(float(entitlement) for _, entitlement in approved.values())
    for side, one in (("now", now), ("then", then)):
        due = float(entitled(told, side)["2024-06-01"][1]) - paid
        assert float(one["payment_dkk"]) == pytest.approx(due)


# Rule S.what_if
def test_changed_months_and_lines_add_up_to_the_change(
    half: tuple[dict[str, Any], Any, Any],
) -> None:
    told = half[0]
    assert {(row["now_status"], row["then_status"]) for row in told["months"]} == {
        ("on_support", "self_supporting")
    }
    basis = {side: sum(float(b) for b, _ in entitled(told, side).values())
             for side in ("now", "then")}  # fmt: skip
    moved = basis["then"] - basis["now"]
    assert moved == pytest.approx(sum(float(row["difference_dkk"]) for row in told["lines"]))
    assert moved == pytest.approx(sum(float(row["difference_dkk"]) for row in told["months"]))


# Rule S.what_if
def test_the_same_question_has_the_same_answer_and_nothing_asked_differs_in_nothing(
    asked_home: Path, half: tuple[dict[str, Any], Any, Any]
) -> None:
    assert ask(asked_home, changes=[HALF]) == half[0]
    same = ask(asked_home)
    assert entitled(same, "now") == entitled(same, "then")
    assert same["months"] == same["lines"] == []


# Rule S.what_if
def test_without_the_claims_nothing_is_claimed_and_with_them_again_all_is_as_it_was(
    asked_home: Path,
) -> None:
    claims = [
        row["sha256"]
        for row in night.read_mart(asked_home, "delivery")
        if row["source"] == "resultatkrav" and row["is_accepted"]
    ]
    assert claims
    told = ask(asked_home, without=claims)
    assert {(row["now_match"], row["then_match"]) for row in told["months"]} >= {
        ("agreed", "unclaimed")
    }
    assert entitled(told, "now") != entitled(told, "then")


# Rule S.what_if
def test_a_file_counts_as_if_it_had_been_delivered_and_a_bad_one_is_refused(
    asked_home: Path, tmp_path: Path
) -> None:
    lines = [row for row in night.read_mart(asked_home, "settlement_line") if row["course_id"]]
    course, month = lines[0]["course_id"], lines[0]["month"][:7]
    path = tmp_path / "resultatkrav_2025-04-01.csv"
    text = f"kontrakt_id;forloeb_id;maaned;krav\n{CONTRACT};{course};{month};nej\n"
    path.write_text(text, encoding="utf-8")
    told = ask(asked_home, added=[path])
    assert [(row["course_id"], row["month"][:7], row["then_dkk"]) for row in told["lines"]] == [
        (course, month, None)
    ]
    path.write_text(text.replace("nej", "måske"), encoding="utf-8")
    with pytest.raises(NotAllowedError, match="FILE_REFUSED"):
        ask(asked_home, added=[path])


# Rule S.what_if
def test_an_added_file_may_name_every_contract_of_the_home(
    asked_home: Path, tmp_path: Path
) -> None:
    terms = (asked_home / "contracts" / f"{CONTRACT}.yml").read_text(encoding="utf-8")
    for name in (CONTRACT, "anden"):
        (tmp_path / f"{name}.yml").write_text(terms.replace(CONTRACT, name), encoding="utf-8")
    path = tmp_path / "resultatkrav_2025-04-01.csv"
    rows = f"{CONTRACT};F-ny;2023-02;ja\nanden;F-ny;2023-02;ja\n"
    path.write_text(f"kontrakt_id;forloeb_id;maaned;krav\n{rows}", encoding="utf-8")
    settings = places.resolve(asked_home, tmp_path, None)
    question = foresight.ask(settings, CONTRACT, added=[path])
    assert foresight.answer(settings, question, CompiledModels).added == 1


# Rule S.what_if
def test_a_period_that_one_side_alone_has_stands_with_the_other_side_empty(
    asked_home: Path,
) -> None:
    told = ask(asked_home, changes=["settlement.anchor_month=1"])
    sides = {(row["now"] is None, row["then"] is None) for row in told["periods"]}
    assert sides == {(True, False), (False, True)}
    assert told["next_settlement"]["then"] is None  # approved periods would have other bounds


@pytest.mark.parametrize(
    "asked",
    [
        {"changes": ["parts.del1.ukendt=1"]},
        {"changes": ["parts.del1.max_support_days=40"]},
        {"changes": ["parts.del1.max_support_days"]},
        {"changes": ["contract_id=x"]},
        {"without": ["0" * 64]},
        {"as_of": dt.date(2025, 5, 1)},
    ],
)
# Rule S.what_if
def test_a_question_that_cannot_be_asked_is_a_fault_of_usage(
    asked_home: Path, asked: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        ask(asked_home, **asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"changes": ["parts.6101901234.max_support_days=1"]},
        {"changes": ["title=om 610190-1234"]},
        {"without": ["610190-1234"]},
    ],
)
# Rules S.what_if, I.person_text
def test_a_number_that_is_typed_into_a_question_is_not_said_again(
    asked_home: Path, asked: dict[str, Any]
) -> None:
    with pytest.raises(UsageError) as refused:
        ask(asked_home, **asked)
    assert "1234" not in str(refused.value)


# Rule S.what_if
def test_two_added_files_of_one_name_are_not_taken_for_one(asked_home: Path) -> None:
    with pytest.raises(UsageError, match="hedder det samme"):
        ask(asked_home, added=[Path("a", "krav.csv"), Path("b", "krav.csv")])


@pytest.fixture
def held(tmp_path: Path) -> Iterator[places.Home]:
    """A home whose warehouse another process holds."""
    home = places.Home(tmp_path).ensure()
    home.warehouse.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-c", HOLD, str(home.warehouse)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == b"held\n"
    yield home
    holder.stdin.close()
    holder.wait()


# Rule S.what_if
def test_a_held_warehouse_is_waited_for_and_then_named(held: places.Home, tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(EffektError, match="WAREHOUSE_HELD") as ended:
        copied.copy_warehouse(held, tmp_path / "copy", wait=1.0)
    assert ended.value.exit_code == 1
    assert time.monotonic() - begun >= 1.0
    assert copied.WAIT_SECONDS == 60.0
