"""The rooms of the lineage, in their order, and what stands in them that no step makes.

What belongs here: the order of the rooms, and the folders and tools at the edges of the night. What
does not: the steps and the rooms that they work in (``night``), Dagster (``defs/externals``).

A gate stands in the room that it judges. Every arrow leads from a room to the same or to a later
one; README draws the same rooms. What a person does to a settlement is read by the next night: it
is no arrow.

Rules: P.rooms.
Decides: P.rooms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from dagster_project.settings import DBT_DIR

LEDGER = "ledger"
CONTRACTS = "contracts"
LANDING = "landing"
QUARANTINE = "quarantine"
VAULT = "vault"
RAW = "raw"
STAGING = "staging"
RULES = "rules"
SETTLEMENT = "settlement"
MARTS = "marts"
PUBLISHED = "published"
STATEMENTS = "statements"
PAGES = "pages"
BI = "bi"

ROOMS = (
    LEDGER, CONTRACTS, LANDING, QUARANTINE, VAULT, RAW, STAGING, RULES, SETTLEMENT, MARTS,
    PUBLISHED, STATEMENTS, PAGES, BI,
)  # fmt: skip
"""Every room, a room after those that it reads."""


@dataclass(frozen=True)
class Outside:
    """Something that the night reads or leaves, and does not build.

    Args:
        name: its name, which is the asset's.
        room: where it stands.
        sentence: what it is, in plain words.
        rule: the rule that says so.
        after: steps that leave it.
        before: steps that read it.
    """

    name: str
    room: str
    sentence: str
    rule: str
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()


def _looked_at() -> Iterator[Outside]:
    """The pages and the dashboards, as ``dbt/models/exposures.yml`` declares them."""
    text = (DBT_DIR / "models" / "exposures.yml").read_text(encoding="utf-8")
    for shown in yaml.safe_load(text)["exposures"]:
        room, rule, after = _SHOWN[shown["type"]]
        yield Outside(shown["name"], room, shown["description"], rule, after=(after,))


_SHOWN = {"analysis": (PAGES, "V.sites", "pages"), "dashboard": (BI, "M.bi", "publish")}
"""Of a kind of exposure: its room, its rule, and the step that leaves it."""

OUTSIDE: tuple[Outside, ...] = (
    Outside(
        "ledger", LEDGER,
        "Every step that a person takes with a settlement, each chained to the one before it.",
        "S.ledger", before=("check_records", "load_inputs"),
    ),
    Outside(
        "contracts", CONTRACTS,
        "The contract files, one for each contract, as the municipality and the provider agreed.",
        "C.file", before=("receive", "load_inputs"),
    ),
    Outside(
        "landing", LANDING,
        "The folder in which registers, statistics and providers leave their files.",
        "I.name", before=("receive",),
    ),
    Outside(
        "quarantine", QUARANTINE,
        "The files that were refused, each beside a report of what is wrong and what to do.",
        "I.refusal", after=("receive",),
    ),
    Outside(
        "vault", VAULT,
        "The accepted files as they came, under the hash of their content, and the register of"
        " deliveries.",
        "I.kept", after=("receive",), before=("load_inputs",),
    ),
    Outside(
        "bi_tools", BI,
        "The reports of the municipality's BI tool, which reads the published file.",
        "M.publish", after=("publish",),
    ),
    *_looked_at(),
)  # fmt: skip
"""What stands at the edges of the night, beside the steps."""
