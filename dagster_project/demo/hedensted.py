"""Hedensted: the result-payment contract, its referred citizens and the potential of Flere i job.

As of 10 January 2025 all ordinary periods are closed. The newest extract of the register was made
on 2 December 2024, less than 35 days after October: October's claims are still pending.
"""

from __future__ import annotations

from dagster_project.demo import activities, courses, extracts, lives
from dagster_project.demo.courses import Claim, Course
from dagster_project.demo.days import day, first_day, month, month_of, text_of
from dagster_project.demo.dice import Dice
from dagster_project.demo.people import Person, Spell
from dagster_project.demo.town import KINDS, Town, end_life

AREA = "Hedensted"
AS_OF = "2025-01-10"
CONTRACT = "hedensted-arbejdsfastholdelse"
FIRST, LAST = day("2017-01-01"), day("2025-01-31")
HOLE = ("2022-05-10", "2022-05-12")
SICK_PEOPLE = 4000
RHYTHMS = (
    lives.Rhythm(0, 180, 250),
    lives.Rhythm(month("2022-10"), 195, 310),
)
MONTHS = range(month("2022-10"), month("2024-11") + 1)
TERM_END = month("2024-10")
EFFORT_MONTHS = 24
QUOTA = {"sygedagpenge": (12, 128), "jobafklaring": (3, 34)}
"""Referrals a month and in all, by group: a few more than the contract has places for."""
CODES = {"sygedagpenge": lives.SICK_SET, "jobafklaring": lives.JAF_SET}
GROUPS = {
    "sygedagpenge": tuple(range(890, 900)),
    "jobafklaring": tuple(range(870, 879)),
    "kontanthjælp": (*range(130, 139), *range(720, 739)),
    "uddannelseshjælp": tuple(range(140, 149)),
    "ressourceforløb": tuple(range(810, 819)),
    "ledighedsydelse": tuple(range(740, 749)),
}


def build() -> extracts.Files:
    """Every file of the municipality, path below landing → text."""
    town = Town("hedensted-2", FIRST, LAST)
    town.settle(SICK_PEOPLE, RHYTHMS, KINDS)
    listed = _refer(town)
    _Odd(town, listed).add_all()
    _participants_exit(town, listed)
    participants = {course.person.number for course in listed}
    others = [person for person in town.people if person.number not in participants]
    town.befall(others, day("2020-01-01"), LAST)
    _claims(town, listed)
    _deliver(town, listed)
    return town.files


def _refer(town: Town) -> list[Course]:
    """Referrals from November 2022 on, until both groups have more than their places."""
    listed: list[Course] = []
    taken: set[int] = set()
    counts = dict.fromkeys(QUOTA, 0)
    for offset in range(24):
        start = first_day(month("2022-11") + offset)
        pools = {
            group: _pool(town, start + 13, group) for group in QUOTA if _is_open(group, counts)
        }
        for group, (monthly, total) in QUOTA.items():
            for _ in range(monthly):
                if counts[group] >= total:
                    break
                visited_on = start + 1 + town.dice.below(26)
                person = _draw(pools[group], visited_on, group, taken)
                if person is None:
                    continue
                taken.add(person.number)
                counts[group] += 1
                listed.append(_course(town, person, visited_on, group))
    return _numbered(listed)


def _is_open(group: str, counts: dict[str, int]) -> bool:
    return counts[group] < QUOTA[group][1]


def _pool(town: Town, at: int, group: str) -> list[Person]:
    """People with a long case in a month, in a drawn order."""
    return town.dice.shuffled(
        list(courses.find_candidates(town.people, at, CODES[group], 204, 1200))
    )


def _draw(pool: list[Person], at: int, group: str, taken: set[int]) -> Person | None:
    """The next of the pool who is on the group's benefit on the day itself."""
    for person in pool:
        if person.number not in taken and any(
            courses.find_candidates([person], at, CODES[group], 190, 1200)
        ):
            return person
    return None


def _candidate(
    town: Town, at: int, group: str, taken: set[int], low: int, high: int
) -> Person | None:
    found = [
        person
        for person in courses.find_candidates(town.people, at, CODES[group], low, high)
        if person.number not in taken
    ]
    return town.dice.pick(found) if found else None


def _course(town: Town, person: Person, visited_on: int, group: str) -> Course:
    stated = group
    if town.dice.chance(40):  # the list sometimes states the group the citizen had before
        stated = "jobafklaring" if group == "sygedagpenge" else "sygedagpenge"
    courses.treat(town.dice, person, visited_on, LAST)
    return Course("", person, visited_on, stated, _list_day(visited_on))


def _list_day(at: int) -> int:
    """The list is sent on the 5th of the following month."""
    return first_day(month_of(at) + 1) + 4


def _numbered(listed: list[Course]) -> list[Course]:
    listed.sort(key=lambda course: (course.visited_on, course.person.number))
    for number, course in enumerate(listed, start=1):
        course.course_id = f"AF-{number:03d}"
    return listed


class _Odd:
    """Courses that do not earn, one reason each, as they happen in practice."""

    def __init__(self, town: Town, listed: list[Course]) -> None:
        self._town = town
        self._listed = listed
        self._taken = {course.person.number for course in listed}

    def add_all(self) -> None:
        """Every kind of them."""
        for offset in (1, 3, 6, 8):
            self._too_early(day("2023-01-12") + offset * 30, again=offset in (1, 3))
        self._on_the_boundary()
        self._of_unknown_start()
        for at in (day("2023-03-08"), day("2023-07-19"), day("2024-01-17")):
            self._add(_off_benefit(self._town, at, self._taken), at)
        for at in (day("2022-10-20"), day("2024-11-05")):  # before the term, and after it
            self._add(self._candidate(at, 190), at)
        for course in self._listed[4:6]:  # the same citizen referred once more
            self._add(course.person, course.visited_on + 140, course.stated_group)
        self._moved_before()

    def _add(
        self, person: Person | None, visited_on: int, group: str = "sygedagpenge"
    ) -> Course | None:
        if person is None:
            return None
        self._taken.add(person.number)
        course_id = f"AF-{len(self._listed) + 1:03d}"
        course = Course(course_id, person, visited_on, group, _list_day(visited_on))
        self._listed.append(course)
        return course

    def _candidate(self, at: int, low: int, high: int = 900) -> Person | None:
        return _candidate(self._town, at, "sygedagpenge", self._taken, low, high)

    def _too_early(self, at: int, *, again: bool) -> None:
        """A case that is too short; referred again when it is long enough, or not."""
        course = self._add(self._candidate(at, 70, 150), at)
        if course is None or not again:
            return
        start = course.person.case_start(at, lives.CASE_CODES, 28) or at
        _lengthen(self._town, course.person, at, start + 260)
        courses.treat(self._town.dice, course.person, start + 230, LAST)
        self._add(course.person, start + 230)

    def _on_the_boundary(self) -> None:
        """Exactly 26 weeks of case are not enough, one day more is."""
        for case_days in (182, 183):
            start = day("2022-10-03") + case_days % 2 * 14
            fresh = self._town.newcomer()
            fresh.spells = lives.sickness_case(self._town.dice, start, case_days + 90, 0, LAST)
            courses.treat(self._town.dice, fresh, start + case_days, LAST)
            self._add(fresh, start + case_days)

    def _of_unknown_start(self) -> None:
        """Cases that begin right after the hole in the register."""
        for index in range(2):
            fresh = self._town.newcomer()
            start = day(HOLE[1]) + 1 + index
            fresh.spells = [lives.report(self._town.dice, Spell(start, LAST, 890))]
            course = self._add(fresh, day("2022-11-04") + index)
            if course is not None:  # its claims would stay pending for ever: one, at the very end
                course.claims.append(Claim(TERM_END, True, _send_day(TERM_END)))

    def _moved_before(self) -> None:
        """A citizen who moved away before the referral."""
        course = self._add(self._candidate(day("2023-05-24"), 200), day("2023-05-24"))
        if course is not None:
            end_life(course.person, "fraflyttet", course.visited_on - 6)


def _lengthen(town: Town, person: Person, at: int, end: int) -> None:
    spell = person.spell_on(at)
    if spell is not None:
        person.spells = [item for item in person.spells if item.start <= spell.start]
        spell.end = max(spell.end, end)
        lives.report(town.dice, spell)


def _off_benefit(town: Town, at: int, taken: set[int]) -> Person | None:
    for person in town.people:
        ended = [spell.end for spell in person.spells if spell.end < at]
        recently = bool(ended) and at - max(ended) in range(5, 40)
        if recently and person.number not in taken and person.spell_on(at) is None:
            return person
    return None


def _participants_exit(town: Town, listed: list[Course]) -> None:
    """Deaths, moves, pensions, new numbers and ended courses among the first referred."""
    chosen = listed[7:140:9]
    kinds = ("død", "fraflyttet", "udvandret", "folkepension", "fraflyttet", "død")
    for course, kind in zip(chosen, kinds, strict=False):
        end_life(course.person, kind, course.visited_on + town.dice.between(150, 420))
    for course in chosen[6:9]:
        town.renumber(course.person, course.visited_on + town.dice.between(60, 400))
    reasons = ("trukket", "afsluttet", "afsluttet", "trukket", "pension", "")
    for course, reason in zip(chosen[9:], reasons, strict=False):
        course.ended_on = course.visited_on + town.dice.between(120, 300)
        course.end_reason = reason
        course.end_listed_on = _list_day(course.ended_on)


def _claims(town: Town, listed: list[Course]) -> None:
    """The provider's claims: a quarter at a time, with slips, late and withdrawn ones."""
    for course in listed:
        if course.claims:
            continue
        dice = Dice(f"{town.seed}/krav/{course.course_id}")
        first = month_of(course.visited_on) + 1
        for claimed in range(first, min(first + EFFORT_MONTHS, TERM_END + 1)):
            _claim_month(dice, course, claimed)


def _claim_month(dice: Dice, course: Course, claimed: int) -> None:
    sent_on = _send_day(claimed)
    if courses.is_quiet(course.person, claimed) and _known_to_be_here(course, claimed):
        if dice.chance(40):
            return
        sent_on = _send_day(claimed + 3) if dice.chance(30) else sent_on
        course.claims.append(Claim(claimed, True, sent_on))
        if dice.chance(15):
            course.claims.append(Claim(claimed, False, _send_day(claimed + 3)))
    elif dice.chance(35):
        course.claims.append(Claim(claimed, True, sent_on))
        if dice.chance(300):
            course.claims.append(Claim(claimed, False, _send_day(claimed + 3)))


def _known_to_be_here(course: Course, claimed: int) -> bool:
    """The provider learns of a move or a death two months late."""
    ends = [event.on for event in course.person.events if event.kind != "nyt_cpr"]
    ends += [course.ended_on] if course.ended_on and course.end_reason != "afsluttet" else []
    return not ends or claimed < month_of(min(ends)) + 2


def _send_day(claimed: int) -> int:
    """Claims of a quarter are sent on the 16th after it; those of the last quarter on 6 January."""
    quarter_end = claimed - claimed % 3 + 2
    day_of_month = 6 if quarter_end >= month("2024-12") else 16
    return first_day(quarter_end + 1) + day_of_month - 1


def _deliver(town: Town, listed: list[Course]) -> None:
    before_hole = text_of(day(HOLE[0]) - 1)
    after_hole = text_of(day(HOLE[1]) + 1)
    town.register("2022-10-05", "2017-01-01", before_hole)
    town.register("2022-10-05", after_hole, "2022-09-30")
    due = {month("2023-08"): 26, month("2024-11"): 2}  # one late; the last before the lag is over
    town.monthly_register(MONTHS, 4, due)
    town.register("2025-01-13", "2024-09-01", "2024-12-31")  # known only after the as-of date
    town.monthly_status(MONTHS)
    _wages(town, listed)
    statistics = range(month("2022-10"), month("2024-10") + 1)
    town.statistics(AREA, statistics, 22, GROUPS)
    _list_files(town, listed)
    _claim_files(town, listed)
    followed = frozenset(code for codes in GROUPS.values() for code in codes)
    participants = frozenset(course.person.number for course in listed)
    found = activities.collect(town, followed, day("2023-01-01"), day(AS_OF), participants)
    extracted = [first_day(at) + 5 for at in range(month("2023-04"), month("2025-01") + 1, 3)]
    activities.deliver(town, found, extracted)


def _wages(town: Town, listed: list[Course]) -> None:
    _everyday_work(town, {course.person.number for course in listed})
    town.wages("2022-12-20", month("2022-01"), month("2022-11"))
    for last in range(month("2023-02"), month("2024-11") + 1, 3):
        extracted_on = text_of(first_day(last + 1) + 19)
        town.wages(extracted_on, last - 3, last)


def _everyday_work(town: Town, participants: set[int]) -> None:
    """Ordinary hours of other people: small jobs beside benefit, and jobs after it."""
    for person in town.people:
        if person.number in participants or not person.spells:
            continue
        dice = Dice(f"{town.seed}/timer/{person.number}")
        for spell in person.spells:
            if spell.end < day("2022-01-01"):
                continue
            if spell.end - spell.start > 300 and dice.chance(300):
                at = max(spell.start, day("2022-01-01")) + dice.below(120)
                _side_job(dice, person, at, min(spell.end, at + dice.between(60, 300)))
            if dice.chance(600):
                _new_job(dice, person, spell.end + 1)


def _side_job(dice: Dice, person: Person, first: int, last: int) -> None:
    for at in range(month_of(first), month_of(max(first, last)) + 1):
        person.wages[at] = person.wages.get(at, 0) + dice.between(8, 60) * 100


def _new_job(dice: Dice, person: Person, first: int) -> None:
    if person.spell_on(first) is None and first < LAST:
        last = min(LAST, first + dice.between(40, 120))
        for at in range(month_of(first), month_of(last) + 1):
            person.wages[at] = dice.between(70, 161) * 100


def _list_files(town: Town, listed: list[Course]) -> None:
    """The municipality's list: new and changed courses, sent when they are entered."""
    rows: dict[int, dict[str, tuple[str, ...]]] = {}
    for course in listed:
        rows.setdefault(course.listed_on, {})[course.course_id] = _list_row(course, ended=False)
        if course.ended_on is not None:
            row = _list_row(course, ended=True)
            rows.setdefault(course.end_listed_on, {})[course.course_id] = row
    headings = ("kontrakt_id", "forloeb_id", "cpr", "visitationsdato", "maalgruppe", "slutdato",
                "slutaarsag")  # fmt: skip
    for sent_on, entries in sorted(rows.items()):
        text = extracts.csv_text(headings, [entries[key] for key in sorted(entries)])
        town.files[f"jobcenter/deltagere_{text_of(sent_on)}.csv"] = text


def _list_row(course: Course, *, ended: bool) -> tuple[str, ...]:
    sent_on = course.end_listed_on if ended else course.listed_on
    cpr = course.person.cpr_on(sent_on)
    end = text_of(course.ended_on) if ended and course.ended_on is not None else ""
    return (CONTRACT, course.course_id, f"{cpr[:6]}-{cpr[6:]}", text_of(course.visited_on),
            course.stated_group, end, course.end_reason if ended else "")  # fmt: skip


def _claim_files(town: Town, listed: list[Course]) -> None:
    rows: dict[int, dict[tuple[str, int], tuple[str, ...]]] = {}
    for course in listed:
        for claim in course.claims:
            row = (CONTRACT, course.course_id, text_of(first_day(claim.month))[:7],
                   "ja" if claim.is_claimed else "nej")  # fmt: skip
            rows.setdefault(claim.sent_on, {})[(course.course_id, claim.month)] = row
    _odd_claims(rows)
    headings = ("kontrakt_id", "forloeb_id", "maaned", "krav")
    for sent_on, entries in sorted(rows.items()):
        if sent_on <= day(AS_OF) + 5:
            text = extracts.csv_text(headings, [entries[key] for key in sorted(entries)])
            town.files[f"marselisborg/resultatkrav_{text_of(sent_on)}_marselisborg.csv"] = text


def _odd_claims(rows: dict[int, dict[tuple[str, int], tuple[str, ...]]]) -> None:
    """Claims for a course that no list has and for months outside the effort."""
    for course_id, at in (
        ("AF-901", "2023-05"), ("AF-902", "2023-08"), ("AF-001", "2022-11"), ("AF-003", "2024-12"),
    ):  # fmt: skip
        sent_on = _send_day(month(at))
        rows[sent_on][(course_id, month(at))] = (CONTRACT, course_id, at, "ja")
