"""The image is made by the commands that the Makefile and the README know, and holds one user."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from dagster_project.cli.app import app
from dagster_project.settings import PROJECT_ROOT
from tests.deploy import image_steps

DEPLOY = PROJECT_ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))
BY_THE_SYSTEM = ("useradd", "install", "chmod")


def runs() -> list[list[str]]:
    return [shlex.split(step.text) for step in image_steps.steps() if step.name == "RUN"]


def accepts(words: list[str]) -> bool:
    """Whether `effekt` takes such a command line, as far as names and options go."""
    command, context = get_command(app), None
    while hasattr(command, "resolve_command"):
        context = command.make_context(
            "effekt", list(words), parent=context, resilient_parsing=True
        )
        _, command, words = command.resolve_command(context, list(words))
        if command is None:
            return False
    return command.make_context("effekt", words, parent=context) is not None


# Rule F.deploy
def test_the_image_is_set_up_by_the_target_that_sets_up_a_machine() -> None:
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {words[1] for words in runs() if words[0] == "make"}
    assert targets == {"setup"}
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    assert {words[0] for words in runs()} == {"make", *BY_THE_SYSTEM}


# Rule F.deploy
def test_the_image_has_a_python_that_the_project_takes_and_is_tested_with() -> None:
    versions = re.findall(r"^FROM python:(\S+?)(?:-slim)?(?: AS \w+)?$", (
        DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)  # fmt: skip
    assert len(set(versions)) == 1
    major, minor = map(int, versions[0].split("."))
    assert (major, minor) >= (3, 11)
    assert sys.version_info[:2] >= (3, 11)


# Rule F.deploy
def test_the_image_runs_as_a_user_who_owns_nothing_of_the_code() -> None:
    steps = image_steps.steps()
    assert [step.text for step in steps if step.name == "USER"] == ["effekt"]
    user = steps.index(image_steps.Step("USER", "effekt"))
    assert not [step for step in steps[user:] if step.name in ("RUN", "COPY")]
    owned = [words[-1] for words in runs() if words[0] == "install"]
    assert not any(place.startswith("/opt") for place in owned)


# Rule F.deploy
def test_nothing_of_a_clone_that_is_no_code_comes_into_the_image() -> None:
    patterns = image_steps.IGNORED.read_text(encoding="utf-8").split()
    for left_out in (".git", ".venv", "data", "tests", "dbt/target", "dbt/models/__pycache__"):
        assert image_steps.is_ignored(Path(left_out), patterns), left_out
    needed = ("Makefile", "README.md", "pyproject.toml", "requirements.lock", "dbt/models", "seeds")
    for kept in (*needed, "dagster_project/cli", "expectations", "dbt/dbt_project.yml"):
        assert not image_steps.is_ignored(Path(kept), patterns), kept


# Rule F.deploy
def test_the_steps_can_be_done_below_a_folder_without_an_engine(tmp_path: Path) -> None:
    commands = list(image_steps.script(tmp_path))
    assert any(command.endswith("make setup") for command in commands)
    assert not [command for command in commands if re.search(r"(?<!\w) /(opt|srv|run)", command)]
    assert not any(word in command for command in commands for word in ("useradd", " -o ", " -g "))


# Rule F.deploy
def test_two_services_have_one_image_and_the_same_volumes() -> None:
    web, daemon = (COMPOSE["services"][name] for name in ("web", "daemon"))
    assert web["image"] == daemon["image"]
    assert web["volumes"] == daemon["volumes"]
    assert {place.split(":")[0] for place in web["volumes"]} == set(COMPOSE["volumes"])
    for service in (web, daemon):
        assert accepts(
            [word.replace("${EFFEKT_PORT:-3000}", "3000") for word in service["command"]]
        )
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True


# Rule F.loopback
def test_no_service_is_reached_from_another_machine() -> None:
    for service in COMPOSE["services"].values():
        assert "ports" not in service
        assert service["network_mode"] in ("host", "none")
    assert COMPOSE["services"]["daemon"]["network_mode"] == "none"


# Rule F.deploy
def test_the_volumes_lie_where_the_image_has_folders_of_its_user() -> None:
    places = {place.split(":")[1] for place in COMPOSE["services"]["web"]["volumes"]}
    made = {word for words in runs() if words[0] == "install" for word in words if word[0] == "/"}
    assert places <= made
    assert {
        image_steps.variables()[name] for name in ("EFFEKT_HOME", "RUNTIME_DIRECTORY")
    } == places


# Rule F.deploy
@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*")), ids=lambda path: path.name)
def test_nothing_of_deploy_names_a_host(path: Path) -> None:
    if path.is_file():
        assert not re.search(r"https?://", path.read_text(encoding="utf-8"))
