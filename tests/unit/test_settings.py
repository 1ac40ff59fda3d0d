"""The home: its folders and their modes (P.home)."""

from __future__ import annotations

import datetime as dt
import os
import stat
from pathlib import Path

import dagster as dg
import pytest

from dagster_project import settings as places
from dagster_project.lib.base.errors import EffektError, UsageError
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


@pytest.mark.parametrize("more", ["", "a_key_of_newer_code: 1\n", "nightly: {of_newer_code: 1}\n"])
# Rule P.format
def test_a_home_of_newer_code_is_refused_as_that_whatever_keys_it_has(
    tmp_path: Path, more: str
) -> None:
    home = Home(tmp_path)
    home.home_file.write_text(f"format: {places.HOME_FORMAT + 1}\n{more}", encoding="utf-8")
    with pytest.raises(EffektError) as refused:
        home.read_home_file()
    assert refused.value.code == "HOME_FORMAT"


@pytest.mark.parametrize(
    ("hours", "is_taken"),
    [
        ("0.0166", False), ("0.0167", True), ("26", True), ("87600", True), ("87601", False),
        (".inf", False), (".nan", False), ("0", False),
    ],
)  # fmt: skip
# Rule P.missed
def test_an_age_that_no_freshness_policy_can_have_is_refused(
    tmp_path: Path, hours: str, is_taken: bool
) -> None:
    home = Home(tmp_path)
    home.home_file.write_text(f"nightly: {{fresh_hours: {hours}}}\n", encoding="utf-8")
    if not is_taken:
        with pytest.raises(EffektError, match=r"nightly\.fresh_hours"):
            home.read_home_file()
        return
    age = dt.timedelta(hours=home.read_home_file().nightly.fresh_hours)
    assert dg.FreshnessPolicy.time_window(fail_window=age)
