"""A copy of the home's warehouse, taken while no process writes it, and the deliveries in it.

What belongs here: waiting, copying, which deliveries each side knows. What does not: a lock (none
is taken: a night that begins meanwhile finds its warehouse free), computing (``what_if``).

Rules: S.what_if.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import shutil
import struct
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import duckdb

from dagster_project.lib import receiving, warehouse
from dagster_project.lib.base import files
from dagster_project.lib.base.errors import EffektError, NotAllowedError, UsageError
from dagster_project.lib.base.person_numbers import shown
from dagster_project.lib.publishing import last_night
from dagster_project.lib.receiving.intake.register import REGISTER_NAME
from dagster_project.lib.receiving.loading.load import load_deliveries
from dagster_project.lib.trace.side_home import opened
from dagster_project.settings import Home

WAIT_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 0.5
_FLOCK = "hhqqi"
_BUILT = (
    "select 1 from duckdb_tables()"
    " where schema_name = 'shadow' and table_name = 'int_courses__join_terms'"
)
_KNOWN = """
select {}
from raw.delivery as delivery
semi join raw.known_delivery as known on delivery.delivery_no = known.delivery_no
"""


def copy_warehouse(home: Home, target: Path, wait: float = WAIT_SECONDS) -> None:
    """Copy the warehouse as it stands when no process holds it.

    Args:
        home: whose warehouse.
        target: the copy.
        wait: so many seconds a night's hold is waited for.

    Raises:
        EffektError: ``WAREHOUSE_HELD`` after that time; ``NO_WAREHOUSE`` where there is none.
    """
    if not home.warehouse.is_file():
        raise EffektError(
            "NO_WAREHOUSE", "der er intet varehus at spørge", remedy="kør `effekt run` først"
        )
    until = time.monotonic() + wait
    while not _is_copied(home.warehouse, target):
        if time.monotonic() >= until:
            raise EffektError(
                "WAREHOUSE_HELD",
                "en kørsel har holdt varehuset, så længe der er ventet",
                remedy="spørg igen, når kørslen er slut",
            )
        time.sleep(_LOOK_AGAIN_SECONDS)


def _is_copied(path: Path, target: Path) -> bool:
    before = _standing(path)
    if before is None:
        return False
    shutil.copyfile(path, target)
    return _standing(path) == before


def _standing(path: Path) -> tuple[int, ...] | None:
    """What would differ if anybody wrote the file; None while a process holds it."""
    if path.with_name(f"{path.name}.wal").exists():
        return None
    with path.open("rb") as handle:
        asked = struct.pack(_FLOCK, fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
        held = struct.unpack(_FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, asked))
        found = os.fstat(handle.fileno())
    if held[0] != fcntl.F_UNLCK:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def load_deliveries_of(home: Home, side: Home) -> None:
    """Bring the copy up to what the vault holds; normally nothing is missing.

    Raises:
        EffektError: ``NO_WAREHOUSE``: no night of today's program has built it.
    """
    with opened(side) as connection:
        warehouse.create_raw(connection)
        if not connection.execute(_BUILT).fetchall():
            raise EffektError(
                "NO_WAREHOUSE",
                "varehuset er bygget af et andet program end dagens",
                remedy="kør `effekt run` først",
            )
        load_deliveries(connection, home)


def take_in(home: Home, side: Home, paths: Sequence[Path], known: Collection[str]) -> set[str]:
    """Receive files into the side home as a night would; the ids of what they are.

    Raises:
        NotAllowedError: ``FILE_REFUSED`` (exit 3).
    """
    if not paths:
        return set()
    _lay_out(home, side)
    for path in paths:
        shutil.copyfile(path, files.make_dir(side.landing) / path.name)
    report = receiving.receive(side, frozenset(known))
    if report.refused or report.closed or report.waiting:
        codes = dict.fromkeys(f.code for note in report.refused for f in note.findings)
        raise NotAllowedError(
            "FILE_REFUSED",
            f"en fil ville blive afvist ({', '.join(codes) or 'den kan ikke modtages'})",
            remedy="se hvorfor med effekt check FILE",
        )
    return {str(note.delivery_id) for note in (*report.accepted, *report.repeated)}


def _lay_out(home: Home, side: Home) -> None:
    """Give the side home the register and the overlays; the deliveries are in the copy."""
    register = home.vault / REGISTER_NAME
    if register.is_file():
        shutil.copyfile(register, side.vault / REGISTER_NAME)
    if home.sources.is_dir():
        shutil.copytree(home.sources, side.sources, dirs_exist_ok=True)
    for record in receiving.load_register(home).accepted():
        if record.overlay_sha256 and not (side.vault / record.overlay_sha256).exists():
            shutil.copyfile(home.vault / record.overlay_sha256, side.vault / record.overlay_sha256)


def known_ids(
    connection: duckdb.DuckDBPyConnection, home: Home, as_of: dt.date
) -> dict[str, set[str]]:
    """The deliveries that a run of the home with this date knows: ids by sha256."""
    receiving.write_known(connection, home, as_of)
    found: dict[str, set[str]] = {}
    for sha256, delivery_id in connection.execute(_KNOWN.format("sha256, delivery_id")).fetchall():
        found.setdefault(sha256, set()).add(delivery_id)
    return found


def ids_of_the_night(
    connection: duckdb.DuckDBPyConnection, home: Home, as_of: dt.date
) -> set[str] | None:
    """The deliveries that every model of the copy is built on; None where that is not certain.

    It is where the last night went to its end, and had this business date.
    """
    dates = connection.execute("select as_of_date from raw.run_context").fetchall()
    if last_night.remembered(home) is None or dates != [(as_of,)]:
        return None
    return {row[0] for row in connection.execute(_KNOWN.format("delivery_id")).fetchall()}


def left_out(known: dict[str, set[str]], without: Sequence[str]) -> set[str]:
    """The ids of the deliveries that are not to be known.

    Raises:
        UsageError: no known delivery has the sha256 (exit 2).
    """
    if unknown := [one for one in without if one not in known]:
        raise UsageError(
            f"ingen levering, der er kendt den dag, har sha256 {shown(unknown[0][:64])}",
            remedy="leveringerne står på siden datakvalitet.html",
        )
    return {delivery_id for one in without for delivery_id in known[one]}
