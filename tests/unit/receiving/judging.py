"""What the tests of remedies share: a file is judged, and what is told of it is looked at."""

from __future__ import annotations

import re
from typing import Any, Protocol

from dagster_project.lib.receiving.intake import report
from dagster_project.lib.receiving.judging.declarations import Source
from dagster_project.lib.receiving.judging.findings import Finding
from tests.faults import corpus

_BRACES_OF_CODE = re.compile(r"csv: \{[^}]*\}|replace\(\{[^}]*\}\)")


class Judge(Protocol):
    """Judges the bytes of a file of a source and a format, as a night does."""

    def __call__(
        self, source: Source | str, file_format: str, data: bytes, window: str = ""
    ) -> tuple[Finding, ...]:
        """What is found; nothing where the file is accepted."""
        ...


def told(found: tuple[Finding, ...]) -> list[tuple[str, str | None, str]]:
    """Code, column and cause of each finding."""
    return [(finding.code, finding.column, finding.cause) for finding in found]


def remedy(found: tuple[Finding, ...], file_format: str) -> str:
    """What to do about the first finding, with nothing left to fill in."""
    text = report.words_for(found[0], file_format)[1]
    assert "{" not in _BRACES_OF_CODE.sub("", text), text
    return text


def table_with(source: str, heading: str, value: Any) -> tuple[list[str], list[list[Any]]]:
    """The good table of a source with another value in its second row."""
    headings, rows = corpus.TABLES[source]
    changed: list[list[Any]] = [list(row) for row in rows]
    changed[1][headings.index(heading)] = value
    return headings, changed
