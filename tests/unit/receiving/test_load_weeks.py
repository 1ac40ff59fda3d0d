"""What a wide weekly file leaves in the raw room: runs of weeks, and persons who have any."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from dagster_project.lib import warehouse
from dagster_project.lib.receiving.formats import csv_format, week_lines
from dagster_project.settings import Home
from tests.unit.receiving import homes

_NAME = "dream_2024-02-01_2020-12-14_2021-01-24.csv"
_WEEKS = ("2051", "2052", "2053", "2101", "2102", "2103")
_FIRST = dt.date(2020, 12, 14)
_TABLE = {
    "6101900890": ["890", "890", "", "890", "891", "891"],
    "6101901235": [""] * 6,
    "6101901236": ["", "", "", "", "", "731"],
    "6101901237": ["890"] * 6,
}


def _home(path: Path, table: dict[str, list[str]]) -> Home:
    home = homes.new_home(path)
    lines = [";".join(["cpr", *(f"y_{week}" for week in _WEEKS)])]
    lines += [";".join([key, *cells]) for key, cells in table.items()]
    homes.land(home, _NAME, "\n".join(lines) + "\n")
    assert len(homes.receive(home).accepted) == 1
    return home


def _persons(home: Home) -> int:
    with warehouse.connect(home.warehouse) as connection:
        return int(connection.execute("select count(*) from raw.person").fetchall()[0][0])


@pytest.fixture(params=[csv_format.STREAMED_BYTES, 0], ids=["small", "large"])
def _size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_format, "STREAMED_BYTES", request.param)
    monkeypatch.setattr(week_lines, "_BLOCK", 64)


@pytest.mark.usefixtures("_size")
def test_the_rows_are_the_runs_of_weeks_with_a_code(tmp_path: Path) -> None:
    home = _home(tmp_path / "home", _TABLE)
    told = []
    for number, cells in enumerate(_TABLE.values(), 1):
        for week, code in enumerate(cells):
            monday = _FIRST + dt.timedelta(weeks=week)
            if code and week and cells[week - 1] == code:
                told[-1][3] = monday + dt.timedelta(days=6)
            elif code:
                told.append([number, int(code), monday, monday + dt.timedelta(days=6)])
    with warehouse.connect(home.warehouse) as connection:
        found = connection.execute(
            "select row_number, code, from_date, to_date from raw.dream order by all"
        ).fetchall()
    assert found == sorted(map(tuple, told))


@pytest.mark.usefixtures("_size")
def test_a_person_without_a_week_gets_no_pseudonym_and_is_counted_as_a_row(tmp_path: Path) -> None:
    home = _home(tmp_path / "home", _TABLE)
    assert _persons(home) == 3
    with warehouse.connect(home.warehouse) as connection:
        counted = connection.execute(
            "select row_count, loaded_rows from raw.loaded_delivery"
        ).fetchall()
    assert counted == [(4, 4)]


@pytest.mark.usefixtures("_size")
def test_a_file_in_which_nobody_has_a_week_is_received_and_loads_nothing(tmp_path: Path) -> None:
    home = _home(tmp_path / "home", {key: [""] * 6 for key in _TABLE})
    assert (_persons(home), homes.rows(home, "dream")) == (0, [])


@pytest.mark.usefixtures("_size")
def test_persons_known_from_an_earlier_night_keep_their_pseudonym(tmp_path: Path) -> None:
    """All at once, each on a night of its own, and a person of both files: the same rows."""
    headings = ";".join(["cpr", *(f"y_{week}" for week in _WEEKS)])
    files = {
        f"dream_2024-02-0{day}_2020-12-14_2021-01-24.csv": "\n".join(
            [headings, *(";".join([key, *_TABLE[key]]) for key in keys), ""]
        )
        for day, keys in enumerate((list(_TABLE)[:1], list(_TABLE)[2:], list(_TABLE)), 1)
    }
    at_once, in_turn = homes.new_home(tmp_path / "a"), homes.new_home(tmp_path / "b")
    for name, text in files.items():
        homes.land(at_once, name, text)
        homes.land(in_turn, name, text)
        homes.receive(in_turn)
    homes.receive(at_once)
    found = homes.rows(in_turn, "dream")
    assert found == homes.rows(at_once, "dream")
    assert len({row[2] for row in found}) == _persons(in_turn) == 3


@pytest.mark.parametrize("weeks", [week_lines.MAX_WEEKS, week_lines.MAX_WEEKS + 1])
def test_as_many_weeks_as_a_proven_run_carries_and_one_more_give_their_runs(
    weeks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_format, "STREAMED_BYTES", 0)
    mondays = [dt.date(2000, 1, 3) + dt.timedelta(weeks=week) for week in range(weeks)]
    headings = [f"y_{m.isocalendar().year % 100:02d}{m.isocalendar().week:02d}" for m in mondays]
    cells = ["999" if week in (0, weeks - 2, weeks - 1) else "" for week in range(weeks)]
    home, sunday = homes.new_home(tmp_path / "home"), dt.timedelta(days=6)
    text = f"cpr;{';'.join(headings)}\n6101900890;{';'.join(cells)}\n"
    homes.land(home, f"dream_{mondays[-1] + dt.timedelta(weeks=1)}.csv", text)
    homes.receive(home)
    with warehouse.connect(home.warehouse) as connection:
        found = connection.execute(
            "select code, from_date, to_date from raw.dream order by all"
        ).fetchall()
    assert found == [
        (999, mondays[0], mondays[0] + sunday),
        (999, mondays[-2], mondays[-1] + sunday),
    ]
