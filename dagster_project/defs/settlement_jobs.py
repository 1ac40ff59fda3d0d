"""Jobs of a settlement's life: each does one command of ``effekt`` with typed configuration.

What belongs here: the fields of a command and its call. What does not: who may do what and when
(``lib/ledger``). Names and reasons typed here stand in Dagster's record as they do in the ledger,
so a person number in them is refused before there is a run to record.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from dagster_project.defs.resources import NightResource
from dagster_project.lib import life
from dagster_project.lib.base.errors import EffektError, UsageError
from dagster_project.lib.base.person_numbers import holds_person_number
from dagster_project.orchestration import night as nightly
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


def _act(
    context: dg.OpExecutionContext, night: NightResource, act: "Callable[[Settings], Event]"
) -> None:
    """Do the command; tell sequence and state, or fail with its code and remedy."""
    failure: EffektError | None = None
    try:
        event = act(night.settings())
        context.add_output_metadata({"sequence": event.sequence, "action": event.action})
    except Exception as error:  # any failure becomes a code without values
        failure = nightly.without_values(error, "settlement")
    if failure is not None:
        raise dg.Failure(str(failure), {"code": failure.code}, allow_retries=False)


@dg.op
def submit(context: dg.OpExecutionContext, night: NightResource, config: Submit) -> None:
    """The provider submits the draft of the first unapproved, closed period."""
    _act(
        context,
        night,
        lambda s: life.submit(s, config.contract, config.period, config.actor, config.incomplete),
    )


@dg.op
def verify(context: dg.OpExecutionContext, night: NightResource, config: ActOnPeriod) -> None:
    """The municipality verifies a submitted settlement."""
    _act(context, night, lambda s: life.verify(s, config.contract, config.period, config.actor))


@dg.op
def approve(context: dg.OpExecutionContext, night: NightResource, config: ActOnPeriod) -> None:
    """Another person of the municipality approves; the figures are frozen."""
    _act(context, night, lambda s: life.approve(s, config.contract, config.period, config.actor))


@dg.op(name="send_back")
def return_(context: dg.OpExecutionContext, night: NightResource, config: Return) -> None:
    """The municipality sends a submitted or verified settlement back to draft."""
    _act(
        context,
        night,
        lambda s: life.return_(s, config.contract, config.period, config.actor, config.reason),
    )


@dg.op
def pay(context: dg.OpExecutionContext, night: NightResource, config: Pay) -> None:
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
def release(context: dg.OpExecutionContext, night: NightResource, config: Release) -> None:
    """The municipality raises the authorised maximum."""
    _act(
        context,
        night,
        lambda s: life.release(
            s, config.contract, Decimal(config.amount), config.actor, config.reason
        ),
    )


def _refuse_person_numbers(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration as it was typed, unless a text of it holds a person number.

    Dagster calls it when it plans a run, before it stores one.

    Raises:
        UsageError: one does.
    """
    for name, value in config.items():
        if isinstance(value, str) and holds_person_number(value):
            raise UsageError(f"{name} seems to contain a person number, which may stand nowhere")
    return config


def _job(act: dg.OpDefinition, name: str, fields: type[dg.Config]) -> dg.JobDefinition:
    """A job of one op, for the launchpad."""
    op = dg.configured(act, name=act.name, config_schema=fields.to_fields_dict())(
        _refuse_person_numbers
    )

    @dg.job(name=name, description=op.description, executor_def=dg.in_process_executor)
    def one() -> None:
        op()

    return one


submit_settlement = _job(submit, "submit_settlement", Submit)
verify_settlement = _job(verify, "verify_settlement", ActOnPeriod)
approve_settlement = _job(approve, "approve_settlement", ActOnPeriod)
return_settlement = _job(return_, "return_settlement", Return)
pay_settlement = _job(pay, "pay_settlement", Pay)
release_amount = _job(release, "release_amount", Release)

ALL = [
    submit_settlement, verify_settlement, approve_settlement, return_settlement, pay_settlement,
    release_amount,
]  # fmt: skip
"""The steps of a settlement's life."""
