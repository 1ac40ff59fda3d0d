"""The UI in a real browser: the asset graph opens with its rooms, nothing listens elsewhere."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
ROOMS = ("received", "staging", "rules", "settlement", "published", "gates")
pytestmark = [pytest.mark.timeout(900), pytest.mark.slow, pytest.mark.xdist_group("browser")]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """`effekt ui` on a home of its own; its address and its process."""
    home, port = tmp_path_factory.mktemp("home"), free_port()
    command = [sys.executable, "-m", "dagster_project.cli", "ui"]
    child = subprocess.Popen(
        [*command, "--home", str(home), "--port", str(port)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}", child
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(60)


def loaded(address: str) -> None:
    """Wait until the code location has been loaded."""
    query = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"
    for _ in range(600):
        try:
            answer = requests.post(f"{address}/graphql", json={"query": query}, timeout=5).json()
            if answer["data"]["repositoriesOrError"].get("nodes"):
                return
        except (requests.RequestException, KeyError, ValueError):
            pass
        time.sleep(0.5)
    raise AssertionError("Dagster's UI did not load the definitions")


def test_asset_graph_opens_with_every_room(
    ui: tuple[str, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    from playwright.sync_api import sync_playwright

    address, _ = ui
    loaded(address)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        elsewhere: list[str] = []
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((address, "data:", "blob:"))
                else elsewhere.append(request.url)
            ),
        )
        page.goto(f"{address}/asset-groups", wait_until="domcontentloaded")
        for room in ROOMS:
            page.get_by_text(re.compile(rf"^{room}$")).first.wait_for(timeout=120_000)
        picture = tmp_path / "asset-graph.png"
        page.screenshot(path=str(picture))
        browser.close()
    assert picture.stat().st_size > 10_000
    assert elsewhere == []


# Rule F.loopback
def test_ui_listens_on_the_loopback_address_only(ui: tuple[str, subprocess.Popen[bytes]]) -> None:
    address, child = ui
    loaded(address)
    own = {child.pid, *(p.pid for p in psutil.Process(child.pid).children(recursive=True))}
    listening = [
        connection.laddr.ip
        for connection in psutil.net_connections("tcp")
        if connection.pid in own and connection.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert set(listening) <= {"127.0.0.1", "::1"}


def test_ending_the_command_ends_its_children(ui: tuple[str, subprocess.Popen[bytes]]) -> None:
    address, child = ui
    loaded(address)
    children = psutil.Process(child.pid).children(recursive=True)
    assert len(children) >= 2
    child.send_signal(signal.SIGTERM)
    assert child.wait(60) == 0
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []
