"""The reference tables: strict reading, and the documents' errors computed (R7.errata)."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from dagster_project.lib import warehouse
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.reference import SEEDS, load_reference, write_reference
from dagster_project.lib.reference.errata import DocumentFigure, FigureError, judge_figures

CODES = {
    "a-dagpenge": [(111, 126), (211, 219)], "kontanthjælp": [(130, 138), (720, 738)],
    "uddannelseshjælp": [(140, 148)], "orlov": [(411, 413), (511, 522)],
    "efterløn": [(611, 611), (621, 622)], "su": [(651, 652), (661, 661)],
    "ledighedsydelse": [(740, 748)], "revalidering": [(750, 768)], "fleksjob": [(771, 774)],
    "førtidspension": [(781, 784)], "løntilskud": [(791, 798)], "ressourceforløb": [(810, 818)],
    "jobafklaring": [(870, 878)], "barsel": [(881, 881)], "sygedagpenge": [(890, 899)],
    "udvandret": [(997, 997)], "folkepension": [(998, 998)], "død": [(999, 999)],
}  # fmt: skip

ERRATA = [
    ("000", "5.588.175", "5.000.127,50", "-588.047,50", "conflict"),
    ("000", "5.558.000", "5.588.175", "30.175", "conflict"),
    ("000", "1,5–2", "18,7", "16,7", "definition"),
    ("002", "13.279", "13,279", "13,265.721", "typing"),
    ("002", "109,0", "109,1", "0,1", "rounding"),
    ("002", "139,1", "136,4", "-2,7", "arithmetic"),
    ("002", "12531", "125,1", "-12.405,9", "typing"),
    ("002", "154,7", "154,8", "0,1", "rounding"),
    ("002", "24,3", "24,5", "0,2", "arithmetic"),
    ("003", "-", "-3.500", None, "missing"),
    ("003", "-", "-7.000", None, "missing"),
    ("003", "-", "-10.500", None, "missing"),
    ("003", "-", "-14.000", None, "missing"),
    ("003", "2.540", "-2.540", "-5.080", "sign"),
    ("003", "24", "21", "-3", "definition"),
    ("003", "4", "3", "-1", "definition"),
    ("003", "12.700.000", "7.700.000", "-5.000.000", "label"),
    ("003", "40", "44", "4", "rounding"),
    ("004", "116.693.000", "116.693.010", "10", "rounding"),
    ("004", "121.868.828", "121.868.838", "10", "rounding"),
    ("004", "1.173.000", "1.173.003", "3", "rounding"),
    ("004", "1.723.000", "1.723.003", "3", "rounding"),
    ("004", "2.346.000", "2.346.006", "6", "rounding"),
]


def figure(
    expression: str, stated: str = "1", name: str = "x", **columns: object
) -> DocumentFigure:
    """A figure with an expression."""
    given = {"document": "d", "place": name, "unit": "kr.", "decimals": None, "kind": "arithmetic"}
    return DocumentFigure(
        figure=name,
        stated=stated,
        expression=expression,
        **(given | columns),  # type: ignore[arg-type]
    )


def judged(*figures: DocumentFigure) -> dict[str, object]:
    """The verdict on the last figure."""
    return judge_figures(figures)[-1]


# Rule I.benefit_codes
def test_the_benefit_codes_are_those_of_the_rules() -> None:
    codes = load_reference().benefit_codes
    by_group: dict[str, list[tuple[int, int]]] = {}
    for row in codes:
        by_group.setdefault(row.benefit_group, []).append((row.code_from, row.code_to))
    assert by_group == CODES
    not_support = {row.benefit_group for row in codes if not row.is_public_support}
    assert not_support == {"fleksjob", "løntilskud", "udvandret", "død"}
    assert {row.benefit_group for row in codes if row.is_subsidised_job} == {
        "fleksjob",
        "løntilskud",
    }
    assert {row.benefit_group: row.exit_reason for row in codes if row.is_exit} == {
        "udvandret": "udvandret", "folkepension": "folkepension", "død": "død",
    }  # fmt: skip
    assert {(row.code_from, row.match_group) for row in codes if row.match_group} == {
        (130, "jobparat"), (720, "aktivitetsparat"),
    }  # fmt: skip


# Rule R7.errata
def test_exactly_the_documents_errors_come_out() -> None:
    found = [
        (row["document"][:3], row["stated"], row["recomputed"], row["difference"], row["kind"])
        for row in judge_figures(load_reference().figures)
        if row["is_erratum"]
    ]
    assert found == ERRATA


def test_every_figure_that_can_be_recomputed_is() -> None:
    figures = judge_figures(load_reference().figures)
    recomputed = [row for row in figures if row["expression"]]
    assert len(recomputed) > len(ERRATA) + 50, "most figures agree, and were looked at"
    assert {row["document"][:3] for row in recomputed} == {"000", "001", "002", "003", "004"}


# Rule R7.expenditure
def test_a_printed_amount_that_is_no_number_is_replaced_only_by_its_named_row(
    tmp_path: Path,
) -> None:
    row = {(r.table_id, r.year): r for r in load_reference().expenditure}[("hedensted", 2018)]
    assert (row.amount_as_printed, row.amount_mio, row.is_corrected) == (
        "12531", Decimal("125.1"), True,
    )  # fmt: skip
    seeds = copy_seeds(tmp_path)
    corrections = (seeds / "corrections.csv").read_text(encoding="utf-8")
    (seeds / "corrections.csv").write_text(corrections.splitlines()[0] + "\n", encoding="utf-8")
    row = {(r.table_id, r.year): r for r in load_reference(seeds).expenditure}[("hedensted", 2018)]
    assert row.amount_mio is None and not row.is_corrected


def test_a_correction_that_fits_no_printed_amount_is_refused(tmp_path: Path) -> None:
    seeds = copy_seeds(tmp_path)
    replace(seeds / "corrections.csv", "12531", "12532")
    with pytest.raises(EffektError, match=r"corrections\.csv: intet trykt .* hedensted 2018"):
        load_reference(seeds)


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("benefit_codes.csv", "111,126", "111,130", "intervallerne overlapper ved 130"),
        ("benefit_codes.csv", "111,126", "126,111", "code_from ligger efter code_to"),
        ("benefit_codes.csv", "111,126", "011,126", "skal være en kode på tre cifre"),
        ("benefit_codes.csv", "111,126", "x11,126", "linje 2: code_from: skal være et helt tal"),
        ("benefit_codes.csv", "111,126,a-dagpenge", "111,126,", "benefit_group: må ikke være tom"),
        ("benefit_codes.csv", "a-dagpenge,,true", "a-dagpenge,,ja", "skal være true eller false"),
        ("benefit_codes.csv", "true,udvandret", "true,borte", "passer ikke sammen"),
        ("benefit_codes.csv", "true,udvandret", "false,udvandret", "passer ikke sammen"),
        ("benefit_codes.csv", "fleksjob,,false", "fleksjob,,true", "kan ikke både"),
        ("benefit_codes.csv", "code_from,", "kode,", "overskrifterne skal være code_from"),
        ("benefit_codes.csv", "111,126,", "111,126,,", "linje 2: skal have 9 felter"),
        ("expenditure.csv", "hedensted,2016", "hedensted,2015", "står to gange"),
        ("expenditure.csv", '"114,1"', "114.1", "linje 3: index_stated: skal skrives med"),
        ("document_figures.csv", "d000_jaf_forloeb,", "d000_sdp_forloeb,", "står to gange"),
    ],
)
def test_a_wrong_reference_table_is_refused_with_file_line_and_column(
    tmp_path: Path, name: str, old: str, new: str, words: str
) -> None:
    seeds = copy_seeds(tmp_path)
    replace(seeds / name, old, new)
    with pytest.raises(EffektError, match=words) as caught:
        load_reference(seeds)
    assert name in caught.value.message


def test_the_hash_of_a_table_changes_with_its_content_and_not_with_its_order(
    tmp_path: Path,
) -> None:
    first = load_reference().sha256
    seeds = copy_seeds(tmp_path)
    header, *lines = (seeds / "benefit_codes.csv").read_text(encoding="utf-8").splitlines()
    text = "\n".join([header, *reversed(lines)]) + "\n"
    (seeds / "benefit_codes.csv").write_text(text, encoding="utf-8-sig")
    assert load_reference(seeds).sha256 == first
    replace(seeds / "benefit_codes.csv", "890,899", "890,898")
    changed = load_reference(seeds).sha256
    assert {name for name in first if first[name] != changed[name]} == {"benefit_codes"}


def test_stored_codes_take_the_place_of_todays_codes() -> None:
    reference = load_reference()
    rows = reference.codes_as_rows()
    assert reference.with_codes(rows) == reference
    older = reference.with_codes(rows[:-1])
    assert len(older.benefit_codes) == len(rows) - 1
    assert older.sha256["benefit_codes"] != reference.sha256["benefit_codes"]
    assert older.sha256["expenditure"] == reference.sha256["expenditure"]


def test_the_tables_are_written_and_replaced() -> None:
    reference = load_reference()
    with duckdb.connect() as connection:
        warehouse.create_raw(connection)
        counts = write_reference(connection, reference)
        assert write_reference(connection, reference) == counts
        for table, count in counts.items():
            stored = connection.execute(f"select count(*) from {table}").fetchall()
            assert stored == [(count,)]
        assert connection.execute(
            "select count(*) from raw.document_figure where is_erratum"
        ).fetchall() == [(len(ERRATA),)]


@pytest.mark.parametrize(
    ("expression", "stated", "difference"),
    [("1 / 3", "0,333", None), ("2 / 3", "0,66", "0,01"), ("1 / 2", "1", None),
     ("-1 / 2", "-1", None), ("(1 + 2) * 3 - 4", "5", None),
     ("payback(1000, 270, -1)", "1272", None),
     ("payback(1, -1, 5)", "2", None), ("payback(10, -4)", "4", None),
     ("payback(9, -3)", "4", None)],
)  # fmt: skip
def test_expressions_are_exact_and_compared_at_the_printed_decimals(
    expression: str, stated: str, difference: str | None
) -> None:
    row = judged(figure(expression, stated))
    assert row["difference"] == difference
    assert row["is_erratum"] == (difference is not None)


@pytest.mark.parametrize(
    "expression",
    ["__import__('os')", "open('x')", "x.real", "[1]", "1 if 1 else 2", "lambda: 1", "2 ** 99",
     "1.5", "'a'", "missing", "1 +", "1 / 0", "digits(1)", "digits(missing)", "payback(1, 2)",
     "payback(*x)", "max(1, 2)", "1" + "+1" * 600, "(" * 240 + "1" + ")" * 240, "True", "x < 1"],
)  # fmt: skip
def test_anything_but_arithmetic_over_figures_is_refused(expression: str) -> None:
    with pytest.raises(FigureError, match=r"^x: "):
        judged(figure(expression))


@pytest.mark.parametrize(
    ("stated", "value"),
    [("1.234.567", "1234567.000000"), ("1234", "1234.000000"), ("-1270", "-1270.000000"),
     ("98,6", "98.600000"), ("9½", "9.500000"), ("1,5–2", "2.000000"), ("-", None)],
)  # fmt: skip
def test_printed_numbers_are_read_as_danes_write_them(stated: str, value: str | None) -> None:
    assert judged(figure("", stated))["stated_value"] == value


@pytest.mark.parametrize("stated", ["1.23", "12.3456", "abc", "1,2,3", "1–2–3", "", "½"])
def test_a_printed_text_that_is_no_number_is_refused(stated: str) -> None:
    with pytest.raises(FigureError, match="er ikke et tal"):
        judged(figure("", stated))


def test_a_span_agrees_from_its_first_to_its_last_value() -> None:
    for expression, difference in (
        ("15/10", None),
        ("2", None),
        ("14/10", "-0,1"),
        ("21/10", "0,1"),
    ):
        assert judged(figure(expression, "1,5–2"))["difference"] == difference


def test_the_comma_may_mark_thousands_where_the_unit_says_so() -> None:
    unit = "mio. kr., komma som tusindtalsmærke"
    row = judged(figure("digits(x)", "13,895", unit=unit))
    assert (row["recomputed"], row["is_erratum"]) == ("13,895", False)


def copy_seeds(tmp_path: Path) -> Path:
    """A copy of the reference tables."""
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    for name in ("benefit_codes", "expenditure", "corrections", "document_figures", "words"):
        shutil.copy(SEEDS / f"{name}.csv", seeds)
    return seeds


def replace(path: Path, old: str, new: str) -> None:
    """Replace the first occurrence of a text, which must be there."""
    text = path.read_text(encoding="utf-8-sig")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
