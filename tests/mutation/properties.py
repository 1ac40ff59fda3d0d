"""The tests that render the project's SQL themselves, run again in this process on changed SQL.

What belongs here: finding those tests, and giving their modules another text of a model or macro.
What does not: any of their figures.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import duckdb

from tests.mutation import sources
from tests.mutation.limits import ended
from tests.sql import test_macros
from tests.sql.settlement import rendered

SECONDS = 30.0
"""A test may take so long, and ten times what it takes on the project as it stands."""
FOLDER = Path(rendered.__file__).parent


@dataclass(frozen=True)
class Property:
    """One call of a test function, what of the project's SQL it reads, and its seconds."""

    name: str
    call: Callable[[], None]
    reads: frozenset[str] = frozenset()
    seconds: float = 0.0


class _Text:
    """A file that holds a changed text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read_text(self) -> str:
        """The changed text."""
        return self._text


@contextmanager
def changed_sql(changed: Mapping[str, str], read: set[str] | None = None) -> Iterator[None]:
    """The rendering helpers of the tests see changed texts; the models that they read are noted."""
    model_path, macro_text = rendered.model_path, rendered._macros
    texts = [changed.get(name, macro.text) for name, macro in sources.macros().items()]

    def path(name: str) -> Any:
        if read is not None:
            read.add(name)
        return _Text(changed[name]) if name in changed else model_path(name)

    with TemporaryDirectory(prefix="mutation-") as scratch:
        (Path(scratch) / "macros").mkdir()
        for file in sorted({macro.path for macro in sources.macros().values()}):
            own = file.read_text(encoding="utf-8")
            for name, macro in sources.macros().items():
                if macro.path == file and name in changed:
                    own = own.replace(macro.text, changed[name])
            (Path(scratch) / "macros" / file.name).write_text(own, encoding="utf-8")
        places = {"model_path": path, "_macros": lambda: "".join(texts)}
        before = {name: getattr(rendered, name) for name in places}
        folder = test_macros.DBT_DIR
        test_macros.DBT_DIR = Path(scratch)
        for name, stand_in in places.items():
            setattr(rendered, name, stand_in)
        _forget_rendered()
        try:
            yield
        finally:
            _forget_rendered()
            test_macros.DBT_DIR = folder
            for name, own_one in before.items():
                setattr(rendered, name, own_one)
            assert rendered._macros is macro_text


def _forget_rendered() -> None:
    """Texts that the modules have rendered once are rendered anew."""
    for cached in (rendered.render, rendered.parents, test_macros._environment):
        cached.cache_clear()


def every() -> list[Property]:
    """Every test of those modules, each set of parameters a call of its own."""
    modules = [
        importlib.import_module(f"tests.sql.settlement.{path.stem}")
        for path in sorted(FOLDER.glob("test_*.py"))
    ]
    found = []
    for module in [test_macros, *modules]:
        for name, test in vars(module).items():
            if name.startswith("test_") and callable(test):
                found += _calls(f"{module.__name__.rsplit('.', 1)[-1]}.{name}", test, module)
    return found


def _calls(name: str, test: Callable[..., None], module: ModuleType) -> list[Property]:
    _without_shrinking(test)
    marks = [m for m in getattr(test, "pytestmark", []) if m.name == "parametrize"]
    choices = []
    for mark in marks:
        names = mark.args[0]
        keys = [key.strip() for key in names.split(",")] if isinstance(names, str) else [*names]
        choices.append([
            dict(zip(keys, value if len(keys) > 1 else [value], strict=True))
            for value in mark.args[1]
        ])  # fmt: skip
    found = []
    for number, chosen in enumerate(itertools.product(*choices)):
        own = {key: value for one in chosen for key, value in one.items()}
        asked = [key for key in inspect.signature(test).parameters if key not in own]
        made = {key: _fixture(module, key) for key in asked}

        def call(own: Any = own, made: Any = made) -> None:
            test(**own, **{key: make() for key, make in made.items()})

        found.append(Property(f"{name}[{number}]", call))
    return found


def _fixture(module: ModuleType, name: str) -> Callable[[], Any]:
    """What makes a fixture anew for each call, on the SQL as it is then."""
    if name == "engine":
        return duckdb.connect
    make: Callable[[], Any] = getattr(module, name)._get_wrapped_function()
    return make


def _without_shrinking(test: Callable[..., None]) -> None:
    """A failing example is enough here; the smallest one is for people."""
    from hypothesis import Phase, settings

    own = getattr(test, "_hypothesis_internal_use_settings", None)
    if own is not None:
        test._hypothesis_internal_use_settings = settings(  # type: ignore[attr-defined]
            own, phases=(Phase.explicit, Phase.generate), database=None, derandomize=True
        )


class Properties:
    """The tests with what each reads, cheapest first; all pass on the project as it stands."""

    def __init__(self, note: Path) -> None:
        """Find the tests.

        Args:
            note: a file that keeps what each test reads; written now if it is not there.
        """
        found = every()
        if not note.is_file():
            told = {one.name: _profile(one) for one in found}
            note.write_text(json.dumps(told, indent=1), encoding="utf-8")
        known = json.loads(note.read_text(encoding="utf-8"))
        self._all = [
            replace(one, reads=frozenset(known[one.name]["reads"]),
                    seconds=known[one.name]["seconds"])
            for one in found
        ]  # fmt: skip
        self._all.sort(key=lambda one: one.seconds)

    def killer(self, source: str, text: str) -> str | None:
        """The first test that fails on a changed source, of those that read it."""
        asked = [one for one in self._all if source in one.reads]
        if not asked:
            return None
        with changed_sql({source: text}):
            for one in asked:
                try:
                    with ended(SECONDS + 10 * one.seconds):
                        one.call()
                except Exception:
                    return one.name
        return None


def _profile(one: Property) -> dict[str, Any]:
    """What a test reads and how long it takes; it must pass."""
    read: set[str] = set()
    began = time.perf_counter()
    with changed_sql({}, read):
        one.call()
    seconds = round(time.perf_counter() - began, 3)
    module = one.name.split(".", 1)[0]
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (FOLDER / f"{module}.py", FOLDER.parent / f"{module}.py")
        if path.is_file()
    )
    called = {macro for macro in sources.macros() if macro in text}
    called |= {inner for macro in called for inner in sources.calls_below(macro)}
    called |= {macro for macro, users in sources.macro_users().items() if users & read}
    return {"reads": sorted(read | called), "seconds": seconds}
