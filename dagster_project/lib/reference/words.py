"""The Danish words of codes, from ``seeds/words.csv``: what a code is called and what to do.

What belongs here: looking a word up. What does not: a word (it has one home, the table), reading
the table (``tables``), numbers and dates (``base.danish``).

Rules: P.words.
"""

from __future__ import annotations

from functools import cache

from dagster_project.lib.base.danish import NONE
from dagster_project.lib.reference.tables import SEEDS, Word, load_words


@cache
def _words() -> dict[str, dict[str, Word]]:
    found: dict[str, dict[str, Word]] = {}
    for word in load_words(SEEDS / "words.csv"):
        found.setdefault(word.domain, {})[word.code] = word
    return found


def find(domain: str, code: str | None) -> Word | None:
    """The row of a code, None where the table has none.

    Args:
        domain: what the code is one of; one that the table does not know is a KeyError.
        code: as the mart, the ledger or a finding holds it.
    """
    return _words()[domain].get(code or "")


def of_domain(domain: str) -> list[Word]:
    """The rows of a domain, in the table's order."""
    return list(_words()[domain].values())


def label(domain: str, code: str | None) -> str:
    """The word for a code; the code itself where there is none, a dash for no code."""
    word = find(domain, code)
    return word.label_da if word else (code or NONE).replace("_", " ")


def remedy(domain: str, code: str | None) -> str | None:
    """What to do about a code, None where nothing is to be done."""
    word = find(domain, code)
    return (word.remedy_da or None) if word else None


def failure(code: str) -> Word:
    """What is said about a fault of the machine that ends a command, and what to do about it."""
    return _words()["failure"][code]


def rule_id(domain: str, code: str | None) -> str | None:
    """The rule that gives the code, by its id in ``docs/rules``; None where it has none."""
    word = find(domain, code)
    return (word.rule_id or None) if word else None


def owner(domain: str, code: str | None) -> str | None:
    """Who can act on a code, None where nobody has to."""
    word = find(domain, code)
    return (word.owner or None) if word else None
