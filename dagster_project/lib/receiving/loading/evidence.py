"""Evidence: the keyed hash of landed rows, read again from the vault.

Rules: I.row_hmac.
Decides: I.row_hmac.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.keys.pseudonym import read_key
from dagster_project.lib.receiving.formats.content import land
from dagster_project.lib.receiving.formats.engine import open_parser
from dagster_project.lib.receiving.formats.landed import check_headings, landed_text
from dagster_project.lib.receiving.formats.sealed import land_sealed
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.lib.receiving.judging.findings import FileRefusedError
from dagster_project.lib.receiving.loading.as_accepted import kept_of, source_of
from dagster_project.settings import Home

_HMAC_DIGITS = 32
_JOINER = "\x1f"


def row_hmacs(home: Home, sha256: str, source: str, row_numbers: Iterable[int]) -> dict[int, str]:
    """``row_hmac`` of rows of an accepted file.

    Args:
        home: the home whose vault and key are used.
        sha256: the file.
        source: its source.
        row_numbers: 1 = first record after the header.

    Returns:
        row number → first 32 hex of HMAC-SHA256(key, landed texts in declared column order joined
        by U+001F); week columns of a wide file follow in order of time.

    Raises:
        EffektError: the vault does not hold the file, or it lacks a row.
    """
    wanted = sorted(set(row_numbers))
    if not wanted:
        return {}
    record = next(
        (
            record
            for record in load_register(home).accepted()
            if record.sha256 == sha256 and record.source == source
        ),
        None,
    )
    if record is None:
        raise _missing(sha256)
    received, is_sealed = kept_of(home, record)
    if not received.is_there:
        raise _missing(sha256)
    declared = source_of(home, record)
    key = read_key(home)
    with received.opened() as path, open_parser(home.vault) as (parser, spill):
        try:
            if is_sealed:
                landed = land_sealed(path)
            else:
                landed = land(path, record.format or "csv", declared, spill, whole_lines=False)
            layout = check_headings(landed.headings, declared)
            weeks = [landed_text(place) for *_, place in layout.weeks]
            texts = ", ".join([*layout.texts(), *weeks])
            rows = parser.execute(
                f"select row_number, texts from (select row_number() over () as row_number,"
                f" [{texts}] as texts from {landed.relation})"
                " where row_number in (select unnest($rows::bigint[]))",
                {"rows": wanted},
            ).fetchall()
        except FileRefusedError:
            raise _missing(sha256) from None
    if len(rows) != len(wanted):
        raise _missing(sha256)
    return {number: _row_hmac(key, texts) for number, texts in sorted(rows)}


def _row_hmac(key: bytes, texts: list[str]) -> str:
    message = _JOINER.join(texts).encode("utf-8")
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:_HMAC_DIGITS]


def _missing(sha256: str) -> EffektError:
    return EffektError(
        "VAULT_BROKEN",
        f"vault/{sha256[:12]}… har ikke de rækker, der blev modtaget",
        remedy="læg filen tilbage fra mappens sikkerhedskopi; dens navn er dens sha256",
    )
