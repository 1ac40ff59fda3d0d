"""The bundle of ``bi/superset`` as a test reads it: datasets, charts, dashboards.

What belongs here: reading the YAML, and what a chart asks of DuckDB. What does not: a test,
Superset.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "bi" / "superset"
BUNDLE = FOLDER / "bundle"


def _read(kind: str) -> dict[str, dict[str, Any]]:
    """The files of one kind by uuid."""
    found = [
        yaml.safe_load(path.read_text("utf-8")) for path in sorted((BUNDLE / kind).rglob("*.yaml"))
    ]
    return {one["uuid"]: one for one in found}


DATABASES, DATASETS = _read("databases"), _read("datasets")
CHARTS, DASHBOARDS = _read("charts"), _read("dashboards")


@dataclass(frozen=True)
class Dataset:
    """A dataset of the bundle."""

    content: dict[str, Any]

    @property
    def name(self) -> str:
        """Its Danish name."""
        return str(self.content["table_name"])

    @property
    def sql(self) -> str:
        """What it selects."""
        return str(self.content["sql"])

    @property
    def columns(self) -> dict[str, str]:
        """Type by name, in order."""
        return {column["column_name"]: column["type"] for column in self.content["columns"]}

    @property
    def metrics(self) -> dict[str, str]:
        """Expression by name."""
        return {metric["metric_name"]: metric["expression"] for metric in self.content["metrics"]}

    @property
    def tables(self) -> set[str]:
        """The tables of the mart that it reads."""
        return set(re.findall(r"\bmart\.(\w+)", self.sql))


@dataclass(frozen=True)
class Chart:
    """A chart of the bundle."""

    content: dict[str, Any]

    @property
    def name(self) -> str:
        """Its Danish title."""
        return str(self.content["slice_name"])

    @property
    def params(self) -> dict[str, Any]:
        """What Superset keeps of it."""
        return dict(self.content["params"])

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset that it asks."""
        return Dataset(DATASETS[self.content["dataset_uuid"]])

    @property
    def metrics(self) -> list[str]:
        """Names of the saved metrics that it shows."""
        one = self.params.get("metric")
        return [one] if one else list(self.params.get("metrics", ()))

    @property
    def columns(self) -> list[str]:
        """Names of the columns that it shows or groups by."""
        axis = self.params.get("x_axis")
        return [
            *([axis] if axis else []),
            *self.params.get("groupby", ()),
            *self.params.get("all_columns", ()),
        ]

    @property
    def filters(self) -> list[str]:
        """Conditions in SQL."""
        return [one["sqlExpression"] for one in self.params.get("adhoc_filters", ())]

    @property
    def question(self) -> str:
        """What the chart asks of DuckDB, without the saved metrics' formats."""
        measures = [f'{self.dataset.metrics[name]} as "{name}"' for name in self.metrics]
        where = f" where {' and '.join(self.filters)}" if self.filters else ""
        group = f" group by {', '.join(self.columns)}" if self.metrics and self.columns else ""
        shown = ", ".join([*self.columns, *measures])
        return f"select {shown} from ({self.dataset.sql}) as asked{where}{group}"


def datasets() -> list[Dataset]:
    """Every dataset."""
    return [Dataset(content) for content in DATASETS.values()]


def charts() -> list[Chart]:
    """Every chart."""
    return [Chart(content) for content in CHARTS.values()]


def charts_on(dashboard: dict[str, Any]) -> list[str]:
    """The uuids of the charts on a dashboard."""
    places = [place for place in dashboard["position"].values() if isinstance(place, dict)]
    return [place["meta"]["uuid"] for place in places if place["type"] == "CHART"]
