"""``effekt init``: a home is made whole where nothing is, and nowhere else."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.lib.base.errors import EXIT_USAGE, EffektError, UsageError
from dagster_project.lib.keys import pseudonym, statement_key
from dagster_project.lib.opening import make_home
from dagster_project.settings import HOME_FORMAT, Home, find_home

ACTS = ["--as", "Kai", "--reason", "beslutning"]
OTHERS = {"check", "demo", "fleet", "init", "restore", "template"}
"""The commands that need no home; ``fleet`` takes a folder of homes."""
PERSON_NUMBER = "610190" + "1234"


def contents(folder: Path) -> dict[str, tuple[int, bytes | None]]:
    """Everything in a folder: mode and bytes by place."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() else None,
        )
        for path in folder.rglob("*")
    }


def refused(*words: str) -> EffektError:
    """How a command refuses."""
    done = CliRunner().invoke(app, [*words])
    assert isinstance(done.exception, EffektError), done.output
    return done.exception


# Rules P.init, P.home
def test_a_new_home_has_its_folders_its_keys_and_the_name_of_its_municipality(
    tmp_path: Path,
) -> None:
    root = tmp_path / "ny" / "hedensted"
    done = CliRunner().invoke(app, ["init", str(root), "--area", "Hedensted Kommune", "--json"])
    told, home = json.loads(done.output), find_home(root)
    own = home.read_home_file()
    assert (own.format, own.area, own.as_of) == (HOME_FORMAT, "Hedensted", None)
    assert told["area"] == "Hedensted"
    assert told["key_fingerprint"] == pseudonym.fingerprint(pseudonym.read_key(home))
    signing = statement_key.read_statement_key(home)
    assert told["statement_key_fingerprint"] == signing.fingerprint
    assert stat.S_IMODE(home.key_file.stat().st_mode) == 0o600
    assert {path.name for path in root.iterdir() if path.is_dir()} == {
        "landing", "vault", "quarantine", "work", "ledger", "published", "reports", "sources",
        "secrets", "dagster",
    }  # fmt: skip
    assert home.is_new or home.key_file.is_file()


def test_a_person_is_told_the_fingerprints_and_the_next_step_in_danish(tmp_path: Path) -> None:
    root = tmp_path / "h"
    told = CliRunner().invoke(app, ["init", str(root), "--area", "Hedensted"]).output
    assert pseudonym.fingerprint(pseudonym.read_key(Home(root))) in told
    assert f"effekt run --home {root}" in told


# Rule P.init
def test_an_empty_folder_becomes_a_home_and_so_does_one_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "tom").mkdir()
    (tmp_path / "vej").symlink_to("tom")
    make_home(Home(tmp_path / "vej"), "Hedensted")
    assert Home(tmp_path / "tom").is_home


@pytest.mark.parametrize("name", ["notat.txt", ".skjult", "landing", "home.yml"])
# Rule P.init
def test_a_folder_with_anything_in_it_is_refused_and_not_touched(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir() if name == "landing" else (tmp_path / name).write_text("")
    tmp_path.chmod(0o750)
    before = contents(tmp_path), tmp_path.stat().st_mode
    error = refused("init", str(tmp_path), "--area", "Hedensted")
    assert (error.code, error.exit_code) == ("FOLDER_TAKEN", EXIT_USAGE)
    assert (contents(tmp_path), tmp_path.stat().st_mode) == before


@pytest.mark.parametrize("make", ["home", "file", "dangling"])
def test_a_home_a_file_and_a_link_that_leads_nowhere_are_refused(tmp_path: Path, make: str) -> None:
    root = tmp_path / "h"
    if make == "home":
        make_home(Home(root), "Hedensted")
    elif make == "file":
        root.write_text("")
    else:
        root.symlink_to("ingen")
    before = contents(tmp_path)
    assert refused("init", str(root), "--area", "Slagelse").code == "FOLDER_TAKEN"
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Hedensted", "Hedensted"),
        ("Hedensted Kommune", "Hedensted"),
        ("  Lyngby-Taarbæk  ", "Lyngby-Taarbæk"),
        ("Nordfyns Kommune", "Nordfyns"),
        ("Ærø", "Ærø"),
        ("no", "no"),
        ("Prøveby 2", "Prøveby 2"),
        ("K" * 60, "K" * 60),
    ],
)
# Rule P.init
def test_an_area_is_named_as_in_the_statistics(typed: str, name: str, tmp_path: Path) -> None:
    home = make_home(Home(tmp_path / "h"), typed).home
    assert home.read_home_file().area == name


@pytest.mark.parametrize(
    "typed",
    ["", "  ", "2", "a\nb: c", "a\u200bb", "x; y", "Hеdensted", "K" * 61, PERSON_NUMBER,
     "By " + PERSON_NUMBER],
)  # fmt: skip
# Rules P.init, I.person_text
def test_what_is_no_name_of_a_municipality_makes_nothing_and_is_not_repeated(
    typed: str, tmp_path: Path
) -> None:
    error = refused("init", str(tmp_path / "h"), "--area", typed)
    assert (error.code, error.exit_code) == ("AREA_NAME", EXIT_USAGE)
    assert PERSON_NUMBER not in str(error)
    assert not (tmp_path / "h").exists()


def _killed(home: Home, last: int) -> int:
    """``init`` in a process of its own that ends at its ``last`` write; how many there were."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        seen = 0

        def hook(event: str, args: tuple[Any, ...]) -> None:
            nonlocal seen
            writes = event == "open" and isinstance(args[2], int) and args[2] & os.O_WRONLY
            if writes or event in ("os.rename", "os.mkdir", "os.remove", "os.chmod"):
                seen += 1
                if seen == last:
                    os._exit(9)

        sys.addaudithook(hook)
        make_home(home, "Hedensted")
        os.write(write, str(seen).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as stream:
        return int(stream.read() or 0)


# Rule P.init
def test_a_killed_init_leaves_no_home_and_is_done_again(tmp_path: Path) -> None:
    steps = _killed(Home(tmp_path / "calm"), -1)
    assert steps > 20
    calm = contents(tmp_path / "calm")
    for last in range(1, steps + 1):
        home = Home(tmp_path / f"killed-{last}")
        assert _killed(home, last) == 0
        assert not home.is_home, f"killed at step {last} of {steps}"
        made = make_home(home, "Hedensted")
        assert pseudonym.fingerprint(pseudonym.read_key(home)) == made.key_fingerprint
        found = contents(home.root)
        assert {place: mode for place, (mode, _) in found.items()} == {
            place: mode for place, (mode, _) in calm.items()
        }


@pytest.mark.parametrize(
    "words",
    [
        ["run"], ["ui"], ["desk"], ["rotate-key", "statement"], ["verify"],
        ["verify", "--against", "opg.json"], ["verify", "k", "2023-01", "--as", "Kai"],
        ["submit", "k", "2023-01", "--as", "Lis"], ["approve", "k", "2023-01", "--as", "Kai"],
        ["pay", "k", "2023-01", "--as", "Fin", "--paid-on", "2023-05-01", "--reference", "r"],
        ["return", "k", "2023-01", *ACTS], ["release", "k", "5", *ACTS],
        ["statement", "k", "2023-01"], ["why", "k", "2023-01"], ["replay", "k", "2023-01"],
        ["accept", "0" * 64, "row_count", *ACTS], ["withdraw", "0" * 64, *ACTS], ["status"],
        ["rotate-key", "vault"], ["purge", *ACTS], ["person", "--cpr-file", "nummer.txt"],
        ["forget", "--cpr-file", "nummer.txt", *ACTS], ["backup", "kopi.tar.age"],
        ["what-if", "k"], ["decide", "k-1", "--uphold", *ACTS],
        ["dispute", "k", "2023-01", "--course", "f", "--month", "2023-01", "--wants", "paid",
         *ACTS],
    ],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.parametrize("place", ["missing", "empty", "other", "file"])
# Rule P.is_home
def test_every_command_that_needs_a_home_refuses_a_folder_that_is_none(
    words: list[str], place: str, tmp_path: Path
) -> None:
    root = tmp_path / place
    if place == "file":
        root.write_text("")
    elif place != "missing":
        root.mkdir()
    if place == "other":
        (root / "noter.txt").write_text("")
    before = contents(tmp_path)
    error = refused(*words, "--home", str(root))
    assert (error.code, error.exit_code) == ("NO_HOME", EXIT_USAGE)
    assert "effekt init" in error.remedy
    assert contents(tmp_path) == before


def test_the_list_of_commands_that_need_a_home_is_whole() -> None:
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    mark = next(
        mark
        for mark in test_every_command_that_needs_a_home_refuses_a_folder_that_is_none.pytestmark  # type: ignore[attr-defined]
        if mark.args[0] == "words"
    )
    assert known - OTHERS == {words[0] for words in mark.args[1]}


@pytest.mark.parametrize("name", ["landing", "vault"])
# Rule P.is_home
def test_a_home_without_home_yml_is_one_by_what_it_received(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        find_home(tmp_path)
    (tmp_path / name).mkdir()
    assert find_home(tmp_path).root == tmp_path


def test_a_folder_that_is_no_home_is_named_without_a_person_number(tmp_path: Path) -> None:
    assert PERSON_NUMBER not in str(refused("run", "--home", str(tmp_path / PERSON_NUMBER)))
