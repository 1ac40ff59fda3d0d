"""Random contract terms: every choice of the contract file, with thresholds that are reached."""

from __future__ import annotations

import copy
import random
from typing import Any

from tests.oracle import civil, settlement

GROUPS = ["sygedagpenge", "jobafklaring", "kontanthjælp"]
REASONS = ["død", "fraflyttet", "udvandret", "pension", "trukket"]
AREA = "Prøve"
VARIED: dict[str, dict[str, list[Any]]] = {
    "person_months": {
        "max_support_days": [0, 5, 15, 31], "min_case_days": [0, 90, 181, 200],
        "case_max_gap_days": [0, 28, 60], "effort_months": [3, 12, 24],
        "subsidised_job_blocks": [True, False], "pay_on": ["register", "claim_and_register"],
        "exit_reasons": [[], ["død", "afsluttet"], ["trukket"]],
    },
    "fte_reduction": {"netting": ["across_groups", "per_group"]},
    "relapse_reduction": {"cost_per_relapse": [1, 250000], "case_max_gap_days": [0, 28]},
}  # fmt: skip
"""Keys of each kind of part that move kroner, and no period."""


def kroner(rng: random.Random, low: int, high: int) -> int | str:
    """Whole kroner, or kroner and øre as quoted text."""
    whole = rng.randrange(low, high)
    return whole if rng.random() < 0.6 else f"{whole}.{rng.randrange(100):02d}"


def month_text(month: int) -> str:
    """A month as the contract file writes it."""
    return civil.month_text(month)[:7]


def terms(rng: random.Random, contract_id: str, registers: list[str]) -> dict[str, Any]:
    """One contract with a payment section."""
    start = civil.day("2022-09-01") + rng.randrange(0, 240)
    if rng.random() < 0.5:
        start = civil.first_day(civil.month_of(start))
    end_month = civil.month_of(start) + rng.choice([9, 14, 20, 23])
    end = civil.last_day(end_month) - rng.choice([0, 0, 0, 1, 15])
    length = rng.choice([1, 3, 3, 6, 12])
    parts = some_parts(rng, start)
    contract: dict[str, Any] = {
        "contract_id": contract_id,
        "title": f"Prøvekontrakt {contract_id}",
        "area": AREA,
        "parties": {
            "municipality": "Prøve Kommune", "provider": "Leverandør", "investor": "Fond",
        },
        "document": "prøve",
        "term": {"starts_on": civil.day_text(start), "ends_on": civil.day_text(end), "clause": "t"},
        "register": rng.choice(registers),
        "register_lag_days": rng.choice([0, 0, 10, 35]),
        "requires_person_status": rng.random() < 0.5,
        "settlement": {"months_per_period": length, "anchor_month": rng.randrange(1, 13)},
        "parts": parts,
        "payment": payment(rng),
    }  # fmt: skip
    if rng.random() < 0.4:
        last = settlement.periods(contract, end)[-1].end
        final = last + rng.choice([1, 1, 4, 35, 1200])
        contract["settlement"]["final_on"] = civil.day_text(final)
    # a die of its own: the rest of the world is what it was without variants
    contract["variants"] = variants(random.Random(f"variants of {contract_id}"), contract)
    return contract


def variants(rng: random.Random, contract: dict[str, Any]) -> list[dict[str, Any]]:
    """Some variants of a contract, or none: keys of its parts and of its payment set otherwise."""
    changes: list[dict[str, Any]] = []
    for part in contract["parts"]:
        changes += [
            {f"parts.{part['part_id']}.{key}": rng.choice(values)}
            for key, values in VARIED[part["kind"]].items()
        ]
        if part["kind"] == "person_months":
            group = part["price_groups"][0]["benefit_group"]
            changes.append({f"parts.{part['part_id']}.price_groups.{group}.max_participants": None})
    changes += [
        {"payment.readings.chosen": one["reading_id"]}
        for one in contract["payment"]["readings"]["alternatives"]
    ]
    changes.append({"register_lag_days": rng.choice([0, 35]), "requires_person_status": False})
    changes.append({"payment.tiers.0.provider_share": "0.75"})
    rng.shuffle(changes)
    chosen = changes[: rng.choice([0, 2, 4, 12])]
    return [
        {"variant_id": f"v{number}", "title": f"Variant {number}", "set": change}
        for number, change in enumerate(chosen)
    ]


def some_parts(rng: random.Random, start: int) -> list[dict[str, Any]]:
    """Person-months mostly, a fall in full-time persons often, relapse sometimes."""
    parts = []
    if rng.random() < 0.95:
        parts.append(person_month_part(rng))
    if rng.random() < 0.6 or not parts:
        parts.append(fte_part(rng))
        if rng.random() < 0.3:
            parts.append(mirrored(rng, parts[-1]))
    if rng.random() < 0.2:
        parts.append(relapse_part(rng, civil.month_of(start)))
    rng.shuffle(parts)
    return parts


def person_month_part(rng: random.Random) -> dict[str, Any]:
    """A part of kind person_months."""
    priced = rng.sample(GROUPS, rng.choice([1, 2, 2, 3]))
    others = [group for group in GROUPS if group not in priced]
    case_groups = priced + rng.sample(others, rng.randrange(0, len(others) + 1))
    rng.shuffle(case_groups)
    part: dict[str, Any] = {
        "part_id": "del1",
        "kind": "person_months",
        "clause": "t",
        "price_groups": [price_group(rng, group) for group in priced],
        "min_case_days": rng.choice([0, 14, 56, 182]),
        "case_groups": case_groups,
        "case_max_gap_days": rng.choice([0, 1, 7, 28]),
        "effort_months": rng.choice([1, 6, 12, 24]),
        "max_support_days": rng.choice([0, 0, 0, 1, 3, 31]),
        "subsidised_job_blocks": rng.random() < 0.6,
        "exit_reasons": rng.sample(REASONS, rng.randrange(1, 6)),
        "pay_on": rng.choice(["claim_and_register", "claim_and_register", "register"]),
        "historical_success_rate": None,
    }
    if rng.random() < 0.3:
        part["historical_success_rate"] = dict.fromkeys(priced, "0.35")
    return part


def price_group(rng: random.Random, group: str) -> dict[str, Any]:
    """Rates that may change within the term, and perhaps a quota."""
    rates = [{"valid_from": "2020-01-01", "amount": kroner(rng, 9000, 15000)}]
    rates += [
        {"valid_from": valid_from, "amount": kroner(rng, 9000, 15000)}
        for valid_from in ("2023-03-01", "2023-07-02", "2024-01-01")
        if rng.random() < 0.3
    ]
    found: dict[str, Any] = {"benefit_group": group, "rates": rates}
    quota = rng.choice([None, 1, 2, 3, 120])
    if quota is not None:
        found["max_participants"] = quota
    return found


def fte_part(rng: random.Random) -> dict[str, Any]:
    """A part of kind fte_reduction."""
    first = civil.month("2021-11") + rng.randrange(0, 4)
    after = civil.month("2023-03") + rng.randrange(0, 10)
    return {
        "part_id": "del2",
        "kind": "fte_reduction",
        "clause": "t",
        "groups": [
            {"benefit_group": group, "rate": kroner(rng, 8000, 12000)}
            for group in rng.sample(GROUPS, rng.choice([1, 2, 3]))
        ],
        "baseline": {
            "first_month": month_text(first),
            "last_month": month_text(first + rng.choice([0, 6, 11])),
        },
        "evaluation": {
            "first_month": month_text(after),
            "last_month": month_text(after + rng.choice([0, 6, 11])),
        },
        "netting": rng.choice(["across_groups", "per_group"]),
    }


def mirrored(rng: random.Random, other: dict[str, Any]) -> dict[str, Any]:
    """A second fte part over a group of the first: what one counts as a fall, this one does not.

    Its baseline are the other's evaluation months, and it is booked on the other's last month or
    later.
    """
    part = fte_part(rng)
    part["part_id"] = "del4"
    part["groups"][0]["benefit_group"] = other["groups"][0]["benefit_group"]
    if len({group["benefit_group"] for group in part["groups"]}) < len(part["groups"]):
        part["groups"] = part["groups"][:1]
    last = civil.month(other["evaluation"]["last_month"])
    if rng.random() < 0.5:
        part["baseline"] = dict(other["evaluation"])
        part["evaluation"] = dict.fromkeys(("first_month", "last_month"), month_text(last + 1))
    else:
        part["evaluation"] = dict.fromkeys(("first_month", "last_month"), month_text(last))
    return part


def relapse_part(rng: random.Random, start: int) -> dict[str, Any]:
    """A part of kind relapse_reduction."""
    group = rng.choice(GROUPS)
    first = start - rng.randrange(0, 6)
    part: dict[str, Any] = {
        "part_id": "del3",
        "kind": "relapse_reduction",
        "clause": "t",
        "target_groups": rng.choice([[group], ["kontanthjælp"], GROUPS[:2]]),
        "case_max_gap_days": rng.choice([7, 28]),
        "entries": {
            "first_month": month_text(first),
            "last_month": month_text(first + rng.choice([2, 5, 11])),
        },
        "baseline": {"entries": 122, "relapsed": rng.choice([19, 61, 110])},
        "target": {"reduction": "0.50", "by": "2025-12-31"},
        "cost_per_relapse": kroner(rng, 90000, 130000),
        "yearly_investment": 550000,
    }
    if part["target_groups"] == ["kontanthjælp"] and rng.random() < 0.5:
        part["match_group"] = "aktivitetsparat"
    return part


def payment(rng: random.Random) -> dict[str, Any]:
    """Tiers, readings and an authorised maximum that small contracts reach."""
    tiers: list[dict[str, Any]] = [
        {"above": 0, "provider_share": rng.choice(["1.00", "0.80"]), "clause": "t"}
    ]
    above = 0
    for share in rng.choice([[], ["0.50"], ["0.50", "0.333333"], ["0.50", "0.33", "0.10"]]):
        above += rng.randrange(5000, rng.choice([40000, 250000]))
        tiers.append({"above": above, "provider_share": share, "clause": "t"})
    readings = [
        {"reading_id": "valgt", "clause": "t", **ceilings(rng)},
        {"reading_id": "grundlag", "clause": "t", "payment_ceiling": None,
         "basis_ceiling": kroner(rng, 40000, 600000)},
        {"reading_id": "betaling", "clause": "t", "payment_ceiling": kroner(rng, 40000, 600000),
         "basis_ceiling": None},
    ]  # fmt: skip
    authorised = rng.randrange(10000, rng.choice([60000, 500000]))
    return {
        "tiers": tiers,
        "authorised_max": rng.choice([None, None, authorised]),
        "readings": {
            "chosen": "valgt", "chosen_reason": "t",
            "alternatives": readings[: rng.randrange(1, 4)],
        },
    }  # fmt: skip


def ceilings(rng: random.Random) -> dict[str, Any]:
    """None, one or both ceilings."""
    return {
        "payment_ceiling": rng.choice([None, kroner(rng, 30000, rng.choice([80000, 700000]))]),
        "basis_ceiling": rng.choice([None, None, kroner(rng, 60000, 900000)]),
    }


def tracked(rng: random.Random, contract_id: str, register: str) -> dict[str, Any]:
    """A contract that settles nothing: it follows, screens, compares, and counts relapses."""
    contract = terms(rng, contract_id, [register])
    start = civil.month_of(civil.day(contract["term"]["starts_on"]))
    part = person_month_part(rng)
    part["min_case_days"], part["effort_months"] = rng.choice([0, 14]), 12
    contract["parts"] = [part, relapse_part(rng, start)]
    del contract["payment"], contract["settlement"], contract["variants"]
    contract["potential"] = {
        "groups": [
            {"benefit_group": group, "gross": rng.randrange(80000, 180000),
             "refund_share": f"0.{rng.randrange(1000, 5000)}", "reduced_fte": rng.randrange(1, 6),
             "clause": "t"}
            for group in GROUPS
        ]
    }  # fmt: skip
    contract["focus_goal"] = {
        "benefit_groups": GROUPS, "case_days": rng.choice([90, 365]), "window_months": 12,
        "hours": rng.choice([37, 100]), "target_share": "0.70",
    }  # fmt: skip
    contract["follow_up"] = {"benefit_groups": GROUPS[:2]}
    contract["screening"] = {
        "case_days": 56,
        "goals": {"special_course": 300, "round_table_phone": 150, "granted_retention_all": 40},
    }
    contract["effect"] = {
        "part_id": part["part_id"], "weeks": rng.choice([8, 26]),
        "control": {"first_day": "2020-03-01", "last_day": "2021-12-31"},
    }  # fmt: skip
    return contract


def amended(rng: random.Random, terms: dict[str, Any]) -> dict[str, Any]:
    """A later version of a contract: another price, or less than was authorised before."""
    later = copy.deepcopy(terms)
    for part in later["parts"]:
        if part["kind"] == "person_months" and rng.random() < 0.3:
            part["max_support_days"] = rng.choice([0, 3, 31])
        elif part["kind"] == "person_months" and rng.random() < 0.4:
            rate = rng.choice(part["price_groups"])["rates"][0]
            rate["amount"] = kroner(rng, 9000, 15000)
        elif part["kind"] == "fte_reduction" and rng.random() < 0.4:
            rng.choice(part["groups"])["rate"] = kroner(rng, 8000, 12000)
    if later["payment"]["authorised_max"] is not None and rng.random() < 0.6:
        later["payment"]["authorised_max"] = rng.randrange(1000, 9000)
    return later
