"""Defects of finished files, one for every check of gate 50."""

from __future__ import annotations

import json
from collections.abc import Callable

import duckdb

from dagster_project.lib.publishing import Candidate
from dagster_project.lib.publishing import manifest as manifests


def _in_mart(statement: str) -> Callable[[Candidate], None]:
    """Change the candidate's database file only."""

    def plant(candidate: Candidate) -> None:
        with duckdb.connect(str(candidate.mart_file)) as connection:
            connection.execute(statement)

    return plant


def _in_case_mart(statement: str) -> Callable[[Candidate], None]:
    def plant(candidate: Candidate) -> None:
        with duckdb.connect(
            str(candidate.path / manifests.DUCKDB_FILES["restricted"])
        ) as connection:
            connection.execute(statement)

    return plant


def _extra_file(candidate: Candidate) -> None:
    (candidate.path / "payout_mart" / "hemmelig.parquet").write_bytes(b"x")


def _lost_file(candidate: Candidate) -> None:
    (candidate.path / "payout_mart" / "settlement.parquet").unlink()


def _changed_file(candidate: Candidate) -> None:
    path = candidate.path / "restricted" / "participant.parquet"
    path.write_bytes(path.read_bytes() + b"x")


def _in_manifest(key: str, value: str) -> Callable[[Candidate], None]:
    def plant(candidate: Candidate) -> None:
        manifest = manifests.read(candidate.path)
        manifest[key] = value
        (candidate.path / manifests.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")

    return plant


CANDIDATE_DEFECTS: dict[str, Callable[[Candidate], None]] = {
    "file_is_in_manifest": _extra_file,
    "file_is_present": _lost_file,
    "file_is_as_hashed": _changed_file,
    "name_follows_from_content": _in_manifest("snapshot_id", "2025-04-30-000000000000"),
    "as_of_is_the_runs": _in_manifest("as_of_date", "2025-04-29"),
    "column_is_published": _in_mart("alter table mart.settlement drop column payment_dkk"),
    "column_is_declared": _in_mart("alter table mart.settlement add column cpr varchar"),
    "column_has_its_type": _in_mart("alter table mart.settlement alter payment_dkk type double"),
    "column_has_its_place": _in_mart(
        "alter table mart.contract drop column title;"
        "alter table mart.contract add column title varchar"
    ),
    "key_column_is_not_null": _in_mart("alter table mart.contract alter contract_id drop not null"),
    "column_is_described": _in_mart("comment on column mart.contract.title is null"),
    "table_is_described": _in_mart("comment on table mart.contract is null"),
    "rows_are_as_in_manifest": _in_mart("delete from mart.settlement where payment_dkk = 0"),
    "parquet_is_as_duckdb": _in_mart("update mart.settlement set payment_dkk = payment_dkk + 0.01"),
    "published_key_is_unique": _in_mart("insert into mart.contract select * from mart.contract"),
    "published_key_is_filled": _in_mart(
        "alter table mart.contract alter contract_id drop not null;"
        "update mart.contract set contract_id = null"
    ),
    "no_person_number": _in_case_mart(
        "update restricted.participant set course_id = '610190-0001'"
    ),
    "suppressed_row_is_empty": _in_mart("update mart.claim_match set is_suppressed = true"),
    "few_persons_are_hidden": _in_mart(
        "update mart.claim_match set is_suppressed = false, month_count = 1, amount_dkk = 13048"
    ),
    "no_suppressed_row_is_alone": _in_mart(
        "delete from mart.fte_month;"
        "insert into mart.fte_month (area, benefit_group, month, persons_published,"
        " is_published_suppressed, is_suppressed)"
        " values ('Hedensted', 'sygedagpenge', date '2024-01-01', null, false, true),"
        " ('Hedensted', 'sygedagpenge', date '2024-02-01', 500, false, false)"
    ),
    "no_small_count": _in_mart(
        "update mart.fte_month set persons_published = 4, is_suppressed = false"
    ),
}
