"""Homes for the tests of receiving, and their state in a form that two homes can be compared by."""

from __future__ import annotations

from pathlib import Path

from dagster_project.lib import receiving, warehouse
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.settings import Home

CONTRACTS = frozenset({"proeve-kontrakt"})
KEY = "0123456789abcdef" * 4
PERSON_COLUMNS = ("person_no", "new_person_no")
TABLES = (
    "ydelsesforloeb", "dream", "ydelsesrefusion", "deltagere", "resultatkrav", "jobindsats",
    "personstatus", "eindkomst", "aktiviteter", "rejected_row",
)  # fmt: skip


def new_home(path: Path) -> Home:
    """An empty home whose key is known."""
    home = Home(path).ensure()
    home.key_file.write_text(KEY)
    home.key_file.chmod(0o600)
    return home


def land(home: Home, name: str, data: bytes | str, folder: str = "") -> None:
    """Put a file into the drop zone."""
    place = home.landing / folder
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(data.encode() if isinstance(data, str) else data)


def receive(home: Home) -> receiving.ReceiveReport:
    """One night's receiving."""
    return receiving.receive(home, CONTRACTS)


def rows(home: Home, table: str) -> list[tuple[object, ...]]:
    """Rows of a raw table: deliveries by identity, persons by pseudonym, in a fixed order."""
    connection = warehouse.connect(home.warehouse)
    try:
        warehouse.create_raw(connection)
        names = [row[0] for row in connection.execute(f"describe raw.{table}").fetchall()]
        picked = [
            f"(select person_key from raw.person p where p.person_no = t.{name})"
            if name in PERSON_COLUMNS
            else f"t.{name}"
            for name in names
            if name != "delivery_no"
        ]
        return connection.execute(
            f"select l.delivery_id, {', '.join(picked)} from raw.{table} t"
            " join raw.loaded_delivery l using (delivery_no) order by all"
        ).fetchall()
    finally:
        connection.close()


def state(home: Home) -> dict[str, object]:
    """Everything that two homes with the same received files must share."""
    register = load_register(home)
    found: dict[str, object] = {table: rows(home, table) for table in TABLES}
    found["register"] = sorted(str(record.as_line()) for record in register.records())
    for folder in (home.vault, home.quarantine):
        found[folder.name] = sorted(
            path.name for path in folder.iterdir() if path.is_file() and "." not in path.name
        )
    found["landing"] = sorted(str(p.relative_to(home.landing)) for p in home.landing.rglob("*.*"))
    return found
