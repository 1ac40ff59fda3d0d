"""The pages of the demo, as they stand after a night that failed once all was published.

Each number on a page is held against the mart, each kind of page is shown to axe.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project import settings as places
from dagster_project.lib import pages, vault
from dagster_project.lib.base import danish
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.pages import place
from dagster_project.lib.publishing.tables import MART, declared_tables
from dagster_project.lib.reference import words
from tests.bi.conftest import AS_OF, Demo
from tests.browser.test_ui import CHROMIUM
from tests.writers import npm

CONTRACT = "hedensted-arbejdsfastholdelse"
COURSE = f"forloeb/{CONTRACT}/AF-003.html"
KINDS = [
    "site/index.html", f"site/kontrakt/{CONTRACT}.html", "site/opfoelgning.html",
    "site/datakvalitet.html", "site/ordbog.html", "restricted-site/uoverensstemmelser.html",
    f"restricted-site/{COURSE}",
]  # fmt: skip
MOST_BYTES = 1_500_000
"""What a browser opens in a second on two cores (docs/benchmarks.md)."""
pytestmark = [pytest.mark.timeout(900), pytest.mark.slow, pytest.mark.xdist_group("bi")]


class Figures(HTMLParser):
    """The elements of a page that name a figure: figure, key, text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self._open: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that names one begins."""
        told = dict(attrs)
        if told.get("data-figure"):
            self._open.append((str(told["data-figure"]), told["data-key"] or ""))

    def handle_data(self, data: str) -> None:
        """Its text: no element stands inside one."""
        if self._open:
            self.found.append((*self._open.pop(), data))


def published(demo: Demo) -> Path:
    return demo.home.published


@pytest.fixture(scope="module")
def texts(demo: Demo) -> dict[str, str]:
    """Every page of both sites by its path below ``published/``."""
    root = published(demo)
    found = [*(root / "site").rglob("*.html"), *(root / "restricted-site").rglob("*.html")]
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in found}


@pytest.fixture(scope="module")
def marts(demo: Demo) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both rooms, as a reader opens them."""
    current = published(demo) / "current"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{current}/payout_mart.duckdb' as payout (read_only)")
        connection.execute(f"attach '{current}/restricted/case_mart.duckdb' as cases (read_only)")
        connection.execute("set search_path = 'payout.mart,cases.restricted'")
        yield connection


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


# figures ------------------------------------------------------------------------------------------

SUMS = {
    ("settlement.payment_dkk", 1): "select sum(payment_dkk) from settlement where is_closed"
    " and contract_id = ?",
    ("settlement.payment_dkk:paid", 1): "select coalesce(sum(payment_dkk), 0) from settlement"
    " where is_closed and state = 'paid' and contract_id = ?",
    ("settlement_blocker.amount_dkk", 2): "select sum(amount_dkk) from settlement_blocker"
    " where is_root_cause and contract_id = ? and kind = ?",
    ("mismatch.amount_dkk", 2): "select sum(amount_dkk) from mismatch where owner = ?",
}
"""Figures that are sums, by name and how much of a key they have."""


def number_of(text: str) -> Decimal:
    """A number as Danes write it."""
    bare = re.sub(r"[.\u00a0 ]|kr\.|%", "", text).replace(",", ".").replace(danish.MINUS, "-")
    return Decimal(bare)


def value_of(marts: duckdb.DuckDBPyConnection, figure: str, key: str) -> Any:
    """What the mart says."""
    table, _, column = figure.partition(".")
    values = key.split("|")
    declared = next(t for (_, name), t in declared_tables().items() if name == table)
    if len(values) == len(declared.key):
        where = " and ".join(f"{name}::varchar = ?" for name in declared.key)
        rows = marts.execute(f"select {column} from {table} where {where}", values).fetchall()
        assert len(rows) == 1, (figure, key)
        return rows[0][0]
    if figure == "mismatch.amount_dkk":
        kind = {words.label("mismatch", c.code): c.code for c in words.of_domain("mismatch")}
        query = "select sum(amount_dkk) from mismatch where owner = ? and kind = ?"
        return marts.execute(query, [values[0], kind.get(values[1], values[1])]).fetchone()[0]  # type: ignore[index]
    found = marts.execute(SUMS[figure, len(values)], values).fetchone()
    return found[0] if found else None


def is_shown(value: Any, text: str, column: str) -> bool:
    """Whether a text is a value of the mart, to the last digit that the page shows."""
    if value is None:
        return text in {danish.HIDDEN, danish.NONE} | {
            words.label("null_reason", word.code) for word in words.of_domain("null_reason")
        }
    share = column.endswith(("_share", "_rate"))
    exact = Decimal(value) * (100 if share else 1)
    decimals = len(text.partition(",")[2].partition("\u00a0")[0])
    step = Decimal(1).scaleb(-decimals)
    return number_of(text) == exact.quantize(step, rounding=ROUND_HALF_UP)


# Rules V.figures, V.contract, V.follow_up
def test_each_number_on_a_page_is_that_of_the_mart(
    texts: dict[str, str], marts: duckdb.DuckDBPyConnection
) -> None:
    held, wrong = set(), []
    wanted = {path: text for path, text in texts.items() if path in KINDS or "kontrakt" in path}
    for path, text in wanted.items():
        for figure, key, shown in Figures(text).found:
            table, _, column = figure.partition(":")[0].partition(".")
            declared = next(t for (_, name), t in declared_tables().items() if name == table)
            kind = dict(declared.columns)[column]
            if not kind.startswith(("DECIMAL", "BIGINT")) or column in declared.words:
                continue
            held.add(figure)
            value = value_of(marts, figure, key)
            if not is_shown(value, html.unescape(shown), column):
                wrong.append((path, figure, key, shown, value))
    assert not wrong
    assert {"settlement.payment_dkk", "settlement.payment_dkk:paid", "mismatch.amount_dkk",
            "settlement_blocker.amount_dkk", "payment_curve.payment_dkk", "effect.ci_low_weeks",
            "settlement_history.basis_dkk", "person_month.amount_dkk"} <= held  # fmt: skip
    assert len(held) > 60


# Rules V.figures, M.suppression
def test_a_hidden_row_shows_none_of_its_measures(
    texts: dict[str, str], marts: duckdb.DuckDBPyConnection
) -> None:
    checked = 0
    for figure, key, shown in Figures(texts["site/opfoelgning.html"]).found:
        table, _, column = figure.partition(".")
        declared = declared_tables()[MART, table]
        if declared.hides and column in declared.hides.measures:
            hidden = value_of(marts, f"{table}.is_suppressed", key)
            if hidden and value_of(marts, figure, key) is None:
                checked += 1
                assert shown == danish.HIDDEN
    assert checked


# Rules V.sites, I.person_text
def test_no_page_holds_the_number_or_the_pseudonym_of_a_person(
    demo: Demo, texts: dict[str, str], marts: duckdb.DuckDBPyConnection
) -> None:
    keys = [row[0] for row in marts.execute("select person_key from participant").fetchall()]
    numbers = {
        found.decode()
        for received in vault.listed(demo.home, vault.VAULT)
        for found in re.findall(rb"\b[4-9]\d{5}-?\d{4}\b", received.read()[:200_000])
    }
    assert len(keys) > 100 and len(numbers) > 100
    for path, text in texts.items():
        assert not any(key in text for key in keys), path
        assert not numbers & set(re.findall(r"\b\d{6}-?\d{4}\b", text)), path


# Rule V.glossary
def test_the_words_hold_every_table_column_and_code(texts: dict[str, str]) -> None:
    text = html.unescape(texts["site/ordbog.html"])
    for (room, name), table in declared_tables().items():
        assert f"{room}.{name}" in text
        assert all(table.told_of(column) in text for column, _ in table.columns)
        for domain in table.words.values():
            assert all(word.label_da in text for word in words.of_domain(domain))


# Rules V.sites, M.rooms
def test_no_open_page_names_a_course(
    texts: dict[str, str], marts: duckdb.DuckDBPyConnection
) -> None:
    courses = {row[0] for row in marts.execute("select course_id from participant").fetchall()}
    for path, text in texts.items():
        if path.startswith("site/"):
            assert not courses & set(re.findall(r"[\w-]+", text)), path


# Rule V.course
def test_each_course_of_a_small_contract_has_a_page_and_the_list_leads_to_it(
    demo: Demo, texts: dict[str, str], marts: duckdb.DuckDBPyConnection
) -> None:
    courses = marts.execute("select contract_id, course_id from participant").fetchall()
    assert {f"restricted-site/forloeb/{c}/{i}.html" for c, i in courses} <= set(texts)
    listed = texts["restricted-site/uoverensstemmelser.html"]
    links = re.findall(r'href="(forloeb/[^"]+)"', listed)
    assert links and all(f"restricted-site/{link}" in texts for link in links)


# Rule V.course
def test_why_writes_the_page_of_a_course_and_refuses_one_that_is_not_there(
    demo: Demo, texts: dict[str, str]
) -> None:
    settings = places.resolve(demo.home.root, None, dt.date.fromisoformat(AS_OF))
    path = pages.write_course(settings, CONTRACT, "AF-003")
    assert path.read_text(encoding="utf-8") == texts[f"restricted-site/{COURSE}"]
    with pytest.raises(UsageError):
        pages.write_course(settings, CONTRACT, "findes-ikke")


# Rules S.charts, V.html
def test_the_pictures_of_a_contract_are_those_of_its_statement(
    demo: Demo, texts: dict[str, str]
) -> None:
    statement = demo.home.reports / "statements" / CONTRACT / "2024-10.html"
    own = set(re.findall(r"<svg.*?</svg>", statement.read_text(encoding="utf-8"), re.S))
    shown = set(re.findall(r"<svg.*?</svg>", texts[f"site/kontrakt/{CONTRACT}.html"], re.S))
    assert own and own <= shown


# Rules V.written, V.morning
def test_the_morning_page_of_a_night_that_failed_afterwards_says_both(
    texts: dict[str, str],
) -> None:
    assert "Udgivet, men kørslen fejlede bagefter" in texts["site/index.html"]
    assert words.failure("POSTGRES_GONE").remedy_da[:30] in html.unescape(texts["site/index.html"])


# Rules V.written, V.sites
def test_the_sites_are_drawn_from_what_is_published(demo: Demo) -> None:
    settings = places.resolve(demo.home.root, None, dt.date.fromisoformat(AS_OF))
    for site in place.SITES:
        mark = place.read_mark(demo.home, site)
        assert mark and mark["snapshot_id"] == demo.report["snapshot_id"]
    assert pages.draw(settings, only_missing=True) == 0


# in a browser -------------------------------------------------------------------------------------


@pytest.mark.skipif(npm.missing() is not None, reason=str(npm.missing()))
@pytest.mark.parametrize("path", KINDS)
# Rule V.html
def test_axe_finds_nothing_and_nobody_is_asked(demo: Demo, browser: Any, path: str) -> None:
    axe = (npm.modules() / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    address = (published(demo) / path).as_uri()
    assert (published(demo) / path).stat().st_size < MOST_BYTES
    for width in (1200, 390):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="light", bypass_csp=True
        )
        page, asked, said = context.new_page(), [], []
        page.on("request", lambda request, kept=asked: kept.append(request.url))
        page.on("console", lambda message, kept=said: kept.append(message.text))
        page.goto(address)
        page.evaluate(axe)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = page.evaluate(
                "axe.run({resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a',"
                " 'wcag21aa', 'wcag22aa', 'best-practice']})"
            )
            broken = [(v["id"], v["nodes"][0]["html"][:200]) for v in found["violations"]]
            assert not broken, (width, scheme)
            assert found["passes"]
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0
        assert (asked, said) == ([address], [])
        context.close()


# Rules V.html, V.mismatches
def test_the_list_is_narrowed_by_keyboard_and_whole_without_a_script(
    demo: Demo, browser: Any
) -> None:
    address = (published(demo) / "restricted-site" / "uoverensstemmelser.html").as_uri()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    rows = page.locator("#liste tbody tr").count()
    assert page.locator("#liste tbody tr:visible").count() == rows > 100
    assert not page.locator("form.filters").is_visible()
    context.close()
    page = browser.new_page()
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("select[name=art]").focus()
    page.keyboard.press("ArrowDown")
    chosen = page.locator("select[name=art]").input_value()
    told = f"document.querySelector('output').textContent.startsWith('{rows} ')"
    page.wait_for_function(f"!{told}")
    visible = page.locator("#liste tbody tr:visible")
    assert 0 < visible.count() < rows
    assert set(visible.evaluate_all("rows => rows.map(row => row.dataset.art)")) == {chosen}
    page.close()
