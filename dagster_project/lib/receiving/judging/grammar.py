"""The declared grammar as SQL: from a landed text to a typed value, or to a fault.

What belongs here: one expression for the value and one for the fault of each column type. What does
not: reading files. A text that does not parse exactly is a fault; nothing is trimmed, padded,
rounded or guessed. The only texts that enter the SQL come from the declarations and the reference
tables, as quoted literals; nothing of a received file does.

Rules: I.declared, I.dates, I.cpr, I.person_text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dagster_project.lib.base import person_numbers
from dagster_project.lib.receiving.judging.causes import (
    BLANK_AT_AN_END,
    INVISIBLE,
    caused,
    caused_by_blanks,
    caused_by_spelling,
)
from dagster_project.lib.receiving.judging.declarations import Column, Source
from dagster_project.lib.reference import Benefits
from dagster_project.lib.warehouse.literals import literal


@dataclass(frozen=True)
class Context:
    """What values are judged against beside their grammar.

    Args:
        benefits: what a file may call a benefit.
        contract_ids: loaded contracts; None when contracts are not checked.
        is_new: False when an accepted file is loaded again: what may have changed since (the code
            table, what a person number is) is not judged anew.
    """

    benefits: Benefits
    contract_ids: frozenset[str] | None
    is_new: bool = True


@dataclass(frozen=True)
class Grammar:
    """SQL of one column, over the landed text in ``text``.

    A fault is a code, mostly with the cause that a remedy depends on: ``CPR_LENGTH:nine``.
    """

    value: str
    fault: str
    sql_type: str


def one_of(expression: str, texts: Iterable[str]) -> str:
    """SQL: the expression is one of these texts."""
    listed = ", ".join(literal(text) for text in texts)
    return f"{expression} in ({listed})" if listed else "false"


# One expression each, so that a valid value costs one pass: the form, and the form with a real date
# (day 01-31 or 61-91; 29 February in any year divisible by four; the century is not checked).
_CPR_FORM = "[0-9]{6}-?[0-9]{4}"
_CPR_REAL = (
    "((0[1-9]|1[0-9]|2[0-8]|6[1-9]|7[0-9]|8[0-8])(0[1-9]|1[0-2])[0-9]{2}"
    "|(29|30|89|90)(0[13-9]|1[0-2])[0-9]{2}"
    "|(31|91)(0[13578]|1[02])[0-9]{2}"
    "|(29|89)02([02468][048]|[13579][26]))-?[0-9]{4}"
)


def _cpr(text: str, column: Column, source: Source, _context: Context) -> Grammar:
    length = caused("CPR_LENGTH", text, column, source)
    fault = (
        f"when not regexp_full_match({text}, '{_CPR_REAL}') then"
        f" case when regexp_full_match({text}, '{_CPR_FORM}') then 'CPR_DATE' else {length} end"
    )
    return Grammar(f"try_cast(replace({text}, '-', '') as bigint)", fault, "bigint")


def _benefit_code(text: str, column: Column, source: Source, context: Context) -> Grammar:
    known = "[0-9]{3}"
    if context.is_new:
        known = "|".join(
            f"{code:03d}"
            for first, last in context.benefits.code_ranges
            for code in range(first, last + 1)
        )
    code = caused("CODE_UNKNOWN", text, column, source)
    fault = f"when not regexp_full_match({text}, '{known or '.^'}') then {code}"
    return Grammar(f"try_cast({text} as smallint)", fault, "smallint")


def _mapped_group(text: str, context: Context) -> str:
    """The group of a spelling, null where the table lacks it."""
    names = ", ".join(literal(name) for name, _ in context.benefits.group_of_name)
    groups = ", ".join(literal(group) for _, group in context.benefits.group_of_name)
    return f"list_extract([{groups}], list_position([{names}], {text}))"


def _benefit_name(text: str, column: Column, _source: Source, context: Context) -> Grammar:
    group = _mapped_group(text, context)
    if column.unmapped == "skip":
        return Grammar(group, _text_fault(text, context), "varchar")
    names = [name for name, _ in context.benefits.group_of_name]
    code = caused_by_spelling("CODE_UNKNOWN", text, column, names)
    return Grammar(group, _unknown(text, f"{group} is null", code), "varchar")


def _text_fault(text: str, context: Context) -> str:
    bad = (
        f"{text} <> trim({text})"
        f" or regexp_matches({text}, '{INVISIBLE}')"
        f" or regexp_matches({text}, '{BLANK_AT_AN_END}')"
    )
    number = f"when {person_numbers.sql(text)} then 'PERSON_NUMBER' " if context.is_new else ""
    return f"{number}when {bad} then {caused_by_blanks('VALUE_NOT_ALLOWED', text)}"


def _unknown(text: str, condition: str, code: str) -> str:
    """``when … then`` for a text that no table knows; a person number among them is called so.

    ``code`` is the SQL of the code.
    """
    number = f"case when {person_numbers.sql(text)} then 'PERSON_NUMBER' else {code} end"
    return f"when {condition} then {number}"


def _text(text: str, _column: Column, _source: Source, context: Context) -> Grammar:
    return Grammar(text, _text_fault(text, context), "varchar")


def _area(text: str, _column: Column, _source: Source, context: Context) -> Grammar:
    value = f"regexp_replace({text}, ' Kommune$', '')"
    return Grammar(value, _text_fault(text, context), "varchar")


def _contract(text: str, column: Column, _source: Source, context: Context) -> Grammar:
    if context.contract_ids is None:
        return Grammar(text, _text_fault(text, context), "varchar")
    ids = sorted(context.contract_ids)
    code = caused_by_spelling("CONTRACT_UNKNOWN", text, column, ids)
    return Grammar(text, _unknown(text, f"not {one_of(text, ids)}", code), "varchar")


def _choice(text: str, column: Column, _source: Source, _context: Context) -> Grammar:
    return Grammar(text, _not_allowed(text, column), "varchar")


def _not_allowed(text: str, column: Column) -> str:
    code = caused_by_spelling("VALUE_NOT_ALLOWED", text, column, column.allowed)
    return f"when not {one_of(text, column.allowed)} then {code}"


def _yes_no(text: str, column: Column, _source: Source, _context: Context) -> Grammar:
    value = f"({text} = {literal(column.allowed[0])})"
    return Grammar(value, _not_allowed(text, column), "boolean")


def _digits(text: str, column: Column, source: Source, _context: Context) -> Grammar:
    form = f"not regexp_full_match({text}, '[0-9]{{{column.length}}}')"
    code = caused("VALUE_NOT_ALLOWED", text, column, source)
    return Grammar(text, f"when {form} then {code}", "varchar")


def _date(text: str, column: Column, source: Source, _context: Context) -> Grammar:
    landed = text
    if source.day_pattern:
        text = f"({source.day_pattern.iso_sql(text)})"
    value = f"try_cast({text} as date)"
    form = (
        f"not regexp_full_match({text}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}')"
        f" or {text} < '0001' or {value} is null"
    )
    fault = f"when {form} then {caused('DATE_FORMAT', landed, column, source)}"
    if column.weekday == "monday":
        fault += f" when isodow({value}) <> 1 then 'VALUE_NOT_ALLOWED:monday'"
    return Grammar(value, fault, "date")


def _month(text: str, column: Column, source: Source, _context: Context) -> Grammar:
    landed = text
    if source.month_pattern:
        text = f"({source.month_pattern.iso_sql(text)})"
    form = f"not regexp_full_match({text}, '[0-9]{{4}}-(0[1-9]|1[0-2])') or {text} < '0001'"
    fault = f"when {form} then {caused('DATE_FORMAT', landed, column, source)}"
    return Grammar(f"try_cast({text} || '-01' as date)", fault, "date")


def _statistics_month(text: str, column: Column, source: Source, context: Context) -> Grammar:
    if source.month_pattern:
        return _month(text, column, source, context)
    form = f"not regexp_full_match({text}, '[0-9]{{4}}M(0[1-9]|1[0-2])') or {text} < '0001'"
    value = f"try_cast(replace({text}, 'M', '-') || '-01' as date)"
    fault = f"when {form} then {caused('DATE_FORMAT', text, column, source)}"
    return Grammar(value, fault, "date")


def _number(text: str, column: Column, source: Source, _context: Context) -> Grammar:
    csv, places = source.csv, column.max_decimals
    whole = "(0|[1-9][0-9]*)"
    if csv.thousands:
        whole = rf"(0|[1-9][0-9]*|[1-9][0-9]{{0,2}}(\{csv.thousands}[0-9]{{3}})+)"
    decimals = rf"(\{csv.decimal}[0-9]{{1,{places}}})?" if places else ""
    plain = f"replace({text}, {literal(csv.thousands)}, '')" if csv.thousands else text
    width = column.max_digits + places
    sql_type = f"decimal({width}, {places})" if places else "bigint"
    value = f"try_cast(replace({plain}, {literal(csv.decimal)}, '.') as {sql_type})"
    fault = (
        f"when not regexp_full_match({text}, '-?{whole}{decimals}') or {value} is null"
        f" then {caused('NUMBER_FORMAT', text, column, source)}"
    )
    limits = [
        f"{value} {sign} {limit}"
        for sign, limit in (("<", column.minimum), (">", column.maximum), ("<=", column.above))
        if limit is not None
    ]
    if limits:
        fault += f" when {' or '.join(limits)} then '{column.range_code}:range'"
    if column.default is not None:
        value = f"coalesce({value}, {column.default})"
    return Grammar(value, fault, sql_type)


_GRAMMARS: dict[str, Callable[[str, Column, Source, Context], Grammar]] = {
    "cpr": _cpr,
    "benefit_code": _benefit_code,
    "benefit_name": _benefit_name,
    "area": _area,
    "contract": _contract,
    "text": _text,
    "choice": _choice,
    "yes_no": _yes_no,
    "digits": _digits,
    "date": _date,
    "month": _month,
    "statistics_month": _statistics_month,
    "number": _number,
}


def column_grammar(text: str, column: Column, source: Source, context: Context) -> Grammar:
    """Value and fault of one column.

    Args:
        text: SQL name of the landed text (never null).
        column: the declaration.
        source: its source (decimal mark, null tokens).
        context: what values are judged against.

    Returns:
        a value expression (null where the text is a null token) and a ``case`` that gives the code
        of the first broken rule, with its cause, or null.
    """
    plain = _GRAMMARS[column.type](text, column, source, context)
    empty = one_of(text, column.null_tokens or source.null_tokens)
    when_empty = "'VALUE_MISSING'" if column.required else "null"
    value = f"case when {empty} then null else {plain.value} end"
    if column.default is not None:
        value = f"case when {empty} then {column.default} else {plain.value} end"
    return Grammar(
        f"cast({value} as {plain.sql_type})",
        f"case when {empty} then {when_empty} {plain.fault} end",
        plain.sql_type,
    )
