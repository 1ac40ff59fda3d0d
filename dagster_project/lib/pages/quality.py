"""The page of data quality: what the gates found last, and what was delivered.

What belongs here: words and order. What does not: judging (``lib.gates``).

Rules: V.quality, G.quality.
Decides: V.quality.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from dagster_project.lib.base import danish
from dagster_project.lib.gates import GATES
from dagster_project.lib.gates.kept import PASSED, STOPPED, WAITING, WARNED, Kept
from dagster_project.lib.pages.sheet import (
    Cell,
    Column,
    Page,
    Row,
    Section,
    Table,
    moment,
    section,
    some,
    table_of,
)
from dagster_project.lib.reference import words
from dagster_project.lib.status import Status

PATH = "datakvalitet.html"
_RANK = {STOPPED: 0, WARNED: 1, WAITING: 2, PASSED: 3}
_TONES = {STOPPED: "bad", WARNED: "warn", WAITING: "quiet", PASSED: "good"}
_HEADINGS = ("Kontrol", "Resultat", ">Bedømt", ">Afviger", "Hvem kan rette det")
_SHOWN = 200  # deliveries, the newest; the mart's table has all


def build(
    found: Sequence[Kept], deliveries: Sequence[Row], state: Status, now: dt.datetime
) -> Page:
    """The page.

    Args:
        found: every declared check with its last result.
        deliveries: rows of ``mart.delivery``, the newest first.
        state: of the home: what is held and refused, known to no publication yet.
        now: when it is written.
    """
    stopped = sum(one.result == STOPPED for one in found)
    warned = sum(one.result == WARNED for one in found)
    badge = Cell("Alle kontroller er bestået", tone="good")
    if any(one.result == WAITING for one in found):
        badge = Cell("Ikke alle gates er nået", tone="warn")
    if warned:
        badge = Cell("Advarsler, som intet standser", tone="warn")
    if stopped:
        badge = Cell("En kontrol standser udgivelsen", tone="bad")
    return Page(
        PATH, "Datakvalitet", f"{state.area or 'Effektafregning'} · Effektafregning",
        sentence=(
            "Tallene udgives kun, når alle fem gates er bestået. En advarsel standser intet, men"
            " vises altid."
        ),
        badge=badge,
        facts=[
            ("Siden er skrevet", Cell(moment(now))),
            ("Kontroller", Cell(danish.number(len(found), 0))),
            ("Fejl", Cell(danish.number(stopped, 0))),
            ("Advarsler", Cell(danish.number(warned, 0))),
        ],
        sections=some(
            _waiting(state), *(_gate(gate, found) for gate in GATES), _delivered(deliveries)
        ),
        footer="Siden viser kun antal, aldrig oplysninger om personer.",
    )  # fmt: skip


def _waiting(state: Status) -> Section | None:
    rows = [
        [Cell(row["file_name"]), Cell(what, tone="bad"), Cell(", ".join(row["codes"])),
         Cell(row["owner"] or danish.NONE), Cell(row["remedy"] or danish.NONE)]
        for what, some_ in (("afvist", state.refused), ("holdt tilbage", state.held))
        for row in some_
    ]  # fmt: skip
    if not rows:
        return None
    table = Table(("Fil", "Hvad", "Kode", "Hvem handler", "Hvad skal gøres"), rows)
    said = "En afvist fil ligger i quarantine/ med en rapport, der siger, hvad der er galt."
    return Section("Filer, der ikke er taget ind", [said], tables=[table])


def _gate(gate: int, found: Sequence[Kept]) -> Section:
    own = sorted((one for one in found if one.check.gate == gate), key=lambda o: _RANK[o.result])
    rows = [[_check(one), Cell(words.label("check_result", one.result), tone=_TONES[one.result]),
             *_counts(one), Cell(one.check.owner)] for one in own]  # fmt: skip
    title = f"Gate {gate} · {words.label('gate', str(gate))}"
    return Section(title, tables=[Table(_HEADINGS, rows, name="data_quality")], name=f"gate-{gate}")


def _check(one: Kept) -> Cell:
    check = one.check
    severity = words.label("severity", check.severity)
    note = f"{check.subject} · {check.check_id} · {severity}"
    return Cell(check.title, note=f"{check.remedy} ({note})" if one.result in (STOPPED, WARNED)
                else note)  # fmt: skip


def _counts(one: Kept) -> list[Cell]:
    if one.evaluated is None or one.unexpected is None:
        return [Cell(""), Cell("")]
    key = f"{one.check.gate}|{one.check.check_id}"
    return [
        Cell(danish.number(one.evaluated, 0), "data_quality.evaluated", key),
        Cell(danish.number(one.unexpected, 0), "data_quality.unexpected", key),
    ]


def _delivered(rows: Sequence[Row]) -> Section | None:
    table = table_of("delivery", rows[:_SHOWN], (
        Column("file_name", "Fil"), Column("source", "Kilde"),
        Column("extracted_on", "Trukket"), Column("covers_from", "Dækker fra"),
        Column("covers_to", "Til"), Column("row_count", "Rækker"),
        Column("rejected_rows", "Afviste rækker"), Column("is_accepted", "Taget ind"),
        Column("refusal_code", "Kode"),
    ))  # fmt: skip
    more = len(rows) - _SHOWN
    said = ["De nyeste først, som den seneste udgivelse kender dem."]
    if more > 0:
        said.append(f"{more} ældre står i tabellen delivery.")
    return section("Leveringer", table, text=said)
