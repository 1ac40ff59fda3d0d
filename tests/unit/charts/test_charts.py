"""Charts: what is drawn, in which words, and what happens where nothing can be drawn."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib import charts
from dagster_project.lib.charts import Bar, Chart, drawing, kinds
from dagster_project.settings import PROJECT_ROOT, Home

ZERO = Decimal(0)
BARS = [
    Bar("Grundlag & mere", Decimal(10), "basis"),
    Bar("Fuld betaling", Decimal(6), "step"),
    Bar("Ligelig <deling>", Decimal(2), "step"),
    Bar("Betalingsret i alt", Decimal(8), "total"),
    Bar("Afregnet i tidligere perioder", Decimal(-8), "step"),
    Bar("Til betaling for perioden", ZERO, "here"),
]
SPAN = charts.SpanOfMonths("sygedagpenge", [Decimal(5), None], [Decimal(4), Decimal(3)], ["n", "d"])
CHARTS: dict[str, Chart] = {
    "way": charts.way(BARS, "vej & <loft>"),
    "payment_curve": charts.payment_curve(
        [(ZERO, ZERO), (Decimal(100), Decimal(50))], (Decimal(40), Decimal(20)),
        [(Decimal(50), "loft")], (Decimal(30), "Bevilget"), "kurve",
    ),
    "forecast": charts.with_spots(
        charts.payment_curve(
            [(ZERO, ZERO), (Decimal(100), Decimal(50))], (Decimal(40), Decimal(20)), [], None, "k"
        ),
        [charts.Spot("uændret", Decimal(60), Decimal(30)),
         charts.Spot("det <højeste>", Decimal(120), Decimal(60))],
    ),
    "nothing_paid": charts.payment_curve([(ZERO, ZERO)], (Decimal(-5), ZERO), [], None, "intet"),
    "period_bars": charts.period_bars(
        [charts.PeriodBar("2023-K1", Decimal(5), "paid"), charts.PeriodBar("K2", ZERO, "here")],
        "perioder",
    ),
    "span_months": charts.span_months([SPAN, SPAN], "måneder"),
    "nothing_published": charts.span_months(
        [charts.SpanOfMonths("a", [None], [None], ["jan"])], "intet"
    ),
    "relapse_curve": charts.relapse_curve(
        [(0, Decimal(1)), (7, Decimal("0.8"))], [(12, Decimal("0.844"), "før")], "tilbagefald"
    ),
}  # fmt: skip
DRAWN = {**CHARTS, **{f"{name}_narrow": chart.narrow() for name, chart in CHARTS.items()}}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every kind of chart at both widths, drawn by one process."""
    found = charts.draw(Home(tmp_path_factory.mktemp("tegnet")), DRAWN)
    return {name: svg for name, svg in found.items() if svg is not None}


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Home]:
    """A run of its own: no process stands by and no picture is kept."""
    monkeypatch.setattr(drawing, "_own", None)
    monkeypatch.setattr(drawing, "_depth", 0)
    monkeypatch.setattr(drawing, "folder", lambda home: home.work / "charts")
    yield Home(tmp_path)


# Rule S.charts
@pytest.mark.parametrize("name", DRAWN)
def test_every_kind_is_drawn_as_wide_as_its_place_and_says_what_it_shows(
    drawn: dict[str, str], name: str
) -> None:
    svg, chart = drawn[name], DRAWN[name]
    box = re.search(r'viewBox="0 0 (\d+) \d+"', svg)
    assert box is not None and abs(int(box[1]) - chart.width) <= 12
    assert svg.startswith("<svg ") and 'role="img"' in svg
    assert "<title>" in svg and "<desc>" in svg
    assert not re.search(r"<script|href=\"http|url\(|<image", svg)


# Rule S.charts
@pytest.mark.parametrize("name", DRAWN)
def test_no_letter_is_smaller_than_eleven_pixels_where_it_is_seen(
    drawn: dict[str, str], name: str
) -> None:
    sizes = {float(size) for size in re.findall(r'font-size="([\d.]+)px"', drawn[name])}
    place = {kinds.WIDE: 720, kinds.NARROW: 342}[DRAWN[name].width]  # of a phone of 390 pixels
    box = re.search(r'viewBox="0 0 (\d+)', drawn[name])
    assert box is not None and sizes
    assert min(sizes) * min(1, place / int(box[1])) >= 11


def test_a_pictures_words_are_escaped(drawn: dict[str, str]) -> None:
    assert "<title>vej &amp; &lt;loft&gt;</title>" in drawn["way"]
    assert "Ligelig &lt;deling&gt;" in drawn["way"] and "<deling>" not in drawn["way"]


# Rule S.unsaid
def test_each_scenario_stands_on_the_curve_in_reach_of_its_axes(drawn: dict[str, str]) -> None:
    chart = CHARTS["forecast"]
    assert "uændret" in drawn["forecast"] and "det &lt;højeste&gt;" in drawn["forecast"]
    assert "det <højeste>: 120,00 kr. giver 60,00 kr." in chart.description
    bare = CHARTS["payment_curve"]
    assert charts.with_spots(bare, []) == bare


def test_the_way_ends_where_its_steps_lead(drawn: dict[str, str]) -> None:
    assert kinds.spans_of(BARS)[4] == (Decimal(8), ZERO)
    colours = ("basis", "gain", "deep", "loss", "here")
    assert all(f"var(--{name}," in drawn["way"] for name in colours)
    for bar in BARS:
        assert kinds.number(bar.amount) in drawn["way"]


# Rule S.charts
def test_colours_may_be_changed_by_a_page_and_are_plain_for_paper(drawn: dict[str, str]) -> None:
    assert "var(--deep,#1f4e79)" in drawn["payment_curve"]
    plain = charts.without_variables(drawn["payment_curve"])
    assert "var(" not in plain and "#1f4e79" in plain


@pytest.mark.parametrize("name", CHARTS)
def test_every_kind_holds_against_the_schema_of_vega_lite(name: str) -> None:
    from dagster_project.lib.charts.looks import specification

    chart = CHARTS[name]
    for width in (kinds.WIDE, kinds.NARROW):
        assert specification(chart.kind, chart.figures, width, is_checked=True)["$schema"]


def test_the_same_chart_is_the_same_picture_and_another_figure_another(alone: Home) -> None:
    first, again = charts.way(BARS, "vej"), charts.way(list(BARS), "vej")
    other = charts.way([*BARS[:-1], Bar("Til betaling", Decimal(1), "here")], "vej")
    assert first.sha256 == again.sha256 != other.sha256
    found = charts.draw(alone, {"a": first, "b": other})
    (alone.work / "charts").rename(alone.work / "før")
    assert charts.draw(alone, {"a": again})["a"] == found["a"] != found["b"]


# Rule S.charts
def test_a_picture_that_is_kept_needs_no_process(alone: Home) -> None:
    charts.draw(alone, {"a": CHARTS["way"]})
    with charts.standby() as own:
        assert charts.draw(alone, {"a": CHARTS["way"]})["a"] is not None
        assert own.process is None


# Rule S.charts
def test_a_run_has_one_process_that_draws_and_it_ends_with_the_run(alone: Home) -> None:
    with charts.standby() as own:
        charts.warm()
        first = own.process
        charts.draw(alone, {"a": CHARTS["way"]})
        charts.draw(alone, {"a": CHARTS["payment_curve"]})
        assert first is not None and own.process == first
    assert not Path(f"/proc/{first}").exists()


# Rule S.charts
def test_a_process_that_dies_leaves_tables_and_a_warning(
    alone: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    with charts.standby() as own:
        charts.warm()
        assert own.process is not None
        os.kill(own.process, signal.SIGKILL)
        assert charts.draw(alone, {"a": CHARTS["way"]}) == {"a": None}
        assert charts.draw(alone, {"b": CHARTS["payment_curve"]}) == {"b": None}
    told = capfd.readouterr().err
    assert told.count("kunne ikke tegnes (vej & <loft>)") == 1 and "tabeller i stedet" in told
    assert charts.draw(alone, {"a": CHARTS["way"]})["a"] is not None


def test_a_chart_that_cannot_be_drawn_leaves_the_others(alone: Home) -> None:
    wrong = Chart("no_such_kind", "forkert", "", {})
    found = charts.draw(alone, {"wrong": wrong, "right": CHARTS["way"]})
    assert found["wrong"] is None and found["right"] is not None


def run(program: str, folder: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """A program of its own, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}, timeout=120, **options,
    )  # fmt: skip


# Rule S.charts
def test_under_a_limit_of_addresses_nothing_is_drawn_and_nothing_fails(tmp_path: Path) -> None:
    program = (
        "import resource, sys; from pathlib import Path; from decimal import Decimal\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))\n"
        "from dagster_project.lib import charts; from dagster_project.settings import Home\n"
        "way = charts.way([charts.Bar('a', Decimal(1), 'here')], 'vej')\n"
        "print(charts.draw(Home(Path(sys.argv[1])), {'a': way}))\n"
    )
    done = run(program, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "{'a': None}\n"
    assert "Diagrammerne kunne ikke tegnes (vej)" in done.stderr


# Rule S.charts
def test_the_process_does_not_outlive_a_killed_run(tmp_path: Path) -> None:
    program = (
        "import os, signal; from dagster_project.lib import charts\n"
        "with charts.standby() as own:\n"
        "    charts.warm(); print(own.process, flush=True); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = run(program, tmp_path)
    assert done.returncode == -signal.SIGKILL
    child, deadline = Path(f"/proc/{done.stdout.strip()}"), time.monotonic() + 20
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_running(child)


def is_running(process: Path) -> bool:
    """Whether a process is there and is more than an entry that nobody has read."""
    try:
        return process.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_folder_keeps_the_pictures_that_were_asked_for_last(
    alone: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    charts.draw(alone, {name: DRAWN[name] for name in ("way", "payment_curve", "period_bars")})
    monkeypatch.setattr(drawing, "_KEPT", 2)
    for age, path in enumerate(sorted((alone.work / "charts").glob("*.svg"))):
        os.utime(path, (age, age))
    oldest = min((alone.work / "charts").glob("*.svg"), key=lambda path: path.stat().st_mtime)
    drawing.sweep(alone)
    assert not oldest.exists() and len(list((alone.work / "charts").glob("*.svg"))) == 2


def kept_file(home: Home) -> Path:
    """The one picture of a folder."""
    (path,) = (home.work / "charts").glob("*.svg")
    return path


# Rule S.charts
@pytest.mark.parametrize(
    "broken",
    [
        lambda whole: b"",
        lambda whole: whole[: len(whole) // 2],
        lambda whole: b"\xff" + whole,
        lambda whole: whole[:300] + bytes(100) + whole[400:],
        lambda whole: whole.replace(b"</svg>", b"<script>alert(1)</script></svg>"),
    ],
    ids=["empty", "torn", "no text", "holes", "edited"],
)
def test_a_kept_picture_that_is_not_what_was_drawn_is_drawn_again(
    alone: Home, broken: Callable[[bytes], bytes]
) -> None:
    drawn = charts.draw(alone, {"a": CHARTS["relapse_curve"]})
    path = kept_file(alone)
    whole = path.read_bytes()
    path.write_bytes(broken(whole))
    assert charts.draw(alone, {"a": CHARTS["relapse_curve"]}) == drawn
    assert path.read_bytes() == whole


# Rule S.charts
@pytest.mark.parametrize("sign", ["\x01", "\ufffe", "\U0001f600"])
def test_a_word_with_signs_that_no_picture_holds_leaves_all_pictures(
    alone: Home, sign: str
) -> None:
    strange = charts.way([Bar(f"a{sign}b", Decimal(1), "here")], f"vej {sign}")
    found = charts.draw(alone, {"strange": strange, "right": CHARTS["relapse_curve"]})
    assert found["right"] is not None and found["strange"] is not None
    assert (sign in found["strange"]) is (sign == "\U0001f600")


# Rule S.charts
@pytest.mark.parametrize(
    "line", ["[]", "7", "{}", '{"sha256": []}', '{"sha256": "a", "svg": 1}', "x", "[" * 100_000]
)
def test_a_process_that_answers_nonsense_is_no_reason_to_wait(
    alone: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    folder = tmp_path / "talker"
    folder.mkdir()
    (folder / "nonsense.py").write_text(
        f"print({line!r}, flush=True)\nimport sys; sys.stdin.read()"
    )
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setattr(drawing, "_MODULE", "nonsense")
    begun = time.monotonic()
    assert charts.draw(alone, {"a": CHARTS["way"]}) == {"a": None}
    assert time.monotonic() - begun < 30
