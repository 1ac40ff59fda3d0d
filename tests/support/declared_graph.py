"""The declarations of the published tables as dbt's ``graph`` shows them to a macro.

What belongs here: what the tests need that render models without dbt. What does not: any figure.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from dagster_project.lib.base.strict_yaml import load_typed
from dagster_project.lib.publishing.tables import MARTS_DIR


@cache
def graph() -> dict[str, Any]:
    """``graph.nodes`` with meta and columns of every mart, by the name that dbt gives it."""
    models = [
        model
        for path in sorted(MARTS_DIR.rglob("_*models.yml"))
        for model in load_typed(path.read_text("utf-8"))["models"]
    ]
    return {
        "nodes": {
            f"model.effekt.{model['name']}": {
                "config": model["config"],
                "columns": {column["name"]: column for column in model["columns"]},
            }
            for model in models
        }
    }
