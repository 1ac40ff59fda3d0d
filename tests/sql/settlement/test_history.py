"""Histories of knowledge and approvals: the models against the rules of the settlement.

The expected figures are worked out here with whole øre, fractions and loops, from the rules alone.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest

from dagster_project.lib.contracts.periods import lay_out
from tests.sql.settlement.rendered import Warehouse

CONTRACT = "a"
MONTHS = [dt.date(2023, month, 1) for month in range(1, 7)]
BOOKING_MONTH = dt.date(2023, 8, 1)
TERM_END = dt.date(2023, 6, 30)
COURSES = {"F1": 1, "F2": 2, "F3": 2}
NUMBERS = {course: number for number, course in enumerate(COURSES, 1)}
GROUPS = ("jobafklaring", "sygedagpenge")
GIVEN = {
    "int_person_months__price": (
        "contract_id varchar, part_id varchar, course_id varchar, person_no integer, month date, "
        "price_group varchar, status varchar, reason varchar, is_payable boolean, "
        "amount_dkk decimal(18, 2)"
    ),
    "int_fte__measure_reduction": (
        "contract_id varchar, part_id varchar, benefit_group varchar, booking_month date, "
        "booked_dkk decimal(18, 2)"
    ),
    "int_relapse__book_savings": (
        "contract_id varchar, part_id varchar, month date, amount_dkk decimal(18, 2)"
    ),
    "int_person_months__decide_payable": "course_no integer, month date, status varchar",
    "int_courses__decide_eligibility": (
        "course_no integer, contract_id varchar, part_id varchar, course_id varchar, "
        "person_no integer, price_group varchar, eligibility varchar"
    ),
    "int_courses__resolve_known": "contract_id varchar, course_id varchar, person_no integer",
}
FROZEN = {
    "settlement": "frozen_settlement",
    "settlement_part": "frozen_settlement_part",
    "settlement_reading": "frozen_settlement_reading",
    "settlement_true_up": "frozen_settlement_true_up",
    "settlement_line": "frozen_line",
}
Key = tuple[str, str, str, dt.date]
"""Part, course (or ''), group (or '' for a course), month."""
Line = tuple[str, Key, str, int, int]
"""Kind, key, price group, old and new øre."""


def kroner(oere: int) -> Decimal:
    """Whole øre as kroner."""
    return Decimal(oere).scaleb(-2)


def oere(value: object) -> int:
    """Kroner as whole øre."""
    return int(Decimal(str(value)).scaleb(2))


def as_date(value: object) -> dt.date:
    """A date of a row."""
    assert isinstance(value, dt.date)
    return value


@dataclass
class World:
    """Terms, what is known today, and what has been approved so far."""

    tiers: list[tuple[int, Fraction]]
    payment_ceiling: int | None
    basis_ceiling: int | None
    authorised: int | None
    length: int
    final_on: dt.date | None
    as_of: dt.date = dt.date(2023, 4, 15)
    amounts: dict[Key, tuple[int, str]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    approved: list[dt.date] = field(default_factory=list)
    frozen: dict[dt.date, tuple[list[Line], dict[str, int]]] = field(default_factory=dict)
    releases: list[tuple[dt.date, int]] = field(default_factory=list)

    def periods(self) -> list[tuple[dt.date, dt.date]]:
        """First and last days: January to the period of the booking month, then the closing one."""
        starts = [dt.date(2023, month, 1) for month in range(1, 13, self.length)]
        kept = [start for start in starts if start <= BOOKING_MONTH]
        ends = [_month_after(start, self.length) - dt.timedelta(days=1) for start in kept]
        found = list(zip(kept, ends, strict=True))
        if self.final_on is not None:
            found.append((ends[-1] + dt.timedelta(days=1), self.final_on))
        return found

    def payment(self, basis: int) -> int:
        """W(B) in øre."""
        counted = max(basis, 0)
        if self.basis_ceiling is not None:
            counted = min(counted, self.basis_ceiling)
        shared = Fraction(0)
        for (above, share), (below, _) in pairwise([*self.tiers, (None, Fraction(0))]):
            assert above is not None
            shared += share * max(0, (counted if below is None else min(counted, below)) - above)
        if self.payment_ceiling is not None:
            shared = min(shared, Fraction(self.payment_ceiling))
        return int(shared + Fraction(1, 2))

    def lines(self, start: dt.date, end: dt.date) -> list[Line]:
        """Lines of a closed period that is not approved."""
        is_final = self.final_on is not None and end == self.final_on
        own = [
            ("new", key, group, 0, amount)
            for key, (amount, group) in self.amounts.items()
            if not is_final and start <= key[3] <= end and amount != 0
        ]
        if start == self.next_start():
            own += self.changes()
        return sorted(own, key=lambda line: (line[0], line[1][0], line[1][1], line[1][3], line[2]))

    def next_start(self) -> dt.date | None:
        """First day of the first period that is not approved."""
        return next((start for start, _ in self.periods() if start not in self.approved), None)

    def changes(self) -> list[Line]:
        """Approved amounts that today's knowledge changes."""
        told: dict[Key, int] = {}
        last: dict[Key, str] = {}
        for start in self.approved:
            for _, key, group, old, new in self.frozen[start][0]:
                told[key] = told.get(key, 0) + new - old
                last[key] = group
        bounds = dict(self.periods())
        spans = [(start, bounds[start]) for start in self.approved]
        keys = set(told) | {
            key for key in self.amounts if any(start <= key[3] <= end for start, end in spans)
        }
        found: list[Line] = []
        for key in keys:
            amount, group = self.amounts.get(key, (0, self.groups.get(key[1]) or last.get(key, "")))
            if amount != told.get(key, 0):
                found.append(("true_up", key, group, told.get(key, 0), amount))
        return found

    def figures(self) -> dict[dt.date, dict[str, int]]:
        """Figures of every closed period, in øre."""
        found: dict[dt.date, dict[str, int]] = {}
        cumulative = paid = 0
        highest = 0
        periods = self.periods()
        for start, end in periods:
            if end >= self.as_of:
                break
            if start in self.frozen:
                own = self.frozen[start][1]
                cumulative, paid = own["basis_cumulative"], paid + own["payment"]
                found[start] = own
                continue
            own_lines = self.lines(start, end)
            basis = sum(new - old for _, _, _, old, new in own_lines)
            cumulative += basis
            entitled = self.payment(cumulative)
            allowed = entitled
            if self.authorised is not None:
                released = sum(amount for since, amount in self.releases if since <= start)
                allowed = min(entitled, self.authorised + released)
            highest = max(highest, allowed)
            through = max(paid, highest)
            before = found[max(found)]["through"] if found else 0
            found[start] = {
                "basis": basis,
                "basis_cumulative": cumulative,
                "entitlement_cumulative": entitled,
                "payment_cumulative": allowed,
                "payment": through - before,
                "held_cumulative": entitled - allowed,
                "carried_forward": through - allowed,
                "repayable": max(0, through - entitled) if start == periods[-1][0] else 0,
                "municipality_share_cumulative": cumulative - allowed,
                "through": through,
            }
        return found


def _month_after(day: dt.date, count: int) -> dt.date:
    index = day.year * 12 + day.month - 1 + count
    return dt.date(index // 12, index % 12 + 1, 1)


def make_world(draw: random.Random) -> World:
    threshold = draw.randrange(1, 5000)
    world = World(
        tiers=[(0, Fraction(1)), (threshold, Fraction(draw.choice((0, 125, 333, 500)), 1000))],
        payment_ceiling=draw.choice((None, draw.randrange(1, 6000))),
        basis_ceiling=draw.choice((None, draw.randrange(1, 6000))),
        authorised=draw.choice((None, *draw.sample(range(4000), 2))),
        length=draw.choice((1, 3)),
        final_on=draw.choice((None, dt.date(2023, 12, 31))),
    )
    for _ in range(16):
        learn(world, draw)
    return world


def learn(world: World, draw: random.Random) -> None:
    """Something becomes known: a month, an exit, a price group, or the statistics of a group."""
    chance = draw.random()
    if chance < 0.6:
        course = draw.choice(sorted(COURSES))
        key = ("p1", course, "", draw.choice(MONTHS))
        group = world.groups.setdefault(course, draw.choice(GROUPS))
        world.amounts[key] = (draw.choice((0, 0, 333, 1000, 1001)), group)
    elif chance < 0.7:
        course = draw.choice(sorted(COURSES))
        for key, (_, group) in list(world.amounts.items()):
            if key[1] == course:
                world.amounts[key] = (0, group)
    elif chance < 0.85:
        course = draw.choice(sorted(COURSES))
        world.groups[course] = draw.choice(GROUPS)
        for key, (amount, _) in list(world.amounts.items()):
            if key[1] == course:
                world.amounts[key] = (amount, world.groups[course])
    else:
        group = draw.choice(GROUPS)
        amount = draw.choice((0, -700, 250, 2500))
        world.amounts[("p2", "", group, BOOKING_MONTH)] = (amount, group)


def load_terms(warehouse: Warehouse, world: World) -> None:
    own = {"contract_id": CONTRACT}
    warehouse.fill(
        "raw.contract",
        [{
            **own, "starts_on": MONTHS[0], "ends_on": TERM_END, "has_payment": True,
            "authorised_max_dkk": None if world.authorised is None else kroner(world.authorised),
        }],
    )  # fmt: skip
    periods = lay_out(MONTHS[0], max(TERM_END, BOOKING_MONTH), world.length, 1, world.final_on)
    warehouse.fill("raw.contract_period", [{**own, **asdict(period)} for period in periods])
    # states follow from events, which a world has none of
    warehouse.fill(
        "raw.statement",
        [{**own, "period_start": p.period_start, "state": "draft", "is_superseded": False}
         for p in periods],
    )  # fmt: skip
    warehouse.fill(
        "raw.contract_part",
        [
            {**own, "part_id": "p1", "kind": "person_months"},
            {**own, "part_id": "p2", "kind": "fte_reduction",
             "evaluation_first_month": MONTHS[5], "evaluation_last_month": BOOKING_MONTH},
        ],
    )  # fmt: skip
    warehouse.fill(
        "raw.contract_tier",
        [
            {**own, "tier_no": number, "above_dkk": kroner(above),
             "provider_share": Decimal(share.numerator) / share.denominator}
            for number, (above, share) in enumerate(world.tiers, 1)
        ],
    )  # fmt: skip
    ceilings = [("valgt", world.payment_ceiling, world.basis_ceiling), ("uden", None, None)]
    warehouse.fill(
        "raw.contract_reading",
        [
            {**own, "reading_order": number, "reading_id": name, "is_chosen": name == "valgt",
             "payment_ceiling_dkk": None if payment is None else kroner(payment),
             "basis_ceiling_dkk": None if basis is None else kroner(basis)}
            for number, (name, payment, basis) in enumerate(ceilings, 1)
        ],
    )  # fmt: skip
    for table, part in (("contract_price_group", "p1"), ("contract_fte_group", "p2")):
        warehouse.fill(
            f"raw.{table}", [{**own, "part_id": part, "benefit_group": group} for group in GROUPS]
        )
    warehouse.fill(
        "model.int_courses__resolve_known",
        [{**own, "course_id": course, "person_no": no} for course, no in COURSES.items()],
    )


def load_knowledge(warehouse: Warehouse, world: World) -> None:
    own = {"contract_id": CONTRACT}
    warehouse.fill("raw.run_context", [{"as_of_date": world.as_of}])
    warehouse.fill(
        "model.int_person_months__price",
        [
            {**own, "part_id": "p1", "course_id": key[1], "person_no": COURSES[key[1]],
             "month": key[3], "price_group": group, "status": "self_supporting",
             "reason": "self_supporting", "is_payable": True, "amount_dkk": kroner(amount)}
            for key, (amount, group) in world.amounts.items() if key[0] == "p1"
        ],
    )  # fmt: skip
    warehouse.fill(
        "model.int_person_months__decide_payable",
        [
            {"course_no": NUMBERS[key[1]], "month": key[3], "status": "self_supporting"}
            for key in world.amounts if key[0] == "p1"
        ],
    )  # fmt: skip
    warehouse.fill(
        "model.int_fte__measure_reduction",
        [
            {**own, "part_id": "p2", "benefit_group": group, "booking_month": BOOKING_MONTH,
             "booked_dkk": kroner(amount)}
            for key, (amount, group) in world.amounts.items() if key[0] == "p2"
        ],
    )  # fmt: skip
    warehouse.fill(
        "model.int_courses__decide_eligibility",
        [
            {
                **own,
                "course_no": NUMBERS[key],
                "part_id": "p1",
                "course_id": key,
                "person_no": COURSES[key],
                "price_group": group,
                "eligibility": "eligible",
            }
            for key, group in world.groups.items()
        ],
    )
    warehouse.fill(
        "raw.ledger_release",
        [
            {**own, "from_period_start": since, "amount_dkk": kroner(amount)}
            for since, amount in world.releases
        ],
    )


def told_lines(warehouse: Warehouse, start: dt.date) -> list[Line]:
    rows = warehouse.rows(
        f"select * from model.settlement_line where period_start = '{start}' order by line_no"
    )
    return [
        (
            str(row["line_kind"]),
            (
                str(row["part_id"]), str(row["course_id"] or ""),
                "" if row["course_id"] else str(row["price_group"]), as_date(row["month"]),
            ),
            str(row["price_group"]), oere(row["old_amount_dkk"]), oere(row["new_amount_dkk"]),
        )
        for row in rows
    ]  # fmt: skip


def told_figures(warehouse: Warehouse) -> dict[dt.date, dict[str, int]]:
    found: dict[dt.date, dict[str, int]] = {}
    through = 0
    for row in warehouse.rows("select * from model.settlement where is_closed order by 2"):
        own = {
            name.removesuffix("_dkk"): oere(value)
            for name, value in row.items()
            if name.endswith("_dkk")
            and not name.startswith(("headroom", "overlap"))
        }  # fmt: skip
        through += own["payment"]
        found[as_date(row["period_start"])] = {**own, "through": through}
    return found


def check(warehouse: Warehouse, world: World) -> None:
    """The models give what the rules give, and every identity holds to the øre."""
    load_knowledge(warehouse, world)
    warehouse.build()
    figures = told_figures(warehouse)
    assert figures == world.figures()
    for start, end in world.periods():
        if start not in figures:
            continue
        own = told_lines(warehouse, start)
        assert own == (world.frozen[start][0] if start in world.frozen else world.lines(start, end))
        assert sum(new - old for _, _, _, old, new in own) == figures[start]["basis"]
        assert (
            figures[start]["through"]
            == figures[start]["payment_cumulative"] + figures[start]["carried_forward"]
        )
    parts = warehouse.rows(
        "select period_start, sum(basis_dkk) as basis from model.int_basis__sum_parts group by all"
    )
    assert {row["period_start"]: oere(row["basis"]) for row in parts} == {
        start: own["basis"] for start, own in figures.items()
    }
    radar = warehouse.rows(
        "select sum(difference_dkk) as dkk from model.int_lines__explain_changes"
    )
    assert oere(radar[0]["dkk"] or 0) == sum(new - old for *_, old, new in world.changes())


def approve(warehouse: Warehouse, world: World) -> None:
    """Freeze the first period not yet approved, as published, if it is closed."""
    start = world.next_start()
    figures = told_figures(warehouse)
    if start is None or start not in figures:
        return
    world.frozen[start] = (told_lines(warehouse, start), figures[start])
    world.approved.append(start)
    for mart, table in FROZEN.items():
        names = {row["column_name"] for row in warehouse.rows(f"describe raw.{table}")}
        shared = [
            str(row["column_name"])
            for row in warehouse.rows(f"describe model.{mart}")
            if row["column_name"] in names
        ]
        warehouse.connection.execute(
            f"insert into raw.{table} ({', '.join(shared)}) "
            f"select {', '.join(shared)} from model.{mart} where period_start = ?",
            [start],
        )


def step_on(warehouse: Warehouse, world: World, draw: random.Random) -> None:
    """A night's events: perhaps an approval, perhaps a release, and always something new."""
    if draw.random() < 0.75:
        approve(warehouse, world)
    since = world.next_start()
    if draw.random() < 0.2 and world.authorised is not None and since is not None:
        world.releases.append((since, draw.randrange(1, 2000)))
    for _ in range(draw.randrange(4)):
        learn(world, draw)


# these histories hold true-ups up and down, carried and repayable money, held money, releases, both
# period lengths and the closing settlement
@pytest.mark.parametrize("seed", [3, 12, 21, 42, 46, 51, 53])
# Rules S.paid_through, S.conservation, S.true_up
def test_any_history_of_knowledge_and_approvals_pays_what_the_clause_says(seed: int) -> None:
    draw = random.Random(seed)
    world = make_world(draw)
    warehouse = Warehouse(GIVEN, ["restatement", *FROZEN])
    load_terms(warehouse, world)
    for _ in range(8):
        check(warehouse, world)
        step_on(warehouse, world, draw)
        world.as_of += dt.timedelta(days=draw.choice((0, 31, 62)))
    check(warehouse, world)


# Rule S.radar
def test_when_all_is_approved_the_radar_tells_every_krone_that_would_change() -> None:
    draw = random.Random(4)
    world = make_world(draw)
    world.authorised, world.final_on = None, dt.date(2023, 12, 31)
    warehouse = Warehouse(GIVEN, ["restatement", *FROZEN])
    load_terms(warehouse, world)
    world.as_of = dt.date(2024, 1, 1)
    while world.next_start() is not None:
        check(warehouse, world)
        approve(warehouse, world)
        learn(world, draw)
    for key in list(world.amounts):
        world.amounts[key] = (0, world.amounts[key][1])
    check(warehouse, world)
    radar = warehouse.rows("select difference_dkk from model.int_lines__explain_changes")
    told = sum(
        new - old for start in world.approved for *_, old, new in world.frozen[start][0]
    )  # fmt: skip
    assert told > 0
    assert sum(oere(row["difference_dkk"]) for row in radar) == -told


def small_world() -> World:
    """One course that earns 1,000 øre in each month, paid in full, a quarter at a time."""
    world = World(
        tiers=[(0, Fraction(1))], payment_ceiling=None, basis_ceiling=None, authorised=None,
        length=3, final_on=dt.date(2023, 10, 1),
    )  # fmt: skip
    world.groups["F1"] = GROUPS[0]
    world.amounts = {("p1", "F1", "", month): (1000, GROUPS[0]) for month in MONTHS}
    world.as_of = dt.date(2023, 10, 1)
    return world


def test_a_maximum_lowered_below_what_was_paid_asks_back_only_what_was_not_earned() -> None:
    world = small_world()
    warehouse = Warehouse(GIVEN, ["restatement", *FROZEN])
    load_terms(warehouse, world)
    for _ in range(2):
        check(warehouse, world)
        approve(warehouse, world)
    world.amounts["p1", "F1", "", MONTHS[0]] = (0, GROUPS[0])
    world.authorised, world.final_on = 4500, None
    load_terms(warehouse, world)
    check(warehouse, world)
    told = told_figures(warehouse)[dt.date(2023, 7, 1)]
    assert (told["through"], told["entitlement_cumulative"], told["held_cumulative"]) == (
        6000, 5000, 500,
    )  # fmt: skip
    assert (told["payment"], told["carried_forward"], told["repayable"]) == (0, 1500, 1000)


def test_a_closing_period_of_one_day_takes_the_corrections_of_the_periods_before() -> None:
    world = small_world()
    warehouse = Warehouse(GIVEN, ["restatement", *FROZEN])
    load_terms(warehouse, world)
    for _ in range(3):
        check(warehouse, world)
        approve(warehouse, world)
    world.amounts["p1", "F1", "", MONTHS[0]] = (0, GROUPS[0])
    check(warehouse, world)
    assert dt.date(2023, 10, 1) not in told_figures(warehouse)
    world.as_of = dt.date(2023, 10, 2)
    check(warehouse, world)
    told = told_figures(warehouse)[dt.date(2023, 10, 1)]
    assert (told["basis"], told["payment"], told["repayable"]) == (-1000, 0, 1000)


def test_a_line_withdrawn_goes_to_the_group_in_which_it_was_last_approved() -> None:
    world = small_world()
    warehouse = Warehouse(GIVEN, ["restatement", *FROZEN])
    load_terms(warehouse, world)
    check(warehouse, world)
    approve(warehouse, world)
    key = ("p1", "F1", "", MONTHS[0])
    world.groups["F1"] = GROUPS[1]
    world.amounts[key] = (333, GROUPS[1])
    check(warehouse, world)
    approve(warehouse, world)
    world.groups.clear()
    world.amounts = {}
    check(warehouse, world)
    lines = told_lines(warehouse, dt.date(2023, 7, 1))
    assert ("true_up", key, GROUPS[1], 333, 0) in lines


def test_no_figure_of_the_settlement_is_a_floating_number() -> None:
    warehouse = Warehouse(GIVEN, ["restatement", *FROZEN])
    warehouse.build()
    types = warehouse.rows(
        "select column_name, data_type from duckdb_columns() where schema_name = 'model'"
    )
    assert len(types) > 100
    assert [row for row in types if row["data_type"] in ("DOUBLE", "FLOAT")] == []
