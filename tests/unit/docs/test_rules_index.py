"""The rules of ``docs/rules`` and their citations: nothing is cited that is not there."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.docs import rules_index
from tests.docs.rules_index import ROOT, Citation

_LEFT_BEHIND = re.compile(
    r"\b(?:00|10|20|30|40|45|50|55|60|65|70)-(?:product|inputs|contract|rules|settlement|foresight"
    r"|mart|surfaces|gates|operation|safety)\b|§+\d|\brules §"
)
"""How documents outside the repository, and their paragraphs, were once cited."""
_PAGE = re.compile(r"[\w./-]*\w\.md\b")
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")


@pytest.fixture(scope="module")
def cited() -> list[Citation]:
    """Every citation of the tree, read once."""
    return rules_index.citations()


def _homes(cited: list[Citation], kind: str) -> set[str]:
    return {citation.rule_id for citation in cited if citation.kind == kind}


def _defined() -> set[str]:
    return {rule.rule_id for rule in rules_index.rules()}


def test_the_index_is_what_the_citations_say_today() -> None:
    page = (ROOT / rules_index.INDEX).read_text(encoding="utf-8")
    assert page == rules_index.page_text(), "run `make docs`"


def test_no_rule_is_stated_twice() -> None:
    counted = Counter(rule.rule_id for rule in rules_index.rules())
    assert [rule_id for rule_id, count in counted.items() if count > 1] == []
    assert counted


def test_every_cited_rule_is_stated(cited: list[Citation]) -> None:
    defined = _defined()
    unknown = [(str(c.path), c.line, c.rule_id) for c in cited if c.rule_id not in defined]
    assert unknown == []


def test_every_rule_has_a_place_that_decides_it(cited: list[Citation]) -> None:
    assert sorted(_defined() - _homes(cited, "home")) == []


def test_every_rule_has_exactly_one_home_that_decides_it(cited: list[Citation]) -> None:
    found = {rule_id: rules_index.deciding(rule_id, cited) for rule_id in _defined()}
    assert {rule_id: homes for rule_id, homes in found.items() if len(homes) != 1} == {}


def test_a_home_decides_only_rules_that_it_cites() -> None:
    wrong = []
    for path, text in rules_index.texts():
        said = re.search(r"(?m)^(?:-- )?[Dd]ecides: (.+)$", text)
        if path.parts[0] in ("dagster_project", "dbt") and said:
            listed = re.search(r"(?ms)^(?:-- )?[Rr]ules: (.+?)(?=^(?:-- )?[Dd]ecides: )", text)
            ids = rules_index.ids_in(listed.group(1).replace("\n", " ")) if listed else []
            decided = rules_index.ids_in(said.group(1))
            wrong += [(str(path), rule_id) for rule_id in decided if rule_id not in ids]
    assert wrong == []


@pytest.mark.parametrize(
    ("homes", "found"),
    [
        ([("int_a", False)], {"int_a"}),
        ([("int_a", False), ("int_b", True)], {"int_b"}),
        ([("int_a", False), ("int_b", False)], set()),
        ([("int_a", True), ("int_b", True)], {"int_a", "int_b"}),
    ],
)
def test_the_only_home_decides_else_the_one_that_says_so(
    homes: list[tuple[str, bool]], found: set[str]
) -> None:
    cited = [Citation("R3.exit", Path(), 1, owner, "home", decides) for owner, decides in homes]
    assert rules_index.deciding("R3.exit", cited) == found


def test_every_rule_has_a_test(cited: list[Citation]) -> None:
    single = [citation for citation in cited if "/" not in citation.owner]
    assert sorted(_defined() - _homes(single, "test")) == []


def test_a_model_and_its_yml_cite_the_same_rules() -> None:
    headers: dict[str, list[str]] = {}
    metas: dict[str, list[str]] = {}
    for path, text in rules_index.texts():
        if path.parts[:2] != ("dbt", "models"):
            continue
        if path.suffix in (".sql", ".py") and (
            said := re.search(r"(?m)^(?:-- )?rules: (.+)$", text)
        ):
            headers[path.stem] = rules_index.ids_in(said.group(1))
        if path.name.endswith("models.yml"):
            for block in re.split(r"(?m)^  - name: ", text)[1:]:
                if listed := re.search(r"rules: \[([^\]]*)\]", block):
                    metas[block.split("\n")[0].strip()] = rules_index.ids_in(listed.group(1))
    assert metas
    assert {name: ids for name, ids in metas.items() if headers.get(name) != ids} == {}


def test_nothing_points_to_a_document_outside_the_repository() -> None:
    pages = {path.name for path, _ in rules_index.texts() if path.suffix == ".md"}
    wrong = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in rules_index.texts()
        if path.name != "test_links.py"  # its links are made to lead nowhere
        for number, line in enumerate(text.split("\n"), 1)
        if _LEFT_BEHIND.search(line)
        or any(Path(page).name not in pages for page in _PAGE.findall(line))
    ]
    assert wrong == []


def test_every_link_of_the_documents_leads_somewhere() -> None:
    wrong = []
    for path, text in rules_index.texts():
        if path.suffix != ".md":
            continue
        for target, _ in _LINK.findall(text):
            if target and not (ROOT / path.parent / target).exists():
                wrong.append(f"{path}: {target}")
    assert wrong == []


def test_every_anchor_of_the_index_is_a_heading() -> None:
    anchors = {rule.link for rule in rules_index.rules()}
    page = (ROOT / rules_index.INDEX).read_text(encoding="utf-8")
    found = {f"{target}#{anchor}" for target, anchor in _LINK.findall(page) if anchor}
    assert found == anchors


def test_the_worked_examples_name_tests_that_exist() -> None:
    page = (ROOT / "docs/rules/examples.md").read_text(encoding="utf-8")
    rows = [row.split("|") for row in page.split("\n") if row.count("|") == 5]
    named = [(row[3].strip(), row[4].strip()) for row in rows[2:]]
    said = {text for path, text in rules_index.texts() if path.parts[0] in ("dbt", "tests")}
    missing = []
    for _, name in named:
        file_name, _, sentence = name.partition(".yml: ")
        wanted = f"law: {sentence}\n" if sentence else f"name: {file_name}\n"
        if not any(wanted in text for text in said):
            missing.append(name)
    assert len(named) > 10
    assert missing == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("-- rules: R3.exit, S.tiers", ["R3.exit", "S.tiers"]),
        ('"""Keeps the chain (S.ledger)."""', ["S.ledger"]),
        ("Rules: F.lock, P.home.", ["F.lock", "P.home"]),
        ("import S.tiers.walk; R3.exit(1); a.R3.exit; xS.tiers", []),
    ],
)
def test_an_id_is_told_from_code(line: str, found: list[str]) -> None:
    assert sorted(rules_index.ids_in(line)) == sorted(found)


def test_old_citations_are_recognised() -> None:
    old = ("30" + "-rules", "40" + "-settlement", "§" + "2.5")
    assert all(_LEFT_BEHIND.search(text) for text in old)
    assert not _LEFT_BEHIND.search("lov 994/2015 § 6 and pauses of 10-minute steps")
