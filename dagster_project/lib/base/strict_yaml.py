"""Strict YAML: no key stands twice, and what the project does not read is refused.

What belongs here: the syntax of the project's YAML files. What does not: what their keys mean.

``parse`` reads what people write money into (contracts, declarations of sources): a tree of
mappings, lists and *text*; no value is ever guessed. Every scalar stays text, so that no octal,
sexagesimal, float or ``no`` → false can slip in; a plain (unquoted) scalar is a ``Plain`` and a
quoted one a ``str``, because money may be a plain integer or a quoted decimal but never a plain
decimal. ``load_typed`` reads the project's own files (suites, the marts' declarations) and
``home.yml``: numbers, dates and truth values as YAML has them.

Rules: C.file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dagster_project.lib.base.person_numbers import holds_person_number, shown

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
NULLS = frozenset({"", "~", "null"})
# what an escape (\u0001) can bring in and no document can hold: controls, ends of lines that are
# none, halves of a pair, characters that are none, signs that turn the direction of a text
_NO_TEXT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufeff"
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
    + "]"
)

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Plain(str):
    """The text of an unquoted scalar."""

    __slots__ = ()


_PARSER_SAYS = (
    ("mapping values are not allowed", "et kolon for meget, eller en linje er rykket forkert ind"),
    ("block sequence entries are not allowed", "en streg (-) står forkert"),
    ("could not find expected ':'", "der mangler et kolon"),
    ("cannot start any token", "et tegn står forkert; indryk med mellemrum, ikke tabulator"),
    ("unexpected end of stream", "et anførselstegn lukkes ikke"),
    ("unknown escape character", "en omvendt skråstreg i en tekst i anførselstegn"),
    ("expected ','", "en liste eller en gruppe lukkes ikke"),
    ("did not find expected", "en linje er rykket forkert ind"),
    ("expected <block end>", "en linje er rykket forkert ind"),
)


class YamlRefusedError(Exception):
    """The text is not the YAML that the file may be; the message names the place."""


@dataclass
class Document:
    """A parsed file: its tree and the line (1-based) that each key path stands on.

    ``numbered_comments``: the lines whose comment holds a person number.
    """

    tree: Any
    lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)
    numbered_comments: tuple[int, ...] = ()

    def line_of(self, path: tuple[str | int, ...]) -> int | None:
        """Line of the path, or of its nearest known ancestor."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


def show_path(path: tuple[str | int, ...]) -> str:
    """``parts[0].price_groups[1].rates`` from the parts of a key path."""
    text = ""
    for part in path:
        name = f"[{part}]" if isinstance(part, int) else shown(str(part))
        text += f".{name}" if text and not isinstance(part, int) else name
    return text or "(hele filen)"


def read_document(path: Path) -> Document:
    """Parse one file strictly.

    Args:
        path: a UTF-8 file of at most 256 KB.

    Raises:
        YamlRefusedError: too large, not UTF-8, not YAML, or with anchors, aliases, tags,
            directives, several documents, duplicate or non-text keys, or nested too deeply.
    """
    with path.open("rb") as handle:
        return document_of(handle.read(MAX_BYTES + 1))


def document_of(raw: bytes) -> Document:
    """Parse the bytes of a file strictly (see ``read_document``)."""
    if len(raw) > MAX_BYTES:
        raise YamlRefusedError(f"filen er større end {MAX_BYTES // 1024} KB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise YamlRefusedError(f"filen er ikke UTF-8 (byte {error.start})") from None
    return parse(text)


def parse(text: str) -> Document:
    """Parse YAML text strictly (see ``read_document``)."""
    with _refusing():
        document = _Builder(text).build()
    document.numbered_comments = tuple(
        number
        for number, line in enumerate(text.splitlines(), 1)
        if holds_person_number(line.partition("#")[2])
    )
    return document


def load_typed(text: str) -> Any:
    """The value of a YAML text as YAML types it; only a key that stands twice is refused.

    Raises:
        YamlRefusedError: not YAML, a date of no calendar, or a repeated key.
    """
    with _refusing():
        return yaml.load(text, Loader=_TypedLoader)  # noqa: S506 - a safe loader


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" på linje {mark.line + 1}" if mark else ""
        raise YamlRefusedError(f"kan ikke læses som YAML{place}{_why(error.problem)}") from None
    except yaml.YAMLError:
        raise YamlRefusedError(
            "kan ikke læses som YAML (et tegn, som YAML ikke tillader)"
        ) from None
    except ValueError:
        raise YamlRefusedError(
            "kan ikke læses som YAML (en dato, der ikke findes i kalenderen)"
        ) from None


def _why(problem: str | None) -> str:
    """What the parser says about a place, in Danish; nothing where it says something rare."""
    told = next((why for said, why in _PARSER_SAYS if said in (problem or "")), None)
    return f" ({told})" if told else ""


class _TypedLoader(_LOADER):  # type: ignore[misc]
    """The safe loader, with mappings whose keys differ."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    seen = set()
    for key, _ in node.value:
        name = loader.construct_object(key) if isinstance(key, yaml.ScalarNode) else None
        if name in seen:
            raise YamlRefusedError(
                f"nøglen {shown(str(name))} står to gange (linje {key.start_mark.line + 1})"
            )
        seen.add(name)
    return dict(loader.construct_mapping(node, deep=True))


_TypedLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


class _Builder:
    """Builds the tree from parser events, so that anchors and tags are seen and never resolved."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=_LOADER))
        self._lines: dict[tuple[str | int, ...], int] = {}

    def build(self) -> Document:
        """The one document of the text."""
        tree: Any = None
        count = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                count += 1
                if count > 1:
                    raise YamlRefusedError("der er mere end ét YAML-dokument i filen")
                if event.version or event.tags:
                    raise YamlRefusedError("YAML-direktiver (%) er ikke tilladt")
                tree = self._node(next(self._events), ())
        return Document(tree, self._lines)

    def _node(self, event: Any, path: tuple[str | int, ...]) -> Any:
        line = event.start_mark.line + 1
        self._lines.setdefault(path, line)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise YamlRefusedError(f"{show_path(path)}: ankre og aliasser (& og *) er ikke tilladt")
        if event.tag is not None:
            raise YamlRefusedError(f"{show_path(path)}: mærker (!) er ikke tilladt")
        if len(path) > MAX_DEPTH:
            raise YamlRefusedError(f"{show_path(path[:3])}…: for mange niveauer i hinanden")
        if isinstance(event, yaml.ScalarEvent):
            if _NO_TEXT.search(event.value):
                raise YamlRefusedError(f"{show_path(path)}: teksten har et tegn, der ikke kan ses")
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._mapping(path)

    def _sequence(self, path: tuple[str | int, ...]) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _mapping(self, path: tuple[str | int, ...]) -> dict[str, Any]:
        items: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path)
            if key in items:
                line = event.start_mark.line + 1
                raise YamlRefusedError(
                    f"{show_path((*path, key))}: nøglen står to gange (linje {line})"
                )
            self._lines[(*path, key)] = event.start_mark.line + 1
            items[key] = self._node(next(self._events), (*path, key))
        return items

    def _key(self, event: Any, path: tuple[str | int, ...]) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise YamlRefusedError(f"{show_path(path)}: en nøgle skal være et almindeligt ord")
        key = self._node(event, path)
        if key is None:
            raise YamlRefusedError(f"{show_path(path)}: en nøgle skal være et almindeligt ord")
        return str(key)


def _scalar(event: Any) -> str | None:
    if event.style:  # ' " | >: quoted or block text (None or "" is a plain scalar)
        return str(event.value)
    return None if event.value.lower() in NULLS else Plain(event.value)


def as_json(tree: Any) -> Any:
    """The tree as an editor's JSON Schema check sees it: integers, truth values, null typed."""
    if isinstance(tree, dict):
        return {key: as_json(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [as_json(value) for value in tree]
    if isinstance(tree, Plain):
        if tree in ("true", "false"):
            return tree == "true"
        return int(tree) if tree.lstrip("-").isascii() and tree.lstrip("-").isdigit() else str(tree)
    return tree
