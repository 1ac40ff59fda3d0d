"""The ledger's sensor: when it starts a night, and what Dagster is told of a settlement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import dagster as dg
import pytest

from dagster_project.defs import sensors
from dagster_project.lib.ledger import chain
from dagster_project.orchestration import record
from tests.support.published import CONTRACT, World

Q1 = "2023-01"
Approve = Callable[[str], None]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A record of Dagster's in memory."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def tick(
    world: World, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], dg.RunRequest | dg.SkipReason]:
    """The next tick of the sensor."""
    monkeypatch.setenv("EFFEKT_HOME", str(world.home.root))
    context = dg.build_sensor_context(instance=instance)

    def next_tick() -> dg.RunRequest | dg.SkipReason:
        told = sensors.ledger_events(context)
        assert isinstance(told, dg.RunRequest | dg.SkipReason)
        return told

    return next_tick


def told(instance: dg.DagsterInstance) -> list[str | None]:
    """What Dagster knows of the settlement, oldest first."""
    key = dg.AssetKey(["settlement", CONTRACT, Q1])
    records = instance.fetch_observations(key, limit=100).records
    events = [item.asset_observation for item in reversed(records)]
    return [event.description for event in events if event is not None]


# Rule F.ledger_sensor
def test_a_night_starts_when_the_ledger_has_moved_and_been_still_for_a_tick(
    world: World, approved: Approve, tick: Callable[[], dg.RunRequest | dg.SkipReason]
) -> None:
    for _ in range(3):
        assert isinstance(tick(), dg.SkipReason)
    approved(Q1)
    assert isinstance(tick(), dg.SkipReason)
    request = tick()
    assert isinstance(request, dg.RunRequest)
    assert request.run_key == chain.read(world.home).head
    assert request.run_config == {}
    world.publish_again(dt.date(2023, 5, 2))
    assert isinstance(tick(), dg.SkipReason)
    assert isinstance(tick(), dg.SkipReason)


def test_a_ledger_that_moves_at_every_tick_starts_nothing(
    world: World, tick: Callable[[], dg.RunRequest | dg.SkipReason]
) -> None:
    from dagster_project.lib import life

    life.submit(world.settings, CONTRACT, Q1, "Lis")
    assert isinstance(tick(), dg.SkipReason)
    life.verify(world.settings, CONTRACT, Q1, "Kai")
    assert isinstance(tick(), dg.SkipReason)
    assert isinstance(tick(), dg.RunRequest)


# Rule F.told_to_dagster
def test_each_step_of_a_settlement_is_told_to_dagster_once_and_without_names(
    world: World, approved: Approve, instance: dg.DagsterInstance,
    tick: Callable[[], dg.RunRequest | dg.SkipReason],
) -> None:  # fmt: skip
    approved(Q1)
    tick()
    record.tell_dagster(instance, world.home)
    assert told(instance) == ["submit", "verify", "approve"]
    (last, *_) = instance.fetch_observations(
        dg.AssetKey(["settlement", CONTRACT, Q1]), limit=1
    ).records
    assert last.asset_observation is not None
    shown = {name: value.value for name, value in last.asset_observation.metadata.items()}
    assert (shown["sequence"], shown["action"], shown["kroner"]) == (3, "approve", "300.00")
    assert not {"Lis", "Kai", "Lea"} & {str(value) for value in shown.values()}
