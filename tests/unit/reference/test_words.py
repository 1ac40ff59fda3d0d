"""The words of codes: every code has one, every word has its code, and none stands elsewhere."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.gates import GATES
from dagster_project.lib.ledger import state as states
from dagster_project.lib.ledger.state import ROLES
from dagster_project.lib.publishing.tables import declared_tables
from dagster_project.lib.receiving.judging.declarations import load_sources
from dagster_project.lib.reference import SEEDS, load_reference, words
from dagster_project.lib.reference.errata import KINDS
from dagster_project.settings import DBT_DIR, PROJECT_ROOT

WORDS = load_reference().words
PACKAGE = PROJECT_ROOT / "dagster_project"
STATES = {
    states.OPEN,
    states.DRAFT,
    states.SUBMITTED,
    states.VERIFIED,
    states.APPROVED,
    states.PAID,
}
SQL_DOMAINS = {
    "kind": {"blocker", "mismatch"},
    "line_kind": {"line_kind"},
    "match": {"match"},
    "eligibility": {"reason"},
    "status": {"reason", "completeness", "deadline_status"},
    "role": {"evidence_role"},
    "step": {"screening_step"},
}
"""Domains of the codes that SQL writes into a column of this name."""
NOT_CODES = {"job", "uoplyst", "status_1y_", ""}
"""Texts in such a column that are Danish already, or stand before a benefit group."""


def codes_of(*domains: str) -> set[str]:
    """Codes that the table has a word for."""
    return {word.code for word in WORDS if word.domain in domains}


@cache
def sql() -> str:
    """All models and macros, without comments."""
    paths = sorted((DBT_DIR / "models").rglob("*.sql")) + sorted((DBT_DIR / "macros").glob("*.sql"))
    return "\n".join(re.sub(r"--.*", "", path.read_text(encoding="utf-8")) for path in paths)


def written_as(column: str) -> set[str]:
    """The texts that any model writes into a column of this name: as such, or from a case."""
    plain = re.findall(rf"'(\w*)'(?:::\w+)? as {column}\b", sql())
    cases = re.findall(rf"\bcase\b((?:(?!\bcase\b).)*?)\bend(?:::\w+)? as {column}\b", sql(), re.S)
    chosen = [text for case in cases for text in re.findall(r"(?:then|else)\s+'(\w*)'", case)]
    return {*plain, *chosen} - NOT_CODES


def python_files() -> Iterator[Path]:
    """Every file of the package but the synthetic municipalities."""
    yield from (path for path in sorted(PACKAGE.rglob("*.py")) if "demo" not in path.parts)


def texts_of(path: Path) -> set[str]:
    """The texts of a file, docstrings apart."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
    }


@pytest.mark.parametrize("column", SQL_DOMAINS)
def test_every_code_that_sql_writes_into_a_column_has_a_word(column: str) -> None:
    found = written_as(column)
    assert found, "the models are read"
    assert found <= codes_of(*SQL_DOMAINS[column])


@pytest.mark.parametrize(
    ("domain", "codes"),
    [
        ("state", STATES),
        ("action", {*ROLES, "dispute"}),
        ("role", ROLES.values()),
        ("standing", {"confirmed", "stated"}),
        ("part_kind", {"person_months", "fte_reduction", "relapse_reduction"}),
        ("erratum_kind", KINDS),
        ("gate", {str(gate) for gate in GATES}),
        ("severity", {"critical", "warning"}),
        (
            "column_type",
            {
                "cpr", "benefit_code", "benefit_name", "area", "contract", "text", "choice",
                "yes_no", "digits", "date", "month", "statistics_month", "number",
            },
        ),
    ],
)  # fmt: skip
def test_a_domain_has_a_word_for_each_of_its_codes_and_no_other(
    domain: str, codes: set[str]
) -> None:
    assert codes_of(domain) == set(codes)


def test_every_cause_of_a_change_has_a_word() -> None:
    folder = PACKAGE / "lib" / "trace" / "causes"
    texts = set().union(*(texts_of(path) for path in folder.glob("*.py")))
    endings = ("_changed", "_added", "_withdrawn", "_revised", "decision_made")
    assert {text for text in texts if re.fullmatch(rf"(?!is_)\w*({'|'.join(endings)})", text)} == (
        codes_of("cause") - {"unknown", "hidden"}
    )


def test_every_finding_has_a_word_and_every_word_its_finding() -> None:
    code = "".join(
        path.read_text(encoding="utf-8") for path in (PACKAGE / "lib" / "receiving").rglob("*.py")
    )
    found = set(re.findall(r"\b(?:Finding|rows_finding)\(\s*\"([A-Z_]+)\"", code))
    assert found, "the code is read"
    assert found <= codes_of("finding")
    assert {word for word in codes_of("finding") if not re.search(rf"\b{word}\b", code)} == set()


def test_every_word_of_a_code_that_sql_writes_has_a_model_that_writes_it() -> None:
    domains = {domain for several in SQL_DOMAINS.values() for domain in several} - {"state"}
    literals = set(re.findall(r"'(\w+)'", sql()))
    of_groups = {f"status_1y_{group}" for group in benefit_groups()}
    assert codes_of(*domains) - literals - of_groups == set()


def benefit_groups() -> set[str]:
    """Every benefit group that a code can stand for."""
    return {code.benefit_group for code in load_reference().benefit_codes}


def choices(source: str, column: str) -> set[str]:
    """The values that a column of a source's files may have."""
    (found,) = (one for one in load_sources()[source].columns if one.name == column)
    return set(found.allowed)


@pytest.mark.parametrize(
    ("domain", "codes"),
    [
        ("benefit_group", benefit_groups()),
        ("source", set(load_sources())),
        ("null_reason", {"hidden", "not_observed", "not_published", "not_applicable"}),
        (
            "ended_reason",
            benefit_groups() | choices("aktiviteter", "result") | {"job", "uoplyst", "hidden"},
        ),
        (
            "exit_reason",
            choices("deltagere", "end_reason")
            | choices("personstatus", "event") - {"tilflyttet", "nyt_cpr"}
            | {code.exit_reason for code in load_reference().benefit_codes} - {""},
        ),
    ],
)
# Rule M.label
def test_a_column_whose_codes_come_from_data_has_a_word_for_each_that_can_come(
    domain: str, codes: set[str]
) -> None:
    assert codes_of(domain) == codes


# Rule M.label
def test_every_status_after_a_year_has_a_word() -> None:
    known = {f"status_1y_{group}" for group in benefit_groups()}
    own = {"status_1y_self_supporting", "status_1y_not_yet_observable"}
    assert {
        code for code in codes_of("screening_step") if code.startswith("status_")
    } == known | own


# Rule M.label
def test_every_column_of_codes_names_its_domain() -> None:
    codes = {
        "state", "match", "reason", "status", "eligibility", "cause", "kind", "line_kind", "role",
        "action", "step", "source", "refusal_code", "severity", "gate", "null_reason",
        "price_group", "benefit_group", "stated_group", "exit_reason",
    }  # fmt: skip
    unnamed = {
        (name, column)
        for (_, name), table in declared_tables().items()
        for column, _ in table.columns
        if column in codes and column not in table.words
    }
    assert unnamed == set()


def test_every_domain_that_a_published_column_names_is_known() -> None:
    named = {domain for table in declared_tables().values() for domain in table.words.values()}
    assert named <= {word.domain for word in WORDS}
    for table in declared_tables().values():
        assert table.words.keys() <= dict(table.columns).keys()


def test_no_words_of_a_code_stand_anywhere_else() -> None:
    said = {text for word in WORDS for text in (word.label_da, word.remedy_da) if " " in text}
    for path in python_files():
        assert texts_of(path) & said == set(), path
    assert [text for text in said if f"'{text}'" in sql()] == []


def test_a_code_without_a_word_is_shown_as_it_is_and_none_as_a_dash() -> None:
    assert words.label("state", "half_open") == "half open"
    assert words.label("state", None) == "–"
    assert words.remedy("state", "draft") is None
    with pytest.raises(KeyError):
        words.label("states", "draft")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("state,open,,igen,,,", "står to gange"),
        ("state,new_one,,,,,", "label_da"),
        ("state,,,ny,,,", "code"),
        (",new_one,,ny,,,", "domain"),
    ],
)
def test_a_row_of_words_that_cannot_be_right_is_refused(
    tmp_path: Path, row: str, says: str
) -> None:
    shutil.copytree(SEEDS, tmp_path / "seeds")
    path = tmp_path / "seeds" / "words.csv"
    path.write_text(path.read_text(encoding="utf-8") + row + "\n", encoding="utf-8")
    with pytest.raises(EffektError, match=says):
        load_reference(tmp_path / "seeds")
