"""The page of the BI questions, ``docs/bi/README.md``: each question, its SQL and its answer.

What belongs here: running the questions on a published mart and setting the page. What does not:
the SQL, which stands in ``docs/bi/*.sql``.

    python -m tests.docs.bi_answers HOME...

sets the page from homes of the synthetic municipalities; of each question the first that has an
answer.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.lib.base import danish
from dagster_project.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "docs" / "bi"
PAGE = FOLDER / "README.md"
SHOWN = 8
"""Rows of an answer that the page shows."""
OF_THE_DAY = frozenset({"udgivet_utc", "oejebliksbillede"})
"""Columns that are others in each run of the demo, or with each change of the code."""
INTRO = """# Tretten spørgsmål til den udgivne mart

Hvert spørgsmål er én `select` over skemaet `mart` i `published/payout_mart.duckdb`. Ingen af dem
har en kontrakts id, dato, sats eller loft skrevet ind: de gælder for enhver kontrakt.

Kør et af dem i Python:

```python
import duckdb

mart = duckdb.connect("data/published/payout_mart.duckdb", read_only=True)
print(mart.sql(open("docs/bi/05-hvem-skal-handle.sql").read()))
```

Hvad tabeller og kolonner betyder, og over hvad et tal kan lægges sammen, står i filen selv
(kommentarer) og i [data dictionary](../data-dictionary.md). Et tomt tal har sin grund i kolonnen
`null_reason`; koders danske navne står i tabellen `label`. Tal, der hviler på en til fire borgere,
er skjult. En borger, der er i to ydelser på samme dag, tæller i begge.

Svarene er fra de syntetiske kommuner (`effekt demo`), de første otte rækker af hvert. Siden sættes
af `python -m tests.docs.bi_answers`, og en prøve holder den ved lige.
"""


@dataclass(frozen=True)
class Question:
    """One question: its file, what it asks, and its SQL."""

    path: Path

    @property
    def sql(self) -> str:
        """The text of the file."""
        return self.path.read_text(encoding="utf-8")

    @property
    def asks(self) -> str:
        """The question, which stands in the first line."""
        return self.sql.splitlines()[0].removeprefix("-- ")

    def answer(self, mart: Path) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Names of the columns, and the rows."""
        with duckdb.connect(str(mart), read_only=True) as reader:
            found = reader.execute(self.sql)
            return [column[0] for column in found.description or ()], found.fetchall()


def questions() -> list[Question]:
    """All questions, in their order."""
    return [Question(path) for path in sorted(FOLDER.glob("*.sql"))]


def page_text(marts: Sequence[Path]) -> str:
    """The page.

    Args:
        marts: files of the published mart; of each question the first that has an answer.
    """
    parts = [INTRO]
    for number, question in enumerate(questions(), start=1):
        answers = [question.answer(mart) for mart in marts]
        names, rows = next((one for one in answers if one[1]), answers[0])
        parts += [
            f"## {number}. {question.asks}",
            "",
            f"[`docs/bi/{question.path.name}`]({question.path.name})",
            "",
            *_table(names, rows),
            "",
        ]
    return "\n".join(parts)


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    for row in rows[:SHOWN]:
        cells = [
            "…" if name in OF_THE_DAY else _text(v) for name, v in zip(names, row, strict=True)
        ]
        lines.append(f"| {' | '.join(cells)} |")
    if len(rows) > SHOWN:
        lines += ["", f"… og {len(rows) - SHOWN} rækker mere."]
    return lines


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nej"
    if isinstance(value, Decimal):
        return danish.number(value, max(0, -int(value.as_tuple().exponent)))
    return value.isoformat() if isinstance(value, dt.date) else str(value).replace("|", "\\|")


def write(marts: Sequence[Path], path: Path = PAGE) -> Path:
    """Write the page anew."""
    path.write_text(page_text(marts), encoding="utf-8")
    return path


if __name__ == "__main__":
    write([Path(home) / "published" / "payout_mart.duckdb" for home in sys.argv[1:]])
