"""The posting files of approved settlements: what finance pays, one file an approval.

What belongs here: the file, and making those that are missing or say something else. What does not:
any amount; it is the approving event's.

Rules: S.posting.
Decides: S.posting.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

from dagster_project.lib.base import files
from dagster_project.lib.base.canonical import money_text
from dagster_project.lib.ledger import frozen
from dagster_project.lib.ledger.chain import Event, Ledger
from dagster_project.lib.ledger.state import approvals_of
from dagster_project.lib.statement.workbook import escaped
from dagster_project.settings import Home

HEADINGS = ("contract", "period", "amount", "payee", "statement_sha256")


def path_of(home: Home, approval: Event) -> Path:
    """``reports/posteringer/<contract>_<YYYY-MM>.csv``."""
    name = f"{approval.contract_id}_{approval.period_start:%Y-%m}.csv"
    return home.reports / "posteringer" / name


def write_postings(home: Home, ledger: Ledger) -> list[Path]:
    """Write the posting file of every approval whose file is missing or says something else.

    Those files are made of the ledger, which may have been put back since they were written.

    Returns:
        The files written.
    """
    written = []
    for approval in approvals_of(ledger).values():
        path = path_of(home, approval)
        content = _text(home, approval).encode("utf-8")
        if not path.is_file() or path.read_bytes() != content:
            files.make_dir(path.parent)
            written.append(files.write_atomic(path, content))
    return written


def _text(home: Home, approval: Event) -> str:
    made = io.StringIO()
    rows = csv.writer(made, delimiter=";")
    rows.writerow(HEADINGS)
    rows.writerow(
        [
            approval.contract_id,
            f"{approval.period_start:%Y-%m}",
            money_text(approval.amount_dkk or Decimal(0)).replace(".", ","),
            escaped(_payee(frozen.read(home, approval))),
            approval.statement_sha256,
        ]
    )
    return made.getvalue()


def _payee(document: frozen.Document) -> str:
    """The provider of the approved terms, else the investor (docs/adr/0024)."""
    parties = document["provenance"]["terms"]["parties"]
    return str(parties["provider"] or parties["investor"] or "")
