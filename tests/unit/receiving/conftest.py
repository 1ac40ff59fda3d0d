"""A parser that the tests of a module share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dagster_project.lib.receiving.formats import content, engine
from dagster_project.lib.receiving.judging import names
from dagster_project.lib.receiving.judging.declarations import Source, load_sources
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding
from dagster_project.lib.receiving.judging.grammar import Context
from dagster_project.lib.reference import load_benefits
from tests.faults import corpus
from tests.unit.receiving.judging import Judge


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    """What is found in a file; nothing where it is accepted."""
    folder = tmp_path_factory.mktemp("parser")
    context = Context(load_benefits(), frozenset({corpus.CONTRACT}))
    with engine.open_parser(folder) as (parser, spill):

        def found(
            source: Source | str, file_format: str, data: bytes, window: str = ""
        ) -> tuple[Finding, ...]:
            source = load_sources()[source] if isinstance(source, str) else source
            window = window or corpus.WINDOWS.get(source.source, "")
            path = folder / "file"
            path.write_bytes(data)
            name = f"{source.source}_2024-02-01{window}.{file_format}"
            try:
                parts = names.parse_name(name, {source.source: source})
                read = content.read_content(parser, path, parts, context, spill, "typed")
            except FileRefusedError as refused:
                return refused.findings
            return read.parsed.findings

        yield found
