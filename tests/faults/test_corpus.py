"""Every bad file: its code, its rows, no value shown, nothing else moved, its twin accepted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dagster_project.lib import receiving, vault, warehouse
from dagster_project.settings import Home

from . import corpus
from .corpus.__main__ import write

CASES = corpus.all_cases()
CONTRACTS = frozenset({corpus.CONTRACT})
RAW = (
    "ydelsesforloeb", "dream", "ydelsesrefusion", "deltagere", "resultatkrav", "jobindsats",
    "personstatus", "eindkomst", "aktiviteter", "person", "loaded_delivery", "rejected_row",
)  # fmt: skip


@dataclass
class Nights:
    """Three nights in one home: good files, all bad files at once, their mended twins."""

    home: Home
    before: dict[str, list[tuple[object, ...]]]
    after: dict[str, list[tuple[object, ...]]]
    bad: receiving.ReceiveReport
    mended: receiving.ReceiveReport
    quarantine: dict[str, bytes]


def _rows(home: Home) -> dict[str, list[tuple[object, ...]]]:
    connection = warehouse.connect(home.warehouse)
    try:
        return {
            name: connection.execute(f"select * from raw.{name} order by all").fetchall()
            for name in RAW
        }
    finally:
        connection.close()


def _land(home: Home, number: int, name: str, data: bytes, side: bytes | None = None) -> None:
    """Each file in a folder of its own: names may be the same."""
    folder = home.landing / f"fra-{number}"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    if side is not None:
        (folder / f"{name}.sha256").write_bytes(side)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    home = Home(tmp_path_factory.mktemp("hjem") / "home").ensure()
    for number, source in enumerate(corpus.TABLES):
        name = f"{source}_2024-01-31{corpus.WINDOWS.get(source, '')}.csv"
        _land(home, number, name, corpus.good_csv(source))
    first = receiving.receive(home, CONTRACTS)
    assert [note.code for note in first.refused] == []
    assert len(first.accepted) == len(corpus.TABLES)
    before = _rows(home)
    for number, case in enumerate(CASES):
        _land(home, number, case.name, case.data, case.side)
    bad = receiving.receive(home, CONTRACTS)
    after = _rows(home)
    quarantine = {path.name: path.read_bytes() for path in home.quarantine.iterdir()}
    for number, case in enumerate(CASES):
        _land(home, number, case.mended_name, case.mended)
    yield Nights(home, before, after, bad, receiving.receive(home, CONTRACTS), quarantine)


def _note(nights: Nights, case: corpus.Case) -> receiving.DeliveryNote:
    sha256 = hashlib.sha256(case.data).hexdigest()
    shown = [
        note
        for note in nights.bad.refused
        if note.sha256 == sha256 and _is_shown_as(note.file_name, case.name)
    ]
    assert shown, "the file was not refused"
    return shown[0]


def _is_shown_as(shown: str, name: str) -> bool:
    from dagster_project.lib.receiving.judging.names import scrub

    return shown == scrub(name)


def test_the_corpus_is_large_and_every_name_is_its_own() -> None:
    assert len(CASES) >= 150
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
# Rules I.declared, I.refusal, I.contract_known, I.cpr, I.dates
def test_a_bad_file_is_refused_with_its_code_and_rows(nights: Nights, case: corpus.Case) -> None:
    note = _note(nights, case)
    assert note.code == case.code
    if case.rows is not None:
        assert note.findings[0].rows == case.rows
    for finding in note.findings:
        if finding.code in ("CPR_LENGTH", "DATE_FORMAT", "NUMBER_FORMAT", "VALUE_NOT_ALLOWED"):
            assert finding.row_total > 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
# Rule I.silent
def test_a_bad_file_is_kept_with_a_report_that_tells_no_value(
    nights: Nights, case: corpus.Case
) -> None:
    sha256 = hashlib.sha256(case.data).hexdigest()
    note = _note(nights, case)
    assert vault.Received(nights.home, vault.QUARANTINE, sha256).read() == case.data
    reports = nights.quarantine[f"{sha256}.json"], nights.quarantine[f"{sha256}.txt"]
    told = [repr(note), json.dumps(note.as_json(), ensure_ascii=False)]
    told += [report.decode() for report in reports]
    register = (nights.home.vault / "deliveries.jsonl").read_text().splitlines()
    told += [line for line in register if sha256 in line]
    for secret in case.secrets:
        assert not [text for text in told if secret in text]
    listed = json.loads(reports[0])["refused"]
    assert case.code in {entry["code"] for entry in listed}
    assert all(finding["remedy"] for entry in listed for finding in entry["findings"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_mended_file_is_accepted(nights: Nights, case: corpus.Case) -> None:
    names = {note.file_name for note in nights.mended.accepted}
    assert case.mended_name in names


def test_nothing_of_a_bad_file_reaches_the_warehouse(nights: Nights) -> None:
    assert nights.after == nights.before


# Rule I.kept
def test_every_bad_file_has_left_landing_and_none_is_lost(nights: Nights) -> None:
    assert [path for path in nights.home.landing.rglob("*") if path.is_file()] == []
    assert len(nights.bad.refused) == len(CASES)
    assert nights.bad.accepted == nights.mended.refused == []


def test_no_person_number_of_the_corpus_leaves_landing(nights: Nights) -> None:
    numbers = [b"6101901234", b"610190-1234", b"101901234", b"9112851236", b"620290-1235"]
    seen = [
        path
        for path in nights.home.root.rglob("*")
        if path.is_file() and nights.home.landing not in path.parents
    ]  # fmt: skip
    assert any(path.name == "warehouse.duckdb" for path in seen)
    for path in seen:
        data = path.read_bytes()
        assert not [number for number in numbers if number in data], path.name


# Rule I.kept
def test_what_stands_in_vault_and_quarantine_is_named_by_its_sha256(nights: Nights) -> None:
    for folder in (nights.home.vault, nights.home.quarantine):
        for path in _stored(folder):
            file = vault.Received(nights.home, folder.name, path.name)  # type: ignore[arg-type]
            assert hashlib.sha256(file.read()).hexdigest() == path.name


def _stored(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file() and "." not in path.name]


def test_the_corpus_is_written_as_files_for_whoever_wants_to_look(tmp_path: Path) -> None:
    assert write(tmp_path) == len(CASES) >= 150
    for folder, case in zip(sorted(tmp_path.iterdir()), CASES, strict=True):
        expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        assert expected["code"] == case.code
        files = {path.name for path in folder.iterdir() if path.is_file()}
        assert any(name != "expected.json" and case.name.endswith(name) for name in files)
