"""Published figures that hold their delivery: at each boundary, and until a person opens them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from dagster_project.lib import receiving, warehouse
from dagster_project.lib.base.errors import NotAllowedError
from dagster_project.lib.receiving.intake.figures import Judgement, Known, judge_series
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
    return judge_series(own, Known(dict(known), set(known)), declared(), 1).is_unusual


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
@pytest.mark.parametrize("known", [{}, {1: Decimal(100)}], ids=["first delivery", "later one"])
def test_neighbours_in_the_same_file_count(known: dict[int, Decimal]) -> None:
    own = {11: Decimal(100), 12: Decimal(100), 13: Decimal(100), 14: Decimal(500)}
    assert judged(own, known)
    assert not judged(own | {14: Decimal(140)}, known)


def swinging(changes: int, by: str = "5") -> dict[int, Decimal]:
    """A series that goes up and down by so much, so many times."""
    return {month: Decimal(50) + month % 2 * Decimal(by) for month in range(1, changes + 2)}


# Rule G.figures
@pytest.mark.parametrize(
    ("by", "figure", "is_held"),
    [("5", "12.5", False), ("5", "12.4", True), ("5", "91.6", False), ("5", "91.7", True)],
)
def test_a_series_that_swings_holds_beyond_eight_of_its_usual_changes_only(
    by: str, figure: str, is_held: bool
) -> None:
    known = swinging(9, by)
    assert judged({5: Decimal(figure)}, known | {5: Decimal("52.5")}) is is_held


# Rule G.figures
@pytest.mark.parametrize(("changes", "is_held"), [(7, True), (8, False)])
def test_a_usual_change_is_known_from_six_changes_on_without_the_judged_month(
    changes: int, is_held: bool
) -> None:
    known = swinging(changes, "10")
    assert judged({3: Decimal(100)}, known) is is_held


# Rule G.figures
def test_a_figure_that_is_known_as_it_is_is_not_judged_again() -> None:
    known = year("100", m6="500")
    assert not judged(known | {13: Decimal(100)}, known)
    assert not judged(known, known)


# Rule G.figures
def test_a_figure_that_had_too_few_neighbours_is_judged_when_it_has_them() -> None:
    alone = {4: Decimal(500)}
    assert judge_series(alone, Known(), declared(), 1) == Judgement(set(), is_unusual=False)
    own = {month: Decimal(300) for month in (1, 2, 3)} | alone
    assert judge_series(own, Known(alone), declared(), 1).is_unusual
    assert not judge_series(own, Known(alone, {4}), declared(), 1).is_unusual


# Rule G.figures
@pytest.mark.parametrize(
    ("delivery_no", "figure", "is_held"),
    [
        (5, "500", False), (5, "500.1", True), (5, "110", False),
        (6, "500", False), (6, "110", True),
    ],
)  # fmt: skip
def test_a_figure_that_was_let_in_is_known_to_the_deliveries_that_come_after_that(
    delivery_no: int, figure: str, is_held: bool
) -> None:
    usual = {month: Decimal(100) for month in (1, 2, 3)}
    known = Known(usual, set(usual), {4: (Decimal(500), 5)})
    found = judge_series({4: Decimal(figure)}, known, declared(), delivery_no)
    assert found.is_unusual is is_held


# Rule G.figures
def test_a_figure_that_was_let_in_is_a_neighbour_of_the_next() -> None:
    usual = {month: Decimal(100) for month in (1, 2)}
    known = Known(usual, set(usual), {3: (Decimal(100), 5)})
    assert judge_series({4: Decimal(500)}, known, declared(), 5).is_unusual


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
@pytest.mark.parametrize(("figure", "is_held"), [("150,0", False), ("149,9", True)])
def test_what_moves_a_figure_that_a_person_has_opened_by_more_than_a_quarter_is_held(
    home: Home, figure: str, is_held: bool
) -> None:
    land(home, "2024-01-10", {"2023M12": "100,0"})
    homes.receive(home)
    land(home, "2024-02-10", {"2023M12": "200,0"})
    (held,) = homes.receive(home).held
    accept(home, held.sha256, "figure")
    land(home, "2024-03-10", {"2023M12": figure})
    assert bool(homes.receive(home).held) is is_held


# Rule G.figures
def test_each_series_of_each_area_is_judged_by_itself(home: Home) -> None:
    rows = [f"Hedensted;Sygedagpenge;{month};9999;100,0" for month in USUAL]
    rows += [f"Horsens;Sygedagpenge;{month};9999;1.000,0" for month in USUAL]
    homes.land(home, "jobindsats_2024-01-10.csv", "\n".join([HEADINGS, *rows]) + "\n")
    assert homes.receive(home).held == []
    row = "Horsens Kommune;sygedagpenge;2024M01;9999;100,0"
    homes.land(home, "jobindsats_2024-02-10.csv", f"{HEADINGS}\n{row}\n")
    assert len(homes.receive(home).held) == 1


def test_what_is_suppressed_or_of_no_mapped_benefit_is_not_judged(home: Home) -> None:
    land(home, "2024-01-10", USUAL)
    land(home, "2024-04-10", {"2023M06": "*", "2024M02": ".."})
    rows = "Hedensted;Anden ydelse;2024M01;9999;900,0\nHedensted;Sygedagpenge;2024M01;9999;100,0"
    homes.land(home, "jobindsats_2024-04-11.csv", f"{HEADINGS}\n{rows}\n")
    report = homes.receive(home)
    assert (report.refused, report.held) == ([], [])


def test_a_file_that_is_refused_while_it_is_read_keeps_no_statistics_out(home: Home) -> None:
    row = "Hedensted;Anden ydelse;2024M01;9999;900,0"
    homes.land(home, "jobindsats_2024-04-11.csv", f"{HEADINGS}\n{row}\n")
    land(home, "2024-01-10", USUAL)
    report = homes.receive(home)
    assert [note.code for note in report.refused] == ["FILE_EMPTY"]
    assert len(report.accepted) == 1


# Rules G.figures, I.order
@pytest.mark.parametrize("nights", [1, 3])
def test_arrival_plays_no_part(home: Home, nights: int) -> None:
    files = {
        "2024-03-10": {"2024M02": "110,0"}, "2024-02-10": {"2024M01": "200,0"}, "2024-01-10": USUAL,
    }  # fmt: skip
    for name, figures in files.items():
        land(home, name, figures)
        if nights > 1:
            homes.receive(home)
    (held,) = homes.receive(home).held
    assert held.record.file_name == "jobindsats_2024-02-10.csv"


# Rules G.figures, I.knowledge
def test_a_run_of_an_earlier_date_holds_what_it_would_have_held(home: Home) -> None:
    land(home, "2024-01-10", USUAL)
    land(home, "2024-02-10", {"2024M01": "200,0"})
    land(home, "2024-03-10", {"2024M01": "110,0"})
    homes.receive(home)
    assert known_names(home, dt.date(2024, 2, 28)) == ["jobindsats_2024-01-10.csv"]
    assert len(known_names(home, dt.date(2024, 3, 10))) == 2


# Rules G.figures, I.withdrawal
def test_what_is_withdrawn_is_compared_with_no_more_and_waits_for_nobody(home: Home) -> None:
    land(home, "2024-01-10", USUAL)
    land(home, "2024-02-10", {"2024M01": "200,0"})
    (held,) = homes.receive(home).held
    settings = Settings(home, SHIPPED_CONTRACTS_DIR, AS_OF, "Hedensted")
    usual = load_register(home).accepted()[0]
    for sha256 in (usual.sha256, held.sha256):
        receiving.withdraw_delivery(settings, sha256, "Kai Controller", "forkert", AS_OF)
        assert homes.receive(home).held == []
    assert known_names(home, AS_OF - dt.timedelta(days=1)) == ["jobindsats_2024-01-10.csv"]


# Rule G.figures
def test_what_was_accepted_before_there_was_such_a_check_stays_known(home: Home) -> None:
    land(home, "2024-01-10", USUAL)
    land(home, "2024-02-10", {"2024M01": "500,0"})
    homes.receive(home)
    register = home.vault / REGISTER_NAME
    lines = [json.loads(line) for line in register.read_text(encoding="utf-8").splitlines()]
    assert [line.pop("judged_checks") for line in lines] == [["figure"], ["figure"]]
    register.unlink()
    load_register(home).append(
        [{k: v for k, v in line.items() if k not in ("seq", "prev", "hash")} for line in lines]
    )
    assert homes.receive(home).held == []
    land(home, "2024-03-10", {"2024M01": "500,0", "2024M02": "150,0"})
    assert homes.receive(home).held == []
    land(home, "2024-03-11", {"2024M01": "300,0"})
    assert len(homes.receive(home).held) == 1


def test_an_emptied_work_folder_changes_no_judgement(home: Home) -> None:
    land(home, "2024-01-10", USUAL)
    homes.receive(home)
    home.warehouse.unlink()
    land(home, "2024-02-10", {"2024M01": "200,0"})
    assert len(homes.receive(home).held) == 1
