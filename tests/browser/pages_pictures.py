"""The picture of the morning page: ``python -m tests.browser.pages_pictures HOME``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.browser.test_ui import CHROMIUM, ROOT

FOLDER = ROOT / "docs" / "how-to" / "billeder"


def write(home: Path) -> None:
    """Take the picture of the home's morning page."""
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1000, "height": 900}, color_scheme="light")
        page.goto((home / "published" / "site" / "index.html").resolve().as_uri())
        page.screenshot(path=str(FOLDER / "morgensiden.png"), full_page=True)
        browser.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
