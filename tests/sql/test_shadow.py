"""The models that are built over the shadow are those from its rows to what a variant comes to."""

from __future__ import annotations

import re
from typing import Any

from dagster_project.lib.warehouse.raw_room import RAW_DDL
from dagster_project.settings import DBT_DIR
from tests.sql.conftest import Manifest

MACRO = (DBT_DIR / "macros" / "shadow.sql").read_text(encoding="utf-8")
READ_FOR_BOTH = {"int_spells__keep_participants"}
"""Reads the register once, for the participants of contracts and of variants."""


def listed(macro: str) -> list[str]:
    """The names that a macro of the list returns."""
    body = MACRO.split(f"macro {macro}()")[1].split("endmacro")[0]
    return re.findall(r"'(\w+)'", body)


def expected(manifest: Manifest) -> set[str]:
    """What lies between the tables of the shadow and what ``int_variants__compare`` reads there."""
    nodes: dict[str, Any] = {**manifest["nodes"]}
    compare = nodes["model.effekt.int_variants__compare"]
    wanted = re.findall(r"shadow_ref\('(\w+)'\)", compare["raw_code"])
    found: dict[str, bool] = {}

    def is_moved(key: str) -> bool:
        """Whether a model rests on a table that the shadow has rows of its own for."""
        if key.startswith("source."):
            return key.split(".")[-1] in listed("shadow_sources")
        if key not in found:
            found[key] = False
            found[key] = True in {is_moved(one) for one in nodes[key]["depends_on"]["nodes"]}
        return found[key]

    for name in wanted:
        is_moved(f"model.effekt.{name}")
    return {key.split(".")[-1] for key, moved in found.items() if moved}


# Rule S.variant
def test_the_list_is_what_lies_between_the_shadow_and_the_variants(manifest: Manifest) -> None:
    assert set(listed("shadow_models")) == expected(manifest) - READ_FOR_BOTH
    assert len(listed("shadow_models")) == len(set(listed("shadow_models")))


# Rule S.variant
def test_nobody_else_reads_the_shadow(manifest: Manifest) -> None:
    readers = {
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and "shadow_ref(" in node["raw_code"]
    }
    assert readers == {"int_variants__compare", *READ_FOR_BOTH}


# Rule S.variant
def test_each_table_of_the_shadow_is_made_with_the_raw_room() -> None:
    made = re.findall(r"(?:table if not exists|view) shadow\.(\w+)", RAW_DDL)
    assert sorted(made) == sorted(listed("shadow_sources"))
