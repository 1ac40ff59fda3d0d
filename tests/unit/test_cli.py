"""The console command's own part: how words become arguments and exit codes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.lib import ledger
from dagster_project.lib.errors import NotAllowedError

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
