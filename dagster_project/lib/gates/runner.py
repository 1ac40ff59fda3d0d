"""Run one gate: query the facts, let the expectations judge, keep the results.

What belongs here: the order of things and the meta-gate. What does not: what is checked (the
suites in ``expectations/``) and how an expectation is judged (``judge.py``).

Rules: G.meta, G.silent, G.order.
Decides: G.meta.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass, field
from typing import TYPE_CHECKING

import duckdb

from dagster_project.lib import publishing, warehouse
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.gates import facts, judge, kept
from dagster_project.lib.gates.suites import (
    CRITICAL,
    Check,
    DeclaredCheck,
    Suite,
    meta_check,
    suites_of,
)
from dagster_project.lib.publishing import Candidate, snapshot
from dagster_project.lib.warehouse.rows import insert_rows
from dagster_project.settings import Home, Settings

if TYPE_CHECKING:
    import pandas as pd

CANDIDATE_GATE = 50
Key = tuple[str | None, str]


@dataclass(frozen=True)
class CheckResult:
    """One row of ``data_quality``, in its column order: counts, never a value of a failing row."""

    gate: int
    check_id: str
    subject: str
    severity: str
    evaluated: int
    unexpected: int
    is_success: bool
    owner: str
    remedy: str

    @property
    def is_critical_failure(self) -> bool:
        """Nothing after this gate may run."""
        return self.severity == CRITICAL and not self.is_success

    def __str__(self) -> str:
        """Gate and check, for alerts: ``30.months_contiguous``."""
        return f"{self.gate}.{self.check_id}"


@dataclass(frozen=True)
class GateReport:
    """What a gate found."""

    gate: int
    results: list[CheckResult]

    @property
    def failed_critical(self) -> tuple[CheckResult, ...]:
        """The failures that hold publication back."""
        return tuple(result for result in self.results if result.is_critical_failure)

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """Failures that are shown and stop nothing."""
        return tuple(r for r in self.results if not r.is_success and r.severity != CRITICAL)

    @property
    def is_passed(self) -> bool:
        """No critical check failed."""
        return not self.failed_critical


@dataclass
class _Evidence:
    """What the query of a subject gave: the table to judge, its rows, or the failure."""

    rows: int = 0
    least: int = 0
    frame: pd.DataFrame | None = None
    counted: dict[str, int] = field(default_factory=dict)


def run_gate(gate: int, home: Home, settings: Settings) -> GateReport:
    """Run every suite of a gate and replace its results, and those of later gates.

    Gate 50 audits the finished files that wait in ``published``; where none wait, the snapshot that
    readers see is judged again and stays as it is.

    Args:
        gate: 10, 20, 30, 40 or 50.
        home: its warehouse must not be open for writing elsewhere.
        settings: the run's settings.

    Returns:
        The results; a failed critical one means: stop here.

    Raises:
        EffektError: ``NO_CANDIDATE`` if gate 50 has nothing to audit.
    """
    audited = _files_to_audit(home) if gate == CANDIDATE_GATE else None
    results: list[CheckResult] = []
    keys: list[tuple[str, Key]] = []
    with open_facts(gate, home, audited) as connection:
        context = facts.Context(connection, home, settings, audited)
        for suite in suites_of(gate):
            found, failing = run_suite(context, suite)
            results += found
            keys += failing
    report = GateReport(gate, results)
    _keep(home, report, keys)
    if audited is not None and not _is_published(audited):
        rows = [astuple(result) for result in results]
        publishing.append_audit(audited, rows, gate=gate, passed=report.is_passed)
    return report


def _files_to_audit(home: Home) -> Candidate:
    """The candidate that waits, else the snapshot that readers see."""
    if (waiting := publishing.find_candidate(home)) is not None:
        return waiting
    if (current := publishing.current_snapshot(home)) is not None:
        return Candidate(current.path, current.manifest)
    raise EffektError(
        "NO_CANDIDATE",
        "gate 50 har intet at efterse",
        remedy="kør hele natten (effekt run), eller trinnet build_candidate først",
    )


def _is_published(files: Candidate) -> bool:
    """A published snapshot is never written to: its folder bears its own name."""
    return files.path.name == files.snapshot_id


@contextmanager
def open_facts(
    gate: int, home: Home, candidate: Candidate | None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse, or for gate 50 the candidate's files opened as a reader would."""
    if gate != CANDIDATE_GATE or candidate is None:
        with warehouse.connect(home.warehouse) as connection:
            yield connection
        return
    with duckdb.connect(":memory:", config=warehouse.ENGINE) as connection:
        connection.execute("set enable_progress_bar = false")  # it is written to stdout
        with snapshot.attached(connection, candidate.path, home.work):
            yield connection


def run_suite(
    context: facts.Context, suite: Suite
) -> tuple[list[CheckResult], list[tuple[str, Key]]]:
    """Run the checks of one subject and the meta-gate's own, which stands first.

    Returns:
        One result per check, and the keys of failing rows by check id.
    """
    try:
        evidence = _gather(context, suite)
        judged = judge.judge(evidence.frame, suite.checks)
    except Exception as error:
        # whatever a query or an expectation raises, its text may hold values of a row
        context.log_failure(suite, error)
        evidence, judged = _Evidence(), {}
    results = [_result(suite, check, evidence, judged) for check in suite.checks]
    missing = sum(
        1 for check in suite.checks
        if not judged.get(check.id, judge.NOT_EVALUATED).was_evaluated
    )  # fmt: skip
    too_few = int(evidence.frame is None or evidence.rows < evidence.least)
    results.insert(0, _meta_result(suite, len(suite.checks), missing + too_few))
    keys = [
        (check.id, key)
        for check, result in zip(suite.checks, results[1:], strict=True)
        if not result.is_success and evidence.frame is not None
        for key in _failing_keys(context, suite, check, evidence)
    ]
    return results, keys


def _gather(context: facts.Context, suite: Suite) -> _Evidence:
    for name in suite.prepare:
        facts.MAKERS[name](context)
    query = suite.facts.strip().rstrip(";")
    least = _least_rows(context.connection, suite.min_rows)
    if suite.shape == "rows":
        frame = context.connection.execute(query).df()
        return _Evidence(rows=len(frame), least=least, frame=frame)
    counts = ", ".join(
        f'count(*) filter (where "{check.id}") as "{check.id}",'
        f' count("{check.id}") as "{check.id}__evaluated"'
        for check in suite.checks
    )
    frame = context.connection.execute(
        f"select count(*) as facts, {counts} from ({query})"  # noqa: S608 - a suite's own SQL
    ).df()
    counted = {str(name): int(value) for name, value in frame.iloc[0].items()}
    return _Evidence(rows=counted["facts"], least=least, frame=frame, counted=counted)


def _least_rows(connection: duckdb.DuckDBPyConnection, declared: int | str) -> int:
    if isinstance(declared, int):
        return declared
    row = connection.execute(declared).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _result(
    suite: Suite, check: Check, evidence: _Evidence, judged: dict[str, judge.Judgement]
) -> CheckResult:
    found = judged.get(check.id, judge.NOT_EVALUATED)
    evaluated, unexpected = found.evaluated, found.unexpected
    if suite.shape == "counts" and evidence.counted:
        unexpected = evidence.counted[check.id]
        evaluated = evidence.counted[f"{check.id}__evaluated"]
    return CheckResult(
        gate=suite.gate,
        check_id=check.id,
        subject=suite.subject,
        severity=check.severity,
        evaluated=evaluated,
        unexpected=unexpected,
        is_success=found.is_success,
        owner=check.owner,
        remedy=check.remedy,
    )


def _meta_result(suite: Suite, declared: int, unexpected: int) -> CheckResult:
    check = meta_check(suite)
    return CheckResult(
        gate=suite.gate,
        check_id=check.check_id,
        subject=suite.subject,
        severity=check.severity,
        evaluated=declared,
        unexpected=unexpected,
        is_success=unexpected == 0,
        owner=check.owner,
        remedy=check.remedy,
    )


def _failing_keys(
    context: facts.Context, suite: Suite, check: Check, evidence: _Evidence
) -> list[Key]:
    if suite.shape == "rows" and evidence.frame is not None:
        return judge.failing_keys(evidence.frame, check)
    names = [str(row[0]) for row in context.connection.execute(
        f"describe {suite.facts.strip().rstrip(';')}"
    ).fetchall()]  # fmt: skip
    if "key_text" not in names:
        return []
    contract = "contract_id" if "contract_id" in names else "null"
    rows = context.connection.execute(
        f"select {contract}, key_text from ({suite.facts.strip().rstrip(';')})"  # noqa: S608
        f' where "{check.id}" order by all limit {judge.MAX_KEYS}'
    ).fetchall()
    return [(row[0], str(row[1])) for row in rows]


def _keep(home: Home, report: GateReport, keys: list[tuple[str, Key]]) -> None:
    """Write results and keys to the warehouse, and the results for what people read."""
    with warehouse.connect(home.warehouse) as connection:
        connection.execute("begin")
        for table in ("check_result", "failing_key"):
            connection.execute(f"delete from gate.{table} where gate >= ?", [report.gate])  # noqa: S608
        insert_rows(connection, "gate.check_result", [asdict(result) for result in report.results])
        insert_rows(
            connection,
            "gate.failing_key",
            [
                {"gate": report.gate, "check_id": check, "contract_id": contract, "key_text": text}
                for check, (contract, text) in keys
            ],
        )
        connection.execute("commit")
        rows = connection.execute(
            "select gate, check_id, evaluated, unexpected, is_success from gate.check_result"
        ).fetchall()
    kept.write(home, rows)


def show_published(home: Home) -> None:
    """Keep the results of the snapshot that readers see.

    A night that finds nothing new judges nothing; what is kept may be gone, or be of a gate that
    was run again by itself.
    """
    if publishing.current_snapshot(home) is None:
        return
    with snapshot.open_current(home) as current:
        rows = current.connection.execute(
            "select gate, check_id, evaluated, unexpected, is_success from mart.data_quality"
        ).fetchall()
    kept.write(home, rows)


__all__ = ["CheckResult", "DeclaredCheck", "GateReport", "run_gate", "show_published"]
