"""The JSON Schema of the contract file, published so that editors complete and check it.

Rules: C.schema.
"""

from __future__ import annotations

import json
from pathlib import Path

from dagster_project.lib.contracts.model import Contract
from dagster_project.settings import SEEDS_DIR

SCHEMA_FILE = SEEDS_DIR / "contract.schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text() -> str:
    """The schema as JSON text, the same on every machine."""
    schema = {
        "$schema": _DIALECT,
        **Contract.model_json_schema(by_alias=True),
        "title": "Effektafregning contract file",
    }
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def write_schema(path: Path = SCHEMA_FILE) -> Path:
    """Write the schema (``python -m dagster_project.lib.contracts.schema``)."""
    path.write_text(schema_text(), encoding="utf-8")
    return path


if __name__ == "__main__":
    write_schema()
