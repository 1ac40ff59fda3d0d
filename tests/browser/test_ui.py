"""The UI in a real browser and to plain requests: it opens with its key, and to nobody without."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

import psutil
import pytest
import requests

from dagster_project.orchestration.rooms import ROOMS

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
MODULE = "dagster_project.definitions"
NOBODY = 65534
LAUNCH = """
    mutation($asked: ExecutionParams!) { launchPipelineExecution(executionParams: $asked) {
        __typename
        ... on LaunchRunSuccess { run { runId } }
        ... on RunConfigValidationInvalid { errors { message } }
    } }
"""
PAUSED = "{ instance { autoMaterializePaused } }"
pytestmark = [pytest.mark.timeout(900), pytest.mark.slow, pytest.mark.xdist_group("browser")]


@dataclass
class Ui:
    """`effekt ui` on a home of its own."""

    child: subprocess.Popen[str]
    port: int
    home: Path
    key: str
    told: IO[str]

    def said(self) -> list[str]:
        """What the processes of the UI have told on stderr so far."""
        self.told.seek(0)
        return self.told.read().splitlines()

    @property
    def address(self) -> str:
        """The address without the key."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def cookie(self) -> dict[str, str]:
        """What a browser shows once it has been let in."""
        return {f"effekt_ui_{self.port}": self.key}

    def ask(self, query: str, **variables: Any) -> Any:
        """A GraphQL question of somebody who has the key."""
        answer = requests.post(
            f"{self.address}/graphql", json={"query": query, "variables": variables},
            cookies=self.cookie, timeout=60,
        )  # fmt: skip
        return answer.json()["data"]

    def runs(self) -> list[dict[str, Any]]:
        """Every run that Dagster knows."""
        asked = "{ runsOrError { ... on Runs { results { runId status runConfigYaml } } } }"
        return list(self.ask(asked)["runsOrError"]["results"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(home: Path, *words: str) -> Iterator[Ui]:
    """`effekt ui` until the end of the block, in a home that is made if it is none."""
    (home / "landing").mkdir(parents=True, exist_ok=True)
    port = free_port()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as told:
        child = subprocess.Popen(
            [sys.executable, "-m", "dagster_project.cli", "ui", "--home", str(home),
             "--port", str(port), *words],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True,
            stdout=subprocess.PIPE, stderr=told, text=True,
        )  # fmt: skip
        try:
            assert child.stdout is not None
            printed = child.stdout.readline()
            found = re.search(rf"http://127\.0\.0\.1:{port}/\?key=([\w-]+)", printed)
            assert found, printed
            yield Ui(child, port, home, found[1], told)
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(60)


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    """The UI of an empty home, shared by the tests of this file."""
    with served(tmp_path_factory.mktemp("home")) as opened:
        loaded(opened)
        yield opened


def loaded(ui: Ui) -> None:
    """Wait until the code location has been loaded."""
    query = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"
    for _ in range(600):
        with contextlib.suppress(requests.RequestException, KeyError, ValueError):
            if ui.ask(query)["repositoriesOrError"].get("nodes"):
                return
        time.sleep(0.5)
    raise AssertionError("Dagster's UI did not load the definitions")


@pytest.fixture(scope="module")
def context(ui: Ui) -> Iterator[Any]:
    """A browser whose user opened the address that was printed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        made = browser.new_context(viewport={"width": 1600, "height": 1000})
        page = made.new_page()
        page.goto(f"{ui.address}/?key={ui.key}", wait_until="commit")
        page.wait_for_url(f"{ui.address}/**", timeout=60_000)
        page.get_by_text("Overview").first.wait_for(timeout=120_000)
        assert "key" not in page.url
        page.close()
        yield made
        browser.close()


def test_asset_graph_opens_with_every_room(ui: Ui, context: Any, tmp_path: Path) -> None:
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{ui.address}/asset-groups", wait_until="domcontentloaded")
    for room in ROOMS:
        page.get_by_text(re.compile(rf"^{room}$")).first.wait_for(timeout=120_000)
    picture = tmp_path / "asset-graph.png"
    page.screenshot(path=str(picture))
    page.close()
    assert picture.stat().st_size > 10_000
    assert [url for url in asked if not url.startswith((ui.address, "data:", "blob:"))] == []


# Rule F.start_key
def test_the_cookie_is_hidden_from_pages_and_stays_on_this_site(ui: Ui, context: Any) -> None:
    (kept,) = context.cookies()
    assert kept["name"] == f"effekt_ui_{ui.port}"
    assert (kept["httpOnly"], kept["sameSite"], kept["path"]) == (True, "Strict", "/")


# Rule F.launchpad
def test_a_run_started_in_the_browser_takes_its_date_and_nothing_else(ui: Ui, context: Any) -> None:
    page = context.new_page()
    page.goto(f"{ui.address}/runs", wait_until="domcontentloaded")

    def launch(config: dict[str, Any]) -> Any:
        asked = {
            "selector": {
                "repositoryName": "__repository__", "repositoryLocationName": MODULE,
                "pipelineName": "nightly", "assetSelection": [{"path": ["check_records"]}],
            },
            "runConfigData": {"resources": {"night": {"config": config}}},
        }  # fmt: skip
        answer = page.evaluate(
            """([query, asked]) => fetch("/graphql", {
                method: "POST", headers: {"content-type": "application/json"},
                body: JSON.stringify({query, variables: {asked}}),
            }).then(answer => answer.json())""",
            [LAUNCH, asked],
        )
        return answer["data"]["launchPipelineExecution"]

    before = len(ui.runs())
    for other in ({"home": "/tmp"}, {"contracts": "/tmp"}):
        refused = launch({"as_of": "2025-01-10", **other})
        assert refused["__typename"] == "RunConfigValidationInvalid"
    assert launch({"as_of": "610190-1234"})["__typename"] == "PythonError"
    assert len(ui.runs()) == before
    started = launch({"as_of": "2025-01-10"})["run"]["runId"]
    page.close()
    for _ in range(240):
        (run,) = [run for run in ui.runs() if run["runId"] == started]
        if run["status"] in ("SUCCESS", "FAILURE"):
            break
        time.sleep(0.5)
    assert run["status"] == "SUCCESS"
    assert "as_of: 2025-01-10" in run["runConfigYaml"]


FOREIGN = """<!doctype html><title>elsewhere</title>
<iframe name="frame" src="UI/"></iframe><iframe name="a"></iframe>
<iframe name="b"></iframe><iframe name="c"></iframe><img id="img">
<form id="plain" method="post" enctype="text/plain" target="a" action="UI/graphql">
<input name='{"query": "SHOOT", "x": "' value='"}'></form>
<form id="get" method="get" target="b" action="UI/graphql">
<input name="query" value="SHOOT"></form>
<form id="report" method="post" target="c" action="UI/report_asset_materialization/publish">
</form>
<script>
async function attack() {
    const got = {};
    const tried = async (name, doing) => {
        try { got[name] = await doing(); } catch (error) { got[name] = "refused"; }
    };
    const body = JSON.stringify({query: "SHOOT"});
    const url = "UI/graphql";
    const all = {credentials: "include", body, method: "POST"};
    await tried("json", async () => (await fetch(url, {...all,
        headers: {"content-type": "application/json"}})).status);
    await tried("no-cors", async () => (await fetch(url, {...all, mode: "no-cors"})).type);
    await tried("beacon", async () => navigator.sendBeacon(url, body) && "sent");
    await tried("read", async () =>
        (await fetch("UI/server_info", {credentials: "include"})).status);
    await tried("img", () => new Promise((yes, no) => {
        const img = document.getElementById("img");
        img.onload = () => yes("loaded"); img.onerror = no; img.src = "UI/favicon.png";
    }));
    await tried("script", () => new Promise((yes, no) => {
        const made = document.createElement("script");
        made.onload = () => yes("loaded"); made.onerror = no;
        made.src = "UI/graphql?query=SHOOT"; document.body.append(made);
    }));
    await tried("websocket", () => new Promise((yes, no) => {
        const made = new WebSocket("UI/graphql".replace("http", "ws"), "graphql-ws");
        made.onopen = () => yes("open"); made.onerror = no;
    }));
    for (const id of ["plain", "get", "report"]) document.getElementById(id).submit();
    await new Promise(done => setTimeout(done, 1500));
    return got;
}
</script>"""


@contextlib.contextmanager
def foreign_page(ui: Ui) -> Iterator[int]:
    """A page of somebody else's server on this machine that would change a switch; its port."""
    is_paused = ui.ask(PAUSED)["instance"]["autoMaterializePaused"]
    shoot = f"mutation {{ setAutoMaterializePaused(paused: {json.dumps(not is_paused)}) }}"
    text = FOREIGN.replace("UI", ui.address).replace("SHOOT", shoot)

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = text.encode()
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("name", ["127.0.0.1", "evil.localhost"], ids=["same_site", "cross_site"])
# Rule F.guard
def test_a_foreign_page_in_the_browser_that_holds_the_cookie_gets_nothing(
    ui: Ui, context: Any, name: str
) -> None:
    """On another port of this address the cookie travels along; the page says who asks."""
    before = ui.ask(PAUSED)
    page = context.new_page()
    answers: dict[str, set[int]] = {}

    def note(told: Any) -> None:
        where = told.url.removeprefix(ui.address).partition("?")[0]
        answers.setdefault(f"{told.request.method} {where}", set()).add(told.status)

    with foreign_page(ui) as port:
        page.on("response", note)
        page.goto(f"http://{name}:{port}/", wait_until="load")
        got = page.evaluate("attack()")
        framed = page.frame("frame")
        assert framed is not None and "Dagster" not in framed.content()
    page.close()
    # a browser shows a page nothing of a no-cors answer, refused or not: the statuses below do
    assert {name for name, what in got.items() if what != "refused"} <= {"no-cors", "beacon"}
    ours = {what: seen for what, seen in answers.items() if " /" in what}
    assert {"POST /graphql", "GET /graphql", "POST /report_asset_materialization/publish"} <= set(
        ours
    )
    assert {status for seen in ours.values() for status in seen} == {403}
    assert ui.ask(PAUSED) == before


STRANGER = """
import encodings.idna, http.client, json, os, sys
os.setgroups([]); os.setgid(NOBODY); os.setuid(NOBODY)
port, requests = json.load(sys.stdin)
told = []
for method, path, headers, body in requests:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest(method, path, skip_host="host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("content-length", str(len(body)))
    connection.endheaders(body.encode())
    told.append(connection.getresponse().status)
    connection.close()
print(json.dumps(told))
"""


def as_a_stranger(ui: Ui, asked: list[tuple[str, str, dict[str, str], str]]) -> list[int]:
    """The statuses that another user of this machine gets."""
    assert os.geteuid() == 0, "another user is needed: run this as root"
    done = subprocess.run(
        [sys.executable, "-I", "-c", STRANGER.replace("NOBODY", str(NOBODY))],
        input=json.dumps([ui.port, asked]), capture_output=True, text=True, cwd="/", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


# Rules F.start_key, F.guard
def test_another_user_of_the_machine_gets_no_answer_without_the_key(ui: Ui) -> None:
    json_kind = {"content-type": "application/json"}
    body = json.dumps({"query": "{ version }"})
    paths = (
        "/", "/graphql", "/graphql?query={version}", "//graphql", "/%67raphql", "/GRAPHQL",
        "/server_info", "/dagit_info", "/runs", "/favicon.png", "/report_asset_check/gate_50",
        "/report_asset_materialization/publish", f"/?key={'x' * 43}", "http://127.0.0.1/graphql",
    )  # fmt: skip
    asked = [
        (method, path, headers, "" if method in ("GET", "HEAD") else body)
        for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT")
        for path in paths
        for headers in (
            {}, json_kind, {**json_kind, "cookie": f"effekt_ui_{ui.port}=x"},
            {"content-type": "text/plain", "origin": "http://evil.dk", "host": "evil.dk"},
        )
    ]  # fmt: skip
    upgrade = {
        "connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-protocol": "graphql-ws",
    }  # fmt: skip
    asked.append(("GET", "/graphql", upgrade, ""))
    assert set(as_a_stranger(ui, asked)) == {403}


# Rules F.start_key, F.guard
def test_with_the_key_it_depends_on_what_is_asked(ui: Ui) -> None:
    known = {"cookie": f"effekt_ui_{ui.port}={ui.key}"}
    json_kind = {**known, "content-type": "application/json"}
    body = json.dumps({"query": "{ version }"})
    asked = [
        ("GET", f"/?key={ui.key}", {}, ""), ("GET", "/", known, ""),
        ("POST", "/graphql", json_kind, body),
        ("POST", "/graphql", {**json_kind, "origin": ui.address}, body),
        ("GET", "/graphql?query={version}", json_kind, ""),
        ("HEAD", "/graphql?query={version}", json_kind, ""),
        ("GET", "/%67raphql?query={version}", json_kind, ""),
        ("POST", "/graphql", {**known, "content-type": "text/plain"}, body),
        ("POST", "/graphql?query={version}", known, ""),
        ("POST", "/graphql", {**json_kind, "origin": "http://evil.dk"}, body),
        ("POST", "/graphql", {**json_kind, "host": "evil.dk"}, body),
        ("POST", "/report_asset_materialization/publish", json_kind, "{}"),
        ("POST", "//report_asset_materialization/publish", json_kind, "{}"),
        ("GET", "http://127.0.0.1/graphql?query={version}", json_kind, ""),
    ]  # fmt: skip
    assert as_a_stranger(ui, asked) == [200] * 4 + [403] * 10


def test_a_request_that_names_two_hosts_is_not_read(ui: Ui) -> None:
    with socket.create_connection(("127.0.0.1", ui.port), timeout=60) as plain:
        lines = ["GET / HTTP/1.1", f"Host: 127.0.0.1:{ui.port}", "Host: evil.dk",
                 f"Cookie: effekt_ui_{ui.port}={ui.key}", "", ""]  # fmt: skip
        plain.sendall("\r\n".join(lines).encode())
        answer = http.client.HTTPResponse(plain)
        answer.begin()
        assert answer.status in (400, 403)


# Rule F.guard
def test_nobody_tells_dagster_of_a_run_that_never_was(ui: Ui) -> None:
    for name, told in (
        ("reportRunlessAssetEvents", 'eventType: ASSET_MATERIALIZATION, assetKey: {path: ["a"]}'),
        ("reportAssetCheckEvaluations", 'checkName: "a", passed: true, assetKey: {path: ["a"]}'),
    ):
        answer = ui.ask(f"mutation {{ told: {name}(eventParams: {{{told}}}) {{ __typename }} }}")
        assert answer is None or answer["told"]["__typename"] == "UnauthorizedError"


# Rule F.loopback
def test_nothing_listens_but_the_web_server_on_the_loopback_address(ui: Ui) -> None:
    own = {ui.child.pid, *(p.pid for p in psutil.Process(ui.child.pid).children(recursive=True))}
    listening = [
        (connection.laddr.ip, connection.laddr.port)
        for connection in psutil.net_connections("tcp")
        if connection.pid in own and connection.status == psutil.CONN_LISTEN
    ]
    assert listening == [("127.0.0.1", ui.port)]
    (code,) = [
        Path(connection.laddr)
        for connection in psutil.net_connections("unix")
        if connection.pid in own and str(connection.laddr).endswith("code.sock")
    ][:1]
    assert code.parent.stat().st_mode & 0o777 == 0o700


def test_ending_the_command_ends_its_children(ui: Ui) -> None:
    children = psutil.Process(ui.child.pid).children(recursive=True)
    assert len(children) >= 2
    ui.child.send_signal(signal.SIGTERM)
    assert ui.child.wait(60) == 0
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []


# Rule F.read_only
def test_read_only_shows_and_starts_nothing(tmp_path: Path) -> None:
    with served(tmp_path / "home", "--read-only") as ui:
        loaded(ui)
        told = {
            item["permission"]: item["value"]
            for item in ui.ask("{ permissions { permission value } }")["permissions"]
        }
        assert set(told.values()) == {False}
        selector = {
            "repositoryName": "__repository__", "repositoryLocationName": MODULE,
            "pipelineName": "nightly",
        }  # fmt: skip
        answer = ui.ask(LAUNCH, asked={"selector": selector, "runConfigData": {}})
        assert answer["launchPipelineExecution"]["__typename"] == "UnauthorizedError"
        assert ui.runs() == []
        words = [" ".join(p.cmdline()) for p in psutil.Process(ui.child.pid).children()]
        assert len(words) == 1 and "api grpc" in words[0]
