"""A side home: a folder of its own in ``work/`` in which rules are computed again on chosen inputs.

What stands in its vault stands inside the home's own vault, and its key is the home's own: a killed
process leaves no person number and no key in ``work/``, and the next run removes what it left.
What belongs here: laying out stored deliveries, terms, codes and ledger, and running the project's
own models on them. What does not: comparing results (``replay``) and choosing inputs (``causes``).
The home's own warehouse, vault and ledger are only read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.lib import vault, warehouse
from dagster_project.lib.base import files, scratch
from dagster_project.lib.base.errors import EffektError
from dagster_project.settings import Home

_PREFIX = "side-"


@dataclass(frozen=True)
class SideHome(Home):
    """A home in ``work/`` whose received files and key stay where those of its origin are."""

    origin: Home
    received: Path

    @property
    def vault(self) -> Path:
        """A folder inside the origin's vault."""
        return self.received

    @property
    def secrets(self) -> Path:
        """The origin's own."""
        return self.origin.secrets

    @property
    def vault_key_file(self) -> Path:
        """The origin's own."""
        return self.origin.vault_key_file


@contextmanager
def side_home(home: Home) -> Iterator[Home]:
    """An empty home inside the home's ``work/``, removed at the end."""
    files.make_dir(home.work)
    with (
        scratch.folder(home.work, _PREFIX) as root,
        scratch.folder(home.vault, f".{_PREFIX}") as received,
    ):
        yield SideHome(root, home, received).ensure()


def sweep(home: Home) -> None:
    """Remove what killed processes left of their side homes."""
    scratch.sweep(home.work, _PREFIX)
    scratch.sweep(home.vault, f".{_PREFIX}")


def require_unused(home: Home) -> None:
    """Refuse where a side home is in use: what it links is not to be replaced.

    Raises:
        EffektError: ``HOME_BUSY``.
    """
    sweep(home)
    if any(home.vault.glob(f".{_PREFIX}*")):
        raise EffektError(
            "HOME_BUSY",
            "en genberegning læser de modtagne filer",
            remedy="vent, til den er færdig, og prøv igen",
        )


def lay_out_vault(home: Home, side: Home, delivery_ids: Collection[str]) -> None:
    """Give the side home exactly these deliveries, by hard link where that works.

    Raises:
        EffektError: ``VAULT_BROKEN`` if a delivery is no longer in the vault.
    """
    from dagster_project.lib.receiving.intake.register import load_register

    register = load_register(home)
    lines = []
    for delivery_id in sorted(delivery_ids):
        record = register.get(delivery_id)
        if record is not None and record.is_removed:
            continue  # no contract that can be computed again reads it (F.purge)
        received = vault.Received(home, vault.VAULT, record.sha256) if record else None
        if record is None or received is None or not received.is_there:
            raise EffektError(
                "VAULT_BROKEN",
                f"leveringen {delivery_id} er ikke længere i vault/",
                remedy="læg vault/ tilbage fra mappens sikkerhedskopi",
            )
        vault.link(received, side)
        if record.overlay_sha256:
            vault.link(vault.Received(home, vault.VAULT, record.overlay_sha256), side)
        lines.append(record.as_line())
    load_register(side).append(lines)


@contextmanager
def opened(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The home's warehouse, written and closed whole."""
    connection = warehouse.connect(home.warehouse)
    try:
        yield connection
        connection.execute("checkpoint")
    finally:
        connection.close()
