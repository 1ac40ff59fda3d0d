"""What each step of a night does, a small function of the settings (docs/architecture.md).

What belongs here: calling the machine's modules and reporting what they did. What does not: rules,
and the order of the steps (``night``).
A step finds what an earlier one did in the home, so that each can be run again on its own.
Heavy libraries are imported by the modules that the steps call, and only then.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.lib.base import files
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.base.telling import tell
from dagster_project.lib.publishing import last_night
from dagster_project.orchestration import knowledge
from dagster_project.orchestration.outcome import Held, Refused, StepOutcome
from dagster_project.settings import Home, Settings

if TYPE_CHECKING:
    import duckdb

    from dagster_project.lib.contracts import Contract
    from dagster_project.lib.receiving import DeliveryNote


def check_records(settings: Settings) -> StepOutcome:
    """Checks keys, ledger, register, publications and vault before a file leaves ``landing/``."""
    from dagster_project.lib import purge, records, vault
    from dagster_project.lib.keys.statement_key import ensure_statement_key
    from dagster_project.lib.publishing import history

    ensure_statement_key(settings.home)
    vault.ensure_key(settings.home)

    found = records.check(settings.home)
    records.set_torn_aside(settings.home)
    history.complete(settings.home)
    looked = records.look_after(settings.home, found.register)
    expired = purge.expire(settings.home, settings.as_of)
    return StepOutcome(
        metadata={
            "events": len(found.ledger.events),
            "deliveries": len(found.register.records()),
            "looked_at": looked,
            "expired": expired,
        }
    )


def receive(settings: Settings) -> StepOutcome:
    """Moves each landed file to the vault or, with a report of what is wrong, to the quarantine."""
    from dagster_project.lib import contracts, receiving, records

    home = settings.home
    records.check(home)  # this step may be run again alone
    terms = contracts.load_contracts(settings.contracts_dir, settings.area)
    _drop_broken_warehouse(home)
    ids = frozenset(item.contract_id for item in terms)
    report = receiving.receive(home, ids, settings.as_of)
    refused = receiving.untold_refusals(home)  # of a night that was killed, too
    return StepOutcome(
        metadata={
            "accepted": len(report.accepted),
            "refused": len(refused),
            "repeated": len(report.repeated),
            "held": len(report.held),
            "waiting": report.waiting,
        },
        refused=(
            *(_refused(note) for note in refused),
            *(Refused(f"landing/{place}", (code,)) for place, code in report.closed),
        ),
        held=tuple(Held(one.record.file_name, one.record.sha256, one.check) for one in report.held),
    )


def _refused(note: DeliveryNote) -> Refused:
    codes = dict.fromkeys(finding.code for finding in note.findings)
    return Refused(note.file_name, tuple(codes), f"quarantine/{note.sha256}.txt")


def _drop_broken_warehouse(home: Home) -> None:
    """Remove a warehouse that cannot be opened (crash, bit rot): it is rebuilt from the vault."""
    import duckdb

    from dagster_project.lib import warehouse

    if not home.warehouse.is_file():
        return
    try:
        warehouse.connect(home.warehouse).close()
    except duckdb.Error as error:
        if "lock" in str(error):
            raise
        for path in (home.warehouse, home.warehouse.with_name(home.warehouse.name + ".wal")):
            path.unlink(missing_ok=True)


def load_inputs(settings: Settings) -> StepOutcome:
    """Loads contracts, reference tables, known deliveries and ledger for the rules to read."""
    from dagster_project.lib import gates, records

    records.check(settings.home)  # a settlement's life may have added to the ledger since
    known = knowledge.knowledge(settings)
    snapshot_id = _unchanged_snapshot(settings.home, known)
    if snapshot_id is not None:
        gates.show_published(settings.home)
        _write_reports(settings, is_unchanged=True)
        _draw_pages(settings, only_missing=True)
        _copy_to_postgres(settings, only_if_behind=True)  # what an earlier night could not
        return StepOutcome(is_unchanged=True, snapshot_id=snapshot_id)
    last_night.forget(settings.home)
    _write_context(settings, known)
    return StepOutcome(tables=_load(settings), metadata={"knowledge_sha256": known})


def _load(settings: Settings) -> dict[str, int]:
    from dagster_project.lib import contracts, ledger, receiving, reference, warehouse

    home = settings.home
    terms = contracts.load_contracts(settings.contracts_dir, settings.area)
    for warning in (said for contract in terms for said in contracts.find_warnings(contract)):
        tell(warning)
    connection = warehouse.connect(home.warehouse)
    try:
        receiving.load_raw(
            connection, home, terms, reference.load_reference(), settings.as_of,
            _area(settings, terms), ledger.ended_contracts(home, terms, settings.as_of),
        )  # fmt: skip
        ledger.load_ledger(connection, home, settings.as_of, terms)
        connection.execute("checkpoint")
        return _raw_rows(connection)
    finally:
        connection.close()


def _area(settings: Settings, terms: list[Contract]) -> str | None:
    """The home's municipality: home.yml's, else the one that all contracts share."""
    return settings.area or next((item.area for item in terms), None)


def _raw_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows of the raw room's tables, as the catalogue counts them."""
    query = "select table_name, estimated_size from duckdb_tables() where schema_name = 'raw'"
    return {str(name): int(rows) for name, rows in connection.execute(query).fetchall() if rows}


def _unchanged_snapshot(home: Home, known: str) -> str | None:
    """The current snapshot, if the last whole night knew the same and left it intact."""
    from dagster_project.lib import publishing

    last = last_night.remembered(home)
    if last is None or last[0] != known:
        return None
    try:
        current = publishing.current_snapshot(home)
        if current is None or current.snapshot_id != last[1]:
            return None
        publishing.check_snapshot(current.path)
    except EffektError:
        return None
    return last[1]


def _context_file(home: Home) -> Path:
    return home.work / "night.json"


def _write_context(settings: Settings, known: str) -> None:
    content = {"as_of": settings.as_of_text, "area": settings.area, "knowledge": known}
    files.write_atomic(_context_file(settings.home), json.dumps(content) + "\n")


def resumed(settings: Settings) -> tuple[Settings, str]:
    """Settings of the night whose inputs stand in the warehouse, and what it knew.

    A later step that is run again on another day goes on with the night's own business date.

    Raises:
        EffektError: ``NIGHT_NOT_BEGUN``.
    """
    try:
        content = json.loads(_context_file(settings.home).read_text(encoding="utf-8"))
        as_of = dt.date.fromisoformat(content["as_of"])
        return replace(settings, as_of=as_of, area=content["area"]), str(content["knowledge"])
    except (OSError, ValueError, KeyError, TypeError):
        raise EffektError(
            "NIGHT_NOT_BEGUN",
            "nattens data er ikke indlæst",
            remedy="kør hele natten (effekt run), eller trinnet load_inputs først",
        ) from None


def gate(number: int, settings: Settings) -> StepOutcome:
    """Makes every check that the gate declares; a critical one that fails ends the night."""
    from dagster_project.lib import gates

    own, _ = resumed(settings)
    report = gates.run_gate(number, settings.home, own)
    return StepOutcome(
        metadata={"checks": len(report.results)},
        failed_checks=tuple(str(item) for item in report.failed_critical),
        gate=report,
    )


def build(
    select: Sequence[str],
    exclude: Sequence[str],
    settings: Settings,
    models: Sequence[str] | None = None,
) -> StepOutcome:
    """The models that dbt's selectors choose, or only the named ones."""
    from dagster_project.orchestration import dbt_runner

    resumed(settings)
    chosen = (select, exclude) if models is None else (models, ())
    built = dbt_runner.build(settings.home, *chosen)
    return StepOutcome(
        tables={name: table.rows for name, table in built.items()},
        kroner={n: table.amount_dkk for n, table in built.items() if table.amount_dkk},
        metadata={"models": len(built)},
    )


def build_marts(
    select: Sequence[str],
    exclude: Sequence[str],
    settings: Settings,
    models: Sequence[str] | None = None,
) -> StepOutcome:
    """Builds the marts, while what draws the charts of the documents makes itself ready."""
    from dagster_project.lib import charts

    charts.warm()
    return build(select, exclude, settings, models)


def hash_statements(settings: Settings) -> StepOutcome:
    """Finds why approved amounts changed, and hashes the figures of each closed period."""
    from dagster_project.lib import ledger, statement, warehouse
    from dagster_project.lib.trace import causes
    from dagster_project.lib.trace import row_hmacs as evidence
    from dagster_project.orchestration.compiled import CompiledModels

    own, _ = resumed(settings)
    changed = causes.find_causes(own, CompiledModels)
    connection = warehouse.connect(settings.home.warehouse)
    try:
        evidence.load_row_hmacs(connection, settings.home)
        hashes = statement.hash_statements(connection)
        ledger.load_states(connection, settings.home, own.as_of, hashes)
        connection.execute("checkpoint")
    finally:
        connection.close()
    return StepOutcome(metadata={"statements": len(hashes), "changed_amounts": changed})


def build_candidate(settings: Settings) -> StepOutcome:
    """Writes the published tables as finished files, beside those that are current."""
    from dagster_project.lib import publishing

    own, _ = resumed(settings)
    candidate = publishing.build_candidate(settings.home, own)
    return StepOutcome(metadata={"snapshot_id": candidate.snapshot_id})


def publish(settings: Settings) -> StepOutcome:
    """Makes the files that passed the last gate current, in one rename.

    Run again by itself after a whole night it finds that night's snapshot published, and whole.
    """
    from dagster_project.lib import publishing

    _, known = resumed(settings)
    there = _unchanged_snapshot(settings.home, known)
    if there is not None and publishing.find_candidate(settings.home) is None:
        metadata: dict[str, int | str] = {"snapshot_id": there, "action": "unchanged"}
        return StepOutcome(snapshot_id=there, metadata=metadata)
    done = publishing.publish(settings.home)
    publishing.remove_old_rooms(settings.home)
    return StepOutcome(
        snapshot_id=done.snapshot_id,
        metadata={"snapshot_id": done.snapshot_id, "action": done.action},
    )


def statements(settings: Settings) -> StepOutcome:
    """Writes the statements of closed periods and the posting files; then the night is whole."""
    from dagster_project.lib import publishing

    own, known = resumed(settings)
    written = _write_reports(own)
    current = publishing.current_snapshot(settings.home)
    if current is not None:
        last_night.remember(settings.home, known, current.snapshot_id)
    return StepOutcome(metadata={"documents": written})


def pages(settings: Settings) -> StepOutcome:
    """Draws the pages that people read in a browser, from the marts that are published.

    Whatever goes wrong leaves the marts published, and the pages as they were.
    """
    return StepOutcome(metadata={"pages": _draw_pages(settings)})


def _draw_pages(settings: Settings, *, only_missing: bool = False) -> int:
    from dagster_project.lib import pages as drawn
    from dagster_project.orchestration import ends

    try:
        return drawn.draw(settings, only_missing=only_missing)
    except EffektError:
        raise
    except Exception as error:
        raise ends.failure(error, settings.home) from error


def publish_postgres(settings: Settings) -> StepOutcome:
    """Copies the published mart to the PostgreSQL server that ``home.yml`` names, if it names one.

    Whatever goes wrong leaves the files published, and the server with what it had.
    """
    return StepOutcome(metadata=_copy_to_postgres(settings))


def _copy_to_postgres(settings: Settings, *, only_if_behind: bool = False) -> dict[str, int | str]:
    from dagster_project.lib import postgres

    done = postgres.copy_current(settings.home, only_if_behind=only_if_behind)
    changed = ", ".join(done.changed)
    return {"action": done.action, "rows": done.rows, "changed_tables": changed}


def _write_reports(settings: Settings, *, is_unchanged: bool = False) -> int:
    """Documents and posting files; how many documents were written."""
    from dagster_project.lib import charts, ledger, statement

    home = settings.home
    written: Any = statement.write_documents(home, settings, is_unchanged=is_unchanged)
    statement.write_postings(home, ledger.read(home))
    charts.sweep(home)
    return len(written)
