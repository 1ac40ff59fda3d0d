"""What is found wrong with a file, and what becomes of it; never a value of the file.

Rules: I.refusal, I.silent, I.places.
Decides: I.silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from dagster_project.lib.receiving.judging.places import Places

ROWS_SHOWN = 200
_SAID_WHERE_KNOWN = ("places", "place_kind", "cause", "expected", "by_cause")


@dataclass(frozen=True)
class Finding:
    """One broken rule of one column, with the rows (1 = first record after the header).

    Args:
        code: stable identifier (I.refusal).
        column: declared heading, or None where the file as a whole is meant.
        rows: the first ``ROWS_SHOWN`` row numbers.
        row_total: how many rows there are.
        detail: what was expected, from the declaration (headings, limits); never a file's value.
        places: the file's own numbers of ``rows``; none where it has none.
        place_kind: what they number: ``line`` or ``sheet_row``.
        cause: what a program or a person did to the values, on which the remedy depends; a word of
            ``causes`` or of a format, empty where the code says it all.
        expected: what a cell may hold (allowed values, decimals), for the remedy.
        by_cause: where the rows have several causes: each with its rows; ``cause`` is the first.
    """

    code: str
    column: str | None = None
    rows: tuple[int, ...] = ()
    row_total: int = 0
    detail: str = ""
    places: tuple[int, ...] = ()
    place_kind: str = ""
    cause: str = ""
    expected: str = ""
    by_cause: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain mapping for the register and the reports."""
        said = {**asdict(self), "rows": list(self.rows), "places": list(self.places)}
        unsaid = {name for name in _SAID_WHERE_KNOWN if not said[name]}
        return {name: value for name, value in said.items() if name not in unsaid}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Finding:
        """The finding that ``as_json`` wrote."""
        lists = {name: tuple(data.get(name, ())) for name in ("rows", "places")}
        causes = tuple((cause, tuple(rows)) for cause, rows in data.get("by_cause", ()))
        return Finding(**{**data, **lists, "by_cause": causes})


class FileRefusedError(Exception):
    """The file as a whole cannot be accepted."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__(", ".join(finding.code for finding in findings))
        self.findings = findings


def rows_finding(
    code: str,
    column: str | None,
    rows: Iterable[int],
    detail: str = "",
    places: Places | None = None,
) -> Finding:
    """A finding with its row numbers in order, cut to what is shown."""
    numbers = sorted(set(rows))
    shown = tuple(numbers[:ROWS_SHOWN])
    own = places.of(shown) if places else ()
    kind = places.kind if places and own else ""
    return Finding(code, column, shown, len(numbers), detail, own, kind)


def merged(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings of one column and code as one, which keeps the rows of each cause."""
    kinds: dict[tuple[str, str | None], list[Finding]] = {}
    for finding in found:
        kinds.setdefault((finding.code, finding.column), []).append(finding)
    return tuple(one[0] if len(one) == 1 else _as_one(one) for one in kinds.values())


def _as_one(found: Sequence[Finding]) -> Finding:
    rows = sorted({row for finding in found for row in finding.rows})[:ROWS_SHOWN]
    own = {row: place for one in found for row, place in zip(one.rows, one.places, strict=False)}
    return replace(
        found[0],
        rows=tuple(rows),
        row_total=sum(finding.row_total for finding in found),
        places=tuple(own[row] for row in rows if row in own),
        by_cause=tuple((finding.cause, finding.rows) for finding in found),
    )


@dataclass(frozen=True)
class DeliveryNote:
    """What became of one received file.

    Args:
        file_name: name without folder, scrubbed of long digit runs and control characters.
        sha256: of the bytes.
        source: declared source, None where the name matches none.
        delivery_id: first 16 hex of the identity's sha256.
        code: refusal code, that of its check for a held one, else None.
        findings: what was found.
        row_count: records in the file.
    """

    file_name: str
    sha256: str
    source: str | None
    delivery_id: str
    code: str | None = None
    findings: tuple[Finding, ...] = field(default=())
    row_count: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain mapping for ``--json`` and alerts."""
        return {**asdict(self), "findings": [finding.as_json() for finding in self.findings]}
