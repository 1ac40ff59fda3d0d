"""When a contract's retention ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from dagster_project.lib import purge
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.contracts import Contract, contract_from_json
from dagster_project.lib.contracts.terms import hash_terms
from dagster_project.lib.ledger import retention
from dagster_project.lib.ledger.chain import Event, Ledger
from dagster_project.lib.person import retained
from dagster_project.lib.person.numbers import Person
from dagster_project.lib.person.rows import Sought
from tests.support.published import CONTRACT, World


def contract(years: int | None, ends_on: str = "2020-12-31") -> Contract:
    """A contract that is tracked only."""
    terms = {
        "contract_id": "k", "title": "K", "area": "A", "parties": {"municipality": "M"},
        "document": "d", "term": {"starts_on": "2018-01-01", "ends_on": ends_on, "clause": "t"},
        "register": "dream", "register_lag_days": 0, "requires_person_status": False, "parts": [],
    }  # fmt: skip
    return contract_from_json(terms if years is None else {**terms, "retention": {"years": years}})


def event(action: str, day: str, contract_id: str = "k") -> Event:
    """An event of a day."""
    return Event(
        sequence=1, recorded_at="", as_of_date=dt.date.fromisoformat(day), actor="", role="",
        os_user="", action=action, contract_id=contract_id, period_start=dt.date(2018, 1, 1),
        statement_sha256=None, amount_dkk=Decimal(0), reason=None, reference=None, paid_on=None,
        frozen_sha256=None, snapshot_id="", key_fingerprint=None, prev="", hash="",
    )  # fmt: skip


def ends(years: int | None, *events: Event, term: str = "2020-12-31") -> str | None:
    """First day on which the retention has ended."""
    found = retention.ends_on(contract(years, term), Ledger(events))
    return None if found is None else found.isoformat()


# Rule F.retention
def test_it_counts_from_the_last_payment() -> None:
    paid = [event("pay", "2021-02-01"), event("pay", "2021-05-03")]
    assert ends(5, *paid, event("correct", "2022-01-01")) == "2026-05-03"
    assert ends(5, *paid, event("pay", "2023-01-01", "another")) == "2026-05-03"


# Rule F.retention
def test_without_a_payment_it_counts_from_the_last_day_of_the_term() -> None:
    assert ends(5) == "2025-12-31"
    assert ends(5, event("approve", "2024-01-01")) == "2025-12-31"


# Rule F.retention
def test_it_never_ends_inside_the_term() -> None:
    assert ends(1, event("pay", "2018-05-01")) == "2021-01-01"


# Rule F.retention
def test_without_the_section_it_never_ends() -> None:
    assert ends(None, event("pay", "2018-05-01")) is None


# Rule F.retention
@pytest.mark.parametrize(
    ("day", "ended"), [("2024-02-29", "2029-03-01"), ("2023-02-28", "2028-02-28")]
)
def test_a_day_that_the_year_lacks_is_the_first_of_march(day: str, ended: str) -> None:
    assert ends(5, event("pay", day)) == ended


# Rules F.retention, C.terms
def test_it_moves_no_hash_of_the_terms() -> None:
    hashes = {contract(years).terms_sha256 for years in (None, 5, 9)}
    assert len(hashes) == 1
    assert hash_terms(contract(9).terms()) in hashes


# Rules F.purge, F.forget
def test_nothing_is_removed_while_the_file_of_an_approved_contract_is_gone(
    world: World, approved: Callable[[str], None], tmp_path: Path
) -> None:
    approved("2023-01")
    text = (world.settings.contracts_dir / f"{CONTRACT}.yml").read_text("utf-8")
    folder = tmp_path / "andre"
    folder.mkdir()
    (folder / "anden.yml").write_text(text.replace(CONTRACT, "anden"), "utf-8")
    with pytest.raises(EffektError, match=f"CONTRACT_MISSING: {CONTRACT}"):
        purge.purge(replace(world.settings, contracts_dir=folder), "Kai", "frist", is_dry=True)
    nobody = Sought(Person(frozenset()), (), frozenset(), frozenset())
    with pytest.raises(EffektError, match=f"CONTRACT_MISSING: {CONTRACT}"):
        retained.resting(world.home, [contract(5)], nobody, dt.date(2030, 1, 1))
