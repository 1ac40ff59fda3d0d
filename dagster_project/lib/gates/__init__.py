"""Gates: suites as data, judged by Great Expectations, kept as ``data_quality``.

Rules: G.quality.
Decides: G.quality.
"""

from dagster_project.lib.gates.runner import CheckResult, GateReport, run_gate, show_published
from dagster_project.lib.gates.suites import DeclaredCheck, declared_checks
from dagster_project.lib.publishing.manifest import GATES

__all__ = [
    "GATES",
    "CheckResult",
    "DeclaredCheck",
    "GateReport",
    "declared_checks",
    "run_gate",
    "show_published",
]
