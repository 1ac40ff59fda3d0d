"""A home with variants: one night, after which the first periods are approved."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from dagster_project import settings as places
from dagster_project.lib import life
from tests.support import examples, night

CONTRACT = "kontrakt-900-00"
EXAMPLE = "spells-one-contract"
AS_OF = "2025-04-30"
APPROVED = ("2022-09", "2022-12", "2023-03", "2023-06", "2023-09", "2023-12", "2024-03")
VARIANTS = """
variants:
- variant_id: halv
  title: Halv
  set: {parts.del1.max_support_days: 15}
- variant_id: uden_krav
  title: Uden krav
  set: {parts.del1.pay_on: register}
- variant_id: som_nu
  title: Som nu
  set: {}
"""


def build(place: Path) -> str:
    """The home, after its night and its approvals."""
    home = night.copy_inputs(examples.home_of(EXAMPLE), place / "home")
    path = home / "contracts" / f"{CONTRACT}.yml"
    path.write_text(path.read_text(encoding="utf-8") + VARIANTS, encoding="utf-8")
    snapshot = night.publish(home, AS_OF, documents=True)
    settings = places.resolve(home, None, dt.date.fromisoformat(AS_OF))
    for period in APPROVED:
        life.submit(settings, CONTRACT, period, "Lis Leverandør", "prøve")
        life.verify(settings, CONTRACT, period, "Kai Controller")
        life.approve(settings, CONTRACT, period, "Lea Leder")
    return snapshot


@pytest.fixture(scope="session")
def asked_home(shared_folder: Path) -> Path:
    """The home; nobody changes it."""
    return night.built_once(shared_folder, "foresight-home", build)[0] / "home"
