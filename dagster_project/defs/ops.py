"""Ops: one for each command of a settlement's life, and the fetch of published statistics.

What belongs here: the fields of a command and its call. What does not: who may do what and when
(``lib/life``), the shapes of a service (``lib/receiving/jobindsats_api``).
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from dagster_project.defs.resources import HeldNight, HomeResource, in_dagsters_words
from dagster_project.lib import life, publishing
from dagster_project.lib.receiving import jobindsats_api
from dagster_project.orchestration.night import Night
from dagster_project.settings import Settings

if TYPE_CHECKING:
    from dagster_project.lib.ledger import Event


class ActOnPeriod(dg.Config):
    """Who acts on which period."""

    contract: str = Field(description="contract_id")
    period: str = Field(description="first month of the period, YYYY-MM")
    actor: str = Field(description="name of who acts, as in the contract's actors")


class Submit(ActOnPeriod):
    """Submit the draft."""

    incomplete: str | None = Field(default=None, description="submit in spite of blockers: why")


class Return(ActOnPeriod):
    """Send back to draft."""

    reason: str = Field(description="why it goes back")


class Pay(ActOnPeriod):
    """Record the payment."""

    paid_on: str = Field(description="day of the payment, YYYY-MM-DD")
    reference: str = Field(description="finance's own reference")


class Release(dg.Config):
    """Raise the authorised maximum."""

    contract: str = Field(description="contract_id")
    amount: str = Field(description="kroner, at most two decimals")
    actor: str = Field(description="name of who acts, as in the contract's actors")
    reason: str = Field(description="the decision behind it")


class Fetch(dg.Config):
    """Where and what to ask; the token lies in ``secrets/jobindsats.token`` (0600)."""

    base_url: str = Field(description="address of the service up to the version")
    version: int = Field(default=2, description="2 or 3")
    area: str = Field(description="name of the municipality in the statistics")
    first_month: str = Field(description="first month asked for, YYYY-MM")
    last_month: str = Field(description="last month asked for, YYYY-MM")
    tables: dict[str, str] = Field(
        default=jobindsats_api.ApiSettings("").tables,
        description="table → name of its benefit, where the table itself does not say it",
    )


def _act(context: dg.OpExecutionContext, night: Night, act: "Callable[[Settings], Event]") -> None:
    """Do one step of a settlement's life; show its sequence and action."""
    event = in_dagsters_words(lambda: act(night.settings), "settlement")
    context.add_output_metadata({"sequence": event.sequence, "action": event.action})


@dg.op
def submit(context: dg.OpExecutionContext, night: HeldNight, config: Submit) -> None:
    """The provider submits the draft of the first unapproved, closed period."""
    _act(
        context,
        night,
        lambda s: life.submit(s, config.contract, config.period, config.actor, config.incomplete),
    )


@dg.op
def verify(context: dg.OpExecutionContext, night: HeldNight, config: ActOnPeriod) -> None:
    """The municipality verifies a submitted settlement."""
    _act(context, night, lambda s: life.verify(s, config.contract, config.period, config.actor))


@dg.op
def approve(context: dg.OpExecutionContext, night: HeldNight, config: ActOnPeriod) -> None:
    """Another person of the municipality approves; the figures are frozen."""
    _act(context, night, lambda s: life.approve(s, config.contract, config.period, config.actor))


@dg.op(name="send_back")
def return_(context: dg.OpExecutionContext, night: HeldNight, config: Return) -> None:
    """The municipality sends a submitted or verified settlement back to draft."""
    _act(
        context,
        night,
        lambda s: life.return_(s, config.contract, config.period, config.actor, config.reason),
    )


@dg.op
def pay(context: dg.OpExecutionContext, night: HeldNight, config: Pay) -> None:
    """Finance records the payment of an approved settlement."""
    _act(
        context,
        night,
        lambda s: life.pay(
            s, config.contract, config.period, config.actor,
            dt.date.fromisoformat(config.paid_on), config.reference,
        ),
    )  # fmt: skip


@dg.op
def release(context: dg.OpExecutionContext, night: HeldNight, config: Release) -> None:
    """The municipality raises the authorised maximum."""
    _act(
        context,
        night,
        lambda s: life.release(
            s, config.contract, Decimal(config.amount), config.actor, config.reason
        ),
    )


@dg.op
def fetch(context: dg.OpExecutionContext, place: HomeResource, config: Fetch) -> None:
    """Leave one ordinary ``jobindsats_<date>.json`` in the landing folder.

    The home is not held: a slow service keeps no night waiting.
    """

    def do() -> Path:
        settings = place.settings()
        publishing.require_not_after_today(settings.as_of, "the as-of date")
        settings.home.refuse_open_secrets()
        return jobindsats_api.fetch(
            jobindsats_api.ApiSettings(
                base_url=config.base_url, version=config.version, tables=dict(config.tables)
            ),
            settings.home.ensure(), config.area,
            jobindsats_api.months_asked(config.first_month, config.last_month), settings.as_of,
        )  # fmt: skip

    path = in_dagsters_words(do, "fetch_jobindsats")
    context.add_output_metadata({"file": path.name, "bytes": path.stat().st_size})
