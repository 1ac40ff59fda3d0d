"""The page of a contract: the way to the payment now, its periods, and the terms they rest on.

What belongs here: which rows of the mart stand on it, in which order. What does not: any figure.
The pictures, and the sections of the settlement's arithmetic, are those of its statement.

Rules: V.contract, S.variant.
Decides: V.contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from dagster_project.lib import charts
from dagster_project.lib.base import danish
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.contracts import Contract
from dagster_project.lib.ledger.chain import Ledger
from dagster_project.lib.pages import due_dates, forecast
from dagster_project.lib.pages.sheet import (
    Cell,
    Column,
    Page,
    Row,
    Section,
    Table,
    kroner,
    period,
    section,
    some,
    table_of,
)
from dagster_project.lib.publishing.shown_terms import read_shown_terms
from dagster_project.lib.publishing.snapshot import Rows, Snapshot
from dagster_project.lib.reference import words
from dagster_project.lib.statement import arithmetic, charted, front
from dagster_project.lib.statement import content as contents
from dagster_project.lib.statement.sheet import variant_title
from dagster_project.settings import Settings

PATH = "kontrakt/{}.html"
PERIODS, FORECAST = "perioder", "prognose"
_KINDS = {"paid": "paid", "approved": "settled"}


@dataclass(frozen=True)
class Made:
    """A page that waits for its pictures, and those pictures."""

    page: Page
    charts: Mapping[str, charts.Chart] = field(default_factory=dict)


def build(settings: Settings, snapshot: Snapshot, ledger: Ledger, contract: Row) -> Made:
    """The page of a contract.

    Args:
        settings: where the contract files are: the mart has no titles of tiers and readings.
        snapshot: what is published.
        ledger: the chain, as the snapshot knows it.
        contract: its row of ``mart.contract``.
    """
    return _Maker(settings, snapshot, ledger, contract).make()


class _Maker:
    """Makes the page of one contract."""

    def __init__(
        self, settings: Settings, snapshot: Snapshot, ledger: Ledger, contract: Row
    ) -> None:
        self.snapshot = snapshot
        self.ledger = ledger
        self.contract = contract
        self.contract_id = contract["contract_id"]
        self.terms = _terms(settings, snapshot, self.contract_id)
        self.settlement = self._rows("settlement", "period_start")
        self.closed = [row for row in self.settlement if row["is_closed"]]
        self.labels = {row["period_start"]: period(row) for row in self.settlement}
        self.parts = self._rows("contract_part", "part_id")
        self.forecast = forecast.read(snapshot, self.contract_id)
        self.content = self._content()
        self.charts: dict[str, charts.Chart] = {}

    def make(self) -> Made:
        """Page and pictures."""
        sections = some(
            *self._way(), self._forecast(), self._periods(), self._history(), self._basis(),
            *self._reductions(), self._achieved(), self._readings(), self._variants(),
            self._corrections(), self._deadlines(), self._disputes(), *self._terms_of(),
        )  # fmt: skip
        own = self.contract
        provider = f" med {own['provider']}" if own["provider"] else ""
        page = Page(
            PATH.format(self.contract_id), own["title"], f"{own['municipality']} · kontrakt",
            sentence=f"Kontrakt{provider}, {danish.date(own['starts_on'])} – "
            f"{danish.date(own['ends_on'])}.",
            facts=self._facts(), sections=sections,
            footer=(
                f"{own['contract_id']} · {own['document_title'] or own['document']} · vilkårenes"
                f" sha256 {own['terms_sha256'][:12]}… · {self.snapshot.snapshot_id}"
            ),
        )  # fmt: skip
        return Made(page, self.charts)

    def _rows(self, table: str, order: str) -> Rows:
        return self.snapshot.rows(
            f"select * from mart.{table} where contract_id = ? order by {order}",  # noqa: S608
            [self.contract_id],
        )

    def _content(self) -> dict[str, Any] | None:
        """What the statement of the newest closed period holds, where there is one."""
        if self.terms is None or not self.closed or self.terms.payment is None:
            return None
        start = self.closed[-1]["period_start"]
        found = contents.gather(self.snapshot, self.terms, start, self.ledger)
        earlier = [
            {"state": row["state"], "payment_dkk": str(row["payment_dkk"])}
            for row in self.closed[:-1]
        ]
        return {**found, "earlier": earlier}

    def _facts(self) -> list[tuple[str, Cell]]:
        own, key = self.contract, self.contract_id
        facts = []
        if self.closed:
            last = self.closed[-1]
            paid = [row["payment_dkk"] for row in self.closed if row["state"] == "paid"]
            through = sum((row["payment_dkk"] for row in self.closed), Decimal(0))
            facts = [
                (f"Seneste periode, {period(last)}", _state(last)),
                ("Grundlag i alt", self._of(last, "basis_cumulative_dkk")),
                ("Betalingsret i alt", self._of(last, "entitlement_cumulative_dkk")),
                ("Afregnet til dato", kroner(through, "settlement.payment_dkk", key)),
                ("Heraf betalt",
                 kroner(sum(paid, Decimal(0)), "settlement.payment_dkk:paid", key)),
                ("Til næste trin", self._of(last, "headroom_to_next_tier_dkk")),
                ("Til loftet", self._of(last, "headroom_to_ceiling_dkk")),
            ]  # fmt: skip
        for name, label in (
            ("payment_ceiling_dkk", "Loft over betalingen"),
            ("basis_ceiling_dkk", "Loft over grundlaget"),
            ("authorised_max_dkk", "Bevilling"), ("released_dkk", "Frigivet derudover"),
        ):  # fmt: skip
            if own[name]:
                facts.append((label, kroner(own[name], f"contract.{name}", key)))
        return facts

    def _of(self, row: Row, name: str) -> Cell:
        return kroner(row[name], f"settlement.{name}", f"{self.contract_id}|{row['period_start']}")

    # the way, the curve ---------------------------------------------------------------------------

    def _way(self) -> list[Any]:
        """The way through the tiers and the curve, as the statement of the period shows them."""
        if self.content is None:
            return []
        drawn = charted.charts_of(self.content)
        self.charts |= {
            name: drawn[name] for name in drawn if _is(name, charted.WAY, charted.CURVE)
        }
        way, tiers = front.the_way(self.content), arithmetic.tiers(self.content)
        label = period(self.closed[-1])
        said = [f"Til og med {label}, den seneste afsluttede periode.", *way.text]
        curve = [row for row in self._rows("payment_curve", "reading_id, basis_dkk")
                 if row["reading_id"] == self.contract["chosen_reading"]]  # fmt: skip
        table = table_of("payment_curve", curve, (
            Column("basis_dkk", "Grundlag, kr."), Column("payment_dkk", "Betalingsret, kr."),
            Column("marginal_share", "Andel af næste krone"), Column("clause", "Vilkår"),
        ))  # fmt: skip
        return [
            Section("Vejen gennem trinene nu", said, charted.WAY, tiers.tables, way.behind),
            section("Betalingskurven", picture=charted.CURVE, behind=table),
        ]

    def _forecast(self) -> Section | None:
        """What may come, on the curve of the statement with each scenario's end on it."""
        spots = forecast.spots(self.forecast)
        picture = ""
        if spots and self.content is not None:
            picture = FORECAST
            curve = charts.with_spots(charted.charts_of(self.content)[charted.CURVE], spots)
            self.charts |= {
                FORECAST: curve, f"{FORECAST}{charted.NARROW}": curve.narrow(),
            }  # fmt: skip
        return forecast.section(
            self.snapshot, self.contract_id, self.forecast, self._label(), self._title,
            self._threshold, picture=picture,
        )  # fmt: skip

    # periods --------------------------------------------------------------------------------------

    def _label(self, name: str = "period_start") -> Any:
        return lambda row: self.labels.get(row[name]) or danish.month(row[name])

    def _periods(self) -> Section | None:
        if not self.settlement:
            return None
        chart = charts.period_bars(
            [
                charts.PeriodBar(period(row), row["payment_dkk"], _KINDS.get(row["state"], "draft"))
                for row in self.closed
            ],
            "Betaling pr. periode, mio. kr.",
        )
        if self.closed:
            self.charts |= {PERIODS: chart, f"{PERIODS}{charted.NARROW}": chart.narrow()}
        table = table_of("settlement", self.settlement, (
            Column("period_start", "Periode", self._label()),
            Column("state", "Tilstand", _state),
            Column("basis_dkk", "Grundlag, kr."), Column("payment_dkk", "Betaling, kr."),
            Column("payment_cumulative_dkk", "Betaling i alt, kr."),
            Column("held_cumulative_dkk", "Holdt tilbage, kr."),
            Column("carried_forward_dkk", "Overføres, kr."),
        ))  # fmt: skip
        blockers = table_of("settlement_blocker", self._rows(
            "settlement_blocker", "period_start, is_root_cause desc, kind"
        ), (
            Column("period_start", "Periode", self._label()), Column("kind", "Hvad blokerer"),
            Column("item_count", "Antal"), Column("amount_dkk", "Beløb, kr."),
            Column("owner", "Hvem handler"), Column("remedy", "Hvad skal gøres"),
        ), "Det, der blokerer indsendelse")  # fmt: skip
        if self.closed:
            return section("Perioder", blockers, picture=PERIODS, behind=table)
        return section("Perioder", table, blockers)

    def _history(self) -> Section | None:
        rows = self._rows("settlement_history", "period_start, publication_no")
        moved = [row for row in rows if row["statement_sha256"] is not None]
        return section(
            "Fra udgivelse til udgivelse",
            table_of(
                "settlement_history",
                moved,
                (
                    Column("period_start", "Periode", self._label()),
                    Column("publication_no", "Udgivelse"),
                    Column("as_of_date", "Data til og med"),
                    Column("state", "Tilstand"),
                    Column("basis_dkk", "Grundlag, kr."),
                    Column("payment_dkk", "Betaling, kr."),
                ),
            ),
            text=["En linje for hver udgivelse, hvor periodens tilstand eller tal blev andre."],
        )

    def _threshold(self, row: Row) -> str:
        """Name of a threshold; a tier's is its title, where it has one."""
        code = str(row["threshold"])
        tiers = self.terms.payment.tiers if self.terms and self.terms.payment else ()
        titles = {f"tier_{number}": tier.title for number, tier in enumerate(tiers, start=1)}
        return titles.get(code) or words.label("threshold", code).capitalize()

    def _title(self, row: Row) -> str:
        titles = {part["part_id"]: part["title"] for part in self.parts}
        return str(titles.get(row["part_id"]) or row["part_id"])

    def _basis(self) -> Section | None:
        """The basis by part; periods with nothing in a part are left out."""
        rows = [
            row for row in self._rows("settlement_part", "period_start, part_id, price_group")
            if row["basis_dkk"] or row["person_months_payable"]
        ]  # fmt: skip
        return section("Grundlag efter del og periode", table_of("settlement_part", rows, (
            Column("period_start", "Periode", self._label()),
            Column("part_id", "Del", self._title), Column("price_group", "Prisgruppe"),
            Column("person_months_payable", "Måneder"), Column("basis_dkk", "Grundlag, kr."),
        )))  # fmt: skip

    def _reductions(self) -> list[Any]:
        """Full-time persons against the baseline, month by month, as the statement shows them."""
        if self.content is not None:
            made = list(arithmetic.reductions(self.content))
            drawn = charted.charts_of(self.content)
            self.charts |= {n: drawn[n] for n in drawn if _is(n, charted.MONTHS, charted.RELAPSE)}
            return [*made, self._effect()]
        return [self._effect()]

    def _effect(self) -> Section | None:
        return section("Fald i fuldtidspersoner", table_of(
            "fte_effect", self._rows("fte_effect", "part_id, benefit_group"), (
                Column("benefit_group", "Ydelse"), Column("baseline_mean_fte", "Gennemsnit før"),
                Column("evaluation_mean_fte", "Gennemsnit nu"),
                Column("reduction_fte", "Fald"), Column("rate_dkk", "Pris, kr."),
                Column("amount_dkk", "Beløb, kr."), Column("status", "Status"),
            )))  # fmt: skip

    def _achieved(self) -> Section | None:
        rows = [
            row for row in self._rows("settlement_part", "period_start, part_id, price_group")
            if row["achieved_share"] is not None
        ]  # fmt: skip
        return section("Opnået andel selvforsørgende måneder", table_of("settlement_part", rows, (
            Column("period_start", "Periode", self._label()),
            Column("price_group", "Prisgruppe"), Column("achieved_share", "Opnået"),
            Column("historical_share", "Historisk"),
        )))  # fmt: skip

    # readings, corrections ------------------------------------------------------------------------

    def _reading(self, row: Row) -> str:
        alternatives = self.terms.payment.readings.alternatives if (
            self.terms and self.terms.payment
        ) else ()  # fmt: skip
        titles = {one.reading_id: one.title for one in alternatives}
        title = str(titles.get(row["reading_id"]) or row["reading_id"])
        return f"{title} (følges)" if row["is_chosen"] else title

    def _readings(self) -> Section | None:
        if not self.closed:
            return None
        last = self.closed[-1]
        rows = self.snapshot.of_period(
            "mart.settlement_reading", self.contract_id, last["period_start"],
            order="is_chosen desc, reading_id",
        )  # fmt: skip
        said = f"Til og med {period(last)}, før bevillingen."
        return section("Fortolkninger af kontraktens loft", table_of("settlement_reading", rows, (
            Column("reading_id", "Fortolkning", self._reading),
            Column("entitlement_cumulative_dkk", "Betalingsret i alt, kr."),
            Column("difference_to_chosen_dkk", "Forskel fra den, der følges, kr."),
        )), text=[said])  # fmt: skip

    def _variant(self, row: Row) -> str:
        return variant_title(self.terms.terms() if self.terms else {}, row["variant_id"])

    def _variants(self) -> Section | None:
        priced = self._rows("settlement_variant", "period_start, variant_id")
        if not priced:
            return None
        newest = priced[-1]["period_start"]
        rows = [row for row in priced if row["period_start"] == newest]
        said = (
            f"Til og med {self.labels[newest]}: andre vilkår, regnet af den samme viden, som om"
            " intet var godkendt. De betales aldrig."
        )
        return section("Hvis vilkårene var andre", table_of("settlement_variant", rows, (
            Column("variant_id", "Vilkår", self._variant),
            Column("basis_cumulative_dkk", "Grundlag i alt, kr."),
            Column("entitlement_cumulative_dkk", "Betalingsret i alt, kr."),
            Column("difference_dkk", "Forskel fra kontraktens egne, kr."),
        )), text=[said])  # fmt: skip

    def _corrections(self) -> Section | None:
        corrected = Column("corrected_period_start", "Rettet periode",
                           self._label("corrected_period_start"))  # fmt: skip
        shared = (corrected, Column("cause", "Årsag"), Column("line_count", "Linjer"),
                  Column("difference_dkk", "Forskel, kr."))  # fmt: skip
        settled = table_of("settlement_true_up", self._rows(
            "settlement_true_up", "period_start, corrected_period_start, cause"
        ), (Column("period_start", "Afregnes i", self._label()), *shared), "Afregnet i en senere"
            " periode")  # fmt: skip
        radar = table_of("restatement", self._rows(
            "restatement", "corrected_period_start, cause"
        ), shared, "Radar: hvad nyere viden ville ændre i godkendte perioder")  # fmt: skip
        said = ["Godkendte perioder ændres aldrig; forskellen afregnes i en senere."]
        return section("Reguleringer og radar", settled, radar, text=said)

    # deadlines, disputes --------------------------------------------------------------------------

    def _deadlines(self) -> Section | None:
        steps = [word.code for word in words.of_domain("deadline_step")]
        said = [
            "Intet er spærret af en frist. Lørdage, søndage og helligdage flytter den frem.",
            Cell("Alle frister som kalenderfil (iCalendar)", href=due_dates.PATH),
        ]
        return section("Frister", table_of("settlement_deadline", self._rows(
            "settlement_deadline", f"period_start desc, list_position({steps}, step)"
        ), (
            Column("period_start", "Periode", self._label()), Column("step", "Trin"),
            Column("owner", "Hvem handler"), Column("due_on", "Senest"),
            Column("done_on", "Gjort"), Column("days_late", "Dage over"),
            Column("status", "Status"),
        )), text=said)  # fmt: skip

    def _disputes(self) -> Section | None:
        """How many months are disputed, in kroner; which ones stands in the restricted room."""
        rows = self.snapshot.rows(
            "select coalesce(outcome, '') as outcome, count(*) as disputes,"
            " sum(amount_dkk) as amount_dkk from restricted.dispute where contract_id = ?"
            " group by all order by outcome",
            [self.contract_id],
        )
        if not rows:
            return None
        made = [
            [
                Cell(words.label("dispute_outcome", row["outcome"]) if row["outcome"] else "åben"),
                Cell(danish.number(row["disputes"], 0)),
                Cell(danish.number(row["amount_dkk"])),
            ]
            for row in rows
        ]
        table = Table(("Afgørelse", ">Måneder", ">Beløb, kr."), made)
        return section("Indsigelser", table)

    # terms ----------------------------------------------------------------------------------------

    def _terms_of(self) -> list[Section | None]:
        tiers = table_of("contract_tier", self._rows("contract_tier", "tier_no"), (
            Column("tier_no", "Trin"), Column("above_dkk", "Grundlag over, kr."),
            Column("provider_share", "Andel, der betales"), Column("clause", "Vilkår"),
        ), "Trin")  # fmt: skip
        parts = table_of("contract_part", self.parts, (
            Column("part_id", "Del", self._title), Column("kind", "Hvad der måles"),
            Column("effort_months", "Indsatsmåneder"), Column("clause", "Vilkår"),
        ), "Dele")  # fmt: skip
        rates = table_of("contract_rate", self._rows("contract_rate", "part_id, benefit_group"), (
            Column("part_id", "Del", self._title), Column("benefit_group", "Prisgruppe"),
            Column("valid_from", "Fra"), Column("rate_dkk", "Kr. pr. måned"),
            Column("max_participants", "Pladser"),
        ), "Priser")  # fmt: skip
        return [section("Vilkår", parts, rates, tiers)]


def _terms(settings: Settings, snapshot: Snapshot, contract_id: str) -> Contract | None:
    """The terms that the figures follow; none where the contract file is another by now."""
    try:
        return read_shown_terms(settings, snapshot, contract_id)
    except EffektError:
        return None


def _is(name: str, *wanted: str) -> bool:
    return name.removesuffix(charted.NARROW) in wanted


def _state(row: Row) -> Cell:
    label = words.label("state", row["state"]) + (" (ændrede tal)" if row["is_superseded"] else "")
    key = f"{row['contract_id']}|{row['period_start']}"
    return Cell(label, "settlement.state", key)
