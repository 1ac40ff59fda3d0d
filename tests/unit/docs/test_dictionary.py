"""The data dictionary is the marts' own yml, whole and current."""

from __future__ import annotations

from dagster_project.lib.publishing import dictionary
from dagster_project.lib.publishing.tables import declared_tables


def test_the_dictionary_is_what_the_yml_says_today() -> None:
    assert dictionary.PAGE.read_text(encoding="utf-8") == dictionary.page_text()


def test_every_published_table_and_column_stands_in_it() -> None:
    page = dictionary.page_text()
    for (room, name), table in declared_tables().items():
        section = page.split(f"### `{room}.{name}`")[1].split("###")[0]
        for column, _ in table.columns:
            assert f"| {column} |" in section, (name, column)
