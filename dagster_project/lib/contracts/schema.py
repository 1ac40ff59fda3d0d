"""The JSON Schema of the contract file, published so that editors complete, check and explain it.

Rules: C.schema.
Decides: C.schema.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dagster_project.lib.contracts.key_texts import place_of, read_key_texts
from dagster_project.lib.contracts.model import Contract
from dagster_project.settings import SEEDS_DIR

SCHEMA_FILE = SEEDS_DIR / "contract.schema.json"
ROOT_SECTION = Contract.__name__
FREE_KEY = "<benefit_group>"
"""Stands for the keys of a mapping that has a key for each benefit group."""
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """The schema, with what each key is in Danish and English."""
    made: dict[str, Any] = {
        "$schema": _DIALECT,
        **Contract.model_json_schema(by_alias=True),
        "title": "Effektafregning contract file",
    }
    for section, described in sections(made).items():
        _explain(section, described)
    return made


def sections(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every mapping of the file by the name of its model, the whole file first."""
    return {ROOT_SECTION: made, **made["$defs"]}


def keys_of(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The keys that a mapping may have; of one written as a text or a mapping, the mapping's."""
    forms = [form for form in described.get("anyOf", ()) if "properties" in form]
    mapping = forms[0] if forms else described
    keys = dict(mapping.get("properties", {}))
    if isinstance(free := mapping.get("additionalProperties"), dict):
        keys[FREE_KEY] = free
    return keys


def _explain(section: str, described: dict[str, Any]) -> None:
    texts = read_key_texts()
    for key, shape in keys_of(described).items():
        if place := place_of(section, key, texts):
            shape["description"] = f"{texts[place].da}\n\n{texts[place].en}"


def schema_text() -> str:
    """The schema as JSON text, the same on every machine."""
    return json.dumps(schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def write_schema(path: Path = SCHEMA_FILE) -> Path:
    """Write the schema (``python -m dagster_project.lib.contracts.schema``)."""
    path.write_text(schema_text(), encoding="utf-8")
    return path


if __name__ == "__main__":
    write_schema()
