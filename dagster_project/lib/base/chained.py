"""A hash chain kept as the lines of a file: appended with fsync, never rewritten.

What belongs here: the form of a line (canonical JSON with a sequence number, ``prev`` and
``hash``), checking lines, appending them, what a killed write leaves. What does not: what a line
says (ledger, register of deliveries, steps of an upgrade).

A line is written by one call and ends with its line feed. A last line without one is whole where
it is a JSON object, for no beginning of an object is one; else it is what a killed write left.

Rules: S.chain.
Decides: S.chain.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from dagster_project.lib.base import files
from dagster_project.lib.base.canonical import canonical_json, sha256_text
from dagster_project.lib.base.telling import tell

GENESIS = "0" * 64
"""``prev`` of the first line of a chain."""

Link = dict[str, Any]


class Head(TypedDict):
    """The last line of a chain: what it was when a record was written that names it."""

    sequence: int
    hash: str


class BrokenLineError(Exception):
    """A line that is not what it must be.

    Args:
        number: of the line, from 1.
        what: what is wrong with it, in Danish, as the end of a sentence about the line.
    """

    def __init__(self, number: int, what: str) -> None:
        super().__init__(what)
        self.number = number
        self.what = what


@dataclass(frozen=True)
class Content:
    """The bytes of a file as lines.

    Args:
        lines: whole lines, without their line feeds.
        torn: what a killed write left behind them.
        is_ended: the last whole line has its line feed.
    """

    lines: tuple[bytes, ...]
    torn: bytes = b""
    is_ended: bool = True


def split(raw: bytes) -> Content:
    """The lines of a file's bytes."""
    *lines, rest = raw.split(b"\n")
    if not rest:
        return Content(tuple(lines))
    if _begins_with_object(rest):
        return Content((*lines, rest), is_ended=False)
    return Content(tuple(lines), torn=rest)


def _begins_with_object(rest: bytes) -> bool:
    """Whether a whole object stands there, be it followed by more: a killed write leaves none."""
    try:
        found, _ = json.JSONDecoder().raw_decode(rest.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict)


def read(path: Path) -> Content:
    """The lines of a file; none where there is no file. Reading changes nothing."""
    return split(path.read_bytes()) if path.is_file() else Content(())


def document_of(line: bytes, number: int) -> Link:
    """The JSON object of a line.

    Raises:
        BrokenLineError: the line is not the canonical JSON of an object.
    """
    try:
        text = line.decode("utf-8")
        document = json.loads(text)
        is_canonical = isinstance(document, dict) and canonical_json(document) == text
    except (ValueError, TypeError, RecursionError):
        is_canonical = False
    if not is_canonical:
        raise BrokenLineError(number, "er ikke en hel linje")
    return dict(document)


def hash_of(link: Mapping[str, Any]) -> str:
    """sha256 over the canonical JSON of all keys but ``hash`` itself (``prev`` included)."""
    return sha256_text(canonical_json({key: link[key] for key in link if key != "hash"}))


def check_link(link: Link, number: int, previous: str, sequence_key: str) -> None:
    """Check that a line continues the chain.

    Args:
        link: the line's object.
        number: of the line, which is its sequence number.
        previous: hash of the line before.
        sequence_key: name of the sequence number.

    Raises:
        BrokenLineError: it does not.
    """
    sequence = link.get(sequence_key)
    is_numbered = sequence == number and not isinstance(sequence, bool)
    if not is_numbered or link.get("prev") != previous or link.get("hash") != hash_of(link):
        raise BrokenLineError(number, "fortsætter ikke hashkæden")


def check_links(lines: Sequence[bytes], sequence_key: str) -> list[Link]:
    """The objects of a file's lines, each checked to continue the chain from the first."""
    found: list[Link] = []
    for number, line in enumerate(lines, start=1):
        link = document_of(line, number)
        check_link(link, number, found[-1]["hash"] if found else GENESIS, sequence_key)
        found.append(link)
    return found


def linked(document: Mapping[str, Any], head: Head | None, sequence_key: str) -> Link:
    """A document as the line that follows the head."""
    link = {
        **document,
        sequence_key: head["sequence"] + 1 if head else 1,
        "prev": head["hash"] if head else GENESIS,
    }
    return {**link, "hash": hash_of(link)}


def append(path: Path, links: Iterable[Mapping[str, Any]]) -> None:
    """Append lines durably; the caller alone appends, and has set aside what was torn.

    A last line without its line feed gets it first, in the same write.

    Raises:
        OSError: the disk is full or broken.
    """
    text = "".join(canonical_json(link) + "\n" for link in links)
    before = b"" if read(path).is_ended else b"\n"
    handle = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, files.FILE_PRIVATE
    )
    with os.fdopen(handle, "ab") as stream:  # a full disk takes a part of a write only
        stream.write(before + text.encode("utf-8"))
        stream.flush()
        os.fsync(stream.fileno())
    path.chmod(files.FILE_PRIVATE)
    files.fsync_dir(path.parent)


def set_torn_aside(path: Path) -> Path | None:
    """Move what a killed write left to a file of its own, and tell it.

    Returns:
        the file that now holds it, or None where every line is whole.
    """
    torn = read(path).torn
    if not torn:
        return None
    aside = path.with_name(f"{path.stem}.torn-{hashlib.sha256(torn).hexdigest()[:12]}")
    files.write_atomic(aside, torn)
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size - len(torn))
        stream.flush()
        os.fsync(stream.fileno())
    tell(
        f"{path.parent.name}/{path.name}: den sidste linje var ikke skrevet færdig;"
        f" den er lagt til side som {path.parent.name}/{aside.name}"
    )
    return aside


def durable_head(path: Path, head: Head | None) -> Head | None:
    """A head that another record may name: the lines up to it survive a power loss."""
    if head is not None:
        files.fsync_file(path)
    return head
