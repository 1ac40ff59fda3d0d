"""Superset itself over the demo's mart: every chart answers, and sees the next publication.

Runs only where ``EFFEKT_SUPERSET`` names the environment that ``make bi-setup`` made, as in
``.ci/run``: it takes about three minutes and a gigabyte.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pytest
import requests

from tests.bi import bundle
from tests.bi.bundle import Chart
from tests.bi.conftest import Demo

ENVIRONMENT = os.environ.get("EFFEKT_SUPERSET", "")
CHROMIUM = Path("/usr/bin/chromium")
STARTING_SECONDS = 600
pytestmark = [
    pytest.mark.slow, pytest.mark.timeout(1500), pytest.mark.xdist_group("superset"),
    pytest.mark.skipif(
        not ENVIRONMENT, reason="EFFEKT_SUPERSET names no environment (make bi-setup)"
    ),
]  # fmt: skip
# what a municipality with contracts of the other kinds has, and a period that was changed
OTHER_KINDS = """
    insert into mart.relapse_curve by name select contract_id, part_id, 0 as months_since_entry,
        20 as at_risk, 0 as returned, 1.0 as still_out_share, '' as null_reason,
        false as is_suppressed
        from mart.contract_part limit 1;
    insert into mart.relapse_summary by name select contract_id, part_id, 20 as entries,
        20 as observed, 5 as relapsed, 0.25 as relapse_rate, 'complete' as status,
        '' as null_reason, false as is_suppressed from mart.contract_part limit 1;
    insert into mart.screening_funnel by name select contract_id, 2024 as year,
        'eligible' as step, 20 as persons, 30 as goal, '' as null_reason, false as is_suppressed
        from mart.contract limit 1;
    insert into mart.business_case_year by name select contract_id, 2024 as year,
        10.0 as permanent_dkk, 5.0 as investment_dkk, 5.0 as net_dkk, 5.0 as net_cumulative_dkk
        from mart.contract limit 1;
    insert into mart.settlement_true_up by name select contract_id, period_start,
        period_start as corrected_period_start, 'register_restated' as cause, 7 as line_count,
        100.0 as difference_dkk, '' as null_reason, false as is_suppressed
        from mart.settlement where is_closed limit 1;
"""


@dataclass(frozen=True)
class Superset:
    """A running Superset, as whoever has the printed login sees it."""

    process: subprocess.Popen[str]
    home: Path
    address: str
    user: str
    password: str
    token: str

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request of the API."""
        return requests.request(
            method, f"{self.address}/api/v1/{path}", timeout=180,
            headers={"Authorization": f"Bearer {self.token}"}, **options,
        )  # fmt: skip

    def charts(self) -> dict[str, int]:
        """Ids by title."""
        answer = self.ask("GET", "chart/", params={"q": "(page_size:100)"}).json()
        return {one["slice_name"]: one["id"] for one in answer["result"]}

    def rows(self, chart: Chart, number: int) -> list[dict[str, Any]]:
        """What a chart shows, by the question that its parameters ask."""
        kept = self.ask("GET", f"chart/{number}").json()["result"]
        place = int(re.search(r'"datasource": ?"(\d+)__table"', kept["params"])[1])
        query = {
            "columns": chart.columns, "metrics": chart.metrics, "row_limit": 5000, "filters": [],
            "extras": {"where": " and ".join(chart.filters)}, "orderby": [],
        }  # fmt: skip
        asked = {
            "datasource": {"id": place, "type": "table"}, "queries": [query],
            "result_format": "json", "result_type": "full",
        }  # fmt: skip
        answer = self.ask("POST", "chart/data", json=asked)
        assert answer.status_code == 200, (chart.name, answer.text[:500])
        return list(answer.json()["result"][0]["data"])


def publish(mart: Path, home: Path, name: str, statement: str = "") -> None:
    """Make a copy of a mart current in a home, as the night does: by renames of links."""
    folder = home / "published" / "snapshots" / name
    folder.mkdir(parents=True)
    copy = Path(shutil.copyfile(mart, folder / "payout_mart.duckdb"))
    if statement:
        with duckdb.connect(str(copy)) as changing:
            changing.execute(statement)
    copy.chmod(0o444)
    for link, goes_to in (
        (home / "published" / "current", f"snapshots/{name}"),
        (home / "published" / "payout_mart.duckdb", "current/payout_mart.duckdb"),
    ):
        aside = link.with_name(f".{link.name}")
        aside.symlink_to(goes_to)
        aside.rename(link)


@pytest.fixture(scope="module")
def superset(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Superset]:
    home = tmp_path_factory.mktemp("superset") / "home"
    publish(demo.mart, home, "first")
    python = Path(ENVIRONMENT).absolute() / "bin" / "python"
    process = subprocess.Popen(
        [python, bundle.FOLDER / "start.py", "--home", home],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        said = ""
        until = time.monotonic() + STARTING_SECONDS
        while "Adgangskode" not in said and time.monotonic() < until:
            line = process.stdout.readline()
            assert line, f"Superset did not start: {said}"
            said += line
        address = re.search(r"http://127\.0\.0\.1:\d+", said)[0]
        user, password = (
            re.search(rf"{what}: +(\S+)", said)[1] for what in ("Bruger", "Adgangskode")
        )
        login = {"username": user, "password": password, "provider": "db", "refresh": False}
        answer = requests.post(f"{address}/api/v1/security/login", json=login, timeout=120)
        yield Superset(process, home, address, user, password, answer.json()["access_token"])
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


def told(value: Any) -> Any:
    """A value of DuckDB as Superset's JSON says it."""
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=dt.UTC).timestamp() * 1000
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC).timestamp() * 1000
    if isinstance(value, Decimal | int | float) and not isinstance(value, bool):
        return round(float(value), 6)
    return value


def expected(chart: Chart, mart: Path) -> list[str]:
    with duckdb.connect(str(mart), read_only=True) as connection:
        found = connection.execute(chart.question)
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, map(told, row), strict=True)) for row in found.fetchall()]
    return sorted(repr(sorted(row.items())) for row in rows)


def shown(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(repr(sorted((name, told(value)) for name, value in row.items())) for row in rows)


# Rule M.bi
def test_every_chart_shows_the_figures_of_the_mart_and_then_those_of_the_next_publication(
    superset: Superset, demo: Demo
) -> None:
    mart, ids = superset.home / "published" / "payout_mart.duckdb", superset.charts()
    assert ids.keys() == {chart.name for chart in bundle.charts()}
    for chart in bundle.charts():
        assert shown(superset.rows(chart, ids[chart.name])) == expected(chart, mart), chart.name
    change = "update mart.settlement set payment_dkk = payment_dkk + 1 where is_closed;"
    publish(demo.mart, superset.home, "second", change + OTHER_KINDS)
    for chart in bundle.charts():
        rows = superset.rows(chart, ids[chart.name])
        assert shown(rows) == expected(chart, mart), chart.name
        assert any(row[name] is not None for row in rows for name in row), chart.name


# Rule M.bi
def test_who_is_let_in_reads_the_mart_and_no_other_file(superset: Superset, demo: Demo) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {superset.token}"
    api = f"{superset.address}/api/v1"
    csrf = session.get(f"{api}/security/csrf_token/", timeout=60).json()["result"]
    session.headers.update({"X-CSRFToken": csrf, "Referer": superset.address})

    def run(sql: str) -> requests.Response:
        asked = {"database_id": 1, "sql": sql, "runAsync": False, "schema": "mart"}
        return session.post(f"{api}/sqllab/execute/", json=asked, timeout=120)

    assert run("select count(*) as n from mart.settlement").json()["data"] == [{"n": 10}]
    closed = demo.home.published / "current" / "restricted" / "case_mart.duckdb"
    for sql in (
        "select * from read_text('/etc/hostname')",
        f"attach '{closed}' as closed (read_only)",
        "set enable_external_access = true",
        "create table mart.mine (x integer)",
        "delete from mart.settlement",
    ):
        assert run(sql).status_code >= 400, sql
    other = {
        "database_name": "andet", "sqlalchemy_uri": f"duckdb:///{closed}?access_mode=read_only",
    }  # fmt: skip
    assert session.post(f"{api}/database/", json=other, timeout=60).status_code >= 400


def test_only_the_loopback_address_is_listened_on_and_talked_to(superset: Superset) -> None:
    tree = [psutil.Process(superset.process.pid)]
    tree += tree[0].children(recursive=True)
    links = [link for process in tree for link in process.net_connections(kind="inet")]
    assert any(link.status == psutil.CONN_LISTEN for link in links)
    assert {link.laddr.ip for link in links} | {link.raddr.ip for link in links if link.raddr} == {
        "127.0.0.1"
    }


# Rule M.bi
@pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed")
def test_dashboards_open_in_a_browser_and_no_request_leaves_the_machine(superset: Superset) -> None:
    from playwright.sync_api import sync_playwright

    answers: dict[str, list[int]] = {}
    outside, stopped = set(), set()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1800})
        page.set_default_timeout(180_000)
        page.on("request", lambda asked: outside.update(
            [] if asked.url.startswith((superset.address, "data:", "blob:")) else [asked.url]
        ))  # fmt: skip
        page.on("requestfailed", lambda asked: stopped.add((asked.url, asked.failure)))
        page.goto(f"{superset.address}/login/")
        page.fill("#username, input[name=username]", superset.user)
        page.fill("#password, input[name=password]", superset.password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        for board in bundle.DASHBOARDS.values():
            said = answers.setdefault(board["slug"], [])
            page.on("response", lambda answer, said=said: said.append(answer.status)
                    if "/api/v1/chart/data" in answer.url else None)  # fmt: skip
            page.goto(f"{superset.address}/superset/dashboard/{board['slug']}/?standalone=1")
            for place in range(page.locator(".ant-tabs-tab").count() or 3):
                page.locator(".ant-tabs-tab").nth(place).click()
                page.wait_for_timeout(2000)
                page.wait_for_load_state("networkidle")
            assert not page.get_by_text("Unexpected error").count()
        browser.close()
    for board in bundle.DASHBOARDS.values():
        said = answers[board["slug"]]
        assert set(said) == {200}, board["slug"]
        assert len(said) >= len(bundle.charts_on(board)), board["slug"]
    # Superset counts its users with a picture from another host: the page's own policy stops it
    assert {url for url, why in stopped if why == "csp"} >= outside
