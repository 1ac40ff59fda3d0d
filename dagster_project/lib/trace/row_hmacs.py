"""Evidence: keyed hashes of the landed rows that decided a person-month.

What belongs here: reading those rows again from the vault and keeping their hashes in the raw room.
What does not: which rows are evidence (dbt, ``intermediate/evidence``) and how a row is hashed
(``receiving``).

Rules: S.evidence, I.row_hmac.
"""

from __future__ import annotations

from typing import Any

import duckdb

from dagster_project.lib import receiving
from dagster_project.lib.warehouse.rows import insert_rows
from dagster_project.settings import Home

# Grain: one row per landed row that tonight's evidence names (a view; read once).
_WANTED = """
create or replace temp table wanted as
select delivery.sha256, delivery.source, evidence.row_number
from intermediate.int_evidence__list_rows as evidence
inner join raw.delivery as delivery using (delivery_no)
where evidence.row_number is not null
group by all
"""


def load_row_hmacs(connection: duckdb.DuckDBPyConnection, home: Home) -> int:
    """Bring ``raw.row_hmac`` up to date; a row hashed on an earlier night is not read again.

    Call it when the rules have run. Rows that are no longer evidence are forgotten.

    Returns:
        The number of rows that were read from the vault.

    Raises:
        EffektError: the vault does not hold a row that was accepted.
    """
    connection.execute(_WANTED)
    connection.execute(
        "delete from raw.row_hmac as kept where not exists (from wanted where"
        " wanted.sha256 = kept.sha256 and wanted.source = kept.source"
        " and wanted.row_number = kept.row_number)"
    )
    missing = connection.execute(
        """
        select sha256, source, list(row_number order by row_number)
        from wanted anti join raw.row_hmac using (sha256, source, row_number)
        group by sha256, source
        order by source, sha256
        """
    ).fetchall()
    count = 0
    for sha256, source, numbers in missing:
        rows: list[dict[str, Any]] = [
            {"sha256": sha256, "source": source, "row_number": number, "row_hmac": found}
            for number, found in receiving.row_hmacs(home, sha256, source, numbers).items()
        ]
        count += insert_rows(connection, "raw.row_hmac", rows)
    return count
