"""The deeds that change a home, each with what must hold after any harm and after mending.

What belongs here: what is done and what is compared. What does not: harming (``trial``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dagster_project.lib import ledger, life, publishing, vault, warehouse
from dagster_project.lib.ledger import publications
from dagster_project.lib.ledger.chain import check_frozen
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.lib.receiving.loading.load import load_deliveries
from dagster_project.settings import Home, Settings
from tests.faults import corpus
from tests.faults.kth.trial import Deed, State
from tests.life import disputed
from tests.life.world import begin
from tests.support.night import run_night
from tests.support.published import CONTRACT, make_world
from tests.unit.receiving import homes

NUMBER = b"6101901234"
_NIGHTS = ("2023-04-10", "2023-07-10")


# receiving ----------------------------------------------------------------------------------------


def _landed() -> dict[str, bytes]:
    """What lies in the drop zone: two deliveries, one refused, one in two names."""
    return {
        "deltagere_2024-02-01.csv": corpus.good_csv("deltagere"),
        "personstatus_2024-02-01.csv": corpus.good_csv("personstatus"),
        "inbox/personstatus_2024-02-01.csv": corpus.good_csv("personstatus"),
        "nobody_knows_this.csv": b"cpr\n6101901234\n",
        "resultatkrav_2024-02-01.csv": b"kontrakt_id;forloeb_id\n" + b"x;y\n" * 9,
    }


def _prepare_landing(root: Path) -> None:
    home = homes.new_home(root)
    homes.receive(home)
    for name, data in _landed().items():
        folder, _, base = name.rpartition("/")
        homes.land(home, base, data, folder)


def _receive(root: Path) -> None:
    homes.receive(Home(root))


def _receive_again(root: Path) -> None:
    """What the next night does; whatever stands in work/ may be gone."""
    shutil.rmtree(root / "work", ignore_errors=True)
    _receive(root)


def _nothing_is_lost(root: Path) -> None:
    """Every received byte lies in landing, or is stored under its name (70: promise c)."""
    home = Home(root)
    landing = {_sha256(path.read_bytes()) for path in home.landing.rglob("*") if path.is_file()}
    for name, data in _landed().items():
        digest = _sha256(data)
        places = (vault.VAULT, vault.QUARANTINE)
        stored = [vault.Received(home, place, digest) for place in places]
        is_stored = any(one.is_there and one.is_whole() for one in stored)
        assert digest in landing or is_stored, f"{name} is lost"
    load_register(home)
    require_no_plain_bytes(home)


def require_no_plain_bytes(home: Home) -> None:
    """No file but one in landing holds a person's number as it was received."""
    for path in home.root.rglob("*"):
        inside = path.relative_to(home.root)
        if path.is_file() and not path.is_symlink() and inside.parts[0] != "landing":
            assert NUMBER not in path.read_bytes(), f"{inside} holds a person's number"


def _received(root: Path) -> State:
    home = Home(root)
    shutil.rmtree(home.work, ignore_errors=True)  # the rows come from the vault
    home.ensure()
    with warehouse.connect(home.warehouse) as connection:
        warehouse.create_raw(connection)
        load_deliveries(connection, home)
    incoming = home.vault / ".incoming"
    left = sorted(path.name for path in incoming.iterdir()) if incoming.is_dir() else []
    return homes.state(home) | {"left": left}


# the life of a settlement -------------------------------------------------------------------------


def places_of(root: Path) -> Settings:
    """Settings of a world made by ``make_world``."""
    return Settings(Home(root / "hjem"), root / "contracts", dt.date(2023, 5, 1), None)


def _prepare_period(root: Path) -> None:
    (root / "town").mkdir(parents=True)
    make_world(root / "town")


def _approve(root: Path) -> None:
    """Bring the period from where it stands to paid."""
    settings = places_of(root / "town")
    steps: list[tuple[str, Callable[[], Any]]] = [
        ("submit", lambda: life.submit(settings, CONTRACT, "2023-01", "Lis")),
        ("verify", lambda: life.verify(settings, CONTRACT, "2023-01", "Kai")),
        ("approve", lambda: life.approve(settings, CONTRACT, "2023-01", "Lea")),
        ("pay", lambda: life.pay(settings, CONTRACT, "2023-01", "Ulla", dt.date(2023, 5, 1), "b")),
    ]  # fmt: skip
    for name, do in steps:
        if name not in _actions(settings.home):
            do()


def _actions(home: Home) -> list[str]:
    return [event.action for event in ledger.read(home).events]


def require_whole_chain(home: Home) -> Sequence[ledger.Event]:
    """The events of a ledger whose chain and frozen statements are whole."""
    events = ledger.check_chain(home, None).events
    for event in events:
        if event.is_approval:
            check_frozen(home, event)
    return events


def _chain_is_whole(root: Path) -> None:
    events = require_whole_chain(places_of(root / "town").home)
    names = [event.action for event in events]
    assert names == ["submit", "verify", "approve", "pay"][: len(names)], names


def _lived(root: Path) -> State:
    home = places_of(root / "town").home
    frozen = sorted(
        (str(path.relative_to(home.root)), _sha256(_timeless(path.read_bytes())))
        for path in (home.ledger / "statements").rglob("*")
        if path.is_file() and not path.name.startswith(".")  # the next night sweeps those
    )
    return {"actions": _actions(home), "frozen": frozen}


def _timeless(data: bytes) -> bytes:
    """A document without what names a moment or a chain that holds moments."""
    try:
        document = json.loads(data)
    except ValueError:
        return data
    moving = {"approved_at", "at", "recorded_at", "hash", "prev", "signature", "ledger_head"}
    if isinstance(document, dict):
        document = {key: value for key, value in document.items() if key not in moving}
    return json.dumps(document, sort_keys=True).encode()


# an objection -------------------------------------------------------------------------------------


DISPUTED = ("2023-02", "2023-03")


def _prepare_approved(root: Path) -> None:
    """A town whose first settlement is approved."""
    town = disputed.make(root)
    town.deliver("2023-04-10")
    town.night("2023-04-10")
    town.approve("2023-01")
    shutil.rmtree(root / "work")


def _object(root: Path) -> None:
    """Dispute two months and have each decided, from where it stands."""
    town = disputed.Place(root)
    told = [f"{event.month:%Y-%m}" for event in _done(root, "dispute")]
    left = [month for month in DISPUTED if month not in told]
    if left:
        asked = "..".join(dict.fromkeys((left[0], left[-1])))
        town.dispute("2023-01", "B", asked, "unpaid", "Kai")
    undecided = _done(root, "dispute")[len(_done(root, "decide")) :]
    if undecided:
        town.decide(life.name_of(undecided), uphold=True)


def _done(root: Path, action: str) -> list[ledger.Event]:
    return [event for event in ledger.read(Home(root)).events if event.action == action]


def _frozen_are_whole(root: Path) -> None:
    require_whole_chain(Home(root))


def _objected(root: Path) -> State:
    _frozen_are_whole(root)
    return {action: len(_done(root, action)) for action in ("dispute", "decide")}


# publishing ---------------------------------------------------------------------------------------


def _prepare_candidate(root: Path) -> None:
    town = begin(root)
    town.claims = {(course, "2023-02"): True for course in "ABC"}
    for day in _NIGHTS:
        town.deliver(day)
        town.write_terms()
        is_last = day == _NIGHTS[-1]
        left_out = ("publish", "statements", "pages", "publish_postgres")
        night = run_night(root, day, without=left_out if is_last else ("statements", "pages"))
        assert night.exit_code == 0, night.error


def _publish(root: Path) -> None:
    """Make the candidate current; a night begins by building it anew if it is gone."""
    from dagster_project import settings as places
    from dagster_project.orchestration import steps

    settings = places.resolve(root, None, dt.date.fromisoformat(_NIGHTS[-1]))
    if publishing.find_candidate(settings.home) is None:
        steps.build_candidate(settings)
    steps.publish(settings)


def _mend_publication(root: Path) -> None:
    from dagster_project import settings as places
    from dagster_project.orchestration import steps

    settings = places.resolve(root, None, dt.date.fromisoformat(_NIGHTS[-1]))
    steps.check_records(settings)
    steps.build_candidate(settings)
    steps.publish(settings)


def _a_reader_sees_one_snapshot(root: Path) -> None:
    found = publishing.current_snapshot(Home(root))
    assert found is not None
    publishing.check_snapshot(found.path)


def _published(root: Path) -> State:
    _a_reader_sees_one_snapshot(root)
    home = Home(root)
    found = publishing.current_snapshot(home)
    assert found is not None
    known = [link["snapshot_id"] for link in publications.read(home)]
    return {"snapshot": found.snapshot_id, "publications": known}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


FIRST: tuple[Deed, ...] = (
    Deed("receive", _prepare_landing, _receive, _received, _nothing_is_lost, _receive_again),
    Deed("settle", _prepare_period, _approve, _lived, _chain_is_whole),
    Deed("dispute", _prepare_approved, _object, _objected, _frozen_are_whole),
    Deed("publish", _prepare_candidate, _publish, _published, _a_reader_sees_one_snapshot,
         _mend_publication),
)  # fmt: skip
