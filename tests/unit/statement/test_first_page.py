"""What a council reads first, and whether a reader can compute the parts again."""

from __future__ import annotations

import datetime as dt
import io
import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import openpyxl
import pytest
from rich.console import Console

from dagster_project.lib import charts, life, statement
from dagster_project.lib.base import danish
from dagster_project.lib.charts import drawing
from dagster_project.lib.statement import charted, money_way, view
from dagster_project.lib.statement.sheet import Section, View
from dagster_project.lib.trace import telling, why
from tests.support.published import CONTRACT, World

START = dt.date(2023, 1, 1)
NEXT = dt.date(2023, 4, 1)
KR = "\u00a0kr."


def document(world: World, period: str = "2023-01") -> dict[str, Any]:
    """The settlement's document as it is written now."""
    (path, *_) = statement.write_statement(world.settings, CONTRACT, period)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def shown(world: World, period: str = "2023-01") -> View:
    """The document as it reads."""
    return view.build(document(world, period))


def section(found: View, begins: str) -> Section:
    """The one section whose title begins so."""
    (one,) = [one for one in found.sections if one.title.startswith(begins)]
    return one


def texts(found: Section) -> list[list[str]]:
    """The rows of a section's tables."""
    return [[cell.text for cell in row] for table in found.tables for row in table.rows]


# the sentence -------------------------------------------------------------------------------------


# Rules S.first_page, S.words
def test_the_sentence_follows_the_state_and_says_paid_only_of_what_finance_has_paid(
    world: World,
) -> None:
    found = shown(world)
    assert found.sentence.startswith(
        "Bliver opgørelsen godkendt, skal Prøveby Kommune betale leverandøren"
        f" 300,00{KR} for 2023-K1, fordi"
    )
    assert found.payment_label == "Opgjort til betaling for perioden, ikke godkendt"
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    life.verify(world.settings, CONTRACT, "2023-01", "Kai")
    assert shown(world).sentence.startswith("Bliver opgørelsen godkendt")
    life.approve(world.settings, CONTRACT, "2023-01", "Lea")
    found = shown(world)
    assert found.sentence.startswith("Efter den godkendte opgørelse skal Prøveby Kommune betale")
    assert (found.payment_label, found.state) == ("Skal betales for perioden", "godkendt")
    life.pay(world.settings, CONTRACT, "2023-01", "Finn", dt.date(2023, 5, 1), "b1")
    found = shown(world)
    assert found.sentence.startswith(
        f"Prøveby Kommune har betalt leverandøren 300,00{KR} for 2023-K1 den 1. maj 2023, fordi"
    )
    assert (found.payment_label, found.state) == ("Betalt for perioden", "betalt")


# Rule S.words
def test_what_was_settled_before_is_settled_and_only_what_finance_paid_is_paid(
    world: World,
) -> None:
    world.amounts[NEXT] = Decimal("100.00")
    world.publish(dt.date(2023, 8, 1))

    def before() -> tuple[str, str]:
        facts = {fact.name: fact.cell.text for fact in shown(world, "2023-04").facts}
        return facts["settled_before_dkk"], facts["paid_before_dkk"]

    assert before() == (f"300,00{KR}", f"0,00{KR}")
    for step, name in (("submit", "Lis"), ("verify", "Kai"), ("approve", "Lea")):
        getattr(life, step)(world.settings, CONTRACT, "2023-01", name)
    assert before() == (f"300,00{KR}", f"0,00{KR}")
    said = " ".join(section(shown(world, "2023-04"), "Vejen").text)
    assert f"heraf er 300,00{KR} godkendt og 0,00{KR} betalt" in said
    life.pay(world.settings, CONTRACT, "2023-01", "Finn", dt.date(2023, 8, 1), "b1")
    assert before() == (f"300,00{KR}", f"300,00{KR}")


# Rules S.first_page, S.release
def test_hold_and_release_stand_in_the_way_and_in_the_words(world: World) -> None:
    world.write_terms(authorised="authorised_max: 200")
    world.held[START] = Decimal("100.00")
    world.publish(dt.date(2023, 5, 1))
    told = document(world)
    bars = {bar.label: bar.amount for bar in money_way.bars(told)}
    assert bars["Over bevillingen"] == Decimal(-100)
    assert "Frigivet ved navn" not in bars
    assert bars["Betalingsret inden for bevillingen"] == bars["Til betaling for perioden"] == 200
    assert f"hvoraf 100,00{KR} over bevillingen holdes tilbage" in view.build(told).sentence
    life.release(world.settings, CONTRACT, Decimal(40), "Kai", "byrådet")
    world.held[START] = Decimal("60.00")
    world.publish_again(dt.date(2023, 5, 1))
    told = document(world)
    bars = {bar.label: bar.amount for bar in money_way.bars(told)}
    assert bars["Over bevillingen"] + bars["Frigivet ved navn"] == Decimal(-60)
    assert bars["Til betaling for perioden"] == Decimal(240)
    said = view.build(told).sentence
    assert f"40,00{KR} over bevillingen er frigivet og 60,00{KR} over bevillingen holdes" in said


# Rule S.first_page
def test_the_bars_of_the_way_lead_from_the_basis_to_the_payment(world: World) -> None:
    world.amounts[NEXT] = Decimal("700.00")
    world.held[NEXT] = Decimal("0.00")
    world.publish(dt.date(2023, 8, 1))
    told = document(world, "2023-04")
    bars = money_way.bars(told)
    level = Decimal(0)
    for bar in bars[1:-1]:
        level = bar.amount if bar.kind == "total" else level + bar.amount
    assert level == bars[-1].amount == Decimal(told["figures"]["payment"]["period"])


# titles -------------------------------------------------------------------------------------------


# Rule C.title
def test_people_read_titles_and_an_id_only_where_there_is_none(world: World) -> None:
    path = world.settings.contracts_dir / f"{CONTRACT}.yml"
    plain = path.read_text(encoding="utf-8")
    assert "del-1" in str(texts(section(shown(world), "Periodens grundlag")))
    titled = plain.replace("- part_id: del-1", "- part_id: del-1\n    title: Selvforsørgelse")
    titled = titled.replace(
        "{reading_id: intet_loft,", "{reading_id: intet_loft, title: Uden loft,"
    )
    titled = titled.replace("{above: 0,", "{above: 0, title: Hele beløbet,")
    titled = titled.replace("document: ingen", "document: 000.txt\ndocument_title: Byrådets sag 1")
    path.write_text(titled, encoding="utf-8")
    world.publish(dt.date(2023, 5, 1))  # the name of the document is a term, its title is none
    found = shown(world)
    assert {fact.name: fact.cell.text for fact in found.parties}["document"] == "Byrådets sag 1"
    said = str([(one.title, one.text, texts(one)) for one in found.sections])
    for title in ("Selvforsørgelse", "Uden loft (valgt)", "Hele beløbet"):
        assert title in said, title
    for name in ("del-1", "intet_loft", "000.txt"):
        assert name not in said, name
    paths = {p.name: p for p in statement.write_statement(world.settings, CONTRACT, "2023-01")}
    annex = openpyxl.load_workbook(paths["2023-01-bilag.xlsx"])["Linjer"]
    *lines, _ = annex.iter_rows(min_row=2, values_only=True)
    assert {row[1] for row in lines} == {"Selvforsørgelse"}
    front = openpyxl.load_workbook(paths["2023-01.xlsx"])["Opgørelse"]
    labels = [row[0] for row in front.iter_rows(values_only=True)]
    assert labels.count("Status") == 1
    console = Console(width=200, record=True, file=io.StringIO())
    telling.tell(why.explain(world.settings, CONTRACT, "2023-01").as_json(), console)
    told = console.export_text()
    assert "Byrådets sag 1: 100,00" in told and "000.txt" not in told


@pytest.mark.parametrize("entitled", ["300.00", "299.99"], ids=["below", "at_the_ceiling"])
# Rule S.statement
def test_a_ceiling_that_binds_is_a_step_with_its_clause(world: World, entitled: str) -> None:
    told = document(world)
    told["figures"]["entitlement"]["cumulative"] = entitled
    chosen = told["figures"]["tiers"]["reading"]
    readings = told["provenance"]["terms"]["payment"]["readings"]["alternatives"]
    (clause,) = [one["clause"] for one in readings if one["reading_id"] == chosen]
    rows = texts(section(view.build(told), "Betalingsretten gennem"))
    found = [(row[-2], row[-1]) for row in rows if row[0] == "Loft over betalingen"]
    assert found == ([] if entitled == "300.00" else [("−0,01", clause)])


# parts in full ------------------------------------------------------------------------------------

RELAPSE = """
  - part_id: del-3
    title: Efterværn
    kind: relapse_reduction
    clause: "færre tilbagefald"
    target_groups: [kontanthjælp]
    case_max_gap_days: 28
    entries: {first_month: 2022-01, last_month: 2022-03}
    baseline: {entries: 122, relapsed: 19}
    target: {reduction: "0.50", by: 2023-12-31}
    cost_per_relapse: 123474
    yearly_investment: 550000
payment:"""
SUMMARY: dict[str, Any] = {
    "contract_id": CONTRACT, "part_id": "del-3", "entries": 90, "observed": 80, "retained": 75,
    "relapsed": 5, "any_return": 20, "relapse_rate": Decimal("0.062500"),
    "expected_relapses": Decimal("12.4590"), "avoided_relapses": Decimal("7.4590"),
    "target_relapses": Decimal("6.2295"), "saving_dkk": Decimal("920994.59"),
    "yearly_investment_dkk": Decimal(550000), "status": "incomplete", "is_suppressed": False,
}  # fmt: skip


def with_relapse(world: World, summary: dict[str, Any]) -> None:
    """Give the contract a relapse part, and publish what came of it."""
    path = world.settings.contracts_dir / f"{CONTRACT}.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("\npayment:", RELAPSE), "utf-8")
    world.more["relapse_summary"] = [summary]
    world.more["relapse_curve"] = [
        {"contract_id": CONTRACT, "part_id": "del-3", "months_since_entry": month,
         "at_risk": at_risk, "returned": 5, "still_out_share": Decimal(share),
         "is_suppressed": False}
        for month, at_risk, share in ((0, 90, "0.95"), (7, 60, "0.87"))
    ]  # fmt: skip
    world.publish(dt.date(2023, 5, 1))


# Rule S.parts_in_full
def test_a_relapse_part_is_recomputed_from_its_statement_alone(world: World) -> None:
    with_relapse(world, SUMMARY)
    found = section(shown(world), "Efterværn: færre tilbagefald")
    rows = {row[0].text: row[1].value for table in found.tables[:1] for row in table.rows}

    def value(begins: str) -> Decimal:
        (one,) = [number for label, number in rows.items() if label.startswith(begins)]
        return Decimal(one or 0)

    before = value("Tilbagefald før") / value("Ansættelser før")
    expected = value("– heraf fulgt") * before
    avoided = expected - value("– heraf tilbagefald")
    assert expected.quantize(Decimal("0.0001")) == value("Ventede tilbagefald")
    assert avoided.quantize(Decimal("0.0001")) == value("Undgåede tilbagefald")
    saving = (avoided * value("Pris for et")).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert saving == value("Besparelse") == SUMMARY["saving_dkk"]
    # the last entry is of March 2022 and is followed for 365 days
    assert any("den sidste ansættelse er fulgt 31. marts 2023" in text for text in found.text)
    assert found.picture == charted.RELAPSE


# Rules S.parts_in_full, M.suppression
def test_what_the_mart_hides_of_a_relapse_part_its_statement_hides_too(world: World) -> None:
    hidden = {name: None for name in SUMMARY if name not in ("contract_id", "part_id", "status")}
    with_relapse(world, {**hidden, **{k: SUMMARY[k] for k in ("contract_id", "part_id", "status")},
                         "is_suppressed": True})  # fmt: skip
    rows = texts(section(shown(world), "Efterværn: færre tilbagefald"))
    told = {row[0]: row[1] for row in rows}
    assert told["– heraf tilbagefald"] == told["Ansættelser i målgruppen"] == danish.HIDDEN
    assert told["Tilbagefald før (basisår)"] == "19"


# Rule S.statement
def test_the_overlap_is_told_where_full_time_persons_are_paid_and_nowhere_else(
    world: World,
) -> None:
    assert not any("Overlap" in text for text in section(shown(world), "Forbehold").text)
    part = (
        "\n  - part_id: del-2\n    kind: fte_reduction\n    clause: t\n    groups:"
        " [{benefit_group: sygedagpenge, rate: 100}]\n    baseline: {first_month: 2022-01,"
        " last_month: 2022-02}\n    evaluation: {first_month: 2023-01, last_month: 2023-02}\n"
        "    netting: across_groups\npayment:"
    )
    path = world.settings.contracts_dir / f"{CONTRACT}.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("\npayment:", part), "utf-8")
    world.more["fte_effect"] = [
        {"contract_id": CONTRACT, "part_id": "del-2", "benefit_group": "sygedagpenge",
         "baseline_mean_fte": Decimal("10.5"), "evaluation_mean_fte": Decimal("8"),
         "reduction_fte": Decimal("2.5"), "rate_dkk": Decimal(100), "amount_dkk": Decimal(500),
         "status": "complete"}
    ]  # fmt: skip
    world.more["fte_month"] = [
        {"area": "Prøveby", "benefit_group": "sygedagpenge", "month": dt.date(*month, 1),
         "fte_published": Decimal(value)}
        for month, value in (((2022, 1), 11), ((2022, 2), 10), ((2023, 1), 9), ((2023, 2), 7))
    ]  # fmt: skip
    world.publish(dt.date(2023, 5, 1))
    found = shown(world)
    assert any("Overlap" in text for text in section(found, "Forbehold").text)
    part_2 = section(found, "del-2: færre fuldtidspersoner")
    assert part_2.table is not None
    (row,) = part_2.table.rows
    before, months_before, _, now, months_now, *_ = [Decimal(cell.value or 0) for cell in row[1:]]
    fall = before / months_before - now / months_now
    assert fall * months_now * Decimal(row[8].value or 0) == Decimal(row[9].value or 0) == 500
    assert [cell.text for cell in part_2.more[0].rows[0]] == [
        "januar 2022", "11,0000", "januar 2023", "9,0000",
    ]  # fmt: skip


# forms --------------------------------------------------------------------------------------------


# Rule S.charts
def test_where_nothing_can_be_drawn_the_table_stands_in_every_form_and_is_made_again_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(_home: object, wanted: dict[str, Any]) -> dict[str, None]:
        return dict.fromkeys(wanted)

    monkeypatch.setattr(charts, "draw", dead)
    paths = {p.name: p for p in statement.write_documents(world.home, world.settings)}
    page = paths["2023-01.html"].read_text(encoding="utf-8")
    assert "<svg" not in page and "<details open>" in page and "Til betaling for perioden" in page
    assert statement.authenticate(paths["2023-01.pdf"]).is_valid
    monkeypatch.undo()
    monkeypatch.setattr(drawing, "folder", lambda home: home.work / "charts")
    again = {p.name: p for p in statement.write_documents(world.home, world.settings)}
    assert "<svg" in again["2023-01.html"].read_text(encoding="utf-8")
    assert statement.write_documents(world.home, world.settings) == []


# Rule S.statement
def test_the_workbook_has_three_sheets_that_print_one_page_wide_with_numbers_as_numbers(
    world: World,
) -> None:
    statement.write_statement(world.settings, CONTRACT, "2023-01")
    path = world.home.reports / "statements" / CONTRACT / "2023-01.xlsx"
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Opgørelse", "Regnestykker", "Leveringer"]
    for sheet in book.worksheets:
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.print_title_rows == "$1:$1"
    front = {row[0].value: row[1].value for row in book["Opgørelse"].iter_rows()}
    assert front["Opgjort til betaling for perioden, ikke godkendt"] == 300
    assert front["Afregnet i tidligere perioder"] == 0
    amounts = [
        cell.value
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.value.strip().removesuffix("kr.").replace(
            ".", "").replace(",", "").strip().isdigit() and "," in cell.value
    ]  # fmt: skip
    assert amounts == []
