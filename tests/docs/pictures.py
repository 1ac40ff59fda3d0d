"""Pictures of the documents, taken of what the tutorial makes: `python -m tests.docs.pictures`.

What belongs here: how a page of a walked tutorial becomes a picture with its words beside it. What
does not: what the page shows. The words stand in a file of the picture's name: a test compares
them, so that a picture is never older than what the program draws.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import ViewportSize, sync_playwright

from tests.docs import walkthrough
from tests.docs.walkthrough import ROOT

CHROMIUM = Path("/usr/bin/chromium")
FOLDER = ROOT / "docs/pictures"
TUTORIAL = ROOT / "docs/tutorial/den-foerste-kontrakt.md"
STATEMENT = "hjem/reports/statements/arbejdsfastholdelse/2022-10.html"
PICTURE = "opgoerelse"
_SIZE = ViewportSize(width=1000, height=900)
_WORDS = """isInSight => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const box = range.getBoundingClientRect();
    if (box.height && (!isInSight || box.bottom <= innerHeight)) {
      found.push(walker.currentNode.textContent.trim().replace(/\\s+/g, " "));
    }
  }
  return found.filter(text => text);
}"""


def words_of(html: Path, picture: Path | None = None) -> str:
    """The words of a page, a line each; with a picture, which is taken, those that it shows."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=_SIZE, color_scheme="light", locale="da-DK")
        page.goto(html.as_uri())
        if picture:
            page.screenshot(path=str(picture))
        words: list[str] = page.evaluate(_WORDS, bool(picture))
        browser.close()
    return "\n".join(words) + "\n"


def main() -> None:
    """Walk the tutorial and take its picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "mappe"
        folder.mkdir()
        walkthrough.walk(TUTORIAL, folder)
        FOLDER.mkdir(exist_ok=True)
        words = words_of(folder / STATEMENT, FOLDER / f"{PICTURE}.png")
        (FOLDER / f"{PICTURE}.txt").write_text(words, encoding="utf-8")


if __name__ == "__main__":
    main()
