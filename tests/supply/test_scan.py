"""What the scan of tree and history finds, and what it lets stand."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pyrage
import pytest

from tests.supply import scan
from tests.supply.scan import Allowance, Find

PERSON = "0101" + "90" + "1234"
REPLACEMENT = "6101" + "90" + "1234"
SECRETS = {
    "age key": str(pyrage.x25519.Identity.generate()),
    "private key": "-----BEGIN " + "OPENSSH PRIVATE KEY-----",
    "statement key": "private " + "0f" * 32,
    "access token": "ghp_" + "a1B2" * 9,
    "password in an address": "postgresql://effekt:" + "hemmelig@server/bi",
}


def git(repository: Path, *words: str) -> None:
    """A command of git, by somebody who is nobody."""
    who = ["-c", "user.name=Ingen", "-c", "user.email=ingen@example.invalid"]
    subprocess.run(["git", "-C", str(repository), *who, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one sound commit."""
    git(tmp_path, "init", "-q", "-b", "main")
    keep(tmp_path, "fil.py", f"# {REPLACEMENT}\n")
    return tmp_path


def keep(repository: Path, name: str, text: str, message: str = "Sig noget") -> None:
    """Commit a file with this text."""
    (repository / name).write_text(text, encoding="utf-8")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", message)


def kinds(finds: list[Find]) -> set[tuple[str, str, int]]:
    return {(find.kind, find.path, find.line) for find in finds}


def test_this_repository_and_its_history_hold_nothing_that_may_not_stand() -> None:
    assert scan.scan(scan.ROOT, scan.allowances()) == []


# Rule F.synthetic_people
@pytest.mark.parametrize(
    "text", [PERSON, f"{PERSON[:6]}-{PERSON[6:]}", f"{PERSON[:6]} {PERSON[6:]}"]
)
def test_a_persons_number_is_found_in_the_tree(repository: Path, text: str) -> None:
    assert scan.scan(repository, []) == []
    (repository / "ny.csv").write_text(f"cpr;navn\n{text};A\n")  # not even added
    assert kinds(scan.scan(repository, [])) == {(scan.PERSON_NUMBER, "ny.csv", 2)}


# Rule F.synthetic_people
def test_a_persons_number_is_found_in_a_commit_that_was_taken_back(repository: Path) -> None:
    keep(repository, "ny.csv", f"{PERSON}\n")
    git(repository, "rm", "-q", "ny.csv")
    git(repository, "commit", "-q", "-m", "Fjern filen")
    assert not (repository / "ny.csv").exists()
    assert kinds(scan.scan(repository, [])) == {(scan.PERSON_NUMBER, "ny.csv", 1)}


def test_a_persons_number_is_found_in_a_message_and_on_another_branch(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "anden")
    keep(repository, "b.txt", "b\n", f"Ret borger {PERSON}")
    git(repository, "checkout", "-q", "main")
    assert kinds(scan.scan(repository, [])) == {(scan.PERSON_NUMBER, "message", 1)}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_found_in_tree_and_history(repository: Path, kind: str) -> None:
    keep(repository, "opsaetning.txt", f"en\n{SECRETS[kind]}\n")
    keep(repository, "opsaetning.txt", "en\n")
    assert kinds(scan.scan(repository, [])) == {(kind, "opsaetning.txt", 2)}


@pytest.mark.parametrize("name", ["secrets/pseudonym.key", "statement.key", "x/tls.pem"])
def test_a_file_of_a_key_is_found_by_its_name(repository: Path, name: str) -> None:
    (repository / name).parent.mkdir(exist_ok=True)
    keep(repository, name, "0123\n")
    assert kinds(scan.scan(repository, [])) == {("key file", name, 1)}


# Rule F.synthetic_people
@pytest.mark.parametrize(
    ("digits", "is_a_persons"),
    [
        ("310190" + "1234", True), ("320190" + "1234", False),
        ("290200" + "4234", True), ("290200" + "3234", False),  # 2000 was a leap year, 1900 none
        ("290236" + "4234", True), ("290237" + "4234", False),
        ("311299" + "1234", True), ("611299" + "1234", False), ("011399" + "1234", False),
    ],
)  # fmt: skip
def test_a_number_counts_where_its_date_is_one(digits: str, is_a_persons: bool) -> None:
    assert scan.is_of_a_person(digits.encode()) is is_a_persons


@pytest.mark.parametrize("around", ["a{}", "{}f", "1{}", "{}1", "0.{}", "/{}", "{}="])
def test_digits_inside_a_hash_or_an_amount_are_no_number(around: str) -> None:
    assert list(scan.look(around.format(PERSON).encode(), "x", "tree")) == []


def test_an_allowance_covers_its_line_and_no_other(repository: Path) -> None:
    keep(repository, "proeve.py", f"# opdigtet {PERSON}\n# {PERSON}\n")
    allowed = [Allowance("proeve.py", scan.PERSON_NUMBER, "opdigtet", "en prøve")]
    assert kinds(scan.scan(repository, allowed)) == {(scan.PERSON_NUMBER, "proeve.py", 2)}


def test_each_allowance_gives_its_reason_and_is_still_needed() -> None:
    allowed = scan.allowances()
    assert all(one.reason for one in allowed)
    found = [
        (find, line)
        for read in (scan.tree, scan.history)
        for path, version, raw in read(scan.ROOT)
        if any(path == one.path for one in allowed)
        for find, line in scan.look(raw, path, version)
    ]
    unneeded = [one.path for one in allowed if not any(one.covers(*each) for each in found)]
    assert unneeded == []


def test_what_is_found_is_told_without_its_value(repository: Path) -> None:
    keep(repository, "ny.csv", f"{PERSON}\n")
    done = subprocess.run(
        [scan.sys.executable, "-m", "tests.supply.scan", str(repository)],
        capture_output=True, text=True, cwd=scan.ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "ny.csv, line 1" in done.stderr
    assert PERSON not in done.stdout + done.stderr
