"""Settlement: periods, lines, W, payments, held, carried forward, readings, true-ups."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.oracle import civil, fte, money, relapse
from tests.oracle.courses import PersonMonth, optional
from tests.oracle.home import Knowledge

Key = tuple[str, str, int]  # part, course or group, month


@dataclass(frozen=True)
class Line:
    """One settlement line; ``course`` is None where the part is not about persons."""

    kind: str
    part_id: str
    course: str | None
    month: int
    price_group: str
    old: int
    new: int

    @property
    def difference(self) -> int:
        """New minus old, in øre."""
        return self.new - self.old

    @property
    def key(self) -> Key:
        """(part, course or group, month)."""
        return (self.part_id, self.price_group if self.course is None else self.course, self.month)


@dataclass(frozen=True)
class Moment:
    """What decided a contract's amounts: knowledge, terms, and the courses approved before."""

    knowledge: Knowledge
    contract: dict[str, Any]
    approved: frozenset[str]


@dataclass(frozen=True)
class Approved:
    """One approved period: frozen lines, payment and hold, and what they were decided on."""

    period_start: int
    lines: tuple[Line, ...]
    payment: int
    moment: Moment | None = None
    held: int = 0


@dataclass(frozen=True)
class Booking:
    """An amount booked on a month under today's knowledge."""

    part_id: str
    course: str | None
    month: int
    price_group: str
    amount: int

    @property
    def key(self) -> Key:
        """(part, course or group, month)."""
        return (self.part_id, self.price_group if self.course is None else self.course, self.month)


@dataclass
class Period:
    """One period of a contract with its figures (øre); None until closed."""

    start: int
    end: int
    label: str
    is_final: bool
    is_closed: bool
    lines: list[Line] = field(default_factory=list)
    figures: dict[str, int | None] = field(default_factory=dict)
    readings: dict[str, int] = field(default_factory=dict)


def label_of(first_month: int, length: int) -> str:
    """S.periods: 2023-K1, 2023-01, 2023-H1, 2023, or the first day for others."""
    year, position = first_month // 12, first_month % 12
    if length == 1:
        return f"{year}-{position + 1:02d}"
    if length == 3 and position % 3 == 0:
        return f"{year}-K{position // 3 + 1}"
    if length == 6 and position % 6 == 0:
        return f"{year}-H{position // 6 + 1}"
    if length == 12 and position == 0:
        return str(year)
    return civil.month_text(first_month)


def booking_months(contract: dict[str, Any]) -> list[int]:
    """Months on which parts other than person-months book."""
    months = []
    for part in contract["parts"]:
        if part["kind"] == "fte_reduction":
            months.append(civil.month(part["evaluation"]["last_month"]))
        if part["kind"] == "relapse_reduction":
            months.append(relapse.booking_month(part))
    return months


def periods(contract: dict[str, Any], as_of: int) -> list[Period]:
    """From the period with term.starts_on to the one with the last booking; then the final one."""
    length = int(contract["settlement"]["months_per_period"])
    anchor = int(contract["settlement"]["anchor_month"]) - 1
    first = civil.month_of(civil.day(contract["term"]["starts_on"]))
    last = max([civil.month_of(civil.day(contract["term"]["ends_on"])), *booking_months(contract)])
    start = first - (first - anchor) % length
    found = []
    while start <= last:
        end = civil.last_day(start + length - 1)
        found.append(
            Period(civil.first_day(start), end, label_of(start, length), False, end < as_of)
        )
        start += length
    final_on = optional(contract["settlement"].get("final_on"))
    if final_on:
        end = civil.day(final_on)
        found.append(Period(civil.first_day(start), end, "slutafregning", True, end < as_of))
    return found


def bookings(
    knowledge: Knowledge, contract: dict[str, Any], months: list[PersonMonth]
) -> list[Booking]:
    """Every amount ≠ 0 under today's knowledge."""
    found = []
    for part in contract["parts"]:
        part_id = part["part_id"]
        if part["kind"] == "person_months":
            found += [
                Booking(part_id, row.course, row.month, row.price_group or "", row.amount)
                for row in months
            ]
        elif part["kind"] == "fte_reduction":
            found += [
                Booking(part_id, None, row.booking_month, row.group, row.booked)
                for row in fte.effects(knowledge, contract, part)
            ]
        elif part["kind"] == "relapse_reduction":
            saving = relapse.summary(knowledge, contract, part).booked
            found.append(Booking(part_id, None, relapse.booking_month(part), "", saving))
    return [booking for booking in found if booking.amount]


def new_lines(period: Period, booked: list[Booking]) -> list[Line]:
    """Every amount ≠ 0 booked on the period's months."""
    return [
        Line("new", b.part_id, b.course, b.month, b.price_group, 0, b.amount)
        for b in booked
        if not period.is_final and period.start <= civil.first_day(b.month) <= period.end
    ]


def true_up_lines(
    approved: list[Approved], ends: dict[int, int], booked: list[Booking], months: list[PersonMonth]
) -> list[Line]:
    """Every approved month whose amount today differs from the sum of its approved lines."""
    sums: dict[Key, int] = {}
    last_line: dict[Key, Line] = {}
    for one in approved:
        for line in one.lines:
            sums[line.key] = sums.get(line.key, 0) + line.difference
            last_line[line.key] = line
    approved_days = [range(one.period_start, ends[one.period_start] + 1) for one in approved]
    today = {
        b.key: b for b in booked if any(civil.first_day(b.month) in days for days in approved_days)
    }
    group_today = {(row.course, row.month): row.price_group for row in months}
    lines = []
    for key in sorted({*sums, *today}):
        old, new = sums.get(key, 0), today[key].amount if key in today else 0
        if old != new:
            about = today.get(key) or last_line[key]
            group = about.price_group
            if about.course is not None:
                group = group_today.get((about.course, key[2])) or group
            lines.append(Line("true_up", key[0], about.course, key[2], group, old, new))
    return lines


def corrected_period(approved: list[Approved], month: int) -> int:
    """First day of the approved period that a month lies in."""
    return max(
        one.period_start for one in approved if one.period_start <= civil.first_day(month)
    )  # fmt: skip


def tiers_of(contract: dict[str, Any]) -> list[tuple[int, Fraction]]:
    """(above in øre, provider share) in order."""
    return [
        (money.oere(tier["above"]), Fraction(tier["provider_share"]))
        for tier in contract["payment"]["tiers"]
    ]


def counted_basis(basis: int, reading: dict[str, Any]) -> int:
    """B' = min(max(B, 0), basis_ceiling)."""
    ceiling = optional(reading.get("basis_ceiling"))
    positive = max(basis, 0)
    return positive if ceiling is None else min(positive, money.oere(ceiling))


def unrounded(basis: int, contract: dict[str, Any], reading: dict[str, Any]) -> Fraction:
    """What the tiers give of a basis under a reading, before its payment ceiling; exact øre."""
    tiers = tiers_of(contract)
    counted = counted_basis(basis, reading)
    total = Fraction(0)
    for position, (above, share) in enumerate(tiers):
        upper = tiers[position + 1][0] if position + 1 < len(tiers) else counted
        total += share * max(0, min(counted, upper) - above)
    return total


def entitlement(basis: int, contract: dict[str, Any], reading: dict[str, Any]) -> int:
    """W(B) under a reading, in øre."""
    total = unrounded(basis, contract, reading)
    ceiling = optional(reading.get("payment_ceiling"))
    if ceiling is not None:
        total = min(total, Fraction(money.oere(ceiling)))
    return money.half_away(total)


def greatest_entitlement(contract: dict[str, Any], reading: dict[str, Any]) -> int | None:
    """The greatest possible W under a reading; null without a ceiling."""
    ceiling, basis_ceiling = (
        optional(reading.get(name)) for name in ("payment_ceiling", "basis_ceiling")
    )
    if ceiling is None and basis_ceiling is None:
        return None
    if basis_ceiling is not None:
        return entitlement(money.oere(basis_ceiling), contract, reading)
    above, share = tiers_of(contract)[-1]
    limit = money.oere(ceiling or "0")
    beyond = above + (int(limit / share) + 100 if share else 0)
    return entitlement(beyond, contract, reading)


def headroom_to_next_tier(
    basis: int, contract: dict[str, Any], reading: dict[str, Any]
) -> int | None:
    """Smallest ``above`` > B' minus B'; null in the last tier."""
    counted = counted_basis(basis, reading)
    higher = [above for above, _ in tiers_of(contract) if above > counted]
    return min(higher) - counted if higher else None


def chosen_reading(contract: dict[str, Any]) -> dict[str, Any]:
    """The reading that decides."""
    readings = contract["payment"]["readings"]
    return next(
        one for one in readings["alternatives"] if one["reading_id"] == readings["chosen"]
    )  # fmt: skip


def overlap(contract: dict[str, Any], lines: list[Line]) -> int:
    """Memo: person-month lines whose month lies in an fte part's evaluation period."""
    evaluation: set[int] = set()
    for part in contract["parts"]:
        if part["kind"] == "fte_reduction":
            evaluation |= set(fte.span(part["evaluation"]))
    return sum(
        line.difference for line in lines if line.course is not None and line.month in evaluation
    )


def settle(
    knowledge: Knowledge,
    contract: dict[str, Any],
    months: list[PersonMonth],
    approved: list[Approved] | None = None,
    releases: list[tuple[int, int]] | None = None,
) -> list[Period]:
    """All periods of a contract with lines, basis, entitlement and payments.

    Args:
        knowledge: what is known.
        contract: the contract with a ``payment`` section.
        months: its person-months (computed with the approved courses first).
        approved: approved periods, a prefix, oldest first.
        releases: (first day of the first period it counts for, øre) of each release.
    """
    frozen = approved or []
    found = periods(contract, knowledge.as_of)
    booked = bookings(knowledge, contract, months)
    ends = {period.start: period.end for period in found}
    state = Running()
    for position, period in enumerate(found):
        if not period.is_closed:
            continue
        if position < len(frozen):
            period.lines = list(frozen[position].lines)
        else:
            period.lines = new_lines(period, booked)
            if position == len(frozen) and frozen:
                period.lines += true_up_lines(frozen, ends, booked, months)
        pay(contract, period, state, frozen[position] if position < len(frozen) else None,
            sum(amount for start, amount in releases or [] if start <= period.start),
            is_last=position == len(found) - 1)  # fmt: skip
    return found


@dataclass
class Running:
    """Sums carried from period to period."""

    basis: int = 0
    frozen_paid: int = 0
    paid_through: int = 0
    greatest_unapproved: int = 0


def pay(
    contract: dict[str, Any],
    period: Period,
    state: Running,
    frozen: Approved | None,
    released: int,
    *,
    is_last: bool,
) -> None:
    """Basis, W, payment_cumulative, paid_through and what follows, for one closed period."""
    basis = sum(line.difference for line in period.lines)
    state.basis += basis
    reading = chosen_reading(contract)
    entitled = entitlement(state.basis, contract, reading)
    authorised = optional(contract["payment"].get("authorised_max"))
    payable = entitled if authorised is None else min(entitled, money.oere(authorised) + released)
    if frozen is not None:
        state.frozen_paid += frozen.payment
        paid_through = state.frozen_paid
    else:
        state.greatest_unapproved = max(state.greatest_unapproved, payable)
        paid_through = max(state.frozen_paid, state.greatest_unapproved, 0)
    greatest = greatest_entitlement(contract, reading)
    period.figures = {
        "basis": basis,
        "basis_cumulative": state.basis,
        "entitlement_cumulative": entitled,
        "payment_cumulative": payable,
        "payment": paid_through - state.paid_through,
        "held_cumulative": entitled - payable,
        "carried_forward": paid_through - payable,
        "repayable": max(0, paid_through - entitled) if is_last else 0,
        "municipality_share_cumulative": state.basis - payable,
        "headroom_to_next_tier": headroom_to_next_tier(state.basis, contract, reading),
        "headroom_to_ceiling": None if greatest is None else greatest - entitled,
        "overlap": overlap(contract, period.lines),
    }
    state.paid_through = paid_through
    for one in contract["payment"]["readings"]["alternatives"]:
        period.readings[one["reading_id"]] = entitlement(state.basis, contract, one)
