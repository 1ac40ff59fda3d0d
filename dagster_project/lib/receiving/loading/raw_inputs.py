"""The inputs of a computation in the raw room: deliveries, terms, reference tables, run context.

What belongs here: what a night and a replay load alike. What does not: the ledger, which a night
loads as it stands and a replay as it stood (``ledger``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

import duckdb

from dagster_project.lib import contracts, warehouse
from dagster_project.lib import reference as tables
from dagster_project.lib.receiving.loading.known import write_known
from dagster_project.lib.receiving.loading.load import load_deliveries
from dagster_project.lib.reference import public_holidays
from dagster_project.lib.warehouse.rows import replace_rows
from dagster_project.settings import Home


def load_raw(
    connection: duckdb.DuckDBPyConnection, home: Home, terms: Sequence[contracts.Contract],
    reference: tables.Reference, as_of: dt.date, area: str | None,
    ended: Mapping[str, Collection[dt.date]] | None = None,
) -> None:  # fmt: skip
    """Fill the raw room with everything but the ledger.

    Args:
        connection: an open warehouse.
        home: the home whose vault is loaded.
        terms: the contracts.
        reference: codes, expenditure, words.
        as_of: business date of the run.
        area: the home's municipality; None where no contract names one.
        ended: contracts that are computed no more, with the first days of their approved periods.

    Raises:
        EffektError: a vault file is missing or no longer what was accepted.
    """
    warehouse.create_raw(connection)
    load_deliveries(connection, home)
    contracts.write_contracts(connection, terms, ended)
    tables.write_reference(connection, reference)
    write_known(connection, home, as_of)
    holidays = public_holidays.around(_counted_from(terms, as_of))
    rows = [{"holiday": day} for day in holidays]
    replace_rows(connection, "raw.public_holiday", rows)
    replace_rows(connection, "raw.run_context", [{"as_of_date": as_of, "area": area}])


def _counted_from(terms: Sequence[contracts.Contract], as_of: dt.date) -> list[dt.date]:
    """First and last days that the contracts' deadlines are counted from; none without any."""
    found = []
    for contract in terms:
        if contract.settlement is not None and contract.settlement.calendar is not None:
            ends = [period.period_end for period in contracts.list_periods(contract)]
            found += [contract.term.starts_on, as_of, *ends]
    return found
