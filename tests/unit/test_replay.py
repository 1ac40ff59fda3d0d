"""What a replay reports when today's code gives other figures than were approved."""

from __future__ import annotations

import copy
from typing import Any

from dagster_project.lib.trace.replay import compare


def approved() -> dict[str, Any]:
    """Figures with one line."""
    line = {
        "line_kind": "new", "part": "del-1", "course": "f1", "month": "2023-01",
        "price_group": "sygedagpenge", "old": "0.00", "new": "100.00", "difference": "100.00",
    }  # fmt: skip
    return {
        "contract": "k", "period": "2023-01", "terms_sha256": "t", "lines": [line],
        "basis": {"period": "100.00", "cumulative": "100.00"},
    }  # fmt: skip


def test_the_same_figures_are_identical() -> None:
    verdict = compare(approved(), approved(), "s")
    assert verdict.is_identical
    assert "ens til øren" in verdict.text()


def test_a_changed_line_is_shown_with_both_amounts() -> None:
    replayed = copy.deepcopy(approved())
    replayed["lines"][0] |= {"new": "90.00", "difference": "90.00"}
    verdict = compare(approved(), replayed, "s")
    assert not verdict.is_identical
    assert verdict.as_json()["lines"] == [
        {
            "line_kind": "new", "part": "del-1", "course": "f1", "month": "2023-01",
            "price_group": "sygedagpenge",
            "approved": {"old": "0.00", "new": "100.00", "difference": "100.00"},
            "replayed": {"old": "0.00", "new": "90.00", "difference": "90.00"},
        }
    ]  # fmt: skip
    assert "IKKE ens" in verdict.text()
    assert "genberegnet 90,00\u00a0kr. (0,00\u00a0kr. → 90,00\u00a0kr.)" in verdict.text()


def test_a_missing_line_and_another_figure_are_shown() -> None:
    replayed = {**approved(), "lines": [], "basis": {"period": "0.00", "cumulative": "0.00"}}
    verdict = compare(approved(), replayed, "s")
    assert verdict.lines[0]["replayed"] is None
    assert [figure["figure"] for figure in verdict.figures] == ["basis"]
    assert "ingen linje" in verdict.text()
