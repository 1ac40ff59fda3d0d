"""One cell of a good file spoilt as programs and people spoil cells: refused, or the same rows.

A cell that was spoilt into another value that somebody may mean cannot be found by looking at it;
what is tried here are spoilings of form.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib.receiving.formats import content, engine
from dagster_project.lib.receiving.formats.spill import Spill
from dagster_project.lib.receiving.judging import findings, grammar, names
from dagster_project.lib.receiving.judging.declarations import load_sources
from dagster_project.lib.reference import load_benefits
from tests.faults import corpus
from tests.unit.receiving import homes

TRIED = 100
CONTEXT = grammar.Context(load_benefits(), homes.CONTRACTS)
Spoil = Callable[[str], str]
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
SPOILINGS: dict[str, Spoil] = {
    "a hard space behind": lambda text: f"{text}\u00a0",
    "a hard space inside": lambda text: f"{text[:1]}\u00a0{text[1:]}",
    "a hidden space": lambda text: f"{text[:1]}\u200b{text[1:]}",
    "a mark from right to left": lambda text: f"\u202e{text}",
    "wide digits": lambda text: text.translate(WIDE),
    "a tab": lambda text: f"{text}\t",
    "a null": lambda text: f"{text}\0",
    "a quote": lambda text: f'{text[:1]}"{text[1:]}',
    "an apostrophe before": lambda text: f"'{text}",
    "one more field": lambda text: f"{text};",
    "a line end": lambda text: f"{text[:1]}\n{text[1:]}",
    "a decimal point and a zero": lambda text: f"{text}.0",
    "an exponent": lambda text: "1,02E+08" if text.isdecimal() else f"{text}E+08",
    "a word for nothing": lambda _text: "#N/A",
    "a serial day": lambda text: "45720" if _is_day(text) else f"{text}#",
    "slashes": lambda text: text.replace("-", "/") if _is_day(text) else f"/{text}",
    "the day first": lambda text: "-".join(text.split("-")[::-1]) if _is_day(text) else f"{text}-",
    "two digits of the year": lambda text: text[2:] if _is_day(text) else f"{text}?",
    "a day that is none": lambda text: f"{text[:8]}32" if _is_day(text) else f"{text}!",
    "an hour": lambda text: f"{text} 00:30",
    "kroner": lambda text: f"{text} kr.",
    "brackets": lambda text: f"({text})",
    "another minus": lambda text: f"\u2212{text}",
    "letters encoded twice": lambda text: text.encode().decode("cp1252", "replace") + "Ã¸",
}


def _is_day(text: str) -> bool:
    return len(text) == len("2023-01-02") and text[4:5] == text[7:8] == "-"


def cells() -> list[tuple[str, int, int, str]]:
    """Each filled cell with each spoiling that changes it, where not every text is a value.

    Any text is a free text, and any is the name of some benefit where those that the product does
    not map are skipped and counted (I.jobindsats).
    """
    free = {
        (name, column.heading)
        for name, source in load_sources().items()
        for column in source.columns
        if column.type == "text" or column.unmapped == "skip"
    }
    return [
        (source, row, column, kind)
        for source, (headings, rows) in sorted(corpus.TABLES.items())
        for row, values in enumerate(rows)
        for column, value in enumerate(values)
        for kind, spoil in SPOILINGS.items()
        if value and spoil(value) != value and (source, headings[column]) not in free
    ]


class Parser:
    """What comes of a file's bytes."""

    def __init__(self, connection: Any, folder: Path, spill: Spill) -> None:
        self._connection = connection
        self._folder = folder
        self._spill = spill

    def rows(self, source: str, data: bytes) -> list[Any] | None:
        """The typed rows but those that are skipped; None where the file is refused."""
        name = f"{source}_2024-02-01{corpus.WINDOWS.get(source, '')}.csv"
        path = self._folder / "file"
        path.write_bytes(data)
        try:
            parts = names.parse_name(name, load_sources())
            read = content.read_content(
                self._connection, path, parts, CONTEXT, self._spill, "typed"
            )
        except findings.FileRefusedError:
            return None
        if read.is_refused:
            return None
        rows = self._connection.execute("select * from typed order by rowid").fetchall()
        return [row for row in rows if row[-1] != "skipped"]


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parser]:
    folder = tmp_path_factory.mktemp("cells")
    with engine.open_parser(folder) as (connection, spill):
        yield Parser(connection, folder, spill)


# Rules I.refusal, I.formats
def test_a_corrupted_cell_is_refused_or_means_the_same(parser: Parser) -> None:
    clean = {source: parser.rows(source, corpus.good_csv(source)) for source in corpus.TABLES}
    assert all(clean.values())
    kinds: set[str] = set()
    wrong, refused = [], 0
    for source, row, column, kind in random.Random(32).sample(cells(), TRIED):
        headings, rows = corpus.TABLES[source]
        told = [list(values) for values in rows]
        told[row][column] = SPOILINGS[kind](told[row][column])
        text = "".join(";".join(line) + "\n" for line in [headings, *told])
        found = parser.rows(source, text.encode())
        kinds.add(kind)
        refused += found is None
        if found is not None and found != clean[source]:
            wrong.append(f"{source} {headings[column]} row {row + 1}: {kind}")
    assert wrong == []
    assert len(kinds) > len(SPOILINGS) / 2
    assert refused > TRIED / 2


def test_another_value_is_seen(parser: Parser) -> None:
    """What the test above would see if a corruption were taken for a value."""
    good = corpus.good_csv("ydelsesforloeb")
    other = good.replace(b"2023-03-31", b"2023-03-30")
    assert parser.rows("ydelsesforloeb", other) != parser.rows("ydelsesforloeb", good)
