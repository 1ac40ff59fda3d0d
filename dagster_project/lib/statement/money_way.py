"""The way from the basis to the payment of a period, from the figures: rows of kroner.

What belongs here: tiers, ceiling, authorised maximum, release, hold, earlier periods, what is
carried forward, in their order and with the amounts between them. What does not: drawing, layout,
and any rule: each amount is a figure, or the difference of two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dagster_project.lib.base import danish
from dagster_project.lib.charts import Bar
from dagster_project.lib.statement.sheet import Content, amount, tier_title

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Limits:
    """What the authorised maximum does to the entitlement, in kroner.

    ``over`` is what the entitlement is above the maximum, ``used`` what of it has been released,
    ``held`` the rest; ``pending`` was released after the figures were made.
    """

    maximum: Decimal | None
    released: Decimal
    pending: Decimal
    over: Decimal
    used: Decimal
    held: Decimal

    @property
    def ceiling(self) -> Decimal | None:
        """The maximum with what has been released."""
        return None if self.maximum is None else self.maximum + self.released


def limits(content: Content) -> Limits:
    """The authorised maximum, the releases and what is held."""
    figures = content["figures"]
    terms = content["provenance"]["terms"]["payment"]
    # figures of format 1 do not hold the maximum
    told = figures.get("authorised", {"maximum": terms.get("authorised_max"), "released": "0.00"})
    maximum = None if told["maximum"] is None else Decimal(str(told["maximum"]))
    released = amount(told["released"])
    entitled, held = (
        amount(figures["entitlement"]["cumulative"]),
        amount(figures["held"]["cumulative"]),
    )
    over = NOTHING if maximum is None else max(NOTHING, entitled - maximum)
    over = max(over, held)
    pending = sum(
        (amount(one["amount_dkk"]) for one in releases(content) if not one["is_counted"]), NOTHING
    )
    return Limits(maximum, released, pending, over, over - held, held)


def releases(content: Content) -> list[Mapping[str, Any]]:
    """The releases that bear on the period; a document of before has none."""
    return list(content.get("releases", ()))


@dataclass(frozen=True)
class Earlier:
    """What was settled in the periods before, in kroner, and what of it has been paid."""

    settled: Decimal
    approved: Decimal
    paid: Decimal


def earlier(content: Content) -> Earlier:
    """Settled in earlier periods, and of it approved and paid."""
    payment = content["figures"]["payment"]
    through = amount(payment["cumulative"]) + amount(payment["carried_forward"])
    rows = content.get("earlier", ())
    sums = {
        state: sum((amount(row["payment_dkk"]) for row in rows if row["state"] in states), NOTHING)
        for state, states in (("approved", ("approved", "paid")), ("paid", ("paid",)))
    }
    return Earlier(through - amount(payment["period"]), sums["approved"], sums["paid"])


def bars(content: Content) -> list[Bar]:
    """The rows of the way, in order."""
    figures = content["figures"]
    made = [Bar("Grundlag i alt", amount(figures["basis"]["cumulative"]), "basis")]
    made += _steps(content)
    payment = figures["payment"]
    carried, before = amount(payment["carried_forward"]), earlier(content).settled
    between = [
        Bar("Afregnet i tidligere perioder", -before, "step"),
        Bar("Afregnet for meget, overføres", carried, "step"),
    ]
    made += [bar for bar in between if bar.amount]
    return [*made, Bar("Til betaling for perioden", amount(payment["period"]), "here")]


def _steps(content: Content) -> Iterator[Bar]:
    figures = content["figures"]
    walked = NOTHING
    for place, step in enumerate(figures["tiers"]["steps"]):
        share = danish.percent(Decimal(step["provider_share"]), 0)
        of = danish.number(amount(step["basis"]), 0)
        title = tier_title(content, place)
        walked += amount(step["amount"])
        yield Bar(f"{title}: {share} af {of}", amount(step["amount"]), "step", f"{title}: {share}")
    entitled = amount(figures["entitlement"]["cumulative"])
    if entitled != walked:
        yield Bar("Loft over betalingen", entitled - walked, "step")
    yield Bar("Betalingsret i alt", entitled, "total")
    found = limits(content)
    if not found.over:
        return
    yield Bar("Over bevillingen", -found.over, "step")
    if found.used:
        yield Bar("Frigivet ved navn", found.used, "step")
    within = amount(figures["payment"]["cumulative"])
    yield Bar("Betalingsret inden for bevillingen", within, "total", "Inden for bevillingen")
