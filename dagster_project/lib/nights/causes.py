"""Why a run did not end 0, cause by cause: code, owner, remedy and where the report lies.

What belongs here: finding owner and remedy of a code. What does not: the words themselves
(``seeds/words.csv``, the suites of the gates), what an alert holds beside its causes (``alerts``).

Rules: P.alert.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.reference import words

OPERATOR = "dataingeniør"
SENDER = "afsenderen af filen"
GATE_PAGE = "published/site/datakvalitet.html"
TEXT = "reports/alert.txt"


@dataclass(frozen=True)
class Cause:
    """One reason, without any value.

    Args:
        code: of the failure, the check (``<gate>.<check>``) or the finding.
        owner: who can mend it.
        remedy: what to do about it.
        report: path inside the home of what says more.
    """

    code: str
    owner: str
    remedy: str
    report: str

    def as_json(self) -> dict[str, str]:
        """Plain mapping."""
        return asdict(self)


def of_error(error: EffektError) -> Cause:
    """The cause of a run that failed, or could not begin."""
    word = words.find("failure", error.code)
    owner = (word.owner if word else "") or OPERATOR
    remedy = error.remedy or (word.remedy_da if word else "") or "se reports/alert.txt"
    return Cause(error.code, owner, remedy, TEXT)


def of_checks(failed: Iterable[str]) -> list[Cause]:
    """The causes of a run that critical checks held back, each named ``<gate>.<check>``."""
    wanted = list(failed)
    if not wanted:
        return []
    from dagster_project.lib import gates  # the suites are read only where a check failed

    known = {f"{check.gate}.{check.check_id}": check for check in gates.declared_checks()}
    return [
        Cause(
            name,
            known[name].owner if name in known else OPERATOR,
            known[name].remedy if name in known else f"se {GATE_PAGE}",
            GATE_PAGE,
        )
        for name in wanted
    ]


def of_refusal(codes: Iterable[str], report: str) -> list[Cause]:
    """The causes of a delivery that was refused, or could not be taken out of ``landing/``."""
    return [
        Cause(
            code,
            words.owner("finding", code) or _owner_by_rule(code),
            words.remedy("finding", code) or "se rapporten",
            report or TEXT,
        )
        for code in codes
    ]


def _owner_by_rule(code: str) -> str:
    """Rights in ``landing/`` are mended by who runs the home, all else by who sent the file."""
    return OPERATOR if words.rule_id("finding", code) == "F.access" else SENDER
