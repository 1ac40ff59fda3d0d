"""The data-quality page: Danish, self-contained, and nothing in it is markup by accident."""

from __future__ import annotations

import re
from pathlib import Path

from dagster_project.lib.gates import DeclaredCheck, page
from dagster_project.settings import Home

CHECK = DeclaredCheck(
    gate=30,
    check_id="months_contiguous",
    subject="months",
    severity="critical",
    owner="dataingeniør",
    remedy="Ret <modellen> & kør igen",
    title="Månederne ligger uden huller",
)


def _page(tmp_path: Path, rows: list[tuple[int, str, int, int, bool]]) -> str:
    path = page.write(Home(tmp_path), [CHECK], rows)
    assert path.stat().st_mode & 0o777 == 0o600
    return path.read_text(encoding="utf-8")


def test_a_failed_critical_check_is_shown_with_its_remedy(tmp_path: Path) -> None:
    text = _page(tmp_path, [(30, "months_contiguous", 12345, 2, False)])
    assert "Stopper udgivelsen" in text
    assert "12.345" in text
    assert "Ret &lt;modellen&gt; &amp; kør igen" in text


def test_a_check_that_was_not_reached_is_said_to_be_so(tmp_path: Path) -> None:
    assert "Ikke nået" in _page(tmp_path, [])


def test_the_page_fetches_nothing_from_anywhere(tmp_path: Path) -> None:
    text = _page(tmp_path, [(30, "months_contiguous", 1, 0, True)])
    assert not re.search(r"https?:|//|<script|<link|@import|url\(", text)
