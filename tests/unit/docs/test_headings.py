"""Decisions and runbooks have the same headings, and their lists name every page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DECISIONS = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
RUNBOOKS = sorted(set((ROOT / "docs/runbooks").glob("*.md")) - {ROOT / "docs/runbooks/README.md"})
PARTS = ["Context", "Decision", "Why", "Consequences", "Not chosen"]
"""Headings of a decision in their order; one with a heading of its own has it before the last."""


def _headings(path: Path) -> list[str]:
    return re.findall(r"(?m)^## (.+)$", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_its_number_and_the_common_headings(path: Path) -> None:
    first = path.read_text(encoding="utf-8").split("\n")[0]
    common = [heading for heading in _headings(path) if heading in PARTS]
    assert first.startswith(f"# {path.name[:4]} · ")
    assert "Decision" in common
    assert common == sorted(common, key=PARTS.index)


def test_the_list_of_decisions_names_each_with_its_title() -> None:
    page = (ROOT / "docs/adr/README.md").read_text(encoding="utf-8")
    for path in DECISIONS:
        title = path.read_text(encoding="utf-8").split("\n")[0].split(" · ", 1)[1]
        assert f"| [{path.name[:4]}]({path.name}) | {title} |" in page


def test_a_number_without_a_decision_is_explained() -> None:
    page = (ROOT / "docs/adr/README.md").read_text(encoding="utf-8")
    numbers = [int(path.name[:4]) for path in DECISIONS]
    explained = {
        number
        for first, last in re.findall(r"(\d{4})–(\d{4})", page)
        for number in range(int(first), int(last) + 1)
    }
    assert set(range(1, max(numbers) + 1)) - set(numbers) == explained
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_runbook_says_when_what_to_do_and_what_to_know(path: Path) -> None:
    assert _headings(path) == ["When", "Do", "Know"]
    assert f"({path.name})" in (ROOT / "docs/runbooks/README.md").read_text(encoding="utf-8")
