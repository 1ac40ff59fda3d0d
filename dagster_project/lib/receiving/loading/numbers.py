"""Numbers of persons and courses: a pseudonym for each person, and dense numbers that join rows.

What belongs here: person numbers become ``person_no`` here and nowhere else. What does not: which
rows are loaded (``load``).

Rules: I.person_key.
"""

from __future__ import annotations

import duckdb

from dagster_project.lib.keys.pseudonym import hmac_pads
from dagster_project.lib.receiving.judging.declarations import Source

BATCH = 100_000


class Numbers:
    """Numbers the persons and courses of parsed files; each person is hashed once in a run."""

    def __init__(
        self, warehouse: duckdb.DuckDBPyConnection, parser: duckdb.DuckDBPyConnection, key: bytes
    ) -> None:
        self._warehouse = warehouse
        self._parser = parser
        self._pads = hmac_pads(key)
        parser.execute("create temp table person (cpr bigint, person_no integer)")
        parser.execute(
            "create temp table course (contract_id varchar, course_id varchar, course_ref integer)"
        )

    def number_persons(self, source: Source, table: str) -> bool:
        """Give new persons with rows to load a pseudonym (HMAC once each) and a dense number.

        Newcomers carry a number of their own between the two databases, so that the long pseudonyms
        are compared only with those of persons who came with earlier runs. The order of numbers is
        that of the pseudonyms: the order of the file would tell who was born early in a month.

        Returns:
            whether the numbers lie beside the rows (``_place_numbers``), else they are looked up.
        """
        columns = [column.name for column in source.columns if column.type == "cpr"]
        if not columns:
            return False
        distinct = "" if list(source.key) == columns else "distinct"
        place = "rowid as place, " if source.weeks else ""
        good = good_rows(source)
        everyone = " union ".join(
            f"select {distinct} {place}{name} as cpr from {table}"
            f" where {good} and {name} is not null"
            for name in columns
        )
        inner, outer = self._pads
        self._parser.execute(
            f"""create or replace temp table newcomer as
            select row_number() over () as n, *
            from (
                select *, left(sha256($outer || unhex(sha256($inner
                    || encode(lpad(cpr::varchar, 10, '0'))))), 32) as person_key
                from ({everyone}) anti join person using (cpr)
                order by person_key)""",
            {"inner": inner, "outer": outer},
        )
        is_placed = False
        newcomers = self._parser.execute("select count(*) from newcomer").fetchall()[0][0]
        if newcomers:
            numbered = self._number_newcomers()
            self._parser.execute(f"insert into person select cpr, person_no from {numbered}")
            if source.weeks:
                is_placed = self._place_numbers(table, good, newcomers, numbered)
            self._parser.unregister("numbers")
        self._parser.execute("drop table newcomer")
        return is_placed

    def _place_numbers(self, table: str, good: str, newcomers: int, numbered: str) -> bool:
        """Lay the numbers beside the rows of a table that names each person once.

        Where all of its persons are new this is a place in an array for each of them; to look up
        six million of them by their keys costs as much as to unfold all their weeks.
        """
        rows, with_person = self._parser.execute(
            f"select count(*), count(*) filter ({good}) from {table}"
        ).fetchall()[0]
        if newcomers != with_person:
            return False
        import numpy as np
        import pyarrow as pa

        numbers = np.zeros(rows, np.int32)
        for batch in self._parser.sql(f"select place, person_no from {numbered}").to_arrow_reader(
            BATCH
        ):
            numbers[batch.column(0).to_numpy()] = batch.column(1).to_numpy()
        self._parser.register("placed", pa.table({"number_here": numbers}))
        return True

    def _number_newcomers(self) -> str:
        """Number them in the warehouse; returns the relation that adds ``person_no`` to each."""
        taken = self._warehouse.execute("select max(person_no) from raw.person").fetchall()[0][0]
        pseudonyms = "select n, person_key from newcomer"
        if taken is None:
            self._hand_over(pseudonyms, "insert into raw.person from handed_over")
            return "(select *, n::integer as person_no from newcomer)"
        self._hand_over(
            pseudonyms,
            """
            create or replace temp table numbered as
            select n, person_key, person_no from handed_over
            left join raw.person using (person_key)
            """,
        )
        self._warehouse.execute(
            """
            update numbered set person_no = $taken + fresh.place
            from (select n, row_number() over (order by n) as place from numbered
                  where person_no is null) as fresh
            where numbered.n = fresh.n
            """,
            {"taken": taken},
        )
        self._warehouse.execute(
            "insert into raw.person select person_no, person_key from numbered"
            " where person_no > $taken order by person_no",
            {"taken": taken},
        )
        numbers = self._warehouse.sql("select person_no from numbered order by n").to_arrow_table()
        self._parser.register("numbers", numbers)
        self._warehouse.execute("drop table numbered")
        return "(select * from newcomer positional join numbers)"

    def number_courses(self, table: str) -> None:
        """Give courses that are new to the warehouse a dense number: it joins lists and claims."""
        self._parser.execute(
            f"create or replace temp table new_course as select distinct contract_id, course_id"
            f" from {table} anti join course using (contract_id, course_id) where faults is null"
        )
        self._hand_over(
            "select contract_id, course_id from new_course",
            "create or replace temp table named as from handed_over",
        )
        self._warehouse.execute(
            """
            insert into raw.course
            select
                (select coalesce(max(course_ref), 0) from raw.course)
                + row_number() over (order by contract_id, course_id),
                contract_id, course_id
            from named anti join raw.course using (contract_id, course_id)
            """
        )
        numbered = "from named join raw.course using (contract_id, course_id)"
        reader = self._warehouse.sql(
            f"select contract_id, course_id, course_ref {numbered}"
        ).to_arrow_reader(BATCH)
        self._parser.register("numbered", reader)
        self._parser.execute("insert into course select * from numbered")
        self._parser.unregister("numbered")
        self._parser.execute("drop table new_course")
        self._warehouse.execute("drop table named")

    def _hand_over(self, sql: str, target: str) -> None:
        hand_over(self._parser, self._warehouse, sql, target)


def hand_over(
    parser: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection, sql: str, target: str
) -> None:
    """Stream a query of the parser into a statement of the warehouse, there ``handed_over``."""
    reader = parser.sql(sql).to_arrow_reader(BATCH)
    warehouse.register("handed_over", reader)
    try:
        warehouse.execute(target)
    finally:
        warehouse.unregister("handed_over")


def good_rows(source: Source) -> str:
    """SQL: rows without a fault that say something of their persons.

    In a wide weekly file most persons of a country have no week with a code: such a row gives
    nothing to load, and its person no pseudonym.
    """
    return "faults is null and filled > 0" if source.weeks else "faults is null"
