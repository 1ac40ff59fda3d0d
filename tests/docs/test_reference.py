"""The reference is what the machine reads today: keys, columns, commands, exit codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from typer.core import TyperArgument

from dagster_project.lib.base import errors
from dagster_project.lib.contracts import Contract, read_contract_problems
from dagster_project.lib.contracts.key_texts import place_of, read_key_texts
from dagster_project.lib.contracts.schema import FREE_KEY
from dagster_project.lib.receiving.judging.declarations import load_sources
from dagster_project.lib.reference import load_benefit_codes, load_benefits
from tests.docs import reference

EVERY_KEY = [(section, key) for section, key, _ in reference.contract_keys()]
CONTRACT_PAGE = (reference.FOLDER / "kontraktfil.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_made_page_is_what_the_machine_says_today(name: str) -> None:
    page = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert page == reference.page_text(name), "run `make docs`"


# Rule C.schema
def test_every_key_of_the_contract_is_explained_and_no_other() -> None:
    texts = read_key_texts()
    places = {(section, key): place_of(section, key, texts) for section, key in EVERY_KEY}
    assert [key for key, place in places.items() if place is None] == []
    assert set(texts) - set(places.values()) == set()
    assert all(text.da and text.en and text.da != text.en for text in texts.values())


# Rule C.schema
def test_the_page_has_each_key_under_its_section_in_both_languages() -> None:
    texts = read_key_texts()
    made = CONTRACT_PAGE.split(reference.BEGIN)[1]
    found = {block.split("\n")[0]: block for block in made.split("\n### ")[1:]}
    for section, title in reference.SECTION_TITLES.items():
        keys = [key for name, key in EVERY_KEY if name == section]
        rows = re.findall(r"(?m)^\| `([^`]+)` \|", found[title])
        assert rows == keys
        for key in keys:
            text = texts[place_of(section, key, texts) or ("", "")]
            assert f"| {text.da} | {text.en} |" in found[title]
    assert len(found) == len(reference.SECTION_TITLES)


def _used(value: Any) -> Iterator[tuple[str, str]]:
    """Every key that a contract writes, by its section."""
    if isinstance(value, list):
        for item in value:
            yield from _used(item)
    elif isinstance(value, BaseModel):
        fields = type(value).model_fields
        for name in value.model_fields_set:
            key = FREE_KEY if name not in fields else fields[name].alias or name
            yield type(value).__name__, key
            yield from _used(getattr(value, name))


@pytest.fixture
def example(tmp_path: Path) -> Contract:
    """The page's example as a contract."""
    text = re.findall(r"(?ms)^```yaml\n(.*?)^```$", CONTRACT_PAGE)
    path = tmp_path / "eksempel.yml"
    path.write_text(text[0], encoding="utf-8")
    contract, problems = read_contract_problems(path)
    assert problems == []
    assert contract is not None
    return contract


def test_the_example_loads_and_uses_every_key(example: Contract) -> None:
    anywhere = {"clause", "title"}
    used = set(_used(example))
    wanted = {place for place in EVERY_KEY if place[1] not in anywhere or place[0] == "Contract"}
    assert sorted(wanted - used - {("Contract", "clause")}) == []
    assert anywhere <= {key for _, key in used}


# Rule I.declared
def test_every_column_of_every_source_stands_in_the_inputs() -> None:
    page = (reference.FOLDER / "inddata.md").read_text(encoding="utf-8")
    for name, source in load_sources().items():
        section = page.split(f"### {source.title}\n")[1].split("\n### ")[0]
        assert f"\n`{name}`. " in section
        for column in source.columns:
            assert f"| `{column.heading}` |" in section
            assert column.description.replace("|", "\\|") in section
            assert all(value in section for value in column.allowed)


# Rule I.benefit_codes
def test_every_benefit_group_stands_there_with_its_codes_and_names() -> None:
    page = (reference.FOLDER / "inddata.md").read_text(encoding="utf-8")
    rows = {row.split(" | ")[0].strip("| "): row for row in page.split("\n") if " | " in row}
    for code in load_benefit_codes():
        assert str(code.code_from) in rows[code.benefit_group]
        assert str(code.code_to) in rows[code.benefit_group]
    for name, group in load_benefits().group_of_name:
        assert name in rows[group]


# Rule P.commands
def test_every_command_and_option_stands_among_the_commands() -> None:
    page = (reference.FOLDER / "kommandoer.md").read_text(encoding="utf-8")
    found = list(reference.commands())
    assert {"effekt run", "effekt fleet run"} <= {typed for typed, _ in found}
    for typed, command in found:
        section = page.split(f"### `{typed}`\n")[1].split("\n### ")[0]
        for param in command.params:
            shown = param.metavar if isinstance(param, TyperArgument) else param.opts[-1]
            is_hidden = getattr(param, "hidden", False) or param.name == "help"
            assert (f"| `{shown}" in section) is not is_hidden, (typed, param.name)


# Rule P.exit_codes
def test_every_exit_code_stands_in_the_list_of_them() -> None:
    page = (reference.FOLDER / "slutkoder.md").read_text(encoding="utf-8")
    codes = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert {int(code) for code in re.findall(r"(?m)^\| (\d) \|", page)} == codes


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 12}, "helt tal, 1–12"),
        ({"enum": ["a", "b"]}, "`a` eller `b`"),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, "`true` eller `false` eller `null`"),
        ({"type": "array", "items": {"type": "string"}}, "liste: tekst"),
    ],
)
def test_a_form_is_told_in_words(shape: dict[str, Any], said: str) -> None:
    assert reference.form_of(shape) == said
