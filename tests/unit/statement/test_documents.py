"""What a statement shows, and what authenticating one offline finds."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from rich.console import Console

from dagster_project.cli import summary
from dagster_project.lib import life, statement
from dagster_project.lib.base import danish
from dagster_project.lib.base.canonical import canonical_json, sha256_json
from dagster_project.lib.base.errors import NotAllowedError, UsageError
from dagster_project.lib.reference import words
from dagster_project.lib.statement import pictures, view, workbook
from dagster_project.lib.trace import telling, why
from tests.support.published import CONTRACT, World


@pytest.fixture
def written(world: World) -> dict[str, Path]:
    """The documents of the one closed period, by suffix."""
    paths = statement.write_statement(world.settings, CONTRACT, "2023-01")
    return {path.suffix: path for path in paths}


# Rules S.statement, S.verify
def test_every_format_can_be_checked_without_the_home(written: dict[str, Path]) -> None:
    assert sorted(written) == [".html", ".json", ".pdf", ".xlsx"]
    for path in written.values():
        verdict = statement.authenticate(path)
        assert verdict.is_valid, verdict.text()


def test_the_workbook_says_what_has_no_table_as_well(written: dict[str, Path]) -> None:
    """Overlap, young data, and that nobody has acted yet: S.statement asks it of each form."""
    book = openpyxl.load_workbook(written[".xlsx"])
    said = "\n".join(
        str(value)
        for name in book.sheetnames
        if name != workbook.DATA_SHEET
        for row in book[name].iter_rows(values_only=True)
        for value in row
    )
    for text in ("Overlap: ", "Unge data: ", "Ingen har handlet på opgørelsen endnu"):
        assert text in said, text


# Rule S.statement
@pytest.mark.parametrize(
    ("days", "lines"), [([59], 1), ([60], 0), ([400, 59], 1)],
    ids=["a_day_too_soon", "late_enough", "one_of_two_owners_too_soon"],
)  # fmt: skip
def test_a_line_is_young_if_an_owner_of_its_month_was_extracted_soon(
    world: World, days: list[int], lines: int
) -> None:
    world.extracted = [dt.date(2023, 1, 31) + dt.timedelta(days=count) for count in days]
    world.publish(dt.date(2023, 5, 1))
    made, *_ = statement.write_statement(world.settings, CONTRACT, "2023-01")
    young = json.loads(made.read_text(encoding="utf-8"))["shown"]["young"]
    amount = "300.00" if lines else "0.00"
    assert young == {"days": 60, "amount_dkk": amount, "line_count": lines}


def test_documents_are_private(written: dict[str, Path]) -> None:
    assert {path.stat().st_mode & 0o777 for path in written.values()} == {0o600}


def test_unchanged_documents_are_not_made_again(world: World) -> None:
    assert len(statement.write_documents(world.home, world.settings)) == 4
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
    told = json.loads(path.read_text(encoding="utf-8"))["provenance"]
    assert not {"participants", "benefit_codes"} & set(told)


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        (("figures", "basis", "period"), "301.00", "linjerne giver ikke periodens grundlag"),
        (("figures", "entitlement", "cumulative"), "301.00", "betalingsretten følger ikke"),
        (("figures", "held", "cumulative"), "1.00", "betalingsret minus tilbageholdt"),
        (("statement_sha256",), "0" * 64, "tallene giver ikke opgørelsens sha256"),
        (("provenance", "terms", "title"), "andet", "vilkårene er ikke dem"),
        (("state", "state"), "paid", "status følger ikke af hændelserne"),
        (("state", "is_superseded"), True, "status følger ikke af hændelserne"),
        (("shown", "totals", "payment_dkk"), "301.00", "payment_dkk er ikke det"),
        (("shown", "totals", "carried_forward_dkk"), "1.00", "carried_forward_dkk er ikke det"),
    ],
)
# Rule S.verify
def test_a_document_that_lies_is_found_even_if_it_is_sealed_again(
    written: dict[str, Path], tmp_path: Path, place: tuple[str, ...], value: Any, problem: str
) -> None:
    document = json.loads(written[".json"].read_text(encoding="utf-8"))
    inner: Any = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    del document["document_sha256"]
    document["document_sha256"] = sha256_json(document)
    path = tmp_path / "løgn.json"
    path.write_text(
        json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n",
        encoding="utf-8",
    )
    assert problem in statement.authenticate(path).text()


def test_an_event_is_compared_as_it_is_written_not_as_it_rounds(
    world: World, tmp_path: Path
) -> None:
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    (path, *_) = statement.write_statement(world.settings, CONTRACT, "2023-01")
    document = json.loads(path.read_text(encoding="utf-8"))
    document["events"][0]["amount_dkk"] += "1"
    del document["document_sha256"]
    document["document_sha256"] = sha256_json(document)
    forged = tmp_path / "løgn.json"
    forged.write_text(canonical_json(document) + "\n", encoding="utf-8")
    assert "hændelse 1 er ændret" in statement.authenticate(forged).text()


def test_a_number_changed_in_the_page_alone_is_found(
    written: dict[str, Path], tmp_path: Path
) -> None:
    from dagster_project.lib.statement import web

    page = written[".html"].read_text(encoding="utf-8")
    head = page[: page.rindex("<!-- sha256")]
    path = tmp_path / "side.html"
    path.write_text(web.seal(head.replace("300,00", "900,00", 1)), encoding="utf-8")
    assert "det, der vises, er ikke det" in statement.authenticate(path).text()


def test_the_page_refers_to_nothing_outside_itself(written: dict[str, Path]) -> None:
    page = written[".html"].read_text(encoding="utf-8")
    assert 'lang="da"' in page
    assert "src=" not in page
    assert "href=" not in page
    assert page.count("<svg") == 2


# Rule S.statement
def test_the_page_names_courses_in_the_restricted_annex_only(written: dict[str, Path]) -> None:
    page = written[".html"].read_text(encoding="utf-8")
    assert ">f1<" not in page[: page.index("<details>")]
    assert ">f1<" in page[page.index("<details>") :]


def test_an_open_period_has_no_statement(world: World) -> None:
    with pytest.raises(NotAllowedError, match="PERIOD_OPEN"):
        statement.write_statement(world.settings, CONTRACT, "2023-04")
    with pytest.raises(UsageError):
        statement.write_statement(world.settings, CONTRACT, "2023-02")


def test_a_file_of_another_kind_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        statement.authenticate(tmp_path / "findes-ikke.json")


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
    assert view.one_sentence("Begrundelse: 5,6 mio. kr.") == "Begrundelse: 5,6 mio. kr."
    assert view.one_sentence("Begrundelse: loft") == "Begrundelse: loft."


def test_the_waterfall_ends_where_its_steps_lead() -> None:
    bars = [
        pictures.Bar("grundlag", Decimal(10), "basis"),
        pictures.Bar("trin 1", Decimal(6), "step"),
        pictures.Bar("trin 2", Decimal(2), "step"),
        pictures.Bar("i alt", Decimal(8), "total"),
        pictures.Bar("tidligere", Decimal(-8), "step"),
    ]
    assert pictures._spans(bars)[-1] == (Decimal(8), Decimal(0))
    drawn = pictures.waterfall(bars, "vej & <loft>")
    assert "vej &amp; &lt;loft&gt;" in drawn
    assert drawn.count("<rect") == len(bars)


def test_a_curve_without_any_payment_is_still_drawn() -> None:
    zero = Decimal(0)
    assert pictures.curve([(zero, zero)], (zero, zero), [], "intet").startswith("<svg")


def test_full_time_persons_are_shown_as_danes_write_them() -> None:
    assert telling._fte("153.7000") == "153,7000"
    assert telling._fte(None) == danish.NONE


def test_a_line_without_a_course_is_never_hidden_by_the_bound(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(telling, "_line_tree", lambda line: str(line["course_id"]))
    lines = [{"course_id": f"F{number}"} for number in range(20)] + [{"course_id": None}]
    document = {
        "title": "t", "period": "2024-10", "state": "draft", "payment_dkk": "0.00",
        "basis_dkk": "0.00", "statement_sha256": None, "snapshot_id": "s", "lines": lines,
        "months_without_line": [],
    }  # fmt: skip
    telling.tell(document, Console())
    shown = capsys.readouterr().out.splitlines()
    assert "None" in shown
    assert shown[-1].startswith("… og 9 mere")


# Rule P.danish
def test_the_summary_names_states_as_the_statement_does() -> None:
    table = summary._settlement_table(
        [("k", "2023-K1", dt.date(2023, 1, 1), "draft", False, Decimal(0), Decimal(0))]
    )
    assert list(table.columns[2].cells) == [words.label("state", "draft")]
