"""``effekt check`` of a file that people write by hand: a contract file, or an overlay of a source.

What belongs here: which of the two it is, and its verdict. What does not: the rules of either; they
are those of loading it (``lib/contracts``, ``judging.overlays``).

Rules: P.check, C.file, I.overlay.
"""

from __future__ import annotations

from pathlib import Path

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.base.strict_yaml import YamlRefusedError, read_document
from dagster_project.lib.contracts import find_warnings, read_contract_problems
from dagster_project.lib.receiving.check_report import CONTRACT, OVERLAY, CheckReport
from dagster_project.lib.receiving.judging import names, overlays
from dagster_project.lib.receiving.judging.declarations import load_sources
from dagster_project.lib.receiving.judging.findings import Finding

_ENDINGS = (".yml", ".yaml")
_KEY = "contract_id"


def is_yaml(path: Path) -> bool:
    """Whether it is called as such a file is."""
    return path.suffix.casefold() in _ENDINGS


def check_yaml(path: Path, source_name: str | None, area: str | None) -> CheckReport:
    """Judge a contract file or an overlay as loading it does.

    Args:
        path: the file.
        source_name: the source of an overlay, whatever it is called.
        area: the home's municipality, None without one.
    """
    named = path.name.partition(".")[0]
    if source_name is not None or (named in load_sources() and not _names_contract(path)):
        return _overlay(path, source_name)
    return _contract(path, area)


def _names_contract(path: Path) -> bool:
    try:
        tree = read_document(path).tree
    except (YamlRefusedError, OSError):
        return False
    return isinstance(tree, dict) and _KEY in tree


def _contract(path: Path, area: str | None) -> CheckReport:
    contract, problems = read_contract_problems(path)
    notes = [f"Bemærk: {said}." for said in find_warnings(contract)] if contract else []
    if contract is not None and area is not None and contract.area != area:
        notes.append(
            f"Bemærk: kontraktens area er {contract.area}, og mappen er {area}s; den vil ikke blive"
            " indlæst i den."
        )
    return CheckReport(
        file_name=names.scrub(path.name),
        source=None,
        title="Kontraktfil",
        findings=tuple(Finding("CONTRACT_FILE", detail=problem) for problem in problems),
        kind=CONTRACT,
        notes=tuple(notes),
    )


def _overlay(path: Path, source_name: str | None) -> CheckReport:
    findings: tuple[Finding, ...] = ()
    source = load_sources().get(source_name or path.name.partition(".")[0])
    try:
        overlays.read_one(path, source_name)
    except EffektError as error:
        findings = (Finding("SOURCE_DECLARATION", detail=error.message),)
    return CheckReport(
        file_name=names.scrub(path.name),
        source=source.source if source else None,
        title=source.title if source else None,
        findings=findings,
        kind=OVERLAY,
    )
