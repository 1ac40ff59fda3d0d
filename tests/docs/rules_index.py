"""The index of rules: rule id → where it is decided → tests, made from the citations in the tree.

A rule is a heading of ``docs/rules/`` (``### R3.exit · Exit date``). A citation is its id, written
in the header of a model, in a docstring, in the yml of models, suites and tests, or in a comment.
Where a rule has several homes, one of them says that it ``decides`` the rule; the others follow it.
What belongs here: finding both and setting ``docs/rules/index.md``. What does not: any rule.

``python -m tests.docs.rules_index`` (or ``make docs``) writes the index anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RULES = Path("docs/rules")
INDEX = RULES / "index.md"
BEGIN = "<!-- Made by `make docs`: change the rules or the citations instead. -->"

_ID = r"(?:[PICSMGFV]|R\d)\.[a-z][a-z0-9_]*"
_CITED = re.compile(rf"(?<![\w./]){_ID}\b(?![.(])")
_CITED_LAST = re.compile(rf"(?<![\w./]){_ID}(?=\.(?:\s|$|\"))")
_DECIDES = re.compile(r"(?:-- |# )?\s*[Dd]ecides: ")
_HEADING = re.compile(rf"^### ({_ID}) · (.+)$", re.MULTILINE)
_PLACES = ("bi", "dagster_project", "dbt", "deploy", "docs", "expectations", "seeds", "tests")
_SUFFIXES = frozenset(
    {".py", ".sql", ".yml", ".yaml", ".csv", ".md", ".json", ".toml", ".html", ".css", ".sh", ""}
)
_NOT_OURS = frozenset({"target", "logs", "__pycache__", "dbt_packages", "examples"})
_OWN = frozenset({Path("tests/docs/rules_index.py"), Path("tests/unit/docs/test_rules_index.py")})
_TESTS_SHOWN = 3


@dataclass(frozen=True)
class Rule:
    """One rule: its id, its title and the file of ``docs/rules`` that states it."""

    rule_id: str
    title: str
    path: Path

    @property
    def link(self) -> str:
        """The rule's heading, relative to the index."""
        text = re.sub(r"[^\w\- ]", "", f"{self.rule_id} · {self.title}".lower())
        return f"{self.path.name}#{text.replace(' ', '-')}"


@dataclass(frozen=True)
class Citation:
    """One id at one place; ``owner`` is the model, module, suites or test that cites it."""

    rule_id: str
    path: Path
    line: int
    owner: str
    kind: str
    decides: bool = False


@cache
def texts(root: Path = ROOT) -> tuple[tuple[Path, str], ...]:
    """Every file that people write, by its path below the root; read once a process."""
    return tuple(
        (path.relative_to(root), path.read_text(encoding="utf-8"))
        for path in _files(root)
        if path.suffix in _SUFFIXES
        and path.is_file()
        and not path.is_symlink()
        and not path.name.startswith(".")
        and not _NOT_OURS.intersection(path.relative_to(root).parts)
    )


def _files(root: Path) -> Iterator[Path]:
    yield from (path for path in sorted(root.iterdir()) if path.suffix != ".lock")
    for place in _PLACES:
        yield from sorted((root / place).rglob("*"))


def rules(root: Path = ROOT) -> list[Rule]:
    """Every rule in the order of the files and of their headings."""
    return [
        Rule(name, title, path)
        for path, text in texts(root)
        if path.parent == RULES and path != INDEX
        for name, title in _HEADING.findall(text)
    ]


def ids_in(line: str) -> list[str]:
    """The rule ids that a line cites, the last of a sentence too."""
    return _CITED.findall(line) + _CITED_LAST.findall(line)


def citations(root: Path = ROOT) -> list[Citation]:
    """Every citation outside the index and what makes and tests it."""
    found = []
    for path, text in texts(root):
        if path == INDEX or path in _OWN:
            continue
        lines = text.split("\n")
        for number, line in enumerate(lines):
            for rule_id in dict.fromkeys(ids_in(line)):
                kind, owner = _owner(path, lines, number)
                is_suite = path.parts[0] == "expectations" and number == 0
                decides = kind == "home" and (is_suite or bool(_DECIDES.match(line)))
                found.append(Citation(rule_id, path, number + 1, owner, kind, decides))
    return found


def _owner(path: Path, lines: list[str], number: int) -> tuple[str, str]:
    """What a line's file is (``home``, ``shown``, ``test`` or ``text``), and its holder's name.

    A model of the marts shows what others decide. The suites of a gate are one home: what the first
    line of each names.
    """
    if path.parts[0] == "tests" or path.name.endswith("__unit_tests.yml"):
        return "test", _test_at(path, lines, number)
    if path.parts[0] == "docs" or path.suffix in (".md", ".json", ".csv") or len(path.parts) == 1:
        return "text", str(path)
    if path.parts[0] == "expectations" and number == 0:
        return "home", f"expectations/{path.name[:2]}_*.yml"
    if path.parts[0] == "dbt":
        if path.parts[1] == "models" and path.suffix in (".sql", ".py"):
            return ("shown" if path.parts[2] == "marts" else "home"), path.stem
        return ("home" if path.parts[1] == "macros" else "text"), "/".join(path.parts[1:])
    return "home", "/".join(path.parts[1:] if path.parts[0] == "dagster_project" else path.parts)


def _test_at(path: Path, lines: list[str], number: int) -> str:
    """The test that holds a line: a function, a unit test of a model, a scenario; else the file."""
    if path.suffix == ".py":
        below = next(
            (line for line in lines[number + 1 :] if not line.lstrip().startswith("#")), ""
        )
        if lines[number].lstrip().startswith("#") and (name := _function(below)):
            return f"{path.stem}::{name}"
        for line in reversed(lines[: number + 1]):
            if line[:1].strip() and (name := _function(line)):
                return f"{path.stem}::{name}"
    else:
        for line in reversed(lines[: number + 1]):
            if match := re.match(r"  - name: (\w+)|- law: (.+)", line):
                return match.group(1) or f"{path.name}: {match.group(2)}"
    return "/".join(path.parts[1:])


def _function(line: str) -> str | None:
    match = re.match(r"\s*def (test_\w+)", line)
    return match.group(1) if match else None


def deciding(rule_id: str, cited: list[Citation]) -> set[str]:
    """The homes that decide a rule, which is one: its only home, else the one that says so."""
    homes = [one for one in cited if one.rule_id == rule_id and one.kind == "home"]
    owners = {citation.owner for citation in homes}
    said = {citation.owner for citation in homes if citation.decides}
    return said or (owners if len(owners) == 1 else set())


def page_text(root: Path = ROOT) -> str:
    """The index: what stands above the mark is kept, the tables below it are made."""
    head = (root / INDEX).read_text(encoding="utf-8").split(BEGIN)[0]
    cited = citations(root)
    by_file: dict[Path, list[Rule]] = {}
    for rule in rules(root):
        by_file.setdefault(rule.path, []).append(rule)
    parts = [f"{head}{BEGIN}\n"]
    for path in sorted(by_file, key=lambda path: head.find(f"({path.name})")):
        title = (root / path).read_text(encoding="utf-8").split("\n")[0].removeprefix("# ")
        parts.append(f"\n## [{title}]({path.name})\n")
        parts.append("\n| rule | decided in | shown in | tests |\n|---|---|---|---|\n")
        parts += [_row(rule, cited) for rule in by_file[path]]
    return "".join(parts)


def _row(rule: Rule, cited: list[Citation]) -> str:
    owners: dict[str, set[str]] = {"home": set(), "shown": set(), "test": set()}
    for citation in cited:
        if citation.rule_id == rule.rule_id and citation.kind in owners:
            owners[citation.kind].add(f"`{citation.owner}`")
    main = [f"**`{owner}`**" for owner in sorted(deciding(rule.rule_id, cited))]
    others = owners["home"] - {name.strip("*") for name in main}
    decided = [*main, *sorted(others, key=_rank)]
    tests = sorted(owners["test"], key=_rank)
    more = len(tests) - _TESTS_SHOWN
    shown = "<br>".join(tests[:_TESTS_SHOWN]) + (f" and {more} more" if more > 0 else "")
    name = f"[`{rule.rule_id}`]({rule.link}) {rule.title}"
    return f"| {name} | {', '.join(decided)} | {', '.join(sorted(owners['shown']))} | {shown} |\n"


def _rank(owner: str) -> tuple[int, str]:
    """Models that decide before modules, those before staging; files as a whole come last."""
    is_whole_test = "/" in owner and not owner.startswith(("`lib/", "`defs/", "`macros/"))
    is_late = owner.startswith("`stg_") or is_whole_test
    return (0 if owner.startswith("`int_") else 2 if is_late else 1, owner)


def write(root: Path = ROOT) -> None:
    """Write the index anew."""
    (root / INDEX).write_text(page_text(root), encoding="utf-8")


if __name__ == "__main__":
    write()
