"""Links from an asset to its rule, and the page that a link opens: one rule of ``docs/rules``.

What belongs here: a rule's address in the UI, finding its text, showing it. What does not: who may
ask for it (``guard``), which asset rests on which rule.

Rules: P.asset.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from dagster_project.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from dagster_project.orchestration.guard import App, Receive, Scope, Send

_FOLDER = "/rules/"
_ID = re.compile(r"(?:[A-Z]|R\d)\.[a-z][a-z0-9_]*")
_BROKEN_LINE = re.compile(r"(?<!\n)\n(?=[^\n|*\-\d])")  # within a paragraph, not of a list or table
_CODE = re.compile(r"`([^`]+)`")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{rule_id} · Effektafregning</title>
<style>body {{ font: 16px/1.5 sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem }}
div {{ white-space: pre-wrap }} footer {{ color: #666; margin-top: 2rem }}</style></head>
<body><h1>{rule_id} · {title}</h1><div>{text}</div>
<footer>docs/rules/{file}</footer></body></html>
"""


def described(sentence: str, rule_ids: Iterable[str]) -> str:
    """An asset's description: one sentence, and links to the rules that it rests on."""
    links = ", ".join(f"[{rule_id}]({_FOLDER}{rule_id})" for rule_id in rule_ids)
    return f"{sentence} Rule: {links}"


def page(rule_id: str) -> str | None:
    """The page of a rule; None where no rule has this id."""
    if not _ID.fullmatch(rule_id):
        return None
    heading = re.compile(rf"^### {re.escape(rule_id)} · (.+)\n((?:(?!#).*\n?)*)", re.MULTILINE)
    for path in sorted((PROJECT_ROOT / "docs" / "rules").glob("*.md")):
        found = heading.search(path.read_text(encoding="utf-8"))
        if found is not None:
            title, text = (html.escape(part.strip()) for part in found.groups())
            text = _CODE.sub(r"<code>\1</code>", _BROKEN_LINE.sub(" ", text))
            return _PAGE.format(rule_id=rule_id, title=title, text=text, file=path.name)
    return None


class RulePages:
    """An ASGI application that shows the rules, and hands every other request on."""

    def __init__(self, app: App) -> None:
        """Stand before an application.

        Args:
            app: Dagster's web server.
        """
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or hand it on."""
        is_asked = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if not is_asked or not scope["path"].startswith(_FOLDER):
            await self._app(scope, receive, send)
            return
        from starlette.responses import HTMLResponse, PlainTextResponse

        shown = page(scope["path"].removeprefix(_FOLDER))
        answer = HTMLResponse(shown) if shown else PlainTextResponse("No such rule.\n", 404)
        await answer(scope, receive, send)
