"""The answer of ``why`` for a person, in Danish, on a terminal.

What belongs here: words, order and colour. What does not: finding the answer (``why``).

Rules: S.why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dagster_project.lib.base import danish
from dagster_project.lib.reference import words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.tree import Tree

_SHOWN = 12
_HASH_DIGITS = 12
# what nobody has paid is not called paid (S.statement)
_PAYMENT = {"approved": "Godkendt til udbetaling:", "paid": "Udbetalt:"}


def tell(document: Mapping[str, Any], console: Console) -> None:
    """Print the answer of ``why``, its longest lists cut short."""
    from rich.markup import escape

    state = words.label("state", document["state"])
    period = danish.period(document["period_label"], _day(document["period"]))
    console.print(f"[bold]{escape(document['title'])}[/] · {period} · {state}")
    said = _PAYMENT.get(document["state"], "Til udbetaling, når perioden er godkendt:")
    amounts = (document["payment_dkk"], document["basis_dkk"])
    if document["state"] != "open":
        console.print(f"{said} {_kr(amounts[0])} af grundlag {_kr(amounts[1])}")
    for text in _way_texts(document["way"]):
        console.print(f"  {escape(text)}")
    sha256 = document["statement_sha256"] or danish.NONE
    console.print(f"[dim]sha256 {sha256} · {document['snapshot_id']}[/]")
    if document["approved_as_of"]:
        said = f"Godkendt på det, man vidste {_date(document['approved_as_of'])}."
        console.print(f"[yellow]{said} {_evidence_text(document)}[/]")
    for text in (
        *map(_dispute_text, document.get("disputes", ())),
        *map(_forecast_text, document.get("forecast", ())),
        *map(_variant_text, document.get("variants", ())),
    ):
        console.print(escape(text))
    # no --course picks a line of full-time persons or relapses: the bound must not hide it
    lines = sorted(document["lines"], key=lambda line: line["course_id"] is not None)
    for line in lines[:_SHOWN]:
        console.print(_line_tree(line))
    for month in document["months_without_line"][:_SHOWN]:
        console.print(_month_tree(month))
    hidden = max(len(document["lines"]) - _SHOWN, 0)
    hidden += max(len(document["months_without_line"]) - _SHOWN, 0)
    if hidden:
        console.print(f"… og {hidden} mere: vælg med --course og --month, eller brug --json")
    if not document["lines"] and not document["months_without_line"]:
        console.print("Perioden har ingen linjer.")


def _evidence_text(document: Mapping[str, Any]) -> str:
    """What became of the evidence of an approved period."""
    if document["is_evidence_stored"]:
        return "Linjerne står, som de blev godkendt."
    if document["is_evidence_removed"]:
        return "Beviset er slettet, for kontraktens opbevaring er slut."
    return "Dengang blev beviset ikke gemt; det, der står her, er dagens."


def _way_texts(way: Mapping[str, Any] | None) -> Iterator[str]:
    """The way from basis to payment, a step a line."""
    if way is None:
        return
    yield f"grundlag til og med perioden {_kr(way['basis_cumulative_dkk'])}"
    if way["basis_counted_dkk"] != way["basis_cumulative_dkk"]:
        yield f"heraf tæller {_kr(way['basis_counted_dkk'])} (loft på grundlaget)"
    for step in way["steps"]:
        share = danish.percent(Decimal(step["provider_share"]))
        yield (
            f"trin over {_kr(step['above_dkk'])}: {share} af {_kr(step['basis_dkk'])}"
            f" = {_kr(step['amount_dkk'])} ({step['clause']})"
        )
    ceiling = f" (loft {_kr(way['payment_ceiling_dkk'])})" if way["payment_ceiling_dkk"] else ""
    yield f"betalingsret i alt {_kr(way['entitlement_cumulative_dkk'])}{ceiling}"
    if way["authorised_max_dkk"] is not None:
        released = "".join(
            f" + hævet med {_kr(row['amount_dkk'])} {_date(row['as_of_date'])}"
            for row in way["releases"]
        )
        yield f"bevilling {_kr(way['authorised_max_dkk'])}{released}"
        yield f"tilbageholdt over bevillingen {_kr(way['held_cumulative_dkk'])}"
    yield f"til udbetaling i alt {_kr(way['payment_cumulative_dkk'])}"
    if Decimal(way["carried_forward_dkk"]):
        over = _kr(way["carried_forward_dkk"])
        yield f"afregnet for meget tidligere, modregnes i de næste perioder {over}"


def _day(text: str) -> dt.date:
    """A day, or the first of a month, that the answer holds as text."""
    return dt.date.fromisoformat(text if len(text) > len("2023-01") else f"{text}-01")


def _month(text: str) -> str:
    return danish.month(_day(text))


def _date(text: str | None) -> str:
    return danish.NONE if text is None else danish.date(_day(text))


def _kr(text: str | None) -> str:
    return danish.kroner(None if text is None else Decimal(text))


def _fte(text: str | None) -> str:
    return danish.NONE if text is None else danish.number(Decimal(text), 4)


def _line_tree(line: Mapping[str, Any]) -> Tree:
    from rich.markup import escape
    from rich.tree import Tree

    name = " · ".join(
        escape(part)
        for part in (line["course_id"], _month(line["month"]), line["price_group"])
        if part
    )
    kind = words.label("line_kind", line["line_kind"])
    tree = Tree(f"[bold green]{_kr(line['difference_dkk'])}[/]  {name}  ({kind})")
    if line["line_kind"] == "true_up":
        cause = words.label("cause", line["cause"])
        sha = line["cause_delivery_sha256"]
        tree.add(f"før {_kr(line['old_amount_dkk'])}, nu {_kr(line['new_amount_dkk'])}: {cause}"
                 + (f" [dim](levering {sha[:_HASH_DIGITS]})[/]" if sha else ""))  # fmt: skip
    for text in _clause_texts(line["clause"]):
        tree.add(f"[cyan]kontrakten[/]: {escape(text)}")
    _add_told(tree, line)
    if line["today"]:
        _add_told(tree.add("[yellow]i dag vides andet[/]"), line["today"], line)
    for row in line["settled_by"]:
        verb = "er efterreguleret" if row["is_approved"] else "efterreguleres"
        sha = row["cause_delivery_sha256"]
        tree.add(
            f"[yellow]{verb} i perioden fra {_month(row['period'])}[/]: "
            f"{_kr(row['difference_dkk'])}, {words.label('cause', row['cause'])}"
            + (f" [dim](levering {sha[:_HASH_DIGITS]})[/]" if sha else "")
        )
    if _is_unsettled(line):
        tree.add("[yellow]forskellen er ikke opgjort i nogen periode endnu[/]")
    return tree


def _add_told(
    tree: Tree, told: Mapping[str, Any], before: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """What stands behind a line; of rows, those that were not told before."""
    from rich.markup import escape

    for row in told.get("statistics", ()):
        if row in before.get("statistics", ()):
            continue
        tree.add(f"{_month(row['month'])}: {_fte(row['fte_published'])} fuldtidspersoner"
                 f" ← {escape(row['file_name'] or danish.NONE)}")  # fmt: skip
    _add_entries(tree, told)
    if "rule" in told:
        _add_rule(tree, told["rule"])
    _add_evidence(tree, told.get("evidence", ()), before.get("evidence", ()))


def _forecast_text(row: Mapping[str, Any]) -> str:
    """What a scenario says of the period, in one line; no forecast is paid."""
    return (
        f"prognose, {words.label('scenario', row['scenario'])}: grundlag"
        f" {_kr(row['basis_dkk'])}, betalingsret i alt {_kr(row['entitlement_cumulative_dkk'])}"
    )


def _variant_text(row: Mapping[str, Any]) -> str:
    """What other terms come to, or the contract's own beside them, in one line; never paid."""
    told = (
        f"{row['title']}: grundlag i alt {_kr(row['basis_cumulative_dkk'])}, betalingsret i alt"
        f" {_kr(row['entitlement_cumulative_dkk'])}"
    )
    if not row["variant_id"]:
        return told
    return f"andre vilkår, {told}, forskel {_kr(row['difference_dkk'])}"


def _dispute_text(row: Mapping[str, Any]) -> str:
    """A dispute in one line: what is wanted of which month, and how it was decided."""
    outcome = "åben"
    if row["outcome"]:
        outcome = f"{words.label('dispute_outcome', row['outcome'])} {_date(row['decided_on'])}"
    return (
        f"indsigelse {row['dispute_id']}: {row['course_id']}, {_month(row['month'])}: "
        f"{words.label('dispute_wants', row['wants'])} · {_kr(row['amount_dkk'])} · {outcome}"
    )


def _is_unsettled(line: Mapping[str, Any]) -> bool:
    """Whether today's amount is another, and no later line settles it."""
    if not line["today"] or "rule" not in line["today"] or line["settled_by"]:
        return False
    amounts = [(rule or {}).get("amount_dkk") for rule in (line["rule"], line["today"]["rule"])]
    return Decimal(amounts[0] or 0) != Decimal(amounts[1] or 0)


def _add_entries(tree: Tree, line: Mapping[str, Any]) -> None:
    from rich.markup import escape

    entries = line.get("entries")
    if entries:
        counts = [sum(bool(row[name]) for row in entries)
                  for name in ("is_observed", "is_relapsed")]  # fmt: skip
        tree.add(f"{len(entries)} ansættelser, {counts[0]} fulgt til dørs et år efter,"
                 f" {counts[1]} tilbagefald [dim](R5.saving)[/]")  # fmt: skip
    for row in line.get("deliveries", ()):
        tree.add(f"{row['source']} {_date(row['covers_from'])} – {_date(row['covers_to'])}"
                 f" ← [dim]{escape(row['file_name'] or danish.NONE)}[/]")  # fmt: skip


def _clause_texts(clause: Mapping[str, Any]) -> Iterator[str]:
    for name in ("part", "price_group"):
        if clause[name]:
            yield str(clause[name])
    if clause["rates"]:
        document = clause["document_title"] or clause["document"]
        yield f"{document}: {_rates(clause['rates'])}"


def _rates(rates: Any) -> str:
    if isinstance(rates, str):
        return _kr(rates)
    return ", ".join(f"{_kr(rate['amount'])} fra {_date(rate['valid_from'])}" for rate in rates)


def _month_tree(month: Mapping[str, Any]) -> Tree:
    from rich.markup import escape
    from rich.tree import Tree

    tree = Tree(f"[bold]ingen linje[/]  {escape(month['course_id'])} · {_month(month['month'])}")
    _add_told(tree, month)
    return tree


def _add_rule(tree: Tree, rule: Mapping[str, Any] | None) -> None:
    if rule is None:
        tree.add("måneden er ikke længere en indsatsmåned for forløbet")
        return
    verdict = (
        "[green]udløser betaling[/]" if rule["is_payable"] else "[red]udløser ikke betaling[/]"
    )
    said = [words.label("reason", rule["eligibility"]),
            words.label("reason", rule["status"]),
            "krævet" if rule["is_claimed"] else "ikke krævet"]  # fmt: skip
    tree.add(f"{verdict}: {', '.join(said)} [dim]({rule['clause']})[/]")
    if rule.get("reason") == "decided":
        tree.add(f"[yellow]{words.label('reason', 'decided')}[/]")
    days = rule["support_days"]
    tree.add("måneden er ikke observeret" if days is None else f"{days} dage på ydelse i måneden")
    if rule["remedy"]:
        tree.add(f"[yellow]{rule['remedy']}[/]")


def _add_evidence(
    tree: Tree, evidence: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]
) -> None:
    from rich.markup import escape

    is_silent = all(row["role"] != "spell" for row in evidence)
    for row in evidence:
        if row in before:
            continue
        place = escape(row["file_name"] or danish.NONE)
        if row["row_number"] is not None:
            place += f", række {row['row_number']}, {row['row_hmac'] or danish.NONE}"
        else:
            place += f" (sha256 {row['delivery_sha256'][:_HASH_DIGITS]}…)"
        code = f" {escape(row['code'])}" if row["code"] else ""
        days = " – ".join(_date(day) for day in (row["first_day"], row["last_day"]) if day)
        role = words.label("evidence_role", row["role"])
        if row["role"] == "coverage" and is_silent:
            role += " og intet viser"
        tree.add(f"{role}{code} {days} ← [dim]{place}[/]")
