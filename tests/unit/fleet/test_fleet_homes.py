"""Which homes a fleet has: each folder with a ``home.yml``, once; and what was not searched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dagster_project.lib import fleet
from dagster_project.lib.base.errors import UsageError
from tests.support import other_user


def make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "home.yml").write_text("area: Hedensted\n", encoding="utf-8")
    return folder


def names(folder: Path) -> list[str]:
    return [member.name for member in fleet.find(folder).members]


# Rule P.fleet
def test_each_folder_with_a_home_yml_is_a_home_however_deep_it_lies(tmp_path: Path) -> None:
    for name in ("b", "a", "nord/øst/c"):
        make(tmp_path / name)
    (tmp_path / "empty").mkdir()
    (tmp_path / "home.yml.old").write_text("", encoding="utf-8")
    assert names(tmp_path) == ["a", "b", "nord/øst/c"]


# Rule P.fleet
def test_a_folder_that_is_a_home_itself_is_the_one_home(tmp_path: Path) -> None:
    home = make(tmp_path / "hedensted")
    make(home / "work" / "inner")
    assert names(home) == ["hedensted"]


# Rule P.fleet
def test_the_inside_of_a_home_is_not_searched(tmp_path: Path) -> None:
    make(make(tmp_path / "a") / "landing" / "b")
    assert names(tmp_path) == ["a"]


# Rule P.fleet
def test_a_folder_named_home_yml_makes_no_home(tmp_path: Path) -> None:
    make(tmp_path / "a")
    (tmp_path / "b" / "home.yml").mkdir(parents=True)
    assert names(tmp_path) == ["a"]


# Rule P.fleet
def test_a_link_counts_where_it_leads_to_a_home_and_is_not_followed_elsewhere(
    tmp_path: Path,
) -> None:
    make(tmp_path / "outside" / "far" / "away")
    folder = tmp_path / "fleet"
    make(folder / "a")
    (folder / "linked").symlink_to(tmp_path / "outside" / "far" / "away")
    (folder / "elsewhere").symlink_to(tmp_path / "outside")
    (folder / "circle").symlink_to(folder)
    (folder / "nowhere").symlink_to(tmp_path / "gone")
    found = fleet.find(folder)
    assert [member.name for member in found.members] == ["a", "linked"]
    assert found.links == ("circle", "elsewhere")


# Rule P.fleet
def test_a_home_with_two_names_counts_once_under_its_own(tmp_path: Path) -> None:
    make(tmp_path / "z")
    (tmp_path / "a").symlink_to(tmp_path / "z")
    (tmp_path / "b").symlink_to(tmp_path / "z")
    assert names(tmp_path) == ["z"]


# Rule P.fleet
def test_a_folder_that_cannot_be_read_is_told_and_stops_nothing() -> None:
    with other_user.folder() as place:
        make(place / "a")
        (place / "a").chmod(0o755)
        (place / "closed").mkdir(mode=0)
        with other_user.acting():
            found = fleet.find(place)
    assert [member.name for member in found.members] == ["a"]
    assert found.closed == ("closed",)


# Rule P.fleet
def test_a_failure_of_the_file_system_closes_a_folder_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "a")
    for name in ("closed", "lost+found"):
        (tmp_path / name).mkdir()
    scan = os.scandir

    def failing(path: Path) -> object:
        if path.name in ("closed", "lost+found"):
            raise PermissionError(13, "no")
        return scan(path)

    monkeypatch.setattr(os, "scandir", failing)
    found = fleet.find(tmp_path)
    assert [member.name for member in found.members] == ["a"]
    assert found.closed == ("closed",)


# Rule P.fleet
@pytest.mark.parametrize("place", ["empty", "missing"])
def test_a_folder_without_homes_is_wrong_usage(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError):
        fleet.find(tmp_path / place)


# Rule P.fleet
def test_a_name_is_shown_without_person_numbers_and_control_characters(tmp_path: Path) -> None:
    make(tmp_path / "710190-1234" / "b\nc")
    assert names(tmp_path) == ["…/b?c"]


# Rule P.fleet
def test_a_home_that_lost_its_home_yml_is_told_and_nothing_in_it_is_taken_for_a_home(
    tmp_path: Path,
) -> None:
    make(tmp_path / "a")
    make(tmp_path / "b" / "landing" / "inner")
    (tmp_path / "b" / "vault").mkdir()
    (tmp_path / "c" / "vault").mkdir(parents=True)
    (tmp_path / "c" / ".home.yml.init").write_text("", encoding="utf-8")  # being made
    found = fleet.find(tmp_path)
    assert ([member.name for member in found.members], found.lost) == (["a"], ("b",))
    assert not found.is_whole and fleet.Fleet(found.members).is_whole
