"""The files of the how-to are read as it says: an example has a file, an overlay, an outcome."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from dagster_project.lib.receiving.check import check_file
from dagster_project.settings import PROJECT_ROOT
from tests.faults import corpus

PAGE = PROJECT_ROOT / "docs" / "how-to" / "filer-som-de-kommer.md"
CONTRACTS = frozenset({"hedensted-arbejdsfastholdelse"})
_EXAMPLE = re.compile(
    r"`(?P<file>[^`]+\.csv)`(?: \((?P<encoding>\w+)\))?:\n\n```csv\n(?P<data>.*?)```\n\n"
    r"`sources/(?P<overlay>[^`]+)`:\n\n```yaml\n(?P<yml>.*?)```\n\n"
    r"```console\neffekt check (?P<checked>\S+) --source (?P<source>\w+)\n```\n\n"
    r"```text\n(?P<outcome>.*?)```",
    re.DOTALL,
)


@dataclass(frozen=True)
class Example:
    """One worked example of the page."""

    file: str
    encoding: str | None
    data: str
    overlay: str
    yml: str
    checked: str
    source: str
    outcome: str


EXAMPLES = [Example(**found.groupdict()) for found in _EXAMPLE.finditer(PAGE.read_text("utf-8"))]


def _checked(folder: Path, example: Example, name: str, data: bytes, *, laid: bool = True) -> str:
    sources = folder / "sources"
    sources.mkdir(exist_ok=True)
    if laid:
        (sources / example.overlay).write_text(example.yml, encoding="utf-8")
    path = folder / name
    path.write_bytes(data)
    return check_file(path, CONTRACTS, sources).text()


def _bytes(example: Example) -> bytes:
    return example.data.encode(example.encoding or "utf-8")


def test_the_page_has_an_example_for_each_of_three_layouts() -> None:
    assert [example.source for example in EXAMPLES] == [
        "ydelsesforloeb", "ydelsesrefusion", "deltagere",
    ]  # fmt: skip
    assert all(example.checked == example.file for example in EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.source)
# Rule I.overlay
def test_a_file_of_the_page_is_refused_as_it_comes_and_read_with_its_overlay(
    tmp_path: Path, example: Example
) -> None:
    alone = _checked(tmp_path, example, example.file, _bytes(example), laid=False)
    assert "filen vil blive afvist" in alone
    told = _checked(tmp_path, example, example.file, _bytes(example))
    for line in example.outcome.splitlines():
        assert line in told


def test_the_list_of_the_page_is_read_as_a_workbook_too(tmp_path: Path) -> None:
    example = EXAMPLES[-1]
    title, _, headings, *rows = csv.reader(io.StringIO(example.data), delimiter=";")
    table = [[], headings, *([*row] for row in rows)]
    data = corpus.xlsx_bytes(title, table)
    told = _checked(tmp_path, example, example.file.replace(".csv", ".xlsx"), data)
    assert "filen er i orden (Deltagere (visiterede borgere), 3 rækker)" in told
