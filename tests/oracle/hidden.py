"""M.suppression: small cells, and the one more that would reveal them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

Rows = list[dict[str, Any]]


def is_small(count: object) -> bool:
    """1–4 persons; 0 is shown."""
    return isinstance(count, int) and 1 <= count <= 4


def suppress(
    rows: Rows,
    persons: list[int],
    keys: tuple[str, ...],
    measures: tuple[str, ...],
    computed_from: dict[str, tuple[str, ...]] | None = None,
) -> Rows:
    """Null what M.suppression hides.

    Args:
        rows: the table's rows, every measure filled in.
        persons: persons behind each row (its widest count).
        keys: the table's key; rows that differ only in its last column stand together.
        measures: all measures of the table.
        computed_from: measures that count persons, and the measures computed from each.
    """
    together: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        together[tuple(row[key] for key in keys[:-1])].append(place)
    hidden = {place for place, count in enumerate(persons) if is_small(count)}
    for places in together.values():
        small = [place for place in places if place in hidden]
        others = [place for place in places if persons[place] > 0 and place not in hidden]
        if len(small) == 1 and others:
            hidden.add(min(others, key=lambda place: (persons[place], rows[place][keys[-1]])))
    answer = []
    for place, row in enumerate(rows):
        nulls: set[str] = set(measures) if place in hidden else set()
        for counting, dependent in (computed_from or {}).items():
            if is_small(row[counting]):
                nulls |= {counting, *dependent}
        shown = {column: None if column in nulls else value for column, value in row.items()}
        answer.append({**shown, "is_suppressed": place in hidden})
    return answer
