"""Published figures that hold their delivery: at each boundary, and until a person opens them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from dagster_project.lib import receiving, warehouse
from dagster_project.lib.base.chained import GENESIS
from dagster_project.lib.base.errors import NotAllowedError
from dagster_project.lib.receiving.intake.figures import is_unusual
from dagster_project.lib.receiving.intake.register import REGISTER_NAME, load_register
from dagster_project.lib.receiving.judging.declarations import Figures, load_sources
from dagster_project.settings import SHIPPED_CONTRACTS_DIR, Home, Settings
from tests.unit.receiving import homes

HEADINGS = "Område;Ydelse;Periode;Antal personer;Antal fuldtidspersoner"
AS_OF = dt.date(2025, 1, 1)
MARCH = 3


def declared() -> Figures:
    rule = load_sources()["jobindsats"].figures
    assert rule is not None
    return rule


def year(figure: str, **changed: str) -> dict[int, Decimal]:
    """Twelve months with one figure, some of them changed (``m3`` is the third)."""
    months = {month: Decimal(figure) for month in range(1, 13)}
    return months | {int(name[1:]): Decimal(text) for name, text in changed.items()}


def judged(own: Mapping[int, Decimal], known: Mapping[int, Decimal]) -> bool:
    series = ("Hedensted", "sygedagpenge")
    return is_unusual({series: own}, {series: known} if known else {}, declared())


# Rule G.figures
@pytest.mark.parametrize(
    ("known", "figure", "is_held"),
    [
        ("100", "140", False), ("100", "140.0001", True),
        ("100", "60", False), ("100", "59.9999", True),
        ("20", "30", False), ("20", "30.0001", True),
        ("20", "10", False), ("20", "9.9999", True),
        ("0", "10", False), ("0", "10.0001", True),
    ],
)  # fmt: skip
def test_a_new_month_may_lie_two_fifths_or_ten_persons_from_its_neighbours(
    known: str, figure: str, is_held: bool
) -> None:
    before = {month: Decimal(known) for month in (1, 2, 3)}
    assert judged({4: Decimal(figure)}, before) is is_held


# Rule G.figures
@pytest.mark.parametrize(
    ("known", "figure", "is_held"),
    [
        ("100", "125", False), ("100", "125.0001", True),
        ("100", "75", False), ("100", "74.9999", True),
        ("30", "40", False), ("30", "40.0001", True),
        ("0", "10", False), ("0", "10.0001", True),
    ],
)  # fmt: skip
def test_a_known_month_may_move_by_a_quarter_or_by_ten_persons(
    known: str, figure: str, is_held: bool
) -> None:
    assert judged({1: Decimal(figure)}, {1: Decimal(known)}) is is_held


# Rule G.figures
@pytest.mark.parametrize(
    ("near", "is_held"),
    [((1, 2, 3), True), ((2, 3), False), ((0, 2, 3), False), ((2, 3, 5), True), ((7, 5, 6), True),
     ((8, 5, 6), False)],
)  # fmt: skip
def test_three_neighbours_must_be_known_at_most_three_months_away(
    near: tuple[int, ...], is_held: bool
) -> None:
    assert judged({4: Decimal(500)}, dict.fromkeys(near, Decimal(100))) is is_held


# Rule G.figures
def test_neighbours_in_the_same_file_count_where_the_series_is_known() -> None:
    own = {11: Decimal(100), 12: Decimal(100), 13: Decimal(100), 14: Decimal(500)}
    assert judged(own, {1: Decimal(100)})
    assert not judged(own | {14: Decimal(110)}, {1: Decimal(100)})


# Rule G.figures
@pytest.mark.parametrize(
    ("figure", "is_held"),
    [("1000", True), ("999.9", False), ("40", True), ("40.1", False), ("141", False)],
)
def test_a_series_that_nothing_is_known_of_is_held_for_a_misplaced_decimal_mark_only(
    figure: str, is_held: bool
) -> None:
    assert judged(year("200", m6=figure), {}) is is_held


@pytest.mark.parametrize(("figure", "is_held"), [("62.5", False), ("62.6", True)])
def test_of_an_unknown_series_fifty_persons_must_be_missed(figure: str, is_held: bool) -> None:
    assert judged(year("12.5", m6=figure), {}) is is_held


# Rule G.figures
def test_a_figure_that_is_known_as_it_is_is_not_judged_again() -> None:
    known = year("100", m6="500")
    assert not judged(known | {13: Decimal(100)}, known)
    assert not judged(known, known)


# Rule G.figures
def test_each_series_is_judged_by_itself() -> None:
    one, other = ("Hedensted", "sygedagpenge"), ("Horsens", "sygedagpenge")
    known = {one: year("100"), other: year("1000")}
    assert not is_unusual({one: {13: Decimal(100)}, other: {13: Decimal(1000)}}, known, declared())
    assert is_unusual({one: {13: Decimal(1000)}}, known, declared())


# nights -------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return homes.new_home(tmp_path / "home")


def land(home: Home, name: str, figures: Mapping[str, str]) -> None:
    """A file of the statistics with these figures of one series."""
    rows = [f"Hedensted;Sygedagpenge;{month};9999;{text}" for month, text in figures.items()]
    homes.land(home, f"jobindsats_{name}.csv", "\n".join([HEADINGS, *rows]) + "\n")


USUAL = {f"2023M{month:02d}": "100,0" for month in range(1, 13)}


def known_names(home: Home, as_of: dt.date = AS_OF) -> list[str]:
    connection = warehouse.connect(home.warehouse)
    try:
        warehouse.create_raw(connection)
        receiving.load_deliveries(connection, home)
        receiving.write_known(connection, home, as_of)
        return [
            name
            for (name,) in connection.execute(
                "select file_name from raw.known_delivery order by delivery_rank"
            ).fetchall()
        ]
    finally:
        connection.close()


def accept(home: Home, sha256: str, check: str) -> None:
    settings = Settings(home, SHIPPED_CONTRACTS_DIR, AS_OF, "Hedensted")
    receiving.accept_delivery(settings, sha256, check, "Kai Controller", "som på jobindsats.dk")


# Rules G.figures, I.knowledge
def test_a_held_delivery_is_known_once_a_person_opens_it_and_the_others_go_on(home: Home) -> None:
    land(home, "2024-01-10", USUAL)
    assert homes.receive(home).held == []
    land(home, "2024-02-10", {"2024M01": "725,0"})
    land(home, "2024-02-11", {"2024M01": "110,0"})
    (held,) = homes.receive(home).held
    assert (held.note().code, held.check) == ("FIGURE_HELD", "figure")
    assert known_names(home) == ["jobindsats_2024-01-10.csv", "jobindsats_2024-02-11.csv"]
    for check in ("row_count", "another"):
        with pytest.raises(NotAllowedError):
            accept(home, held.sha256, check)
    accept(home, held.sha256[:8], "figure")
    assert homes.receive(home).held == []
    assert len(known_names(home)) == 3


@pytest.mark.parametrize("check", ["figure", "FIGURE_HELD", "figure_is_not_held"])
def test_the_check_may_be_called_as_the_reports_call_it(home: Home, check: str) -> None:
    land(home, "2024-01-10", USUAL)
    homes.receive(home)
    land(home, "2024-02-10", {"2024M01": "200,0"})
    (held,) = homes.receive(home).held
    accept(home, held.sha256, check)
    assert homes.receive(home).held == []


# Rule G.figures
def test_a_figure_that_a_person_has_opened_is_not_held_when_it_comes_again(home: Home) -> None:
    land(home, "2024-01-10", USUAL)
    homes.receive(home)
    land(home, "2024-02-10", {"2024M01": "200,0"})
    (held,) = homes.receive(home).held
    accept(home, held.sha256, "figure")
    land(home, "2024-03-10", {**USUAL, "2024M01": "200,0", "2024M02": "130,0"})
    assert homes.receive(home).held == []


# Rule G.figures
def test_files_of_one_night_and_what_is_suppressed_judge_nothing(home: Home) -> None:
    land(home, "2024-01-10", USUAL)
    land(home, "2024-02-10", {"2024M01": "200,0"})
    land(home, "2024-03-10", {"2023M12": "200,0"})
    assert homes.receive(home).held == []
    land(home, "2024-04-10", {"2023M06": "*", "2024M02": ".."})
    assert homes.receive(home).held == []


# Rule G.figures
def test_a_delivery_is_judged_by_what_lies_before_it_in_the_order_of_deliveries(
    home: Home,
) -> None:
    land(home, "2024-03-10", USUAL)
    homes.receive(home)
    land(home, "2024-02-10", {"2024M01": "200,0"})
    assert homes.receive(home).held == []
    land(home, "2024-03-10_v2", {"2024M01": "201,0"})
    assert len(homes.receive(home).held) == 1


# Rules G.figures, I.withdrawal
def test_what_is_withdrawn_judges_nothing_new_and_moves_nothing_that_was_decided(
    home: Home,
) -> None:
    land(home, "2024-01-10", USUAL)
    homes.receive(home)
    land(home, "2024-02-10", {"2024M01": "200,0"})
    assert len(homes.receive(home).held) == 1
    usual = load_register(home).accepted()[0]
    settings = Settings(home, SHIPPED_CONTRACTS_DIR, AS_OF, "Hedensted")
    receiving.withdraw_delivery(settings, usual.sha256, "Kai Controller", "forkert", AS_OF)
    land(home, "2024-02-11", {"2024M01": "300,0"})
    (held,) = homes.receive(home).held
    assert held.record.file_name == "jobindsats_2024-02-10.csv"
    receiving.withdraw_delivery(settings, held.sha256, "Kai Controller", "forkert", AS_OF)
    assert homes.receive(home).held == []


# Rule G.figures
def test_a_night_that_was_killed_half_way_decides_as_it_would_have(home: Home) -> None:
    land(home, "2024-01-10", USUAL)
    receiving.receive(home, homes.CONTRACTS, GENESIS)  # nothing was published after it
    land(home, "2024-02-10", {"2024M01": "200,0"})
    assert receiving.receive(home, homes.CONTRACTS, GENESIS).held == []
    head = load_register(home).head
    assert head is not None
    land(home, "2024-03-10", {"2024M02": "500,0"})
    assert len(receiving.receive(home, homes.CONTRACTS, head["hash"]).held) == 1


# Rule G.figures
def test_what_was_accepted_before_there_was_such_a_check_stays_known(home: Home) -> None:
    land(home, "2024-01-10", USUAL)
    homes.receive(home)
    land(home, "2024-02-10", {"2024M01": "200,0"})
    homes.receive(home)
    lines = (home.vault / REGISTER_NAME).read_text(encoding="utf-8").splitlines()
    assert ["held_checks" in json.loads(line) for line in lines] == [False, True]


def test_an_emptied_work_folder_changes_no_judgement(home: Home) -> None:
    land(home, "2024-01-10", USUAL)
    homes.receive(home)
    home.warehouse.unlink()
    land(home, "2024-02-10", {"2024M01": "200,0"})
    assert len(homes.receive(home).held) == 1
