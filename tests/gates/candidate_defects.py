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
            case_mart = candidate.path / manifests.DUCKDB_FILES["restricted"]
            connection.execute(f"attach '{case_mart}' as case_mart (read_only)")
            connection.execute(statement)

    return plant


def _in_case_mart(statement: str) -> Callable[[Candidate], None]:
    def plant(candidate: Candidate) -> None:
        with duckdb.connect(
            str(candidate.path / manifests.DUCKDB_FILES["restricted"])
        ) as connection:
            connection.execute(statement)

    return plant


def _contract(query: str) -> str:
    """Make ``mart.contract`` anew from a query, without its key."""
    return f"create or replace table mart.contract as {query}"


def _silent_parquet(candidate: Candidate) -> None:
    """The same rows without a word about them."""
    path = candidate.path / "payout_mart" / "contract.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table told as from '{path}'")
        path.unlink()
        connection.execute(f"copy told to '{path}' (format parquet)")


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


def _goals(counts: str) -> str:
    """A row of twenty persons that is not hidden, with these counts and computed figures."""
    return (
        "insert into mart.focus_goal (contract_id, month, benefit_group, persons, with_placement,"
        " with_hours, with_either, achieved_share, target_share, missing_to_target, is_suppressed,"
        " null_reason)"
        f" values ('a', date '2024-01-01', 'g', 20, {counts}, false, 'hidden')"
    )


# a match of ten months of which six are shown, and what is left stands as hidden
_REST_OF_FOUR = (
    "insert into mart.claim_match_period values ('a', date '2024-01-01', 'none', 10, 0);"
    "insert into mart.claim_match values"
    " ('a', date '2024-01-01', 'none', 'exited', 6, 0, false, ''),"
    " ('a', date '2024-01-01', 'none', 'hidden', null, null, true, 'hidden')"
)
# one reason of the sound night's matches is shown, the others stand as hidden: few are behind them
_ONE_OF_TWO_IS_HIDDEN = (
    "create temp table kept as select contract_id, period_start, match, min(reason) as reason"
    " from case_mart.restricted.person_month where period_start is not null group by all;"
    "delete from mart.claim_match;"
    "insert into mart.claim_match select contract_id, period_start, match, reason, 9, 9, false, ''"
    " from kept;"
    "insert into mart.claim_match select contract_id, period_start, match, 'hidden', null, null,"
    " true, 'hidden' from kept"
)

_HIDDEN_IN_ONE_MATCH = (
    "create temp table told as select distinct contract_id, period_start"
    " from case_mart.restricted.person_month where reason in ('on_support', 'not_observed')"
    " and period_start is not null;"
    "delete from mart.claim_match where reason in ('on_support', 'not_observed', 'hidden');"
    "insert into mart.claim_match select contract_id, period_start, 'agreed', reason, 9, 9, false,"
    " '' from told, (values ('on_support'), ('not_observed')) as known (reason)"
)

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
        _contract("select * exclude (title), title from mart.contract")
    ),
    "key_column_is_not_null": _in_mart(_contract("select * from mart.contract")),
    "key_is_enforced": _in_mart(_contract("select * from mart.contract")),
    "column_is_described": _in_mart("comment on column mart.contract.title is 'Another'"),
    "table_is_described": _in_mart("comment on table mart.contract is 'Another'"),
    "parquet_says_what_it_holds": _silent_parquet,
    "rows_are_as_in_manifest": _in_mart("delete from mart.settlement where payment_dkk = 0"),
    "parquet_is_as_duckdb": _in_mart("update mart.settlement set payment_dkk = payment_dkk + 0.01"),
    "published_key_is_unique": _in_mart(
        _contract("select * from mart.contract union all select * from mart.contract")
    ),
    "published_key_is_filled": _in_mart(
        _contract("select * replace (null::varchar as contract_id) from mart.contract")
    ),
    "no_person_number": _in_case_mart(
        "update restricted.participant set exit_reason = '610190-0001'"
    ),
    "suppressed_row_is_empty": _in_mart(
        "update mart.claim_match set is_suppressed = true where reason <> 'hidden'"
    ),
    "few_persons_are_hidden": _in_mart(
        "update mart.claim_match set is_suppressed = false, month_count = 1, amount_dkk = 13048;"
        "insert into mart.claim_match select distinct m.contract_id, m.period_start, m.match,"
        " 'on_support', 5, 0, false, '' from mart.claim_match_period as m"
        " where not exists (from mart.claim_match as c where c.contract_id = m.contract_id"
        " and c.period_start = m.period_start and c.match = m.match and c.reason = 'on_support')"
    ),
    "hidden_row_covers_five_or_all": _in_mart(_ONE_OF_TWO_IS_HIDDEN),
    "no_sum_over_matches_gives_a_reason_back": _in_mart(_HIDDEN_IN_ONE_MATCH),
    "hidden_row_names_no_member": _in_mart(
        "insert into mart.claim_match values"
        " ('a', date '2024-01-01', 'none', 'on_support', null, null, true, 'hidden')"
    ),
    "no_total_leaves_a_small_rest": _in_mart(_REST_OF_FOUR),
    "no_small_count": _in_mart(
        "update mart.fte_month set persons_published = 4, is_suppressed = false"
    ),
    "counts_are_hidden_together": _in_mart(_goals("null, 10, 20, null, 0.7, null")),
    "no_count_of_a_row_is_got_back": _in_mart(_goals("10, 14, 14, 0.7, 0.7, 0")),
    "no_computed_figure_gives_a_count_back": _in_mart(_goals("null, null, null, 0.2, 0.7, null")),
    "no_other_table_gives_a_cell_back": _in_mart(_REST_OF_FOUR),
    "null_says_why": _in_mart("update mart.claim_match set null_reason = 'not_observed'"),
    "no_reason_gives_a_count_away": _in_mart(
        "insert into mart.fte_month values ('a', 'g', date '1999-01-01', 20, 9, false, null, false,"
        " 'x', 'hidden')"
    ),
    "publication_is_the_manifests": _in_mart("update mart.publication set publication_no = 7"),
    "history_ends_with_today": _in_mart(
        "delete from mart.settlement_history where payment_dkk > 0"
    ),
    "history_tells_changes_only": _in_mart(
        "insert into mart.settlement_history select * replace (9 as publication_no)"
        " from mart.settlement_history"
    ),
    "month_is_in_the_calendar": _in_mart(
        "delete from mart.calendar_month where month = (select min(month) from mart.fte_month)"
    ),
    "calendar_has_no_gap": _in_mart(
        "delete from mart.calendar_month where month = (select min(month) + interval 1 month"
        " from mart.calendar_month)"
    ),
}
