"""What `effekt ui` takes before it serves: the port, and a key or the secret of the proxy."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from dagster_project import settings
from dagster_project.lib.base.errors import EffektError
from dagster_project.orchestration import ui

SECRET = "0123456789abcdef" * 2


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home behind a proxy whose secret is good."""
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    write(secrets / "proxy", SECRET)
    (tmp_path / "home.yml").write_text(
        "ui: {hosts: [Effekt.Kommune.dk, 'intern:8443'], proxy_secret_file: secrets/proxy}\n",
        encoding="utf-8",
    )
    return tmp_path


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Rule F.start_key
def test_each_start_makes_another_key(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    keys = set()
    for _ in range(3):
        with ui.door(settings.resolve(tmp_path), free_port()) as door:
            assert door.listening.getsockname()[0] == "127.0.0.1"
            assert f"?key={door.entrance.secret}" in door.entrance.address
            keys.add(door.entrance.secret)
    assert len(keys) == 3
    assert min(len(key) for key in keys) >= 43


# Rule F.start_key
def test_the_proxys_secret_is_read_from_its_file_and_no_key_is_made(home: Path) -> None:
    with ui.door(settings.resolve(home), free_port()) as door:
        assert door.entrance.is_secret(SECRET)
        assert door.entrance.is_behind_proxy
        assert SECRET not in door.entrance.address
        assert door.entrance.is_served("effekt.kommune.DK")
        assert door.entrance.is_served("intern:8443")


@pytest.mark.parametrize("text", ["", SECRET[:-1], f"{SECRET[:16]} {SECRET[16:]}", f"{SECRET}ø"])
def test_what_is_no_secret_is_refused(home: Path, text: str) -> None:
    write(home / "secrets" / "proxy", text)
    with (
        pytest.raises(EffektError, match="UI_SECRET"),
        ui.door(settings.resolve(home), free_port()),
    ):
        pass


def test_a_secret_that_others_can_read_or_that_is_missing_is_refused(home: Path) -> None:
    elsewhere = home / "proxy"
    text = (home / "home.yml").read_text(encoding="utf-8").replace("secrets/proxy", "proxy")
    (home / "home.yml").write_text(text, encoding="utf-8")
    for mode in (None, 0o640, 0o604):
        if mode is not None:
            write(elsewhere, SECRET)
            elsewhere.chmod(mode)
        with (
            pytest.raises(EffektError, match="UI_SECRET"),
            ui.door(settings.resolve(home), free_port()),
        ):
            pass


def test_a_port_that_is_taken_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    with (
        ui.door(settings.resolve(tmp_path), free_port()) as first,
        pytest.raises(EffektError, match="PORT_TAKEN"),
        ui.door(settings.resolve(tmp_path), first.listening.getsockname()[1]),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("ui: {hosts: ['https://effekt.kommune.dk']}", "ui.hosts[0]"),
        ("ui: {hosts: ['*']}", "ui.hosts[0]"),
        ("ui: {host: [a]}", "ui.host"),
        ("jobindsats: {first_month: 2024-01}", "jobindsats.base_url"),
        ("jobindsats: {base_url: x, first_month: 2024-01, token: x}", "jobindsats.token"),
    ],
)
# Rule P.home
def test_home_yml_says_where_it_is_wrong(tmp_path: Path, text: str, where: str) -> None:
    (tmp_path / "home.yml").write_text(text, encoding="utf-8")
    with pytest.raises(
        EffektError, match=re.escape(f"home.yml er ikke, som den skal være ({where})")
    ):
        settings.resolve(tmp_path)
