"""Advice on a file's name: which part of it breaks the rule, and how the file may be called.

What belongs here: words for a name that ``names`` refused, and a name to propose. What does not:
whether a name is right (``names.parse_name``). What a proposal cannot know stands in angle
brackets; nothing that may be a person's name or number is taken over from the name.

Rules: I.name, I.silent.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Mapping, Sequence

from dagster_project.lib.base.person_numbers import DAY_PATTERN
from dagster_project.lib.receiving.judging.declarations import Source

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_VERSION = re.compile(r"v[1-9]\d{0,5}", re.ASCII)
_SENDER = re.compile(r"(?!v\d+$)[a-z][a-z-]*", re.ASCII)
_LIKE = 0.75
SOURCE, EXTRACTED, FROM, TO = "<kilde>", "<udtræksdato>", "<fra>", "<til>"
NO_DAY = ""


def wrong_part(name: str, sources: Mapping[str, Source]) -> str:
    """The first part of a name, in the order of the rule, that breaks it.

    Returns:
        a word of ``finding_place``: ``source``, ``extracted``, ``window``, ``sender``, ``version``
        or ``ending``.
    """
    stem, dot, ending = name.rpartition(".")
    source, *rest = stem.split("_") if dot else name.split("_")
    if source not in sources:
        return "source"
    if not rest or not _DATE.fullmatch(rest[0]):
        return "extracted"
    days = 0
    while days < len(rest) and _DATE.fullmatch(rest[days]):
        days += 1
    if days not in (1, 3):
        return "window"
    tail = rest[days:]
    if tail and not re.fullmatch(r"v\d+", tail[0], re.ASCII):
        if not _SENDER.fullmatch(tail[0]):
            return "sender"
        tail = tail[1:]
    if tail and not (_VERSION.fullmatch(tail[0]) and len(tail) == 1):
        return "version"
    return "ending" if not re.fullmatch("[a-z]+", ending) or not dot else "pattern"


def propose(
    name: str,
    sources: Mapping[str, Source],
    *,
    source: Source | None = None,
    window: tuple[dt.date, dt.date] | None = None,
    is_plain: bool = True,
) -> str:
    """A name by the rule for a file of this name.

    Args:
        name: as the file is called.
        sources: all declared ones.
        source: the file's, where it is known otherwise.
        window: the days that the content covers, where it says so.
        is_plain: the name holds no number of a person: sender and version may be taken over.
    """
    source = source or _source_in(name, sources)
    days = _days_in(name)
    parts = [source.source if source else SOURCE, (days and days[0]) or EXTRACTED]
    if source is None or source.window is not None:
        parts += _window(days[1:3], window, source)
    if is_plain:
        parts += _tail(name)
    return f"{'_'.join(parts)}.{_ending(name, source, sources)}"


def _source_in(name: str, sources: Mapping[str, Source]) -> Source | None:
    """The one source whose name stands in a file's name, or is most like its first word."""
    folded = name.casefold()
    found = [source for key, source in sources.items() if key in folded]
    if not found:
        first = re.split(r"[^a-zæøå]+", folded)[0]
        like = difflib.get_close_matches(first, sources, n=1, cutoff=_LIKE)
        return sources[like[0]] if like else None
    return found[0] if len(found) == 1 else None


def _days_in(name: str) -> list[str]:
    """The days of a name in their order; a mark for one that no calendar has."""
    days = []
    for text in re.findall(rf"(?<!\d){_DATE.pattern}(?!\d)", name, re.ASCII):
        try:
            days.append(dt.date.fromisoformat(text).isoformat())
        except ValueError:
            days.append(NO_DAY)
    return days


def _window(
    named: Sequence[str], known: tuple[dt.date, dt.date] | None, source: Source | None
) -> list[str]:
    if known is not None:
        return [day.isoformat() for day in known]
    if len(named) == 2:
        return [mark if day == NO_DAY else day for day, mark in zip(named, (FROM, TO), strict=True)]
    is_told_by_content = source is not None and (
        source.window is not None and source.window.in_name == "optional"
    )
    return [] if source is None or is_told_by_content else [FROM, TO]


def _tail(name: str) -> list[str]:
    """Sender and version, where they stand behind a day as the rule has them."""
    found = re.search(
        rf"{DAY_PATTERN}((?:_(?!v\d)[a-z][a-z-]*)?(?:_v[1-9]\d{{0,5}})?)\.[A-Za-z]+$", name
    )
    return found[1].split("_")[1:] if found else []


def _ending(name: str, source: Source | None, sources: Mapping[str, Source]) -> str:
    ending = name.rpartition(".")[2].casefold()
    allowed = (
        source.formats
        if source
        else sorted({kind for declared in sources.values() for kind in declared.formats})
    )
    return ending if ending in allowed else "csv"
