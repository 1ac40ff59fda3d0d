"""A home of older code is brought up by the next command that acts on it, and only once."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest

from dagster_project import settings as places
from dagster_project.cli.app import app
from dagster_project.lib import inspection, records, upgrade, vault
from dagster_project.lib.base.canonical import sha256_text
from dagster_project.lib.base.errors import EffektError, NotAllowedError
from dagster_project.lib.ledger import upgrades as record
from dagster_project.lib.publishing.snapshot import open_current
from dagster_project.lib.statement import authenticate
from dagster_project.lib.upgrade.steps import STEPS
from dagster_project.lib.vault import renewal
from dagster_project.settings import HOME_FORMAT, Home
from tests.support.night import read_mart, run_night
from tests.upgrade import old_homes

pytestmark = pytest.mark.timeout(600)


def written(root: Path) -> dict[str, bytes]:
    """Every file of a home but its lock."""
    found = (path for path in root.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path): path.read_bytes() for path in found}


def test_the_steps_lead_to_the_format_of_this_code_one_by_one() -> None:
    assert [step.from_format for step in STEPS] == list(range(1, HOME_FORMAT))


# Rule P.format
def test_the_next_command_that_acts_brings_an_old_home_up_once_and_tells_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(old_homes.unpack(1, tmp_path / "home"))
    assert home.read_home_file().format == 1
    upgrade.bring_up(home)
    told = capsys.readouterr().err
    assert "fra format 1 til 2" in told and "livet 2023-04 var indsendt" in told
    assert "fra format 2 til 3" in told and "modtagne filer er krypteret" in told
    assert home.home_file.read_text("utf-8") == "area: Prøveby\nas_of: 2023-08-16\nformat: 3\n"
    steps = [(step["from_format"], step["to_format"]) for step in record.read(home)]
    assert steps == [(1, 2), (2, 3)]
    before = written(home.root)
    upgrade.bring_up(home)
    assert capsys.readouterr().err == ""
    assert written(home.root) == before


def test_an_upgrade_that_was_killed_before_home_yml_was_written_is_finished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(old_homes.unpack(1, tmp_path / "home"))
    old = home.home_file.read_bytes()
    upgrade.bring_up(home)
    home.home_file.write_bytes(old)
    capsys.readouterr()
    upgrade.bring_up(home)
    assert home.read_home_file().format == HOME_FORMAT
    assert len(record.read(home)) == 2
    assert capsys.readouterr().err == ""


# Rule F.encrypted
def test_files_from_before_encryption_are_encrypted_though_it_is_killed_at_each_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(old_homes.unpack(1, tmp_path / "home"))
    (home.quarantine / sha256_text("looks")).write_text("looks", encoding="utf-8")
    plain = {path.name: path.read_bytes() for path in home.vault.iterdir() if path.is_file()}
    plain.pop("deliveries.jsonl")
    replace = renewal._replace
    for _ in range(len(plain) + 1):
        done: list[object] = []

        def one_and_no_more(*values: object, done: list[object] = done) -> None:
            if done:
                raise KeyboardInterrupt
            done.append(values)
            replace(*values)  # type: ignore[arg-type]

        with monkeypatch.context() as patched:
            patched.setattr(renewal, "_replace", one_and_no_more)
            with suppress(KeyboardInterrupt):
                upgrade.bring_up(home)
        lying = vault.listed(home, vault.VAULT)
        assert {file.sha256: file.read() for file in lying} == plain  # readable in the middle
    upgrade.bring_up(home)
    refused = vault.listed(home, vault.QUARANTINE)
    assert refused and all(file.is_encrypted for file in (*lying, *refused))
    assert home.read_home_file().format == HOME_FORMAT
    assert inspection.inspect_home(home).is_whole


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "format: 3\n"),
        ("# Odense\narea: Odense", "# Odense\narea: Odense\nformat: 3\n"),
        ("format: 1 # old\narea: Odense\n", "format: 3\narea: Odense\n"),
        ("---\narea: Odense\n", "---\narea: Odense\nformat: 3\n"),
        ("{area: Odense}\n", "area: Odense\nformat: 3\n"),
    ],
)
def test_the_rest_of_home_yml_stays(tmp_path: Path, before: str, after: str) -> None:
    home = Home(tmp_path).ensure()
    home.home_file.write_text(before, encoding="utf-8")
    upgrade.bring_up_held(home)
    assert home.home_file.read_text("utf-8") == after


def test_a_new_home_begins_with_the_format_of_this_code_and_without_a_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path).ensure()
    upgrade.bring_up_held(home)
    assert home.read_home_file().format == HOME_FORMAT
    assert not home.has_records
    assert capsys.readouterr().err == ""


def test_a_folder_that_is_no_home_is_left_alone(tmp_path: Path) -> None:
    upgrade.bring_up(Home(tmp_path))
    assert list(tmp_path.iterdir()) == []


# Rule P.format
def test_a_home_of_newer_code_is_refused_with_both_formats(tmp_path: Path) -> None:
    (tmp_path / "home.yml").write_text(f"format: {HOME_FORMAT + 1}\n", encoding="utf-8")
    with pytest.raises(EffektError, match=f"HOME_FORMAT.*{HOME_FORMAT + 1}.*{HOME_FORMAT}"):
        places.resolve(tmp_path)


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "'2'", "yes", "null"])
def test_a_format_that_is_no_number_of_one_is_refused(tmp_path: Path, value: str) -> None:
    (tmp_path / "home.yml").write_text(f"format: {value}\n", encoding="utf-8")
    with pytest.raises(EffektError, match=r"HOME_FILE: home.yml .* \(format\)"):
        places.resolve(tmp_path)


@pytest.mark.slow
# Rule F.verify
def test_one_night_brings_a_home_of_format_1_up_and_every_record_of_it_is_whole(
    tmp_path: Path,
) -> None:
    home = Home(old_homes.unpack(1, tmp_path / "home"))
    frozen = {path: path.read_bytes() for path in (home.ledger / "statements").rglob("*.json")}
    assert inspection.inspect_home(home).is_whole
    night = run_night(home.root, "2023-08-16")
    assert night.exit_code == 0, night.error
    report = inspection.inspect_home(home)
    assert report.is_whole, report.text()
    assert frozen == {path: path.read_bytes() for path in frozen}
    states = {row["period_start"]: row["state"] for row in read_mart(home.root, "settlement")}
    assert (states["2023-01-01"], states["2024-01-01"]) == ("paid", "open")


# Rule S.heads
def test_only_the_manifests_that_were_there_when_a_home_was_brought_up_may_lack_a_seal(
    tmp_path: Path,
) -> None:
    home = Home(old_homes.unpack(1, tmp_path / "home"))
    upgrade.bring_up(home)
    assert len(records.check(home).register.records()) > 0
    assert len(records.kept_manifests(home)) == 2
    path = (home.published / "current" / "manifest.json").resolve()
    data = path.read_bytes()
    for changed in ({**json.loads(data), "deliveries": []}, {**json.loads(data), "format": 1}):
        path.write_text(json.dumps(changed), encoding="utf-8")
        for text in ("format: 2\n", "format: 1\n"):
            home.home_file.write_text(text, encoding="utf-8")
            assert len(records.kept_manifests(home)) == 1
            with pytest.raises(EffektError, match="mangler eller er ændret"):
                records.check(home)
            snapshots = next(
                area for area in inspection.inspect_home(home).areas if area.name == "snapshots"
            )
            assert snapshots.faults
    home.home_file.write_text("format: 2\n", encoding="utf-8")
    path.write_bytes(data)
    records.check(home)
    upgrades = record.record_file(home)
    upgrades.write_bytes(upgrades.read_bytes().replace(b'"told"', b'"tolt"'))
    with pytest.raises(EffektError, match="mangler eller er ændret"):
        records.check(home)


def test_an_old_register_that_lacks_what_a_snapshot_names_is_not_sealed(tmp_path: Path) -> None:
    home = Home(old_homes.unpack(1, tmp_path / "home"))
    path = home.vault / "deliveries.jsonl"
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    for changed in (b"".join(lines[:-1]), data.replace(b'"2022-01-01"', b'"2022-01-02"')):
        path.write_bytes(changed)
        before = written(home.root)
        with pytest.raises(EffektError, match="REGISTER_BROKEN"):
            upgrade.bring_up(home)
        assert written(home.root) == before
    path.write_bytes(data[:-1])  # a whole line that lacks its line feed is no fault
    upgrade.bring_up(home)
    assert path.read_bytes().startswith(data)


# Rules P.format, S.fresh
def test_between_an_upgrade_and_its_night_only_what_is_approved_is_told(tmp_path: Path) -> None:
    home = Home(old_homes.unpack(1, tmp_path / "home"))
    with pytest.raises(NotAllowedError, match="SNAPSHOT_STALE") as found:
        command("statement", "livet", "2023-04", home)
    assert "effekt run" in found.value.remedy
    assert home.read_home_file().format == HOME_FORMAT
    command("statement", "livet", "2023-01", home)
    document = home.reports / "statements" / "livet" / "2023-01.json"
    assert authenticate(document).state == "paid"


# Rule P.format
def test_a_table_that_an_older_version_did_not_publish_has_no_rows(tmp_path: Path) -> None:
    home = Home(old_homes.unpack(1, tmp_path / "home"))
    with open_current(home) as current:
        assert current.rows("select * from restricted.dispute") == []
        assert current.rows("select * from mart.settlement_forecast") == []
        assert current.rows("select * from mart.settlement") != []


@pytest.mark.parametrize("name", ["why", "replay"])
# Rule P.format
def test_what_tells_of_figures_brings_a_home_up_and_looks_at_its_records(
    tmp_path: Path, name: str
) -> None:
    home = Home(old_homes.unpack(1, tmp_path / "home"))
    path = home.vault / "deliveries.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(EffektError, match="REGISTER_BROKEN"):
        command(name, "livet", "2023-01", home)


def command(name: str, contract: str, period: str, home: Home) -> None:
    """A command as it is typed, with its failure."""
    words = [name, contract, period, "--home", str(home.root)]
    app(words, standalone_mode=False)
