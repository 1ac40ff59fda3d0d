"""Dates that a run may have: the day that has come, and not before what is published."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest

from dagster_project import settings as places
from dagster_project.lib.base.errors import EXIT_USAGE, UsageError
from dagster_project.lib.publishing import require_publishable
from dagster_project.settings import Home, Settings
from tests.unit.publishing.conftest import AS_OF

PublishNow = Callable[[], str]
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(("days_ahead", "allowed"), [(-1, True), (0, True), (1, False)])
# Rule P.run_date
def test_a_business_date_after_today_is_refused_whoever_gave_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, days_ahead: int, allowed: bool
) -> None:
    monkeypatch.setattr(places, "today", lambda: AS_OF)
    asked = replace(settings, as_of=AS_OF + days_ahead * DAY)
    if allowed:
        require_publishable(asked)
        return
    with pytest.raises(UsageError, match="den dag er ikke kommet") as refused:
        require_publishable(replace(asked, is_earlier=True))
    assert refused.value.exit_code == EXIT_USAGE


@pytest.mark.parametrize(
    ("days_later", "is_earlier", "allowed"),
    [(-1, False, False), (-1, True, True), (0, False, True), (1, False, True)],
)
# Rule P.run_date
def test_a_date_before_the_published_one_takes_earlier(
    settings: Settings,
    publish_now: PublishNow,
    days_later: int,
    is_earlier: bool,
    allowed: bool,
) -> None:
    publish_now()
    asked = replace(settings, as_of=AS_OF + days_later * DAY, is_earlier=is_earlier)
    if allowed:
        require_publishable(asked)
    else:
        with pytest.raises(UsageError, match="--earlier"):
            require_publishable(asked)


def test_before_the_first_publish_and_beside_a_broken_snapshot_any_past_date_is_allowed(
    home: Home, settings: Settings, publish_now: PublishNow
) -> None:
    longest_ago = replace(settings, as_of=dt.date(1990, 1, 1))
    require_publishable(longest_ago)
    publish_now()
    with pytest.raises(UsageError, match="--earlier"):
        require_publishable(longest_ago)
    (home.published / "current" / "manifest.json").write_text("{}", encoding="utf-8")
    require_publishable(longest_ago)
