"""The engines are those of the lock, and another version of one is other knowledge."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from dagster_project import settings
from dagster_project.lib.publishing import code_version
from dagster_project.orchestration.knowledge import knowledge
from dagster_project.settings import Home

ROOT = Path(__file__).parents[2]
_PIN = re.compile(
    r"^([\w.-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\\n|\n|$))+)", re.M
)


def pins(text: str) -> dict[str, str]:
    """Version by name of each package that a lock pins by hash."""
    return {name: version for name, version, _ in _PIN.findall(text)}


# Rule F.after
@pytest.mark.parametrize("engine", code_version.ENGINES)
def test_another_version_of_an_engine_is_other_knowledge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """A quiet night after an upgrade computes anew: its gates judge what the new engine makes."""
    Home(tmp_path).ensure()
    told = settings.resolve(tmp_path)
    before = knowledge(told)
    assert knowledge(told) == before
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.0.1" if name == engine else real(name))
    assert knowledge(told) != before


def test_what_is_installed_is_what_is_locked() -> None:
    """Every line of a lock pins one version by hash, and that version is the one that runs."""
    for path in (ROOT / "requirements.lock", ROOT / "tests" / "requirements.lock"):
        text = path.read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if line and line[0] not in " #"]
        found = pins(text)
        assert len(found) == len(lines) > 20
        assert "://" not in text
        assert {name: metadata.version(name) for name in found} == found
    assert set(code_version.ENGINES) <= set(pins((ROOT / "requirements.lock").read_text("utf-8")))


def test_a_line_without_its_hash_is_no_pin() -> None:
    good = "a==1 \\\n    --hash=sha256:" + "0" * 64 + "\n"
    assert pins(good + "b==2\n") == {"a": "1"}


def test_dbt_writes_with_one_thread() -> None:
    profile = yaml.safe_load((ROOT / "dbt/profiles.yml").read_text(encoding="utf-8"))
    assert profile["effekt"]["outputs"]["home"]["threads"] == 1
