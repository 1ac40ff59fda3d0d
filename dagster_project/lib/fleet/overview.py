"""One line over a home: what is published since when, and the alert that it left.

What belongs here: reading what the home itself says. What does not: judging it, finding homes, the
dates of what is published (``lib.status``). Nothing is changed but one thing, as by any command of
the home: a run that was killed is told.

Rules: P.fleet.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from typing import Any

from dagster_project import settings as places
from dagster_project.lib import nights, publishing, status
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.fleet.homes import Member
from dagster_project.lib.nights import alerts
from dagster_project.settings import Home


@dataclass(frozen=True)
class Standing:
    """How a home stands.

    Args:
        home: its name in the fleet.
        area: the municipality, as its ``home.yml`` says.
        snapshot_id: what readers see; None before the first night that published.
        as_of_date: business date of that.
        published_at: since when it is what readers see, with its time zone.
        confirmed_at: when a night last published it, or found nothing new.
        is_running: whether a command holds the home now.
        alert_exit_code: how the run ended that left an alert; None without one.
        alert_codes: why.
        problem: code of what kept the home from being read; None where it could be.
    """

    home: str
    area: str | None = None
    snapshot_id: str | None = None
    as_of_date: str | None = None
    published_at: str | None = None
    confirmed_at: str | None = None
    is_running: bool = False
    alert_exit_code: int | None = None
    alert_codes: tuple[str, ...] = ()
    problem: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The line for ``--json``."""
        return asdict(self)


def standing(member: Member) -> Standing:
    """How one home stands; what is wrong with it is part of the answer and stops no other."""
    try:
        return _read(member)
    except EffektError as error:
        return Standing(member.name, problem=error.code)
    except OSError:
        return Standing(member.name, problem="NO_ACCESS")


def _read(member: Member) -> Standing:
    home = member.home
    own = home.read_home_file()
    next(home.root.iterdir(), None)  # one that cannot be read is not one where nothing is
    alerts.tell_left(home)
    current = publishing.current_snapshot(home)
    shown = status.published_now(home, current, nights.read(home), places.now())
    exit_code, codes = _alert(home)
    return Standing(
        member.name,
        area=own.area,
        snapshot_id=shown.snapshot_id if shown else None,
        as_of_date=shown.as_of_date if shown else None,
        published_at=shown.published_at if shown else None,
        confirmed_at=shown.confirmed_at if shown else None,
        is_running=_is_held(home),
        alert_exit_code=exit_code,
        alert_codes=codes,
        problem="SNAPSHOT_BROKEN" if status.is_broken(home, current) else None,
    )


def _alert(home: Home) -> tuple[int | None, tuple[str, ...]]:
    """Exit code and codes of ``reports/alert.json``; (None, ()) where no run left one."""
    path = home.reports / "alert.json"
    if not path.exists():
        return None, ()
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        causes = [cause["code"] for cause in told.get("causes", ())]
        older = [told.get("error"), *told.get("failed_checks", ())]
        older += [code for item in told.get("refused", ()) for code in item["codes"]]
        named = [str(code) for code in (causes or older) if code]
        return int(told["exit_code"]), tuple(dict.fromkeys(named))
    except (ValueError, KeyError, TypeError, AttributeError):
        return 1, ("ALERT_UNREADABLE",)


def _is_held(home: Home) -> bool:
    """Whether another process holds the home; the lock is asked for and given back at once."""
    try:
        handle = os.open(home.lock_file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False
