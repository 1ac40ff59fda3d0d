"""What an overlay may say, and a declaration with it laid over.

What belongs here: the keys of an overlay and what each may hold. What does not: where overlays lie
and whose they are (``overlays``).

A column is named by its heading or by its name. What an overlay does not say stays as declared;
its null tokens come on top of the declared ones, for an empty cell is empty in every dialect.

Rules: I.overlay, I.person_text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from dagster_project.lib.base import model_words
from dagster_project.lib.base.person_numbers import number_paths
from dagster_project.lib.base.strict_yaml import (
    Document,
    YamlRefusedError,
    document_of,
    show_path,
)
from dagster_project.lib.receiving.judging.declarations import Column, Csv, Source, refused
from dagster_project.lib.receiving.judging.dialect import (
    DayPattern,
    Delimiter,
    Encoding,
    MonthPattern,
)

_HIGHEST_HEADER = 1000

KeyPath = tuple[str | int, ...]


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_one_or_more)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Csv(_Strict):
    encoding: Encoding | None = None
    delimiter: Delimiter | None = None
    decimal: Literal[",", "."] | None = None


class _Column(_Strict):
    aliases: Texts = ()


class _Overlay(_Strict):
    """What an overlay may say; columns are named by their heading or by their name."""

    csv: _Csv = _Csv()
    header_row: int = Field(default=1, ge=1, le=_HIGHEST_HEADER)
    sheet: str | None = Field(default=None, min_length=1)
    date_format: DayPattern | None = None
    month_format: MonthPattern | None = None
    null_tokens: Texts = ()
    aliases: dict[str, Texts] = {}
    columns: dict[str, _Column] = {}  # the same aliases, written under their column
    ignore_columns: Texts = ()
    ignore_values: dict[str, Texts] = {}
    constants: dict[str, str] = {}


class _ProblemError(Exception):
    """What an overlay says that it may not: the key path, and why in Danish."""

    def __init__(self, path: KeyPath, why: str) -> None:
        super().__init__(why)
        self.path = path
        self.why = why


def overlaid(source: Source, overlay: bytes, file_name: str, *, is_new: bool = True) -> Source:
    """A declaration with an overlay laid over it.

    Args:
        source: as it is shipped.
        overlay: bytes of the overlay.
        file_name: as a message names it.
        is_new: False for the overlay of an accepted delivery: what may have changed since (what a
            person number is, the tables of codes) is not judged anew.

    Raises:
        EffektError: ``SOURCE_DECLARATION`` (2).
    """
    try:
        document = document_of(overlay)
        if is_new:
            _refuse_numbers(document)
        said = _Overlay.model_validate(document.tree if document.tree is not None else {})
        return _Laying(source, said).source(is_new=is_new)
    except YamlRefusedError as error:
        raise refused(file_name, str(error)) from None
    except ValidationError as error:
        told = [_told(dict(item)) for item in error.errors(include_input=False)]
        raise refused(file_name, "; ".join(told)) from None
    except _ProblemError as problem:
        raise refused(file_name, f"{show_path(problem.path)}: {problem.why}") from None


def _refuse_numbers(document: Document) -> None:
    what = "her står, hvad der kan være et personnummer"
    for path in number_paths(document.tree):
        raise _ProblemError(path, what)
    for line in document.numbered_comments:
        raise _ProblemError((f"linje {line}",), what)


def _told(item: dict[str, Any]) -> str:
    return f"{show_path(tuple(item['loc']))}: {model_words.why(item)}"


class _Laying:
    """Lays what an overlay says over a declaration, key by key."""

    def __init__(self, source: Source, said: _Overlay) -> None:
        self._source = source
        self._said = said

    def source(self, *, is_new: bool) -> Source:
        """The declaration as the overlay has it."""
        said, source = self._said, self._source
        aliases = self._aliases()
        ignored = self._by_column("ignore_values", said.ignore_values)
        constants = self._by_column("constants", said.constants)
        self._check_columns(aliases, ignored)
        columns = tuple(
            column.model_copy(
                update={
                    "aliases": tuple(aliases.get(column.name, ())),
                    "ignore_values": ignored.get(column.name, ()),
                    "constant": constants.get(column.name),
                    "null_tokens": _with(column.null_tokens, said.null_tokens),
                }
            )
            for column in source.columns
        )
        laid = source.model_copy(
            update={
                "csv": self._csv(),
                "sheet": said.sheet or source.sheet,
                "null_tokens": _with(source.null_tokens, said.null_tokens),
                "header_row": said.header_row,
                "date_format": said.date_format,
                "month_format": said.month_format,
                "ignore_columns": said.ignore_columns,
                "columns": columns,
            }
        )
        if is_new:
            _check_constants(laid)
        return laid

    def _csv(self) -> Csv:
        said, csv = self._said.csv, self._source.csv
        given = said.model_dump(exclude_none=True)
        laid = csv.model_copy(update=given)
        if laid.thousands == laid.decimal:  # a dot cannot be both
            laid = laid.model_copy(update={"thousands": ""})
        has_decimals = any(column.max_decimals for column in self._source.columns)
        if given and has_decimals and laid.delimiter in (laid.decimal, laid.thousands):
            key = "delimiter" if "delimiter" in given else "decimal"
            raise _ProblemError(("csv", key), "skilletegnet er også et tegn i kildens tal")
        return laid

    def _column(self, path: KeyPath, named: str) -> Column:
        """The column of a heading, or else of a name."""
        for kind in ("heading", "name"):
            for column in self._source.columns:
                if getattr(column, kind) == named:
                    return column
        known = ", ".join(column.heading for column in self._source.columns)
        raise _ProblemError((*path, named), f"ukendt kolonne; kilden har {known}")

    def _by_column(self, key: str, said: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for named, value in said.items():
            column = self._column((key,), named)
            if column.name in found:
                raise _ProblemError((key, named), "kolonnen står to gange")
            found[column.name] = value
        return found

    def _aliases(self) -> dict[str, list[str]]:
        """The other headings of each column, each of them free."""
        said = self._said
        places: list[tuple[tuple[str, ...], Texts]] = [
            *((("aliases", named), texts) for named, texts in said.aliases.items()),
            *((("columns", named, "aliases"), one.aliases) for named, one in said.columns.items()),
        ]
        own = {column.heading: column.name for column in self._source.columns}
        taken: dict[str, str] = {}
        found: dict[str, list[str]] = {}
        for path, texts in places:
            name = self._column(path[:1], path[1]).name
            for place, text in enumerate(texts):
                self._check_alias((*path, place), text, name, own | taken)
                if text not in own:
                    taken[text] = name
                    found.setdefault(name, []).append(text)
        return found

    def _check_alias(self, path: KeyPath, text: str, name: str, taken: Mapping[str, str]) -> None:
        if not text:
            raise _ProblemError(path, "må ikke være tom")
        if self._is_week(text):
            raise _ProblemError(path, "er en ugekolonne")
        if taken.get(text, name) != name:
            raise _ProblemError(path, "overskriften hører til en anden kolonne")
        if text in taken and text not in {column.heading for column in self._source.columns}:
            raise _ProblemError(path, "overskriften står to gange")
        if text in self._said.ignore_columns:
            raise _ProblemError(path, "overskriften står også under ignore_columns")

    def _is_week(self, text: str) -> bool:
        weeks = self._source.weeks
        return weeks is not None and re.fullmatch(rf"{weeks.prefix}\d{{4}}", text) is not None

    def _check_columns(self, aliases: Mapping[str, Any], ignored: Mapping[str, Any]) -> None:
        headings = {column.heading for column in self._source.columns}
        for place, text in enumerate(self._said.ignore_columns):
            path: KeyPath = ("ignore_columns", place)
            if text in headings or self._is_week(text):
                raise _ProblemError(path, "er en kolonne, som kilden læser")
            if Counter(self._said.ignore_columns)[text] > 1:
                raise _ProblemError(path, "overskriften står to gange")
        for named in self._said.constants:
            name = self._column(("constants",), named).name
            if name in aliases or name in ignored:
                raise _ProblemError(
                    ("constants", named), "kolonnen har andre overskrifter eller ignore_values også"
                )


def _with(tokens: tuple[str, ...], said: tuple[str, ...]) -> tuple[str, ...]:
    """Null tokens and those of an overlay; a column without own ones has those of its source."""
    return tuple(dict.fromkeys((*tokens, *said))) if tokens else ()


def _check_constants(source: Source) -> None:
    """Refuse a constant that its column's grammar does not read."""
    given = [column for column in source.columns if column.constant is not None]
    if not given:
        return
    import duckdb

    from dagster_project.lib.base import person_numbers
    from dagster_project.lib.receiving.judging.grammar import Context, column_grammar
    from dagster_project.lib.reference import load_benefits
    from dagster_project.lib.warehouse import ENGINE

    with duckdb.connect(":memory:", config=ENGINE) as engine:
        person_numbers.register_sql(engine)
        for column in given:
            grammar = column_grammar("t", column, source, Context(load_benefits(), None))
            value, fault = engine.execute(
                f"select {grammar.value}, {grammar.fault} from (select $text as t)",
                {"text": column.constant},
            ).fetchall()[0]
            is_unmapped = column.type == "benefit_name" and value is None
            if not fault and is_unmapped and column.constant not in source.null_tokens:
                fault = "CODE_UNKNOWN"
            if fault:
                why = f"er ikke en værdi, som kolonnen læser ({fault})"
                raise _ProblemError(("constants", column.heading), why)
