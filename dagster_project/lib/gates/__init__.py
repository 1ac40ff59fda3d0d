"""Gates: suites as data, judged by Great Expectations, kept as ``data_quality``.

Rules: G.quality.
Decides: G.quality.
"""

from dagster_project.lib.gates.kept import Kept
from dagster_project.lib.gates.kept import read as kept_results
from dagster_project.lib.gates.runner import CheckResult, GateReport, run_gate, show_published
from dagster_project.lib.gates.suites import DeclaredCheck, declared_checks
from dagster_project.lib.publishing.manifest import GATES

__all__ = [
    "GATES",
    "CheckResult",
    "DeclaredCheck",
    "GateReport",
    "Kept",
    "declared_checks",
    "kept_results",
    "run_gate",
    "show_published",
]
