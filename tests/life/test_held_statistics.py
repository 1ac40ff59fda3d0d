"""A misplaced decimal mark in the statistics: held, told, in the way of a settlement, let in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dagster_project import settings as places
from dagster_project.lib import life, receiving, status
from dagster_project.lib.base.errors import NotAllowedError
from dagster_project.orchestration import alarm
from tests.life.world import CONTRACT, HEADINGS, Town, begin

OTHERS = ("ydelsesforloeb", "deltagere", "resultatkrav", "personstatus")
UNUSUAL = "jobindsats_2023-04-10.csv"


def land(town: Town, name: str, figures: dict[str, str]) -> None:
    """Statistics of the town's one benefit."""
    rows = [f"Prøveby;Sygedagpenge;{month};9999;{fte}" for month, fte in figures.items()]
    text = "\n".join([HEADINGS["jobindsats"], *rows]) + "\n"
    (town.root / "landing" / name).write_text(text, encoding="utf-8")


def told(town: Town) -> dict[str, Any]:
    """What the mart says of the delivery, the blockers and part 2."""
    delivery = {row["file_name"]: row for row in town.rows("mart.delivery")}[UNUSUAL]
    return {
        "is_accepted": delivery["is_accepted"],
        "blockers": {
            f"{row['period_start']:%Y-%m}": row["item_count"]
            for row in town.rows("mart.settlement_blocker")
            if row["kind"] == "delivery_held"
        },
        "status": [row["status"] for row in town.rows("mart.fte_effect")],
        "warned": [
            (row["severity"], row["unexpected"])
            for row in town.rows("mart.data_quality")
            if row["check_id"] == "figure_is_not_held"
        ],
    }


def shown(town: Town) -> list[tuple[str, list[str]]]:
    """What ``effekt status`` shows as held."""
    return [
        (row["file_name"], row["codes"]) for row in status.look(town.settings, places.now()).held
    ]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Two nights: the statistics are held, and a person lets them in."""
    town = begin(tmp_path_factory.mktemp("tilbageholdt"))
    town.claims = {("A", "2023-02"): True}
    town.deliver("2023-04-10", *OTHERS)
    months = [f"2022M{month:02d}" for month in range(1, 13)]
    land(town, "jobindsats_2023-04-09.csv", dict.fromkeys([*months, "2023M01"], "725,4"))
    land(town, UNUSUAL, {"2023M02": "7.254,0"})
    report = town.night("2023-04-15")
    found: dict[str, Any] = {"held": report, "while held": told(town), "shown": shown(town)}
    with pytest.raises(NotAllowedError) as refused:
        life.submit(town.settings, CONTRACT, "2023-01", "Lis")
    found["submit"] = str(refused.value)
    receiving.accept_delivery(
        town.settings, report.held[0].sha256, "figure", "Kai", "som på jobindsats.dk"
    )
    found["shown when let in"] = shown(town)
    town.night("2023-04-15")
    yield found | {"after": told(town)}


# Rules G.figures, S.blockers
def test_held_statistics_are_not_known_and_block_the_period(story: dict[str, Any]) -> None:
    assert story["while held"] == {
        "is_accepted": False, "blockers": {"2023-01": 1}, "status": ["incomplete"],
        "warned": [("warning", 1)],
    }  # fmt: skip
    assert "delivery_held" in story["submit"] or "tilbage" in story["submit"]


# Rule G.figures
def test_the_night_names_the_file_and_the_command_that_lets_it_in(story: dict[str, Any]) -> None:
    (line,) = (line for line in alarm.problem_lines(story["held"]) if "TILBAGEHOLDT" in line)
    assert UNUSUAL in line and "effekt accept SHA256 figure --as" in line


# Rule P.status
def test_the_status_shows_it_until_a_person_lets_it_in(story: dict[str, Any]) -> None:
    assert story["shown"] == [(UNUSUAL, ["FIGURE_HELD"])]
    assert story["shown when let in"] == []


# Rule G.figures
def test_what_a_person_lets_in_is_known_and_blocks_no_more(story: dict[str, Any]) -> None:
    assert story["after"] == {
        "is_accepted": True, "blockers": {}, "status": ["complete"], "warned": [("warning", 0)],
    }  # fmt: skip
