"""The morning page: what is published, who has to act, what moved, in the content of ``status``.

What belongs here: words and order. What does not: finding it (``lib.status``), any figure.

Rules: V.morning, P.missed.
Decides: V.morning.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from dagster_project.lib.base import danish
from dagster_project.lib.nights.causes import GATE_PAGE
from dagster_project.lib.pages.sheet import (
    Cell,
    Page,
    Row,
    Section,
    Table,
    grouped,
    iso_date,
    iso_moment,
    moment,
    period,
    section,
    some,
)
from dagster_project.lib.reference import words
from dagster_project.lib.status import Status

PATH = "index.html"
CONTRACT = "kontrakt/{}.html"
_SHOWN_CAUSES = 30
_QUALITY = GATE_PAGE.rpartition("/")[2]


def build(found: Status, now: dt.datetime, there: Collection[str]) -> Page:
    """The page.

    Args:
        found: the state of the home.
        now: when it is written.
        there: the other pages of the site, which it may lead to.
    """
    acts = list(_acts(found))
    badge, sentence = _said(found, acts)
    titles = {row["contract_id"]: row["title"] for row in found.contracts}
    return Page(
        PATH, "Morgensiden", f"{found.area or 'Effektafregning'} · Effektafregning",
        sentence=sentence, badge=badge, facts=_facts(found, now),
        sections=some(
            _to_do(acts), _contracts(found, there), _moved(found, titles), _gates(found, there),
            _skipped(found),
        ),
        footer=(
            "Tallene er udbetalingsmartens. Siden skrives af hver kørsel, hvordan den end ender; er"
            " den ældre end i dag, er der ikke kørt siden. Det samme viser effekt status."
        ),
    )  # fmt: skip


# the head -----------------------------------------------------------------------------------------


def _said(found: Status, acts: Sequence[Row]) -> tuple[Cell, str]:
    alert, own = found.alert, found.published
    data = f"Tallene viser, hvad man vidste {iso_date(own.as_of_date)}." if own else (
        "Der er endnu ikke udgivet noget."
    )  # fmt: skip
    code = alert.get("exit_code") if alert else None
    if code == 1 and alert and alert.get("snapshot_id"):
        return Cell("Udgivet, men kørslen fejlede bagefter", tone="bad"), data
    if code == 1:
        return Cell("Kørslen fejlede", tone="bad"), f"Den seneste kørsel blev ikke færdig. {data}"
    if code == 4:
        kept = "De sidst udgivne tal bliver stående. " if own else ""
        return Cell("Udgivelsen er holdt tilbage", tone="bad"), (
            f"En kritisk kontrol bestod ikke, og intet nyt er udgivet. {kept}{data}"
        )
    if code == 3:
        return Cell("Udgivet, men en fil er afvist", tone="warn"), data
    if own is None:
        return Cell("Intet udgivet", tone="warn"), data
    if acts:
        count = len(acts)
        things = "Én sag venter" if count == 1 else f"{count} sager venter"
        return Cell("Udgivet", tone="good"), f"{data} {things} på, at nogen handler."
    return Cell("Udgivet", tone="good"), f"{data} Intet er afvist, holdt tilbage eller blokeret."


def _facts(found: Status, now: dt.datetime) -> list[tuple[str, Cell]]:
    own = found.published
    facts = [("Siden er skrevet", Cell(moment(now)))]
    if own is None:
        return facts
    return [
        ("Data til og med", Cell(iso_date(own.as_of_date), "publication.as_of_date")),
        ("Udgivet", Cell(iso_moment(own.published_at))),
        ("Senest bekræftet af en kørsel", Cell(iso_moment(own.confirmed_at))),
        ("Øjebliksbillede", Cell(own.snapshot_id, "publication.snapshot_id")),
        *facts,
    ]


# what somebody has to do --------------------------------------------------------------------------


def _acts(found: Status) -> Iterator[dict[str, Any]]:
    """What is held, refused or blocks: what, who, what to do, how much."""
    known = {report for row in found.refused if (report := row["report"])}
    for alert in _alerts(found):
        for cause in alert.get("causes") or ():
            if cause.get("report") not in known:  # a refused file has its own line
                yield _act(_cause_title(cause), cause["owner"], cause["remedy"], note=cause["code"])
    for fault in found.faults:
        yield _act("Noget kan ikke læses", "dataingeniør", "Kør effekt verify", note=fault)
    for row in found.refused:
        yield _act(f"Afvist fil: {row['file_name']}", row["owner"] or "afsenderen af filen",
                   row["remedy"], note=", ".join(row["codes"]))  # fmt: skip
    for row in found.held:
        yield _act(f"Fil holdt tilbage: {row['file_name']}", row["owner"] or "controller",
                   row["remedy"], note=", ".join(row["codes"]))  # fmt: skip
    titles = {row["contract_id"]: row["title"] for row in found.contracts}
    for row in found.blockers:
        title = words.label("blocker", row["kind"])
        yield _act(
            title[:1].upper() + title[1:], row["owner"], row["remedy"], row["amount_dkk"],
            note=f"{titles.get(row['contract_id'], row['contract_id'])}, {_span(row)}",
            key=f"{row['contract_id']}|{row['kind']}",
        )  # fmt: skip


def _alerts(found: Status) -> list[Mapping[str, Any]]:
    """The alert that stands and those that no run has taken away since."""
    if found.alert is None:
        return []
    return [found.alert, *(found.alert.get("earlier") or ())]


def _cause_title(cause: Mapping[str, str]) -> str:
    word = words.find("failure", cause["code"])
    if word and word.label_da:
        return word.label_da
    is_check = cause["code"].partition(".")[0].isdecimal()
    return "En kontrol standsede udgivelsen" if is_check else "Kørslen fejlede"


def _act(
    title: str, owner: str, remedy: str | None, amount: str | None = None, *, note: str = "",
    key: str = "",
) -> dict[str, Any]:  # fmt: skip
    return {"title": title, "owner": owner, "remedy": remedy or danish.NONE, "amount": amount,
            "note": note, "key": key}  # fmt: skip


def _span(row: Row) -> str:
    first = period({"period_label": row["first_label"], "period_start": row["first_start"]})
    if row["periods"] == 1:
        return first
    return f"{row['periods']} perioder fra {first}"


_NOTHING = (
    "Intet er afvist, holdt tilbage eller blokeret. Hvem der har næste skridt, står ved kontrakten."
)


def _to_do(acts: Sequence[Row]) -> Section:
    if not acts:
        return Section("Det venter på nogen", [_NOTHING])
    rows = [
        [
            Cell(act["title"], note=act["note"]), Cell(act["owner"]), Cell(act["remedy"]),
            _dkk(act["amount"], "settlement_blocker.amount_dkk" if act["key"] else "", act["key"]),
        ]
        for act in acts
    ]  # fmt: skip
    table = Table(("Hvad", "Hvem handler", "Hvad skal gøres", ">Beløb, kr."), rows)
    return Section("Det venter på nogen", tables=[table], name="handling")


# contracts ----------------------------------------------------------------------------------------


def _contracts(found: Status, there: Collection[str]) -> Section | None:
    paying = [row for row in found.contracts if row["newest"] or row["payment_ceiling_dkk"]]
    rows = [[_link(row, there), *_line(row, found)] for row in paying]
    others = [row for row in found.contracts if row not in paying]
    headings = ("Kontrakt", "Nyeste perioder", ">Afregnet, kr.", ">Heraf betalt, kr.", ">Loft, kr.",
                ">Bevilget, kr.", "Næste skridt")  # fmt: skip
    tables = [Table(headings, rows)] if rows else []
    if others:
        followed = [[_link(row, there)] for row in others]
        tables.append(Table(("Kontrakt",), followed, caption="Kontrakter, der kun følges"))
    text = (
        "Afregnet er, hvad alle afsluttede perioder giver ret til, også dem, der endnu er kladder."
    )
    return section("Kontrakterne", *tables, text=[text] if rows else [], name="kontrakter")


def _link(row: Row, there: Collection[str]) -> Cell:
    path = CONTRACT.format(row["contract_id"])
    return Cell(row["title"], "contract.title", row["contract_id"],
                href=path if path in there else "")  # fmt: skip


def _line(row: Row, found: Status) -> list[Cell]:
    contract = row["contract_id"]
    newest = ", ".join(f"{period(p)} {words.label('state', p['state'])}" for p in row["newest"])
    ceiling, authorised = row["payment_ceiling_dkk"], row["authorised_max_dkk"]
    released = Decimal(row["released_dkk"] or 0)
    limit = None if authorised is None else Decimal(authorised) + released
    return [
        Cell(newest or danish.NONE),
        _dkk(row["settled_dkk"], "settlement.payment_dkk", contract),
        _dkk(row["paid_dkk"], "settlement.payment_dkk:paid", contract),
        _of(_dkk(ceiling, "contract.payment_ceiling_dkk", contract), row["settled_dkk"], ceiling),
        _of(_dkk(limit, "contract.authorised_max_dkk", contract), row["settled_dkk"], limit),
        _next(row, found),
    ]


def _dkk(amount: Any, figure: str, key: str) -> Cell:
    """An amount under a heading that has its unit."""
    shown = danish.NONE if amount is None else danish.number(Decimal(amount))
    return Cell(shown, figure, key)


def _of(cell: Cell, settled: str | None, limit: Any) -> Cell:
    """A limit with how much of it is used."""
    if settled is None or not limit:
        return cell
    used = danish.percent(Decimal(settled) / Decimal(limit))
    return Cell(cell.text, cell.figure, cell.key, note=f"{used} er brugt")


def _next(row: Row, found: Status) -> Cell:
    """Who has to act next, and on which period."""
    due = row["next"]
    if due is None:
        return Cell("intet venter", tone="quiet", note=" · ".join(_soon(row, found)))
    mine = (row["contract_id"], due["period_start"])
    blocked = [b for b in found.blockers if (b["contract_id"], b["first_start"]) == mine]
    told = [f"{row['waiting']} perioder venter"] if row["waiting"] > 1 else []
    waiting = " · ".join([*told, *_soon(row, found)])
    if blocked:
        owner = ", ".join(dict.fromkeys(b["owner"] for b in blocked))
        return Cell(f"{owner}: fjern det, der blokerer {period(due)}", note=waiting)
    state = "draft" if due["is_superseded"] and due["state"] != "paid" else due["state"]
    actor = words.owner("next_step", state) or "controller"
    step = words.label("next_step", state)
    return Cell(f"{actor}: {step} for {period(due)}", note=waiting)


def _soon(row: Row, found: Status) -> Iterator[str]:
    """The contract's next deadline and who has it, and its open disputes."""
    mine = [one for one in found.deadlines if one["contract_id"] == row["contract_id"]]
    for one in mine[:1]:
        late = f", {one['days_late']} dage over" if one["status"] == "overdue" else ""
        yield (
            f"næste frist: {words.label('deadline_step', one['step'])} {period(one)} senest "
            f"{iso_date(one['due_on'])}{late} ({words.label('role', one['owner'])})"
        )
    for one in found.disputes:
        if one["contract_id"] == row["contract_id"]:
            kroner = danish.kroner(Decimal(one["amount_dkk"]))
            yield f"{one['open_count']} åbne indsigelser, {kroner}"


# what moved ---------------------------------------------------------------------------------------


def _moved(found: Status, titles: Mapping[str, str]) -> Section | None:
    name, title = "aendret", "Ændret siden forrige udgivelse"
    if found.published is None:
        return None
    if found.changed is None:
        return Section(title, ["Der er ingen tidligere udgivelse at sammenligne med."], name=name)
    new = found.new_deliveries or 0
    told = "Én ny levering er taget ind" if new == 1 else f"{new} nye leveringer er taget ind"
    said = [f"{told} siden {found.before}."]
    if not found.changed and not found.causes:
        return Section(title, [*said, "Ingen periode og intet beløb er ændret."], name=name)
    periods = [
        [
            Cell(titles.get(row["contract_id"], row["contract_id"])), Cell(period(row)),
            Cell(_step(row)),
            _difference(row, "basis", "basis_before_dkk"),
            _difference(row, "payment", "payment_before_dkk"),
        ]
        for row in found.changed
    ]  # fmt: skip
    tables = [
        _cause_table(caption, rows, titles)
        for kind, caption in _KINDS.items()
        if (rows := [row for row in found.causes if row["kind"] in kind])
    ]
    headings = ("Kontrakt", "Periode", "Tilstand", ">Grundlag, kr.", ">Betaling, kr.")
    moved = Table(headings, periods, caption="Perioder") if periods else None
    return section(title, *tables, moved, text=said, name=name)


_KINDS = {
    ("period", "true_up"): "Grundlaget, efter årsag",
    ("radar",): "Godkendte perioder, som nyere viden ville ændre, efter årsag",
    ("radar_gone",): "Godkendte perioder, hvis ændringer ikke længere venter, efter årsag",
}


def _cause_table(caption: str, rows: Sequence[Row], titles: Mapping[str, str]) -> Table:
    """Kroner by cause; what a hidden row moved stands in no sum."""
    made = []
    for (contract, cause, kind), own in grouped(rows, "contract_id", "cause", "kind").items():
        shown = [Decimal(r["difference_dkk"]) for r in own if r["difference_dkk"] is not None]
        names = dict.fromkeys(
            period(r) if r["period_label"] else danish.month(_day(r)) for r in own
        )
        domain = "movement" if kind == "period" else "cause"
        amount = Cell(_signed(sum(shown, Decimal(0)))) if shown else Cell(danish.HIDDEN)
        made.append([
            Cell(titles.get(contract, contract)), Cell(words.label(domain, cause)),
            Cell(", ".join(names)), amount,
        ])  # fmt: skip
    return Table(
        ("Kontrakt", "Årsag", "Perioder", ">Kroner"), made[:_SHOWN_CAUSES], caption=caption
    )


def _day(row: Row) -> dt.date:
    return dt.date.fromisoformat(row["period_start"])


def _step(row: Row) -> str:
    now = words.label("state", row["state"])
    if row["state_before"] in (None, row["state"]):
        return now
    return f"{words.label('state', row['state_before'])} → {now}"


def _difference(row: Row, name: str, before: str) -> Cell:
    """An amount now, with how it moved."""
    now, then = row[f"{name}_dkk"], row[before]
    key = f"{row['contract_id']}|{row['period_start']}"
    shown = danish.NONE if now is None else danish.number(Decimal(now))
    moved = Decimal(now or 0) - Decimal(then or 0)
    return Cell(shown, f"settlement.{name}_dkk", key, note=_signed(moved) if moved else "")


def _signed(amount: Decimal) -> str:
    return f"+{danish.number(amount)}" if amount > 0 else danish.number(amount)


# gates and nights ---------------------------------------------------------------------------------


def _gates(found: Status, there: Collection[str]) -> Section | None:
    rows = []
    for row in found.gates:
        state = "stopped" if row["failed"] else "warned" if row["warned"] else "passed"
        tone = {"stopped": "bad", "warned": "warn", "passed": "good"}[state]
        name = f"{row['gate']} · {words.label('gate', str(row['gate']))}"
        rows.append([
            Cell(name, href=_QUALITY if _QUALITY in there else ""),
            Cell(words.label("check_result", state), tone=tone),
            *(Cell(danish.number(row[n], 0)) for n in ("checks", "failed", "warned")),
        ])  # fmt: skip
    if not rows:
        return None
    headings = ("Gate", "Resultat", ">Kontroller", ">Fejl", ">Advarsler")
    said = (
        "Fem gates bedømmer data på vejen; en fejl i en kritisk kontrol holder udgivelsen tilbage."
    )
    return Section("Kontroller", [said], tables=[Table(headings, rows)], name="kontroller")


def _skipped(found: Status) -> Section | None:
    if not found.skipped_dates:
        return None
    days = ", ".join(map(iso_date, found.skipped_dates))
    said = f"På disse datoer kørte der ingen nat, og de indhentes ikke: {days}."
    return Section("Datoer uden nat", [said], name="sprunget-over")
