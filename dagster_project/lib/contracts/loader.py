"""Contract files → validated contracts, with errors that name file, line and key path.

Rules: C.area, C.file, I.person_text.
Decides: C.file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dagster_project.lib.base import model_words
from dagster_project.lib.base.errors import EffektError, said_by_system
from dagster_project.lib.base.person_numbers import number_paths, shown
from dagster_project.lib.base.strict_yaml import (
    Document,
    YamlRefusedError,
    read_document,
    show_path,
)
from dagster_project.lib.contracts import variants
from dagster_project.lib.contracts.checks import Problem, find_problems
from dagster_project.lib.contracts.model import KEY_PATH, Contract
from dagster_project.lib.reference import KnownGroups, groups_of, load_benefit_codes

SUFFIX = ".yml"
MAX_FILES = 10_000
MAX_SHOWN = 12
_WORDS = {
    "union_tag_not_found": "nøglen kind mangler",
    "union_tag_invalid": "skal være person_months, fte_reduction eller relapse_reduction",
    "string_pattern_mismatch": "må kun have bogstaver, cifre, - og _",
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


def read_as(path: Path, contract_id: str) -> Contract:
    """Other terms of a contract, from a file of any name; errors as ``read_contract``."""
    contract, problems = _read(path, groups_of(load_benefit_codes()), contract_id)
    if contract is None:
        raise _file_error(problems)
    return contract


def set_otherwise(contract: Contract, changes: Mapping[str, Any]) -> Contract:
    """A contract without its variants, and with some terms set otherwise by path (S.variant_path).

    Raises:
        EffektError: ``CONTRACT_FILE`` names the paths that name no key, or what is wrong then.
    """
    terms = {name: value for name, value in contract.terms().items() if name != "variants"}
    wrong = [f"{path}: {why}" for path, value in changes.items()
             if (why := variants.put(terms, path, value))]  # fmt: skip
    made, problems = (None, []) if wrong else validate_terms(terms, groups_of(load_benefit_codes()))
    wrong += [f"{show_path(path)}: {text}" for path, text in problems]
    if made is None or wrong:
        raise _file_error(wrong)
    return made


def _wrong_ending(name: str) -> str:
    return f"{shown(name)}: filens navn skal ende på {SUFFIX}"


def _read(
    path: Path, groups: KnownGroups | None, contract_id: str | None = None
) -> tuple[Contract | None, list[str]]:
    try:
        document = read_document(path)
    except YamlRefusedError as error:
        return None, [f"{shown(path.name)}: {error}"]
    except OSError as error:
        return None, [f"{shown(path.name)}: kan ikke læses ({said_by_system(error)})"]
    if numbered := _numbered(path.name, document):
        return None, numbered
    contract, problems = _validate(document.tree, groups)
    wanted = contract_id or path.name.removesuffix(SUFFIX)
    if contract is not None and contract.contract_id != wanted:
        said = "skal være kontraktens" if contract_id else "skal være filens navn uden .yml"
        problems.append((("contract_id",), said))
    if problems or contract is None:
        return None, [_show(path.name, document, problem) for problem in problems]
    return contract, []


def _numbered(name: str, document: Document) -> list[str]:
    """Where a contract file, its name or a comment in it holds a person number."""
    text = "indeholder noget, der kan være et personnummer"
    problems = [_show(name, document, (path, text)) for path in number_paths(document.tree)]
    problems += [f"{shown(name)}, linje {line}: {text}" for line in document.numbered_comments]
    return problems or ([f"filens navn {text}"] if shown(name) != name else [])


def list_shadows(contract: Contract) -> list[variants.Shadow]:
    """A loaded contract unchanged and each of its variants; nothing where it has none."""
    return variants.shadows_of(contract, partial(validate_terms, groups=None))


def contract_from_json(terms: str | dict[str, Any]) -> Contract:
    """Rebuild a contract from its stored terms (``Contract.terms_json``), for replay.

    The benefit groups are not checked: the codes stored beside the terms decide.
    """
    try:
        tree = json.loads(terms) if isinstance(terms, str) else terms
    except ValueError:
        raise EffektError("CONTRACT_TERMS", "de gemte vilkår er ikke JSON") from None
    contract, problems = _validate(tree, None)
    if problems or contract is None:
        places = "; ".join(f"{show_path(path)}: {text}" for path, text in problems[:MAX_SHOWN])
        raise EffektError(
            "CONTRACT_TERMS", f"de gemte vilkår passer ikke til programmets form: {places}"
        )
    return contract


def _validate(tree: Any, groups: KnownGroups | None) -> tuple[Contract | None, list[Problem]]:
    contract, problems = validate_terms(tree, groups)
    if contract is not None and not problems:
        problems = list(variants.find_problems(contract, partial(validate_terms, groups=groups)))
    return contract, problems


def validate_terms(tree: Any, groups: KnownGroups | None) -> tuple[Contract | None, list[Problem]]:
    """A contract of plain data, its variants unseen, and every problem found in it."""
    try:
        contract = Contract.model_validate(tree)
    except ValidationError as error:
        return None, [_problem(dict(item)) for item in error.errors(include_input=False)]
    except RecursionError:
        return None, [((), "for mange niveauer i hinanden")]
    return contract, find_problems(contract, groups)


def _problem(item: dict[str, Any]) -> Problem:
    path = tuple(part for part in item["loc"] if part not in _KINDS)
    kind = str(item["type"])
    if kind == KEY_PATH:
        return (*path, *item["ctx"]["path"]), str(item["ctx"]["text"])
    return path, _WORDS.get(kind) or model_words.why(item)


def _show(name: str, document: Document, problem: Problem) -> str:
    path, text = problem
    line = document.line_of(path)
    place = f"{shown(name)}, linje {line}" if line else shown(name)
    return f"{place}: {show_path(path)}: {text}"


def _contract_files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise EffektError(
            "CONTRACT_FOLDER",
            f"der er ingen mappe med kontraktfiler i {directory}",
            remedy="angiv --contracts, eller læg filerne i contracts/ i kommunens mappe",
        )
    files = sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    if wrong := [path.name for path in files if path.suffix.lower() in (".yaml", ".yml")
                 and not path.name.endswith(SUFFIX)]:  # fmt: skip
        raise _file_error([_wrong_ending(name) for name in wrong])
    found = [path for path in files if path.name.endswith(SUFFIX)]
    if not found or len(found) > MAX_FILES:
        what = "ingen kontraktfil" if not found else f"mere end {MAX_FILES} kontraktfiler"
        raise EffektError("CONTRACT_FOLDER", f"der er {what} (*{SUFFIX}) i {directory}")
    return found


def _of_area(contracts: Sequence[Contract], area: str | None) -> list[Contract]:
    areas = sorted({contract.area for contract in contracts})
    if area is None:
        if len(areas) != 1:
            raise EffektError(
                "CONTRACT_AREA",
                f"kontraktfilerne nævner {len(areas)} kommuner ({', '.join(areas)}), og "
                "home.yml nævner ingen",
                remedy="skriv area: <navn> i home.yml",
            )
        area = areas[0]
    mine = [contract for contract in contracts if contract.area == area]
    if not mine:
        raise EffektError(
            "CONTRACT_AREA",
            f"ingen kontraktfil er for kommunen i home.yml, {area}",
            remedy="ret area i home.yml eller i kontraktfilen",
        )
    return sorted(mine, key=lambda contract: contract.contract_id)


def _file_error(problems: list[str]) -> EffektError:
    more = f" … og {len(problems) - MAX_SHOWN} til" if len(problems) > MAX_SHOWN else ""
    return EffektError(
        "CONTRACT_FILE",
        "; ".join(problems[:MAX_SHOWN]) + more,
        remedy="ret kontraktfilen (seeds/contract.schema.json beskriver hver nøgle)",
    )
