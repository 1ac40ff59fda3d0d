"""Links of the repository's own markdown: where each leads, and the anchors of a page.

What belongs here: reading links and headings as the hosting site shows them. What does not: a test.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = ()
"""Hosts outside the repository that its pages may link to; none is needed today."""

_FENCE = re.compile(r"(?ms)^(?P<indent> *)```.*?^(?P=indent)```$")
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
_RAW = re.compile(r"<(?:a|img)\s[^>]*(?:href|src)=[\"']([^\"']+)|(?<![`\w(<])(https?://[^\s)>`]+)")
_HEADING = re.compile(r"(?m)^#{1,6} +(.+?) *#*$")


@dataclass(frozen=True)
class Link:
    """A link: the page that has it, the path or address and the anchor."""

    page: Path
    target: str
    anchor: str


def pages(root: Path = ROOT) -> list[Path]:
    """Every page of markdown that is, or is about to be, in the repository."""
    told = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [root / name for name in told.stdout.splitlines() if (root / name).is_file()]


def links_of(page: Path) -> list[Link]:
    """The links of a page, outside blocks of code."""
    text = _CODE.sub("``", _FENCE.sub("", page.read_text(encoding="utf-8")))
    found = [first or second for first, second in _LINK.findall(text) + _RAW.findall(text)]
    return [Link(page, *_parted(target)) for target in found]


def _parted(target: str) -> tuple[str, str]:
    path, _, anchor = target.partition("#")
    return path, anchor


@cache
def anchors_of(page: Path) -> frozenset[str]:
    """The anchors of a page's headings; one that comes again has a number behind it."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    seen: dict[str, int] = {}
    found = set()
    for heading in _HEADING.findall(text):
        anchor = anchor_of(heading)
        again = seen.get(anchor, 0)
        seen[anchor] = again + 1
        found.add(f"{anchor}-{again}" if again else anchor)
    return frozenset(found)


def anchor_of(heading: str) -> str:
    """The anchor of a heading, as the hosting site makes it."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def problem_of(link: Link, root: Path = ROOT) -> str | None:
    """What is wrong with a link, None where it leads somewhere inside the repository."""
    if re.match(r"[a-z][a-z0-9+.-]*:", link.target):
        is_public = any(link.target.startswith(f"https://{host}/") for host in PUBLIC)
        return None if is_public else "leads out of the repository"
    target = (link.page.parent / link.target).resolve() if link.target else link.page
    if not target.is_relative_to(root.resolve()):
        return "leads out of the repository"
    if not target.exists():
        return "leads to nothing"
    if link.anchor and (target.suffix != ".md" or link.anchor not in anchors_of(target)):
        return "names a heading that is not there"
    return None
