"""A question as it was asked: terms set otherwise, deliveries left out or added, a date.

What belongs here: reading and refusing what was typed. What does not: computing (``what_if``).

Rules: S.what_if, S.variant_path.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.lib import contracts
from dagster_project.lib.base import danish, strict_yaml
from dagster_project.lib.base.errors import EffektError, NotAllowedError, UsageError
from dagster_project.lib.base.person_numbers import holds_person_number
from dagster_project.lib.contracts import Contract
from dagster_project.lib.publishing import named
from dagster_project.lib.publishing.shown_terms import require_own_format
from dagster_project.lib.publishing.snapshot import open_current
from dagster_project.settings import Settings

_FIXED = ("contract_id", "area")


@dataclass(frozen=True)
class Question:
    """What is compared.

    Args:
        now: the contract as its file has it, without variants.
        then: the same with the terms that are asked about.
        as_of: the business date of both sides.
        without: sha256 of the deliveries that the other side does not know.
        added: files that the other side knows as if they had been delivered.
        contract_ids: the contracts that such a file may name: all that a night would load.
    """

    now: Contract
    then: Contract
    as_of: dt.date
    without: tuple[str, ...] = ()
    added: tuple[Path, ...] = ()
    contract_ids: frozenset[str] = frozenset()


def ask(
    settings: Settings, contract_id: str, *, terms: Path | None = None,
    changes: Sequence[str] = (), without: Sequence[str] = (), added: Sequence[Path] = (),
    as_of: dt.date | None = None,
) -> Question:  # fmt: skip
    """A question about a contract of a home.

    Args:
        settings: the home.
        contract_id: the contract.
        terms: a file with other terms of it.
        changes: ``PATH=VALUE`` each, set one after the other in those terms.
        without: sha256 of known deliveries.
        added: files.
        as_of: not after the date of the newest snapshot, which is taken where none is given.

    Raises:
        UsageError: an unknown contract, a date that has not been published, a change that cannot
            be read or is no key of the contract (exit 2).
        NotAllowedError: a file would be refused, or the snapshot is of an older format (exit 3).
    """
    with open_current(settings.home) as snapshot:
        require_own_format(snapshot)
        newest, manifest = snapshot.as_of, snapshot.manifest
        known = {row["contract_id"] for row in manifest["contracts"]}
        if contract_id not in known:
            raise named.unknown_contract(snapshot, contract_id)
    day = as_of or newest
    if day > newest:
        raise UsageError(
            f"det udgivne har data til og med {danish.date(newest)}",
            remedy="udelad --as-of, eller angiv den dag eller en tidligere",
        )
    own = contracts.read_contract(settings.contracts_dir / f"{contract_id}.yml", None)
    if own.payment is None:
        raise UsageError("kontrakten har ingen betaling at spørge om")
    now = contracts.set_otherwise(own, {})
    then = _changed(own, terms, changes)
    if len({path.name for path in added}) < len(added):
        raise UsageError("to af filerne hedder det samme; de kan ikke leveres sammen")
    loaded = _loaded(settings) if added else frozenset()
    for path in added:
        _require_sound(settings, path, loaded)
    return Question(now, then, day, tuple(dict.fromkeys(without)), tuple(added), loaded)


def _loaded(settings: Settings) -> frozenset[str]:
    terms = contracts.load_contracts(settings.contracts_dir, settings.area)
    return frozenset(contract.contract_id for contract in terms)


def _changed(own: Contract, terms: Path | None, changes: Sequence[str]) -> Contract:
    try:
        other = contracts.read_as(terms, own.contract_id) if terms else own
        if other.area != own.area:
            raise UsageError("filens area er en anden kommune")
        return contracts.set_otherwise(other, dict(_read_change(one) for one in changes))
    except EffektError as error:
        raise UsageError(error.message, remedy="ret vilkårene, og spørg igen") from None


def _read_change(typed: str) -> tuple[str, Any]:
    """Path and value of ``PATH=VALUE``; the value is YAML."""
    path, equals, value = typed.partition("=")
    if not equals or not path:
        raise UsageError("--set skrives STI=VÆRDI, fx parts.del1.max_support_days=15")
    if holds_person_number(path) or holds_person_number(value):
        raise UsageError(
            "--set ser ud til at rumme et personnummer, og det må ikke stå her",
            remedy="skriv vilkåret uden",
        )
    if path.split(".")[0] in _FIXED:
        raise UsageError(f"{path}: et spørgsmål er om den samme kontrakt i den samme kommune")
    try:
        # a document of one mapping: what YAML reads as one value stays one
        return path, strict_yaml.parse(f"value: {value}\n").tree["value"]
    except strict_yaml.YamlRefusedError as refused:
        raise UsageError(f"{path}: værdien er ikke YAML ({refused})") from None


def _require_sound(settings: Settings, path: Path, known: frozenset[str]) -> None:
    from dagster_project.lib import receiving

    report = receiving.check_file(path, known, settings.home.sources, area=settings.area)
    if report.source is None or not report.is_accepted:
        codes = ", ".join(dict.fromkeys(finding.code for finding in report.findings))
        raise NotAllowedError(
            "FILE_REFUSED",
            f"{report.file_name} ville blive afvist ({codes or 'ingen levering'})",
            remedy="se hvorfor med effekt check FILE",
        )
