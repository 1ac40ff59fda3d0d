"""The container of an xlsx file: weighed before any part of it is parsed.

What belongs here: zip, XML, links, macros, how many elements there are. What does not: cells
(``xlsx_format``). The number of elements bounds the memory and the time that parsing takes.

Rules: F.hostile, F.after.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dagster_project.lib.receiving.judging.declarations import Limits, Source
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding

# what a package may not hold, and what it is to the person whose program put it there
_FORBIDDEN = {
    cause: re.compile(pattern, re.IGNORECASE)
    for cause, pattern in (
        ("links", r"externallinks/"),
        ("queries", r"querytables/|connections\.xml"),
        ("macros", r"vbaproject|macrosheets/|dialogsheets/"),
        ("objects", r"activex/|embeddings/|ctrlprops/|oleobject|webextensions/|\.bin$"),
    )
}
_UNWANTED = {
    "links": "links til andre filer",
    "queries": "forespørgsler eller dataforbindelser",
    "macros": "makroer",
    "objects": "indlejrede objekter",
}
# printer settings and thumbnails are harmless company of ordinary workbooks
_HARMLESS = re.compile(r"^xl/printersettings/|^docprops/", re.IGNORECASE)
_MARKUP_TRICKS = re.compile(rb"<!DOCTYPE|<!ENTITY|<ddeLink|<oleLink", re.IGNORECASE)
_RELATIONSHIP = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")
_OUTSIDE = re.compile(rb"TargetMode\s*=\s*[\"']External", re.IGNORECASE)
# a mail address or web address that a program made a link of stays text; it is not followed
_HYPERLINK = re.compile(rb"/hyperlink[\"']", re.IGNORECASE)
_CELL_ELEMENT = re.compile(rb"<(?:\w+:)?(?:c|v|t|is|si|row)[\s/>]")
_MERGED = re.compile(
    rb"<(?:\w+:)?mergeCell\b[^>]*?\bref\s*=\s*[\"']\s*\$?[A-Z]+\$?(\d+)"
    rb"(?:\s*:\s*\$?[A-Z]+\$?(\d+))?\s*[\"']",
    re.IGNORECASE,
)
# a comment, a processing instruction or a CDATA section, and where it ends
_SECTIONS = {b"<!--": b"-->", b"<?": b"?>", b"<![CDATA[": b"]]>"}
_SECTION = re.compile(b"|".join(map(re.escape, _SECTIONS)))
_STRICT = re.compile(rb"purl\.oclc\.org/ooxml/spreadsheetml/main")
_XML_NAMES = (".xml", ".rels", ".vml")
_XML_STARTS = (b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_RATIO_MATTERS_FROM = 10_000_000
_CHUNK = 1 << 20
_LONGEST_TAG = 1 << 16
_LONGEST_SECTION = 1 << 16


def limit_error(detail: str, cause: str = "") -> FileRefusedError:
    """The refusal of a workbook that is more than the limits allow."""
    return FileRefusedError(Finding("FILE_LIMIT", detail=detail, cause=cause))


def _unwanted(name: str) -> str | None:
    """What a part is that no plain workbook has; None for any other."""
    if _HARMLESS.search(name):
        return None
    return next((cause for cause, pattern in _FORBIDDEN.items() if pattern.search(name)), None)


def weigh(package: Package, size: int, source: Source) -> None:
    """The package is small, holds only parts of a plain workbook, and no entities, DDE or links."""
    limits, parts = source.limits, package.infolist()
    if len(parts) > limits.max_parts:
        raise limit_error(f"dele: {limits.max_parts}")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limits.max_unpacked_bytes:
        raise limit_error(f"udpakket: {limits.max_unpacked_bytes} byte")
    if unpacked > _RATIO_MATTERS_FROM and unpacked > limits.max_unpack_ratio * size:
        raise limit_error(f"pakningsgrad: {limits.max_unpack_ratio}")
    if len({part.filename for part in parts}) != len(parts):
        raise FileRefusedError(Finding("FILE_FORMAT", detail="to dele med samme navn"))
    elements, weighed = _Elements(limits), set()
    for part in parts:
        if part.flag_bits & 1:
            raise FileRefusedError(Finding("FILE_FORMAT", detail="adgangskode", cause="password"))
        if cause := _unwanted(part.filename):
            raise limit_error(_UNWANTED[cause], cause)
        if _look_through(package, part, elements):
            weighed.add(part.filename)
    package.weighed = weighed


class Package(zipfile.ZipFile):
    """An xlsx file of which only those parts can be parsed that were looked through."""

    weighed: set[str] | None = None

    def open(self, name: Any, mode: Any = "r", *args: Any, **more: Any) -> Any:
        """Open a part, as ``zipfile`` does.

        Raises:
            FileRefusedError: ``FILE_LIMIT``, the part was not taken for XML when it was weighed.
        """
        plain = name.filename if isinstance(name, zipfile.ZipInfo) else name
        if self.weighed is not None and plain in self.NameToInfo and plain not in self.weighed:
            raise limit_error("XML i et andet tegnsæt")
        return super().open(name, mode, *args, **more)


@dataclass
class _Elements:
    """How many XML elements the package has: each costs the parser memory and time."""

    limits: Limits
    cells: int = 0
    others: int = 0

    def count(self, data: bytes) -> None:
        """Add a piece that ends before a tag."""
        cells = sum(1 for _ in _CELL_ELEMENT.finditer(data))
        self.cells += cells
        self.others += data.count(b"<") - data.count(b"</") - cells
        if self.cells > self.limits.max_cell_elements:
            raise limit_error(f"celler og tekster: {self.limits.max_cell_elements}")
        if self.others > self.limits.max_other_elements:
            raise limit_error(f"formater og andre elementer: {self.limits.max_other_elements}")


def _pieces(package: zipfile.ZipFile, part: zipfile.ZipInfo | str) -> Iterator[bytes]:
    """A part in pieces that no tag is cut by (except one longer than ``_LONGEST_TAG``)."""
    carry = b""
    with package.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            data = carry + chunk
            cut = data.rfind(b"<")
            whole = cut <= 0 or len(data) - cut > _LONGEST_TAG
            carry = b"" if whole else data[cut:]
            yield data if whole else data[:cut]
    yield carry


def _look_through(package: zipfile.ZipFile, part: zipfile.ZipInfo, elements: _Elements) -> bool:
    """Refuse a part that is XML, whatever its name, for entities, DDE or links to other files.

    Returns:
        whether it is XML; a part that is not is never parsed (``Package``).
    """
    is_xml = part.filename.lower().endswith(_XML_NAMES)
    section = _Section()
    for piece in _pieces(package, part):
        if not is_xml and (start := piece.lstrip()):
            if not start.startswith(_XML_STARTS):
                return False
            is_xml = True
        section.follow(piece)
        if len(piece) >= _CHUNK and piece.rfind(b"<") <= 0:
            raise limit_error(f"tekst eller tag: {_CHUNK} byte")
        if b"\0" in piece:
            raise limit_error("XML i et andet tegnsæt")
        if _MARKUP_TRICKS.search(piece):
            raise limit_error("XML-entiteter eller DDE", "links")
        for tag in _RELATIONSHIP.findall(piece):
            if _OUTSIDE.search(tag) and not _HYPERLINK.search(tag):
                raise limit_error(_UNWANTED["links"], "links")
        if _STRICT.search(piece):
            raise FileRefusedError(Finding("FILE_FORMAT", detail="Strict Open XML", cause="strict"))
        elements.count(piece)
    return is_xml


@dataclass
class _Section:
    """A comment, instruction or CDATA section, which may hold tags and is one piece to a parser.

    A parser looks at an unfinished piece from its start each time that more of it comes.
    """

    end: bytes | None = None
    length: int = 0

    def follow(self, data: bytes) -> None:
        """Go through the next piece of the part, which may begin or end one."""
        at = 0
        while True:
            if self.end is None:
                if (found := _SECTION.search(data, at)) is None:
                    return
                at, self.end, self.length = found.end(), _SECTIONS[found[0]], 0
            stop = data.find(self.end, at)
            self.length += (len(data) if stop < 0 else stop) - at
            if self.length > _LONGEST_SECTION:
                raise limit_error(f"kommentar eller lignende: {_LONGEST_SECTION} byte")
            if stop < 0:
                return
            at, self.end = stop + len(self.end), None


def merged_rows(package: zipfile.ZipFile, sheet_path: str) -> list[tuple[int, int]]:
    """Stretches of sheet rows (1 = first) that merged ranges touch, in order, apart."""
    found: set[tuple[int, int]] = set()
    for piece in _pieces(package, sheet_path):
        found.update((int(m[1]), int(m[2] or m[1])) for m in _MERGED.finditer(piece))
    apart: list[tuple[int, int]] = []
    for first, last in sorted(found):
        start = max(first, apart[-1][1] + 1) if apart else first
        if start <= last:
            apart.append((start, last))
    return apart
