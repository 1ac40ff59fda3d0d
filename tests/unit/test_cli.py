"""The console command's own part: how words become arguments and exit codes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.lib import ledger
from dagster_project.lib.errors import NotAllowedError
from dagster_project.lib.ledger.chain import Event

WHO = ["--as", "Kai", "--reason", "beslutning"]


@pytest.mark.parametrize("amount", ["-5", "-0.01", "0"])
def test_an_amount_below_zero_reaches_the_rule_that_refuses_it(
    monkeypatch: pytest.MonkeyPatch, amount: str
) -> None:
    seen: list[Decimal] = []

    def refuse(_settings: Any, _contract: str, kroner: Decimal, *_: str) -> None:
        seen.append(kroner)
        raise NotAllowedError("AMOUNT", "must be above 0")

    monkeypatch.setattr(ledger, "release", refuse)
    done = CliRunner().invoke(app, ["release", "k", amount, *WHO])
    assert seen == [Decimal(amount)]
    assert isinstance(done.exception, NotAllowedError)


@pytest.mark.parametrize("words", [["-5", "6"], ["--incomplete", "x"], []])
def test_a_release_called_wrongly_is_wrong_usage(words: list[str]) -> None:
    assert CliRunner().invoke(app, ["release", "k", *words, *WHO]).exit_code == 2


def test_a_step_is_told_in_danish(monkeypatch: pytest.MonkeyPatch) -> None:
    event = Event(
        sequence=8, recorded_at="", as_of_date=dt.date(2025, 1, 10), actor="Lis", role="provider",
        os_user="", action="verify", contract_id="k", period_start=dt.date(2023, 1, 1),
        statement_sha256=None, amount_dkk=Decimal("104384.00"), reason=None, reference=None,
        paid_on=None, frozen_sha256=None, snapshot_id="s", key_fingerprint=None, prev="", hash="",
    )  # fmt: skip
    monkeypatch.setattr(ledger, "verify", lambda *_: event)
    done = CliRunner().invoke(app, ["verify", "k", "2023-01", "--as", "Lis"])
    assert done.output == "8: efterprøvet · k · 2023-01 · Lis · 104.384,00\u00a0kr.\n"
