"""The thirteen questions of a BI developer: one select each, without a constant of a contract."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from dagster_project import demo
from dagster_project import settings as places
from dagster_project.lib import warehouse
from dagster_project.lib.contracts import read_contract
from dagster_project.lib.publishing import append_audit, build_candidate, publish
from dagster_project.settings import SHIPPED_CONTRACTS_DIR, Home, Settings
from tests.docs.bi_answers import PAGE, Question, page_text, questions
from tests.support import night
from tests.unit.publishing.conftest import AS_OF, FEW, filled_home

pytestmark = pytest.mark.xdist_group("bi")
QUESTIONS = questions()
BY_NAME = [pytest.param(question, id=question.path.stem) for question in QUESTIONS]


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The published marts of two synthetic municipalities."""
    found = []
    for area in ("Hedensted", "Slagelse"):
        root = tmp_path_factory.mktemp(area)
        demo.write_demo(Home(root).ensure(), area)
        as_of = places.resolve(root, None, None).as_of_text
        night.publish(root, as_of)
        found.append(root / "published" / "payout_mart.duckdb")
    return found


def test_there_are_thirteen_questions() -> None:
    assert len(QUESTIONS) == 13


@pytest.mark.parametrize("question", BY_NAME)
def test_a_question_is_one_select_over_the_open_mart(question: Question) -> None:
    (statement,) = duckdb.extract_statements(question.sql)
    assert statement.type == duckdb.StatementType.SELECT
    assert question.asks.endswith("?")
    tables = set(re.findall(r"\b(?:from|join)\s+(\w+(?:\.\w+)?)", question.sql))
    assert tables
    assert all(name.startswith("mart.") for name in tables - {"unnest"})


@pytest.mark.parametrize("question", BY_NAME)
def test_no_constant_of_a_contract_stands_in_a_question(question: Question) -> None:
    ids: set[str] = set()
    for path in SHIPPED_CONTRACTS_DIR.glob("*.yml"):
        contract = read_contract(path, None)
        ids |= {contract.contract_id, contract.area, *(part.part_id for part in contract.parts)}
        if contract.payment:
            ids |= {one.reading_id for one in contract.payment.readings.alternatives}
    text = question.sql
    assert {name for name in ids if name in text} == set()
    code = re.sub(r"decimal\(\d+, \d+\)|--.*", "", text)
    assert re.findall(r"\b\d{2,}\b|\bdate '", code) == []


@pytest.mark.parametrize("question", BY_NAME)
@pytest.mark.timeout(900)
def test_a_question_has_an_answer_on_the_demo(question: Question, marts: list[Path]) -> None:
    assert any(question.answer(mart)[1] for mart in marts)


@pytest.mark.timeout(900)
def test_the_page_shows_the_questions_with_their_answers_of_today(marts: list[Path]) -> None:
    assert PAGE.read_text(encoding="utf-8") == page_text(marts)


@pytest.fixture
def small(tmp_path: Path) -> Callable[[str], Path]:
    """A made-up home: change its figures and publish; gives the mart."""
    home = filled_home(tmp_path / "home", FEW | {"label"})
    settings = Settings(home=home, contracts_dir=tmp_path, as_of=AS_OF, area=None)
    row = (50, "candidate", "files", "critical", 1, 0, True, "owner", "remedy")

    def run(statement: str) -> Path:
        with warehouse.connect(home.warehouse) as connection:
            connection.execute(statement)
        append_audit(build_candidate(home, settings), [row], gate=50, passed=True)
        publish(home)
        return home.published / "payout_mart.duckdb"

    return run


def test_what_changed_is_what_moved_since_the_publication_before(
    small: Callable[[str], Path], tmp_path: Path
) -> None:
    (changed,) = [one for one in QUESTIONS if "aendret" in one.path.stem]
    small("select 1")
    moved = "update mart.settlement set payment_dkk = payment_dkk + 5 where contract_id = '{}'"
    small(moved.format("contract_id 0"))
    mart = small(moved.format("contract_id 2"))
    names, (row,) = changed.answer(mart)
    told = dict(zip(names, row, strict=True))
    assert told["kontrakt"] == "title 2"
    assert (told["betaling_nu"] - told["betaling_foer"], told["forskel"]) == (5, 5)
    shutil.rmtree(tmp_path / "home")
