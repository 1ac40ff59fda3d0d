"""Pictures of charts: from ``work/charts/``, else drawn by the one process that draws.

What belongs here: that process, its life, and the folder. What does not: what is drawn.

A run starts the process before it has anything to draw (``warm``), so that it is ready when the
first chart comes. If it dies, or cannot be started, there are no more pictures until the run has
ended: documents and pages then carry the table alone (S.charts).

Rules: S.charts.
Decides: S.charts.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from decimal import Decimal
from functools import cache
from importlib import metadata
from pathlib import Path

from dagster_project.lib.base import files
from dagster_project.lib.base.telling import tell
from dagster_project.lib.charts.kinds import Chart, payment_curve
from dagster_project.settings import PROJECT_ROOT, Home

Charts = Mapping[str, Chart]
Pictures = dict[str, str | None]

_PATIENCE_SECONDS = 60.0  # for one picture; the first takes 1.2 s
_KEPT = 2_000  # pictures in the folder; a contract of ten years draws about 300 a night
_MODULE = "dagster_project.lib.charts.child"


def folder(home: Home) -> Path:
    """``work/charts``: it may be removed at any time."""
    return home.work / "charts"


def draw(home: Home, charts: Charts) -> Pictures:
    """The pictures of charts by their names; None where one could not be drawn.

    That is told on stderr, and is no failure.
    """
    with standby() as own:
        order(home, charts)
        found = {name: own.picture(home, chart) for name, chart in charts.items()}
    missing = sorted({charts[name].title for name, svg in found.items() if svg is None})
    if missing and not own.is_told:
        own.is_told = True
        tell(
            f"Diagrammerne kunne ikke tegnes ({', '.join(missing)}): der står tabeller i stedet."
            " Tallene er de samme"
        )
    return found


def order(home: Home, charts: Charts) -> None:
    """Let charts be drawn that a ``draw`` will ask for; this waits for none of them."""
    with _guard:
        if _own is not None:
            for chart in charts.values():
                if not _path(home, chart).is_file():
                    _own.ask(chart)


def warm() -> None:
    """Start the process of the run that stands by, before there is anything to draw."""
    with _guard:
        if _own is not None:
            _own.ask(payment_curve([], (Decimal(0), Decimal(0)), [], None, ""))


@contextmanager
def standby() -> Iterator[_Drawer]:
    """A run in which one process at most draws; inside another one it is the other's.

    The process is started by the first chart that has no picture yet, and ends with the run.
    """
    global _own, _depth
    with _guard:
        if _own is None:
            _own = _Drawer()
        _depth += 1
        own = _own
    try:
        yield own
    finally:
        with _guard:
            _depth -= 1
            if _depth == 0:
                own.end()
                _own = None


class _Drawer:
    """The process that draws, and what it has answered."""

    def __init__(self) -> None:
        self.is_told = False
        self._child: subprocess.Popen[str] | None = None
        self._is_dead = False
        self._asked: set[str] = set()
        self._answers: dict[str, str | None] = {}
        self._words: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._news = threading.Condition()

    def ask(self, chart: Chart) -> None:
        """Hand a chart to the process, once; the first one starts it."""
        key = chart.sha256
        if key in self._asked or self._is_dead:
            return
        if self._child is None:
            self._start()
        self._asked.add(key)
        self._words.put(json.dumps({"sha256": key, "chart": chart.as_json()}) + "\n")

    def picture(self, home: Home, chart: Chart) -> str | None:
        """The picture of a chart that was kept, or that was asked for."""
        path = _path(home, chart)
        if (kept := _kept(path)) is not None:
            return kept
        self.ask(chart)  # unless it was: one that was kept may be broken
        svg = self._wait(chart.sha256)
        if svg is not None:
            with suppress(OSError):  # a full disk leaves the picture in the document
                files.make_dir(folder(home))
                files.write_atomic(path, svg + _seal(svg))
        return svg

    def end(self) -> None:
        """End the process, if there is one."""
        if self._child is None:
            return
        self._words.put(None)
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    @property
    def process(self) -> int | None:
        """Number of the process that draws, once it is started."""
        return None if self._child is None else self._child.pid

    def _start(self) -> None:
        above = filter(None, [os.environ.get("PYTHONPATH")])
        try:
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", _MODULE],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                text=True, encoding="utf-8",
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PROJECT_ROOT), *above])},
            )  # fmt: skip
            for work in (self._write, self._read):
                threading.Thread(target=work, args=(self._child,), daemon=True).start()
        except (OSError, RuntimeError):  # no more processes, memory or threads
            self._die()

    def _die(self) -> None:
        with self._news:
            self._is_dead = True
            self._news.notify_all()

    def _write(self, child: subprocess.Popen[str]) -> None:
        """Hand over what is asked, until there is no more; a pipe holds only some of it."""
        if child.stdin is None:
            return
        with suppress(OSError), child.stdin:
            while (line := self._words.get()) is not None:
                child.stdin.write(line)
                child.stdin.flush()

    def _read(self, child: subprocess.Popen[str]) -> None:
        """Take the answers in, until the process has ended."""
        if child.stdout is None:
            return
        try:
            with suppress(OSError, ValueError, RecursionError), child.stdout:
                for line in child.stdout:
                    key, svg = _answer(line)
                    with self._news:
                        self._answers[key] = svg
                        self._news.notify_all()
        finally:  # whoever waits is told, whatever came
            self._die()

    def _wait(self, key: str) -> str | None:
        """The answer to a chart; None where there will be none."""
        with self._news:
            count, since = len(self._answers), time.monotonic()
            while key in self._asked and key not in self._answers and not self._is_dead:
                self._news.wait(1)
                if len(self._answers) != count:
                    count, since = len(self._answers), time.monotonic()
                if time.monotonic() - since > _PATIENCE_SECONDS and self._child is not None:
                    self._child.kill()
            return self._answers.get(key)


def sweep(home: Home) -> None:
    """Remove the pictures that nobody has asked for the longest, above a number."""
    kept = sorted(folder(home).glob("*.svg"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[_KEPT:]:
        path.unlink(missing_ok=True)


def _answer(line: str) -> tuple[str, str | None]:
    """Key and picture of a line of the process.

    Raises:
        ValueError: it is no answer.
    """
    told = json.loads(line)
    key, svg = (told.get("sha256"), told.get("svg")) if isinstance(told, dict) else (None, None)
    if not isinstance(key, str) or not isinstance(svg, str | None):
        raise ValueError("no answer")  # noqa: TRY004 - one kind of error for all that is none
    return key, svg


def _seal(svg: str) -> str:
    """What stands behind a picture in its file: a typesetter fails on one that is broken."""
    return f"<!-- {hashlib.sha256(svg.encode('utf-8')).hexdigest()} -->\n"


def _kept(path: Path) -> str | None:
    """The picture in a file; None where there is none, or not the whole one that was written."""
    with suppress(OSError, UnicodeDecodeError):
        text = path.read_text(encoding="utf-8")
        svg = text[: text.rfind("<!-- ")]
        if text == svg + _seal(svg):
            os.utime(path)
            return svg
    return None


def _path(home: Home, chart: Chart) -> Path:
    """Where a picture stands: named by what is drawn, and by what draws it."""
    name = hashlib.sha256(f"{chart.sha256} {_drawn_by()}".encode()).hexdigest()
    return folder(home) / f"{name[:40]}.svg"


@cache
def _drawn_by() -> str:
    """What the looks of a picture depend on beside its figures."""
    own = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*own.glob("*.py"), *own.glob("fonts/*.ttf")]):
        digest.update(path.read_bytes())
    for name in ("altair", "vl-convert-python"):
        digest.update(metadata.version(name).encode())
    return digest.hexdigest()


_guard = threading.RLock()
_own: _Drawer | None = None
_depth = 0
