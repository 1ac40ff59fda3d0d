"""A small municipality whose files a test writes night by night, and the people who act on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from dagster_project import settings as places
from dagster_project.lib import ledger, life
from dagster_project.settings import Settings
from tests.support.night import run_night

CONTRACT = "livet"
TERMS = """
contract_id: livet
title: En kontrakts liv
area: Prøveby
parties: {municipality: Prøveby Kommune, provider: Leverandøren, investor: Investoren}
document: prøve
term: {starts_on: 2023-01-01, ends_on: 2023-12-31, clause: "prøve"}
register: ydelsesforloeb
register_lag_days: 0
requires_person_status: true
settlement: {months_per_period: 3, anchor_month: 1, final_on: 2024-06-30}
parts:
  - part_id: indsats
    kind: person_months
    clause: "prøve"
    price_groups:
      - {benefit_group: sygedagpenge, max_participants: 2,
         rates: [{valid_from: 2023-01-01, amount: RATE}]}
    min_case_days: 10
    case_groups: [sygedagpenge]
    case_max_gap_days: 28
    effort_months: 12
    max_support_days: 0
    subsidised_job_blocks: true
    exit_reasons: [død, fraflyttet, udvandret, pension, trukket]
    pay_on: claim_and_register
  - part_id: statistik
    kind: fte_reduction
    clause: "prøve"
    groups: [{benefit_group: sygedagpenge, rate: 100}]
    baseline: {first_month: 2022-01, last_month: 2022-01}
    evaluation: {first_month: 2023-02, last_month: 2023-02}
    netting: across_groups
payment:
  tiers:
    - {above: 0, provider_share: "1.00", clause: "prøve"}
    - {above: 5000, provider_share: "0.50", clause: "prøve"}
  authorised_max: 7000
  readings:
    chosen: loft
    chosen_reason: "prøve"
    alternatives:
      - {reading_id: loft, payment_ceiling: 20000, basis_ceiling: null, clause: "prøve"}
      - {reading_id: frit, payment_ceiling: null, basis_ceiling: null, clause: "prøve"}
"""
CPR = {"A": "6101900001", "B": "6201900002", "C": "6301900003", "D": "6401900004"}
HEADINGS = {
    "ydelsesforloeb": "cpr;ydelseskode;fra_dato;til_dato;andel",
    "deltagere": "kontrakt_id;forloeb_id;cpr;visitationsdato;maalgruppe;slutdato;slutaarsag",
    "resultatkrav": "kontrakt_id;forloeb_id;maaned;krav",
    "jobindsats": "Område;Ydelse;Periode;Antal personer;Antal fuldtidspersoner",
    "personstatus": "cpr;haendelse;dato;nyt_cpr",
}
NEIGHBOUR = "6501900005"


@dataclass
class Town:
    """What is true in the town; a delivery shows it as of its day.

    ``contract_id``: of its one contract. ``cpr``: person number by course. ``neighbour``: somebody
    outside the contract, so that no register and no person status is ever empty. ``spells``:
    sickness benefit by course, inclusive days. ``visited``, ``claims`` and ``statistics``
    (full-time persons by month) are what the next files hold. ``events``: person status by course.
    ``retention_years``: of the contract, which without it is computed for ever.
    """

    root: Path
    rate: int = 1000
    contract_id: str = CONTRACT
    cpr: dict[str, str] = field(default_factory=lambda: dict(CPR))
    neighbour: str = NEIGHBOUR
    spells: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    visited: dict[str, str] = field(default_factory=dict)
    claims: dict[tuple[str, str], bool] = field(default_factory=dict)
    statistics: dict[str, str] = field(default_factory=dict)
    events: list[tuple[str, str, str]] = field(default_factory=list)
    retention_years: int | None = None

    @property
    def settings(self) -> Settings:
        """Settings without a business date of their own."""
        return places.resolve(self.root, None, dt.date(2023, 1, 1))

    def write_terms(self) -> None:
        """Write the contract file with today's rate."""
        folder = self.root / "contracts"
        folder.mkdir(parents=True, exist_ok=True)
        text = TERMS.replace("RATE", str(self.rate)).replace(
            f" {CONTRACT}\n", f" {self.contract_id}\n"
        )
        if self.retention_years is not None:
            text += f'retention: {{years: {self.retention_years}, clause: "prøve"}}\n'
        (folder / f"{self.contract_id}.yml").write_text(text, encoding="utf-8")

    def deliver(self, day: str, *sources: str) -> None:
        """Land a file of each source (all of them by default), extracted on a day."""
        for source in sources or tuple(HEADINGS):
            rows: Iterable[str] = self.told(source, day)
            window = f"_2022-01-01_{_before(day)}" if source == "ydelsesforloeb" else ""
            landing = self.root / "landing"
            landing.mkdir(parents=True, exist_ok=True)
            text = "\n".join([HEADINGS[source], *rows]) + "\n"
            (landing / f"{source}_{day}{window}.csv").write_text(text, encoding="utf-8")

    def told(self, source: str, day: str) -> list[str]:
        """The rows of a source's file, extracted on a day."""
        rows: list[str] = getattr(self, f"_{source}")(day)
        return rows

    def _ydelsesforloeb(self, day: str) -> list[str]:
        last = _before(day)
        told = [
            f"{self.cpr[course]};890;{first};{min(end, last)};"
            for course, spells in self.spells.items()
            for first, end in spells
            if first <= last
        ]
        return [*told, f"{self.neighbour};890;2022-01-01;{last};"]

    def _deltagere(self, _day: str) -> list[str]:
        return [
            f"{self.contract_id};{course};{self.cpr[course]};{visited};sygedagpenge;;"
            for course, visited in self.visited.items()
        ]

    def _resultatkrav(self, _day: str) -> list[str]:
        return [
            f"{self.contract_id};{course};{month};{'ja' if claimed else 'nej'}"
            for (course, month), claimed in self.claims.items()
        ]

    def _jobindsats(self, _day: str) -> list[str]:
        return [
            f"Prøveby;Sygedagpenge;{month[:4]}M{month[5:]};20;{fte}"
            for month, fte in self.statistics.items()
        ]

    def _personstatus(self, _day: str) -> list[str]:
        told = [f"{self.cpr[course]};{event};{day};" for course, event, day in self.events]
        return [*told, f"{self.neighbour};tilflyttet;2020-01-01;"]

    def night(self, as_of: str) -> Any:
        """Run a night that must publish everything."""
        self.write_terms()
        report = run_night(self.root, as_of)
        if report.exit_code:
            raise AssertionError(f"{report.error} {report.failed_checks} {report.refused}")
        return report

    def approve(self, period: str) -> ledger.Event:
        """Submit, verify and approve a period by three people."""
        self.submit(period)
        life.verify(self.settings, self.contract_id, period, "Kai")
        return life.approve(self.settings, self.contract_id, period, "Lea")

    def submit(self, period: str) -> ledger.Event:
        """Submit a period, whatever is missing."""
        return life.submit(self.settings, self.contract_id, period, "Lis", "prøve")

    def rows(self, table: str, order: str = "all") -> list[dict[str, Any]]:
        """Rows of a published table, of the contract where it names contracts."""
        room, name = table.split(".")
        folder = {"mart": "payout_mart", "restricted": "restricted"}[room]
        path = self.root / "published" / "current" / folder / f"{name}.parquet"
        with duckdb.connect() as connection:
            result = connection.execute(
                f"select * from read_parquet(?) order by {order}", [str(path)]
            )
            names = [column[0] for column in result.description]
            found = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        own = (None, self.contract_id)
        return [row for row in found if row.get("contract_id") in own]

    def asked(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the warehouse."""
        with duckdb.connect(str(self.settings.home.warehouse), read_only=True) as connection:
            return connection.execute(query).fetchall()


def _before(day: str) -> str:
    return (dt.date.fromisoformat(day) - dt.timedelta(days=1)).isoformat()


def begin(root: Path, **fields: Any) -> Town:
    """Three referred citizens for two places: ill from November 2022 to January 2023, then well.

    Args:
        root: the home.
        fields: of the town, which are its only contract's otherwise.
    """
    town = Town(root, **fields)
    for course in ("A", "B", "C"):
        town.spells[course] = [("2022-11-01", "2023-01-31")]
    town.visited = {"A": "2023-01-02", "B": "2023-01-03", "C": "2023-01-04"}
    town.statistics = {"2022-01": "10,0", "2023-02": "5,0"}
    return town
