"""The documents' own figures, recomputed exactly: one that differs from the print is an erratum.

What belongs here: reading a printed number, the small expression language over other figures, the
verdict. What does not: the figures (seeds/document_figures.csv). Everything is a ``Fraction``.

An expression holds other figures of the table by their ``figure`` (their *printed* value), numbers,
``+ - * / ( )`` and these functions: ``digits(f)`` the digits of the print without its marks,
``payback(n1, …, nk, p)`` the ordinal of the first year in which the running total is ≤ 0, with p
for every year beyond nk. The result is rounded to the printed decimals, or to ``decimals`` if set.

Rules: R7.errata.
Decides: R7.errata.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

KINDS = frozenset(
    {"arithmetic", "sign", "rounding", "unit", "typing", "label", "definition", "missing",
     "conflict"}
)  # fmt: skip
NOT_PRINTED = "-"
COMMA_THOUSANDS = "komma som tusindtalsmærke"
MAX_EXPRESSION = 500
_STORED_DECIMALS = 6
_DANISH = re.compile(r"-?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")
_ENGLISH = re.compile(r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
_HALF = "½"
_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip


class FigureError(ValueError):
    """A row of the table is wrong; the message names the figure."""


@dataclass(frozen=True)
class DocumentFigure:
    """A figure as a document prints it, and how it follows from other figures."""

    figure: str
    document: str
    place: str
    stated: str
    unit: str
    decimals: int | None
    expression: str
    kind: str


@dataclass(frozen=True)
class _Printed:
    """A printed number, or a span of two; None where nothing is printed."""

    low: Fraction | None
    high: Fraction | None
    decimals: int


def judge_figures(figures: Sequence[DocumentFigure]) -> list[dict[str, Any]]:
    """Recompute every figure that has an expression.

    Returns:
        the columns of raw.document_figure, in the table's order; recomputed and difference
        (recomputed − printed) are in the notation of the print, null where there is none.

    Raises:
        FigureError: a figure stands twice, cannot be read, or its expression is wrong.
    """
    by_name: dict[str, DocumentFigure] = {}
    places: set[tuple[str, str]] = set()
    for figure in figures:
        if figure.figure in by_name or (figure.document, figure.place) in places:
            raise FigureError(f"{figure.figure}: figuren eller dens sted står to gange")
        by_name[figure.figure] = figure
        places.add((figure.document, figure.place))
    printed = {name: _read(figure) for name, figure in by_name.items()}
    return [
        _judge(number, figure, printed, by_name) for number, figure in enumerate(figures, start=1)
    ]


def _judge(
    number: int,
    figure: DocumentFigure,
    printed: Mapping[str, _Printed],
    by_name: Mapping[str, DocumentFigure],
) -> dict[str, Any]:
    own = printed[figure.figure]
    row: dict[str, Any] = {
        "figure_no": number,
        **{key: value for key, value in asdict(figure).items() if key not in _NOT_STORED},
        "stated_value": None if own.high is None else _plain(own.high, _STORED_DECIMALS),
        "recomputed": None,
        "difference": None,
        "is_erratum": False,
    }
    if not figure.expression:
        return row
    if figure.kind not in KINDS:
        raise FigureError(f"{figure.figure}: ukendt art")
    decimals = own.decimals if figure.decimals is None else figure.decimals
    value = _round(_evaluate(figure, printed, by_name), decimals)
    row["recomputed"] = _as_printed(value, decimals, figure)
    if own.low is None or own.high is None:
        return row | {"is_erratum": True}
    bound = min(max(value, own.low), own.high)
    if value != bound:
        shown = max(decimals, own.decimals)
        row |= {"difference": _as_printed(value - bound, shown, figure), "is_erratum": True}
    return row


_NOT_STORED = frozenset({"figure", "decimals"})


def _read(figure: DocumentFigure) -> _Printed:
    """The printed number: Danish notation, unless the unit says that the comma marks thousands."""
    text = figure.stated
    if text == NOT_PRINTED:
        return _Printed(None, None, 0)
    parts = text.split("–")
    if len(parts) > 2:
        raise FigureError(f"{figure.figure}: det trykte er ikke et tal")
    values = [_number(part, figure) for part in parts]
    return _Printed(values[0][0], values[-1][0], max(decimals for _, decimals in values))


def _number(text: str, figure: DocumentFigure) -> tuple[Fraction, int]:
    half = Fraction(1, 2) if text.endswith(_HALF) else Fraction(0)
    body = text.removesuffix(_HALF)
    english = COMMA_THOUSANDS in figure.unit
    if not (_ENGLISH if english else _DANISH).fullmatch(body):
        raise FigureError(f"{figure.figure}: det trykte er ikke et tal")
    thousands, point = (",", ".") if english else (".", ",")
    plain = body.replace(thousands, "").replace(point, ".")
    decimals = len(plain.partition(".")[2])
    return Fraction(plain) + half, 1 if half else decimals


def _evaluate(
    figure: DocumentFigure,
    printed: Mapping[str, _Printed],
    by_name: Mapping[str, DocumentFigure],
) -> Fraction:
    if len(figure.expression) > MAX_EXPRESSION:
        raise FigureError(f"{figure.figure}: udtrykket er for langt")
    try:
        tree = ast.parse(figure.expression, mode="eval")
        return _Evaluator(figure, printed, by_name).value(tree.body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, FigureError):
            raise
        raise FigureError(f"{figure.figure}: udtrykket kan ikke læses") from None
    except ZeroDivisionError:
        raise FigureError(f"{figure.figure}: udtrykket deler med nul") from None


class _Evaluator:
    """Walks an expression's syntax tree; anything but arithmetic over figures is refused."""

    def __init__(
        self,
        figure: DocumentFigure,
        printed: Mapping[str, _Printed],
        by_name: Mapping[str, DocumentFigure],
    ) -> None:
        self._figure = figure
        self._printed = printed
        self._by_name = by_name

    def value(self, node: ast.expr) -> Fraction:
        """Exact value of a node."""
        match node:
            case ast.Constant(value=int() as whole) if not isinstance(whole, bool):
                return Fraction(whole)
            case ast.Constant():
                raise FigureError(f"{self._figure.figure}: skriv decimaler som en brøk, fx 29/200")
            case ast.Name(id=name):
                return self._figure_value(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand)
            case ast.BinOp(op=sign) if type(sign) in _OPERATORS:
                return _OPERATORS[type(sign)](self.value(node.left), self.value(node.right))
            case ast.Call(func=ast.Name(id="digits"), args=[ast.Name(id=name)], keywords=[]):
                return self._digits(name)
            case ast.Call(func=ast.Name(id="payback"), args=[_, _, *_] as amounts, keywords=[]):
                *years, beyond = map(self.value, amounts)
                return self._payback(years, beyond)
        raise self._refused()

    def _figure_value(self, name: str) -> Fraction:
        found = self._printed.get(name)
        if found is None or found.high is None:
            raise FigureError(f"{self._figure.figure}: der er ingen figur {name} med et trykt tal")
        return found.high

    def _digits(self, name: str) -> Fraction:
        if name not in self._by_name:
            raise self._refused()
        return Fraction("".join(c for c in self._by_name[name].stated if c.isdigit()))

    def _payback(self, years: Sequence[Fraction], beyond: Fraction) -> Fraction:
        total = Fraction(0)
        for number, amount in enumerate(years, start=1):
            total += amount
            if total <= 0:
                return Fraction(number)
        if beyond >= 0:
            raise FigureError(f"{self._figure.figure}: tjener sig aldrig ind")
        return Fraction(len(years) + math.ceil(total / -beyond))

    def _refused(self) -> FigureError:
        return FigureError(
            f"{self._figure.figure}: udtrykket må kun have tal, andre figurer, + - * / og de "
            "beskrevne funktioner"
        )


def _round(value: Fraction, decimals: int) -> Fraction:
    """Half away from zero."""
    scaled = abs(value) * 10**decimals
    whole = math.floor(scaled + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole, 10**decimals)


def _plain(value: Fraction, decimals: int) -> str:
    """Decimal text with a point."""
    scaled = abs(_round(value, decimals)) * 10**decimals
    digits = str(int(scaled)).rjust(decimals + 1, "0")
    head, tail = (digits[:-decimals], digits[-decimals:]) if decimals else (digits, "")
    sign = "-" if value < 0 else ""
    return f"{sign}{head}.{tail}" if tail else f"{sign}{head}"


def _as_printed(value: Fraction, decimals: int, figure: DocumentFigure) -> str:
    """The number in the notation of the figure's row: Danish, or with the comma for thousands."""
    thousands, point = (",", ".") if COMMA_THOUSANDS in figure.unit else (".", ",")
    head, _, tail = _plain(abs(value), decimals).partition(".")
    grouped = f"{int(head):,}".replace(",", thousands)
    sign = "-" if value < 0 else ""
    return f"{sign}{grouped}{point}{tail}" if tail else f"{sign}{grouped}"
