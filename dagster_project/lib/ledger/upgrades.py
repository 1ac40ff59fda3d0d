"""The record of upgrades, ``ledger/upgrades.jsonl``: a chain with one line a step.

What belongs here: reading and adding to it. What does not: what a step does (``upgrade.steps``).

Rules: P.format, S.chain, S.heads.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagster_project.lib.base import chained
from dagster_project.lib.base.errors import EffektError
from dagster_project.settings import SEALED_FORMAT, Home

RECORD_NAME = "upgrades.jsonl"
_SEQUENCE = "seq"
UNSEALED = "unsealed_manifests"


def record_file(home: Home) -> Path:
    """``ledger/upgrades.jsonl``."""
    return home.ledger / RECORD_NAME


def read(home: Home) -> list[chained.Link]:
    """The steps that were taken, checked.

    Raises:
        EffektError: ``UPGRADES_BROKEN`` with the line.
    """
    try:
        return chained.check_links(chained.read(record_file(home)).lines, _SEQUENCE)
    except chained.BrokenLineError as error:
        raise EffektError(
            "UPGRADES_BROKEN",
            f"linje {error.number} i ledger/{RECORD_NAME} {error.what}",
            remedy="intet er ændret; læg ledger/ tilbage fra sikkerhedskopien, og kør igen",
        ) from None


def reached(home: Home) -> int:
    """The format that the record says was reached; 1 where there is none."""
    links = read(home)
    return int(links[-1]["to_format"]) if links else 1


def add(home: Home, fact: Mapping[str, Any]) -> None:
    """Add a step that was taken."""
    links = read(home)
    head = chained.Head(sequence=len(links), hash=links[-1]["hash"]) if links else None
    chained.set_torn_aside(record_file(home))
    chained.append(record_file(home), [chained.linked(fact, head, _SEQUENCE)])


def knows_unsealed(home: Home, snapshot_id: str, sha256: str) -> bool:
    """Whether a manifest without a seal may be from before there were seals.

    It stood there, with this sha256, when the home was brought up, or the home still is of an older
    format. Whoever can take a seal off cannot add to a chain.
    """
    try:
        links = read(home)
    except EffektError:
        return False
    if not links:
        return home.read_home_file().format < SEALED_FORMAT
    return any(link.get(UNSEALED, {}).get(snapshot_id) == sha256 for link in links)
