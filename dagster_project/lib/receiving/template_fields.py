"""What a template of a source says: its columns, an example of each, and what explains them.

What belongs here: the declaration, with the home's overlay, in the words and values of a template.
What does not: the files (``template``, ``template_workbook``, ``template_package``).

Rules: P.template.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from dagster_project.lib.receiving.judging.declarations import Column, Source, load_sources
from dagster_project.lib.receiving.judging.patterns import Pattern
from dagster_project.lib.reference import words

_EXAMPLE_WEEKS = (("2301", "890"), ("2302", "890"), ("2303", ""))
_MONTH_FORMS = {"month": "%Y-%m", "statistics_month": "%YM%m"}


@dataclass(frozen=True)
class Field:
    """One column of a template.

    Args:
        heading: as a file of the sender has it.
        example: a value that the grammar reads.
        column: its declaration; None for a week of a wide file.
    """

    heading: str
    example: str
    column: Column | None = None


def fields_of(source: Source) -> list[Field]:
    """The columns of a template, in the dialect of the declaration."""
    plain = load_sources()[source.source]
    fields = [
        Field(column.headings[-1], _example(column, source, plain), column)
        for column in source.columns
        if column.constant is None
    ]
    if source.weeks:
        fields += [Field(source.weeks.prefix + week, code) for week, code in _EXAMPLE_WEEKS]
    return fields


def _example(column: Column, source: Source, plain: Source) -> str:
    """The declared example, as the dialect writes dates, months and numbers."""
    text = column.example
    if not text:
        return text
    if column.type == "number":
        whole = text.replace(plain.csv.thousands, "") if plain.csv.thousands else text
        return whole.replace(plain.csv.decimal, source.csv.decimal)
    if column.type == "date" and source.day_pattern:
        return source.day_pattern.text_of(dt.date.fromisoformat(text))
    if column.type in _MONTH_FORMS and source.month_pattern:
        day = dt.datetime.strptime(text, _MONTH_FORMS[column.type]).replace(tzinfo=dt.UTC).date()
        return source.month_pattern.text_of(day)
    return text


def explanations(source: Source) -> list[list[str]]:
    """What a sender is told of each column: heading, type, must, allowed values, words."""
    rows = [["Kolonne", "Type", "Skal udfyldes", "Tilladte værdier", "Forklaring"]]
    rows += [_explain(field, source) for field in fields_of(source) if field.column]
    if source.weeks:
        kind = words.label("column_type", "benefit_code")
        rows.append([source.weeks.prefix + "ÅÅUU", kind, "nej", "", source.weeks.description])
    return rows


def _explain(field: Field, source: Source) -> list[str]:
    column = field.column
    if column is None:
        raise TypeError("a week is explained once for all")
    kind = words.label("column_type", column.type)
    pattern = {"date": source.day_pattern}.get(column.type) or (
        source.month_pattern if column.type in _MONTH_FORMS else None
    )
    if pattern:
        kind = f"{kind.split(' ')[0]} {_in_danish(pattern)}"
    must = "ja" if column.required else "nej"
    if column.must_be_present and not column.required:
        must = "nej, men kolonnen skal være der"
    return [field.heading, kind, must, ", ".join(column.allowed), column.description]


def _in_danish(pattern: Pattern) -> str:
    return "".join(pattern.parts).replace("Y", "Å")


def how_written(source: Source) -> str:
    """How a file of the source is saved, in one sentence or two."""
    mark = "tabulator" if source.csv.delimiter == "\t" else f"„{source.csv.delimiter}“"
    told = (
        f"Type: {', '.join(source.formats)}. csv gemmes som {source.csv.encoding.upper()} med"
        f" {mark} mellem felterne."
    )
    if "xlsx" not in source.formats:
        return f"{told} Et regneark modtages ikke: gem arket „Data“ som csv."
    return told


def name_form(source: Source, sender: str | None = None) -> str:
    """The name of a file of the source, with marks for its days."""
    days = "_<fra>_<til>" if source.window else ""
    said = f"_{sender}" if sender else "[_<afsender>]"
    return f"{source.source}_<udtræksdato>{days}{said}[_v<N>].<type>"
