"""Looking after received files: all in turn, oldest look first, however little time there is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dagster_project.lib import records
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.receiving.intake.register import Register, load_register
from dagster_project.lib.records import vault
from dagster_project.settings import Home
from tests.faults import corpus
from tests.unit.receiving import homes

SOURCES = ("deltagere", "resultatkrav", "personstatus", "jobindsats")


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with four deliveries."""
    home = homes.new_home(tmp_path_factory.mktemp("received") / "home")
    for source in SOURCES:
        homes.land(home, f"{source}_2024-02-01.csv", corpus.good_csv(source))
    homes.receive(home)
    return home


@pytest.fixture
def home(received: Home, tmp_path: Path) -> Home:
    """The same, to do harm to."""
    shutil.copytree(received.root, tmp_path / "home")
    return Home(tmp_path / "home")


def register(home: Home) -> Register:
    return load_register(home)


def looked_at(home: Home) -> dict[str, int]:
    looks = json.loads((home.work / "vault-looks.json").read_text())["looks"]
    return {name.removeprefix("vault/"): look for name, look in looks.items()}


def test_a_night_with_no_time_looks_at_one_file_and_each_has_its_turn(home: Home) -> None:
    files = {record.sha256 for record in register(home).accepted()}
    records.note_night(home, 0)
    for turn in range(1, len(files) + 1):
        assert records.look_after(home, register(home)) == 1
        assert len(looked_at(home)) == turn
    assert looked_at(home).keys() == files
    first = min(looked_at(home), key=looked_at(home).__getitem__)
    records.look_after(home, register(home))
    assert max(looked_at(home), key=looked_at(home).__getitem__) == first


# Rule F.vault
def test_a_damaged_file_is_found_before_every_file_has_had_its_turn_twice(home: Home) -> None:
    records.note_night(home, 0)
    last = sorted(record.sha256 for record in register(home).accepted())[-1]
    path = home.vault / last
    path.write_bytes(b"x" + path.read_bytes()[1:])
    for _ in SOURCES[1:]:
        records.look_after(home, register(home))
    for _ in range(2):  # and stays the next, until it is mended
        with pytest.raises(EffektError, match=last) as found:
            records.look_after(home, register(home))
        assert (found.value.code, found.value.exit_code) == ("VAULT_BROKEN", 1)
        assert f"vault/{last}" in found.value.remedy


def test_a_missing_file_is_found_the_same_night_however_little_time_there_is(home: Home) -> None:
    records.note_night(home, 0)
    last = sorted(record.sha256 for record in register(home).accepted())[-1]
    (home.vault / last).unlink()
    with pytest.raises(EffektError, match="mangler"):
        records.look_after(home, register(home))


@pytest.mark.parametrize(
    ("night", "seconds"), [(None, 2.0), (30.0, 2.0), (20.0, 2.0), (19.9, 1.99), (0.0, 0.0)]
)
def test_two_seconds_or_a_tenth_of_the_last_full_night_whichever_is_less(
    home: Home, night: float | None, seconds: float
) -> None:
    if night is not None:
        records.note_night(home, night)
    assert vault._Place(home).seconds == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"looks": 7}', '{"looks": {"a": "b"}}'])
def test_a_lost_or_broken_place_begins_the_round_anew(home: Home, text: str) -> None:
    records.look_after(home, register(home))
    (home.work / "vault-looks.json").write_text(text)
    assert records.look_after(home, register(home)) == len(SOURCES)
    (home.work / "vault-looks.json").unlink()
    assert records.look_after(home, register(home)) == len(SOURCES)
