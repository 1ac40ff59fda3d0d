"""The bundle for Superset, without it: columns, metrics and charts run on the demo's mart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest
import yaml

from dagster_project.lib.publishing.tables import MART, declared_tables
from dagster_project.settings import DBT_DIR
from tests.bi import bundle
from tests.bi.bundle import Chart, Dataset
from tests.bi.conftest import Demo

pytestmark = [pytest.mark.timeout(600)]

DATASETS, CHARTS = bundle.datasets(), bundle.charts()
TABLES = {name: table for (room, name), table in declared_tables().items() if room == MART}
PERIODS = {"period_start", "month", "aar", "year"}
EMPTY_ON_THE_DEMO = {
    # a municipality with a contract of that kind has them
    "Tilbagefaldskurve", "Tilbagefald mod baseline", "Screening, trin for trin",
    "Business case pr. år", "Business case i alt",
    # an approved period that was changed since has them
    "Efterreguleringer efter årsag",
}  # fmt: skip


@pytest.fixture(scope="module")
def mart(demo: Demo) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(demo.mart), read_only=True) as connection:
        yield connection


def named(items: list[Dataset] | list[Chart]) -> dict[str, object]:
    return {"argvalues": items, "ids": [item.name for item in items]}


# Rule M.bi
@pytest.mark.parametrize("dataset", **named(DATASETS))
def test_a_dataset_has_just_its_columns_and_each_metric_runs(
    dataset: Dataset, mart: duckdb.DuckDBPyConnection
) -> None:
    found = {name: str(kind) for name, kind, *_ in mart.execute(dataset.sql).description}
    assert list(found) == list(dataset.columns)
    assert [n for n, kind in dataset.columns.items() if not found[n].startswith(kind)] == []
    for expression in dataset.metrics.values():
        mart.execute(f"select {expression} from ({dataset.sql}) as asked").fetchall()


@pytest.mark.parametrize("dataset", **named(DATASETS))
def test_joins_of_a_dataset_double_no_row(
    dataset: Dataset, mart: duckdb.DuckDBPyConnection
) -> None:
    """Without the words and titles that are joined to it, a dataset has as many rows."""
    label_joins = re.compile(
        r"left join mart\.label as \w+\s+on [^\n]+\n|left join mart\.label as \w+\s+on .+"
    )
    rows = mart.execute(f"select count(*) from ({dataset.sql}) as asked").fetchone()[0]
    words = re.findall(r"left join mart\.label as (\w+)", dataset.sql)
    bare = label_joins.sub("", dataset.sql)
    for word in words:
        bare = bare.replace(f"{word}.label_da", "null").replace(f"{word}.sort_order", "null")
    assert bare.count("mart.label") == 0
    assert mart.execute(f"select count(*) from ({bare}) as asked").fetchone()[0] == rows


# Rule M.bi
@pytest.mark.parametrize("chart", **named(CHARTS))
def test_a_chart_answers_with_data_on_the_demo(
    chart: Chart, mart: duckdb.DuckDBPyConnection
) -> None:
    assert set(chart.metrics) <= chart.dataset.metrics.keys()
    assert set(chart.columns) <= chart.dataset.columns.keys()
    rows = mart.execute(chart.question).fetchall()
    measures = len(chart.metrics)
    has_data = any(
        not measures or any(value is not None for value in row[-measures:]) for row in rows
    )
    assert has_data == (chart.name not in EMPTY_ON_THE_DEMO)


def test_a_chart_asks_a_question_and_stands_on_one_dashboard() -> None:
    assert [chart.name for chart in CHARTS if not chart.content["description"].endswith("?")] == []
    placed = Counter(
        uuid for board in bundle.DASHBOARDS.values() for uuid in bundle.charts_on(board)
    )
    assert placed == Counter(dict.fromkeys(bundle.CHARTS, 1))
    titles = {board["dashboard_title"] for board in bundle.DASHBOARDS.values()}
    assert titles == {"Afregning", "Leverandør og match", "Opfølgning og effekt"}


# Rule M.bi, M.suppression
@pytest.mark.parametrize("dataset", **named(DATASETS))
def test_a_metric_over_a_hidden_cell_is_empty_and_never_a_sum_of_the_rest(
    dataset: Dataset, mart: duckdb.DuckDBPyConnection
) -> None:
    statistics = [TABLES[name] for name in dataset.tables if name in TABLES and TABLES[name].hides]
    measures = {m for table in statistics for m in table.hides.measures} & dataset.columns.keys()
    for name, expression in dataset.metrics.items():
        for measure in measures & set(re.findall(r"\w+", expression)):
            hidden = f"select * from ({dataset.sql}) as asked where {measure} is null"
            shown = f"select * from ({dataset.sql}) as asked where {measure} is not null limit 1"
            both = f"select * from (({hidden} limit 1) union all ({shown})) as rows"
            if not mart.execute(hidden).fetchall() or not mart.execute(shown).fetchall():
                continue
            told = mart.execute(f"select {expression} from ({both}) as asked").fetchone()[0]
            assert told is None, (name, measure)


# Rule M.bi
@pytest.mark.parametrize("dataset", **named(DATASETS))
def test_a_metric_adds_up_only_what_the_mart_says_adds_up(dataset: Dataset) -> None:
    """Over periods and rows, unless the metric is empty for more than one of them."""
    tables = [TABLES[name] for name in dataset.tables if name in TABLES]
    declared = {column: set(up) for table in tables for column, up in table.adds_up.items()}
    has_periods = bool(PERIODS & dataset.columns.keys())
    for name, expression in dataset.metrics.items():
        needed = {"periods", "rows"} if has_periods else {"rows"}
        if "count(distinct month) = 1" in expression:
            needed -= {"periods"}
        if re.search(r"count\(distinct (ydelse|hvad)\) = 1", expression):
            needed -= {"rows"}
        for column in re.findall(r"sum\((\w+)\)", expression):
            assert declared.get(column, needed) >= needed, (name, column)


# Rule M.bi, M.suppression
def test_no_bars_are_stacked_over_cells_that_may_be_hidden() -> None:
    """The height of a stack is a sum, and would be one of the cells that are shown."""
    stacked = [chart for chart in CHARTS if chart.params.get("stack")]
    assert stacked
    assert [
        chart.name
        for chart in stacked
        if any(TABLES[name].hides for name in chart.dataset.tables & TABLES.keys())
    ] == []


def test_figures_of_the_dashboards_are_those_of_the_mart(mart: duckdb.DuckDBPyConnection) -> None:
    by_name = {chart.name: chart for chart in CHARTS}

    def shown(name: str) -> Decimal:
        return mart.execute(by_name[name].question).fetchone()[0]

    def one(question: str) -> Decimal:
        return mart.execute(question).fetchone()[0]

    assert shown("Opgjort til udbetaling") == one(
        "select sum(payment_dkk) from mart.settlement where is_closed"
    )
    assert shown("Til loftet") == one(
        "select arg_max(headroom_to_ceiling_dkk, period_start) from mart.settlement where is_closed"
    )
    assert shown("Uoverensstemmelser") == one(
        "select sum(amount_dkk) from mart.claim_match_period where match not in ('agreed', 'none')"
    )
    periods = mart.execute(by_name["Grundlag og udbetaling pr. periode"].question).fetchall()
    assert sorted(periods) == sorted(mart.execute(
        "select period_label, basis_dkk, payment_dkk from mart.settlement where is_closed"
    ).fetchall())  # fmt: skip


# Rule M.bi
def test_the_database_is_opened_to_read_and_nothing_else_can_be() -> None:
    (database,) = bundle.DATABASES.values()
    address = "duckdb:///MART?access_mode=read_only&enable_external_access=false"
    assert database["sqlalchemy_uri"] == address
    assert not any(database[f"allow_{what}"] for what in ("dml", "ctas", "cvas", "csv_upload"))
    assert "poolclass" not in yaml.safe_dump(database)  # without one Superset keeps no connection
    assert {dataset.content["schema"] for dataset in DATASETS} == {MART}
    assert all(content["cache_timeout"] == -1 for content in (*bundle.CHARTS.values(), database))


def test_the_lock_of_superset_names_hashes_and_no_host() -> None:
    text = (bundle.FOLDER / "requirements.lock").read_text(encoding="utf-8")
    assert "http" not in text
    assert "--index" not in text
    wanted = re.split(r"\n(?=\S)", text.strip())
    assert len(wanted) > 100
    assert all("==" in one and "--hash=sha256:" in one for one in wanted)
    ours = (bundle.FOLDER.parents[1] / "requirements.lock").read_text(encoding="utf-8")
    duckdb_of = re.compile(r"(?m)^duckdb==\S+")
    assert duckdb_of.findall(text) == duckdb_of.findall(ours)


def test_lineage_ends_at_the_dashboards() -> None:
    path = DBT_DIR / "models" / "exposures.yml"
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))["exposures"]
    found = {
        one["label"]: sorted(re.findall(r"ref\('(\w+)'\)", " ".join(one["depends_on"])))
        for one in declared
        if one["type"] == "dashboard"
    }
    assert found == {
        board["dashboard_title"]: sorted(
            {
                table
                for chart in CHARTS
                if chart.content["uuid"] in bundle.charts_on(board)
                for table in chart.dataset.tables
            }
        )
        for board in bundle.DASHBOARDS.values()
    }
