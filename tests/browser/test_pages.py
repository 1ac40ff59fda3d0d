"""Pages of the UI in a real browser: lineage, a held run, an asset; a run begun again from failure.

``make pictures`` keeps what the browser shows as ``docs/images/*.png``.
"""

from __future__ import annotations

import datetime as dt
import os
import select
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dagster_project import settings as places
from dagster_project.defs import models
from dagster_project.lib import warehouse
from dagster_project.orchestration import column_lineage, dagster_home, headline
from dagster_project.orchestration import night as nightly
from dagster_project.orchestration.night import BY_NAME, LOAD, STEPS, Night
from dagster_project.orchestration.rooms import ROOMS
from dagster_project.settings import Settings
from tests.browser.test_ui import CHROMIUM, LAUNCH, MODULE, Ui, loaded, served
from tests.support import examples, night

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow, pytest.mark.xdist_group("browser")]
AS_OF = "2024-05-02"
VERY_WIDE = {"width": 2000, "height": 700}
WIDE, SHARP = {"width": 1360, "height": 800}, 1.25
AGAIN = """
    mutation($asked: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $asked) {
        __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
    } }
"""
RUN = """
    query($id: ID!) { runOrError(runId: $id) { ... on Run {
        status tags { key value } stepKeysToExecute
    } } }
"""


def held_night(home: Path) -> Night:
    """A recorded night that a gate holds back: a range of benefit codes is given twice."""
    load = BY_NAME[LOAD]

    def spoilt(settings: Settings) -> Any:
        outcome = load.do(settings)
        with warehouse.connect(places.Home(home).warehouse) as connection:
            connection.execute("insert into raw.benefit_code from raw.benefit_code limit 1")
        return outcome

    settings = places.resolve(home, None, dt.date.fromisoformat(AS_OF))
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(nightly.BY_NAME, LOAD, replace(load, do=spoilt))
        return dagster_home.run_recorded(settings)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """A held night of a home with one refused file."""
    home = night.copy_inputs(
        examples.home_of("spells-one-contract"), tmp_path_factory.mktemp("pages") / "home"
    )
    (home / "landing" / "deltagere_2024-01-01.csv").write_text("x;y\n1;2\n", encoding="utf-8")
    return held_night(home)


@pytest.fixture(scope="module")
def ui(held: Night) -> Iterator[Ui]:
    column_lineage.install()  # what `make setup` finds
    with served(held.settings.home.root) as opened:
        loaded(opened)
        yield opened


@pytest.fixture(scope="module")
def browser(ui: Ui) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        context = started.new_context(viewport=WIDE, device_scale_factor=SHARP, locale="da-DK")
        page = context.new_page()
        page.goto(f"{ui.address}/?key={ui.key}", wait_until="commit")
        page.get_by_text("Overview").first.wait_for(timeout=120_000)
        page.get_by_text("Hide navigation").click()
        yield page
        started.close()


def shown(page: Any, name: str, folder: Path, clip: dict[str, float]) -> None:
    """Keep what the page shows; in ``$EFFEKT_PICTURES`` too where that is set."""
    picture = folder / name
    page.screenshot(path=str(picture), clip=clip)
    assert picture.stat().st_size > 10_000
    if kept := os.environ.get("EFFEKT_PICTURES"):
        Path(kept).mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, Path(kept) / name)


def ended(ui: Ui, run_id: str) -> dict[str, Any]:
    """A run once it has ended: status, headline, steps."""
    for _ in range(600):
        run: dict[str, Any] = ui.ask(RUN, id=run_id)["runOrError"]
        tags = {tag["key"]: tag["value"] for tag in run["tags"]}
        if run["status"] in ("SUCCESS", "FAILURE"):
            return {**run, "headline": tags.get(headline.TAG, "")}
        time.sleep(0.5)
    raise AssertionError(f"run {run_id} did not end")


def again_from_failure(ui: Ui, run_id: str) -> dict[str, Any]:
    asked = {"parentRunId": run_id, "strategy": "FROM_FAILURE"}
    begun = ui.ask(AGAIN, asked=asked)["launchRunReexecution"]
    assert "run" in begun, begun
    return {"runId": begun["run"]["runId"], **ended(ui, begun["run"]["runId"])}


# Rule P.rooms
def test_the_lineage_shows_each_room_left_of_those_that_read_it(
    ui: Ui, browser: Any, tmp_path: Path
) -> None:
    browser.set_viewport_size(VERY_WIDE)
    browser.goto(f"{ui.address}/asset-groups", wait_until="domcontentloaded")
    of_graph = browser.locator("svg")
    of_graph.get_by_text("statements").wait_for(timeout=120_000)
    time.sleep(2)
    boxes = {room: of_graph.get_by_text(room, exact=True).bounding_box() for room in ROOMS}
    left = {room: box["x"] for room, box in boxes.items()}
    chain = ["ledger", "landing", "vault", "raw", "staging", "rules", "settlement", "marts"]
    places_ = [left[room] for room in [*chain, "published", "bi"]]
    assert places_ == sorted(places_)
    assert left["published"] < left["statements"] < min(left["pages"], left["bi"])
    edges = [(box["x"], box["y"], box["x"] + box["width"]) for box in boxes.values()]
    lefts, tops, rights = zip(*edges, strict=True)
    clip = {"x": min(lefts) - 20, "y": min(tops) - 40, "width": max(rights) - min(lefts) + 60}
    shown(browser, "lineage.png", tmp_path, {**clip, "height": max(tops) - min(tops) + 80})


# Rules P.headline, P.rerun
def test_a_held_run_shows_code_and_remedy_and_what_to_run_again(
    held: Night, ui: Ui, browser: Any, tmp_path: Path
) -> None:
    assert held.exit_code == 4
    page = f"{ui.address}/runs/{held.run_id}?logs=step%20%22gate_20%22%20failed"
    browser.set_viewport_size(WIDE)
    browser.goto(page, wait_until="domcontentloaded")
    told = headline.of_run(held)
    assert told.startswith("20.code_has_one_group → Ret overlappet i seeds/benefit_codes.csv")
    browser.get_by_text("20.code_has_one_group → Ret").first.wait_for(timeout=60_000)
    browser.get_by_text("run_again").first.wait_for(timeout=60_000)
    browser.get_by_text("dbt_staging").first.wait_for(timeout=60_000)
    time.sleep(2)
    shown(browser, "held-run.png", tmp_path, {"x": 0, "y": 0, "width": 1360, "height": 590})
    assert ended(ui, held.run_id)["headline"] == told


# Rule P.rerun
def test_from_failure_a_run_judges_the_same_again_and_goes_no_further_with_a_mended_input(
    held: Night, ui: Ui, browser: Any, tmp_path: Path
) -> None:
    home = held.settings.home
    same = again_from_failure(ui, held.run_id)
    assert same["status"] == "FAILURE"
    assert same["headline"].startswith("20.code_has_one_group")
    assert same["stepKeysToExecute"][0] == "gate_20"
    (contract,) = (home.root / "contracts").glob("*.yml")
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text.replace("title: ", "title: Rettet ", 1), encoding="utf-8")
    mended = again_from_failure(ui, held.run_id)
    assert mended["status"] == "FAILURE"
    assert mended["headline"].startswith("INPUTS_CHANGED → Kør load_inputs og alt efter den")
    assert not (home.published / "current").exists()
    behind = STEPS[[step.name for step in STEPS].index(LOAD) :]
    keys = [
        key.path
        for step in behind
        for key in ([s.key for s in models.specs_of(step)] if step.folder else [_key(step.name)])
    ]
    asked = {
        "selector": {
            "repositoryName": "__repository__", "repositoryLocationName": MODULE,
            "pipelineName": "nightly", "assetSelection": [{"path": key} for key in keys],
        },
        "runConfigData": {"resources": {"night": {"config": {"as_of": AS_OF}}}},
    }  # fmt: skip
    whole = ui.ask(LAUNCH, asked=asked)["launchPipelineExecution"]["run"]["runId"]
    done = ended(ui, whole)
    assert done["status"] == "SUCCESS"
    assert done["headline"].startswith(f"Udgivet: {AS_OF}-")
    assert (home.published / "current").is_dir()
    browser.goto(f"{ui.address}/assets/mart/settlement", wait_until="domcontentloaded")
    browser.get_by_text("Every settlement period of every contract").first.wait_for(timeout=60_000)
    browser.get_by_text("← int_periods__list.period_start").first.wait_for(timeout=60_000)
    time.sleep(2)
    shown(browser, "asset.png", tmp_path, {"x": 0, "y": 0, **WIDE})
    browser.get_by_role("link", name="S.closed").click()
    browser.get_by_text("A period is closed when its last day").wait_for(timeout=60_000)


# Rule F.one_code_server
def test_what_the_ui_tells_is_for_a_person_and_no_event_of_a_run_is_among_it(
    held: Night, ui: Ui
) -> None:
    assert len(ui.runs()) > 1  # that which was recorded, and those that the UI ran
    assert [line for line in ui.said() if line] == [
        "Nøglen i adressen gælder, til brugerfladen stopper; giv den ikke videre."
    ]
    assert ui.child.stdout is not None
    assert select.select([ui.child.stdout], [], [], 0)[0] == []


def _key(name: str) -> Any:
    import dagster as dg

    return dg.AssetKey(name)
