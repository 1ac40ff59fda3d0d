"""Names of people who act: when two are the same, and what cannot be a name.

What belongs here: the comparison and the refusal. What does not: who is listed for what
(``contracts.who_acts``).

Rules: S.names.
Decides: S.names.
"""

from __future__ import annotations

import unicodedata

MAX_LENGTH = 500
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# letters of other alphabets, and of ours, that are drawn like a Latin one: a name written wholly
# in another alphabet must not pass for a second person
_DRAWN_ALIKE = {
    ord(sign): latin
    for signs, latins in (
        ("аеорсухівѕјһԁԛԝмтнк", "aeopcyxibsjhdqwmthk"),
        ("αορνικτυχγε", "aopviktuxye"),
        ("ıɑɡ", "iag"),
        ("‘’ʼ`´", "'''''"),
    )
    for sign, latin in zip(signs, latins, strict=True)
}
_NO_SCRIPT = ("COMBINING", "MODIFIER")


def tidy(name: str) -> str:
    """A name as it is recorded: NFKC, trimmed, runs of blanks made one."""
    return " ".join(unicodedata.normalize("NFKC", name).split())


def same(name: str) -> str:
    """A name as it is compared: tidied and casefolded, alike signs made one."""
    folded = tidy(tidy(name).casefold()).translate(_DRAWN_ALIKE)
    return "".join("-" if unicodedata.category(sign) == "Pd" else sign for sign in folded)


def has_hidden_signs(name: str) -> bool:
    """Whether signs stand in it that nobody sees: controls, zero widths, directions, line ends."""
    return any(
        unicodedata.category(sign) in _INVISIBLE for sign in unicodedata.normalize("NFKC", name)
    )


def mixes_alphabets(name: str) -> bool:
    """Whether its letters are of more than one alphabet."""
    return len({_alphabet(sign) for sign in tidy(name)} - {None}) > 1


def _alphabet(sign: str) -> str | None:
    """The alphabet of a sign, the first word of its Unicode name; none where all share it."""
    if sign.isascii() and not sign.isalpha():
        return None
    if unicodedata.category(sign)[0] in "PZ":
        return None
    first = unicodedata.name(sign, "NAMELESS").split()[0]
    # a mark of class 0 has no place of its own: what joins or varies letters is not seen
    if first in _NO_SCRIPT and (first == "MODIFIER" or unicodedata.combining(sign)):
        return None
    return first


def problem_of(name: str) -> str | None:
    """Why a text cannot be a person's name; none where it can."""
    if not tidy(name) or len(name) > MAX_LENGTH or has_hidden_signs(name):
        return f"skal være én linje med 1 til {MAX_LENGTH} synlige tegn"
    if mixes_alphabets(name):
        return "blander bogstaver fra to alfabeter, så det ligner et andet navn"
    return None
