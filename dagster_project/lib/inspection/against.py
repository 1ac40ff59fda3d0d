"""``effekt verify --against``: the heads that kept statements print, looked for in the chains.

What belongs here: finding them, and saying from which line on a chain is another. What does not:
whether the statement itself is authentic (``effekt statement --verify``).

A chain that is broken in itself counts up to its broken line.

Whoever holds a whole home can write it anew, chains and all, or put an older one back. What parties
hold cannot be written anew.

Rules: F.anchors.
Decides: F.anchors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.lib.base import chained
from dagster_project.lib.base.errors import EXIT_DIFFERENT, EXIT_OK, EXIT_REFUSED, EffektError
from dagster_project.lib.ledger import chain
from dagster_project.lib.receiving.intake.register import REGISTER_NAME, load_register
from dagster_project.lib.statement.kept import READABLE, heads_of, read_kept
from dagster_project.settings import Home

FOUND, REWRITTEN, UNCHECKED = "found", "rewritten", "unchecked"
_TITLES = {"ledger": "hovedbogen", "register": "leveringsregistret"}
_LINES = {"ledger": "hændelse", "register": "linje"}

Hashes = list[str | None]
_CHAINS: dict[str, tuple[Callable[[Home], Path], Callable[[Home], Hashes]]] = {
    "ledger": (chain.ledger_file, lambda home: [event.hash for event in chain.read(home).events]),
    "register": (
        lambda home: home.vault / REGISTER_NAME,
        lambda home: load_register(home).hashes(),
    ),
}


@dataclass(frozen=True)
class Finding:
    """What became of one chain's head in one file.

    Args:
        file_name: the file.
        chain: ``ledger`` or ``register``; null where the file prints no heads.
        status: ``found``, ``rewritten`` or ``unchecked``.
        sequence: number of the line that the file names.
        first_changed: the first line that is another now than it was, as far as can be told.
        told: all that in Danish.
    """

    file_name: str
    chain: str | None
    status: str
    told: str
    sequence: int | None = None
    first_changed: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The finding as plain data."""
        return {
            "file": self.file_name, "chain": self.chain, "status": self.status,
            "sequence": self.sequence, "first_changed": self.first_changed, "message": self.told,
        }  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """What became of all heads."""

    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """4 where a chain is another, 3 where a file could not be checked, else 0."""
        states = {finding.status for finding in self.findings}
        if REWRITTEN in states:
            return EXIT_DIFFERENT
        return EXIT_REFUSED if UNCHECKED in states else EXIT_OK

    def as_json(self) -> dict[str, Any]:
        """The comparison as plain data."""
        return {
            "is_found": self.exit_code == EXIT_OK,
            "findings": [finding.as_json() for finding in self.findings],
        }

    def text(self) -> str:
        """The comparison for a person, in Danish."""
        marks = {FOUND: "✓", REWRITTEN: "✗", UNCHECKED: "?"}
        return "\n".join(f"{marks[f.status]} {f.file_name}: {f.told}" for f in self.findings)


def compare_with(home: Home, paths: Sequence[Path]) -> Comparison:
    """Look for the heads of kept statements in the home's chains.

    Raises:
        UsageError: a file is missing.
    """
    documents = [(path.name, read_kept(path)) for path in paths]
    own: dict[str, Hashes] = {}
    findings: list[Finding] = []
    for which, (path, read) in _CHAINS.items():
        try:
            own[which] = read(home)
        except EffektError as error:
            broken = error.__cause__
            if not isinstance(broken, chained.BrokenLineError):
                raise
            own[which] = _hashes_before(broken.number, path(home))
            what = f"linje {broken.number} {broken.what}; {_TITLES[which]} er en anden fra den på"
            findings.append(
                Finding(path(home).name, which, REWRITTEN, what, first_changed=broken.number)
            )
    for name, document in documents:
        told = heads_of(document) if document else None
        if document is None or told is None:
            findings.append(_unchecked(name, None, _why_unread(name)))
            continue
        for which, hashes in own.items():
            findings.append(_look(name, which, told, hashes, document))
    return Comparison(tuple(_bounded(finding, findings) for finding in findings))


def _why_unread(name: str) -> str:
    if Path(name).suffix.lower() in READABLE:
        return "den trykker ingen hoveder"
    forms = "JSON, HTML eller PDF"
    return f"hovederne læses kun af opgørelsen som {forms}; brug en af dem"


def _hashes_before(number: int, path: Path) -> Hashes:
    """The hashes of the lines before a broken one, each of which continues the chain."""
    return [json.loads(line).get("hash") for line in chained.read(path).lines[: number - 1]]


def _unchecked(name: str, which: str | None, why: str) -> Finding:
    told = f"kan ikke efterprøves mod mappen: {why}. Det siger ikke, at den er rigtig."
    return Finding(name, which, UNCHECKED, told)


def _look(
    name: str, which: str, told: Mapping[str, Any], own: Hashes, document: Mapping[str, Any]
) -> Finding:
    head = told.get(which)
    if head is None and which in told:
        return Finding(name, which, FOUND, f"{_TITLES[which]} var tom, da den blev skrevet", 0)
    sequence = head.get("sequence") if isinstance(head, dict) else None
    if head is None or not isinstance(sequence, int) or isinstance(sequence, bool) or sequence < 1:
        return _unchecked(name, which, f"{_TITLES[which]}s hoved kan ikke læses")
    if sequence <= len(own) and own[sequence - 1] == head.get("hash"):
        said = f"{_LINES[which]} {sequence} står uændret i {_TITLES[which]}"
        return Finding(name, which, FOUND, said, sequence)
    first = _first_changed(document, own) if which == "ledger" else None
    return Finding(name, which, REWRITTEN, "", sequence, first)


def _first_changed(document: Mapping[str, Any], own: Hashes) -> int | None:
    """The first event that is another now, by the links that a statement holds of all before it."""
    links = document.get("chain")
    for number, link in enumerate(links if isinstance(links, list) else (), start=1):
        if not isinstance(link, dict) or link.get("sequence") != number:
            return None
        if number > len(own) or own[number - 1] != link.get("hash"):
            return number
    return None


def _bounded(finding: Finding, all_findings: Sequence[Finding]) -> Finding:
    """A changed chain's finding in words: which lines are surely as they were, by all files."""
    if finding.status != REWRITTEN or finding.chain is None or finding.sequence is None:
        return finding
    whole = max(
        (
            other.sequence or 0
            for other in all_findings
            if (other.chain, other.status) == (finding.chain, FOUND)
            and (other.sequence or 0) < finding.sequence
        ),
        default=0,
    )
    line, title = _LINES[finding.chain], _TITLES[finding.chain]
    broken = [other.first_changed for other in all_findings
              if other.chain == finding.chain and other.sequence is None]  # fmt: skip
    known = [line for line in (finding.first_changed, *broken) if line is not None]
    first = min(known, default=None)
    if first is not None:
        since = f"fra {line} {first} på"
    elif whole + 1 == finding.sequence:
        since = f"fra {line} {finding.sequence} på"
    else:
        since = f"fra en {line} mellem {whole + 1} og {finding.sequence} på"
    told = (
        f"{line} {finding.sequence}, som den nævner, står ikke i {title}: er opgørelsen ægte"
        f" (effekt statement --verify), så er {title} skrevet om eller rullet tilbage {since}"
    )
    changed = first or whole + 1
    return Finding(finding.file_name, finding.chain, REWRITTEN, told, finding.sequence, changed)
