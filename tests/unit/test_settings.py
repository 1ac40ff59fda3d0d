"""The home: its folders and their modes (P.home)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from dagster_project import settings as places
from dagster_project.lib.base.errors import UsageError
from dagster_project.settings import Home

OTHERS = ("vault", "quarantine", "work", "ledger", "reports", "dagster")


def mode(path: Path) -> int:
    """Mode bits of a folder."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o077, 0o022, 0o000])
# Rule P.home
def test_a_new_home_has_its_modes_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        home = Home(tmp_path / "home").ensure()
    finally:
        os.umask(before)
    assert {mode(home.root), mode(home.published)} == {0o755}
    private = [home.root / name for name in (*OTHERS, "landing", "secrets")]
    assert {mode(path) for path in private} == {0o700}


# Rule P.home
def test_folders_that_somebody_made_before_get_the_modes_of_a_home(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.root.mkdir(mode=0o700)
    home.published.mkdir(mode=0o700)
    for name in OTHERS:
        (home.root / name).mkdir()
        (home.root / name).chmod(0o755)
    home.ensure()
    assert {mode(home.root), mode(home.published)} == {0o755}
    assert {mode(home.root / name) for name in OTHERS} == {0o700}


def test_an_open_drop_zone_stays_open_and_open_secrets_are_not_closed_quietly(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "home")
    for path, bits in ((home.landing, 0o1777), (home.secrets, 0o755)):
        path.mkdir(parents=True)
        path.chmod(bits)
    home.ensure()
    assert (mode(home.landing), mode(home.secrets)) == (0o1777, 0o755)


@pytest.mark.parametrize("name", ["effekt [Hedensted]", "a*", "a?b", "a%20b"])
def test_a_path_that_dagster_would_take_for_something_else_is_refused(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(UsageError):
        places.resolve_home(tmp_path / name / "home")


@pytest.mark.parametrize("name", ["Ærø 100%", "it's", 'a "b"', "a#b", "{{ x }}"])
def test_other_paths_are_fine(tmp_path: Path, name: str) -> None:
    assert places.resolve_home(tmp_path / name).root == tmp_path / name
