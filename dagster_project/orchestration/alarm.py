"""What a run tells when it has ended, or could not begin: its record, its alert, its command.

What belongs here: a night, or the failure before it, in the words of an alert. What does not: how
an alert is written and told once (``lib.nights``), the exit code (``night``).

Rules: P.alert.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from dagster_project import settings as places
from dagster_project.lib.base.errors import EXIT_FAILED, EXIT_OK, EXIT_USAGE, EffektError
from dagster_project.lib.nights import alerts, causes, record
from dagster_project.lib.nights.causes import Cause
from dagster_project.lib.reference import words
from dagster_project.orchestration.failures import without_values
from dagster_project.orchestration.outcome import Refused
from dagster_project.orchestration.report import Report
from dagster_project.settings import Home


def tell_end(night: Report) -> None:
    """Record a night that has ended; raise its alert, or take away the one that stood.

    Raises:
        OSError: the alert, or the record, could not be written.
    """
    home, has_published = night.settings.home, night.snapshot_id is not None
    if night.exit_code != EXIT_OK:
        text = "\n".join(problem_lines(night))
        alerts.raise_once(home, [night.run_id], alert_of(night), text, takes_over=has_published)
    elif has_published:
        alerts.take_away(home)
    if night.is_whole or has_published:
        _note(home, night.settings.as_of_text, night.run_id, night.exit_code, night.snapshot_id)
    if "receive" in night.outcomes:
        with record.changing(home) as known:
            known.held = [{"sha256": item.sha256, "check": item.check} for item in night.held]


def alert_of(night: Report) -> dict[str, Any]:
    """The alert of a night, without names: it may leave the municipality (P.alert)."""
    report = night.as_json()
    alert = alerts.content(
        night.settings.home,
        run_id=night.run_id,
        as_of_date=night.settings.as_of_text,
        area=night.settings.area,
        exit_code=night.exit_code,
        step=night.ended_at,
        causes=causes_of(night),
        error=night.error.code if night.error else None,
    )
    return {
        **alert,
        **{key: report[key] for key in ("snapshot_id", "is_unchanged", "failed_checks")},
        "failed_step": night.failed_step,
        "refused": [{"codes": list(item.codes), "report": item.report} for item in night.refused],
        "held": [item.sha256 for item in night.held],
    }


def causes_of(night: Report) -> list[Cause]:
    """Why a night did not end 0, cause by cause."""
    failed = [causes.of_error(night.error)] if night.error else []
    refused = [
        cause for item in night.refused for cause in causes.of_refusal(item.codes, item.report)
    ]
    return [*failed, *causes.of_checks(night.failed_checks), *refused]


def problem_lines(night: Report) -> list[str]:
    """What went wrong, a line each: refused files, held ones, checks, the error."""
    lines = [
        f"AFVIST {item.file_name}: {', '.join(item.codes)} · {_report_on(item)}"
        for item in night.refused
    ]
    lines += [
        f"TILBAGEHOLDT {held}: se filen efter; er den rigtig,"
        f" effekt accept SHA256 {held.check} --as NAVN --reason TEKST"
        for held in night.held
    ]
    lines += [
        f"VENTER i landing/: {left} (skrives endnu, eller flere, end en nat tager)"
        for outcome in night.outcomes.values()
        if (left := outcome.metadata.get("waiting"))
    ]
    lines += [f"KONTROL HOLDT UDGIVELSEN TILBAGE: {check}" for check in night.failed_checks]
    if night.error is not None:
        lines.append(f"FEJL {night.error}")
    return lines


def _report_on(item: Refused) -> str:
    """Where the report of a refused file lies; the words themselves where none is written."""
    if item.report:
        return f"rapport: {item.report}"
    return f"{words.label('finding', item.codes[0])} {words.remedy('finding', item.codes[0])}"


@contextmanager
def told_if_it_cannot_begin(
    home: Home, run_id: str, as_of_date: str | None, *, is_typed: bool, is_whole: bool = True
) -> Iterator[None]:
    """Tell a failure that ends a run before its night has begun, once, and let it pass.

    Args:
        home: whose run it is.
        run_id: its id.
        as_of_date: the business date that was asked for, if one was.
        is_whole: every step was meant to be done.
        is_typed: it is a command line. Whoever typed a date is told by it what is wrong with it; a
            wrong date of ``home.yml``, and that of a run that schedule, sensor or UI started, are
            settings: a timer has nobody to tell.

    Raises:
        EffektError: what was raised, without any value.
    """
    try:
        yield
    except Exception as error:  # the one place where a failure before the night becomes a code
        failure = without_values(error, "begin")
    else:
        return
    is_usage = failure.exit_code == EXIT_USAGE
    if not (is_usage and is_typed and as_of_date):
        code = EXIT_FAILED if is_usage and not is_typed else failure.exit_code
        tell_failure(home, run_id, as_of_date, failure, is_whole=is_whole, exit_code=code)
    raise failure


def tell_failure(
    home: Home, run_id: str, as_of_date: str | None, failure: EffektError, *, is_whole: bool,
    exit_code: int = EXIT_FAILED,
) -> bool:  # fmt: skip
    """Tell a run that ended before or outside its night, once; a full disk must not hide it.

    Returns:
        whether it was told now.
    """
    own = places.home_file_if_readable(home)
    if own is not None:
        as_of_date = as_of_date or (own.as_of or places.today()).isoformat()
    alert = alerts.content(
        home,
        run_id=run_id,
        as_of_date=as_of_date,
        area=own.area if own else None,
        exit_code=exit_code,
        step=None,
        causes=[causes.of_error(failure)],
        error=failure.code,
    )
    is_told = True
    with suppress(OSError):
        is_told = alerts.raise_once(home, [run_id], alert, f"FEJL {failure}")
        # a date that has not come is no night that was: it would hide all that are missed till then
        if as_of_date is not None and is_whole and as_of_date <= places.today().isoformat():
            _note(home, as_of_date, run_id, exit_code, None)
    return is_told


def _note(
    home: Home, as_of_date: str, run_id: str, exit_code: int, snapshot_id: str | None
) -> None:
    """Put a night into the record, once."""
    night = {
        "as_of_date": as_of_date, "run_id": run_id, "at": record.now_text(),
        "exit_code": exit_code, "snapshot_id": snapshot_id,
    }  # fmt: skip
    with record.changing(home) as known:
        if run_id not in [other["run_id"] for other in known.nights]:
            known.nights.append(night)


def stopped(code: str) -> EffektError:
    """A run or a night that ended without a failure of its own, by the code of its word."""
    word = words.failure(code)
    return EffektError(code, word.label_da, remedy=word.remedy_da)
