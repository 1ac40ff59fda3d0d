"""File templates: headings, one example row, and a sheet that explains each column.

What belongs here: which fields a template has, in the dialect that the home's overlay gives the
source, and the files. What does not: rules (the declaration has them all), the workbook
(``template_workbook``), the provider's package (``template_package``).

Rules: P.template.
Decides: P.template.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dagster_project.lib.base import files
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.receiving.judging.declarations import Column, Source, load_sources
from dagster_project.lib.receiving.judging.overlays import declared_for
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


def _csv_bytes(source: Source) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=source.csv.delimiter, lineterminator="\r\n")
    writer.writerows([source.title] for _ in range(1, source.header_row))
    fields = fields_of(source)
    writer.writerow(field.heading for field in fields)
    writer.writerow(field.example for field in fields)
    # a byte-order mark, so that a spreadsheet keeps to UTF-8 when it saves
    encoding = "utf-8-sig" if source.csv.encoding == "utf-8" else source.csv.encoding
    return buffer.getvalue().encode(encoding)


def declared_source(name: str, sources_dir: Path | None, sender: str | None) -> Source:
    """The source as a sender's files are read.

    Raises:
        UsageError: no such source.
        EffektError: ``SOURCE_DECLARATION`` (2): its overlay cannot be loaded.
    """
    if name not in load_sources():
        raise UsageError(
            "kilden findes ikke", remedy="vælg en af: " + ", ".join(sorted(load_sources()))
        )
    return declared_for(sources_dir, name, sender).source


def template_files(source: Source, sender: str | None = None) -> dict[str, bytes]:
    """The two files of a template by their names."""
    from dagster_project.lib.receiving.template_workbook import workbook

    return {
        f"{source.source}_skabelon.csv": _csv_bytes(source),
        f"{source.source}_skabelon.xlsx": workbook(source, sender),
    }


def write_template(
    source: str, folder: Path, sources_dir: Path | None = None, sender: str | None = None
) -> list[Path]:
    """Write ``<source>_skabelon.csv`` and ``.xlsx``; a file that was filled in is left alone.

    Args:
        source: a declared source.
        folder: where to; made if missing.
        sources_dir: the home's overlays; None where there is no home.
        sender: whose overlay it follows.

    Returns:
        the two files.

    Raises:
        UsageError: no such source, or a file of that name that is no empty template.
        EffektError: ``SOURCE_DECLARATION`` (2): the overlay cannot be loaded.
    """
    declared = declared_source(source, sources_dir, sender)
    return write_new(folder, template_files(declared, sender))


def write_new(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write files by their places in a folder; none is written where another one stands.

    Raises:
        UsageError: one of them is there already, with other bytes.
    """
    paths = {folder / place: data for place, data in contents.items()}
    for path, data in paths.items():
        if path.exists() and path.read_bytes() != data:
            raise UsageError(
                f"{path.name} findes allerede og er ikke en tom skabelon; intet er skrevet",
                remedy="flyt filen, eller vælg en anden mappe",
            )
    for path in paths:
        files.make_dir(path.parent, files.DIR_PUBLIC)
    return [files.write_atomic(path, data, files.FILE_PUBLIC) for path, data in paths.items()]
