"""The page of follow-up and effect: what contracts promise beside the bill, and what came of it.

What belongs here: which rows of the mart stand on it, in which order. What does not: any figure.

Rules: V.follow_up.
Decides: V.follow_up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from dagster_project.lib import charts
from dagster_project.lib.pages.contract import Made
from dagster_project.lib.pages.sheet import (
    Column,
    Page,
    Row,
    Section,
    Table,
    grouped,
    some,
    table_of,
)
from dagster_project.lib.publishing.snapshot import Snapshot
from dagster_project.lib.statement.charted import NARROW

PATH = "opfoelgning.html"
_SUMMARY = (
    Column("entries", "Ansættelser"), Column("observed", "Fulgt op"),
    Column("retained", "Fastholdt"), Column("relapsed", "Tilbagefald"),
    Column("relapse_rate", "Andel"), Column("baseline_relapse_rate", "Andel før"),
    Column("expected_relapses", "Forventet"), Column("target_relapses", "Mål"),
    Column("avoided_relapses", "Undgået"), Column("saving_dkk", "Besparelse, kr."),
    Column("net_saving_dkk", "Netto, kr."), Column("break_even_relapses", "Break-even ved"),
)  # fmt: skip
_RELAPSE = (
    Column("months_since_entry", "Måneder efter"), Column("at_risk", "Under risiko"),
    Column("returned", "Vendt tilbage siden forrige linje"),
    Column("still_out_share", "Stadig uden ydelse"),
)  # fmt: skip
_FOCUS = (
    Column("month", "Måned"), Column("benefit_group", "Ydelse"), Column("persons", "Personer"),
    Column("with_placement", "Virksomhedsplacering"), Column("with_hours", "Ordinære timer"),
    Column("with_either", "En af delene"), Column("achieved_share", "Opnået"),
    Column("target_share", "Mål"), Column("missing_to_target", "Mangler"),
)  # fmt: skip
_FOLLOW_UP = (
    Column("month", "Måned"), Column("benefit_group", "Ydelse"), Column("persons", "Personer"),
    Column("fte_register", "Fuldtidspersoner, register"),
    Column("fte_published", "Fuldtidspersoner, statistik"),
    Column("company_directed_share", "Virksomhedsrettet"),
    Column("cases_ended", "Afsluttede sager"), Column("company_contacts", "Virksomhedskontakter"),
)  # fmt: skip
_FUNNEL = (
    Column("year", "År"), Column("step", "Trin"), Column("persons", "Personer"),
    Column("goal", "Mål"),
)  # fmt: skip
_EFFECT = (
    Column("treated_n", "Deltagere"), Column("control_n", "Kontrolgruppe"),
    Column("treated_mean_weeks", "Uger, deltagere"), Column("control_mean_weeks", "Uger, kontrol"),
    Column("difference_weeks", "Forskel, uger"), Column("ci_low_weeks", "95 % fra"),
    Column("ci_high_weeks", "95 % til"), Column("difference_points", "Procentpoint"),
    Column("target_weeks", "Mål, uger"),
)  # fmt: skip
_POTENTIAL = (
    Column("benefit_group", "Ydelse"), Column("gross_dkk", "Brutto pr. år, kr."),
    Column("refund_share", "Refusion"), Column("net_dkk", "Netto pr. år, kr."),
    Column("net_per_week_dkk", "Netto pr. uge, kr."), Column("reduced_fte", "Færre"),
    Column("saving_dkk", "Besparelse, kr."),
)  # fmt: skip
_CASE = (
    Column("year", "År"), Column("permanent_service_dkk", "Service, kr."),
    Column("permanent_transfer_dkk", "Overførsler, kr."), Column("permanent_dkk", "Varigt, kr."),
    Column("investment_dkk", "Investering, kr."), Column("net_dkk", "Netto, kr."),
    Column("net_cumulative_dkk", "Netto i alt, kr."),
)  # fmt: skip
_CASE_SUM = (
    Column("gross_saving_dkk", "Bruttobesparelse, kr."), Column("net_saving_dkk", "Netto, kr."),
    Column("payback_year_total", "Tilbagebetalt i år nr."),
    Column("payback_year_service", "Tilbagebetalt på service i år nr."),
    Column("stated_payback_total", "Oplyst"), Column("stated_payback_service", "Oplyst, service"),
)  # fmt: skip
_INDEX = (
    Column("table_id", "Tabel"), Column("year", "År"), Column("amount_mio", "Mio. kr."),
    Column("index_recomputed", "Indeks, beregnet"), Column("index_stated", "Indeks, trykt"),
    Column("is_corrected", "Rettet"),
)  # fmt: skip
_ERRATA = (
    Column("document", "Dokument"), Column("place", "Sted"), Column("stated", "Trykt"),
    Column("recomputed", "Beregnet"), Column("difference", "Forskel"), Column("kind", "Art"),
)  # fmt: skip
_BY_CONTRACT = (
    ("Målet for målgruppen", "focus_goal", _FOCUS, "month, benefit_group"),
    ("Opfølgning, måned for måned", "follow_up_month", _FOLLOW_UP, "month, benefit_group"),
    ("Screening mod mål", "screening_funnel", _FUNNEL, "year, step"),
    ("Effekt mod kontrolgruppen", "effect", _EFFECT, "part_id"),
    ("Potentiale", "potential", _POTENTIAL, "benefit_group"),
    ("Business case", "business_case_year", _CASE, "year"),
    ("Business case i alt", "business_case_summary", _CASE_SUM, "contract_id"),
)
"""Title, table, columns and order of each section that has a table for each contract."""


def build(snapshot: Snapshot, contracts: Sequence[Row]) -> Made:
    """The page, and its pictures."""
    titles = {row["contract_id"]: row["title"] for row in contracts}
    drawn: dict[str, charts.Chart] = {}
    sections = some(*_relapses(snapshot, titles, drawn), *_by_contract(snapshot, titles))
    sections += some(
        _alone(snapshot, "Udgiftsindeks", "expenditure_index", _INDEX, "table_id, year"),
        _alone(snapshot, "Fejl i dokumenterne", "erratum", _ERRATA, "document, place"),
    )
    said = "Hvor der står, at et tal er skjult, hviler det på få personer."
    page = Page(
        PATH, "Opfølgning og effekt", "Effektafregning",
        sentence="Det, kontrakterne lover ud over betalingen, og hvordan det går.",
        sections=sections or [Section("Intet at følge", ["Ingen kontrakt har opfølgning."])],
        footer=f"{said} {snapshot.snapshot_id}",
    )  # fmt: skip
    return Made(page, drawn)


def _relapses(
    snapshot: Snapshot, titles: dict[str, str], drawn: dict[str, charts.Chart]
) -> Iterator[Section]:
    rows = snapshot.rows("select * from mart.relapse_summary order by contract_id, part_id")
    curves = grouped(
        snapshot.rows("select * from mart.relapse_curve order by all"), "contract_id", "part_id"
    )
    for place, row in enumerate(rows):
        curve = curves.get((row["contract_id"], row["part_id"]), [])
        known = [
            (one["months_since_entry"], one["still_out_share"])
            for one in curve
            if one["still_out_share"] is not None
        ]
        name = f"tilbagefald-{place}"
        if known:
            marks = []
            if row["baseline_relapse_rate"] is not None:
                marks = [(12, Decimal(1) - row["baseline_relapse_rate"], "før")]
            chart = charts.relapse_curve(
                known, marks, "Andel, der stadig er uden offentlig forsørgelse"
            )
            drawn |= {name: chart, f"{name}{NARROW}": chart.narrow()}
        tables = [t for t in (table_of("relapse_summary", [row], _SUMMARY),) if t]
        title = f"Tilbagefald: {titles[row['contract_id']]}"
        yield Section(
            title, picture=name, tables=tables, behind=table_of("relapse_curve", curve, _RELAPSE)
        )


def _by_contract(snapshot: Snapshot, titles: dict[str, str]) -> Iterator[Section]:
    for title, table, columns, order in _BY_CONTRACT:
        rows = snapshot.rows(f"select * from mart.{table} order by contract_id, {order}")  # noqa: S608
        tables: list[Table] = []
        for (contract,), own in grouped(rows, "contract_id").items():
            made = table_of(table, own, columns, titles[contract])
            tables += [made] if made else []
        if tables:
            yield Section(title, tables=tables)


def _alone(
    snapshot: Snapshot, title: str, table: str, columns: Sequence[Column], order: str
) -> Section | None:
    made = table_of(table, snapshot.rows(f"select * from mart.{table} order by {order}"), columns)  # noqa: S608
    return Section(title, tables=[made]) if made else None
