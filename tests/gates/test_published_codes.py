"""Every code of a published night has its Danish word in ``seeds/words.csv``."""

from __future__ import annotations

import duckdb
import pytest

from dagster_project.lib.publishing import current_snapshot
from dagster_project.lib.publishing.manifest import parquet_path
from dagster_project.lib.publishing.tables import declared_tables
from dagster_project.lib.reference import words
from dagster_project.settings import Home

COLUMNS = [
    (room, name, column, domain)
    for (room, name), table in declared_tables().items()
    for column, domain in table.words.items()
]


@pytest.mark.parametrize(("room", "table", "column", "domain"), COLUMNS)
def test_every_published_code_has_a_word(
    sound_night: Home, room: str, table: str, column: str, domain: str
) -> None:
    snapshot = current_snapshot(sound_night)
    assert snapshot is not None
    path = snapshot.path / parquet_path(room, table)
    with duckdb.connect() as connection:
        rows = connection.execute(
            f'select distinct "{column}"::varchar from read_parquet(?)', [str(path)]
        ).fetchall()
    assert [code for (code,) in rows if code and words.find(domain, code) is None] == []
