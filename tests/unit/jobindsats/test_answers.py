"""Raw answers of the statistics service, as its public clients show them, dropped into landing."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib.receiving.formats.content import read_content
from dagster_project.lib.receiving.formats.engine import open_parser
from dagster_project.lib.receiving.intake import report
from dagster_project.lib.receiving.judging import names
from dagster_project.lib.receiving.judging.declarations import load_sources
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding
from dagster_project.lib.receiving.judging.grammar import Context
from dagster_project.lib.reference import load_benefits
from tests.unit.receiving import homes

SHARE = "Fuldtidspersoner i pct. af arbejdsstyrken 16-66 år"
OTHER_SHARE = "Fuldtidspersoner i pct. af befolkningen 16-66 år"
PERSONS, FTE = "Antal personer", "Antal fuldtidspersoner"
NAME = "jobindsats_2024-02-01.json"
NOVEMBER = ("Hedensted", "sygedagpenge", "2021-11-01", 1034, Decimal("812.4"))

Read = Callable[[Any], list[tuple[Any, ...]]]
Refusal = Callable[[Any], list[Finding]]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any], Any]:
    """Rows of an answer, or the findings that refuse it."""
    folder = tmp_path_factory.mktemp("answers")

    def judge(answer: Any) -> Any:
        path = folder / "answer"
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        path.write_bytes(data)
        parts = names.parse_name(NAME, load_sources())
        with open_parser(folder) as (parser, spill):
            try:
                content = read_content(
                    parser, path, parts, Context(load_benefits(), None), spill, "typed"
                )
            except FileRefusedError as refused:
                return list(refused.findings)
            if content.is_refused:
                return list(content.parsed.findings)
            return parser.execute(
                "select area, benefit_group, month::varchar, persons, fte from typed order by rowid"
            ).fetchall()

    return judge


def version_2(names: list[tuple[str, str]], rows: list[list[Any]]) -> list[dict[str, Any]]:
    return [{"Variables": [{"Name": n, "Label": label} for n, label in names], "Data": rows}]


V2 = [("area", "Area"), ("period", "Periode"), ("ydelse", "Ydelse"), ("memba02_1", PERSONS),
      ("memba02_2", FTE), ("memba02_4b", SHARE), ("memba02_5b", OTHER_SHARE)]  # fmt: skip
V3 = ["Periode", "Område", "Ydelse", PERSONS, FTE, SHARE, OTHER_SHARE]
ROW_2 = ["Hedensted", "2021M11", "Sygedagpenge", "1.034", "812,4", "3,6", "2,8"]
ROW_3 = ["2021M11", "Hedensted", "Sygedagpenge", 1034, 812.4, 3.6, 2.8]


# Rules I.jobindsats, I.formats
@pytest.mark.parametrize(
    "answer",
    [
        version_2(V2, [ROW_2]),
        version_2(V2, [ROW_2])[0],
        [{"Variables": [{"Label": label} for _, label in V2], "Data": [ROW_2]}],
        {"columns": V3, "rows": [ROW_3]},
        [{"columns": V3, "rows": [ROW_3]}],
        {"columns": [{"name": f"_{n}", "label": n} for n in V3[:2]] + V3[2:], "rows": [ROW_3]},
        {"table_id": "y07a02", "columns": V3, "rows": [ROW_3], "notes": []},
    ],
    ids=["v2", "v2 without its list", "v2 labels alone", "v3", "v3 in a list", "v3 named columns",
         "v3 with more beside"],
)  # fmt: skip
def test_both_versions_answers_are_read_with_their_percentages_beside(
    judge: Read, answer: Any
) -> None:
    assert judge(answer) == [NOVEMBER]


# Rule I.jobindsats
@pytest.mark.parametrize("area", ["area", "Area", "Område", "OMRÅDE", "Kommune", "_omrade"])
def test_the_area_goes_by_any_of_its_names(judge: Read, area: str) -> None:
    columns = [V3[0], area, *V3[2:]]
    assert judge({"columns": columns, "rows": [ROW_3]}) == [NOVEMBER]
    assert judge(version_2([("x", "Periode"), (area, "?"), *V2[2:]], [
        [ROW_2[1], "Hedensted Kommune", *ROW_2[2:]]
    ])) == [NOVEMBER]  # fmt: skip


# Rule I.jobindsats
@pytest.mark.parametrize(
    ("persons", "fte", "expected"),
    [
        ("1034", "812.4", (1034, "812.4")),
        ("1034.0", "812.4000", (1034, "812.4")),
        ('"1.034"', '"812,4"', (1034, "812.4")),
        ('"1 034"', '"1 000,25"', (1034, "1000.25")),
        ('"1\\u00a0034"', '"812,4"', (1034, "812.4")),
        ('"1\\u202f034"', '"812,4"', (1034, "812.4")),
        ("1000000", "999999.9999", (1000000, "999999.9999")),
        ("null", "null", (None, None)),
        ('"*"', '".."', (None, None)),
        ('"-"', '""', (None, None)),
        ("0", "0", (0, "0")),
    ],
)  # fmt: skip
def test_figures_are_exact_as_numbers_and_as_danish_texts(
    judge: Read, persons: str, fte: str, expected: tuple[int | None, str | None]
) -> None:
    row = f'["2021M11", "Hedensted", "Sygedagpenge", {persons}, {fte}]'
    ((*_, read_persons, read_fte),) = judge(
        f'{{"columns": {json.dumps(V3[:5])}, "rows": [{row}]}}'.encode()
    )
    assert (read_persons, read_fte) == (
        expected[0], None if expected[1] is None else Decimal(expected[1])
    )  # fmt: skip


@pytest.mark.parametrize(
    ("persons", "fte", "code"),
    [
        ("1034.5", "1", "NUMBER_FORMAT"), ("1034", "812.40001", "NUMBER_FORMAT"),
        ("1034", '"812.4"', "NUMBER_FORMAT"), ("1034", "8.124e2", "CELL_TYPE"),
        ("true", "1", "CELL_TYPE"), ("1034", '"725.456"', "FIGURE_IMPOSSIBLE"),
        ("1034", '"1 00"', "NUMBER_FORMAT"), ("-1", "0", "VALUE_NOT_ALLOWED"),
    ],
)  # fmt: skip
def test_a_figure_that_is_not_exact_is_refused(
    judge: Refusal, persons: str, fte: str, code: str
) -> None:
    row = f'["2021M11", "Hedensted", "Sygedagpenge", {persons}, {fte}]'
    found = judge(f'{{"columns": {json.dumps(V3[:5])}, "rows": [{row}]}}'.encode())
    assert code in [finding.code for finding in found]


def with_more(name: str, values: list[Any]) -> dict[str, Any]:
    """An answer with one more column, a row for each of its values."""
    rows = [[f"2021M{month:02d}", *ROW_3[1:5], value] for month, value in enumerate(values, 1)]
    return {"columns": [*V3[:5], name], "rows": rows}


# Rule I.jobindsats
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Køn", ["Køn i alt", "Køn\u00a0i alt"]), ("Herkomst", ["Herkomst I ALT"]),
        ("Antal forløb", ["12", "1.200"]), ("Gnsn. varighed (uger)", ["12,5", "*"]),
        ("Andel", ["12,5 %", None]), ("Varighed", [12, 13.5]), ("Hvad som helst", [None, "-"]),
    ],
)  # fmt: skip
def test_totals_of_other_dimensions_and_other_measures_are_ignored(
    judge: Read, name: str, values: list[Any]
) -> None:
    found = judge(with_more(name, values))
    assert [row[3:] for row in found] == [NOVEMBER[3:]] * len(values)


# Rules I.jobindsats, I.silent
@pytest.mark.parametrize(
    ("name", "values", "rows"),
    [
        ("Køn", ["Køn i alt", "Mænd"], (2,)), ("Alder", ["16", "17"], (1, 2)),
        ("_alder", [16], (1,)), ("Køn", ["Køn i alt", None], (2,)), ("Køn", ["i altid"], (1,)),
        ("Antal forløb", ["mange"], (1,)),
    ],
)  # fmt: skip
def test_any_other_member_of_a_dimension_is_refused_and_says_what_to_do(
    judge: Refusal, name: str, values: list[Any], rows: tuple[int, ...]
) -> None:
    (found,) = judge(with_more(name, values))
    assert (found.code, found.rows, found.detail) == ("VALUE_NOT_ALLOWED", rows, "dimension")
    assert "i alt" in report.describe(found, "json") and "Mænd" not in report.describe(
        found, "json"
    )


def test_an_answer_divided_in_thousands_of_rows_is_refused_for_the_same(judge: Refusal) -> None:
    (found,) = judge(with_more("Køn", ["Mænd"] * 1001))
    assert (found.code, found.row_total, found.detail) == ("VALUE_NOT_ALLOWED", 1001, "dimension")


# Rule I.formats
@pytest.mark.parametrize(
    ("answer", "code", "column"),
    [
        ({"columns": V3[1:], "rows": [ROW_3[1:]]}, "HEADER_MISSING", "Periode"),
        ({"columns": [*V3, FTE], "rows": [[*ROW_3, 1]]}, "HEADER_DUPLICATE", FTE),
        ({"columns": [*V3, "Area"], "rows": [[*ROW_3, "x"]]}, "HEADER_DUPLICATE", "Område"),
        (version_2([("area", "Periode"), *V2[2:]], [ROW_2[1:]]), "HEADER_DUPLICATE", "Periode"),
        ([{"columns": V3, "rows": [ROW_3]}, {"columns": V3[:4], "rows": [ROW_3[:4]]}],
         "HEADER_MISSING", FTE),
        ({"columns": V3, "rows": []}, "FILE_EMPTY", None),
        ({"columns": V3}, "FILE_FORMAT", None),
        ({"rows": [ROW_3]}, "FILE_FORMAT", None),
        ([{"Periode": "2021M11"}], "FILE_FORMAT", None),
        ({"Forkert nøgle eller nøglen er udløbet.": ""}, "FILE_FORMAT", None),
        ({"columns": [1, 2], "rows": [[1, 2]]}, "FILE_FORMAT", None),
        ({"columns": V3, "rows": [dict(zip(V3, ROW_3, strict=True))]}, "ROW_WIDTH", None),
        ({"columns": V3, "rows": [ROW_3[:-1]]}, "ROW_WIDTH", None),
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_refused_with_a_remedy(
    judge: Refusal, answer: Any, code: str, column: str | None
) -> None:
    found = judge(answer)
    assert [(finding.code, finding.column) for finding in found] == [(code, column)]
    if code == "FILE_FORMAT":
        assert "format json" in report.describe(found[0], "json")


def test_a_table_without_rows_says_nothing_about_its_columns(judge: Read) -> None:
    empty = {"columns": ["Periode"], "rows": []}
    assert judge([empty, {"columns": V3, "rows": [ROW_3]}]) == [NOVEMBER]


def test_an_answer_without_a_benefit_is_left_to_the_check_of_headings(judge: Refusal) -> None:
    columns = [*V3[:2], *V3[3:]]
    found = judge({"columns": columns, "rows": [[*ROW_3[:2], *ROW_3[3:]]]})
    assert [(finding.code, finding.column) for finding in found] == [("HEADER_MISSING", "Ydelse")]


# Rules I.jobindsats, I.formats
def test_tables_that_name_no_benefit_are_read_with_the_overlay_s(tmp_path: Path) -> None:
    home = homes.new_home(tmp_path / "home")
    folder = home.root / "sources"
    folder.mkdir(exist_ok=True)
    for sender, benefit in (("", "Sygedagpenge"), (".afklaring", "Jobafklaringsforløb")):
        text = f"constants: {{Ydelse: {benefit}}}\n"
        (folder / f"jobindsats{sender}.yml").write_text(text, encoding="utf-8")
    third = {"columns": [*V3[:2], *V3[3:]], "rows": [[*ROW_3[:2], *ROW_3[3:]]]}
    second = version_2([*V2[:2], *V2[3:]], [[*ROW_2[:2], *ROW_2[3:]]])
    homes.land(home, "jobindsats_2024-02-01.json", json.dumps(third))
    homes.land(home, "jobindsats_2024-02-01_afklaring.json", json.dumps(second))
    assert homes.receive(home).refused == []
    groups = sorted(row[3] for row in homes.rows(home, "jobindsats"))
    assert groups == ["jobafklaring", "sygedagpenge"]
