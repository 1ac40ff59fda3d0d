"""Replay: an approved period computed again from exactly what it was approved on.

What belongs here: laying out the stored deliveries, terms and codes, today's models on them, and
the comparison of figures. What does not: any rule.

Rules: S.replay.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import duckdb

from dagster_project.lib import removals
from dagster_project.lib.base import danish
from dagster_project.lib.base.errors import NotAllowedError
from dagster_project.lib.ledger import chain, frozen
from dagster_project.lib.ledger.chain import Event, Ledger
from dagster_project.lib.ledger.raw_rows import load_events
from dagster_project.lib.ledger.state import approvals_of
from dagster_project.lib.publishing import named
from dagster_project.lib.publishing import snapshot as snapshots
from dagster_project.lib.trace import side_home
from dagster_project.lib.trace.runner import RunModels
from dagster_project.settings import Home, Settings

_LINE_KEY = ("line_kind", "part", "course", "month", "price_group")


@dataclass
class Verdict:
    """How a replay compares with what was approved.

    ``lines`` holds one entry for each line that differs: its key, and the amounts approved and
    replayed (null where the line is missing). ``figures`` names the other figures that differ.
    """

    contract: str
    period: str
    approved_sha256: str
    lines: list[dict[str, Any]] = field(default_factory=list)
    figures: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_identical(self) -> bool:
        """Whether today's code gives the approved figures."""
        return not self.lines and not self.figures

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain data."""
        return {
            "contract": self.contract, "period": self.period, "is_identical": self.is_identical,
            "approved_sha256": self.approved_sha256, "lines": self.lines, "figures": self.figures,
        }  # fmt: skip

    def text(self) -> str:
        """The verdict for a person, in Danish."""
        head = f"{self.contract} {self.period}"
        if self.is_identical:
            return f"{head}: genberegnet, ens til øren (sha256 {self.approved_sha256})"
        rows = [f"{head}: genberegnet, IKKE ens"]
        for line in self.lines:
            name = " · ".join(str(line[key]) for key in _LINE_KEY if line[key] is not None)
            rows.append(f"  {name}: godkendt {_said(line['approved'])}, "
                        f"genberegnet {_said(line['replayed'])}")  # fmt: skip
        rows += [
            f"  {figure['figure']}: godkendt {figure['approved']}, genberegnet {figure['replayed']}"
            for figure in self.figures
        ]
        return "\n".join(rows)


def _said(amounts: Mapping[str, str] | None) -> str:
    if amounts is None:
        return "ingen linje"
    said = {key: danish.kroner(Decimal(amount)) for key, amount in amounts.items()}
    return f"{said['difference']} ({said['old']} → {said['new']})"


def replay(settings: Settings, contract: str, period: str, run: RunModels) -> Verdict:
    """Recompute an approved period in a fresh work folder with today's code, and compare.

    Args:
        settings: the home.
        contract: contract_id.
        period: first month of the period, ``YYYY-MM``, or its label.
        run: runs models.

    Raises:
        NotAllowedError: the period is not approved, or what it was approved on has been purged, or
            rows of it forgotten (exit 3).
        EffektError: ledger or vault are not whole (exit 1).
    """
    home = settings.home
    ledger = chain.check_chain(home, None)
    approval = _approval(home, ledger, contract, period)
    _refuse_purged(home, approval)
    approved = frozen.read(home, approval)
    _require_all_rows(home, approved)
    with side_home.side_home(home) as side:
        replayed = compute(home, side, ledger, approval, approved, run)
    return compare(_approved(approved), replayed, approved["statement_sha256"])


def _refuse_purged(home: Home, approval: Event) -> None:
    """Refuse a period of a contract whose data were removed when its retention had ended."""
    purges = [one for one in removals.read(home) if approval.contract_id in one.contracts]
    if purges:
        raise NotAllowedError(
            "PERIOD_PURGED",
            f"det, som perioden blev godkendt på, blev slettet {danish.date(purges[0].as_of_date)},"
            " da kontraktens opbevaring var slut",
            remedy="de godkendte tal ligger fast og kan efterprøves: effekt statement --verify",
        )


def _require_all_rows(home: Home, approved: frozen.Document) -> None:
    """Refuse a period that was computed from rows that are forgotten since."""
    gone = removals.removed(home)
    for delivery in approved["provenance"]["deliveries"]:
        if gone.copy_of(removals.VAULT, delivery["sha256"]) is not None:
            raise NotAllowedError(
                "PERIOD_FORGOTTEN",
                "perioden blev beregnet af rækker om en person, der siden er glemt; leveringen"
                f" {delivery['delivery_id']} kan ikke længere læses, som den var",
                remedy="de godkendte tal ligger fast og kan efterprøves: effekt statement --verify",
            )


def _approval(home: Home, ledger: Ledger, contract: str, period: str) -> Event:
    """The approval that is meant; a first month is found in the ledger, without a snapshot."""
    approvals = approvals_of(ledger)
    for (contract_id, start), approval in approvals.items():
        if contract_id == contract and period == f"{start:%Y-%m}":
            return approval
    with snapshots.open_current(home) as snapshot:
        start = named.find_period(snapshot, contract, period)
    found = approvals.get((contract, start))
    if found is None:
        raise NotAllowedError(
            "NOT_APPROVED",
            "perioden er ikke godkendt, så der er intet at genberegne",
            remedy=f"godkendte perioder i {contract}: "
            + (", ".join(f"{day:%Y-%m}" for name, day in sorted(approvals) if name == contract)
               or "ingen"),
        )  # fmt: skip
    return found


def _approved(document: frozen.Document) -> dict[str, Any]:
    """The frozen figures with their lines, which figures of format 2 only count and hash."""
    from dagster_project.lib.statement.figures import frozen_lines

    return {**document["figures"], "lines": frozen_lines(document)}


def compute(
    home: Home, side: Home, ledger: Ledger, approval: Event, approved: frozen.Document,
    run: RunModels,
) -> dict[str, Any]:  # fmt: skip
    """Figures and lines of an approved period from its stored inputs, in the form they had then."""
    from dagster_project.lib.statement.figures import as_format_1, read_figures

    told = approved["provenance"]
    side_home.lay_out_vault(home, side, {row["delivery_id"] for row in told["deliveries"]})
    with side_home.opened(side) as connection:
        load(connection, side, told)
        load_ledger_before(connection, home, ledger, approval)
    run(side, ["+path:models/intermediate/settlement"])
    with side_home.opened(side) as connection:
        found, lines = read_figures(connection, approval.contract_id, approval.period_start)
    if "format" not in approved["figures"]:
        found = as_format_1(found, lines)
    # the terms are the stored ones; a later model may write their defaults out differently
    return {**found, "lines": lines, "terms_sha256": told["terms_sha256"]}


def load(connection: duckdb.DuckDBPyConnection, side: Home, told: Mapping[str, Any]) -> None:
    """Fill the raw room with the stored deliveries, terms and codes of an approval."""
    from dagster_project.lib import contracts, receiving, reference

    as_of = dt.date.fromisoformat(told["as_of_date"])
    terms = contracts.contract_from_json(json.dumps(told["terms"]))
    codes = reference.load_reference().with_codes(told["benefit_codes"])
    receiving.load_raw(connection, side, [terms], codes, as_of, terms.area)
    receiving.keep_known(connection, side, {row["delivery_id"] for row in told["deliveries"]})


def load_ledger_before(
    connection: duckdb.DuckDBPyConnection, home: Home, ledger: Ledger, approval: Event
) -> None:
    """The ledger as it was when the period was approved: what this contract had decided before."""
    earlier = Ledger(
        tuple(
            event
            for event in ledger.events[: approval.sequence - 1]
            if event.contract_id == approval.contract_id
        )
    )
    frozen.load(connection, [frozen.read(home, event) for event in approvals_of(earlier).values()])
    load_events(connection, earlier)


def compare(
    approved: Mapping[str, Any], replayed: Mapping[str, Any], approved_sha256: str
) -> Verdict:
    """Differences of two sets of figures, line by line and figure by figure."""
    verdict = Verdict(approved["contract"], approved["period"], approved_sha256)
    before, after = _by_key(approved["lines"]), _by_key(replayed["lines"])
    for key in sorted(before.keys() | after.keys(), key=str):
        was, now = before.get(key), after.get(key)
        if was != now:
            verdict.lines.append(
                {**dict(zip(_LINE_KEY, key, strict=True)), "approved": was, "replayed": now}
            )
    for name in sorted((approved.keys() | replayed.keys()) - {"lines"}):
        if approved.get(name) != replayed.get(name):
            verdict.figures.append(
                {"figure": name, "approved": approved.get(name), "replayed": replayed.get(name)}
            )
    return verdict


def _by_key(lines: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, str]]:
    return {
        tuple(line[name] for name in _LINE_KEY): {
            name: line[name] for name in ("old", "new", "difference")
        }
        for line in lines
    }
