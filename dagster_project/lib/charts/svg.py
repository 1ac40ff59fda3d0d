"""What an SVG of ours is: its fonts, its colours, its title, and nothing that refers outside.

What belongs here: the names and files that charts and the typesetter share, and putting a drawn
picture in order. What does not: drawing.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

FONT_FOLDER = Path(__file__).with_name("fonts")
"""Liberation Sans, regular and bold: what charts are measured in and the typesetter sets."""
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""As it stands in a picture; Arial and Helvetica have the same widths."""

COLOURS = {
    "ink": "#1d2b36", "soft": "#55646f", "rule": "#d5dde3", "basis": "#9fb3c2", "gain": "#2f7d6d",
    "loss": "#b9541f", "deep": "#1f4e79", "here": "#a3195b",
}  # fmt: skip
"""The colours by name, on white; a page that is dark gives them the values of ``NIGHT``."""
NIGHT = {
    "ink": "#e6edf2", "soft": "#a9b7c2", "rule": "#3a4853", "basis": "#6f8799", "gain": "#5fb8a4",
    "loss": "#e58a57", "deep": "#7db3e0", "here": "#f06aae",
}  # fmt: skip

_VARIABLE = re.compile(r"var\(--[a-z]+, ?(#[0-9a-f]{6})\)")
_ROLE = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
_SIZE = re.compile(r'(<svg [^>]*?) width="[\d.]+" height="[\d.]+"')


def colour(name: str) -> str:
    """A colour that a page can change; where nobody does, it is ours."""
    return f"var(--{name},{COLOURS[name]})"


def without_variables(svg: str) -> str:
    """The picture for a program that knows no variables of a style sheet."""
    return _VARIABLE.sub(r"\1", svg)


def in_order(drawn: str, title: str, description: str) -> str:
    """A drawn picture that scales with its place and says in words what it shows.

    It is one picture to a screen reader: the roles that its marks were given have no words.
    """
    scaled = _ROLE.sub("", _SIZE.sub(r"\1", drawn, count=1))
    head, mark, rest = scaled.partition(">")
    if not head.startswith("<svg ") or not mark:
        raise ValueError("no picture")
    return (
        f'{head} role="img"><title>{escape(title)}</title><desc>{escape(description)}</desc>{rest}'
    )
