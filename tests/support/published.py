"""A small published snapshot, made by hand, that the commands of a settlement act on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.lib.contracts import read_contract
from dagster_project.lib.keys.statement_key import make_statement_key
from dagster_project.lib.ledger import chain
from dagster_project.lib.ledger.state import released_dkk
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.publishing.code_version import code_version
from dagster_project.lib.publishing.tables import declared_tables
from dagster_project.lib.statement.content import payment_terms
from dagster_project.lib.statement.figures import figures, figures_sha256
from dagster_project.settings import Home, Settings

CONTRACT = "prøvekontrakt"
TERMS = """
contract_id: prøvekontrakt
title: Prøve
area: Prøveby
parties: {municipality: Prøveby Kommune}
document: ingen
term: {starts_on: 2023-01-01, ends_on: 2023-12-31, clause: "prøve"}
register: ydelsesforloeb
register_lag_days: 0
requires_person_status: false
ACTORS
settlement: {months_per_period: 3, anchor_month: 1}
parts:
  - part_id: del-1
    kind: person_months
    clause: "prøve"
    price_groups:
      - {benefit_group: sygedagpenge, rates: [{valid_from: 2023-01-01, amount: 100}]}
    min_case_days: 10
    case_groups: [sygedagpenge]
    case_max_gap_days: 28
    effort_months: 12
    max_support_days: 0
    subsidised_job_blocks: true
    exit_reasons: [død]
    pay_on: register
payment:
  tiers: [{above: 0, provider_share: "1.00", clause: "prøve"}]
  AUTHORISED
  readings:
    chosen: intet_loft
    chosen_reason: "prøve"
    alternatives:
      - {reading_id: intet_loft, payment_ceiling: null, basis_ceiling: null, clause: "prøve"}
"""
PERIODS = [dt.date(2023, month, 1) for month in (1, 4, 7, 10)]


@dataclass
class World:
    """A home whose snapshot is written by hand.

    ``amounts`` holds kroner by period, ``held`` what of the last closed ones is held, ``blockers``
    the kinds that stand in a period's way, ``extracted`` when the owners of a line's days were
    made, ``head`` what the snapshot knows of the ledger, ``course`` the one course, ``more`` rows
    of other tables by their names.
    """

    settings: Settings
    amounts: dict[dt.date, Decimal] = field(default_factory=dict)
    held: dict[dt.date, Decimal] = field(default_factory=dict)
    blockers: dict[dt.date, list[str]] = field(default_factory=dict)
    extracted: list[dt.date] = field(default_factory=list)
    head: str | None = None
    course: str = "f1"
    more: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def home(self) -> Home:
        """The home."""
        return self.settings.home

    def write_terms(self, *, actors: str = "", authorised: str = "authorised_max: 1000") -> None:
        """Write the contract file."""
        text = TERMS.replace("ACTORS", actors).replace("AUTHORISED", authorised)
        self.settings.contracts_dir.mkdir(exist_ok=True)
        (self.settings.contracts_dir / f"{CONTRACT}.yml").write_text(text, encoding="utf-8")

    def publish(self, as_of: dt.date, *, head: str | None = None) -> None:
        """Write a snapshot with a row for every period; those in ``amounts`` are closed."""
        contract = read_contract(self.settings.contracts_dir / f"{CONTRACT}.yml", None)
        folder = self.home.published / "snapshots" / f"{as_of}-{len(self.amounts)}"
        (folder / "restricted").mkdir(parents=True, exist_ok=True)
        self.head = head
        rows = self._rows(contract)
        for room, path in (("mart", "payout_mart"), ("restricted", "restricted/case_mart")):
            _write_room(folder / f"{path}.duckdb", room, rows)
        manifest = {
            "format": manifests.FORMAT, "snapshot_id": folder.name,
            "as_of_date": as_of.isoformat(), "ledger_head": head,
            "code_version": code_version(), "deliveries": [],
        }  # fmt: skip
        (folder / "manifest.json").write_text(
            manifests.to_text(manifests.sealed(manifest)), encoding="utf-8"
        )
        link = self.home.published / "current"
        link.unlink(missing_ok=True)
        link.symlink_to(folder)

    def publish_again(self, as_of: dt.date) -> None:
        """Publish as a night would: knowing the whole ledger."""
        self.publish(as_of, head=chain.read(self.home).head)

    def _rows(self, contract: Any) -> dict[str, list[dict[str, Any]]]:
        terms, tiers = payment_terms(contract)
        known = chain.read(self.home).until(self.head)
        found: dict[str, list[dict[str, Any]]] = {
            "contract": [{"contract_id": CONTRACT, "terms_sha256": contract.terms_sha256}],
            "settlement": [], "settlement_reading": [], "settlement_line": [],
            "settlement_blocker": [],
            "case_line_evidence": [],
            "delivery": [
                {"delivery_id": f"d{day}", "sha256": "0" * 64, "file_name": f"{day}.csv",
                 "source": contract.register, "extracted_on": day}
                for day in [*self.extracted, *PERIODS]
            ],
        }  # fmt: skip
        total = Decimal("0.00")
        for start in PERIODS:
            end = (start + dt.timedelta(days=100)).replace(day=1) - dt.timedelta(days=1)
            row: dict[str, Any] = {
                "contract_id": CONTRACT, "period_start": start, "period_end": end,
                "period_label": f"{start.year}-K{(start.month - 1) // 3 + 1}",
                "is_closed": start in self.amounts,
                "state": "draft", "is_superseded": False,
            }  # fmt: skip
            if start in self.amounts:
                amount = self.amounts[start]
                total += amount
                held = self.held.get(start, Decimal("0.00"))
                row |= {
                    "basis_dkk": amount, "basis_cumulative_dkk": total,
                    "entitlement_cumulative_dkk": total, "payment_cumulative_dkk": total - held,
                    "payment_dkk": amount - held, "held_cumulative_dkk": held,
                    "carried_forward_dkk": Decimal(0), "repayable_dkk": Decimal(0),
                    "municipality_share_cumulative_dkk": held, "overlap_dkk": Decimal(0),
                }  # fmt: skip
                reading = {
                    "contract_id": CONTRACT, "period_start": start, "reading_id": "intet_loft",
                    "is_chosen": True, "entitlement_cumulative_dkk": total,
                    "difference_to_chosen_dkk": Decimal(0),
                }  # fmt: skip
                line = {
                    "contract_id": CONTRACT, "period_start": start, "line_no": 1,
                    "line_kind": "new", "part_id": "del-1", "course_id": self.course,
                    "month": start, "price_group": "sygedagpenge", "old_amount_dkk": Decimal(0),
                    "new_amount_dkk": amount, "difference_dkk": amount,
                }  # fmt: skip
                released = released_dkk(known, CONTRACT, start)
                shown = figures(row, terms, released, [reading], tiers, [line])
                row["statement_sha256"] = figures_sha256(shown)
                found["settlement_reading"].append(reading)
                found["settlement_line"].append(line)
                found["case_line_evidence"] += [
                    {"contract_id": CONTRACT, "course_id": self.course, "month": month,
                     "role": role, "delivery_sha256": "0" * 64, "file_name": f"{day}.csv"}
                    for month, role, day in [
                        *((start, "coverage", day) for day in self.extracted),
                        (start, "spell", start), (start - dt.timedelta(days=31), "coverage", start),
                    ]
                ]  # fmt: skip
            found["settlement"].append(row)
            found["settlement_blocker"] += [
                {"contract_id": CONTRACT, "period_start": start, "kind": kind, "item_count": 1}
                for kind in self.blockers.get(start, [])
            ]
        for table, rows in self.more.items():
            found.setdefault(table, []).extend(rows)
        return found


def _write_room(path: Path, room: str, rows: dict[str, list[dict[str, Any]]]) -> None:
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("begin")
        connection.execute(f"create schema {room}")
        for (own, name), table in declared_tables().items():
            if own != room:
                continue
            columns = ", ".join(f"{column} {kind}" for column, kind in table.columns)
            connection.execute(f"create table {room}.{name} ({columns})")
            for row in rows.get(name, []):
                names, marks = ", ".join(row), ", ".join("?" for _ in row)
                connection.execute(
                    f"insert into {room}.{name} ({names}) values ({marks})", [*row.values()]
                )
        connection.execute("commit")


def make_world(root: Path) -> World:
    """A home with a contract, a key, and one closed period of 300 kroner, published 1 May 2023."""
    home = Home(root / "hjem").ensure()
    home.key_file.write_text("0" * 64)
    home.key_file.chmod(0o600)
    make_statement_key(home)
    settings = Settings(home, root / "contracts", dt.date(2023, 5, 1), None)
    world = World(settings)
    world.write_terms()
    world.amounts[PERIODS[0]] = Decimal("300.00")
    world.publish(dt.date(2023, 5, 1))
    return world
