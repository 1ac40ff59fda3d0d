"""The documents of the closed periods in ``reports/statements``: the settlement and its annex.

What belongs here: where the files lie, what they are made of, signing them, and making them only
when their content has changed. What does not: what a document says (``content``, ``view``,
``annex``).

The settlement (JSON, HTML, PDF, XLSX) names no course; the annex (JSON, XLSX) holds every line.

Rules: S.statement, S.annex, S.signature.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

from dagster_project.lib import charts
from dagster_project.lib.base import chained, danish, files
from dagster_project.lib.base.canonical import canonical_json, plain_row, sha256_json
from dagster_project.lib.base.errors import EffektError, NotAllowedError
from dagster_project.lib.contracts import Contract
from dagster_project.lib.keys import sealing
from dagster_project.lib.keys.statement_key import (
    StatementKey,
    publish_public_keys,
    read_statement_key,
)
from dagster_project.lib.ledger import access, chain, frozen
from dagster_project.lib.ledger import state as states
from dagster_project.lib.ledger.chain import Event, Ledger
from dagster_project.lib.ledger.state import approvals_of
from dagster_project.lib.publishing import named
from dagster_project.lib.publishing import snapshot as snapshots
from dagster_project.lib.publishing.code_version import code_version
from dagster_project.lib.publishing.shown_terms import read_shown_terms, require_own_format
from dagster_project.lib.publishing.snapshot import Snapshot
from dagster_project.lib.receiving.intake import register
from dagster_project.lib.statement import annex, charted
from dagster_project.lib.statement import content as contents
from dagster_project.lib.statement.authenticity import ANNEX, STATEMENT
from dagster_project.lib.statement.content import Content
from dagster_project.lib.statement.figures import (
    figures_sha256,
    frozen_lines,
    line_figures,
    sum_lines,
)
from dagster_project.settings import Home, Settings

FORMAT = 2
_INDEX = ".index.json"
# what of a frozen statement's provenance its document shows; the rest is kept for replay and why
_SHOWN = (
    "as_of_date", "snapshot_id", "code_version", "terms", "terms_sha256", "benefit_codes_sha256",
    "deliveries",
)  # fmt: skip
_ANNEX = f"-{ANNEX}"
_PROVIDER = f"-{ANNEX}-leverandør"
_SIGNED_BESIDE = ("html", "pdf", "xlsx")


NIGHTLY_LIMIT = 60
"""Periods whose documents a night makes unasked, the newest first (docs/adr/0012).

A municipality's few contracts have fewer; a home of hundreds gets the rest when asked.
"""


def folder(home: Home) -> Path:
    """``reports/statements``."""
    return home.reports / "statements"


def write_documents(home: Home, settings: Settings, *, is_unchanged: bool = False) -> list[Path]:
    """Write the documents of the closed periods whose content has changed.

    Of periods that have none, those of the newest ``NIGHTLY_LIMIT`` are made; others when somebody
    asks for them (``write_statement``). Those that lie there are kept up to date, however old. A
    document says as of which day its content last changed; a night that only moves the date makes
    nothing new. Approved periods are made from the ledger's frozen statements.

    Args:
        home: the home; its newest snapshot is what is shown.
        settings: contracts of the run.
        is_unchanged: nothing is known that was not when they were written; only those that are
            missing are made.

    Returns:
        The files written.
    """
    index = _read_index(home)
    key = read_statement_key(home)
    publish_public_keys(home, key)
    written: list[Path] = []
    with charts.standby(), snapshots.open_current(home) as snapshot:
        ledger = chain.read(home).known(snapshot.as_of)
        approvals = approvals_of(ledger)
        terms = cache(partial(read_shown_terms, settings, snapshot))
        closed = snapshot.rows(
            "select contract_id, period_start from mart.settlement where is_closed"
            " order by period_end desc, contract_id, period_start"
        )
        # so many at a time: what old statements are made of is not held all at once
        for first in range(0, len(closed), NIGHTLY_LIMIT):
            due: list[tuple[_Maker, Made]] = []
            for row in closed[first : first + NIGHTLY_LIMIT]:
                place = (row["contract_id"], row["period_start"])
                maker = _Maker(home, key, snapshot, ledger, *place, terms, approvals.get(place))
                is_kept = first == 0 or maker.lies_there
                is_fine = is_unchanged and maker.is_written
                if is_kept and not is_fine and (made := maker.begin(index)):
                    due.append((maker, made))
            for maker, made in due:
                written += maker.finish(made, index)
    if written:
        files.write_atomic(folder(home) / _INDEX, json.dumps(index, sort_keys=True))
    return written


def write_statement(
    settings: Settings, contract: str, period: str, *, provider: bool = False
) -> list[Path]:
    """Write the documents of one closed period, or the provider's edition of its annex.

    Args:
        settings: home and contracts.
        contract: contract_id.
        period: first month of the period, ``YYYY-MM``, or its label.
        provider: write the annex with the provider's own courses instead.

    Returns:
        The files written.

    Raises:
        UsageError: an unknown contract or period (exit 2).
        NotAllowedError: the period is not closed yet, or not approved and computed with other terms
            than the contract file's (exit 3).
    """
    home = settings.home
    key = read_statement_key(home)
    with snapshots.open_current(home) as snapshot:
        start = named.find_period(snapshot, contract, period)
        rows = snapshot.of_period("mart.settlement", contract, start)
        if not rows[0]["is_closed"]:
            raise NotAllowedError(
                "PERIOD_OPEN",
                f"perioden slutter {danish.date(rows[0]['period_end'])}, og data går til og med "
                f"{danish.date(snapshot.as_of)}",
                remedy="vent, til perioden er slut, og kør igen",
            )
        ledger = chain.read(home).known(snapshot.as_of)
        approval = approvals_of(ledger).get((contract, start))
        terms = partial(read_shown_terms, settings, snapshot)
        maker = _Maker(home, key, snapshot, ledger, contract, start, terms, approval)
        if provider:
            return maker.write_for_provider(rows[0]["period_end"])
        return maker.finish(maker.begin_anew())


@dataclass(frozen=True)
class _Content:
    """What the two documents of a period are made of."""

    statement: Content
    lines: Sequence[Mapping[str, Any]]
    causes: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Made:
    """Documents that wait for their pictures: what they hold, and what they depend on."""

    content: _Content
    document: dict[str, Any]
    charts: Mapping[str, charts.Chart]
    key: str


class _Maker:
    """Makes the documents of one period."""

    def __init__(
        self, home: Home, key: StatementKey, snapshot: Snapshot, ledger: Ledger, contract_id: str,
        start: dt.date, terms: Callable[[str], Contract], approval: Event | None,
    ) -> None:  # fmt: skip
        self.home = home
        self.key = key
        self.snapshot = snapshot
        self.contract_id = contract_id
        self.start = start
        self.terms = terms
        self.approval = approval
        self.ledger = ledger
        self.name = f"{contract_id}/{start:%Y-%m}"

    def path(self, suffix: str, kind: str = "") -> Path:
        """Where the document of a kind and format lies."""
        return folder(self.home) / f"{self.name}{kind}.{suffix}"

    @cached_property
    def events(self) -> list[Event]:
        """The steps of the settlement."""
        return states.of_period(self.ledger, self.contract_id, self.start)

    @property
    def lies_there(self) -> bool:
        """Whether somebody may take the settlement for today's."""
        return any(path.is_file() for path in self._paths())

    @property
    def is_written(self) -> bool:
        """Whether every file of both documents is there."""
        return all(path.is_file() for path in self._paths())

    def begin(self, index: Mapping[str, str]) -> Made | None:
        """Gather what the documents hold, unless the same ones lie there already."""
        content = None if self.approval else self.content()
        key = self._key(content)
        if index.get(self.name) == key and self.is_written:
            return None
        return self._begin(content or self.content(), key)

    def begin_anew(self) -> Made:
        """Gather what the documents hold, whatever lies there."""
        return self._begin(self.content(), "")

    def _begin(self, content: _Content, key: str) -> Made:
        """Sign the settlement, and let its pictures be drawn while others are gathered."""
        document = self._document(content)
        drawn = charted.charts_of(document)
        charts.order(self.home, drawn)
        return Made(content, document, drawn, key)

    def _paths(self) -> list[Path]:
        """The files of both documents, as :meth:`write` gives them."""
        made = [self.path("json"), *(self.path(suffix) for suffix in _SIGNED_BESIDE)]
        made += [self.path("json", _ANNEX), self.path("xlsx", _ANNEX)]
        beside = [p.with_name(p.name + sealing.SUFFIX) for p in made if p.suffix != ".json"]
        return made + beside

    def _key(self, content: _Content | None) -> str:
        """What the documents depend on; an approved period's are known without opening its file."""
        said: dict[str, Any] = {
            "events": [event.hash for event in self.events],
            "code": code_version(),
            "signed_by": self.key.public_key,
            "beside": self._beside,
        }
        if content is None:
            said["frozen"] = self.approval.frozen_sha256 if self.approval else None
        else:
            dated = ("as_of_date", "snapshot_id")
            statement = content.statement
            told = {k: v for k, v in statement["provenance"].items() if k not in dated}
            said["content"] = {**statement, "provenance": told}
            said["causes"] = list(content.causes)
        return sha256_json(said)

    def content(self) -> _Content:
        """Frozen if the period is approved, else as the snapshot shows it."""
        if self.approval is not None:
            document = frozen.read(self.home, self.approval)
            return _Content(document, frozen_lines(document), document["published"][_LINES])
        rows = self.snapshot.of_period(
            f"restricted.{_LINES}", self.contract_id, self.start, order="line_no"
        )
        terms = self.terms(self.contract_id)
        statement = contents.gather(self.snapshot, terms, self.start, self.ledger)
        return _Content(statement, [line_figures(row) for row in rows], contents.plain(rows))

    def finish(self, made: Made, index: dict[str, str] | None = None) -> list[Path]:
        """Write the settlement in its four forms, and the annex.

        Without one of its pictures a document is not noted as made, so that a later night makes it
        anew.
        """
        from dagster_project.lib.statement import paper, view, web, workbook

        text = canonical_json(made.document)
        pictures = charts.draw(self.home, made.charts)
        shown = view.build(made.document, pictures)
        found: dict[Path, bytes | str] = {
            self.path("json"): text + "\n",
            self.path("html"): web.render(shown, text),
            self.path("pdf"): paper.render(shown, text),
            self.path("xlsx"): workbook.render(shown),
        }
        own = annex.build(made.document, made.content.lines, made.content.causes)
        self._note("annex")
        written = self._write({**found, **self._annex_files(own, _ANNEX)})
        if index is not None:
            index.pop(self.name, None)
            if None not in pictures.values():
                index[self.name] = made.key
        return written

    def write_for_provider(self, period_end: dt.date) -> list[Path]:
        """Write the annex with the provider's own courses."""
        require_own_format(self.snapshot)
        found = self.content()
        document = self._document(found)
        own = annex.build(document, found.lines, found.causes)
        told = annex.with_courses(own, document, self.snapshot, period_end)
        self._note("provider-annex")
        return self._write(self._annex_files(told, _PROVIDER))

    def _note(self, what: str) -> None:
        """Note that a document that names courses is about to be written."""
        period = f"{self.start:%Y-%m}"
        access.note(self.home, what, contract=self.contract_id, period=period)

    def _document(self, found: _Content) -> dict[str, Any]:
        """The settlement, signed: of the figures that were published or approved, and no others."""
        if figures_sha256(found.statement["figures"]) != self._statement_sha256():
            raise EffektError(
                "SNAPSHOT_DIFFERS",
                f"tallene i {self.name} er ikke dem, der blev udgivet eller godkendt",
                remedy="kør `effekt run` igen; intet er underskrevet",
            )
        content = _without_lines(found)
        # where the chains end now: what a party can hold against the home later
        heads = {
            "ledger": chained.durable_head(chain.ledger_file(self.home), self.ledger.last),
            "register": register.durable_head(self.home),
        }
        document = document_of(content, self.ledger, self.events, heads, self._beside)
        return sealing.signed(document, self.key)

    @cached_property
    def _beside(self) -> dict[str, Any]:
        """What the ledger says now of other periods and of the authorised maximum."""
        released = self._released()
        return {
            "releases": releases_of(self.ledger, self.contract_id, self.start, released),
            "earlier": self._earlier(),
        }

    def _released(self) -> Decimal:
        """What of the releases the figures know."""
        known = self.ledger.until(self.snapshot.ledger_head)
        if self.approval is not None:
            earlier = [e for e in self.ledger.events if e.sequence < self.approval.sequence]
            known = Ledger(tuple(earlier))
        return states.released_dkk(known, self.contract_id, self.start)

    def _earlier(self) -> list[dict[str, Any]]:
        """The payments of the periods before this one, and how far each has come."""
        rows = self.snapshot.rows(
            "select period_start, period_label, payment_dkk from mart.settlement"
            " where contract_id = ? and period_start < ? order by period_start",
            [self.contract_id, self.start],
        )
        return [
            {**plain_row(row), "state": states.settled_as(self.ledger, self.contract_id,
                                                          row["period_start"])}
            for row in rows
        ]  # fmt: skip

    def _statement_sha256(self) -> str | None:
        """Hash of the figures that people see and act on."""
        if self.approval is not None:
            return self.approval.statement_sha256
        (row,) = self.snapshot.of_period("mart.settlement", self.contract_id, self.start)
        return str(row["statement_sha256"])

    def _annex_files(self, told: annex.Annex, kind: str) -> dict[Path, bytes | str]:
        return {
            self.path("json", kind): canonical_json(sealing.signed(told, self.key)) + "\n",
            self.path("xlsx", kind): annex.render(told, self.key.fingerprint),
        }

    def _write(self, made: Mapping[Path, bytes | str]) -> list[Path]:
        """Write the files, and beside all but JSON their signatures."""
        files.make_dir(self.path("json").parent)
        written = [files.write_atomic(path, data) for path, data in made.items()]
        for path in made:
            if path.suffix != ".json":
                beside = path.with_name(path.name + sealing.SUFFIX)
                seal = sealing.signature_file(path.read_bytes(), self.key)
                written.append(files.write_atomic(beside, seal))
        return written


_LINES = "settlement_line"


def _without_lines(found: _Content) -> Content:
    """What of a period's content its settlement shows: no line, and so no course.

    Figures of format 1 hold the lines themselves. Their settlement names number and hash instead,
    and what they give by part; their statement_sha256 is recomputed with the annex.
    """
    whole = found.statement
    told = {name: whole["provenance"][name] for name in _SHOWN}
    figures, shown = whole["figures"], whole["shown"]
    if "format" not in figures:
        sums = sum_lines(found.lines)
        figures = {**figures, "lines": {"count": sums.count, "sha256": sums.sha256}}
        shown = {**shown, "line_parts": sums.parts}
    return {
        "statement_sha256": whole["statement_sha256"], "figures": figures, "shown": shown,
        "provenance": told,
    }  # fmt: skip


def releases_of(
    ledger: Ledger, contract_id: str, period_start: dt.date, counted_dkk: Decimal
) -> list[dict[str, Any]]:
    """The releases for the periods up to one, and whether the figures count each.

    Args:
        ledger: the chain.
        contract_id: the contract.
        period_start: first day of the period.
        counted_dkk: what the figures count in kroner: the first releases that come to it.
    """
    found, so_far = [], Decimal(0)
    for event in states.releases(ledger, contract_id, period_start):
        so_far += event.amount_dkk or Decimal(0)
        found.append({**event.to_json(), "is_counted": so_far <= counted_dkk})
    return found


def document_of(
    content: Content, ledger: Ledger, events: list[Event], heads: Mapping[str, Any],
    beside: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """The settlement's document, not signed yet: content, state, own events and the chain's links.

    Other settlements' events are given by sequence, ``prev`` and hash only: enough to follow the
    chain, without their content. Releases bear on the payment and stand whole.
    """
    found = states.state_of(events, content["statement_sha256"])
    last = max([0, *(e.sequence for e in events), *(r["sequence"] for r in beside["releases"])])
    return {
        **content,
        **beside,
        "kind": STATEMENT,
        "format": FORMAT,
        "provenance": {**content["provenance"], "heads": heads},
        "state": {"state": found.name, "is_superseded": found.is_superseded},
        "events": [event.to_json() for event in events],
        "chain": [
            {"sequence": event.sequence, "prev": event.prev, "hash": event.hash}
            for event in ledger.events[:last]
        ],
    }


def _read_index(home: Home) -> dict[str, str]:
    """Keys of the documents that lie there; an unreadable index makes them all anew."""
    try:
        loaded = json.loads((folder(home) / _INDEX).read_text(encoding="utf-8"))
        return {str(name): str(key) for name, key in loaded.items()}
    except (OSError, ValueError, AttributeError):
        return {}
