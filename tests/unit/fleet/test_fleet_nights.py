"""The nights of a fleet: as many at once as allowed, and one that fails stops no other."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from dagster_project.cli.app import app
from dagster_project.lib.fleet import Member, standing
from dagster_project.lib.nights import in_hand
from dagster_project.orchestration import fleet
from dagster_project.settings import Home
from tests.support import heard

_CHILD = """
import json, os, pathlib, signal, sys, time
home = pathlib.Path(sys.argv[1])
wanted = json.loads((home / "ends.json").read_text())
beside = home.parent / "at-work"
(beside / home.name).touch()
most = home.parent / "most" / home.name
time.sleep(0.5)
most.write_text(str(len(list(beside.iterdir()))))
(beside / home.name).unlink()
if wanted == "killed":
    (home / "reports").mkdir()
    run = {"run_id": "a", "as_of_date": "2027-03-28", "area": None, "step": "rules"}
    (home / "reports" / ".run.json").write_text(json.dumps(run))
    os.kill(os.getpid(), signal.SIGKILL)
print(json.dumps({"exit_code": wanted, "options": sys.argv[2:]}))
print("told", home.name, file=sys.stderr)
sys.exit(wanted)
"""


@pytest.fixture
def fleet_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A fleet whose homes end as they are told, without a night."""

    def words(member: Member, options: Sequence[str]) -> list[str]:
        return ["-c", _CHILD, str(member.home.root), *options]

    def make(ends: dict[str, int | str]) -> Path:
        for name, end in ends.items():
            home = tmp_path / name
            home.mkdir()
            (home / "home.yml").write_text("area: Hedensted\n", encoding="utf-8")
            (home / "ends.json").write_text(json.dumps(end), encoding="utf-8")
        for name in ("at-work", "most"):
            (tmp_path / name).mkdir()
        return tmp_path

    monkeypatch.setattr(fleet, "_words", words)
    kept = {number: signal.getsignal(number) for number in (2, 15, 1)}
    yield make
    for number, handler in kept.items():
        signal.signal(number, handler)


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        app(["fleet", *words])
    return int(end.value.code or 0)


# Rule P.fleet
def test_every_home_is_run_whatever_becomes_of_the_others(
    fleet_of, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = fleet_of({"a": 0, "b": "killed", "c": 3, "d": 4})
    assert run("run", str(folder), "--json", "--jobs", "2") == 1
    told = capsys.readouterr()
    nights = {night["home"]: night["exit_code"] for night in json.loads(told.out)}
    assert nights == {"a": 0, "b": 1, "c": 3, "d": 4}
    assert "c: told c" in told.err
    assert max(int(path.read_text()) for path in (folder / "most").iterdir()) == 2


# Rules P.fleet, P.alert
def test_a_night_that_is_killed_is_told_by_the_fleet_that_sees_it(
    fleet_of, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = heard.listen(tmp_path, monkeypatch)
    assert run("run", str(fleet_of({"a": 0, "b": "killed"})), "--json") == 1
    assert [(told["run_id"], told["error"]) for told in ear()] == [("a", "RUN_KILLED")]


# Rule P.fleet
def test_homes_are_run_one_at_a_time_unless_it_is_said_otherwise(
    fleet_of, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = fleet_of({"a": 0, "b": 3})
    assert run("run", str(folder), "--as-of", "2025-01-10") == 3
    assert {path.read_text() for path in (folder / "most").iterdir()} == {"1"}
    assert "udgivet, men leveringer blev afvist" in capsys.readouterr().out


# Rule P.fleet
def test_each_home_is_told_date_and_contracts_of_the_command(
    fleet_of, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = fleet_of({"a": 0})
    words = ["--as-of", "2025-01-10", "--contracts", str(tmp_path), "--json"]
    assert run("run", str(folder), *words) == 0
    (night,) = json.loads(capsys.readouterr().out)
    assert night["options"] == ["--as-of=2025-01-10", f"--contracts={tmp_path}"]


# Rule P.fleet
@pytest.mark.parametrize(
    ("codes", "worst"),
    [([], 0), ([0, 0], 0), ([0, 3], 3), ([3, 4, 0], 4), ([4, 1, 3], 1), ([0, 2], 1), ([4, 2], 1)],
)
def test_the_exit_code_is_the_worst_and_wrong_usage_of_one_home_is_a_failure(
    codes: list[int], worst: int
) -> None:
    assert fleet.exit_code(codes) == worst


# Rule P.fleet
@pytest.mark.parametrize("words", [["--as-of", "2999-01-01"], ["--jobs", "0"]])
def test_wrong_usage_is_refused_before_any_home_is_run(
    fleet_of, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    from dagster_project.cli.shared import end_with

    folder = fleet_of({"a": 0})
    with pytest.raises(SystemExit) as end:
        end_with(lambda: app(["fleet", "run", str(folder), *words]))
    assert end.value.code == 2
    assert not list((folder / "most").iterdir())


# Rule P.fleet
def test_a_real_home_that_cannot_begin_is_a_failure_with_its_own_alert(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "fleet" / "open"
    (home / "secrets").mkdir(parents=True)
    (home / "secrets").chmod(0o755)
    (home / "home.yml").write_text("area: Hedensted\n", encoding="utf-8")
    assert run("run", str(tmp_path / "fleet")) == 1
    told = capsys.readouterr()
    assert "open: SECRETS_OPEN" in told.err
    assert "kørslen fejlede" in told.out
    assert (home / "reports" / "alert.json").is_file()
    assert run("status", str(tmp_path / "fleet")) == 0
    assert "1 SECRETS_OPEN" in capsys.readouterr().out


# Rule P.fleet
def test_the_table_shows_each_home_and_what_keeps_one_from_being_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in (("good", "area: Hedensted\n"), ("wrong", "areas: Hedensted\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "home.yml").write_text(text, encoding="utf-8")
    assert run("status", str(tmp_path), "--json") == 1
    good, wrong = json.loads(capsys.readouterr().out)
    assert (good["home"], good["area"], good["problem"]) == ("good", "Hedensted", None)
    assert good["snapshot_id"] is good["alert_exit_code"] is None
    assert (wrong["home"], wrong["problem"]) == ("wrong", "HOME_FILE")
    assert run("status", str(tmp_path)) == 1
    assert re.search(r"wrong .*kan ikke læses: HOME_FILE", capsys.readouterr().out)


# Rule P.fleet
@pytest.mark.parametrize(
    ("alert", "codes"),
    [
        ({"exit_code": 4, "causes": [{"code": "30.total"}]}, ("30.total",)),
        ({"exit_code": 1, "error": "HOME_BUSY"}, ("HOME_BUSY",)),
        ({"exit_code": 3, "refused": [{"codes": ["CSV_HEADER", "CSV_HEADER"]}]}, ("CSV_HEADER",)),
        ([], ("ALERT_UNREADABLE",)),
    ],
)
def test_the_table_names_the_codes_of_an_alert(
    tmp_path: Path, alert: object, codes: tuple[str, ...]
) -> None:
    home = Home(tmp_path / "a").ensure()
    (home.reports / "alert.json").write_text(json.dumps(alert), encoding="utf-8")
    assert standing(Member("a", home)).alert_codes == codes


# Rules P.fleet, P.alert
def test_the_table_tells_a_run_that_was_killed_as_any_command_of_the_home_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = heard.listen(tmp_path, monkeypatch)
    home = Home(tmp_path / "a").ensure()
    in_hand.note(home, "a", "2027-03-28", "Hedensted", "rules")
    for _ in range(2):
        assert standing(Member("a", home)).alert_codes == ("RUN_KILLED",)
    assert [told["run_id"] for told in ear()] == ["a"]


# Rule P.fleet
@pytest.mark.parametrize(
    "manifest",
    [None, "", "[]", "{}", '{"snapshot_id": "x"}', '{"snapshot_id": "x", "as_of_date": 5}'],
)
def test_a_home_whose_publication_cannot_be_read_is_named_and_hides_no_other(
    tmp_path: Path, manifest: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        home = Home(tmp_path / name).ensure()
        home.home_file.write_text("area: Hedensted\n", encoding="utf-8")
    snapshot = home.published / "snapshots" / "x"
    (home.published / "current").symlink_to("snapshots/x")
    if manifest is not None:  # else the link leads nowhere
        snapshot.mkdir(parents=True)
        (snapshot / "manifest.json").write_text(manifest, encoding="utf-8")
    assert run("status", str(tmp_path), "--json") == 1
    found = {row["home"]: row["problem"] for row in json.loads(capsys.readouterr().out)}
    assert found == {"a": None, "b": "SNAPSHOT_BROKEN"}
