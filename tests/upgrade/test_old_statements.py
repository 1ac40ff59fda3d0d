"""Statements that were approved before format 2: they stay, verify, and name no course any more."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest

from dagster_project import settings as places
from dagster_project.lib import ledger, statement, upgrade
from dagster_project.lib.base.canonical import canonical_json
from dagster_project.lib.keys import sealing
from dagster_project.lib.keys.statement_key import read_statement_key
from dagster_project.lib.ledger import frozen
from dagster_project.lib.trace import replay
from dagster_project.orchestration.dbt_runner import run_selected
from dagster_project.settings import Home
from tests.life.law import texts_of
from tests.upgrade import old_homes

CONTRACT, PERIOD = "livet", "2023-01"
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documents that the code of format 1 wrote, as a party kept them."""
    root = old_homes.unpack(1, tmp_path_factory.mktemp("gammel") / "home")
    return root / "reports" / "statements" / CONTRACT


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same home, brought up."""
    own = Home(old_homes.unpack(1, tmp_path_factory.mktemp("ny") / "home"))
    upgrade.bring_up(own)
    return own


@pytest.fixture
def made(home: Home, tmp_path: Path) -> Path:
    """Today's documents of the period that was approved in format 1, in a folder of their own."""
    written = statement.write_statement(places.resolve(home.root), CONTRACT, PERIOD)
    for path in written:
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.mark.parametrize(("form", "code"), [("json", 0), ("html", 0), ("pdf", 3), ("xlsx", 3)])
# Rule S.verify
def test_a_kept_statement_of_format_1_verifies_as_far_as_it_can(
    kept: Path, form: str, code: int
) -> None:
    told = statement.authenticate(kept / f"{PERIOD}.{form}")
    assert told.exit_code == code, told.text()
    assert told.is_key_confirmed is False and "I orden" not in told.text()


# Rule F.statement_key
def test_an_old_home_gets_a_key_and_loses_the_documents_that_name_courses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = Home(old_homes.unpack(1, tmp_path / "home"))
    upgrade.bring_up(own)
    key = read_statement_key(own)
    assert own.statement_key_file.stat().st_mode & 0o777 == 0o600
    assert key.fingerprint in capsys.readouterr().err
    assert not (own.reports / "statements").exists()


# Rules S.frozen, S.statement
def test_what_was_approved_in_format_1_keeps_its_hash_and_names_no_course(
    home: Home, made: Path
) -> None:
    approval = ledger.approvals_of(ledger.read(home))[CONTRACT, dt.date(2023, 1, 1)]
    document = frozen.read(home, approval)
    courses = {line["course"] for line in document["figures"]["lines"]} - {None}
    told = json.loads((made / f"{PERIOD}.json").read_text(encoding="utf-8"))
    assert told["statement_sha256"] == approval.statement_sha256
    assert courses and not courses & texts_of(told)


# Rules S.verify, S.annex
def test_its_hash_is_recomputed_with_the_annex(home: Home, made: Path) -> None:
    key, annex = read_statement_key(home), made / f"{PERIOD}-bilag.json"
    for form in ("json", "html", "pdf"):
        path = made / f"{PERIOD}.{form}"
        told = statement.authenticate(path, key.fingerprint, annex)
        assert (told.exit_code, told.unchecked) == (0, []), told.text()
        assert "som i format 1 også dækker linjerne" in statement.authenticate(path).text()
    document = json.loads((made / f"{PERIOD}.json").read_text(encoding="utf-8"))
    document["statement_sha256"] = "0" * 64
    for name in ("public_key", "signature"):
        del document[name]
    lie = made / "løgn.json"
    lie.write_text(canonical_json(sealing.signed(document, key)) + "\n", encoding="utf-8")
    told = statement.authenticate(lie, key.fingerprint, annex)
    assert "tallene og linjerne giver ikke opgørelsens sha256" in told.text()


# Rule S.replay
def test_it_replays_in_the_form_that_it_was_approved_in(home: Home) -> None:
    verdict = replay.replay(places.resolve(home.root), CONTRACT, PERIOD, run_selected)
    assert verdict.is_identical, verdict.text()
