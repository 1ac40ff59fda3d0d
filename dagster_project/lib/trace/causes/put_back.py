"""Putting one kind of input back to what an approval rested on, in the order of the law."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import duckdb

from dagster_project.lib.trace.causes.changes import Past
from dagster_project.lib.trace.causes.today import COURSE_ROWS, DECISION
from dagster_project.lib.trace.causes.trial import Trial
from dagster_project.lib.trace.side_home import opened
from dagster_project.lib.warehouse.rows import insert_rows

if TYPE_CHECKING:
    from dagster_project.lib.contracts import Contract

EXITS = "int_courses__date_exits"


def _contracts_then(trial: Trial) -> list[Contract]:
    from dagster_project.lib.contracts import contract_from_json, load_contracts

    today = load_contracts(trial.settings.contracts_dir, trial.settings.area)
    then = {
        one.past.contract_id: contract_from_json(json.dumps(one.past.told["terms"]))
        for one in trial.contracts
    }
    return [then.get(one.contract_id, one) for one in today]


def _put_back_terms(trial: Trial) -> None:
    from dagster_project.lib import ledger
    from dagster_project.lib.contracts import write_contracts

    own, terms = trial.settings, _contracts_then(trial)
    with opened(trial.side) as connection:
        write_contracts(connection, terms, ledger.ended_contracts(own.home, terms, own.as_of))
    trial.rerun_all()


def _put_back_codes(trial: Trial) -> None:
    from dagster_project.lib import reference

    codes = reference.load_reference().with_codes(trial.contracts[0].past.told["benefit_codes"])
    with opened(trial.side) as connection:
        reference.write_reference(connection, codes)
    trial.rerun_all()


def _put_back_withdrawn(trial: Trial) -> None:
    """Deliveries that have been withdrawn since are known again."""
    trial.know_also(row for one in trial.contracts for row in one.withdrawn)
    trial.rerun_all()


def _put_back_decisions(trial: Trial) -> None:
    """Disputes are decided as far as they were then."""
    with opened(trial.side) as connection:
        for one in trial.contracts:
            connection.execute(
                "delete from raw.ledger_event"
                " where action = 'decide' and contract_id = ? and sequence > ?",
                [one.past.contract_id, one.past.sequence],
            )
    trial.rerun_all()


def _put_back_participants(trial: Trial) -> None:
    """Person, referral and stated group as then; the stated end as today; numbers as then."""
    trial.know_also(row for row in trial.then if row["source"] == "deltagere")
    with opened(trial.side) as connection:
        for one in trial.contracts:
            _put_back_list(connection, one.past)
        _put_back_status(connection, trial, "event = 'nyt_cpr'")
    trial.rerun_with_places_held()


def _put_back_list(connection: duckdb.DuckDBPyConnection, past: Past) -> None:
    connection.execute(COURSE_ROWS, {"contract": past.contract_id, "deliveries": past.deliveries})
    connection.execute("delete from raw.deltagere where contract_id = ?", [past.contract_id])
    connection.execute(
        """
        insert into raw.deltagere by name
        select
            past.delivery_no, past.row_number, course.contract_id, past.course_id,
            course.course_ref, past.person_no, past.visited_on, past.stated_group, today.ended_on,
            today.end_reason
        from course_row as past
        inner join raw.course as course
            on course.contract_id = ? and past.course_id = course.course_id
        left join course_row as today on past.course_id = today.course_id and not today.is_then
        where past.is_then
        """,
        [past.contract_id],
    )


def _put_back_status(connection: duckdb.DuckDBPyConnection, trial: Trial, condition: str) -> None:
    """Rows of tonight's person status that meet a condition, as they stood in the one of then."""
    rows = [row for row in trial.known if row["source"] == "personstatus"]
    then = [row for row in trial.then if row["source"] == "personstatus"]
    if not rows or (then and rows[-1]["delivery_no"] == then[-1]["delivery_no"]):
        return
    now_no = rows[-1]["delivery_no"]
    connection.execute(
        f"delete from raw.personstatus where delivery_no = ? and {condition}",  # noqa: S608
        [now_no],
    )
    if then:
        connection.execute(
            f"""
            insert into raw.personstatus by name
            select * replace (? as delivery_no) from raw.personstatus
            where delivery_no = ? and {condition}
            """,  # noqa: S608 - a condition from code
            [now_no, then[-1]["delivery_no"]],
        )


def _put_back_exits(trial: Trial) -> None:
    """Exits as the approval's participants had them; everything else as today."""
    with opened(trial.side) as connection:
        for one in trial.contracts:
            _put_back_dates(connection, one.past)
    trial.rerun_after(EXITS, until=DECISION)
    trial.hold_places_of_today()
    trial.rerun_after(DECISION)


def _put_back_dates(connection: duckdb.DuckDBPyConnection, past: Past) -> None:
    then = [
        {"course_id": course, "exit_date": row["exit_date"], "exit_reason": row["exit_reason"]}
        for course, row in past.participants.items()
        if row["exit_date"] is not None
    ]
    connection.execute(
        "create or replace temp table past_exit"
        " (course_id varchar, exit_date date, exit_reason varchar)"
    )
    insert_rows(connection, "past_exit", then)
    connection.execute(
        """
        delete from intermediate.int_courses__date_exits as today
        using intermediate.int_courses__resolve_known as course
        where today.course_no = course.course_no and course.contract_id = ?
        """,
        [past.contract_id],
    )
    connection.execute(
        """
        insert into intermediate.int_courses__date_exits by name
        select course.course_no, past_exit.exit_date, past_exit.exit_reason
        from past_exit
        inner join intermediate.int_courses__resolve_known as course
            on course.contract_id = ? and past_exit.course_id = course.course_id
        """,
        [past.contract_id],
    )


def _put_back_claims(trial: Trial) -> None:
    trial.know_as_then("resultatkrav")
    trial.rerun_all()


def _put_back_register(trial: Trial) -> None:
    """Registers and wages as then, and person status no newer than then; its events as today."""
    rows = [row for row in trial.known if row["source"] == "personstatus"]
    then = [row for row in trial.then if row["source"] == "personstatus"]
    now_no = rows[-1]["delivery_no"] if rows else None
    if then and now_no != then[-1]["delivery_no"]:
        with opened(trial.side) as connection:
            connection.execute(
                "delete from raw.personstatus where delivery_no = ?", [then[-1]["delivery_no"]]
            )
            connection.execute(
                """
                insert into raw.personstatus by name
                select * replace (? as delivery_no) from raw.personstatus where delivery_no = ?
                """,
                [then[-1]["delivery_no"], now_no],
            )
    sources = ["ydelsesforloeb", "dream", "ydelsesrefusion", "eindkomst"]
    trial.know_as_then(*sources, *(["personstatus"] if then else []))
    trial.rerun_with_places_held()


def _put_back_statistics(trial: Trial) -> None:
    trial.know_as_then("jobindsats")
    trial.rerun_all()


def _put_back_places(trial: Trial) -> None:
    """Who has a place as it was then; everything else as today."""
    trial.hold_places(
        [
            (one.past.contract_id, course, row["eligibility"])
            for one in trial.contracts
            for course, row in one.past.participants.items()
        ]
    )
    trial.rerun_after(DECISION)


KINDS: tuple[tuple[str, Callable[[Trial], None]], ...] = (
    ("terms_changed", _put_back_terms),
    ("codes_changed", _put_back_codes),
    ("delivery_withdrawn", _put_back_withdrawn),
    ("decision_made", _put_back_decisions),
    ("participant_changed", _put_back_participants),
    ("exit_added", _put_back_exits),
    ("claim", _put_back_claims),
    ("register_changed", _put_back_register),
    ("statistics_revised", _put_back_statistics),
    ("quota_changed", _put_back_places),
)
