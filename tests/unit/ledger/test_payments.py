"""What finance gets and records: the posting file, the payment, its correction."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from dagster_project.lib import ledger, life, statement
from dagster_project.lib.base.errors import NotAllowedError
from dagster_project.lib.ledger import chain, state
from dagster_project.lib.statement import posting
from tests.support.published import CONTRACT, World

Q1 = "2023-01"
PAID_ON, LATER = dt.date(2023, 6, 1), dt.date(2023, 6, 2)
Approve = Callable[[str], None]


def file_of(world: World) -> Path:
    return world.home.reports / "posteringer" / f"{CONTRACT}_{Q1}.csv"


# Rule S.correct
def test_a_corrected_payment_is_an_event_of_its_own(world: World, approved: Approve) -> None:
    approved(Q1)
    paid = life.pay(world.settings, CONTRACT, Q1, "Finn", PAID_ON, "bilag 1")
    before = chain.ledger_file(world.home).read_bytes()
    event = life.correct(world.settings, CONTRACT, Q1, "Finn", LATER, "bilag 1")
    assert chain.ledger_file(world.home).read_bytes().startswith(before)
    assert (event.action, event.role, event.paid_on) == ("correct", "finance", LATER)
    assert event.amount_dkk == paid.amount_dkk == Decimal("300.00")
    assert event.statement_sha256 == paid.statement_sha256
    steps = state.of_period(chain.read(world.home), CONTRACT, dt.date(2023, 1, 1))
    assert state.state_of(steps, paid.statement_sha256).name == "paid"
    life.correct(world.settings, CONTRACT, Q1, "Finn", PAID_ON, "bilag 1")


# Rule S.correct
def test_only_a_recorded_payment_is_corrected_and_only_to_something_else(
    world: World, approved: Approve
) -> None:
    approved(Q1)
    with pytest.raises(NotAllowedError, match="STATE"):
        life.correct(world.settings, CONTRACT, Q1, "Finn", PAID_ON, "bilag 1")
    life.pay(world.settings, CONTRACT, Q1, "Finn", PAID_ON, "bilag 1")
    with pytest.raises(NotAllowedError, match="NOTHING_CORRECTED"):
        life.correct(world.settings, CONTRACT, Q1, "Finn", PAID_ON, "bilag 1")
    life.correct(world.settings, CONTRACT, Q1, "Finn", PAID_ON, "bilag 2")
    with pytest.raises(NotAllowedError, match="NOTHING_CORRECTED"):
        life.correct(world.settings, CONTRACT, Q1, "Finn", PAID_ON, "bilag 2")


# Rules S.posting, S.statement
@pytest.mark.parametrize("action", ["approve", "verify"])
def test_an_approval_says_where_the_posting_file_is(
    world: World, approved: Approve, action: str
) -> None:
    approved(Q1)
    event = next(one for one in chain.read(world.home).events if one.action == action)
    named = life.write_documents(world.settings, event)
    assert (file_of(world) in named) is (action == "approve")
    assert all(path.is_file() for path in named)
    assert life.period_name(world.settings, event) == "2023-K1"


# Rule S.posting
def test_an_approval_writes_what_finance_posts(world: World, approved: Approve) -> None:
    text = (world.settings.contracts_dir / f"{CONTRACT}.yml").read_text(encoding="utf-8")
    text = text.replace("Prøveby Kommune}", "Prøveby Kommune, provider: =Væksthus}")
    (world.settings.contracts_dir / f"{CONTRACT}.yml").write_text(text, encoding="utf-8")
    world.publish(dt.date(2023, 5, 1))
    approved(Q1)
    with file_of(world).open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream, delimiter=";")
    assert row == {
        "contract": CONTRACT, "period": Q1, "amount": "300,00", "payee": "'=Væksthus",
        "statement_sha256": chain.read(world.home).events[-1].statement_sha256,
    }  # fmt: skip
    assert file_of(world).stat().st_mode & 0o777 == 0o600


# Rule S.posting
def test_a_posting_file_that_a_kill_left_out_is_made_by_the_next_command_or_night(
    world: World, approved: Approve, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(posting, "write_postings", lambda *_: [])
        approved(Q1)
    assert not file_of(world).exists()
    statement.write_postings(world.home, ledger.read(world.home))
    made = file_of(world).read_bytes()
    file_of(world).unlink()
    life.pay(world.settings, CONTRACT, Q1, "Finn", PAID_ON, "bilag 1")
    assert file_of(world).read_bytes() == made


# Rule S.posting
def test_a_posting_file_of_an_approval_that_is_gone_is_written_anew(
    world: World, approved: Approve
) -> None:
    approved(Q1)
    old = file_of(world).read_bytes()
    ledger_file = chain.ledger_file(world.home)
    lines = ledger_file.read_bytes().splitlines(keepends=True)
    ledger_file.write_bytes(b"".join(lines[:-1]))  # an older ledger is put back
    life.return_(world.settings, CONTRACT, Q1, "Kai", "nye tal")
    world.amounts[dt.date(2023, 1, 1)] = Decimal("450.00")
    world.publish_again(dt.date(2023, 5, 2))
    approved(Q1)
    made = file_of(world).read_bytes()
    assert (b"450,00" in made, b"300,00" in made) == (True, False)
    for again in (
        lambda: statement.write_postings(world.home, ledger.read(world.home)),
        lambda: life.pay(world.settings, CONTRACT, Q1, "Finn", PAID_ON, "bilag 1"),
    ):
        file_of(world).write_bytes(old)
        again()
        assert file_of(world).read_bytes() == made
    assert statement.write_postings(world.home, ledger.read(world.home)) == []
