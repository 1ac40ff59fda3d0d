"""The pages whose commands are run: each does what it says, in the order that it says it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.docs import pictures, walkthrough
from tests.docs.walkthrough import ROOT, Block, Walk, WalkError


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """The tutorial, walked once."""
    folder = tmp_path_factory.mktemp("den-foerste-kontrakt")
    return walkthrough.walk(pictures.TUTORIAL, folder)


def test_the_tutorial_does_what_it_says_from_the_document_to_the_payment(tutorial: Walk) -> None:
    ledger = (tutorial.folder / "hjem/ledger/settlements.jsonl").read_text(encoding="utf-8")
    events = [json.loads(line) for line in ledger.splitlines()]
    assert [event["action"] for event in events] == ["submit", "verify", "approve", "pay"]


def test_the_next_quarter_lists_what_claim_and_register_differ_on(tutorial: Walk) -> None:
    blocks = walkthrough.blocks_of(ROOT / "docs/how-to/det-naeste-kvartal.md")
    assert [block.kind for block in blocks] == ["sh"]
    walked = Walk(tutorial.folder)
    walked.take(blocks[0])
    for course, kind in (("F-002", "unclaimed"), ("F-003", "claimed_denied")):
        assert re.search(rf"{course} .*{kind}", walked.printed)


@pytest.mark.skipif(not pictures.CHROMIUM.exists(), reason="no Chromium on this machine")
def test_the_picture_of_the_statement_shows_what_the_program_draws_today(tutorial: Walk) -> None:
    told = (pictures.FOLDER / f"{pictures.PICTURE}.txt").read_text(encoding="utf-8")
    words = iter(pictures.words_of(tutorial.folder / pictures.STATEMENT).splitlines())
    missing = [line for line in told.splitlines() if line not in words]  # in their order
    assert missing == [], "run `python -m tests.docs.pictures` and look at the picture"
    assert (pictures.FOLDER / f"{pictures.PICTURE}.png").is_file()


def test_the_providers_page_does_what_it_says(tmp_path: Path) -> None:
    folder = tmp_path / "mappe"
    folder.mkdir()
    walked = walkthrough.walk(ROOT / "docs/leverandoer.md", folder)
    assert walked.answers


def test_the_first_contract_ends_with_a_payment() -> None:
    page = (ROOT / "docs/tutorial/den-foerste-kontrakt.md").read_text(encoding="utf-8")
    for command in ("init", "check", "template", "run", "status", "submit", "verify", "approve",
                    "pay", "statement", "why"):  # fmt: skip
        assert f"\neffekt {command} " in page


@pytest.mark.parametrize(
    ("block", "is_right"),
    [
        (Block("sh", "true\n"), True),
        (Block("sh", "exit 3\n"), False),
        (Block("sh", "exit 3\n", exit_code=3), True),
        (Block("sh", "true\n", exit_code=3), False),
        (Block("sh", "false\ntrue\n"), False),
        (Block("text", "i alt 13.048,00 kr.\n"), True),
        (Block("text", "i alt 13.049,00 kr.\n"), False),
        (Block("text", "2022-K4 … 13.048,00\n"), False),
        (Block("text", "uden noget at holde op mod svaret\n"), False),
        (Block("csv", "a\n"), False),
        (Block("csv", "a\n", file="a.csv"), True),
    ],
)
def test_a_page_that_says_something_else_is_found_out(
    tmp_path: Path, block: Block, is_right: bool
) -> None:
    folder = tmp_path / "mappe"
    folder.mkdir()
    walked = Walk(folder, printed="2022-K4\nat betale 13.048,00\n")
    if is_right:
        walked.take(block)
    else:
        with pytest.raises(WalkError):
            walked.take(block)


def test_a_file_is_written_and_added_to(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`a.yml`:\n\n```yaml\na: 1\n```\n\ntekst\n\n`a.yml`, videre:\n\n```yaml\nb: 2\n```\n"
        "\n```sh exit=1\ngrep c a.yml\n```\n\n```sh\ncat a.yml\n```\n\n```text\nb: 2\n```\n",
        encoding="utf-8",
    )
    folder = tmp_path / "mappe"
    folder.mkdir()
    assert walkthrough.walk(page, folder).printed == "a: 1\nb: 2\n"
