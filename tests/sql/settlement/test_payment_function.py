"""W(B): the macro against fractions, for tiers and ceilings of any shape (S.tiers)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sql.settlement.rendered import render

UNIT = 1_000_000
PAID = """
with reading as (
    select
        [{'above_oere': unnested.above::hugeint, 'below_oere': unnested.below::hugeint,
          'share_parts': unnested.share::hugeint} for unnested in ?] as tiers,
        ?::hugeint as payment_ceiling_oere,
        ?::hugeint as basis_ceiling_oere
),
counted as (
    select reading.*, {{ settlement_counted_oere('basis_oere', 'reading') }} as counted_oere
    from reading, (select ?::hugeint as basis_oere)
)
select {{ settlement_payment_oere('counted_oere', 'counted') }} as payment_oere from counted
"""


@dataclass(frozen=True)
class Terms:
    """Tiers as (threshold in øre, share in millionths) and the ceilings in øre."""

    tiers: tuple[tuple[int, int], ...]
    payment_ceiling: int | None
    basis_ceiling: int | None


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    thresholds = sorted(draw(st.sets(st.integers(1, 10**9), max_size=3)))
    shares = [draw(st.integers(0, UNIT)) for _ in range(len(thresholds) + 1)]
    ceiling = st.one_of(st.none(), st.integers(0, 10**9))
    return Terms(
        tuple(zip([0, *thresholds], shares, strict=True)), draw(ceiling), draw(ceiling)
    )  # fmt: skip


def by_fractions(own: Terms, basis: int) -> int:
    """The formula of the rule, exact, rounded once half away from zero."""
    counted = max(basis, 0)
    if own.basis_ceiling is not None:
        counted = min(counted, own.basis_ceiling)
    ends = [*own.tiers, (None, 0)]
    shared = Fraction(0)
    for (above, share), (below, _) in pairwise(ends):
        assert above is not None
        top = counted if below is None else min(counted, below)
        shared += Fraction(share, UNIT) * max(0, top - above)
    if own.payment_ceiling is not None:
        shared = min(shared, Fraction(own.payment_ceiling))
    return int(shared + Fraction(1, 2))


def by_macro(engine: duckdb.DuckDBPyConnection, own: Terms, basis: int) -> int:
    ends = [*(above for above, _ in own.tiers), None]
    tiers = [
        {"above": above, "below": below, "share": share}
        for (above, share), below in zip(own.tiers, ends[1:], strict=True)
    ]
    # a list whose every `below` is null would have no type
    text = render(PAID).replace(
        "in ?]", "in ?::struct(above bigint, below bigint, share bigint)[]]"
    )
    row = engine.execute(text, [tiers, own.payment_ceiling, own.basis_ceiling, basis]).fetchone()
    assert row is not None
    return int(row[0])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(own=terms(), basis=st.integers(-(10**6), 2 * 10**9))
# Rule S.tiers
def test_the_macro_pays_what_the_fractions_pay(
    engine: duckdb.DuckDBPyConnection, own: Terms, basis: int
) -> None:
    assert by_macro(engine, own, basis) == by_fractions(own, basis)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(own=terms(), data=st.data())
# Rule S.tiers
def test_the_macro_agrees_at_every_threshold_and_ceiling_and_an_oere_either_side(
    engine: duckdb.DuckDBPyConnection, own: Terms, data: st.DataObject
) -> None:
    marks = [above for above, _ in own.tiers]
    marks += [mark for mark in (own.payment_ceiling, own.basis_ceiling) if mark is not None]
    basis = data.draw(st.sampled_from(marks)) + data.draw(st.sampled_from((-1, 0, 1)))
    assert by_macro(engine, own, basis) == by_fractions(own, basis)
