"""What ``effekt status`` finds: what is published and since when, what waits, what changed.

What belongs here: gathering it from what is published and recorded. What does not: computing a
figure, words for a screen (``cli.status``). Nothing is changed, and no lock is taken: a night may
be at work beside it.

Rules: P.status, P.missed.
Decides: P.status.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dagster_project.lib import nights, publishing
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.keys import statement_key
from dagster_project.lib.ledger import access
from dagster_project.lib.nights import alerts, in_hand
from dagster_project.lib.publishing.atomic import Snapshot
from dagster_project.lib.publishing.leftovers import snapshots_dir
from dagster_project.lib.status import compared
from dagster_project.lib.status.published import Published, is_broken, published_now
from dagster_project.settings import Home, Settings

_SKIPPED_SHOWN = 31


@dataclass(frozen=True)
class Ending:
    """How the run ends that asks: what its own record and alert will say.

    Args:
        alert: the alert that it raises; null where it raises none.
        held: deliveries that it found held, ``sha256`` and ``check``; null where it received none.
        has_published: it published, or found nothing new.
    """

    alert: Mapping[str, Any] | None = None
    held: tuple[Mapping[str, str], ...] | None = None
    has_published: bool = False


@dataclass(frozen=True)
class Status:
    """The state of a home; names of files, codes, ids and amounts of periods, never of a person.

    Args:
        home: its folder.
        area: the municipality.
        published: what readers see, null before the first publication.
        before: name of the snapshot that was published before it, null where none is kept.
        at_work: the run that holds the home now.
        alert: the alert that stands.
        held: deliveries that wait for ``effekt accept``.
        refused: deliveries that were refused since the publication before.
        contracts: a line for each contract: newest periods, kroner to date, the next step.
        blockers: what keeps periods from being submitted, with owner, remedy and kroner.
        gates: how many checks each gate of the publication made, and what they found.
        due: closed periods that wait for somebody's step.
        deadlines: steps of a contract with a calendar that are due or over their deadline.
        disputes: number and kroner of each contract's open disputes.
        changed: periods whose state or amounts are others than in the publication before; null
            where there is none to compare with.
        causes: why, in kroner: corrections by cause, the rest of a period's basis, the radar.
        new_deliveries: how many deliveries the publication knows that the one before did not.
        skipped_dates: nights that were left out because nothing ran then, the newest ones.
        key_fingerprint: of the key that signs statements, null where none has been published.
        access: looks at single persons' data that were noted: how many, by command, and the last.
        faults: what could not be read, each as code and message.
    """

    home: str
    area: str | None
    published: Published | None = None
    before: str | None = None
    at_work: Mapping[str, Any] | None = None
    alert: Mapping[str, Any] | None = None
    held: tuple[dict[str, Any], ...] = ()
    refused: tuple[dict[str, Any], ...] = ()
    contracts: tuple[dict[str, Any], ...] = ()
    blockers: tuple[dict[str, Any], ...] = ()
    gates: tuple[dict[str, Any], ...] = ()
    due: tuple[dict[str, Any], ...] = ()
    deadlines: tuple[dict[str, Any], ...] = ()
    disputes: tuple[dict[str, Any], ...] = ()
    changed: tuple[dict[str, Any], ...] | None = None
    causes: tuple[dict[str, Any], ...] = ()
    new_deliveries: int | None = None
    skipped_dates: tuple[str, ...] = ()
    key_fingerprint: str | None = None
    access: Mapping[str, Any] | None = None
    faults: tuple[str, ...] = field(default=())

    def is_older(self, hours: float) -> bool:
        """Whether the mart is older than so many hours; what never was published is."""
        return self.published is None or self.published.age_hours > hours

    def as_json(self) -> dict[str, Any]:
        """Plain mapping for ``--json``."""
        return asdict(self)


def look(settings: Settings, now: dt.datetime, ending: Ending | None = None) -> Status:
    """The state of a home.

    Args:
        settings: the home.
        now: the time that the age of the mart is counted to.
        ending: of the run that asks, where a run does.
    """
    home, known = settings.home, nights.read(settings.home)
    faults: list[str] = []
    current = publishing.current_snapshot(home)
    if is_broken(home, current):
        faults.append("SNAPSHOT_BROKEN: published/current/manifest.json kan ikke læses")
    due = compared.due(current.path) if current else ()
    if due is None:
        faults.append("SNAPSHOT_BROKEN: published/current kan ikke læses")
    before = _before(home, current, known)
    try:
        found_held = known.held if ending is None or ending.held is None else ending.held
        held, refused = compared.deliveries(home, before, found_held)
    except EffektError as error:
        held, refused = (), ()
        faults.append(str(error))
    looks = _looks(home, faults)
    pair = (current.path, before) if current and before else None
    changed = compared.changed(*pair) if pair else None
    is_good = ending is not None and ending.has_published
    return Status(
        home=str(home.root),
        area=settings.area,
        published=published_now(home, current, known, now, is_confirmed=is_good),
        before=before.name if before else None,
        at_work=in_hand.noted(home) if ending is None else None,
        alert=alerts.standing(home) if ending is None else ending.alert,
        held=held,
        refused=refused,
        contracts=(compared.contracts(current.path) or ()) if current else (),
        blockers=(compared.blockers(current.path) or ()) if current else (),
        gates=(compared.gates(current.path) or ()) if current else (),
        due=due or (),
        deadlines=(compared.deadlines(current.path) or ()) if current else (),
        disputes=(compared.disputes(current.path) or ()) if current else (),
        changed=changed,
        causes=compared.causes(*pair, changed) if pair and changed is not None else (),
        new_deliveries=compared.new_deliveries(*pair) if pair else None,
        skipped_dates=tuple(sorted(known.skipped)[-_SKIPPED_SHOWN:]),
        key_fingerprint=statement_key.published_fingerprint(home),
        access=looks,
        faults=tuple(faults),
    )


def _looks(home: Home, faults: list[str]) -> Mapping[str, Any] | None:
    """Looks that were noted; null where the log is broken, or closed to who asks."""
    try:
        return access.count(home)
    except EffektError as error:
        faults.append(str(error))
    except PermissionError:
        pass
    return None


def _before(home: Home, current: Snapshot | None, known: nights.Record) -> Path | None:
    """The snapshot that was published before the current one, if it is kept.

    The record of nights names it; where that is lost, it is the newest of the others.
    """
    if current is None:
        return None
    folder: Path = snapshots_dir(home)
    names = [night["snapshot_id"] for night in known.publications()]
    recorded: list[Path] = [folder / name for name in names if name != current.snapshot_id]
    if recorded and recorded[-1].is_dir():
        return recorded[-1]
    others = [path for path in folder.iterdir() if path.is_dir() and path != current.path]
    others.sort(key=lambda path: (path.stat().st_mtime_ns, path.name))
    return others[-1] if others else None
