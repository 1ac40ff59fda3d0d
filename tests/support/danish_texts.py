"""The texts that the product shows to people, read out of its source; and English in them.

What belongs here: finding texts and telling a language. What does not: what is expected of them
(``tests/definitions/test_danish.py``).
"""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "dagster_project"

ENGLISH = frozenset(
    """
    above after again all allowed already and another any are because been before below between
    cannot change changed contains could delete does each either error every failed file files
    first found from given greater has holds is it its key later left less letters line lines
    longer many may missing month must needs neither never new next nor not nothing number off
    once only other out own period please process published refused remove restore restored row
    rows same see seems settled since still than that the their them then there these they this
    those through twice unknown until used value wait was were what when which while who whole
    why with without words write written wrong yet you your
    """.split()  # noqa: SIM905 - a text is read more easily
)
"""Common words; those that are Danish words too (``give``, ``for``, ``over``) are left out."""

PROGRAMMING = frozenset(
    {"AssertionError", "AttributeError", "ConnectionError", "KeyError", "LookupError",
     "NotImplementedError", "OSError", "RuntimeError", "TimeoutError", "TypeError", "ValueError"}
)  # fmt: skip
"""Exceptions that tell a developer of a fault in the code, not a person of theirs."""
SHOWN_VALUE_ERRORS = ("lib/contracts/", "lib/receiving/judging/", "lib/gates/suites.py")
"""Where a ``ValueError`` says what is wrong with a file that people write."""
FOR_DEVELOPERS = ("defs/",)
"""Modules whose texts are Dagster's descriptions of assets and jobs."""

NOT_SHOWN = {
    # what a library says, which is told otherwise
    "cli/speech.py": ("Missing command", "does not take"),
    "lib/base/strict_yaml.py": (
        "mapping values are", "block sequence entries", "could not find", "cannot start any",
        "unknown escape", "did not find",
    ),
    "lib/vault/cipher.py": (r"\(os error",),
    "lib/receiving/formats/parse.py": ("maximum line size", "line size"),
    "orchestration/dbt_runner.py": (r"\b([A-Z]", "runtime error"),
    "orchestration/failures.py": (
        "no space left", "disk is full", "file too large", "read-only file", "unable to open",
    ),
    # columns in a query
    "lib/pages/cases.py": ("course_id, month",),
    "lib/trace/why.py": ("opened_on, course_id", "list_position(["),
    "lib/pages/follow_up.py": ("month, benefit_group",),
    "lib/status/compared.py": (" and n.",),
    # the schema, for an editor; a page of the developers' documentation; Dagster's own files
    "lib/contracts/scalars.py": ("Document, place",),
    "lib/contracts/schema.py": ("Effektafregning contract file",),
    "lib/publishing/dictionary.py": ("aggregates for", "one row per", "Set from the dbt", "Grain:"),
    "orchestration/dagster_home.py": ("# written by effekt",),
    "orchestration/run_launcher.py": ("its process is gone",),
    "lib/ledger/__init__.py": ("Ledger",),
    # the comments of the published tables, which are English as their names are
    "lib/publishing/tables.py": ("Adds up", "Does not add up"),
    # Dagster's descriptions of what stands outside; what its UI calls a button
    "orchestration/rooms.py": ("Every step", "The "),
    "orchestration/headline.py": ("fra det trin, der fejlede (Re-execute",),
    # pieces of SQL
    "lib/gates/facts.py": ("null_reason not in",),
    "lib/postgres/file_mart.py": ("timestamp with",),
    "lib/postgres/shaping.py": (" not null",),
    "lib/receiving/formats/content.py": ("and hash(",),
    "lib/receiving/formats/landed.py": ("left(",),
    "lib/receiving/formats/parquet_format.py": ("(from {}",),
    "lib/receiving/formats/weeks.py": ("coalesce(list_sum",),
    "lib/receiving/judging/grammar.py": ("not {}",),
    "lib/receiving/loading/load.py": ("coalesce(max",),
    "lib/trace/causes/today.py": ("\n(\n    select",),
    "orchestration/old_runs.py": ("run_id <>", "run_id = ''"),
}  # fmt: skip
"""English texts that no person is shown, by module and beginning, and why."""
KEYS_OF_FILES = frozenset({"allowed", "first_month", "key", "value"})
"""English words that name keys of a file that people write."""

_SQL = re.compile(
    r"\s*(--|\(?select\b|with |create |insert |copy |attach |detach |delete from|update |pragma "
    r"|set |from |where |order by|group by|install |load |alter |describe |union|left join|join "
    r"|drop |row_number|cast\(|try_cast|case |when |comment on|count\(|abs\(|list_transform"
    r"|concat\()"
)
_SQL_PART = re.compile(
    r"\bis (not )?null\b|\bthen\b|\bboolean\b|varchar|regexp_|::|\bunnest\(|\bas \{\}|\{\} as "
    r"|\bcast\(|is_suppressed|\) t$|positional join|between 1 and|\*, \{\} from|^\{\} and "
    r"|and not \("
)
_CODE = re.compile(
    r"`[^`]*`|\beffekt( [a-z][a-z-]*)*|--?[a-z][a-z-]*|\{[^}]*\}|\b[A-Z][A-Z_]+\b"
    r"|[\w.<>*-]*[/_.:=%$][\w/.<>*:=-]+|[\w.-]+[/=]|<[^>]+>"
    r"|„[^“]*“|\[/?[a-z ]*\]|\([A-Za-z]+\d?\.[a-z_]+\)"
)
_WORD = re.compile(r"[A-Za-zÆØÅæøåé]+")


@dataclass(frozen=True)
class Text:
    """One text, and where it stands."""

    place: str
    text: str


def english_in(text: str, names: Iterable[str] = ()) -> list[str]:
    """The English words of a text; commands, options, codes, paths and ``names`` are no words."""
    found = (word for word in _WORD.findall(without_code(text)) if word.lower() in ENGLISH)
    return [word for word in found if word not in {*KEYS_OF_FILES, *names}]


def without_code(text: str) -> str:
    """A text without what is a name: commands, options, codes, paths, placeholders."""
    return _CODE.sub(" ", text)


def is_shown(found: Text) -> bool:
    """Whether a person may be shown it."""
    return not found.text.startswith(NOT_SHOWN.get(found.place.partition(":")[0], ("\0",)))


def of_the_code() -> Iterator[Text]:
    """Every text of two words or more in the code that is not a developer's."""
    for path in sorted(PROJECT.rglob("*.py")):
        name = path.relative_to(PROJECT).as_posix()
        if not name.startswith(FOR_DEVELOPERS):
            yield from of_module(name, path.read_text(encoding="utf-8"))


def of_module(name: str, source: str) -> Iterator[Text]:
    """The texts of one module: no docstring, no SQL, no message of a fault in the code."""
    tree = ast.parse(source)
    left_out = set(_left_out(tree, name.startswith(SHOWN_VALUE_ERRORS)))
    for node in ast.walk(tree):
        text = _text(node)
        if id(node) in left_out or text is None or not _is_for_people(text):
            continue
        if not _SQL.match(text) and not _SQL_PART.search(text):
            yield Text(f"{name}:{node.lineno}", text)  # type: ignore[attr-defined]


def of_the_words() -> Iterator[Text]:
    """Label and remedy of every row of ``seeds/words.csv``."""
    with (ROOT / "seeds" / "words.csv").open(encoding="utf-8", newline="") as handle:
        for number, row in enumerate(csv.DictReader(handle), 2):
            for column in ("label_da", "remedy_da"):
                if row[column]:
                    yield Text(f"seeds/words.csv:{number}", row[column])


def of_files(*patterns: str) -> Iterator[Text]:
    """The lines of files that are Danish throughout but for their syntax."""
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if not line.strip().startswith(("//", "{#", "#", "subject:")):
                    yield Text(f"{path.relative_to(ROOT).as_posix()}:{number}", line)


def _is_for_people(text: str) -> bool:
    """Several words, or one that is written as a heading is."""
    bare = text.strip(" >")
    return " " in bare or bool(re.fullmatch(r"[A-ZÆØÅ][a-zæøå]{3,}", bare))


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (v.value if isinstance(v, ast.Constant) else "{}" for v in node.values)
        return "".join(map(str, parts))
    return None


def _left_out(tree: ast.AST, has_shown_value_errors: bool) -> Iterator[int]:
    commands = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and _is_command(node) and _is_said(node.body[0])
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and id(node.value) not in commands:
            yield id(node.value)  # a docstring, of an attribute too
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            yield from map(id, ast.walk(node))
        elif isinstance(node, ast.JoinedStr):
            yield from (id(part) for part in ast.walk(node) if part is not node)
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            raised = ast.unparse(node.exc.func)
            if raised in PROGRAMMING and not (raised == "ValueError" and has_shown_value_errors):
                yield from map(id, ast.walk(node.exc))


def _is_command(node: ast.FunctionDef) -> bool:
    return any("command" in ast.unparse(mark) for mark in node.decorator_list)


def _is_said(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
