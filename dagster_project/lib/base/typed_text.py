"""A text that a person types into the home's records: a reason, a reference.

What belongs here: what any such text must be. What does not: a name (``person_names``), and what a
text may not name in one place (``life.refusals``).

Rules: I.person_text.
"""

from __future__ import annotations

from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.base.person_numbers import holds_person_number

MAX_LENGTH = 500


def clean(text: str, what: str) -> str:
    """A typed text, trimmed: not empty, one line, and no person number in it.

    Args:
        text: as typed.
        what: its name in the message.

    Raises:
        UsageError: it is something else (exit 2).
    """
    trimmed = text.strip()
    if not trimmed or len(trimmed) > MAX_LENGTH or not trimmed.isprintable():
        raise UsageError(f"{what} skal være én linje med 1 til {MAX_LENGTH} tegn")
    if holds_person_number(trimmed):
        raise UsageError(
            f"{what} ser ud til at rumme et personnummer, og det må ikke stå her",
            remedy="skriv teksten uden",
        )
    return trimmed
