"""Small contracts whose true-ups each show one sentence of S.basis and M.tables.

What belongs here: their files, what becomes known between three nights, how many periods are
approved after each of the first two, and which terms are amended. What does not: what must come
out. They use the weekly payments, so that they live in a home beside generated contracts that use
the other registers.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.oracle import civil
from tests.worlds import contracts as contract_terms
from tests.worlds.generate import World, benefit_names
from tests.worlds.people import Numbers

FIRST_WEEK, LAST_WEEK = "2022-10-03", "2023-01-23"
VISITED = "2023-01-10"
EXTRACTS = (
    ("2024-02-20", "2024-02-18"), ("2024-08-20", "2024-08-18"), ("2025-03-04", "2025-03-02"),
)  # fmt: skip
LISTED = ("2023-12-10", "2024-06-01", "2024-12-01")
CLAIMED = ("2024-01-15", "2024-06-02", "2024-12-02")
STATISTICS = ("2023-05-01", "2024-06-03", "2024-12-03")
MONTHS = [f"2023-{month:02d}" for month in range(2, 13)]
PAYMENT_COLUMNS = (
    "Uge;CPR nummer;Ydelse;Finansiering Kommunenavn;Beregnet udbetalingsbeløb;"
    "Refusionssats;Refusionsbeløb;Medfinansieringssats;Medfinansieringsbeløb"
)
Amendment = Callable[[dict[str, Any]], None]


@dataclass
class CourseStory:
    """What each of the three extracts, lists and claims files holds of one course.

    ``support`` holds Mondays of weeks on benefit after the referral, ``group`` the benefit in the
    week of the referral ('' is none).
    """

    group: tuple[str, str, str] = ("sygedagpenge",) * 3
    support: tuple[tuple[str, ...], ...] = ((), (), ())
    visited: tuple[str, str, str] = (VISITED,) * 3
    ended: tuple[tuple[str, str], ...] = (("", ""),) * 3
    unclaimed: tuple[tuple[str, ...], ...] = ((), (), ())


@dataclass
class Scene:
    """A contract, its courses, the approvals after two nights, and amendments before the next."""

    terms: dict[str, Any]
    courses: dict[str, CourseStory]
    approvals: tuple[int, int] = (0, 0)
    amendments: tuple[Amendment | None, Amendment | None] = (None, None)
    figures: tuple[dict[tuple[str, str], str], ...] = field(default_factory=tuple)


def from_second(value: Any, empty: Any) -> tuple[Any, Any, Any]:
    """Known from the second night on."""
    return (empty, value, value)


def scene_terms(contract_id: str, **changes: Any) -> dict[str, Any]:
    """2023 in quarters and a closing settlement; 1,000 kroner a month, all of it paid."""
    terms: dict[str, Any] = {
        "contract_id": contract_id, "title": contract_id, "area": contract_terms.AREA,
        "parties": {"municipality": "Prøve Kommune"}, "document": "prøve",
        "term": {"starts_on": "2023-01-01", "ends_on": "2023-12-31", "clause": "t"},
        "register": "ydelsesrefusion", "register_lag_days": 0, "requires_person_status": False,
        "settlement": {"months_per_period": 3, "anchor_month": 1, "final_on": "2024-12-31"},
        "parts": [{
            "part_id": "del1", "kind": "person_months", "clause": "t",
            "price_groups": [
                {"benefit_group": "sygedagpenge",
                 "rates": [{"valid_from": "2020-01-01", "amount": 1000}]},
                {"benefit_group": "jobafklaring", "max_participants": 1,
                 "rates": [{"valid_from": "2020-01-01", "amount": 700}]},
            ],
            "min_case_days": 10, "case_groups": ["sygedagpenge", "jobafklaring"],
            "case_max_gap_days": 28, "effort_months": 12, "max_support_days": 0,
            "subsidised_job_blocks": True, "exit_reasons": ["trukket"],
            "pay_on": "claim_and_register",
        }],
        "payment": {
            "tiers": [{"above": 0, "provider_share": "1.00", "clause": "t"}],
            "authorised_max": None,
            "readings": {"chosen": "frit", "chosen_reason": "t", "alternatives": [
                {"reading_id": "frit", "payment_ceiling": None, "basis_ceiling": None,
                 "clause": "t"},
            ]},
        },
    }  # fmt: skip
    return {**terms, **changes}


def in_periods(contract_id: str, months: int) -> dict[str, Any]:
    """The same terms in longer periods."""
    settlement = {"months_per_period": months, "anchor_month": 1, "final_on": "2024-12-31"}
    return scene_terms(contract_id, settlement=settlement)


def two_periods() -> Scene:
    """In each of two approved quarters one person has one cause, and five have another."""
    many = {
        f"M{number}": CourseStory(
            unclaimed=from_second(("2023-03",), ()), support=from_second(("2023-05-08",), ())
        )
        for number in range(5)
    }
    alone = {
        "A": CourseStory(support=from_second(("2023-02-06",), ())),
        "B": CourseStory(unclaimed=from_second(("2023-04",), ())),
    }
    return Scene(scene_terms("scene-to-perioder"), {**alone, **many}, (2, 0))


def one_person() -> Scene:
    """One person had benefit in five months of an approved half year."""
    weeks = ("2023-02-06", "2023-03-13", "2023-04-10", "2023-05-08", "2023-06-12")
    story = CourseStory(support=from_second(weeks, ()))
    return Scene(in_periods("scene-en-person", 6), {"A": story}, (1, 0))


def five_persons() -> Scene:
    """Five persons had benefit in one month each of an approved half year."""
    story = CourseStory(support=from_second(("2023-03-13",), ()))
    courses = {f"A{number}": story for number in range(5)}
    return Scene(in_periods("scene-fem-personer", 6), courses, (1, 0))


def every_cause() -> Scene:
    """Each course loses or gains an amount by another cause, and two of them twice."""
    moved = (VISITED, "2022-12-30", "2022-12-30")
    courses = {
        "afsluttet": CourseStory(ended=from_second(("2023-02-28", "trukket"), ("", ""))),
        "krav-kom": CourseStory(unclaimed=(("2023-03",), (), ())),
        "krav-væk-og-igen": CourseStory(unclaimed=((), ("2023-03",), ())),
        "støtte-og-ikke": CourseStory(support=((), ("2023-03-13",), ())),
        "begge-dele": CourseStory(
            unclaimed=from_second(("2023-03",), ()), support=from_second(("2023-03-13",), ())
        ),
        "plads-1": CourseStory(group=("jobafklaring",) * 3, visited=moved),
        "plads-2": CourseStory(group=("jobafklaring",) * 3),
    }
    return Scene(scene_terms("scene-årsager"), courses, (1, 1))


def group_last_approved() -> Scene:
    """The price group is corrected, approved as corrected, and then the referral falls away."""
    story = CourseStory(group=("sygedagpenge", "jobafklaring", ""))
    return Scene(scene_terms("scene-gruppe"), {"A": story}, (1, 1))


def lowered_maximum() -> Scene:
    """Three quarters are paid; then less is authorised than what was paid."""
    terms = unfinal(scene_terms("scene-loft"), 100000)
    return Scene(terms, {"A": CourseStory(), "B": CourseStory()}, (3, 0), (authorise(5000), None))


def lowered_and_less() -> Scene:
    """As ``lowered_maximum``, and half of what was paid turns out not to be due."""
    terms = unfinal(scene_terms("scene-loft-og-mindre"), 100000)
    weeks = tuple(f"{month}-13" for month in MONTHS)
    mondays = tuple(civil.day_text(civil.day(day) - weekday(day)) for day in weeks)
    courses = {"A": CourseStory(), "B": CourseStory(support=from_second(mondays, ()))}
    return Scene(terms, courses, (3, 0), (authorise(5000), None))


def two_fte_parts() -> Scene:
    """Two parts about the same group and month: one's statistics are revised, the other's price."""
    terms = scene_terms("scene-to-dele")
    spans = {"del2": ("2023-02", "2023-03"), "del3": ("2023-03", "2023-03")}
    terms["parts"] = [
        {
            "part_id": part_id, "kind": "fte_reduction", "clause": "t",
            "groups": [{"benefit_group": "ressourceforløb", "rate": 1000}],
            "baseline": {"first_month": "2022-11", "last_month": "2022-12"},
            "evaluation": {"first_month": first, "last_month": last}, "netting": "per_group",
        }
        for part_id, (first, last) in spans.items()
    ]  # fmt: skip

    def dearer(later: dict[str, Any]) -> None:
        later["parts"][1]["groups"][0]["rate"] = 1100

    told = {
        ("ressourceforløb", month): fte
        for month, fte in (
            ("2022-11", "50,0"), ("2022-12", "50,0"), ("2023-02", "40,0"), ("2023-03", "40,0"),
        )
    }  # fmt: skip
    revised = {("ressourceforløb", "2023-02"): "41,0"}
    return Scene(terms, {}, (1, 0), (dearer, None), (told, revised))


def weekday(day: str) -> int:
    """0 is Monday."""
    return dt.date.fromisoformat(day).weekday()


def unfinal(terms: dict[str, Any], authorised: int) -> dict[str, Any]:
    """Without a closing settlement, and with an authorised maximum."""
    del terms["settlement"]["final_on"]
    terms["payment"]["authorised_max"] = authorised
    return terms


def authorise(kroner: int) -> Amendment:
    """A later version of the terms authorises another amount."""

    def amend(later: dict[str, Any]) -> None:
        later["payment"]["authorised_max"] = kroner

    return amend


def every_scene() -> dict[str, Scene]:
    """The scenes by contract."""
    made = [
        two_periods(), one_person(), five_persons(), every_cause(), group_last_approved(),
        lowered_maximum(), lowered_and_less(), two_fte_parts(),
    ]  # fmt: skip
    return {scene.terms["contract_id"]: scene for scene in made}


def add_to(world: World, scenes: dict[str, Scene]) -> None:
    """Add the scenes' contracts and files to a world."""
    numbers = Numbers(1_700_000)
    cpr = {
        (name, course): numbers.take() for name, scene in scenes.items() for course in scene.courses
    }
    for name, scene in scenes.items():
        world.contracts[name] = copy.deepcopy(scene.terms)
    names = {group: told[0] for group, told in benefit_names().items()}
    for told in range(3):
        stories = [
            (name, course, story, cpr[name, course])
            for name, scene in scenes.items()
            for course, story in scene.courses.items()
        ]
        extracted, last = EXTRACTS[told]
        put(world, f"ydelsesrefusion_{extracted}_2022-01-03_{last}.csv", [
            PAYMENT_COLUMNS,
            *(
                f"{week};{number};{names[group]};Prøve;4300,00;30,00;0,00;0,00;0,00"
                for _, _, story, number in stories
                for week, group in weeks_of(story, told)
            ),
        ])  # fmt: skip
        put(world, f"deltagere_{LISTED[told]}_scener.csv", [
            "kontrakt_id;forloeb_id;cpr;visitationsdato;maalgruppe;slutdato;slutaarsag",
            *(
                f"{name};{course};{number};{story.visited[told]};sygedagpenge;"
                f"{';'.join(story.ended[told])}"
                for name, course, story, number in stories
            ),
        ])  # fmt: skip
        put(world, f"resultatkrav_{CLAIMED[told]}_scener.csv", [
            "kontrakt_id;forloeb_id;maaned;krav",
            *(
                f"{name};{course};{month};{'nej' if month in story.unclaimed[told] else 'ja'}"
                for name, course, story, _ in stories
                for month in MONTHS
            ),
        ])  # fmt: skip
        rows = [
            f"{contract_terms.AREA};{names[group]};{month[:4]}M{month[5:]};100;{fte}"
            for scene in scenes.values()
            for (group, month), fte in (scene.figures[told : told + 1] or ({},))[0].items()
        ]
        if rows:
            put(world, f"jobindsats_{STATISTICS[told]}_scener.csv", [
                "Område;Ydelse;Periode;Antal personer;Antal fuldtidspersoner", *rows,
            ])  # fmt: skip


def weeks_of(story: CourseStory, told: int) -> list[tuple[str, str]]:
    """Mondays and groups of the weeks that were paid."""
    first, last = civil.day(FIRST_WEEK), civil.day(LAST_WEEK)
    at_referral = civil.day(VISITED) - weekday(VISITED)
    found = []
    for monday in range(first, last + 1, 7):
        group = story.group[told] if monday == at_referral else "sygedagpenge"
        if group:
            found.append((civil.day_text(monday), group))
    return found + [(week, "sygedagpenge") for week in story.support[told]]


def put(world: World, name: str, lines: list[str]) -> None:
    """One file."""
    world.files[f"scener/{name}"] = ("\n".join(lines) + "\n").encode()
