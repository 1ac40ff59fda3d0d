"""Suites as data: ``expectations/<gate>_<subject>.yml``, read strictly.

What belongs here: the form of a suite and what makes one unacceptable. What does not: running it.

Rules: G.suites, G.meta.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from dagster_project.lib.base import model_words
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.base.strict_yaml import YamlRefusedError, load_typed
from dagster_project.lib.publishing.manifest import GATES, Gate
from dagster_project.settings import EXPECTATIONS_DIR, Owner

CRITICAL = "critical"
META_PREFIX = "complete_"
SHARED = "shared.yml"
Severity = Literal["critical", "warning"]
_BOUNDS = ("min_value", "max_value")


class Threshold(BaseModel):
    """Since when a bound holds, and why it is this one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: dt.date
    reason: str = Field(min_length=10)


class Check(BaseModel):
    """One check of a suite.

    ``title``, ``owner`` and ``remedy`` are read in the municipality: they are Danish.
    ``arguments`` are those of the expectation of Great Expectations; the column that it judges
    bears the check's id.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = Field(min_length=10)
    expectation: str = Field(pattern=r"^expect_[a-z_]+$")
    arguments: dict[str, Any]
    severity: Severity
    owner: Owner
    remedy: str = Field(min_length=10)
    threshold: Threshold | None = None

    @model_validator(mode="after")
    def _sound(self) -> Check:
        if self.severity == CRITICAL and "mostly" in self.arguments:
            raise ValueError("mostly er ikke tilladt i en kontrol, der standser")
        bounds = [self.arguments[name] for name in _BOUNDS if name in self.arguments]
        if self.threshold is None and any(bound not in (0, 1) for bound in bounds):
            raise ValueError("en grænse skal have dato og begrundelse")
        return self


class Suite(BaseModel):
    """The checks of one subject at one gate.

    Args:
        gate: 10, 20, 30, 40 or 50.
        subject: what is judged; with the gate it names the file.
        shape: ``counts`` — ``facts`` has one boolean column per check (true = breaks the rule,
            null = does not apply) and DuckDB counts them in one pass; the expectation judges the
            counts. ``rows`` — ``facts`` is a bounded table and is judged row by row.
        facts: SQL; it may carry ``contract_id`` and ``key_text`` to name a failing row.
        min_rows: the fewest rows of ``facts`` that count as evidence: a number, or SQL that derives
            it from what must be there, independently of ``facts``.
        prepare: what Python adds before the query, by the name of its maker (``facts.py``).
        shared: what its checks have in common, where it differs from ``expectations/shared.yml``.
        checks: in the file a mapping of id to what the check says for itself, often its title only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    gate: Gate
    subject: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = Field(min_length=3)
    shape: Literal["counts", "rows"]
    facts: str = Field(min_length=10)
    min_rows: int | str
    prepare: tuple[str, ...] = ()
    shared: dict[str, Any] = Field(default_factory=dict)
    checks: tuple[Check, ...] = Field(min_length=1)

    @field_validator("checks", mode="before")
    @classmethod
    def _spread(cls, said: Any, found: ValidationInfo) -> list[dict[str, Any]]:
        """Give every check what it shares: from all checks, its shape, its suite; its own last."""
        if not isinstance(said, dict):
            raise ValueError("checks er id'er med titel eller det, der er anderledes")  # noqa: TRY004
        of_shape = _shared().get(found.data.get("shape", ""), {})
        common = _shared()["all"] | of_shape | found.data.get("shared", {})
        return [
            common | (own if isinstance(own, dict) else {"title": own}) | {"id": name}
            for name, own in said.items()
        ]


class DeclaredCheck(BaseModel):
    """A check as the graph knows it, without its query."""

    model_config = ConfigDict(frozen=True)

    gate: int
    check_id: str
    subject: str
    severity: Severity
    owner: Owner
    remedy: str
    title: str

    @property
    def is_critical(self) -> bool:
        """A failure stops everything after the gate."""
        return self.severity == CRITICAL


def read_suite(path: Path) -> Suite:
    """One suite file, strictly.

    Raises:
        EffektError: ``SUITE_INVALID`` with the key path.
    """
    try:
        suite = Suite.model_validate(load_typed(path.read_text("utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _invalid(path, f"{place}: {model_words.why(dict(first))}") from None
    except YamlRefusedError as error:
        raise _invalid(path, str(error)) from None
    if path.stem != f"{suite.gate}_{suite.subject}":
        raise _invalid(path, "filens navn er ikke <gate>_<emne>.yml")
    return suite


def read_suites(folder: Path) -> tuple[Suite, ...]:
    """All suites of a folder; every gate has at least one, check ids are unique in a gate."""
    suites = tuple(read_suite(path) for path in sorted(folder.glob("[0-9]*.yml")))
    for gate in GATES:
        names = Counter(check.check_id for check in _declared(suites) if check.gate == gate)
        if not names:
            raise EffektError("SUITE_INVALID", f"gate {gate} har ingen kontroller i {folder.name}/")
        if repeated := sorted(name for name, times in names.items() if times > 1):
            raise EffektError("SUITE_INVALID", f"gate {gate} har {', '.join(repeated)} to gange")
    return suites


@cache
def all_suites() -> tuple[Suite, ...]:
    """The shipped suites."""
    return read_suites(EXPECTATIONS_DIR)


def suites_of(gate: int) -> tuple[Suite, ...]:
    """The shipped suites of one gate."""
    return tuple(suite for suite in all_suites() if suite.gate == gate)


def declared_checks() -> list[DeclaredCheck]:
    """Every check that the gates declare, the meta-gate's own included."""
    return _declared(all_suites())


def _declared(suites: tuple[Suite, ...]) -> list[DeclaredCheck]:
    found = []
    for suite in suites:
        found.append(meta_check(suite))
        found.extend(
            DeclaredCheck(
                gate=suite.gate,
                check_id=check.id,
                subject=suite.subject,
                severity=check.severity,
                owner=check.owner,
                remedy=check.remedy,
                title=check.title,
            )
            for check in suite.checks
        )
    return found


def meta_check(suite: Suite) -> DeclaredCheck:
    """The meta-gate's check of a subject: every check was evaluated, on enough rows."""
    return DeclaredCheck(
        gate=suite.gate,
        check_id=f"{META_PREFIX}{suite.subject}",
        subject=suite.subject,
        severity=CRITICAL,
        owner="dataingeniør",
        remedy="Kontrollen er ikke udført fuldt ud: se kørslens log, ret årsagen og kør igen.",
        title=f"Alle kontroller af {suite.title} er udført, og på mindst det ventede antal rækker",
    )


@cache
def _shared() -> dict[str, dict[str, Any]]:
    """What all checks have in common, and those of a shape."""
    return dict(load_typed((EXPECTATIONS_DIR / SHARED).read_text("utf-8")))


def _invalid(path: Path, what: str) -> EffektError:
    return EffektError(
        "SUITE_INVALID", f"expectations/{path.name}: {what}", remedy="ret filen med kontrollerne"
    )
