"""Great Expectations, behind one small function: a table in, one judgement per check out.

What belongs here: everything that knows Great Expectations. It is imported on first use only.
Results carry counts, never a value; telemetry is off; nothing is written to disk.

Rules: G.silent, F.quiet.
Decides: G.silent.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from dagster_project.lib.gates.suites import Check

if TYPE_CHECKING:
    import pandas as pd

KEY_COLUMNS = ("contract_id", "key_text")
MAX_KEYS = 1000
_COUNTS = {
    "result_format": "BASIC",
    "partial_unexpected_count": 0,
    "exclude_unexpected_values": True,
}


@dataclass(frozen=True)
class Judgement:
    """What one check found.

    Args:
        evaluated: rows judged.
        unexpected: rows that break the rule (0 or 1 where the table is judged as a whole).
        is_success: the expectation holds.
        was_evaluated: it was judged at all, without an exception.
    """

    evaluated: int
    unexpected: int
    is_success: bool
    was_evaluated: bool


NOT_EVALUATED = Judgement(evaluated=0, unexpected=0, is_success=False, was_evaluated=False)


@cache
def _batch_definition() -> Any:
    """One ephemeral context with one in-memory asset for the whole process, telemetry off."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("gates")
    return source.add_dataframe_asset("facts").add_batch_definition_whole_dataframe("whole")


def _expectation(check: Check) -> Any:
    from great_expectations.expectations.registry import get_expectation_impl

    impl: Any = get_expectation_impl(check.expectation)
    return impl(**check.arguments, column=check.id, meta={"id": check.id})


def judge(frame: pd.DataFrame, checks: tuple[Check, ...]) -> dict[str, Judgement]:
    """Judge a table by its checks; a check without a result is absent.

    Args:
        frame: rows, or one row of counts.
        checks: of one subject.
    """
    definition = _batch_definition()
    import great_expectations as gx

    suite = gx.ExpectationSuite(name="facts")
    for check in checks:
        suite.add_expectation(_expectation(check))
    batch = definition.get_batch({"dataframe": frame})
    validated = batch.validate(suite, result_format=_COUNTS)
    return {
        str(result.expectation_config.meta["id"]): _judgement(result, len(frame))
        for result in validated.results
    }


def _judgement(result: Any, rows: int) -> Judgement:
    if _raised(result.exception_info):
        return NOT_EVALUATED
    found = result.result or {}
    success = bool(result.success)
    unexpected = found.get("unexpected_count", 0 if success else 1)
    return Judgement(
        evaluated=int(found.get("element_count", rows)),
        unexpected=int(unexpected),
        is_success=success,
        was_evaluated=True,
    )


def _raised(information: Any) -> bool:
    """Whether an exception stands in the result: flat, or one per metric."""
    if not information:
        return False
    if "raised_exception" in information:
        return bool(information["raised_exception"])
    return any(bool(part.get("raised_exception")) for part in information.values())


def failing_keys(frame: pd.DataFrame, check: Check) -> list[tuple[str | None, str]]:
    """Contract and key of the rows that break a row-by-row check, at most ``MAX_KEYS``."""
    names = [name for name in KEY_COLUMNS if name in frame.columns]
    if "key_text" not in names:
        return []
    batch = _batch_definition().get_batch({"dataframe": frame})
    result = batch.validate(
        _expectation(check),
        result_format={
            "result_format": "COMPLETE",
            "partial_unexpected_count": 0,
            "unexpected_index_column_names": names,
            "exclude_unexpected_values": True,
        },
    )
    # without values the keys come as one list per column
    listed = (result.result or {}).get("unexpected_index_list") or []
    columns = listed[0] if listed else {}
    texts = columns.get("key_text", [])
    contracts = columns.get("contract_id", [None] * len(texts))
    pairs = zip(contracts, texts, strict=True)
    return [(contract, str(text)) for contract, text in pairs][:MAX_KEYS]
