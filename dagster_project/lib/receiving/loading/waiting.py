"""Deliveries that wait for a person, whatever the business date of a run.

What belongs here: having the rows that a check compares where it reads them. What does not: which
checks there are (``intake.held``), and opening a delivery (``accept``).

Rules: G.volume, G.figures.
"""

from __future__ import annotations

from contextlib import closing

from dagster_project.lib import warehouse as raw_room
from dagster_project.lib.keys.pseudonym import read_key
from dagster_project.lib.receiving.intake.figures import FIGURE_CHECK
from dagster_project.lib.receiving.intake.held import HeldDelivery, held_as_of
from dagster_project.lib.receiving.intake.register import Register
from dagster_project.lib.receiving.loading.load import drop_outdated, load_records
from dagster_project.settings import Home


def held_deliveries(home: Home, register: Register) -> list[HeldDelivery]:
    """Every delivery that is held; one that was withdrawn waits for nobody.

    The figures that are compared are loaded from the vault where the warehouse lacks them.

    Raises:
        EffektError: a vault file is missing or no longer what was accepted.
    """
    accepted = [record for record in register.accepted() if not record.is_removed]
    compared = {r.source for r in accepted if FIGURE_CHECK in r.judged_checks}
    if not compared:
        return held_as_of(None, register, None)
    with closing(raw_room.connect(home.warehouse)) as connection:
        raw_room.create_raw(connection)
        key = read_key(home)
        drop_outdated(connection, home, accepted, key)
        load_records(connection, home, [r for r in accepted if r.source in compared], key)
        return held_as_of(connection, register, None)
