"""The contract file: what is refused, with file and key path, and what is accepted."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import jsonschema
import pytest

from dagster_project.lib.base.errors import EXIT_FAILED, EffektError
from dagster_project.lib.base.strict_yaml import as_json, read_document
from dagster_project.lib.contracts import (
    Contract,
    contract_from_json,
    find_warnings,
    load_contracts,
    schema_text,
)
from dagster_project.lib.contracts.model import AddedLater, FteReductionPart, RelapsePart, Section
from dagster_project.lib.contracts.periods import last_ordinary_day
from dagster_project.lib.contracts.schema import SCHEMA_FILE
from dagster_project.lib.contracts.terms import hash_terms
from dagster_project.lib.receiving.check_yaml import check_yaml
from dagster_project.settings import SHIPPED_CONTRACTS_DIR

Tree = dict[str, Any]
SHIPPED = sorted(SHIPPED_CONTRACTS_DIR.glob("*.yml"))
HEDENSTED = SHIPPED_CONTRACTS_DIR / "hedensted-arbejdsfastholdelse.yml"


def load_text(folder: Path, text: str, name: str = "prøve.yml", area: str = "Prøve") -> Contract:
    """Load one contract text as the only file of a folder."""
    (folder / name).write_text(text, encoding="utf-8")
    return load_contracts(folder, area)[0]


def to_yaml(tree: Tree) -> str:
    """JSON is YAML with quoted texts and plain numbers: enough for a contract file."""
    return json.dumps(tree, ensure_ascii=False, indent=1)


@pytest.fixture
def tree() -> Tree:
    """A small contract with a part of each kind that pays."""
    return {
        "contract_id": "prøve",
        "title": "Prøve",
        "area": "Prøve",
        "parties": {"municipality": "Prøve Kommune"},
        "document": "test",
        "term": {"starts_on": "2022-11-01", "ends_on": "2024-10-31", "clause": "§ 1"},
        "register": "ydelsesforloeb",
        "register_lag_days": 35,
        "requires_person_status": True,
        "settlement": {"months_per_period": 3, "anchor_month": 1},
        "parts": [
            {
                "part_id": "del1",
                "kind": "person_months",
                "clause": "§ 2",
                "price_groups": [
                    {"benefit_group": "sygedagpenge", "max_participants": 120,
                     "rates": [{"valid_from": "2022-11-01", "amount": 13048}]},
                    {"benefit_group": "jobafklaring",
                     "rates": [{"valid_from": "2020-01-01", "amount": 100},
                               {"valid_from": "2023-07-01", "amount": "10981.50"}]},
                ],
                "min_case_days": 182,
                "case_groups": ["sygedagpenge", "jobafklaring"],
                "case_max_gap_days": 28,
                "effort_months": 24,
                "max_support_days": 0,
                "subsidised_job_blocks": True,
                "exit_reasons": ["død", "trukket"],
                "pay_on": "register",
            },
            {
                "part_id": "del2",
                "kind": "fte_reduction",
                "clause": "§ 3",
                "groups": [{"benefit_group": "sygedagpenge", "rate": 9073}],
                "baseline": {"first_month": "2021-11", "last_month": "2022-10"},
                "evaluation": {"first_month": "2023-11", "last_month": "2024-10"},
                "netting": "per_group",
            },
            {
                "part_id": "del3",
                "kind": "relapse_reduction",
                "clause": "§ 4",
                "target_groups": ["kontanthjælp"],
                "match_group": "aktivitetsparat",
                "case_max_gap_days": 28,
                "entries": {"first_month": "2023-01", "last_month": "2023-12"},
                "baseline": {"entries": 122, "relapsed": 19},
                "target": {"reduction": "0.50", "by": "2024-12-31"},
                "cost_per_relapse": 123474,
                "yearly_investment": 550000,
            },
        ],
        "payment": {
            "tiers": [{"above": 0, "provider_share": "1.00", "clause": "§ 5"},
                      {"above": 100, "provider_share": "0.50", "clause": "§ 6"}],
            "readings": {
                "chosen": "a",
                "chosen_reason": "fordi",
                "alternatives": [{"reading_id": "a", "payment_ceiling": None,
                                  "basis_ceiling": "5588175.25", "clause": "§ 7"}],
            },
        },
    }  # fmt: skip


def test_the_shipped_contracts_load_and_stand_for_three_municipalities() -> None:
    loaded = {
        area: [c.contract_id for c in load_contracts(SHIPPED_CONTRACTS_DIR, area)]
        for area in ("Hedensted", "København", "Slagelse")
    }
    assert loaded == {
        "Hedensted": ["hedensted-arbejdsfastholdelse", "hedensted-flere-i-job"],
        "København": ["koebenhavn-fastholdelsesfleksjob"],
        "Slagelse": ["slagelse-eftervaern"],
    }


def test_a_small_contract_of_every_paying_kind_is_accepted(tmp_path: Path, tree: Tree) -> None:
    contract = load_text(tmp_path, to_yaml(tree))
    rates = contract.person_months_part.price_groups[1].rates  # type: ignore[union-attr]
    assert [rate.amount for rate in rates] == [Decimal("100.00"), Decimal("10981.50")]
    assert contract.payment is not None
    assert contract.payment.readings.alternatives[0].basis_ceiling == Decimal("5588175.25")


def edit(*path: str | int, value: Any) -> Callable[[Tree], None]:
    """An edit that sets a key path; the value ``DELETE`` removes it."""

    def apply(tree: Tree) -> None:
        node: Any = tree
        for part in path[:-1]:
            node = node[part]
        if value is DELETE:
            del node[path[-1]]
        else:
            node[path[-1]] = value

    return apply


DELETE = object()
PRICE = ("parts", 0, "price_groups", 1)
READINGS = ("payment", "readings")
WRONG: list[tuple[Callable[[Tree], None], str]] = [
    (edit("surprise", value=1), "surprise: ukendt nøgle"),
    (edit("parts", 0, "surprise", value=1), r"parts\[0\].surprise: ukendt nøgle"),
    (edit("term", "clause", value=DELETE), "term.clause: nøglen mangler"),
    (edit("parts", 1, "clause", value=DELETE), r"parts\[1\].clause: nøglen mangler"),
    (edit("payment", "tiers", 0, "clause", value=DELETE), r"tiers\[0\].clause: nøglen mangler"),
    (edit(*READINGS, "alternatives", 0, "clause", value=DELETE), r"\[0\].clause: nøglen m"),
    (edit("term", "clause", value="  "), "term.clause: må ikke være tom"),
    (edit("contract_id", value="andet"), "contract_id: skal være filens navn"),
    (edit("contract_id", value="../x"), "contract_id: må kun have bogstaver"),
    (edit("register", value="dreamland"), "register: "),
    (edit("register_lag_days", value=-1), "register_lag_days: "),
    (edit("register_lag_days", value="35"), "register_lag_days: skal være et helt tal"),
    (edit("requires_person_status", value="yes"), "requires_person_status: skal være true"),
    (edit("term", "starts_on", value="2022-02-30"), "term.starts_on: findes ikke"),
    (edit("term", "starts_on", value="01-11-2022"), "term.starts_on: skal være en dato"),
    (edit("term", "ends_on", value="2022-10-31"), "term.starts_on: starts_on ligger efter ends_on"),
    (edit("settlement", value=DELETE), "settlement: en kontrakt med payment skal have"),
    (edit("settlement", "months_per_period", value=2), "months_per_period: skal være 1, 3, 6"),
    (edit("settlement", "anchor_month", value=13), "settlement.anchor_month: "),
    (edit("parts", value=[]), "parts: en kontrakt med payment skal have mindst én del"),
    (edit("parts", 0, "kind", value="magic"), r"parts\[0\]: skal være person_months, fte"),
    (edit("parts", 0, "kind", value=DELETE), r"parts\[0\]: nøglen kind mangler"),
    (edit("parts", 1, "part_id", value="del1"), r"parts\[1\].part_id: en anden del har dette"),
    (edit(*PRICE, "rates", 0, "valid_from", value="2022-11-02"), "første sats skal gælde fra"),
    (edit(*PRICE, "rates", 1, "valid_from", value="2020-01-01"), r"rates\[1\].valid_from: skal"),
    (edit(*PRICE, "rates", 1, "valid_from", value="2019-12-31"), "skal ligge efter den forrige"),
    (edit(*PRICE, "rates", value=[]), "rates: "),
    (edit(*PRICE, "rates", 0, "amount", value=-1), "rates.0..amount: "),
    (edit(*PRICE, "rates", 0, "amount", value=1.5), "skal være et helt tal, eller et decimaltal i"),
    (edit(*PRICE, "rates", 0, "amount", value="1.505"), "højst 2 decimaler"),
    (edit(*PRICE, "rates", 0, "amount", value="1,50"), "højst 2 decimaler"),
    (edit(*PRICE, "rates", 0, "amount", value="1e3"), "højst 2 decimaler"),
    (edit(*PRICE, "rates", 0, "amount", value="010"), "højst 2 decimaler"),
    (edit(*PRICE, "rates", 0, "amount", value="1" * 16), "højst 2 decimaler"),
    (edit(*PRICE, "rates", 0, "amount", value="13048\n"), "højst 2 decimaler"),
    (edit(*PRICE, "benefit_group", value="sygedagpenge"), r"\[1\].benefit_group: benefit"),
    (edit(*PRICE, "benefit_group", value="barsel"), r"\[1\].benefit_group: barsel står ikke"),
    (edit("parts", 0, "case_groups", 1, value="sygdom"), "jobafklaring står ikke under case"),
    (edit("parts", 1, "groups", 0, "benefit_group", value="sygdom"), "ukendt ydelsesgruppe"),
    (edit("parts", 2, "target_groups", value=["x"]), r"target_groups\[0\]: ukendt ydelsesgruppe"),
    (edit("parts", 2, "match_group", value="parat"), "ingen kode i target_groups er af"),
    (edit("parts", 0, "exit_reasons", value=["job"]), r"exit_reasons\[0\]: "),
    (edit("parts", 0, "exit_reasons", value=["død", "død"]), r"exit_reasons\[1\]: grunden"),
    (edit("parts", 0, "effort_months", value=0), "effort_months: "),
    (edit("parts", 0, "max_support_days", value=32), "max_support_days: "),
    (edit("parts", 0, "pay_on", value="claim"), "pay_on: "),
    (edit("parts", 0, "historical_success_rate", value={"barsel": "0.3"}),
     r"parts\[0\].historical_success_rate.barsel: står ikke under price_groups"),
    (edit("parts", 0, "historical_success_rate", value={"sygedagpenge": "1.3"}), "sygedagpenge: "),
    (edit("parts", 1, "baseline", "first_month", value="2022-11"),
     r"parts\[1\].baseline.first_month: first_month ligger efter last_month"),
    (edit("parts", 1, "baseline", "first_month", value="2022-13"), "findes ikke i kalenderen"),
    (edit("parts", 1, "evaluation", "last_month", value="2023-10"), "first_month ligger efter"),
    (edit("parts", 1, "netting", value="none"), "netting: "),
    (edit("parts", 2, "baseline", "relapsed", value=123), r"baseline.relapsed: relapsed er"),
    (edit("parts", 2, "baseline", "entries", value=0), "baseline.entries: "),
    (edit("parts", 2, "target", "reduction", value="1.01"), "target.reduction: "),
    (edit("parts", 2, "cost_per_relapse", value=0), "cost_per_relapse: "),
    (edit("payment", "tiers", value=[]), "payment.tiers: "),
    (edit("payment", "tiers", 0, "above", value=1), r"tiers\[0\].above: det første"),
    (edit("payment", "tiers", 1, "above", value=0), r"tiers\[1\].above: skal være større"),
    (edit("payment", "tiers", 1, "provider_share", value=0.5), 'et decimaltal i anførselstegn, fx'),
    (edit("payment", "tiers", 1, "provider_share", value="1.5"), "provider_share: "),
    (edit("payment", "authorised_max", value="-1"), "payment.authorised_max: "),
    (edit(*READINGS, "chosen", value="b"), "readings.chosen: ingen fortolkning"),
    (edit(*READINGS, "alternatives", value=[]), "readings.alternatives: "),
    (edit(*READINGS, "alternatives", 0, "payment_ceiling", value=DELETE), "payment_ceiling: nøgl"),
    (edit("effect", value={"part_id": "del2", "weeks": 104, "control": {
        "first_day": "2018-01-01", "last_day": "2019-12-31"}}), "effect.part_id: skal nævne"),
    (edit("focus_goal", value={"benefit_groups": ["x"], "case_days": 365, "window_months": 12,
        "hours": 100, "target_share": "0.70"}), r"focus_goal.benefit_groups\[0\]: ukendt"),
    (edit("screening", value={"case_days": 56, "goals": {"danced": 3}}), "danced: ukendt nøgle"),
    (edit("business_case", value={"price_level": 2018, "unit": 1000, "years": [2018, 2020],
        "lines": [{"name": "x", "category": "permanent", "area": "service", "amounts": [1, 2]}]}),
     "business_case.years: skal følge efter hinanden"),
    (edit("business_case", value={"price_level": 2018, "unit": 1000, "years": [2018, 2019],
        "lines": [{"name": "x", "category": "permanent", "area": "service", "amounts": [1]}]}),
     r"business_case.lines\[0\].amounts: skal have ét beløb for hvert år"),
    (edit("title", value=None), "title: skal være en tekst"),
    (edit("parts", value={}), "parts: skal være en liste"),
    (edit("term", value=[]), "term: skal være nøgler"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), WRONG, ids=[words for _, words in WRONG])
# Rules C.file, C.rates, C.parts
def test_a_wrong_contract_is_refused_with_its_key_path(
    tmp_path: Path, tree: Tree, change: Callable[[Tree], None], words: str
) -> None:
    change(tree)
    with pytest.raises(EffektError, match=words) as caught:
        load_text(tmp_path, to_yaml(tree))
    assert caught.value.exit_code == EXIT_FAILED
    assert "prøve.yml" in caught.value.message


# Rule C.parts
@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda tree: tree.update(title="Prøve 610190 1234"), "title"),
        (lambda tree: tree.update(contract_id="prøve-610190-1234"), "contract_id"),
        (lambda tree: tree["parties"].update(provider="610190–1234"), "parties.provider"),
        (lambda tree: tree["parts"][0].update(clause="se 61.01.90-1234"), "parts[0].clause"),
        (lambda tree: tree["term"].update({"610190x1234": "a"}), "term.…"),
        (lambda tree: tree.update(document=6101901234), "document"),
        (lambda tree: tree.update(actors={"provider": ["６１０１９０1234"]}), "actors.provider[0]"),
    ],
)
# Rule I.person_text
def test_a_person_number_anywhere_in_a_contract_file_is_refused_and_not_repeated(
    tmp_path: Path, tree: Tree, change: Callable[[Tree], None], where: str
) -> None:
    change(tree)
    with pytest.raises(EffektError, match="personnummer") as caught:
        load_text(tmp_path, to_yaml(tree))
    assert f": {where}: " in caught.value.message
    assert "1234" not in str(caught.value)


# Rule I.person_text
def test_a_person_number_in_a_comment_or_in_the_files_name_is_refused(
    tmp_path: Path, tree: Tree
) -> None:
    with pytest.raises(EffektError, match=r"prøve\.yml, linje 1: indeholder .* personnummer"):
        load_text(tmp_path, f"# ring til 610190 1234\n{to_yaml(tree)}")
    (tmp_path / "prøve.yml").unlink()
    for name in ("610190-1234.yml", "610190-1234.yaml"):
        with pytest.raises(EffektError, match="CONTRACT_FILE") as caught:
            load_text(tmp_path, to_yaml(tree), name)
        assert "1234" not in str(caught.value)
        (tmp_path / name).unlink()


def test_two_parts_of_person_months_are_refused(tmp_path: Path, tree: Tree) -> None:
    tree["parts"].append({**copy.deepcopy(tree["parts"][0]), "part_id": "del4"})
    with pytest.raises(EffektError, match="højst én del må være af arten person_months"):
        load_text(tmp_path, to_yaml(tree))


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "- a\n- b\n", "just a word", "a: [", "{}", "\x00"]
)
def test_a_file_that_is_no_contract_is_an_error_and_never_a_crash(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(EffektError) as caught:
        load_text(tmp_path, text)
    assert caught.value.code == "CONTRACT_FILE"


# Rule C.file
def test_an_amount_written_unquoted_with_a_decimal_point_is_refused(
    tmp_path: Path, tree: Tree
) -> None:
    text = to_yaml(tree).replace('"10981.50"', "10981.5")
    with pytest.raises(EffektError, match="decimaltal i anførselstegn"):
        load_text(tmp_path, text)


@pytest.mark.parametrize("text", ["010981", "0x2AE5", "10_981", "1e4", "3:03:01", "1.0", "+5"])
def test_a_number_that_yaml_would_read_in_its_own_way_is_refused(
    tmp_path: Path, tree: Tree, text: str
) -> None:
    with pytest.raises(EffektError, match="amount: skal være et helt tal"):
        load_text(tmp_path, to_yaml(tree).replace("13048", text))


# Rule C.terms
def test_dates_may_be_quoted_or_not_and_mean_the_same_terms(tmp_path: Path, tree: Tree) -> None:
    quoted = load_text(tmp_path, to_yaml(tree))
    plain = load_text(tmp_path, to_yaml(tree).replace('"2022-11-01"', "2022-11-01"))
    assert plain.terms_sha256 == quoted.terms_sha256


def test_notation_of_money_does_not_change_the_terms(tmp_path: Path, tree: Tree) -> None:
    first = load_text(tmp_path, to_yaml(tree))
    tree["parts"][0]["price_groups"][0]["rates"][0]["amount"] = "13048.00"
    assert load_text(tmp_path, to_yaml(tree)).terms_sha256 == first.terms_sha256
    tree["parts"][0]["price_groups"][0]["rates"][0]["amount"] = "13048.01"
    assert load_text(tmp_path, to_yaml(tree)).terms_sha256 != first.terms_sha256


# Rules C.terms, S.calendar
def test_a_calendar_is_no_term(tmp_path: Path, tree: Tree) -> None:
    first = load_text(tmp_path, to_yaml(tree))
    assert "calendar" not in first.terms()["settlement"]
    tree["settlement"]["calendar"] = {"submit_within_days": 45, "dispute_min_dkk": 5000}
    contract = load_text(tmp_path, to_yaml(tree))
    assert contract.terms_sha256 == first.terms_sha256
    assert contract.terms()["settlement"]["calendar"]["submit_within_days"] == 45
    assert contract_from_json(contract.terms_json()).settlement == contract.settlement
    assert contract.settlement is not None
    assert contract.settlement.calendar is not None
    assert contract.settlement.calendar.days_by_step == {"submit": 45}


# Rule S.calendar
@pytest.mark.parametrize(
    ("days", "is_valid"), [(0, True), (3650, True), (3651, False), (-1, False)]
)
def test_a_deadline_lies_within_ten_years(
    tmp_path: Path, tree: Tree, days: int, is_valid: bool
) -> None:
    tree["settlement"]["calendar"] = {"pay_within_days": days}
    if is_valid:
        load_text(tmp_path, to_yaml(tree))
    else:
        with pytest.raises(EffektError, match="pay_within_days"):
            load_text(tmp_path, to_yaml(tree))


# Rule S.calendar
def test_a_deadline_for_disputes_needs_a_closing_settlement(tmp_path: Path, tree: Tree) -> None:
    tree["settlement"]["calendar"] = {"dispute_within_days": 30}
    with pytest.raises(EffektError, match=r"dispute_within_days: kræver settlement\.final_on"):
        load_text(tmp_path, to_yaml(tree))
    tree["settlement"]["final_on"] = "2027-12-31"
    load_text(tmp_path, to_yaml(tree))


# Rule S.calendar
@pytest.mark.parametrize(("days", "is_warned"), [(34, True), (35, True), (36, False)])
def test_a_submission_that_is_due_before_the_register_can_know_is_warned_of(
    tmp_path: Path, tree: Tree, days: int, is_warned: bool
) -> None:
    tree["settlement"]["calendar"] = {"submit_within_days": days}
    contract = load_text(tmp_path, to_yaml(tree))
    assert bool(find_warnings(contract)) is is_warned
    (note,) = check_yaml(tmp_path / "prøve.yml", None, None).notes or ("",)
    assert ("submit_within_days" in note) is is_warned


# Rule C.terms
def test_words_and_names_are_no_terms(tmp_path: Path, tree: Tree) -> None:
    first = load_text(tmp_path, to_yaml(tree))
    tree["title"] = "Et andet navn"
    tree["parties"] = {"municipality": "En anden kommune"}
    tree["actors"] = {"finance": ["Finn"]}
    tree["document_title"] = "Byrådets sag"
    tree["parts"][0]["title"] = "Del 1"
    tree["payment"]["tiers"][0]["title"] = "Fuld betaling"
    tree["payment"]["readings"]["alternatives"][0]["title"] = "Loft over betalingen"
    tree["parts"][0]["clause"] = "andre ord"
    tree["parts"][0]["price_groups"][0]["rates"][0]["clause"] = "flere ord"
    assert load_text(tmp_path, to_yaml(tree)).terms_sha256 == first.terms_sha256
    tree["register_lag_days"] += 1
    assert load_text(tmp_path, to_yaml(tree)).terms_sha256 != first.terms_sha256


@pytest.mark.parametrize(
    "words",
    [
        {"retention": {"years": 5}}, {"variants": [1]}, {"parts": [{"a": 1, "title": "t"}]},
        {"settlement": {"b": 1, "calendar": {"submit": 10}}}, {"document_title": "t"},
    ],
)  # fmt: skip
# Rule C.terms
def test_what_bears_on_no_krone_is_left_out_wherever_it_stands(words: Tree) -> None:
    plain: Tree = {"parts": [{"a": 1}], "settlement": {"b": 1}}
    assert hash_terms(plain | words) == hash_terms(plain)
    assert hash_terms(plain | {"calendar": 1}) != hash_terms(plain)


# Rule C.terms
def test_a_key_added_later_is_absent_where_the_file_does_not_write_it() -> None:
    class Before(Section):
        rate: int

    class After(Before):
        floor: Annotated[int | None, AddedLater()] = None

    assert After(rate=1).model_dump() == Before(rate=1).model_dump()
    assert After(rate=1, floor=None).model_dump() == {"clause": None, "rate": 1, "floor": None}


# Rule C.terms
def test_a_default_written_out_is_the_same_terms(tmp_path: Path, tree: Tree) -> None:
    first = load_text(tmp_path, to_yaml(tree))
    tree["parts"][2]["follow_up_days"] = 365
    assert load_text(tmp_path, to_yaml(tree)).terms_sha256 == first.terms_sha256
    tree["parts"][2]["follow_up_days"] = 364
    assert load_text(tmp_path, to_yaml(tree)).terms_sha256 != first.terms_sha256


# Rule C.clause
def test_a_clause_may_stand_on_any_mapping(tmp_path: Path, tree: Tree) -> None:
    tree["parts"][0]["historical_success_rate"] = {"sygedagpenge": "0.30", "clause": "§ 9"}
    tree["clause"] = "§ 0"
    for node in (
        tree["parties"],
        tree["settlement"],
        tree["payment"],
        tree["parts"][1]["baseline"],
    ):
        node["clause"] = "§ 9"
    part = load_text(tmp_path, to_yaml(tree)).person_months_part
    assert part is not None and part.historical_success_rate is not None
    assert part.historical_success_rate.by_group == {"sygedagpenge": Decimal("0.300000")}


@pytest.mark.parametrize(("final_on", "refused"), [("2024-12-31", True), ("2025-01-01", False)])
def test_the_closing_settlement_ends_after_the_last_ordinary_period(
    tmp_path: Path, tree: Tree, final_on: str, refused: bool
) -> None:
    tree["settlement"]["final_on"] = final_on
    if refused:
        with pytest.raises(EffektError, match=r"final_on: skal ligge efter .* 31\. december 2024"):
            load_text(tmp_path, to_yaml(tree))
    else:
        assert last_ordinary_day(load_text(tmp_path, to_yaml(tree))) == dt.date(2024, 12, 31)


@pytest.mark.parametrize(
    ("months", "anchor", "ends"),
    [(1, 1, "2024-12-31"), (3, 12, "2025-02-28"), (6, 2, "2025-01-31"), (12, 11, "2025-10-31")],
)
def test_periods_reach_to_the_booking_month_of_the_other_parts(
    tmp_path: Path, tree: Tree, months: int, anchor: int, ends: str
) -> None:
    """The relapse part books on 2024-12: 31 December 2023 + 365 days is 30 December 2024."""
    tree["settlement"] |= {"months_per_period": months, "anchor_month": anchor}
    contract = load_text(tmp_path, to_yaml(tree))
    assert last_ordinary_day(contract) == dt.date.fromisoformat(ends)


def test_an_fte_part_books_on_its_last_evaluation_month(tmp_path: Path, tree: Tree) -> None:
    parts = load_text(tmp_path, to_yaml(tree)).parts
    assert isinstance(parts[1], FteReductionPart) and isinstance(parts[2], RelapsePart)
    assert parts[1].booking_month == dt.date(2024, 10, 1)
    assert parts[2].booking_month == dt.date(2024, 12, 1)


# Rules C.tracked, C.tracking
def test_a_tracked_contract_needs_neither_settlement_nor_parts(tmp_path: Path, tree: Tree) -> None:
    for key in ("payment", "settlement"):
        del tree[key]
    tree["parts"] = []
    contract = load_text(tmp_path, to_yaml(tree))
    assert contract.payment is None and last_ordinary_day(contract) is None


def test_without_an_area_the_one_area_of_the_contracts_is_taken(tmp_path: Path, tree: Tree) -> None:
    (tmp_path / "prøve.yml").write_text(to_yaml(tree), encoding="utf-8")
    assert [c.contract_id for c in load_contracts(tmp_path, None)] == ["prøve"]
    tree |= {"contract_id": "anden", "area": "Andet"}
    (tmp_path / "anden.yml").write_text(to_yaml(tree), encoding="utf-8")
    with pytest.raises(EffektError, match="nævner 2 kommuner"):
        load_contracts(tmp_path, None)
    assert [c.contract_id for c in load_contracts(tmp_path, "Andet")] == ["anden"]
    with pytest.raises(EffektError, match="ingen kontraktfil er for kommunen"):
        load_contracts(tmp_path, "Tredje")


# Rule C.area
def test_contract_files_of_other_areas_are_validated_too(tmp_path: Path, tree: Tree) -> None:
    (tmp_path / "prøve.yml").write_text(to_yaml(tree), encoding="utf-8")
    tree |= {"contract_id": "anden", "area": "Andet", "title": None}
    (tmp_path / "anden.yml").write_text(to_yaml(tree), encoding="utf-8")
    with pytest.raises(EffektError, match=r"anden.yml, linje \d+: title"):
        load_contracts(tmp_path, "Prøve")


def test_a_folder_without_contracts_or_with_a_misnamed_one_is_an_error(
    tmp_path: Path, tree: Tree
) -> None:
    with pytest.raises(EffektError, match="der er ingen mappe"):
        load_contracts(tmp_path / "missing", None)
    with pytest.raises(EffektError, match="ingen kontraktfil"):
        load_contracts(tmp_path, None)
    (tmp_path / "prøve.yaml").write_text(to_yaml(tree), encoding="utf-8")
    with pytest.raises(EffektError, match=r"skal ende på \.yml"):
        load_contracts(tmp_path, None)


def test_problems_of_several_files_are_told_at_once(tmp_path: Path, tree: Tree) -> None:
    tree["title"] = None
    (tmp_path / "prøve.yml").write_text(to_yaml(tree), encoding="utf-8")
    (tmp_path / "zebra.yml").write_text("[", encoding="utf-8")
    with pytest.raises(EffektError) as caught:
        load_contracts(tmp_path, None)
    assert "prøve.yml" in caught.value.message and "zebra.yml" in caught.value.message


def test_stored_terms_give_the_same_contract_back(tmp_path: Path, tree: Tree) -> None:
    contract = load_text(tmp_path, to_yaml(tree))
    again = contract_from_json(contract.terms_json())
    assert again == contract
    assert again.terms_sha256 == contract.terms_sha256
    with pytest.raises(EffektError, match="ikke JSON"):
        contract_from_json("{")
    with pytest.raises(EffektError, match="title"):
        contract_from_json({**json.loads(contract.terms_json()), "title": None})


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_shipped_contracts_survive_a_round_trip_through_their_stored_terms(path: Path) -> None:
    area = as_json(read_document(path).tree)["area"]
    contracts = {c.contract_id: c for c in load_contracts(SHIPPED_CONTRACTS_DIR, area)}
    contract = contracts[path.stem]
    assert contract_from_json(contract.terms_json()) == contract


# Rule C.schema
def test_the_published_schema_is_current() -> None:
    """Renew it with ``python -m dagster_project.lib.contracts.schema``."""
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_the_published_schema_accepts_the_shipped_contracts(path: Path) -> None:
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(as_json(read_document(path).tree))


@pytest.mark.parametrize(
    "change",
    [edit("surprise", value=1), edit("term", "clause", value=DELETE),
     edit("parts", 1, "groups", 0, "rate", value="9073.555"),
     edit("settlement", "months_per_period", value=2), edit("register", value="dreamland")],
)  # fmt: skip
def test_the_published_schema_refuses_what_an_editor_can_see(
    tree: Tree, change: Callable[[Tree], None]
) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema_text()))
    validator.validate(tree)
    change(tree)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(tree)


def test_hedensted_is_the_contract_of_the_document() -> None:
    contract = load_contracts(SHIPPED_CONTRACTS_DIR, "Hedensted")[0]
    part, fte = contract.parts
    assert contract.person_months_part is part
    assert isinstance(fte, FteReductionPart) and contract.payment is not None
    assert contract.payment.authorised_max == 5_558_000
    assert [r.payment_ceiling for r in contract.payment.readings.alternatives] == [
        5_588_175, None, 5_558_000,
    ]  # fmt: skip
    assert HEDENSTED.stem == contract.contract_id


def key_paths(node: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every key path of a tree."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(node, dict):
        items = list(node.items())
    elif isinstance(node, list):
        items = list(enumerate(node))
    return [p for key, value in items for p in [(*path, key), *key_paths(value, (*path, key))]]


@pytest.mark.parametrize("nasty", [None, [], {}, "", "ø", -1, 1.5, 10**30, "9999-12-31", [[]]])
def test_whatever_stands_in_a_place_it_is_accepted_or_refused_and_never_crashes(
    tmp_path: Path, tree: Tree, nasty: Any
) -> None:
    accepted = refused = 0
    for path in key_paths(tree):
        broken = copy.deepcopy(tree)
        edit(*path, value=nasty)(broken)
        try:
            load_text(tmp_path, to_yaml(broken))
            accepted += 1
        except EffektError as error:
            assert error.exit_code == EXIT_FAILED
            refused += 1
    assert refused > accepted


OUT_OF_BOUNDS: list[Callable[[Tree], None]] = [
    edit("settlement", "anchor_month", value=13),
    edit("register_lag_days", value=-1),
    edit(*PRICE, "rates", 0, "amount", value=-1),
    edit(*PRICE, "rates", 0, "amount", value="-1.00"),
    edit(*PRICE, "rates", 0, "amount", value=10**15),
    edit(*PRICE, "max_participants", value=-1),
    edit("parts", 0, "max_support_days", value=32),
    edit("payment", "tiers", 1, "provider_share", value="1.01"),
    edit("payment", "tiers", 1, "provider_share", value="-0.50"),
]


@pytest.mark.parametrize("change", OUT_OF_BOUNDS)
def test_the_schema_refuses_a_number_out_of_bounds_as_the_model_does(
    tmp_path: Path, tree: Tree, change: Callable[[Tree], None]
) -> None:
    schema = json.loads(schema_text())
    jsonschema.validate(tree, schema)
    change(tree)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tree, schema)
    with pytest.raises(EffektError):
        load_text(tmp_path, to_yaml(tree))


@pytest.mark.parametrize("share", ["0", "1", "0.5", "1.00", "0.000001", "1.000000"])
def test_the_schema_takes_every_share_that_the_model_takes(
    tmp_path: Path, tree: Tree, share: str
) -> None:
    tree["payment"]["tiers"][1]["provider_share"] = share
    jsonschema.validate(tree, json.loads(schema_text()))
    payment = load_text(tmp_path, to_yaml(tree)).payment
    assert payment is not None
    assert payment.tiers[1].provider_share == Decimal(share)
