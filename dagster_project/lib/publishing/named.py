"""What a person names on a command line, CONTRACT and PERIOD, looked up in the newest snapshot.

What belongs here: which period is meant, and what is answered where none is. What does not: what
may be done to it (``lib/life``).

Rules: P.named.
Decides: P.named.
"""

from __future__ import annotations

import datetime as dt

from dagster_project.lib.base import months
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.publishing.snapshot import Snapshot

_PERIODS = """
    select period_start, period_label
    from mart.settlement
    where contract_id = ?
    order by period_start
"""
_CONTRACTS = "select contract_id from mart.contract order by contract_id"
_MOST_SHOWN = 60


# Rule P.named
def find_period(snapshot: Snapshot, contract_id: str, typed: str) -> dt.date:
    """First day of the period that is named by its first month or by its label.

    Args:
        snapshot: the newest one.
        contract_id: as typed.
        typed: ``2023-01`` or ``2023-K1``.

    Raises:
        UsageError: an unknown contract or period, answered with the known ones (exit 2).
    """
    rows = snapshot.rows(_PERIODS, [contract_id])
    if not rows:
        raise unknown_contract(snapshot, contract_id)
    wanted = typed.strip().casefold()
    names: dict[dt.date, str] = {
        row["period_start"]: typed_name(row["period_label"], row["period_start"]) for row in rows
    }
    for start, name in names.items():
        if wanted in (name.casefold(), f"{start:%Y-%m}"):
            return start
    raise UsageError(
        "kontrakten har ikke den periode",
        remedy=f"PERIOD er en af: {_listed(list(names.values()))}"
        " – eller periodens første måned, ÅÅÅÅ-MM",
    )


def unknown_contract(snapshot: Snapshot, contract_id: str) -> UsageError:
    """The answer to a contract that has no periods here: those that have."""
    known = [row["contract_id"] for row in snapshot.rows(_CONTRACTS)]
    if contract_id in known:
        return UsageError(
            "kontrakten har ingen perioder at afregne",
            remedy="den følges kun op; dens tal står i den udgivne mart",
        )
    return UsageError(
        "ukendt kontrakt", remedy=f"CONTRACT er en af: {_listed(known)}" if known else ""
    )


def typed_name(label: str, start: dt.date) -> str:
    """How a period is typed: its label, or its first month where it has no name of its own."""
    return f"{start:%Y-%m}" if label == start.isoformat() else label


def parse_month(typed: str) -> dt.date:
    """First day of a month that is typed as ``YYYY-MM``.

    Raises:
        UsageError: it is no month (exit 2).
    """
    try:
        return months.parse_month(typed)
    except ValueError:
        raise UsageError("måneden skal skrives ÅÅÅÅ-MM, fx 2024-05") from None


def _listed(names: list[str]) -> str:
    more = f" … og {len(names) - _MOST_SHOWN} til" if len(names) > _MOST_SHOWN else ""
    return ", ".join(names[:_MOST_SHOWN]) + more
