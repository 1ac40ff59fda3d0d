"""The name of a delivery: dates, sender and version in it, its identity, its scrubbed form.

What belongs here: what a name says. What does not: the file's content.
A name is data: it is never used as a path or a glob.

Rules: I.name, I.no_delivery, I.identity.
Decides: I.name.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace

from dagster_project.lib.base import months
from dagster_project.lib.base.person_numbers import (
    DAY_PATTERN,
    holds_person_number,
    without_days,
)
from dagster_project.lib.receiving.judging import naming
from dagster_project.lib.receiving.judging.declarations import Source, load_sources
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding

_DATE = r"\d{4}-\d{2}-\d{2}"
_NAME = re.compile(
    rf"(?P<source>[a-z]+)_(?P<extracted>{_DATE})"
    rf"(?:_(?P<first>{_DATE})_(?P<last>{_DATE}))?"
    r"(?:_(?P<sender>(?!v\d+(?:[_.]|$))[a-z][a-z-]*))?"
    r"(?:_v(?P<version>[1-9]\d{0,5}))?"
    r"\.(?P<format>[a-z]+)",
    re.ASCII,
)
_LONG_DIGITS = re.compile(r"\d{6}")
_NO_DELIVERY = (".part", ".filepart", ".crdownload", ".partial", ".tmp", ".sha256", "#")
_DESKTOP = frozenset({"thumbs.db", "desktop.ini"})
_SHOWN_CHARS = 120


@dataclass(frozen=True)
class NameParts:
    """What the name of a delivery says; a real name (the sender's own) never has a window."""

    source: Source
    format: str
    extracted_on: dt.date
    covers_from: dt.date | None = None
    covers_to: dt.date | None = None
    sender: str | None = None
    version: int = 1
    is_real_name: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """The name parts that two deliveries with other bytes may not share."""
        return (
            self.source.source,
            self.extracted_on.isoformat(),
            self.covers_from.isoformat() if self.covers_from else "",
            self.covers_to.isoformat() if self.covers_to else "",
            self.sender or "",
            str(self.version),
        )

    def covering(self, first: dt.date, last: dt.date) -> NameParts:
        """The same name with the window that the content gives."""
        return replace(self, covers_from=first, covers_to=last)


def is_delivery_name(name: str) -> bool:
    """Names of writers at work, of checksum files and of what desktops leave are no deliveries.

    Programs of Windows write the endings in capitals too.
    """
    folded = name.casefold()
    return not (
        folded.startswith((".", "~")) or folded.endswith(_NO_DELIVERY) or folded in _DESKTOP
    )


def holds_number(name: str) -> bool:
    """Whether a file's or folder's name holds a long number or a person number outside its days."""
    rest = without_days(name)
    return _LONG_DIGITS.search(rest) is not None or holds_person_number(rest)


def scrub(name: str) -> str:
    """The name as it may be shown: without control characters, and without any number of a person.

    Where a number stands, a person's name may stand beside it: of such a name only the words that
    the grammar of names knows are shown.
    """
    safe = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if holds_number(safe):
        return _known_words(safe)
    plain = "".join("?" if unicodedata.category(c)[0] == "C" else c for c in safe)
    return plain if len(plain) <= _SHOWN_CHARS else plain[:_SHOWN_CHARS] + "…"


def _known_words(name: str) -> str:
    """Source, days, version and file type of a name, and a mark for whatever stands between."""
    sources = load_sources()
    formats = {kind for source in sources.values() for kind in source.formats}
    words = (
        rf"^(?:{'|'.join(sources)})(?=_)|{DAY_PATTERN}|(?<=_)v[1-9]\d?(?=\.)"
        rf"|\.(?:{'|'.join(sorted(formats))})$"
    )
    shown, end = "", 0
    for found in re.finditer(words, name):
        between = name[end : found.start()]
        shown += (between if between in ("", "_") else "…") + found[0]
        end = found.end()
    return shown if end == len(name) else shown + "…"


def delivery_id(key: tuple[str, ...], sha256: str) -> str:
    """First 16 hex digits of the sha256 of the identity."""
    return hashlib.sha256("\x1f".join((*key, sha256)).encode()).hexdigest()[:16]


def _refused(name: str, sources: Mapping[str, Source], detail: str) -> FileRefusedError:
    """A name that breaks the rule: where, and a right one (I.name)."""
    proposed = naming.propose(name, sources, is_plain=not holds_number(name))
    if naming.SOURCE in proposed:
        proposed += f" ({naming.SOURCE} er en af: {', '.join(sorted(sources))})"
    return FileRefusedError(Finding("FILE_NAME", detail=detail, expected=proposed))


def parse_name(name: str, sources: Mapping[str, Source]) -> NameParts:
    """What a file name says.

    Raises:
        FileRefusedError: ``FILE_NAME``: it matches no source, a date does not exist, or it carries
            six or more consecutive digits or a person number; ``WINDOW_INVALID``: the window is
            missing, reversed, not wholly before the extract, or given for a source that has none.
    """
    if holds_number(name):
        raise _refused(name, sources, "digits")
    try:
        return _real_name(name, sources) or _parts(name, sources)
    except ValueError:
        raise _refused(name, sources, "date") from None


def _parts(name: str, sources: Mapping[str, Source]) -> NameParts:
    found = _NAME.fullmatch(name)
    source = sources.get(found["source"]) if found else None
    if found is None or source is None:
        raise _refused(name, sources, naming.wrong_part(name, sources))
    if found["format"] not in source.formats:
        raise _refused(name, sources, f"type: {', '.join(source.formats)}")
    day = dt.date.fromisoformat
    return NameParts(
        source=source,
        format=found["format"],
        extracted_on=day(found["extracted"]),
        covers_from=day(found["first"]) if found["first"] else None,
        covers_to=day(found["last"]) if found["last"] else None,
        sender=found["sender"],
        version=int(found["version"] or 1),
    )


def _real_name(name: str, sources: Mapping[str, Source]) -> NameParts | None:
    for source in sources.values():
        if source.real_name and (found := re.fullmatch(source.real_name, name)):
            extracted_on = dt.date.fromisoformat(found[1])
            return NameParts(source, "csv", extracted_on, is_real_name=True)
    return None


def _refused_window(parts: NameParts, detail: str) -> FileRefusedError:
    days = [naming.FROM, naming.TO] if detail == "missing" else []
    sender = [parts.sender] if parts.sender else []
    version = [f"v{parts.version}"] if parts.version > 1 else []
    said = [parts.source.source, parts.extracted_on.isoformat(), *days, *sender, *version]
    proposed = f"{'_'.join(said)}.{parts.format}"
    return FileRefusedError(Finding("WINDOW_INVALID", detail=detail, expected=proposed))


def check_window(parts: NameParts) -> None:
    """The window of the name or of the content is whole, in order and before the extract.

    Raises:
        FileRefusedError: ``WINDOW_INVALID``.
    """
    window, first, last = parts.source.window, parts.covers_from, parts.covers_to
    if window is None:
        if first is not None:
            raise _refused_window(parts, "unexpected")
        return
    if first is None or last is None:
        if window.in_name == "required" and not parts.is_real_name:
            raise _refused_window(parts, "missing")
        return
    if not first <= last <= parts.extracted_on:
        raise FileRefusedError(Finding("WINDOW_INVALID", detail="order"))
    whole = first == months.first_day(first) and last == months.last_day(last)
    if window.granularity == "months" and not whole:
        raise FileRefusedError(Finding("WINDOW_INVALID", detail="months"))
