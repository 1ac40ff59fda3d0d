"""The statement's pictures, drawn as SVG: the way through the tiers, the curve, part 2's months.

What belongs here: geometry and labels. What does not: any figure that is not handed in.
Vectors only, no script, no outside reference; each picture has a title and a description, and
labels stand at what they name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

from dagster_project.lib.base.danish import number

WIDTH = 760
INK, SOFT, GRID = "#1d2b36", "#5b6b77", "#d5dde3"
BASIS, GAIN, LOSS, TOTAL, HERE = "#b8c7d3", "#2f7d6d", "#c2612c", "#1f4e79", "#a3195b"
FONT = "Libertinus Serif, Georgia, serif"
_MIO = Decimal(1_000_000)


@dataclass(frozen=True)
class Bar:
    """One row of a waterfall, in kroner.

    ``kind``: ``basis`` and ``total`` begin at 0, ``step`` goes on from where the last one ended.
    """

    label: str
    amount: Decimal
    kind: str


def _svg(height: float, title: str, description: str, body: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img"'
        f' font-family="{FONT}" font-size="13" fill="{INK}">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
    )
    return head + "".join(body) + "</svg>"


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", fill: str = INK, weight: str = "",
    size: float = 0,
) -> str:  # fmt: skip
    extra = f' font-weight="{weight}"' if weight else ""
    extra += f' font-size="{size:g}"' if size else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}"{extra}>'
        f"{escape(text)}</text>"
    )


def _line(points: Sequence[tuple[float, float]], stroke: str, *, dash: str = "",
          width: float = 1) -> str:  # fmt: skip
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="{width:g}"'
        f' stroke-linejoin="round"{dashed}/>'
    )


def waterfall(bars: Sequence[Bar], title: str) -> str:
    """The way from the basis through tiers, ceiling and earlier payments to the payment."""
    row, left, right, top = 34, 290, 120, 8
    spans = _spans(bars)
    low = min([Decimal(0), *(min(span) for span in spans)])
    high = max([Decimal(1), *(max(span) for span in spans)])
    scale = float(WIDTH - left - right) / float(high - low)

    def x(amount: Decimal) -> float:
        return left + float(amount - low) * scale

    body = [_line([(x(Decimal(0)), top), (x(Decimal(0)), top + row * len(bars))], GRID)]
    for index, (bar, (begin, end)) in enumerate(zip(bars, spans, strict=True)):
        y = top + row * index
        colour = {"basis": BASIS, "total": TOTAL, "here": HERE}.get(
            bar.kind, GAIN if bar.amount >= 0 else LOSS
        )
        weight = "bold" if bar.kind in ("total", "here") else ""
        width = max(abs(x(end) - x(begin)), 1.5)
        body.append(
            f'<rect x="{min(x(begin), x(end)):.1f}" y="{y + 6}" width="{width:.1f}" height="20"'
            f' fill="{colour}"/>'
        )
        if index + 1 < len(bars) and bar.kind != "basis":
            body.append(_line([(x(end), y + 26), (x(end), y + row + 6)], SOFT, dash="2 2"))
        body.append(_text(left - 12, y + 21, bar.label, anchor="end", weight=weight))
        body.append(_text(WIDTH - 4, y + 21, number(bar.amount), anchor="end", weight=weight))
    told = "; ".join(f"{bar.label}: {number(bar.amount)} kr." for bar in bars)
    return _svg(top * 2 + row * len(bars), title, told, body)


def _spans(bars: Sequence[Bar]) -> list[tuple[Decimal, Decimal]]:
    """Begin and end of each bar."""
    spans = []
    level = Decimal(0)
    for bar in bars:
        if bar.kind == "basis":
            spans.append((Decimal(0), bar.amount))
            continue
        begin = level if bar.kind == "step" else Decimal(0)
        level = begin + bar.amount
        spans.append((begin, level))
    return spans


def curve(
    points: Sequence[tuple[Decimal, Decimal]], here: tuple[Decimal, Decimal],
    marks: Sequence[tuple[Decimal, str]], title: str,
) -> str:  # fmt: skip
    """The payment curve: basis to the right, entitlement upwards, "her er vi" where we are.

    Args:
        points: corners of the curve, in order of the basis.
        here: cumulative basis and entitlement of the period.
        marks: bases worth a dashed line, with what they are.
        title: what the picture shows.
    """
    left, right, top, height = 70, 24, 24, 300
    max_x = max([Decimal(1), here[0], *(point[0] for point in points)])
    max_y = max([Decimal(1), here[1], *(point[1] for point in points)]) * Decimal("1.06")
    plot_w, plot_h = WIDTH - left - right, height

    def at(basis: Decimal, payment: Decimal) -> tuple[float, float]:
        return (
            left + float(max(basis, Decimal(0)) / max_x) * plot_w,
            top + plot_h - float(max(payment, Decimal(0)) / max_y) * plot_h,
        )

    body = []
    for tick in _ticks(max_y):
        y = at(Decimal(0), tick)[1]
        body.append(_line([(left, y), (WIDTH - right, y)], GRID))
        body.append(_text(left - 8, y + 4, _mio(tick), anchor="end", fill=SOFT))
    for tick in _ticks(max_x):
        x = at(tick, Decimal(0))[0]
        body.append(_text(x, top + plot_h + 18, _mio(tick), anchor="middle", fill=SOFT))
    for order, (basis, label) in enumerate(marks):
        x = at(basis, Decimal(0))[0]
        body.append(_line([(x, top), (x, top + plot_h)], SOFT, dash="3 3"))
        body.append(_text(x + 5, top + plot_h - 8 - 15 * (order % 3), label, fill=SOFT, size=11.5))
    body.append(_line([at(*point) for point in points], TOTAL, width=2.5))
    x, y = at(*here)
    body.append(_line([(x, top + plot_h), (x, y), (left, y)], HERE, dash="4 3"))
    body.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{HERE}"/>')
    is_right = x > WIDTH * 0.6
    body.append(
        _text(
            x - 12 if is_right else x + 12, y + (22 if is_right else 18), "Her er vi",
            anchor="end" if is_right else "start", fill=HERE, weight="bold",
        )
    )  # fmt: skip
    body.append(
        _text(WIDTH - right, top + plot_h + 38, "Resultatbetalingsgrundlag, mio. kr.", anchor="end")
    )
    body.append(_text(4, 14, "Betalingsret, mio. kr."))
    told = f"Grundlag {number(here[0])} kr. giver betalingsret {number(here[1])} kr."
    return _svg(top + plot_h + 46, title, told, body)


def _ticks(top: Decimal) -> list[Decimal]:
    """About five round values from 0 up to ``top``."""
    step = Decimal(1).scaleb((top / 5).adjusted())
    for factor in (1, 2, 5, 10):
        if step * factor * 6 > top:
            step *= factor
            break
    return [step * index for index in range(int(top / step) + 1)]


def _mio(amount: Decimal) -> str:
    text = number(amount / _MIO, 2).rstrip("0").rstrip(",")
    return text or "0"


@dataclass(frozen=True)
class Series:
    """Months of one benefit group: baseline and evaluation, null where not published."""

    group: str
    baseline: Sequence[Decimal | None]
    evaluation: Sequence[Decimal | None]
    labels: Sequence[str]


def months(series: Sequence[Series], title: str) -> str:
    """Part 2: the evaluation's months against those of the baseline, one panel for each group."""
    panel, left, right, top = 190, 64, 150, 30
    body = []
    for index, one in enumerate(series):
        body += _panel(one, top + index * panel, panel - 50, left, right)
    told = "; ".join(_mean_text(one) for one in series)
    return _svg(top + panel * len(series), title, told, body)


def _mean(values: Sequence[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) / len(known) if known else None


def _mean_text(one: Series) -> str:
    base, found = _mean(one.baseline), _mean(one.evaluation)
    first = "–" if base is None else number(base, 1)
    second = "–" if found is None else number(found, 1)
    return f"{one.group}: gennemsnit før {first}, nu {second} fuldtidspersoner"


def _panel(one: Series, top: float, height: float, left: float, right: float) -> list[str]:
    values = [value for value in (*one.baseline, *one.evaluation) if value is not None]
    high = max(values, default=Decimal(1)) or Decimal(1)
    low = min(values, default=Decimal(0))
    low = low - (high - low) / 4 if low > high / 2 else Decimal(0)
    count = max(len(one.baseline), len(one.evaluation), 2)
    span = high - low or Decimal(1)

    def at(index: int, value: Decimal) -> tuple[float, float]:
        x = left + index * (WIDTH - left - right) / (count - 1)
        return x, top + height - float((value - low) / span) * height

    body = [_text(4, top - 12, one.group, weight="bold")]
    for value in (low, high):
        y = at(0, value)[1]
        body.append(_line([(left, y), (WIDTH - right, y)], GRID))
        body.append(_text(left - 8, y + 4, number(value, 1), anchor="end", fill=SOFT))
    for index, label in enumerate(one.labels):
        x = at(index, low)[0]
        body.append(_text(x, top + height + 16, label, anchor="middle", fill=SOFT, size=11))
    named = ((one.baseline, "før", SOFT, "5 3"), (one.evaluation, "nu", TOTAL, ""))
    ends: list[float] = []
    for months_values, label, colour, dash in named:
        known = [(i, v) for i, v in enumerate(months_values) if v is not None]
        if not known:
            continue
        points = [at(i, v) for i, v in known]
        body.append(_line(points, colour, dash=dash, width=2))
        mean = _mean(months_values) or Decimal(0)
        y = points[-1][1] + 4
        if ends and abs(ends[-1] - y) < 16:
            y = ends[-1] + (16 if y >= ends[-1] else -16)
        ends.append(y)
        text = f"{label}, gns. {number(mean, 1)}"
        body.append(_text(points[-1][0] + 10, y, text, fill=colour, weight="bold"))
    return body
