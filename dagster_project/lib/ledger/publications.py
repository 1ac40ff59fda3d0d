"""The record of publications, ``ledger/publications.jsonl``: a chain with one line a publication.

What belongs here: the form of a line, reading the record and adding to it. What does not: what the
published tables show of it, and which line a snapshot still lacks (``publishing.history``).

Rules: M.publications, S.chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dagster_project.lib.base import chained, files
from dagster_project.lib.base.errors import EffektError
from dagster_project.settings import Home

RECORD_NAME = "publications.jsonl"
NUMBER = "publication_no"
PERIOD = ("contract_id", "period_start", "state", "basis_dkk", "payment_dkk", "statement_sha256")
"""What a line says of each settlement period; the last four are what a publication can change."""


def record_file(home: Home) -> Path:
    """``ledger/publications.jsonl``."""
    return home.ledger / RECORD_NAME


def read(home: Home) -> list[chained.Link]:
    """The publications of the home in order, checked.

    Raises:
        EffektError: ``PUBLICATIONS_BROKEN`` with the line.
    """
    try:
        return chained.check_links(chained.read(record_file(home)).lines, NUMBER)
    except chained.BrokenLineError as error:
        raise broken(f"linje {error.number} i ledger/{RECORD_NAME} {error.what}") from None


def broken(message: str) -> EffektError:
    """What a run ends with where the record is not what was written."""
    return EffektError(
        "PUBLICATIONS_BROKEN",
        message,
        remedy="intet er ændret; læg ledger/ tilbage fra den nyeste sikkerhedskopi, og kør igen",
    )


def add(home: Home, known: Sequence[chained.Link], fact: Mapping[str, Any]) -> chained.Link:
    """Add a publication behind those that are known; the home is held.

    Returns:
        The line as written.
    """
    files.make_dir(home.ledger)
    head = chained.Head(sequence=len(known), hash=known[-1]["hash"]) if known else None
    chained.set_torn_aside(record_file(home))
    link = chained.linked(fact, head, NUMBER)
    chained.append(record_file(home), [link])
    return link
