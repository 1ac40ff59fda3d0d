"""Why a text broke its grammar, as SQL: what the program that wrote it did to the value.

What belongs here: telling apart the habits of programs (a number that lost its zeros, a date in
another order), so that a remedy can say what to do in the program. What does not: whether a text is
right (``grammar``), the remedies (``seeds/words.csv``, ``finding_detail``). A cause is looked for
in rejected cells only, costs a good file nothing, and quotes nothing of one.

Rules: I.refusal, I.silent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from dagster_project.lib.receiving.judging.declarations import Column, Source
from dagster_project.lib.warehouse.literals import literal

# characters that nobody sees: controls, marks of writing direction, what an unknown byte became
INVISIBLE = (
    r"[\x00-\x1f\x7f-\x9f\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}\x{feff}\x{fffd}]"
)
BLANK_AT_AN_END = r"^[\pZ]|[\pZ]$"
# a letter of a European script; \\pL costs each statement milliseconds before it sees a row
_LETTER = "[A-Za-z\\x{c0}-\\x{1fff}]"
_NOTHING = "na|n/a|nan|nat|null|none|<na>|[.]|-"

_Causes = tuple[tuple[str, str], ...]

# (cause, regular expression of the whole text), in the order that they are looked for
_ANYWHERE: _Causes = (
    ("hashes", "#+"),
    ("error", "#[A-Za-z/0-9\\x{c0}-\\x{1fff}]+[!?]?"),
    ("formula", "=.*"),
)
_BLANKS: _Causes = (("blanks", "[\\pZ\\t].*|.*[\\pZ\\t]"),)
_WORDS: _Causes = (("words", f".*{_LETTER}.*"),)
_DAY = "[0-9]{1,2}[-./ ][0-9]{1,2}[-./ ]([0-9]{2}|[0-9]{4})"
_YEAR_FIRST = "[0-9]{4}[-./][0-9]{1,2}[-./][0-9]{1,2}"
_CLOCK = "[T ]+[0-9]{1,2}[:.][0-9]{2}.*"
_EVENING = "[T ]+2[0-3]:[0-9]{2}.*"  # may be midnight of the next day in another time zone
_NAMED_DAY = f"[0-9]{{1,2}}[-. ]*{_LETTER}{{3,}}[-. ]*([0-9]{{2}}|[0-9]{{4}})"
_NAMED_MONTH = f"{_LETTER}{{3,}}[-. ]*([0-9]{{2}}|[0-9]{{4}})"

_PATTERNS: dict[str, _Causes] = {
    "cpr": (
        ("nine", "[0-9]{9}|[0-9]{5}-[0-9]{4}"),
        ("scientific", "[0-9]([.,][0-9]+)?[eE][+]?[0-9]+"),
        ("decimals", "[0-9]{9,10}[.,]0+"),
        ("mark", "'[0-9]{6}-?[0-9]{4}|[0-9]{6}[^0-9]{1,3}[0-9]{4}"),
        *_WORDS,
    ),
    "date": (
        ("evening", f"({_YEAR_FIRST}|{_DAY}){_EVENING}"),
        ("clock", f"({_YEAR_FIRST}|{_DAY}){_CLOCK}"),
        ("order", f"{_YEAR_FIRST}|{_DAY}|[0-9]{{8}}|{_NAMED_DAY}"),
        ("serial", "[0-9]{4,6}"),
        *_WORDS,
    ),
    "month": (
        ("evening", f"({_YEAR_FIRST}|{_DAY}){_EVENING}"),
        ("day", f"({_YEAR_FIRST}|{_DAY})({_CLOCK})?|[0-9]{{8}}|{_NAMED_DAY}|{_NAMED_MONTH}"),
        ("serial", "[0-9]{5}"),
        ("month_order", "[0-9]{4}.?[0-9]{1,2}|[0-9]{1,2}.[0-9]{4}"),
        *_WORDS,
    ),
    "benefit_code": (
        ("decimals", "[0-9]{3}[.,]0+"),
        ("unknown", "[0-9]{3}"),
        *_WORDS,
    ),
    "digits": (
        ("decimals", "[0-9]+[.,]0+"),
        ("grouped", f"({_LETTER}{{2}}[- ]?)?[0-9 ]+"),
        *_WORDS,
    ),
}

_PATTERNS["statistics_month"] = _PATTERNS["month"]
_ISO = {"date": "YYYY-MM-DD", "month": "YYYY-MM", "statistics_month": "YYYYmMM"}
_DIGITS = (("YYYY", "[0-9]{4}"), ("MM", "[0-9]{2}"), ("DD", "[0-9]{2}"),
           ("M", "[0-9]{1,2}"), ("D", "[0-9]{1,2}"))  # fmt: skip
_OTHER_MINUS = "[\\x{2212}\\x{2013}\\x{2010}\\x{2011}]"
_SIGN = f"(-|[+]|{_OTHER_MINUS})?"


def _number(column: Column, source: Source) -> _Causes:
    mark = source.csv.decimal
    point = "." if mark == "," else ","
    figures = "[0-9][0-9.,'\\pZ]*"
    whole = "(0|[1-9][0-9]*)"
    coin = "(kr[.]?|DKK|€|EUR)"
    few = f"[0-9]{{1,{column.max_decimals}}}" if column.max_decimals else "x"
    return (
        ("percent", f"{_SIGN}{figures}\\pZ*%"),
        ("currency", f"{coin}\\pZ*{_SIGN}{figures}|{_SIGN}{figures}\\pZ*({coin}|,-)"),
        ("scientific", "-?[0-9]+([.,][0-9]+)?[eE][-+]?[0-9]+"),
        ("minus", f"{_OTHER_MINUS}{figures}|{figures}-|[(]{figures}[)]"),
        ("decimals", f"-?{whole}[{mark}][0-9]{{{column.max_decimals + 1},}}"),
        ("point_or_thousands", f"{_SIGN}[1-9][0-9]{{0,2}}[{point}][0-9]{{3}}"),
        ("thousands", f"{_SIGN}[0-9]{{1,3}}([{point}'\\pZ][0-9]{{3}})+([{mark}][0-9]+)?"),
        ("point", f"{_SIGN}[0-9]*[{point}][0-9]+"),
        ("zero", f"{_SIGN}[{mark}]{few}|[+][0-9].*|-?0[0-9]+([{mark}][0-9]+)?"),
        ("size", f"-?{whole}([{mark}][0-9]+)?"),
        ("unit", f"{_SIGN}{figures}\\pZ*{_LETTER}.*"),
        *_WORDS,
    )


def _cases(text: str, causes: Iterable[tuple[str, str]]) -> str:
    return " ".join(
        f"when regexp_full_match({text}, {literal(pattern)}, 's') then {literal(f':{cause}')}"
        for cause, pattern in causes
    )


def _nothing(text: str, column: Column) -> str:
    cause = ":missing" if column.required else ":nothing"
    return f"when regexp_full_match(lower({text}), {literal(_NOTHING)}) then {literal(cause)}"


def caused(code: str, text: str, column: Column, source: Source) -> str:
    """SQL of a code with its cause (``CPR_LENGTH:nine``), of a text that broke its grammar.

    Args:
        code: the code.
        text: SQL name of the landed text.
        column: the declaration.
        source: its source (decimal mark).
    """
    patterns = _number(column, source) if column.type == "number" else _PATTERNS[column.type]
    if column.type in _ISO:
        patterns = (("calendar", _form(written_as(column, source))), *patterns)
    spaced = () if column.type == "number" else _BLANKS
    cases = _cases(text, (*_ANYWHERE, *spaced, *patterns))
    ends = _cases(text, _BLANKS) if column.type == "number" else ""
    invisible = f"when regexp_matches({text}, '{INVISIBLE}') then ':invisible'"
    looked_for = " ".join((_nothing(text, column), cases, ends, invisible))
    return f"concat({literal(code)}, case {looked_for} else '' end)"


def caused_by_spelling(code: str, text: str, column: Column, spellings: Iterable[str]) -> str:
    """SQL of a code with its cause, of a text that is none of the known spellings.

    Args:
        code: the code.
        text: SQL name of the landed text.
        column: the declaration.
        spellings: the texts that are allowed.
    """
    listed = ", ".join(literal(spelling) for spelling in spellings)
    plain = f"nfc_normalize(regexp_replace({text}, '^[\\pZ\\s]+|[\\pZ\\s]+$', '', 'g'))"
    known, lowered = (f"[{listed}]", f"list_transform([{listed}], lambda one: lower(one))")
    if not listed:
        return literal(code)
    return (
        f"concat({literal(code)}, case"
        f" when list_contains({known}, {plain}) then"
        f" case when {text} <> {plain} and nfc_normalize({text}) = {plain} then ':composed'"
        " else ':blanks' end"
        f" when list_contains({lowered}, lower({plain})) then ':case'"
        f" {_nothing(text, column)} else ':spelling' end)"
    )


def caused_by_blanks(code: str, text: str) -> str:
    """SQL of a code with its cause, of a free text with blanks or invisible characters.

    Args:
        code: the code.
        text: SQL name of the landed text.
    """
    return (
        f"case when regexp_matches({text}, '{INVISIBLE}') then {literal(f'{code}:invisible')}"
        f" else {literal(f'{code}:blanks')} end"
    )


def written_as(column: Column, source: Source) -> str:
    """The pattern of a column's days or months; a small ``m`` stands for the letter M."""
    own = source.date_format if column.type == "date" else source.month_format
    return own or _ISO[column.type]


def _form(pattern: str) -> str:
    """The regular expression of a pattern, real day or not."""
    return re.sub(
        "|".join(token for token, _ in _DIGITS) + "|[^YMD]",
        lambda found: dict(_DIGITS).get(found[0], re.escape(found[0])),
        pattern,
    ).replace("m", "M")


def expected(column: Column, source: Source) -> str:
    """What a cell of the column may hold, as a remedy names it; empty where its type says it all.

    Args:
        column: the declaration.
        source: its source.
    """
    if column.allowed:
        return ", ".join(f"„{value}“" for value in column.allowed)
    if column.type == "digits":
        return f"{column.length} cifre"
    if column.type == "number":
        return _expected_number(column, source)
    if column.type not in _ISO:
        return ""
    danish = written_as(column, source).replace("Y", "Å")
    return "ÅÅÅÅMmm" if danish == "ÅÅÅÅmMM" else danish


def _expected_number(column: Column, source: Source) -> str:
    mark = "decimalkomma" if source.csv.decimal == "," else "decimalpunktum"
    places = f"højst {column.max_decimals} decimaler" if column.max_decimals else "hele tal"
    limits = [
        f"{word} {limit}".replace(".", source.csv.decimal)
        for word, limit in (
            ("mindst", column.minimum), ("højst", column.maximum), ("over", column.above),
        )
        if limit is not None
    ]  # fmt: skip
    return ", ".join([places, *([mark] if column.max_decimals else []), *limits])
