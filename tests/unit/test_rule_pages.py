"""The page of a rule that an asset links to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dagster_project.orchestration import rule_pages
from tests.docs import rules_index


# Rule P.asset
def test_every_rule_has_a_page_with_its_title_and_text() -> None:
    for rule in rules_index.rules():
        page = rule_pages.page(rule.rule_id)
        assert page is not None
        assert f"<h1>{rule.rule_id} · " in page
        assert f"docs/rules/{rule.path.name}</footer>" in page
    closed = rule_pages.page("S.closed") or ""
    assert "its state is <code>open</code> and its measures" in closed
    assert "last day &lt; D" in closed
    assert "S.new" not in closed


@pytest.mark.parametrize(
    "asked", ["S." + "none", "S." + "clos", "S.closed/..", "../product", "", "s.closed"]
)
# Rule P.asset
def test_what_is_no_rule_has_no_page(asked: str) -> None:
    assert rule_pages.page(asked) is None


def answered(method: str, path: str, kind: str = "http") -> tuple[list[Any], list[str]]:
    """What is sent, and which paths the application behind was asked for."""
    sent: list[Any] = []
    asked: list[str] = []

    async def behind(scope: Any, _receive: Any, _send: Any) -> None:
        asked.append(scope["path"])

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": kind, "method": method, "path": path, "headers": []}
    asyncio.run(rule_pages.RulePages(behind)(scope, None, send))  # type: ignore[arg-type]
    return sent, asked


# Rule P.asset
def test_only_rules_are_answered_and_all_else_is_handed_on() -> None:
    sent, asked = answered("GET", "/rules/S.closed")
    assert (sent[0]["status"], asked) == (200, [])
    assert answered("GET", "/rules/S." + "none")[0][0]["status"] == 404
    for method, path, kind in [
        ("GET", "/runs", "http"), ("POST", "/rules/S.closed", "http"),
        ("GET", "/rules/S.closed", "websocket"), ("GET", "/rules", "http"),
    ]:  # fmt: skip
        assert answered(method, path, kind) == ([], [path])
