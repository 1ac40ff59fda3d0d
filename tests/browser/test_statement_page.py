"""A statement's page as people open it: on a phone, on a screen, in the dark and on paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib import life, statement
from tests.support.published import CONTRACT, PERIODS, make_world

CHROMIUM = Path("/usr/bin/chromium")
MEASURE = """() => {
    const seen = node => node.getBoundingClientRect().width > 0
    const letters = [...document.querySelectorAll('svg text')].filter(seen)
    return {
        width: document.documentElement.scrollWidth,
        tallest: Math.max(...[...document.querySelectorAll('tr')].map(
            row => row.getBoundingClientRect().height)),
        smallest: Math.min(...letters.map(
            text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)),
        pictures: [...document.querySelectorAll('svg')].filter(seen).length,
        ground: getComputedStyle(document.querySelector('main')).backgroundColor,
        letters: letters.map(text => getComputedStyle(text).fill)[0],
    }
}"""
pytestmark = [
    pytest.mark.timeout(300), pytest.mark.slow, pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(not CHROMIUM.is_file(), reason="no Chromium here"),
]  # fmt: skip


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with every kind of row: steps, a release, what is missing."""
    world = make_world(tmp_path_factory.mktemp("side"))
    world.blockers[PERIODS[0]] = ["register_not_observed", "amount_held"]
    world.publish(dt.date(2023, 5, 1))
    life.release(world.settings, CONTRACT, Decimal(100), "Kai Controller", "byrådet, punkt 7 " * 5)
    world.publish_again(dt.date(2023, 5, 1))
    life.submit(world.settings, CONTRACT, "2023-01", "Lis Leverandør", "forudsat, at " * 5)
    paths = statement.write_statement(world.settings, CONTRACT, "2023-01")
    return next(path for path in paths if path.suffix == ".html")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a head."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


def measured(browser: Any, path: Path, width: int, **how: Any) -> dict[str, Any]:
    """What stands on the page, in pixels."""
    page = browser.new_page(viewport={"width": width, "height": 900}, **how)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    found: dict[str, Any] = page.evaluate(MEASURE)
    page.close()
    assert asked == [path.as_uri()], "the page asks nobody for anything"
    return found


# Rules S.statement, S.charts
@pytest.mark.parametrize("width", [390, 800, 801, 1200])
def test_a_page_fits_its_screen_with_rows_and_letters_that_are_read(
    browser: Any, page_file: Path, width: int
) -> None:
    found = measured(browser, page_file, width)
    assert found["width"] <= width
    assert found["tallest"] < 260
    assert found["smallest"] >= 11
    assert found["pictures"] == 2, "one of each picture, for a page or for a phone"


def test_a_page_is_light_or_dark_as_its_reader_is_and_its_pictures_with_it(
    browser: Any, page_file: Path
) -> None:
    light = measured(browser, page_file, 1200, color_scheme="light")
    dark = measured(browser, page_file, 1200, color_scheme="dark")
    assert (light["ground"], light["letters"]) == ("rgb(255, 255, 255)", "rgb(29, 43, 54)")
    assert (dark["ground"], dark["letters"]) == ("rgb(24, 34, 43)", "rgb(230, 237, 242)")
