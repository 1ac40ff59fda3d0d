"""The statement documents of the closed periods: JSON, HTML, PDF, XLSX in ``reports/statements``.

What belongs here: where the files lie, what they are made of, and making them only when their
content has changed. What does not: what a statement says (``content``, ``view``).

Rules: S.statement.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagster_project.lib.base import files
from dagster_project.lib.base.canonical import canonical_json, sha256_json
from dagster_project.lib.base.errors import NotAllowedError, UsageError
from dagster_project.lib.contracts import Contract, load_contracts
from dagster_project.lib.ledger import chain, frozen
from dagster_project.lib.ledger import state as states
from dagster_project.lib.ledger.chain import Event, Ledger
from dagster_project.lib.ledger.raw_rows import approvals_of
from dagster_project.lib.publishing import snapshot as snapshots
from dagster_project.lib.publishing.code_version import code_version
from dagster_project.lib.publishing.snapshot import Snapshot
from dagster_project.lib.statement import content as contents
from dagster_project.lib.statement.content import Content
from dagster_project.settings import Home, Settings

FORMATS = ("json", "html", "pdf", "xlsx")
_INDEX = ".index.json"
# kept for replay, of no use to a reader of the statement
_NOT_SHOWN = ("benefit_codes", "participants")


NIGHTLY_LIMIT = 60
"""Periods whose documents a night keeps up to date, the newest first (docs/adr/0012).

A municipality's few contracts have fewer; a home of hundreds gets the rest when asked.
"""


def folder(home: Home) -> Path:
    """``reports/statements``."""
    return home.reports / "statements"


def write_documents(home: Home, settings: Settings) -> list[Path]:
    """Write the documents of the closed periods whose content has changed.

    The newest ``NIGHTLY_LIMIT`` periods are looked at; older ones are made when somebody asks for
    them (``write_statement``). A document says as of which day its content last changed; a night
    that only moves the date makes nothing new. Approved periods are made from the ledger's frozen
    statements.

    Args:
        home: the home; its newest snapshot is what is shown.
        settings: contracts and area of the run.

    Returns:
        The files written.
    """
    by_id = {c.contract_id: c for c in load_contracts(settings.contracts_dir, settings.area)}
    index = _read_index(home)
    written: list[Path] = []
    with snapshots.open_current(home) as snapshot:
        ledger = chain.read(home).known(snapshot.as_of)
        approvals = approvals_of(ledger)
        for row in snapshot.rows(
            "select contract_id, period_start from mart.settlement where is_closed"
            " order by period_end desc, contract_id, period_start limit ?",
            [NIGHTLY_LIMIT],
        ):
            key = (row["contract_id"], row["period_start"])
            maker = _Maker(home, snapshot, ledger, by_id[key[0]], key[1], approvals.get(key))
            written += maker.write_if_changed(index)
    if written:
        files.write_atomic(folder(home) / _INDEX, json.dumps(index, sort_keys=True))
    return written


def write_statement(
    settings: Settings, contract: str, period: str, *, provider: bool = False
) -> list[Path]:
    """Write the documents of one closed period, or the provider's workbook.

    Args:
        settings: home and contracts.
        contract: contract_id.
        period: first month of the period, ``YYYY-MM``.
        provider: write the provider's own workbook instead.

    Returns:
        The files written.

    Raises:
        UsageError: an unknown contract or period (exit 2).
        NotAllowedError: the period is not closed yet (exit 3).
    """
    home = settings.home
    start = states.parse_month(period)
    with snapshots.open_current(home) as snapshot:
        rows = snapshot.of_period("mart.settlement", contract, start)
        if not rows:
            raise UsageError(f"there is no settlement of {contract} that begins {period}")
        if not rows[0]["is_closed"]:
            raise NotAllowedError("PERIOD_OPEN", f"the period ends {rows[0]['period_end']}")
        if provider:
            return [_write_provider(home, snapshot, contract, start, rows[0]["period_end"])]
        ledger = chain.read(home).known(snapshot.as_of)
        approval = approvals_of(ledger).get((contract, start))
        by_id = {c.contract_id: c for c in load_contracts(settings.contracts_dir, settings.area)}
        return _Maker(home, snapshot, ledger, by_id[contract], start, approval).write()


def _write_provider(
    home: Home, snapshot: Snapshot, contract_id: str, start: dt.date, end: dt.date
) -> Path:
    from dagster_project.lib.statement import provider

    path = folder(home) / contract_id / f"{start:%Y-%m}-leverandør.xlsx"
    files.make_dir(path.parent)
    return files.write_atomic(path, provider.render(snapshot, contract_id, end))


class _Maker:
    """Makes the documents of one period."""

    def __init__(
        self, home: Home, snapshot: Snapshot, ledger: Ledger, contract: Contract,
        start: dt.date, approval: Event | None,
    ) -> None:  # fmt: skip
        self.home = home
        self.snapshot = snapshot
        self.contract = contract
        self.start = start
        self.approval = approval
        self.ledger = ledger
        self.events = states.of_period(ledger, contract.contract_id, start)
        self.name = f"{contract.contract_id}/{start:%Y-%m}"

    def path(self, suffix: str) -> Path:
        """Where the document of a format lies."""
        return folder(self.home) / f"{self.name}.{suffix}"

    def write_if_changed(self, index: dict[str, str]) -> list[Path]:
        """Write the documents unless the same ones lie there already."""
        content = None if self.approval else self.content()
        key = self._key(content)
        if index.get(self.name) == key and all(self.path(s).is_file() for s in FORMATS):
            return []
        written = self.write(content)
        index[self.name] = key
        return written

    def _key(self, content: Content | None) -> str:
        """What the documents depend on; an approved period's are known without opening its file."""
        said: dict[str, Any] = {
            "events": [event.hash for event in self.events],
            "code": code_version(),
        }
        if content is None:
            said["frozen"] = self.approval.frozen_sha256 if self.approval else None
        else:
            dated = ("as_of_date", "snapshot_id")
            told = {k: v for k, v in content["provenance"].items() if k not in dated}
            said["content"] = {**content, "provenance": told}
        return sha256_json(said)

    def content(self) -> Content:
        """The statement's content: frozen if it is approved, else as the snapshot shows it."""
        if self.approval is None:
            return contents.gather(self.snapshot, self.contract, self.start)
        return _without_replay(frozen.read(self.home, self.approval))

    def write(self, content: Content | None = None) -> list[Path]:
        """Write all four documents."""
        from dagster_project.lib.statement import paper, view, web, workbook

        document = document_of(content or self.content(), self.ledger, self.events)
        text = to_text(document)
        shown = view.build(document, document["state"]["state"], document["events"])
        files.make_dir(self.path("json").parent)
        made: dict[str, bytes | str] = {
            "json": text,
            "html": web.render(shown, text.rstrip("\n")),
            "pdf": paper.render(shown),
            "xlsx": workbook.render(shown, text.rstrip("\n")),
        }
        return [files.write_atomic(self.path(suffix), made[suffix]) for suffix in FORMATS]


def _without_replay(document: Content) -> Content:
    told = {k: v for k, v in document["provenance"].items() if k not in _NOT_SHOWN}
    kept = {k: v for k, v in document.items() if k != "published"}
    return {**kept, "provenance": told}


def document_of(content: Content, ledger: Ledger, events: list[Event]) -> dict[str, Any]:
    """The JSON document: content, state, own events, and the links of the chain up to the last.

    Of other settlements' events only sequence, ``prev`` and hash are told: enough to follow the
    chain, nothing of what they say.
    """
    found = states.state_of(events, content["statement_sha256"])
    last = events[-1].sequence if events else 0
    document = {
        **content,
        "state": {"state": found.name, "is_superseded": found.is_superseded},
        "events": [event.to_json() for event in events],
        "chain": [
            {"sequence": event.sequence, "prev": event.prev, "hash": event.hash}
            for event in ledger.events[:last]
        ],
    }
    document["document_sha256"] = sha256_json(document)
    return document


def to_text(document: Mapping[str, Any]) -> str:
    """The document's bytes: canonical JSON and a line feed."""
    return canonical_json(document) + "\n"


def _read_index(home: Home) -> dict[str, str]:
    """Keys of the documents that lie there; an unreadable index makes them all anew."""
    try:
        loaded = json.loads((folder(home) / _INDEX).read_text(encoding="utf-8"))
        return {str(name): str(key) for name, key in loaded.items()}
    except (OSError, ValueError, AttributeError):
        return {}
