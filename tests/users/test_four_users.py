"""Four users of the system on one home, as ``deploy/`` sets it up: what each may do, and may not.

The users are made by this test and taken away again; it needs root.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from dagster_project.settings import Home
from tests.life.world import CONTRACT, begin
from tests.users.people import (
    DELIVERER,
    READER,
    SERVICE,
    Runner,
    code_for_all,
    installed,
    login,
)

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser makes users"),
    pytest.mark.xdist_group("users"),  # the machine has one list of users
]
Q1 = "2023-01"
BY_USER = {"lis": "provider", "kai": "municipality", "lea": "municipality", "finn": "finance"}
# as a user: which of these folders may be listed, files read, places written
TRY = """
import json, os, sys
def may(do):
    try: do()
    except OSError: return False
    return True
def write(path):
    with open(path, "xb"): pass
    os.unlink(path)
listed, read, written = (json.loads(text) for text in sys.argv[1:4])
print(json.dumps([
    [p for p in listed if may(lambda: os.listdir(p))],
    [p for p in read if may(lambda: open(p, "rb").close())],
    [p for p in written if may(lambda: write(p + "/prøve"))],
]))
"""
DELIVER = """
import shutil, sys
for path in sys.argv[2:]:
    shutil.copyfile(path, sys.argv[1] + "/" + path.rpartition("/")[2])
"""


@dataclass
class House:
    """A home after its first night, with its desk open."""

    home: Home
    runner: Runner
    desk: subprocess.Popen[str]

    def effekt(self, user: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A command as one of the users."""
        return self.runner.effekt(user, *words, "--home", str(self.home.root), **more)

    def events(self) -> list[dict[str, object]]:
        """The ledger."""
        text = (self.home.ledger / "settlements.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def paid(self) -> None:
        """Take the period's four steps, each by its own person, as far as they are not taken."""
        submitted = ["--as", "Lis", "--incomplete", "uden krav"]
        steps = {
            "submit": ("lis", submitted),
            "verify": ("kai", ["--as", "Kai"]),
            "approve": ("lea", ["--as", "Lea"]),
            "pay": ("finn", ["--as", "Finn", "--paid-on", "2023-05-02", "--reference", "bilag 1"]),
        }
        taken = len(self.events()) if (self.home.ledger / "settlements.jsonl").exists() else 0
        for step, (user, words) in list(steps.items())[taken:]:
            done = self.effekt(user, step, CONTRACT, Q1, *words)
            assert done.returncode == 0, done.stderr

    def may(self, user: str) -> tuple[set[str], set[str], set[str]]:
        """What a user may list, read and write of the home, by names below it."""
        folders = [path for path in self.home.root.rglob("*") if path.is_dir()]
        every = [str(path) for path in [self.home.root, *folders]]
        files = [str(path) for path in self.home.root.rglob("*") if path.is_file()]
        done = self.runner.python(user, TRY, *map(json.dumps, (every, files, every)))
        assert done.returncode == 0, done.stderr
        root = str(self.home.root)
        listed, read, written = (
            {path.removeprefix(root).lstrip("/") for path in found}
            for found in json.loads(done.stdout)
        )
        return listed, read, written


def actors() -> str:
    """Each name bound to its user, and one of Kai's more."""
    names: dict[str, list[str]] = {"provider": [], "municipality": [], "finance": []}
    for user, role in BY_USER.items():
        names[role].append(f"{{name: {user.title()}, os_user: {login(user)}}}")
    names["municipality"].append(f"{{name: Otto, os_user: {login('kai')}}}")
    roles = ", ".join(f"{role}: [{', '.join(told)}]" for role, told in names.items())
    return f"actors: {{{roles}}}\n"


def open_desk(runner: Runner, home: Home) -> subprocess.Popen[str]:
    """Start the desk as the home's user and wait until it serves."""
    words = [runner.code.python, "-m", "dagster_project.cli", "desk", "--home", str(home.root)]
    desk = runner.start(SERVICE, words)
    for _ in range(600):
        assert desk.poll() is None, desk.communicate()
        with socket.socket(socket.AF_UNIX) as link, suppress(OSError):
            link.connect(str(home.root / "desk.sock"))
            return desk
        time.sleep(0.1)
    raise AssertionError("the desk did not open")


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """Users and home are made, files delivered, the night is run and the desk opened."""
    umask = os.umask(0o022)  # a night in this process has made it stricter
    folder = Path(tempfile.mkdtemp(prefix="effekt-users-"))
    folder.chmod(0o755)
    home = Home(folder / "hjem")
    try:
        runner = Runner(code_for_all(folder), folder)
        town = begin(folder / "by")
        sources = ["ydelsesforloeb", "deltagere", "jobindsats", "personstatus"]
        town.deliver("2023-05-01", *sources)
        town.write_terms()
        with installed(home.root, "Prøveby", runner.code):
            terms = (town.root / "contracts" / f"{CONTRACT}.yml").read_text(encoding="utf-8")
            terms = terms.replace("settlement:", actors() + "settlement:", 1)
            path = home.root / "contracts" / f"{CONTRACT}.yml"
            path.write_text(terms, encoding="utf-8")
            path.chmod(0o644)
            files = [str(path) for path in sorted((town.root / "landing").iterdir())]
            delivered = runner.python(DELIVERER, DELIVER, str(home.landing), *files)
            assert delivered.returncode == 0, delivered.stderr
            night = runner.effekt(
                SERVICE, "run", "--as-of", "2023-05-01", "--json", "--home", str(home.root)
            )
            assert night.returncode == 0, (night.stdout, night.stderr)
            house = House(home, runner, open_desk(runner, home))
            try:
                yield house
            finally:  # before its user is taken away
                house.desk.kill()
                house.desk.communicate()
    finally:
        os.umask(umask)
        shutil.rmtree(folder, ignore_errors=True)


# Rule F.users
def test_a_deliverer_puts_files_into_landing_and_sees_nothing_there(house: House) -> None:
    listed, read, written = house.may(DELIVERER)
    assert written == {"landing"}
    assert "landing" not in listed
    assert not [name for name in (*listed, *read) if name.split("/")[0] not in PUBLIC]


PUBLIC = {"", "published"}
"""What stands open to all below a home of 0755."""


# Rule F.users
def test_a_reader_opens_the_mart_and_nothing_else(house: House) -> None:
    listed, read, written = house.may(READER)
    assert not written
    assert "published/payout_mart.duckdb" in read
    shown = {name for name in read if name.startswith("published/")}
    assert not [name for name in (*listed, *shown) if "restricted" in name]
    assert not [name for name in (*listed, *read) if name.split("/")[0] not in PUBLIC]
    opened = house.runner.python(
        READER,
        "import duckdb, sys; print(duckdb.connect(sys.argv[1], read_only=True)"
        ".execute('select count(*) from mart.settlement').fetchone()[0])",
        str(house.home.published / "payout_mart.duckdb"),
    )
    assert int(opened.stdout) > 0
    refused = house.effekt(READER, "submit", CONTRACT, Q1, "--as", "Lis")
    assert (refused.returncode, "DESK_CLOSED" in refused.stderr) == (3, True)


# Rule F.users
def test_a_controller_reads_the_restricted_room_and_no_record(house: House) -> None:
    listed, read, written = house.may("kai")
    assert not written
    assert any(name.endswith("restricted/case_mart.duckdb") for name in read)
    assert not [name for name in (*listed, *read) if name.split("/")[0] not in PUBLIC]


# Rules F.users, F.desk, S.user
def test_people_act_at_the_desk_as_themselves_and_as_nobody_else(house: House) -> None:
    submitted = house.effekt(
        "lis", "submit", CONTRACT, Q1, "--as", "Lis", "--incomplete", "uden krav", "--json"
    )
    assert submitted.returncode == 0, submitted.stderr
    event = json.loads(submitted.stdout)
    assert (event["os_user"], event["is_confirmed"]) == (login("lis"), True)
    spoofed = {"LOGNAME": login("lea"), "USER": login("lea"), "SUDO_USER": login("lea")}
    other = house.effekt("kai", "verify", CONTRACT, Q1, "--as", "Lea", **spoofed)
    assert (other.returncode, "ACTOR_USER" in other.stderr) == (3, True), other.stderr
    elsewhere = ["--contracts", str(house.home.root)]
    assert house.effekt("kai", "verify", CONTRACT, Q1, "--as", "Kai", *elsewhere).returncode == 2
    assert house.effekt("kai", "verify", CONTRACT, Q1, "--as", "Kai", **spoofed).returncode == 0
    whole = house.effekt("lea", "verify", "--json")
    assert whole.returncode == 0, (whole.stdout, whole.stderr)
    against = house.effekt("lea", "verify", "--against", __file__)
    assert (against.returncode, "HOME_NOT_YOURS" in against.stderr) == (3, True), against.stderr
    second = house.effekt("kai", "approve", CONTRACT, Q1, "--as", "Otto")
    assert (second.returncode, "SAME_USER" in second.stderr) == (3, True), second.stderr
    assert house.effekt("lea", "approve", CONTRACT, Q1, "--as", "Lea").returncode == 0
    paid = ["--paid-on", "2023-05-02", "--reference", "bilag 1"]
    assert house.effekt("finn", "pay", CONTRACT, Q1, "--as", "Finn", *paid).returncode == 0
    told = [(event["actor"], event["os_user"], event["is_confirmed"]) for event in house.events()]
    assert told == [(user.title(), login(user), True) for user in BY_USER]
    asked = house.effekt("kai", "why", CONTRACT, Q1, "--json")
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)


# Rules F.users, F.desk
def test_nothing_is_widened_for_them(house: House) -> None:
    service = pwd.getpwnam(login(SERVICE))
    for folder in (house.home.ledger, house.home.vault, house.home.secrets):
        for path in (folder, *folder.rglob("*")):
            found = path.lstat()
            assert stat.S_IMODE(found.st_mode) & 0o077 == 0, path
            assert (found.st_uid, found.st_gid) == (service.pw_uid, service.pw_gid), path
    assert stat.S_IMODE(house.home.root.stat().st_mode) == 0o755
    found = (house.home.root / "desk.sock").stat()
    assert stat.S_IMODE(found.st_mode) == 0o660
    assert found.st_gid == house.home.published.stat().st_gid != service.pw_gid


# Rules F.users, F.desk
def test_without_a_desk_only_the_homes_user_acts(house: House) -> None:
    house.paid()
    house.desk.send_signal(signal.SIGKILL)
    house.desk.communicate()
    again = ["--paid-on", "2023-05-03", "--reference", "bilag 1", "--correct"]
    closed = house.effekt("finn", "pay", CONTRACT, Q1, "--as", "Finn", *again)
    assert (closed.returncode, "HOME_NOT_YOURS" in closed.stderr) == (3, True), closed.stderr
    owner = house.effekt(SERVICE, "pay", CONTRACT, Q1, "--as", "Finn", *again)
    assert (owner.returncode, "ACTOR_USER" in owner.stderr) == (3, True), owner.stderr
    house.desk = open_desk(house.runner, house.home)
    opened = house.effekt("finn", "pay", CONTRACT, Q1, "--as", "Finn", *again)
    assert opened.returncode == 0, opened.stderr
