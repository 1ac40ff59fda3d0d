"""The answer to one person: what stands in it, what never does, and how it is asked for."""

from __future__ import annotations

import datetime as dt
import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dagster_project.cli.app import app
from dagster_project.lib import person
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.ledger import access
from dagster_project.settings import HOME_FORMAT, Home
from tests.faults import corpus
from tests.unit.person import homes as own
from tests.unit.receiving import homes

NEW = "6101901299"
DAY = dt.date(2024, 2, 1)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two people in one list; the first had another number, and they share a course."""
    made = homes.new_home(tmp_path_factory.mktemp("one") / "home")
    rows = [
        [corpus.CONTRACT, "F-1", "610190-1234", "2023-01-16", "sygedagpenge", "", ""],
        [corpus.CONTRACT, "F-2", NEW, "2023-01-17", "sygedagpenge", "", ""],
        [corpus.CONTRACT, "F-3", "6202901235", "2023-01-18", "sygedagpenge", "", ""],
    ]
    own.land(made, "deltagere", rows)
    later = [[corpus.CONTRACT, "F-2", "6202901235", "2023-01-17", "sygedagpenge", "", ""]]
    own.land(made, "deltagere", later, day="2024-02-02")
    claims = [[corpus.CONTRACT, course, "2023-03", "ja"] for course in ("F-1", "F-2", "F-3")]
    own.land(made, "resultatkrav", claims)
    own.land(made, "personstatus", [[own.NUMBER, "nyt_cpr", "2023-06-13", NEW]])
    assert not homes.receive(made).refused
    return made


def asked(home: Home, number: str = own.NUMBER, as_of: dt.date = own.AS_OF) -> dict[str, list[int]]:
    """Row numbers that are told, by delivery."""
    told, _ = person.insight(own.settings_of(home), number, as_of)
    return {one.file_name: [row.number for row in one.rows] for one in told.deliveries}


@pytest.mark.parametrize("number", [own.NUMBER, NEW])
# Rule F.person
def test_every_row_of_every_number_is_told_and_claims_of_courses_that_are_theirs_alone(
    home: Home, number: str
) -> None:
    assert asked(home, number) == {
        "deltagere_2024-02-01.csv": [1, 2], "resultatkrav_2024-02-01.csv": [1],
        "personstatus_2024-02-01.csv": [1],
    }  # fmt: skip


# Rule F.person
def test_a_delivery_is_told_from_the_day_on_that_it_was_drawn(home: Home) -> None:
    assert "deltagere_2024-02-02.csv" in asked(home, "6202901235", DAY + dt.timedelta(days=1))
    assert "deltagere_2024-02-02.csv" not in asked(home, "6202901235", DAY)
    # the course is the first person's alone as far as is known on that day
    assert asked(home, own.NUMBER, DAY)["resultatkrav_2024-02-01.csv"] == [1, 2]


# Rules F.person, I.person_text, F.access_log
def test_the_command_takes_the_number_from_a_file_and_shows_it_nowhere(
    home: Home, tmp_path: Path
) -> None:
    settings = own.settings_of(home)
    (home.root / "home.yml").write_text(
        f"format: {HOME_FORMAT}\narea: Prøveby\nas_of: 2026-03-01\n", "utf-8"
    )
    folders = ["--home", str(home.root), "--contracts", str(settings.contracts_dir)]
    before = access.count(home)["looks"]
    out = tmp_path / "svar.html"
    done = CliRunner().invoke(
        app, ["person", "--cpr-file", "-", "--out", str(out), *folders], input="610190-1234\n"
    )
    assert done.exit_code == 0, done.exception
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    path = tmp_path / "nummer"
    path.write_text(own.NUMBER, "utf-8")
    again = CliRunner().invoke(app, ["person", "--cpr-file", str(path), "--json", *folders])
    told = json.loads(again.stdout)
    page = Path(told["page"])
    assert stat.S_IMODE(page.stat().st_mode) == 0o440
    assert page.is_relative_to(home.published / "restricted-site")
    log = access.record_file(home).read_text("utf-8")
    shown = (done.output, again.output, out.read_text("utf-8"), page.read_text("utf-8"), log)
    for text in shown:
        assert not any(n in text for n in (own.NUMBER, NEW, "610190-1234", "610190-1299"))
    assert "dit personnummer" in shown[2] and "2 personnumre hører til dig" in shown[2]
    assert access.count(home)["looks"] == before + 2


# Rules F.person, P.exit_codes
def test_an_unknown_person_is_said_to_be_unknown_and_the_look_is_noted(home: Home) -> None:
    before = access.count(home)["looks"]
    with pytest.raises(UsageError, match="PERSON_UNKNOWN") as refused:
        asked(home, "7002881237")
    assert refused.value.exit_code == 2
    assert "7002881237" not in str(refused.value)
    assert access.count(home)["looks"] == before + 1
