"""The units of systemd: whole, hardened as far as a night lets them be, started by our command."""

from __future__ import annotations

import fnmatch
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from dagster_project.settings import PROJECT_ROOT
from tests.deploy.test_image import accepts

UNITS = PROJECT_ROOT / "deploy" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
HARDENED = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "PrivateTmp": "yes", "User": "effekt",
    "UMask": "0077", "CapabilityBoundingSet": "", "ProtectHome": "yes",
}  # fmt: skip
COMMAND = "/opt/effekt/.venv/bin/effekt"


def settings(path: Path) -> dict[str, str]:
    """The settings of a unit; none stands twice."""
    pairs = re.findall(r"^(\w+)=(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    found = dict(pairs)
    assert len(found) == len(pairs), path.name
    return found


# Rule F.deploy
def test_there_is_a_unit_for_each_process_and_a_timer_for_use_without_the_daemon() -> None:
    assert {path.name for path in UNITS.iterdir()} == {
        "effekt-web@.service", "effekt-daemon@.service", "effekt-desk@.service",
        "effekt-night@.service", "effekt-night@.timer", "effekt-fleet.service",
        "effekt-fleet.timer", "effekt-backup@.service", "effekt-backup@.timer",
    }  # fmt: skip


# Rule F.deploy
@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_each_service_is_hardened_and_writes_into_its_home_only(path: Path) -> None:
    found = settings(path)
    assert {key: found.get(key) for key in HARDENED} == HARDENED
    assert "MemoryDenyWriteExecute" not in found  # the charts of a night need such pages
    places = {"effekt-fleet": "/srv/effekt", "effekt-backup@": "/var/backups/effekt"}
    assert found["ReadWritePaths"] == places.get(path.stem, "/srv/effekt/%i")
    is_web = "web" in path.name
    assert found["RestrictAddressFamilies"] == ("AF_UNIX AF_INET" if is_web else "AF_UNIX")
    assert found.get("IPAddressAllow") == ("localhost" if is_web else None)


# Rule F.deploy
@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_each_service_starts_a_command_that_there_is(path: Path) -> None:
    command, *words = shlex.split(settings(path)["ExecStart"])
    assert command == COMMAND
    assert accepts(words)


# Rule F.deploy
def test_an_upgrade_stops_every_unit_the_timers_first_and_starts_each_by_name() -> None:
    page = (PROJECT_ROOT / "docs" / "how-to" / "upgrade.md").read_text(encoding="utf-8")
    patterns = re.findall(r"`systemctl stop '([^']+)'`", page)
    names = [path.name for path in UNITS.iterdir()]
    stopped = [sorted(fnmatch.filter(names, pattern)) for pattern in patterns]
    assert stopped[0] == sorted(name for name in names if name.endswith(".timer"))
    assert sorted(name for some in stopped for name in some) == sorted(names)
    named = re.findall(r"`systemctl start\s([^`]+)`", page)
    started = {
        name.replace("hedensted", "") + ("" if "." in name else ".service")
        for words in named for name in words.split()
    }  # fmt: skip
    by_timers = {name.replace(".timer", ".service") for name in started}
    assert started | by_timers == set(names)


# Rule F.deploy
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_finds_nothing_wrong_with_a_unit(tmp_path: Path) -> None:
    for path in UNITS.iterdir():
        text = path.read_text(encoding="utf-8").replace(COMMAND, "/bin/true")
        (tmp_path / path.name.replace("@.", "@hedensted.")).write_text(text, encoding="utf-8")
    units = [str(path) for path in sorted(tmp_path.iterdir())]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    told = [line for line in done.stderr.splitlines() if "effekt" in line]
    assert (done.returncode, told) == (0, [])
