"""Verdicts by mutant, the score, and docs/mutation.md.

What belongs here: equivalents, strict areas, bounds, the page. What does not: running anything.
"""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dagster_project.settings import PROJECT_ROOT
from tests.mutation.generate import Mutant

FOLDER = Path(__file__).parent
PAGE = PROJECT_ROOT / "docs" / "mutation.md"
LEAST = 95.0
"""Per cent of the mutants that are SQL and not equivalent; in a strict area all of them."""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: killed (and by what), survived, invalid or equivalent."""

    mutant: Mutant
    state: str
    by: str = ""


@cache
def equivalents() -> dict[str, str]:
    """Reason by id of the mutants that were read and found to change nothing."""
    loaded = yaml.safe_load((FOLDER / "equivalents.yml").read_text(encoding="utf-8")) or []
    return {str(entry["mutant"]): str(entry["reason"]) for entry in loaded}


@cache
def strict_areas() -> dict[str, list[str]]:
    """Patterns of source names by strict area."""
    loaded: dict[str, list[str]] = yaml.safe_load(
        (FOLDER / "strict.yml").read_text(encoding="utf-8")
    )
    return loaded


def strict_area(folder: str, source: str) -> str | None:
    """The strict area that a model or macro of a folder belongs to, if any."""
    for area, patterns in strict_areas().items():
        if any(fnmatch.fnmatch(f"{folder}/{source}", pattern) for pattern in patterns):
            return area
    return None


def score(verdicts: Iterable[Verdict]) -> tuple[int, int, float]:
    """Killed, all that could be noticed, per cent."""
    states = Counter(verdict.state for verdict in verdicts)
    whole = states["killed"] + states["survived"]
    return states["killed"], whole, 100.0 * states["killed"] / whole if whole else 100.0


def failures(verdicts: list[Verdict]) -> list[str]:
    """What is below its bound."""
    said = []
    _, _, share = score(verdicts)
    if share < LEAST:
        said.append(f"{share:.1f} % of the mutants are killed; at least {LEAST:.0f} % must be")
    for area, own in by_strict_area(verdicts).items():
        killed, whole, _ = score(own)
        if killed < whole:
            said.append(f"{area}: {whole - killed} of {whole} survived; none may")
    return said


def by_strict_area(verdicts: list[Verdict]) -> dict[str, list[Verdict]]:
    """Verdicts of each strict area."""
    found: dict[str, list[Verdict]] = {area: [] for area in strict_areas()}
    for verdict in verdicts:
        area = strict_area(verdict.mutant.area, verdict.mutant.source)
        if area is not None:
            found[area].append(verdict)
    return found


def by_area(verdicts: list[Verdict]) -> dict[str, list[Verdict]]:
    """Verdicts of each folder."""
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.mutant.area, []).append(verdict)
    return dict(sorted(found.items()))


def page(verdicts: list[Verdict], told: dict[str, Any]) -> str:
    """``docs/mutation.md``: the fixed words of its head, then what was found."""
    head = (FOLDER / "page.md").read_text(encoding="utf-8").format(**told)
    parts = [head.rstrip() + "\n", _table("Area", by_area(verdicts))]
    strict = by_strict_area(verdicts)
    parts.append("## Strict areas\n\nEvery mutant must be killed.\n")
    parts.append(_table("Area", strict))
    for area, own in strict.items():
        names = sorted({verdict.mutant.source for verdict in own})
        parts.append(f"* {area}: {', '.join(f'`{name}`' for name in names) or 'not asked'}")
    killers = Counter(v.by.split(":", 1)[0] for v in verdicts if v.state == "killed")
    parts.append("\n## What killed\n\n| by | mutants |\n|---|---|")
    parts += [f"| {name} | {count} |" for name, count in killers.most_common()]
    parts.append("\n## Survivors\n")
    parts += _listed([v for v in verdicts if v.state == "survived"], {})
    parts.append("\n## Equivalents\n\nRead one by one; `tests/mutation/equivalents.yml`.\n")
    parts += _listed([v for v in verdicts if v.state == "equivalent"], equivalents())
    return "\n".join(parts) + "\n"


def _table(head: str, groups: dict[str, list[Verdict]]) -> str:
    rows = [f"| {head} | mutants | invalid | equivalent | killed | survived | score |"]
    rows.append("|---|---|---|---|---|---|---|")
    for name, own in groups.items():
        states = Counter(verdict.state for verdict in own)
        _, whole, share = score(own)
        shown = f"{share:.1f} %" if whole else "–"
        rows.append(
            f"| {name} | {len(own)} | {states['invalid']} | {states['equivalent']} | "
            f"{states['killed']} | {states['survived']} | {shown} |"
        )
    return "\n".join(rows) + "\n"


def _listed(verdicts: list[Verdict], reasons: dict[str, str]) -> list[str]:
    lines = []
    for verdict in sorted(verdicts, key=lambda one: (one.mutant.area, one.mutant.ident)):
        ident = verdict.mutant.ident.replace("`", "'")
        reason = reasons.get(verdict.mutant.ident)
        lines.append(f"* `{ident}`" + (f" — {reason}" if reason else ""))
    return lines or ["None."]
