"""M.suppression, M.family, M.adds_up, M.null_reason: what the statistics hide, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Any

Rows = list[dict[str, Any]]
Together = tuple[tuple[str, ...], tuple[str, ...]]
"""Counts that can be subtracted from one another, and what is computed from them."""
Fact = tuple[tuple[Any, ...], str | None, tuple[int, ...]]
"""Values of a table's key, the person behind the fact (if any), what it adds to each measure."""
HIDDEN = "hidden"
REASONS = ("not_observed", "not_published", "not_applicable")
"""Why a measure is null where nothing hides it, in the order in which the first one counts."""


def is_small(count: object) -> bool:
    """1–4 persons; 0 is shown."""
    return isinstance(count, int) and 1 <= count <= 4


def is_small_together(counts: list[object]) -> bool:
    """One of the counts is 1–4, or the difference of two of them."""
    known = [count for count in counts if isinstance(count, int)]
    return any(is_small(count) for count in known) or any(
        is_small(abs(one - other)) for one, other in combinations(known, 2)
    )


def statistics(
    rows: Rows,
    persons: list[int],
    measures: tuple[str, ...],
    together: tuple[Together, ...] = (),
    missing: dict[str, str] | None = None,
) -> Rows:
    """Null what M.suppression hides, row by row.

    Args:
        rows: the table's rows, every measure filled in; names that begin with ``_`` are not shown.
        persons: persons behind each row (its widest count).
        measures: all measures of the table.
        together: counts that are hidden together, with what is computed from them.
        missing: why a measure has no value, by measure; a row may say otherwise under ``_missing``.
    """
    answer = []
    for row, behind in zip(rows, persons, strict=True):
        nulls: set[str] = set(measures) if is_small(behind) else set()
        for counts, computed in together:
            if is_small_together([row[count] for count in counts]):
                nulls |= {*counts, *computed}
        why = {**(missing or {}), **row.get("_missing", {})}
        taken = is_small(behind) or any(row[name] is not None for name in nulls & set(measures))
        without = {why[name] for name in measures if name in row and row[name] is None}
        reasons = [HIDDEN] if taken else [reason for reason in REASONS if reason in without]
        answer.append({
            **{k: None if k in nulls else v for k, v in row.items() if not k.startswith("_")},
            "is_suppressed": is_small(behind),
            "null_reason": reasons[0] if reasons else "",
        })  # fmt: skip
    return answer


def joined_by_next(
    small: set[str], persons: dict[str, int], behind: Callable[[set[str]], int]
) -> set[str]:
    """The hidden members, joined by the next fewest until nobody or five stand behind them.

    Args:
        small: members of 1–4 persons.
        persons: persons of each member.
        behind: persons behind some members together.
    """
    hidden = set(small)
    while is_small(behind(hidden)):
        others = [name for name in persons if name not in hidden and persons[name] > 0]
        if not others:
            break
        hidden.add(min(others, key=lambda name: (persons[name], name)))
    return hidden


Members = dict[str, list[Fact]]


def _who(members: Members, names: set[str]) -> int:
    return len({fact[1] for name in names for fact in members[name]} - {None})


def _hidden(members: Members) -> set[str]:
    """The members of a family that are hidden, whatever other families hide."""
    persons = {name: _who(members, {name}) for name in members}
    small = {name for name, count in persons.items() if is_small(count)}
    return joined_by_next(small, persons, lambda names: _who(members, names))


def _not_alone(members: Members, hidden: set[str], added: set[str], summed: set[str]) -> set[str]:
    """Whoever joins a summed member that would be the only hidden one of its family."""
    if len(hidden | added) != 1 or not added:
        return set()
    persons = {name: _who(members, {name}) for name in members.keys() - summed - added}
    able = [name for name, count in persons.items() if count > 4]
    return {min(able, key=lambda name: (persons[name], name))} if able else set()


def family(
    facts: Iterable[Fact],
    keys: tuple[str, ...],
    member: str,
    measures: dict[str, Callable[..., Any]],
    summed: tuple[str, set[str]] | None = None,
) -> Rows:
    """M.family: rows that add up to something shown, the hidden ones of each family as one.

    Args:
        facts: what is added up, one by one.
        keys: the table's key.
        member: the column of the key by whose values the rows of a family differ.
        measures: each measure, with how its sum is written.
        summed: members whose sum over another column of the key is shown, and that column.
    """
    place = keys.index(member)
    families: dict[tuple[Any, ...], Members] = defaultdict(lambda: defaultdict(list))
    for fact in facts:
        key = fact[0]
        families[key[:place] + key[place + 1 :]][key[place]].append(fact)
    hides = {rest: _hidden(members) for rest, members in families.items()}
    if summed is not None:
        over = [key for key in keys if key != member].index(summed[0])
        gone = {(rest[:over] + rest[over + 1 :], name) for rest in hides for name in hides[rest]}
        for rest, members in families.items():
            others = rest[:over] + rest[over + 1 :]
            added = {n for n in members if n in summed[1] and (others, n) in gone} - hides[rest]
            joins = _not_alone(members, hides[rest], added, summed[1])
            hides[rest] = hides[rest] | added | joins
    answer: Rows = []
    for rest, members in sorted(families.items()):
        hidden = hides[rest]
        for name in sorted(members.keys() - hidden) + ([HIDDEN] if hidden else []):
            key = (*rest[:place], name, *rest[place:])
            row = dict(zip(keys, key, strict=True))
            for number, (measure, write) in enumerate(measures.items()):
                total = sum(fact[2][number] for fact in members.get(name, []))
                row[measure] = None if name == HIDDEN else write(total)
            is_hidden = name == HIDDEN
            answer.append(
                {**row, "is_suppressed": is_hidden, "null_reason": HIDDEN if is_hidden else ""}
            )
    return answer


def remainder(rows: Rows, persons: str, key: str, total: int | None) -> set[str]:
    """M.adds_up: the rows that are hidden beside small ones, because the total less the shown ones
    would tell.

    Args:
        rows: the rows that add up to the total, counts filled in.
        persons: the count that adds up.
        key: the column in which they differ.
        total: what they add up to.
    """
    shown = [row for row in rows if not is_small(row[persons])]
    left = (total or 0) - sum(row[persons] for row in shown)
    if total is None or not is_small(left) or not shown:
        return set()
    return {min((row for row in shown), key=lambda row: (row[persons], row[key]))[key]}
