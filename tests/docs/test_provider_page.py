"""The provider's page and the package's page say the same of what becomes of a claim."""

from __future__ import annotations

import html
import re
from pathlib import Path

from dagster_project.lib.receiving import write_package
from dagster_project.lib.reference import words
from tests.docs.walkthrough import ROOT


def _package(folder: Path) -> str:
    write_package(folder)
    return html.unescape((folder / "vejledning.html").read_text(encoding="utf-8"))


def test_the_package_says_how_the_program_is_set_up_and_a_file_checked_without_a_home(
    tmp_path: Path,
) -> None:
    page = _package(tmp_path)
    commands = re.findall(r"<(?:pre|code)>([^<]+)<", page)
    assert "make setup" in commands
    assert any(text.startswith("effekt check resultatkrav_") for text in commands)
    assert any("--source resultatkrav" in text for text in commands)


# Rule R3.match
def test_both_pages_tell_the_same_of_each_answer_to_a_claim(tmp_path: Path) -> None:
    page = _package(tmp_path)
    written = (ROOT / "docs/leverandoer.md").read_text(encoding="utf-8")
    table = written.split("## Hvad der sker med et krav")[1].split("\n\n")[1]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.split("\n")[2:]]
    codes = ("agreed", "claimed_pending", "claimed_denied", "unclaimed")
    assert [row[0] for row in rows] == [words.label("match", code) for code in codes]
    for label, means, act in rows:
        assert f'<tr><th scope="row">{label}</th><td>{means}</td><td>{act}</td></tr>' in page
