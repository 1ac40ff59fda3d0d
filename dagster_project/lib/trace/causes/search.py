"""The search: each kind is put back in a side warehouse until the old amount comes back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import duckdb

from dagster_project.lib.base import files
from dagster_project.lib.ledger import frozen
from dagster_project.lib.ledger.chain import Event
from dagster_project.lib.trace import side_home
from dagster_project.lib.trace.causes.changes import Change, Key, Past, list_changes, state_of
from dagster_project.lib.trace.causes.deliveries import delivery_of
from dagster_project.lib.trace.causes.put_back import KINDS
from dagster_project.lib.trace.causes.today import Today
from dagster_project.lib.trace.causes.trial import AMOUNTS, Trial
from dagster_project.lib.trace.runner import Compiled, FindCompiled
from dagster_project.lib.trace.side_home import opened
from dagster_project.lib.warehouse.rows import replace_rows
from dagster_project.settings import Home, Settings

_CACHE = "line_causes.json"


def find_causes(settings: Settings, find: FindCompiled) -> int:
    """Fill ``raw.line_cause`` for every approved amount that tonight's settlement changes.

    Call it when the settlement models have run and the warehouse is closed. Nothing is computed
    where nothing has changed since the causes were last found.

    Args:
        settings: the home.
        find: finds the models that the night compiled.

    Returns:
        The number of changed amounts.
    """
    home = settings.home
    with opened(home) as connection:
        changes = list_changes(connection, home)
        state = state_of(connection, changes)
    rows = _remembered(home, state)
    if rows is None:
        rows = _seek(settings, changes, find)
        text = json.dumps({"state": state, "rows": rows}, default=str)
        files.write_atomic(home.work / _CACHE, text)
    with opened(home) as connection:
        replace_rows(connection, "raw.line_cause", rows)
    return len(changes)


def _remembered(home: Home, state: str) -> list[dict[str, Any]] | None:
    try:
        kept = json.loads((home.work / _CACHE).read_text(encoding="utf-8"))
        return list(kept["rows"]) if kept["state"] == state else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _seek(
    settings: Settings, changes: Sequence[Change], find: FindCompiled
) -> list[dict[str, Any]]:
    by_snapshot: dict[str, list[Change]] = {}
    for change in changes:
        by_snapshot.setdefault(change.approval.snapshot_id, []).append(change)
    rows: list[dict[str, Any]] = []
    models = find(settings.home, AMOUNTS) if changes else None
    for group in by_snapshot.values():
        if models is not None:
            rows += _Search(settings, models, group).run()
    return rows


def _past(home: Home, approval: Event) -> Past:
    told = frozen.read(home, approval)["provenance"]
    return Past(approval.contract_id, told, approval.sequence)


class _Search:
    """Seeks the causes of the changes of what was approved on one snapshot, all contracts at once.

    Approvals on one snapshot rest on the same deliveries and codes.
    """

    def __init__(self, settings: Settings, models: Compiled, changes: Sequence[Change]) -> None:
        self.settings = settings
        self.models = models
        self.home = settings.home
        self.changes = {change.key: change for change in changes}
        self.exact: dict[Key, str] = {}
        self.partial: dict[Key, str] = {}
        approvals = {change.contract_id: change.approval for change in changes}
        with opened(self.home) as connection:
            self.contracts = {
                name: Today(connection, _past(self.home, approval))
                for name, approval in sorted(approvals.items())
            }

    def run(self) -> list[dict[str, Any]]:
        """One row of ``raw.line_cause`` for each change."""
        for kind, put_back in KINDS:
            left = [key for key in self.changes if key not in self.exact]
            if any(
                today.differs(kind, own)
                for name, today in self.contracts.items()
                if (own := [key for key in left if key[0] == name])
            ):
                self._try(kind, put_back)
        with opened(self.home) as connection:
            return [self._row(connection, change) for change in self.changes.values()]

    def _try(self, kind: str, put_back: Callable[[Trial], None]) -> None:
        with side_home.side_home(self.home) as side:
            shutil.copyfile(self.home.warehouse, side.warehouse)
            put_back(Trial(self.settings, side, self.models, [*self.contracts.values()]))
            with opened(side) as connection:
                amounts = _amounts(connection, [*self.contracts])
        for key, change in self.changes.items():
            found = amounts.get(key, Decimal(0))
            if found == change.old_amount_dkk:
                self.exact.setdefault(key, kind)
            elif found != change.new_amount_dkk:
                self.partial.setdefault(key, kind)

    def _row(self, connection: duckdb.DuckDBPyConnection, change: Change) -> dict[str, Any]:
        today = self.contracts[change.contract_id]
        kind = self.exact.get(change.key) or self.partial.get(change.key)
        kind = kind or today.last_resort(change)
        cause = kind
        if kind == "claim":
            is_added = change.new_amount_dkk > change.old_amount_dkk
            cause = "claim_added" if is_added else "claim_withdrawn"
        return {
            "contract_id": change.contract_id, "part_id": change.part_id,
            "course_id": change.course_id, "month": change.month.isoformat(),
            "price_group": change.price_group, "cause": cause,
            "cause_delivery_sha256": delivery_of(connection, today, kind, change),
        }  # fmt: skip


def _amounts(
    connection: duckdb.DuckDBPyConnection, contract_ids: Sequence[str]
) -> dict[Key, Decimal]:
    rows = connection.execute(
        f"""
        select
            contract_id, part_id, course_id, month,
            case when course_id is null then price_group else '' end, amount_dkk
        from intermediate.{AMOUNTS}
        where list_contains(?, contract_id)
        """,  # noqa: S608 - a name from code
        [list(contract_ids)],
    ).fetchall()
    return {tuple(row[:5]): row[5] for row in rows}
