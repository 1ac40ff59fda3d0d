"""The listing: the last file of an archive, which says what all before it must be.

What belongs here: its form, and holding files against it. What does not: the stream (``archive``).

Rules: F.backup, F.restore.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dagster_project.lib.backup.archive import Entry, broken
from dagster_project.lib.base import chained
from dagster_project.lib.base.canonical import canonical_json

NAME = "indhold.json"
FORMAT = 1
_CHAIN = re.compile(r"(ledger|vault)/[a-z]+\.jsonl")
"""The chains of a home: those of the ledger, and the register of deliveries."""


@dataclass
class Listing:
    """What stands in an archive.

    Args:
        program: version of the code that wrote it.
        home_format: format of the home.
        files: size and sha256 of each file by its name.
        heads: number of lines and hash of the last line of each chain, by the name of its file.
    """

    program: str
    home_format: int
    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    heads: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(size for size, _ in self.files.values())

    def as_bytes(self) -> bytes:
        """Canonical JSON, files in the order of their names."""
        return canonical_json(
            {
                "format": FORMAT,
                "program": self.program,
                "home_format": self.home_format,
                "files": [
                    {"name": name, "size": size, "sha256": sha256}
                    for name, (size, sha256) in sorted(self.files.items())
                ],
                "heads": self.heads,
            }
        ).encode("utf-8")

    def noted(self, entry: Entry) -> Entry:
        """The same file; once its bytes are read, it is listed, and its head where it is a chain.

        Raises:
            EffektError: ``BACKUP_BROKEN``: its name is there twice, or it is no chain.
        """
        return Entry(entry.name, entry.size, self._noting(entry))

    def _noting(self, entry: Entry) -> Iterator[bytes]:
        if entry.name in self.files:
            raise broken("rummer den samme fil to gange")
        digest, kept = hashlib.sha256(), bytearray()
        for chunk in entry.chunks:
            digest.update(chunk)
            if is_chain(entry.name):
                kept += chunk
            yield chunk
        self.files[entry.name] = (entry.size, digest.hexdigest())
        if is_chain(entry.name) and (head := head_of(bytes(kept))) is not None:
            self.heads[entry.name] = dict(head)


def is_chain(name: str) -> bool:
    """Whether a file of an archive is a hash chain."""
    return _CHAIN.fullmatch(name) is not None


def head_of(raw: bytes) -> chained.Head | None:
    """The last line of a chain, each line from the first that is chained on being checked.

    Raises:
        EffektError: ``BACKUP_BROKEN``.
    """
    lines, previous = chained.split(raw).lines, None
    try:
        for number, line in enumerate(lines, start=1):
            previous = _hash_after(previous, chained.document_of(line, number), number)
    except chained.BrokenLineError:
        raise broken("rummer en hashkæde, der er brudt") from None
    return None if previous is None else chained.Head(sequence=len(lines), hash=previous)


def _hash_after(previous: str | None, link: chained.Link, number: int) -> str | None:
    """The hash of a line that follows; none for those of a register from before the chain."""
    if previous is None and "hash" not in link:
        return None
    if link.get("prev") != (previous or chained.GENESIS) or link.get("hash") != chained.hash_of(
        link
    ):
        raise chained.BrokenLineError(number, "fortsætter ikke hashkæden")
    return str(link["hash"])


def read(raw: bytes) -> Listing:
    """The listing of an archive.

    Raises:
        EffektError: ``BACKUP_BROKEN``: it is none, or of newer code.
    """
    try:
        told = json.loads(raw)
        if told["format"] == FORMAT:
            return Listing(
                program=str(told["program"]),
                home_format=int(told["home_format"]),
                files={f["name"]: (int(f["size"]), str(f["sha256"])) for f in told["files"]},
                heads=dict(told["heads"]),
            )
    except (ValueError, KeyError, TypeError):
        raise broken("har ingen indholdsliste, der kan læses") from None
    raise broken("er lavet af en nyere udgave af programmet")


def require_same(told: Listing, found: Listing) -> None:
    """Refuse an archive whose files are not those of its listing.

    Raises:
        EffektError: ``BACKUP_BROKEN``, with how many files differ.
    """
    wrong = _differing(told.files, found.files)
    if wrong:
        raise broken(f"har {wrong} filer, der ikke er dem, som dens indholdsliste nævner")
    if told.heads != found.heads:
        raise broken("har hashkæder, der ikke ender, som dens indholdsliste siger")


def _differing(one: Mapping[str, object], other: Mapping[str, object]) -> int:
    return sum(one.get(name) != other.get(name) for name in one.keys() | other.keys())


def checked(entries: Iterable[Entry], found: Listing) -> Iterator[Entry]:
    """The files of an archive, held against the listing that comes last.

    Each must be read before the next is asked for.

    Args:
        entries: the files as they come.
        found: what was read is listed here.

    Raises:
        EffektError: ``BACKUP_BROKEN``.
    """
    told: Listing | None = None
    for entry in entries:
        if told is not None:
            raise broken("rummer noget efter sin indholdsliste")
        if entry.name == NAME:
            told = read(b"".join(entry.chunks))
        else:
            yield found.noted(entry)
    if told is None:
        raise broken("er skåret af, før den var slut")
    require_same(told, found)
