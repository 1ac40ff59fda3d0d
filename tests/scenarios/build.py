"""Puts every scenario into one home: a contract of its own, people of its own, shared extracts.

The home's clock: the register is observed from 1 July 2022 to 15 August 2025 in four extracts,
person status is known in one extract of 31 July 2025, the business date is 1 October 2025. A
scenario that needs another edge of observation is laid beside one of these.
"""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
import itertools
from pathlib import Path
from typing import Any

import yaml

from dagster_project import settings as places
from dagster_project.lib import receiving
from tests.oracle import civil
from tests.oracle.home import Delivery, read_deliveries
from tests.support import night
from tests.worlds.generate import World
from tests.worlds.people import Numbers

FOLDER = Path(__file__).parent
AS_OF = "2025-10-01"
EXTRACTS = (
    ("2025-02-15", "2022-07-01", "2024-12-31"),
    ("2025-07-20", "2025-01-01", "2025-06-30"),
    ("2025-09-04", "2025-07-01", "2025-07-31"),
    ("2025-09-20", "2025-08-01", "2025-08-15"),
)
FILLERS = 400
WITHDRAWN = ("ydelsesforloeb_2025-09-21_2022-07-01_2025-06-30.csv", "resultatkrav_2025-09-21.csv")
WITHDRAWN_ON = "2025-09-30"

TERMS: dict[str, Any] = {
    "area": "Prøve",
    "document": "prøve",
    "parties": {"municipality": "Prøve Kommune", "provider": "Leverandør", "investor": "Fond"},
    "term": {"starts_on": "2022-11-01", "ends_on": "2024-10-31", "clause": "t"},
    "register": "ydelsesforloeb",
    "register_lag_days": 0,
    "requires_person_status": False,
    "settlement": {"months_per_period": 3, "anchor_month": 1},
    "payment": {
        "tiers": [
            {"above": 0, "provider_share": "1.00", "clause": "t"},
            {"above": 4412080, "provider_share": "0.50", "clause": "t"},
        ],
        "authorised_max": None,
        "readings": {
            "chosen": "loft_paa_betaling",
            "chosen_reason": "t",
            "alternatives": [
                {"reading_id": "loft_paa_betaling", "payment_ceiling": 5588175,
                 "basis_ceiling": None, "clause": "t"},
                {"reading_id": "loft_paa_grundlag", "payment_ceiling": None,
                 "basis_ceiling": 5588175, "clause": "t"},
                {"reading_id": "samlet_loft", "payment_ceiling": 5558000,
                 "basis_ceiling": None, "clause": "t"},
            ],
        },
    },
}  # fmt: skip
PART: dict[str, Any] = {
    "part_id": "del1",
    "kind": "person_months",
    "clause": "t",
    "price_groups": [
        {"benefit_group": "sygedagpenge", "max_participants": 120,
         "rates": [{"valid_from": "2022-11-01", "amount": 13048}]},
        {"benefit_group": "jobafklaring", "max_participants": 30,
         "rates": [{"valid_from": "2022-11-01", "amount": 10981}]},
    ],
    "min_case_days": 182,
    "case_groups": ["sygedagpenge", "jobafklaring"],
    "case_max_gap_days": 28,
    "effort_months": 24,
    "max_support_days": 0,
    "subsidised_job_blocks": True,
    "exit_reasons": ["død", "fraflyttet", "udvandret", "pension", "trukket"],
    "pay_on": "register",
    "historical_success_rate": None,
}  # fmt: skip
FTE: dict[str, Any] = {
    "part_id": "del2",
    "kind": "fte_reduction",
    "clause": "t",
    "groups": [
        {"benefit_group": "sygedagpenge", "rate": 9073},
        {"benefit_group": "jobafklaring", "rate": 10107},
    ],
    "baseline": {"first_month": "2021-11", "last_month": "2022-10"},
    "evaluation": {"first_month": "2023-11", "last_month": "2024-10"},
    "netting": "across_groups",
}
BASIS: dict[str, Any] = {  # one evaluation month in which the mean falls by exactly one person
    **FTE,
    "baseline": {"first_month": "2022-12", "last_month": "2022-12"},
    "evaluation": {"first_month": "2023-03", "last_month": "2023-03"},
}
RELAPSE: dict[str, Any] = {
    "part_id": "del3",
    "kind": "relapse_reduction",
    "clause": "t",
    "case_max_gap_days": 28,
    "baseline": {"entries": 122, "relapsed": 19},
    "target": {"reduction": "0.50", "by": "2025-12-31"},
    "cost_per_relapse": 123474,
    "yearly_investment": 550000,
}


def scenarios() -> list[dict[str, Any]]:
    """Every scenario of the folder, each with a contract_id of its own."""
    found = []
    for path in sorted(FOLDER.glob("*.yml")):
        loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=TextDates)
        for index, scenario in enumerate(loaded):
            found.append({**scenario, "contract_id": f"regel-{path.stem}-{index + 1:02d}"})
    return found


class TextDates(yaml.SafeLoader):
    """YAML whose dates and months stay texts."""


TextDates.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def contract_of(scenario: dict[str, Any]) -> dict[str, Any]:
    """The scenario's terms laid over the common ones."""
    contract = {
        "contract_id": scenario["contract_id"],
        "title": scenario["law"],
        **copy.deepcopy(TERMS),
    }
    for key, value in scenario.get("terms", {}).items():
        own = contract.get(key)
        contract[key] = {**own, **value} if isinstance(own, dict) else value
    contract["parts"] = parts_of(scenario)
    return contract


def parts_of(scenario: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts that the scenario names."""
    parts = []
    if "basis" in scenario:
        group = {"benefit_group": "kontanthjælp", "rate": scenario["basis"]}
        parts.append({**copy.deepcopy(BASIS), "groups": [group]})
    if "fte" in scenario:
        parts.append({**copy.deepcopy(FTE), **scenario["fte"]})
    if "relapse" in scenario:
        parts.append({**copy.deepcopy(RELAPSE), **scenario["relapse"]})
    if "part" in scenario or not parts:
        parts.append({**copy.deepcopy(PART), **scenario.get("part", {})})
    return parts


def home() -> World:
    """All scenarios in one home."""
    world = World()
    numbers = Numbers(900_000)
    landed = Landed()
    for scenario in scenarios():
        world.contracts[scenario["contract_id"]] = contract_of(scenario)
        for place, person in enumerate(scenario.get("people", []), start=1):
            for copy_no in range(person.get("copies", 1)):
                suffix = f"-K{copy_no:03d}" if "copies" in person else ""
                landed.add(numbers, scenario["contract_id"], f"P{place}{suffix}", person)
    for _ in range(FILLERS):
        landed.spells.append([numbers.take(), "131", "2022-01-01", "2026-12-31", ""])
    world.files.update(landed.files())
    return world


def publish(root: Path) -> str:
    """The scenarios' home after its night: what was withdrawn was accepted and withdrawn before."""
    world = home()
    world.write(root)
    settings = places.resolve(root, None, dt.date.fromisoformat(AS_OF))
    receiving.receive(settings.home, frozenset(world.contracts))
    for name in WITHDRAWN:
        sha256 = hashlib.sha256(world.files[name]).hexdigest()
        day = dt.date.fromisoformat(WITHDRAWN_ON)
        receiving.withdraw_delivery(settings, sha256, "Kai", "prøve", day)
    return night.publish(root, AS_OF)


def deliveries(root: Path) -> list[Delivery]:
    """The files as the oracle reads them, with what was withdrawn."""
    found = read_deliveries(root / "landing")
    for one in found:
        if one.name in WITHDRAWN:
            one.withdrawn_on = civil.day(WITHDRAWN_ON)
    return found


class Landed:
    """Rows of each file of the scenarios' home."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.spells: list[list[str]] = []
        self.courses: list[list[str]] = []
        self.claims: list[list[str]] = []
        self.status: list[list[str]] = []
        self.income: list[list[str]] = []
        self.withdrawn_spells: list[list[str]] = []
        self.withdrawn_claims: list[list[str]] = []

    def add(self, numbers: Numbers, contract_id: str, course: str, person: dict[str, Any]) -> None:
        """One person with everything that the files say about them."""
        chain = [numbers.take() for _ in range(1 + person.get("new_numbers", 0))]
        for old, new in itertools.pairwise(chain):
            self.status.append([old, "nyt_cpr", "2024-01-01", new])
        for index, spell in enumerate(person["spells"]):
            code, first, last, *share = spell.split()
            number = chain[index % len(chain)]
            self.spells.append([number, code, first, last, *(share or [""])])
        self.status += [[chain[0], *text.split(), ""] for text in person.get("status", [])]
        visits = person.get("visited", [])
        for index, visited in enumerate([visits] if isinstance(visits, str) else visits):
            name = course if index == 0 else f"{course}-{index + 1}"
            ended, reason = person.get("ended", " ").split(" ")
            self.courses.append([
                contract_id, name, chain[-1 - index % len(chain)], visited,
                person.get("group", "sygedagpenge"), ended, reason,
            ])  # fmt: skip
            self.claims += [
                [contract_id, name, month, claim]
                for month, claim in person.get("claims", {}).items()
            ]
            self.withdrawn_claims += [
                [contract_id, name, month, claim]
                for month, claim in person.get("withdrawn", {}).get("claims", {}).items()
            ]
        self.withdrawn_spells += [
            [chain[0], *text.split(), ""] for text in person.get("withdrawn", {}).get("spells", [])
        ]
        self.income += [
            [chain[0], "12345678", month, hours, "100,00", "ordinær"]
            for month, hours in person.get("hours", {}).items()
        ]

    def files(self) -> dict[str, bytes]:
        """All deliveries."""
        found = {}
        for extracted, first, last in EXTRACTS:
            rows = [row for row in self.spells if row[2] <= last and row[3] >= first]
            rows = [[*row[:3], "" if row[3] > last else row[3], row[4]] for row in rows]
            found[f"ydelsesforloeb_{extracted}_{first}_{last}.csv"] = text_of(
                ["cpr", "ydelseskode", "fra_dato", "til_dato", "andel"], rows
            )
        register, claims = WITHDRAWN
        found[register] = text_of(
            ["cpr", "ydelseskode", "fra_dato", "til_dato", "andel"], self.withdrawn_spells
        )
        found[claims] = text_of(
            ["kontrakt_id", "forloeb_id", "maaned", "krav"], self.withdrawn_claims
        )
        found["personstatus_2025-07-31.csv"] = text_of(
            ["cpr", "haendelse", "dato", "nyt_cpr"], self.status
        )
        found["deltagere_2025-09-01.csv"] = text_of(
            ["kontrakt_id", "forloeb_id", "cpr", "visitationsdato", "maalgruppe", "slutdato",
             "slutaarsag"],
            self.courses,
        )  # fmt: skip
        found["resultatkrav_2025-09-01.csv"] = text_of(
            ["kontrakt_id", "forloeb_id", "maaned", "krav"], self.claims
        )
        found["eindkomst_2025-09-15_2022-07-01_2025-08-31.csv"] = text_of(
            ["cpr", "cvr", "maaned", "loentimer", "loenbeloeb", "ansaettelsestype"], self.income
        )
        found["jobindsats_2025-02-10.csv"] = text_of(
            ["Område", "Ydelse", "Periode", "Antal personer", "Antal fuldtidspersoner"],
            statistics(),
        )
        return found


def statistics() -> list[list[str]]:
    """Published figures: 700 → 620 and 150 → 160; and one group that falls by one in March 2023."""
    rows = []
    for group, before, after in (("sygedagpenge", "700", "620"), ("jobafklaring", "150", "160")):
        for first, value in ((dt.date(2021, 11, 1), before), (dt.date(2023, 11, 1), after)):
            for step in range(12):
                month = first.month - 1 + step
                period = f"{first.year + month // 12}M{month % 12 + 1:02d}"
                rows.append(["Prøve Kommune", group, period, "800", f"{value},0"])
    rows.append(["Prøve", "kontanthjælp", "2022M12", "1.100", "1.001,5"])
    rows.append(["Prøve", "kontanthjælp", "2023M03", "1.100", "1.000,5"])
    return rows


def text_of(columns: list[str], rows: list[list[str]]) -> bytes:
    """One csv file."""
    return "".join(";".join(line) + "\n" for line in [columns, *rows]).encode()
