"""``make mutate``: every mutant against the tests, one warm process per core.

What belongs here: options, the order of the tests, workers, what is kept between two runs. What
does not: the mutants (generate), the tests (fixtures, worlds, properties), the page (score).
"""

from __future__ import annotations

import argparse
import datetime as dt
import fnmatch
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from dagster_project.orchestration import dbt_runner
from dagster_project.settings import DBT_DIR, PROJECT_ROOT, TIME_ZONE
from tests.mutation import generate, score, sources
from tests.mutation.fixtures import UnitTests
from tests.mutation.generate import Mutant
from tests.mutation.nights import build_worlds
from tests.mutation.properties import Properties
from tests.mutation.score import Verdict
from tests.mutation.sources import Renderer, Source
from tests.mutation.worlds import Worlds

STATE = PROJECT_ROOT / "build" / "mutation"
WORLD_SOURCES = (
    "dbt", "seeds", "dagster_project", "tests/oracle", "tests/worlds", "tests/scenarios",
    "tests/support",    "tests/end_to_end", "tests/mutation/nights.py",
)  # fmt: skip
_warm: dict[str, Judge] = {}


@dataclass
class Judge:
    """All tests, warm in one process."""

    unit_tests: UnitTests
    worlds: Worlds
    properties: Properties

    @classmethod
    def open(cls, folder: Path) -> Judge:
        """Open the built worlds of a folder and read the unit tests."""
        manifest = dbt_runner.manifest_json()
        nodes = [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]
        relations = {node["name"]: f'"{node["schema"]}"."{node["alias"]}"' for node in nodes}
        worlds = Worlds(folder, relations)
        types: dict[str, dict[str, str]] = {}
        places = {(node["schema"], node["alias"]): node["name"] for node in nodes}
        told = worlds.all[0].connection.execute(
            "select schema_name, table_name, column_name, data_type from duckdb_columns()"
            " where database_name = 'warehouse' order by column_index"
        )
        for schema, table, column, kind in told.fetchall():
            if (schema, table) in places:
                types.setdefault(places[schema, table], {})[column] = kind
        tests = list(manifest["unit_tests"].values())
        return cls(UnitTests(tests, types), worlds, Properties(folder / "properties.json"))

    def baseline(self) -> list[str]:
        """What fails on the project as it stands, and would make every verdict worthless."""
        failing = [
            f"unit test {test.name} fails"
            for name in sources.models()
            for test in self.unit_tests.of(name)
            if not test.passes(sources.plain())
        ]
        smallest = min(self.worlds.all, key=lambda world: world.size)
        different = smallest.rebuilt_differently()
        return failing + [f"{model} is built differently in {smallest.name}" for model in different]

    def verdict(self, source: Source, mutant: Mutant) -> tuple[str, str]:
        """State of a mutant and what killed it: unit tests, then worlds, then properties."""
        text = mutant.apply(source.text)
        is_macro = source.kind == "macro"
        changed = set(sources.macro_users()[source.name]) if is_macro else {source.name}
        try:
            renderer = Renderer({source.name: text})
            order = [name for name in sources.order() if name in changed]
            is_valid = self.worlds.all[0].binds(order, renderer)
        except Exception:  # Jinja that is none is no mutant
            return "invalid", ""
        if not is_valid:
            return "invalid", ""
        by = self.unit_tests.killer(order, renderer)
        if by:
            return "killed", f"unit test: {by}"
        by = self.worlds.killer(source.name, changed, renderer)
        if by:
            return "killed", f"world: {by}"
        by = self.properties.killer(source.name, text)
        return ("killed", f"property: {by}") if by else ("survived", "")


def _begin(folder: Path) -> None:
    os.nice(5)
    _warm["judge"] = Judge.open(folder)


def _judge(asked: tuple[Source, Mutant]) -> tuple[str, str, str, float]:
    began = time.process_time()
    state, by = _warm["judge"].verdict(*asked)
    return asked[1].ident, state, by, time.process_time() - began


def worlds_folder() -> Path:
    """The built worlds of this state of the project, built now if they are not there."""
    own = [path for name in WORLD_SOURCES for path in _files(PROJECT_ROOT / name)]
    folder = STATE / "worlds" / _digest(path for path in own if "unit_tests" not in path.name)
    folder.mkdir(parents=True, exist_ok=True)
    for other in folder.parent.iterdir():
        if other != folder:
            shutil.rmtree(other)
    build_worlds(folder)
    return folder


def _files(place: Path) -> list[Path]:
    """A file, or the files of a folder without what machines write there."""
    found = [place] if place.is_file() else sorted(place.rglob("*"))
    skipped = {"__pycache__", "target", "logs", ".user.yml"}
    return [
        path
        for path in found
        if path.is_file() and not skipped & set(path.relative_to(PROJECT_ROOT).parts)
    ]


def _digest(paths: Iterable[Path]) -> str:
    lines = [
        f"{path.relative_to(PROJECT_ROOT)} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in paths
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def chosen(options: argparse.Namespace) -> list[tuple[Source, Mutant]]:
    """The mutants that the options ask for, in the order of the models."""
    found = [
        (source, mutant)
        for source in sources.targets()
        if not options.models or any(fnmatch.fnmatch(source.name, p) for p in options.models)
        if not options.area or _is_in(source, options.area)
        for mutant in generate.mutants(source)
    ]
    if options.sample and options.sample < len(found):
        places = sorted(random.Random(options.seed).sample(range(len(found)), options.sample))
        found = [found[place] for place in places]
    return found


def _is_in(source: Source, area: str) -> bool:
    """Whether a source belongs to a strict area, a folder, or a folder above its own."""
    is_strict = area == score.strict_area(source.area, source.name)
    return is_strict or f"{source.area}/".startswith(f"{area}/")


class State:
    """Verdicts by mutant, kept as they come.

    Args:
        key: the state of the project; verdicts of another one do not count.
        carries: what another state killed counts too, so that only survivors are judged again.
    """

    def __init__(self, key: str, *, carries: bool) -> None:
        self._path = STATE / "verdicts.jsonl"
        self.key = key
        self.known: dict[str, tuple[str, str]] = {}
        lines = self._path.read_text("utf-8").splitlines() if self._path.is_file() else []
        for line in lines:
            said = json.loads(line)
            ident = said["mutant"]
            if carries and said["state"] == "survived":
                self.known.pop(ident, None)
            elif carries or said["key"] == key:
                self.known[ident] = (said["state"], said["by"])

    def add(self, ident: str, state: str, by: str, seconds: float) -> None:
        """Keep a verdict."""
        self.known[ident] = (state, by)
        told = {"mutant": ident, "state": state, "by": by, "seconds": round(seconds, 2),
                "key": self.key}  # fmt: skip
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(told, ensure_ascii=False) + "\n")


def run(options: argparse.Namespace) -> int:
    """Judge the chosen mutants and print the score."""
    STATE.mkdir(parents=True, exist_ok=True)
    folder = worlds_folder()
    wrong = [] if options.tell else Judge.open(folder).baseline()
    if wrong:
        print("\n".join(wrong))
        return 1
    own_tests = [*_files(DBT_DIR), *_files(PROJECT_ROOT / "tests" / "sql")]
    state = State(f"{folder.name}-{_digest(own_tests)}", carries=options.survivors)
    asked = chosen(options)
    equal = score.equivalents()
    waiting = [
        (source, mutant)
        for source, mutant in asked
        if mutant.ident not in equal and mutant.ident not in state.known
    ]
    if options.tell:
        waiting = []
    began = time.monotonic()
    seconds = 0.0
    for number, (ident, told, by, spent) in enumerate(_judged(waiting, folder, options), 1):
        state.add(ident, told, by, spent)
        seconds += spent
        if told == "survived" or options.verbose:
            print(f"{told:9} {spent:5.1f} s  {ident}  {by}", flush=True)
        if number % 100 == 0:
            print(f"{number} of {len(waiting)}: {time.monotonic() - began:.0f} s", flush=True)
    verdicts = [
        Verdict(mutant, "equivalent")
        if mutant.ident in equal
        else Verdict(mutant, *state.known[mutant.ident])
        for _, mutant in asked
        if mutant.ident in equal or mutant.ident in state.known
    ]
    return _tell(verdicts, options, seconds, len(waiting))


def _judged(
    waiting: list[tuple[Source, Mutant]], folder: Path, options: argparse.Namespace
) -> Iterator[tuple[str, str, str, float]]:
    if not waiting:
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.workers, context, _begin, (folder,)) as pool:
        for done in as_completed([pool.submit(_judge, one) for one in waiting]):
            yield done.result()


def _tell(verdicts: list[Verdict], options: argparse.Namespace, seconds: float, judged: int) -> int:
    killed, whole, share = score.score(verdicts)
    print(f"{killed} of {whole} killed: {share:.1f} %; {judged} judged now in {seconds:.0f} CPU s")
    for area, own in score.by_area(verdicts).items():
        print("  {}: {} of {}, {:.1f} %".format(area, *score.score(own)))
    unknown = sorted(set(score.equivalents()) - {m.ident for s in sources.targets()
                                                for m in generate.mutants(s)})  # fmt: skip
    for ident in unknown:
        print(f"equivalent that is no mutant any more: {ident}")
    if options.page:
        told = {"date": dt.datetime.now(TIME_ZONE).date().isoformat(), "command": _command(options),
                "killed": killed, "whole": whole, "share": f"{share:.1f}"}  # fmt: skip
        score.PAGE.write_text(score.page(verdicts, told), encoding="utf-8")
    failed = score.failures(verdicts)
    print("\n".join(failed))
    return 1 if failed or unknown else 0


def _command(options: argparse.Namespace) -> str:
    is_whole = not (options.models or options.area or options.sample)
    return "make mutate" if is_whole else f"make mutate MUTATE='{' '.join(sys.argv[1:])}'"


def parsed(words: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="make mutate", description=__doc__)
    parser.add_argument("--models", nargs="*", help="names or patterns of models and macros")
    parser.add_argument("--area", help="a folder below models/, or a strict area")
    parser.add_argument("--sample", type=int, help="only so many mutants, drawn by the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--survivors", action="store_true",
                        help="what was killed before counts; judge the others")  # fmt: skip
    parser.add_argument("--tell", action="store_true", help="judge nothing; tell what is known")
    parser.add_argument("--page", action="store_true", help="write docs/mutation.md")
    parser.add_argument("--verbose", action="store_true", help="tell every verdict")
    return parser.parse_args(words)
