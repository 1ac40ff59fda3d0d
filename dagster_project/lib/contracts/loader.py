"""Contract files → validated contracts, with errors that name file, line and key path.

Rules: C.area, C.file, I.person_text.
Decides: C.file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.base.person_numbers import number_paths, shown
from dagster_project.lib.base.strict_yaml import (
    Document,
    YamlRefusedError,
    read_document,
    show_path,
)
from dagster_project.lib.contracts.checks import Problem, find_problems
from dagster_project.lib.contracts.model import KEY_PATH, Contract
from dagster_project.lib.reference import KnownGroups, groups_of, load_benefit_codes

SUFFIX = ".yml"
MAX_FILES = 10_000
MAX_SHOWN = 12
_WORDS = {
    "extra_forbidden": "unknown key",
    "missing": "the key is missing",
    "union_tag_not_found": "the key kind is missing",
    "union_tag_invalid": "must be person_months, fte_reduction or relapse_reduction",
    "list_type": "must be a list",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "string_pattern_mismatch": "must consist of letters, digits, - and _",
}
_KINDS = frozenset({"person_months", "fte_reduction", "relapse_reduction"})


def load_contracts(directory: Path, area: str | None) -> list[Contract]:
    """Read and validate every contract file of a folder.

    Args:
        directory: folder of ``<contract_id>.yml`` files; each is validated, whatever its area.
        area: the home's area; None takes the one area that all contracts share.

    Returns:
        the contracts of the area, ordered by contract_id.

    Raises:
        EffektError: CONTRACT_FILE (names files, lines and key paths) or CONTRACT_AREA.
    """
    known = groups_of(load_benefit_codes())
    contracts: list[Contract] = []
    problems: list[str] = []
    for path in _contract_files(directory):
        try:
            contracts.append(read_contract(path, known))
        except EffektError as error:
            problems.append(error.message)
    if problems:
        raise _file_error(problems)
    return _of_area(contracts, area)


def read_contract(path: Path, groups: KnownGroups | None) -> Contract:
    """One contract file, validated; EffektError CONTRACT_FILE names every problem found."""
    contract, problems = _read(path, groups)
    if contract is None:
        raise _file_error(problems)
    return contract


def read_contract_problems(path: Path) -> tuple[Contract | None, list[str]]:
    """One contract file wherever it lies, validated as loading does; None where it has problems."""
    if not path.name.endswith(SUFFIX):
        return None, [_wrong_ending(path.name)]
    return _read(path, groups_of(load_benefit_codes()))


def _wrong_ending(name: str) -> str:
    return f"{shown(name)}: the file's name must end in {SUFFIX}"


def _read(path: Path, groups: KnownGroups | None) -> tuple[Contract | None, list[str]]:
    try:
        document = read_document(path)
    except YamlRefusedError as error:
        return None, [f"{shown(path.name)}: {error}"]
    except OSError as error:
        return None, [f"{shown(path.name)}: cannot be read ({error.strerror})"]
    if numbered := _numbered(path.name, document):
        return None, numbered
    contract, problems = _validate(document.tree, groups)
    if contract is not None and contract.contract_id != path.name.removesuffix(SUFFIX):
        problems.append((("contract_id",), "must be the file's name without .yml"))
    if problems or contract is None:
        return None, [_show(path.name, document, problem) for problem in problems]
    return contract, []


def _numbered(name: str, document: Document) -> list[str]:
    """Where a contract file, its name or a comment in it holds a person number."""
    text = "holds what may be a person number"
    problems = [_show(name, document, (path, text)) for path in number_paths(document.tree)]
    problems += [f"{shown(name)}, line {line}: {text}" for line in document.numbered_comments]
    return problems or ([f"the file's name {text}"] if shown(name) != name else [])


def contract_from_json(terms: str | dict[str, Any]) -> Contract:
    """Rebuild a contract from its stored terms (``Contract.terms_json``), for replay.

    The benefit groups are not checked: the codes stored beside the terms decide.
    """
    try:
        tree = json.loads(terms) if isinstance(terms, str) else terms
    except ValueError:
        raise EffektError("CONTRACT_TERMS", "the stored terms are no JSON") from None
    contract, problems = _validate(tree, None)
    if problems or contract is None:
        places = "; ".join(f"{show_path(path)}: {text}" for path, text in problems[:MAX_SHOWN])
        raise EffektError("CONTRACT_TERMS", f"the stored terms do not fit the model: {places}")
    return contract


def _validate(tree: Any, groups: KnownGroups | None) -> tuple[Contract | None, list[Problem]]:
    try:
        contract = Contract.model_validate(tree)
    except ValidationError as error:
        return None, [_problem(dict(item)) for item in error.errors(include_input=False)]
    except RecursionError:
        return None, [((), "nested too deeply")]
    return contract, find_problems(contract, groups)


def _problem(item: dict[str, Any]) -> Problem:
    path = tuple(part for part in item["loc"] if part not in _KINDS)
    kind = str(item["type"])
    if kind == KEY_PATH:
        return (*path, *item["ctx"]["path"]), str(item["ctx"]["text"])
    if kind == "value_error":
        return path, str(item["ctx"]["error"])
    return path, _WORDS.get(kind, str(item["msg"]))


def _show(name: str, document: Document, problem: Problem) -> str:
    path, text = problem
    line = document.line_of(path)
    place = f"{shown(name)}, line {line}" if line else shown(name)
    return f"{place}: {show_path(path)}: {text}"


def _contract_files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise EffektError(
            "CONTRACT_FOLDER",
            f"there is no folder of contract files at {directory}",
            remedy="give --contracts, or put the files into the home's contracts folder",
        )
    files = sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    if wrong := [path.name for path in files if path.suffix.lower() in (".yaml", ".yml")
                 and not path.name.endswith(SUFFIX)]:  # fmt: skip
        raise _file_error([_wrong_ending(name) for name in wrong])
    found = [path for path in files if path.name.endswith(SUFFIX)]
    if not found or len(found) > MAX_FILES:
        what = "no contract file" if not found else f"more than {MAX_FILES} contract files"
        raise EffektError("CONTRACT_FOLDER", f"there is {what} (*{SUFFIX}) in {directory}")
    return found


def _of_area(contracts: Sequence[Contract], area: str | None) -> list[Contract]:
    areas = sorted({contract.area for contract in contracts})
    if area is None:
        if len(areas) != 1:
            raise EffektError(
                "CONTRACT_AREA",
                f"the contract files name {len(areas)} areas ({', '.join(areas)}) "
                "and home.yml says none",
                remedy="write area: <name> into home.yml",
            )
        area = areas[0]
    mine = [contract for contract in contracts if contract.area == area]
    if not mine:
        raise EffektError(
            "CONTRACT_AREA",
            f"no contract file has the home's area {area}",
            remedy="correct area in home.yml or in the contract file",
        )
    return sorted(mine, key=lambda contract: contract.contract_id)


def _file_error(problems: list[str]) -> EffektError:
    more = f" … and {len(problems) - MAX_SHOWN} more" if len(problems) > MAX_SHOWN else ""
    return EffektError(
        "CONTRACT_FILE",
        "; ".join(problems[:MAX_SHOWN]) + more,
        remedy="correct the contract file (seeds/contract.schema.json describes every key)",
    )
