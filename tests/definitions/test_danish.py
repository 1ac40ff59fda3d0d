"""Everything that people of the municipality or the provider read is Danish, one word a thing."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.cli.speech import every_command
from dagster_project.lib.reference.tables import SEEDS, load_words
from dagster_project.settings import Owner
from tests.support import danish_texts as texts
from tests.support.danish_texts import Text

COMMANDS = sorted(every_command(get_command(app)))  # type: ignore[arg-type]
LEAST_TEXTS = 1000
NAMES = {
    *(part for words in COMMANDS for name in words for part in (name, *name.split("-"))),
    "all", "web", "daemon",
}  # fmt: skip
"""What is typed: names of commands and of parts of the UI."""

SYNONYMS = {
    r"leveranc": "levering",
    r"publicer|publikation": "udgive, udgivelse",
    r"verific|(?<!re)valider(?!e fødsel)": "efterprøve",
    r"\budkast": "kladde",
    r"\bsnapshot": "øjebliksbillede",
    r"\bhjem(met|mets|mene|menes)?\b(?! ▸)": "kommunens mappe",
    r"\blæsning(en|er|erne|ens|ernes)\b|(valgte?|en|hver) læsning|^>?læsning$": "fortolkning",
    r"\bunge data": "foreløbige data",
    r"bevilge(t|de) maksimum|ud over maksimum|politisk(e)? bevil|autorisere": "bevilling",
    r"\bledger\b(?!/)": "hovedbog",
    r"hændelseskæde": "hovedbog",
    r"kontrolpunkt|kontrolport|dataport": "gate",
    r"\bstatement\b": "opgørelse",
    r"berettigelse": "betalingsret (kroner), omfattet (forløb)",
    r"exit-?kode|returkode": "slutkode",
    r"ansøg": "krav",
}
"""Words that are not used, and the one that is (docs/reference/ordliste.md)."""


def every_text() -> list[Text]:
    """All texts of code, words, suites, pages and templates."""
    return [
        *texts.of_the_code(),
        *texts.of_the_words(),
        *texts.of_files(
            "expectations/*.yml", "dagster_project/**/*.j2", "dagster_project/**/*.typ"
        ),
    ]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
# Rules P.danish, P.commands
def test_the_help_of_a_command_is_danish(words: tuple[str, ...]) -> None:
    told = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200"})
    assert told.exit_code == 0
    assert told.output.startswith("Brug: ")
    assert "Vis denne hjælp." in told.output
    assert not texts.english_in(told.output, NAMES)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["submit", "x"], "PERIOD mangler"),
        (["submit", "x", "2023-01"], "--as mangler"),
        (["submit", "x", "2023-01", "y", "--as", "Kai"], "for mange argumenter"),
        (["nosuch"], "ukendt kommando; kendte er run, demo"),
        (["fleet"], "kommandoen mangler"),
        (["run", "--jsn"], "ukendt tilvalg; mente du --json?"),
        (["run", "--as-of"], "--as-of skal have en værdi"),
        (["run", "--json=3"], "--json tager ingen værdi"),
        (["run", "--as-of", "2024-02-30"], "--as-of skal være en dato, ÅÅÅÅ-MM-DD"),
        (["ui", "--port", "65536"], "--port skal være et helt tal mellem 1 og 65535"),
        (["ui", "--part", "x"], "--part skal være en af: all, web, daemon"),
        (["rotate-key", "x"], "KEY skal være en af: statement"),
        (["status", "--fail-if-older", "-1"], "--fail-if-older skal være et tal på mindst 0"),
    ],
)
# Rules P.danish, P.exit_codes
def test_each_kind_of_wrong_usage_is_told_in_danish(words: list[str], said: str) -> None:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert done.stderr.startswith("USAGE: ")
    assert said in done.stderr
    assert not texts.english_in(done.stderr, NAMES)


# Rule I.person_text
def test_wrong_usage_does_not_repeat_what_was_typed() -> None:
    for words in (["run", "--as-of", "6101901234"], ["6101901234"], ["submit", "--610190-1234"]):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 2
        assert "1234" not in done.output


def test_a_call_without_a_command_shows_the_help_and_is_wrong_usage() -> None:
    done = CliRunner().invoke(app, [])
    assert done.exit_code == 2
    assert "Kommandoer:" in done.stderr


# Rule P.commands
def test_the_version_is_shown_without_a_home() -> None:
    done = CliRunner().invoke(app, ["--version"], env={"EFFEKT_HOME": "/nowhere"})
    assert done.exit_code == 0
    assert re.fullmatch(r"effekt \d+\.\d+\.\d+ · mappeformat \d+\n", done.output)


# Rule P.danish
def test_no_text_for_a_person_holds_english() -> None:
    found = every_text()
    assert len(found) > LEAST_TEXTS
    wrong = {f"{t.place}: {t.text[:90]}": e for t in found
             if t.place.endswith(".py") or ".py:" in t.place or "words.csv" in t.place
             if texts.is_shown(t) and (e := texts.english_in(t.text))}  # fmt: skip
    assert not wrong


# Rule P.words
def test_each_thing_has_one_word() -> None:
    wrong = {
        f"{found.place}: {found.text[:90]}": word
        for found in every_text()
        for pattern, word in SYNONYMS.items()
        if texts.is_shown(found)
        and re.search(pattern, texts.without_code(found.text), re.IGNORECASE)
    }
    assert not wrong


# Rule P.words
def test_who_can_act_is_called_the_same_everywhere() -> None:
    known = set(get_args(Owner))
    owners = {word.owner for word in load_words(SEEDS / "words.csv") if word.owner}
    assert {part for owner in owners for part in owner.split(" og ")} <= known


@pytest.mark.parametrize(
    "source",
    [
        'raise EffektError("X", "the file is missing")',
        'raise UsageError(f"{name} is unknown", remedy="")',
        'raise EffektError("X", "filen", remedy="restore it")',
        'print("nothing has been published")',
        '_WORDS = {"missing": "the key is missing"}',
    ],
)
def test_a_planted_english_text_is_found(source: str) -> None:
    (found,) = [t for t in texts.of_module("lib/x.py", source) if texts.english_in(t.text)]
    assert texts.is_shown(found)


@pytest.mark.parametrize(
    "source",
    [
        '"""The module is a fault."""',
        'raise TypeError("a float has no form")',
        'query = "select a from b where c is not null"',
        'raise EffektError("X", "kør `effekt run --as-of` igen", remedy="se reports/alert.txt")',
    ],
)
def test_a_text_that_nobody_is_shown_is_not_taken_for_one(source: str) -> None:
    assert not [t for t in texts.of_module("lib/x.py", source) if texts.english_in(t.text)]


def test_every_text_that_is_let_be_still_stands() -> None:
    found = list(texts.of_the_code())
    for module, beginnings in texts.NOT_SHOWN.items():
        for beginning in beginnings:
            assert any(
                t.place.startswith(f"{module}:") and t.text.startswith(beginning) for t in found
            ), (module, beginning)
