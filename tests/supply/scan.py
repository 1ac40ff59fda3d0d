"""``make check``: no secret and no person's number in the tree, nor in any commit before it.

What belongs here: what is looked for, and reading every version of every file and every message of
the history. What does not: texts that a home receives (``lib/base/person_numbers``), which are
judged by another rule: here the number of a person who may live counts, and a replacement number
(day + 60) does not.

    python -m tests.supply.scan [REPOSITORY]

What is found is told by kind, place and line, never by its value. ``allowed.yml`` names, with a
reason each, the lines that may stand.
"""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from tests.supply.locks import ROOT

ALLOWED = Path(__file__).with_name("allowed.yml")
PERSON_NUMBER = "person number"
_NUMBER = re.compile(
    rb"(?<![0-9A-Za-z.,+/=-])([0-3][0-9])([01][0-9])([0-9]{2})([-. ]?)([0-9]{4})(?![0-9A-Za-z+/=])"
)
_SECRETS: Mapping[str, re.Pattern[bytes]] = {
    "age key": re.compile(rb"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}"),
    "private key": re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "statement key": re.compile(rb"^private [0-9a-f]{64}$", re.MULTILINE),
    "access token": re.compile(
        rb"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40,}|glpat-[A-Za-z0-9_-]{20}"
        rb"|AKIA[0-9A-Z]{16}|xox[abprs]-[A-Za-z0-9-]{20,}|pypi-[A-Za-z0-9_-]{40,}"
        rb"|eyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,})"
    ),
    "password in an address": re.compile(
        rb"\b[a-z][a-z0-9+]{2,15}://[A-Za-z0-9._-]+:[^\s@/{}$<>\"'\x80-\xff]{3,}@[A-Za-z0-9]"
    ),
}
_KEY_FILES = re.compile(r"(?:^|/)(?:pseudonym|statement|vault|backup)\.key$|\.(?:pem|p12|pfx)$")


@dataclass(frozen=True, order=True)
class Find:
    """Something that must not stand in a repository.

    Args:
        kind: what it is.
        path: of the file, or ``message`` of a commit.
        line: number of the line.
        version: the object that holds it.
    """

    kind: str
    path: str
    line: int
    version: str


@dataclass(frozen=True)
class Allowance:
    """Lines that may stand, and why.

    Args:
        path: a pattern of paths.
        kind: what may stand there.
        line: a pattern that the whole line matches.
        reason: why.
    """

    path: str
    kind: str
    line: str
    reason: str

    def covers(self, find: Find, line: bytes) -> bool:
        """Whether this line may stand."""
        text = line.decode("utf-8", "replace")
        return (
            find.kind == self.kind
            and fnmatchcase(find.path, self.path)
            and re.search(self.line, text) is not None
        )


def allowances(path: Path = ALLOWED) -> list[Allowance]:
    """The allowances of a file."""
    return [Allowance(**one) for one in yaml.safe_load(path.read_text(encoding="utf-8")) or []]


def is_of_a_person(digits: bytes) -> bool:
    """Whether ten digits are a number that a person may have: their date is one.

    The seventh digit says the century. The check digit says nothing since 2007.
    """
    day, month, year, seventh = (int(digits[a:b]) for a, b in ((0, 2), (2, 4), (4, 6), (6, 7)))
    century = 1900
    if (seventh in (4, 9) and year <= 36) or (seventh in (5, 6, 7, 8) and year <= 57):
        century = 2000
    elif seventh in (5, 6, 7, 8):
        century = 1800
    with suppress(ValueError):
        return bool(dt.date(century + year, month, day))
    return False


def look(raw: bytes, path: str, version: str) -> Iterator[tuple[Find, bytes]]:
    """What stands in a file, each with its line."""
    if _KEY_FILES.search(path):
        yield Find("key file", path, 1, version), b""
    for kind, pattern in _SECRETS.items():
        for found in pattern.finditer(raw):
            yield _at(raw, found.start(), kind, path, version)
    for found in _NUMBER.finditer(raw):
        if is_of_a_person(b"".join(found.group(1, 2, 3, 5))):
            yield _at(raw, found.start(), PERSON_NUMBER, path, version)


def _at(raw: bytes, start: int, kind: str, path: str, version: str) -> tuple[Find, bytes]:
    begin = raw.rfind(b"\n", 0, start) + 1
    end = raw.find(b"\n", start)
    line = raw[begin : end if end >= 0 else len(raw)]
    return Find(kind, path, raw.count(b"\n", 0, start) + 1, version), line


def tree(repository: Path) -> Iterator[tuple[str, str, bytes]]:
    """Path, version and bytes of each file that is tracked or could be added, as it lies there."""
    listed = _git(repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in sorted(set(listed.split(b"\0")) - {b""}):
        path = repository / name.decode("utf-8", "surrogateescape")
        if path.is_file() and not path.is_symlink():
            yield name.decode("utf-8", "replace"), "tree", path.read_bytes()


def history(repository: Path) -> Iterator[tuple[str, str, bytes]]:
    """Path, version and bytes of each file and message that a commit ever held."""
    listed = _git(repository, "rev-list", "--all", "--objects").splitlines()
    paths = {
        name: path.decode("utf-8", "replace")
        for name, _, path in (o.partition(b" ") for o in listed)
    }
    wanted = b"\n".join(paths) + b"\n"
    raw = _git(repository, "cat-file", "--batch", "--buffer", given=wanted)
    at = 0
    while at < len(raw):
        end = raw.index(b"\n", at)
        name, kind, size = raw[at:end].split()
        content = raw[end + 1 : end + 1 + int(size)]
        at = end + 2 + int(size)
        if kind in (b"blob", b"tag", b"commit"):
            told = paths[name] or ("message" if kind != b"blob" else "a file")
            yield told, name.decode()[:12], _message(content) if kind != b"blob" else content


def _message(raw: bytes) -> bytes:
    """What a person wrote of a commit; its head holds hashes and times."""
    return raw.partition(b"\n\n")[2]


def _git(repository: Path, *words: str, given: bytes | None = None) -> bytes:
    return subprocess.run(
        ["git", "-C", str(repository), *words], input=given, capture_output=True, check=True
    ).stdout


def scan(repository: Path, allowed: Sequence[Allowance]) -> list[Find]:
    """What stands in a repository and may not, each place once."""
    found = set()
    for read in (tree, history):
        for path, version, raw in read(repository):
            found |= {
                find
                for find, line in look(raw, path, version)
                if not any(one.covers(find, line) for one in allowed)
            }
    return sorted(found)


if __name__ == "__main__":
    finds = scan(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT, allowances())
    for find in finds:
        print(f"{find.kind}: {find.path}, line {find.line} ({find.version})", file=sys.stderr)
    sys.exit(1 if finds else 0)
