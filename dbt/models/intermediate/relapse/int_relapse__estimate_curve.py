"""Share of entries without a return by month: the Kaplan-Meier estimator of scipy.

grain: one row per relapse part and whole month since the entry
counts: still_out_share, the product of (1 - returned / at_risk) up to the month, rounded once
rules: R5.curve
decides: R5.curve
left out: the counts themselves (int_relapse__time_returns)
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any


def still_out_shares(at_risk: Sequence[int], returned: Sequence[int]) -> list[Decimal]:
    """Kaplan-Meier survival just after months 0, 1, ... as decimals with six places.

    Args:
        at_risk: entries with time >= m, by month, non-increasing.
        returned: entries that returned in month m.
    """
    import numpy as np
    from scipy.stats import CensoredData, ecdf

    months = np.arange(len(at_risk))
    leaving = np.array(at_risk) - np.append(np.array(at_risk)[1:], 0)
    censored = np.repeat(months, leaving - np.array(returned))
    events = np.repeat(months, returned)
    survival = ecdf(CensoredData(uncensored=events, right=censored)).sf
    shares = survival.evaluate(months)
    # twelve places first: a float one unit below a tie must not fall to the wrong side of it
    return [
        Decimal(f"{share:.12f}").quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)
        for share in shares
    ]


def model(dbt: Any, session: Any) -> Any:
    """The estimated curve of every relapse part."""
    dbt.config(materialized="table")
    rows = (
        dbt.ref("int_relapse__time_returns")
        .project("contract_id, part_id, months_since_entry, at_risk, returned")
        .order("contract_id, part_id, months_since_entry")
        .fetchall()
    )
    parts = {}
    for contract_id, part_id, _, at_risk, returned in rows:
        counts = parts.setdefault((contract_id, part_id), ([], []))
        counts[0].append(at_risk)
        counts[1].append(returned)
    shares = [
        (contract_id, part_id, month, str(share))
        for (contract_id, part_id), (at_risk, returned) in parts.items()
        for month, share in enumerate(still_out_shares(at_risk, returned))
    ]
    import pyarrow as pa

    columns = list(zip(*shares, strict=True)) if shares else [[], [], [], []]
    table = pa.table(
        {
            "contract_id": pa.array(columns[0], pa.string()),
            "part_id": pa.array(columns[1], pa.string()),
            "months_since_entry": pa.array(columns[2], pa.int64()),
            "still_out_share": pa.array([Decimal(x) for x in columns[3]], pa.decimal128(9, 6)),
        }
    )
    return session.from_arrow(table)
