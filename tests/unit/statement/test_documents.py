"""What a statement shows, and what authenticating one offline finds."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from rich.console import Console

from dagster_project import cli
from dagster_project.cli import summary
from dagster_project.lib import life, statement
from dagster_project.lib.base import danish
from dagster_project.lib.base.errors import EffektError, NotAllowedError, UsageError
from dagster_project.lib.keys.statement_key import read_statement_key
from dagster_project.lib.reference import words
from dagster_project.lib.statement import documents, paper, sheet, view, workbook
from dagster_project.lib.trace import telling, why
from tests.support.published import CONTRACT, PERIODS, World

FORMS = ("2023-01.json", "2023-01.html", "2023-01.pdf", "2023-01.xlsx")
ANNEX = ("2023-01-bilag.json", "2023-01-bilag.xlsx")


@pytest.fixture
def written(world: World) -> dict[str, Path]:
    """The documents of the one closed period, by name."""
    paths = statement.write_statement(world.settings, CONTRACT, "2023-01")
    return {path.name: path for path in paths}


# Rules S.statement, S.annex, S.signature
def test_a_settlement_and_its_annex_are_signed_in_every_form(written: dict[str, Path]) -> None:
    beside = [f"{name}.sig" for name in (*FORMS, *ANNEX) if not name.endswith(".json")]
    assert sorted(written) == sorted([*FORMS, *ANNEX, *beside])
    for name in (*FORMS, *ANNEX):
        verdict = statement.authenticate(written[name])
        assert verdict.is_valid, verdict.text()


def bare(path: Path) -> bytes:
    """All that a file holds, unpacked: what stands in it, a reader may find."""
    raw = path.read_bytes()
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return b"".join(book.read(name) for name in book.namelist())
    if path.suffix == ".pdf":
        return raw + "".join(paper.documents_of(raw)).encode()
    return raw


# Rules S.statement, S.annex
def test_the_settlement_names_no_course_in_any_form_and_the_annex_names_them_all(
    world: World,
) -> None:
    world.course = "forløb-4711"
    world.publish(dt.date(2023, 5, 1))
    paths = {p.name: p for p in statement.write_statement(world.settings, CONTRACT, "2023-01")}
    for name in FORMS:
        assert b"4711" not in bare(paths[name]), name
    for name in ANNEX:
        assert b"4711" in bare(paths[name]), name


# Rule S.signature
def test_every_document_prints_hash_heads_and_the_fingerprint_of_the_key(world: World) -> None:
    event = life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    paths = {p.name: p for p in statement.write_statement(world.settings, CONTRACT, "2023-01")}
    key = read_statement_key(world.home).fingerprint
    for name in (*FORMS[1:2], *FORMS[3:], *ANNEX[1:]):
        said = bare(paths[name]).decode("utf-8", errors="replace")
        for text in (str(event.statement_sha256), f"nr. 1: {event.hash}", key):
            assert text in said, (name, text)
    told = json.loads(paths["2023-01.json"].read_text(encoding="utf-8"))
    head = {"sequence": 1, "hash": event.hash}
    assert told["provenance"]["heads"]["ledger"] == head
    assert json.loads(paths[ANNEX[0]].read_text(encoding="utf-8"))["heads"]["ledger"] == head


@pytest.mark.parametrize(
    ("recorded", "told"),
    [("2025-01-10T23:05:09+00:00", "11. januar 2025 kl. 0.05"),
     ("2025-07-10T21:59:59+00:00", "10. juli 2025 kl. 23.59")],
    ids=["winter", "summer"],
)  # fmt: skip
# Rules S.people, P.danish
def test_a_step_was_recorded_by_the_clock_on_the_wall_in_denmark(
    world: World, recorded: str, told: str
) -> None:
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    (path, *_) = statement.write_statement(world.settings, CONTRACT, "2023-01")
    document = json.loads(path.read_text(encoding="utf-8"))
    document["events"][0]["recorded_at"] = recorded
    people = next(s for s in view.build(document).sections if s.title.startswith("Hvem"))
    assert people.table is not None
    assert told in [cell.text for cell in people.table.rows[0]]


# Rule S.people
@pytest.mark.parametrize(("told", "word"), [({}, "angivet"), ({"is_confirmed": True}, "bekræftet"),
                                            ({"is_confirmed": False}, "angivet")])  # fmt: skip
def test_a_name_is_said_to_be_confirmed_or_merely_stated(
    world: World, told: dict[str, bool], word: str
) -> None:
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    (path, *_) = statement.write_statement(world.settings, CONTRACT, "2023-01")
    document = json.loads(path.read_text(encoding="utf-8"))
    document["events"][0] |= told
    if not told:
        document["events"][0].pop("is_confirmed", None)
    people = next(s for s in view.build(document).sections if s.title.startswith("Hvem"))
    assert people.table is not None
    assert word in [cell.text for cell in people.table.rows[0]]


def test_the_workbook_says_what_has_no_table_as_well(written: dict[str, Path]) -> None:
    """Young data, and that nobody has acted yet: S.statement asks it of each form."""
    book = openpyxl.load_workbook(written["2023-01.xlsx"])
    assert {sheet.sheet_state for sheet in book.worksheets} == {"visible"}
    said = "\n".join(
        str(value)
        for name in book.sheetnames
        for row in book[name].iter_rows(values_only=True)
        for value in row
    )
    for text in ("Foreløbige data: ", "Ingen har handlet på opgørelsen endnu"):
        assert text in said, text


# Rule S.statement
@pytest.mark.parametrize(
    ("days", "lines"), [([59], 1), ([60], 0), ([80, 59], 1)],
    ids=["a_day_too_late", "long_enough_ago", "one_of_two_owners_too_late"],
)  # fmt: skip
def test_a_line_is_young_if_an_owner_of_its_month_was_extracted_shortly_before_the_as_of_date(
    world: World, days: list[int], lines: int
) -> None:
    as_of = dt.date(2023, 5, 1)
    world.extracted = [as_of - dt.timedelta(days=count) for count in days]
    world.publish(as_of)
    made, *_ = statement.write_statement(world.settings, CONTRACT, "2023-01")
    young = json.loads(made.read_text(encoding="utf-8"))["shown"]["young"]
    amount = "300.00" if lines else "0.00"
    assert young == {"days": 60, "amount_dkk": amount, "line_count": lines}


def test_documents_are_private(written: dict[str, Path]) -> None:
    assert {path.stat().st_mode & 0o777 for path in written.values()} == {0o600}


def test_unchanged_documents_are_not_made_again(world: World) -> None:
    assert len(statement.write_documents(world.home, world.settings)) == 10
    assert statement.write_documents(world.home, world.settings) == []


@pytest.mark.parametrize("missing", ["2023-01.pdf.sig", "2023-01-bilag.json", "2023-01.html"])
# Rule S.statement
def test_a_document_that_is_missing_is_made_again_though_nothing_changed(
    world: World, missing: str
) -> None:
    first = statement.write_documents(world.home, world.settings)
    assert statement.write_documents(world.home, world.settings, is_unchanged=True) == []
    (world.home.reports / "statements" / CONTRACT / missing).unlink()
    again = statement.write_documents(world.home, world.settings, is_unchanged=True)
    assert sorted(again) == sorted(first)


# Rule S.statement
def test_what_lies_there_is_kept_up_to_date_beyond_the_newest_and_nothing_is_made_unasked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "NIGHTLY_LIMIT", 1)
    older, newer = PERIODS[:2]
    world.amounts = {older: Decimal(300), newer: Decimal(200)}
    world.publish_again(dt.date(2023, 7, 1))
    first = statement.write_documents(world.home, world.settings)
    assert {path.name[:7] for path in first} == {"2023-04"}  # the older one is made for nobody

    asked, *_ = statement.write_statement(world.settings, CONTRACT, "2023-01")
    world.amounts = {older: Decimal(100), newer: Decimal(200)}
    world.publish_again(dt.date(2023, 7, 2))
    again = statement.write_documents(world.home, world.settings)
    assert {path.name[:7] for path in again} == {"2023-01", "2023-04"}
    figures = json.loads(asked.read_text(encoding="utf-8"))["figures"]
    assert figures["basis"]["period"] == "100.00"
    assert statement.write_documents(world.home, world.settings) == []


def test_a_step_in_the_ledger_makes_the_documents_anew(world: World) -> None:
    statement.write_documents(world.home, world.settings)
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    (made, *_) = statement.write_documents(world.home, world.settings)
    assert statement.authenticate(made).state == "submitted"
    assert "Lis" in made.with_suffix(".html").read_text(encoding="utf-8")


def test_why_tells_the_state_that_the_ledger_has_now(world: World) -> None:
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    assert why.explain(world.settings, CONTRACT, "2023-01").as_json()["state"] == "submitted"


def test_the_documents_of_an_approved_period_come_from_the_ledger(world: World) -> None:
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    life.verify(world.settings, CONTRACT, "2023-01", "Kai")
    event = life.approve(world.settings, CONTRACT, "2023-01", "Lea")
    path = statement.write_statement(world.settings, CONTRACT, "2023-01")[0]
    verdict = statement.authenticate(path)
    assert (verdict.state, verdict.statement_sha256) == ("approved", event.statement_sha256)
    told = json.loads(path.read_text(encoding="utf-8"))
    assert "published" not in told
    assert not {"participants", "benefit_codes", "evidence"} & set(told["provenance"])


# Rule S.statement
@pytest.mark.parametrize("step", ["submit", "approve"])
def test_a_step_is_answered_with_the_documents_that_it_changed(
    world: World, step: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if step == "approve":
        life.submit(world.settings, CONTRACT, "2023-01", "Lis")
        life.verify(world.settings, CONTRACT, "2023-01", "Kai")
    words = [step, CONTRACT, "2023-01", "--as", "Lea", "--home", str(world.home.root),
             "--contracts", str(world.settings.contracts_dir)]  # fmt: skip
    monkeypatch.setattr("sys.argv", ["effekt", *words])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 0
    said = capsys.readouterr().out.splitlines()
    path = next(Path(line) for line in said if line.endswith("2023-01.json"))
    wanted = {"submit": "submitted", "approve": "approved"}[step]
    assert statement.authenticate(path).state == wanted


def test_a_step_whose_documents_cannot_be_written_says_that_it_stands(world: World) -> None:
    event = life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    (world.home.reports / "statements").write_text("i vejen", encoding="utf-8")
    with pytest.raises(EffektError, match="DOCUMENTS_NOT_WRITTEN: hændelse 1 er skrevet"):
        life.write_documents(world.settings, event)


# Rules S.statement, S.release
def test_a_release_writes_the_drafts_that_it_moves_and_says_that_their_figures_come_later(
    world: World,
) -> None:
    event = life.release(world.settings, CONTRACT, Decimal("10.50"), "Kai", "byrådet den 3. maj")
    written = {path.name: path for path in life.write_documents(world.settings, event)}
    assert "2023-01.html" in written
    page = written["2023-01.html"].read_text(encoding="utf-8")
    for text in ("10,50\u00a0kr. er frigivet, efter at tallene blev gjort op", "byrådet den 3. maj",
                 "nej, først senere"):  # fmt: skip
        assert text in page, text
    assert statement.authenticate(written["2023-01.json"]).is_valid
    world.publish_again(dt.date(2023, 5, 1))
    (path, *_) = statement.write_statement(world.settings, CONTRACT, "2023-01")
    told = json.loads(path.read_text(encoding="utf-8"))
    assert [release["is_counted"] for release in told["releases"]] == [True]
    assert statement.authenticate(path).is_valid


def test_the_page_refers_to_nothing_outside_itself(written: dict[str, Path]) -> None:
    page = written["2023-01.html"].read_text(encoding="utf-8")
    assert 'lang="da"' in page
    assert "src=" not in page
    assert "href=" not in page
    assert page.count("<svg") == 4  # two charts, each for a page and for a phone


def test_an_open_period_has_no_statement(world: World) -> None:
    with pytest.raises(NotAllowedError, match="PERIOD_OPEN"):
        statement.write_statement(world.settings, CONTRACT, "2023-04")
    with pytest.raises(UsageError):
        statement.write_statement(world.settings, CONTRACT, "2023-02")


@pytest.mark.parametrize(
    ("text", "expected"), [("=SUM(A1)", "'=SUM(A1)"), ("@x", "'@x"), ("-1", "'-1"), ("x=1", "x=1")]
)
# Rule F.formulas
def test_no_text_becomes_a_formula(text: str, expected: str) -> None:
    assert workbook.escaped(text) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("1234567.5", "1.234.567,50"), ("-0.5", "−0,50"), ("0", "0,00"), ("999.995", "1.000,00")],
)
def test_numbers_are_written_as_danes_write_them(amount: str, expected: str) -> None:
    assert danish.number(Decimal(amount)) == expected


def test_a_contracts_own_full_stop_is_not_doubled() -> None:
    assert sheet.one_sentence("Begrundelse: 5,6 mio. kr.") == "Begrundelse: 5,6 mio. kr."
    assert sheet.one_sentence("Begrundelse: loft") == "Begrundelse: loft."


def test_full_time_persons_are_shown_as_danes_write_them() -> None:
    assert telling._fte("153.7000") == "153,7000"
    assert telling._fte(None) == danish.NONE


def test_a_line_without_a_course_is_never_hidden_by_the_bound(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(telling, "_line_tree", lambda line: str(line["course_id"]))
    lines = [{"course_id": f"F{number}"} for number in range(20)] + [{"course_id": None}]
    document = {
        "title": "t", "period": "2024-10", "period_label": "2024-K4", "state": "draft",
        "payment_dkk": "0.00", "basis_dkk": "0.00", "statement_sha256": None,
        "snapshot_id": "s", "lines": lines, "months_without_line": [],
        "way": None, "approved_as_of": None,
    }  # fmt: skip
    telling.tell(document, Console())
    shown = capsys.readouterr().out.splitlines()
    assert "None" in shown
    assert shown[-1].startswith("… og 9 mere")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("open", None),
        ("draft", "Til udbetaling, når perioden er godkendt: 5,00"),
        ("verified", "Til udbetaling, når perioden er godkendt: 5,00"),
        ("approved", "Godkendt til udbetaling: 5,00"),
        ("paid", "Udbetalt: 5,00"),
    ],
)
# Rules S.why, P.danish
def test_why_calls_nothing_paid_that_nobody_has_paid(
    capsys: pytest.CaptureFixture[str], state: str, said: str | None
) -> None:
    document = {
        "title": "t", "period": "2022-12", "period_label": "2022-12-01", "state": state,
        "payment_dkk": None if said is None else "5.00", "basis_dkk": "9.00", "lines": [],
        "statement_sha256": None, "snapshot_id": "s", "months_without_line": [], "way": None,
        "approved_as_of": None,
    }  # fmt: skip
    telling.tell(document, Console(width=200))
    shown = capsys.readouterr().out
    assert shown.startswith("t · december 2022 · ")
    assert (said in shown) if said else ("kr." not in shown)


# Rule P.danish
def test_the_summary_names_states_as_the_statement_does() -> None:
    table = summary._settlement_table(
        [("k", "2023-K1", dt.date(2023, 1, 1), "draft", False, Decimal(0), Decimal(0))]
    )
    assert list(table.columns[2].cells) == [words.label("state", "draft")]
