"""The contract file as a model: every key, its type and the checks that need one section only.

What belongs here: the shape of the file and checks inside one mapping. What does not: checks
between sections (``checks``), reading files (``loader``), tables (``tables``). A number that the
rules state in words is an optional key with that number as default (docs/adr/0003).

Rules: C.file, C.actors, C.clause, C.parts, C.readings, C.tracked, C.tracking, C.only_place,
S.calendar, S.variant.
Decides: C.parts, C.readings, C.tracking.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from dagster_project.lib.base import canonical, months, person_names, strict_yaml
from dagster_project.lib.contracts.scalars import (
    MAX_COUNT,
    Between,
    Boolean,
    Clause,
    Count,
    Day,
    Days,
    Fte,
    Hours,
    Integer,
    Measure,
    Money,
    Month,
    Share,
    SignedMoney,
    Text,
)
from dagster_project.lib.contracts.terms import hash_terms

KEY_PATH = "key_path"
"""Type of an error that names a key inside the mapping that was validated."""


def _wrong(text: str, *path: str | int) -> PydanticCustomError:
    """What is wrong with a key inside the mapping that a validator looks at."""
    return PydanticCustomError(KEY_PATH, "{text}", {"path": path, "text": text})


def _once(what: str, key: str | None = None) -> AfterValidator:
    """Refuse a list whose items (or what stands under their ``key``) are not all different."""

    def check(items: list[Any]) -> list[Any]:
        values = [getattr(item, key) if key else item for item in items]
        for number, value in enumerate(values):
            if value in values[:number]:
                raise _wrong(f"{what} står to gange", number, *([key] if key else []))
        return items

    return AfterValidator(check)


SLUG = r"^\w[\w-]{0,99}$"
Slug = Annotated[Text, Field(pattern=SLUG)]
Months = Annotated[Integer, Between(1, 1200)]
GapDays = Annotated[Integer, Between(0, 3650)]
PositiveDays = Annotated[Integer, Between(1, 3650)]
DeadlineDays = Annotated[Integer, Between(0, 3650)]
Groups = Annotated[list[Text], Field(min_length=1), _once("gruppen")]
ExitReason = Literal["død", "fraflyttet", "udvandret", "pension", "trukket", "afsluttet"]


class AddedLater:
    """Marks a key that the model got after terms were first hashed in today's form.

    ``Annotated[Money | None, AddedLater()]``: where a file does not write such a key, its terms and
    their hash are what they were before the key existed (C.terms).
    """


Title = Annotated[Text | None, AddedLater()]
"""What people read instead of an id; it bears on no krone (C.terms)."""


class Section(BaseModel):
    """A mapping of the contract file; each may name the clause it rests on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clause: Clause | None = None

    @model_serializer(mode="wrap")
    def _without_later_keys(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The section as plain data, without later keys that its file does not write."""
        told: dict[str, Any] = write(self)
        for name, described in type(self).model_fields.items():
            is_later = any(isinstance(mark, AddedLater) for mark in described.metadata)
            if is_later and name not in self.model_fields_set:
                told.pop(described.alias or name, None)
        return told


class Parties(Section):
    """Who the contract is between."""

    municipality: Text
    provider: Text | None = None
    investor: Text | None = None


class Span(Section):
    """A first and a last day or month, both included, under the names that a span gives them."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        first, last = [name for name in type(self).model_fields if name != "clause"]
        if getattr(self, first) > getattr(self, last):
            raise _wrong(f"{first} ligger efter {last}", first)
        return self


class Term(Span):
    """First and last day of the contract."""

    starts_on: Day
    ends_on: Day
    clause: Clause


class Actor(BaseModel):
    """A name that may act; with ``os_user`` only that operating-system user may act under it.

    A name without one is written as a text, and stays one in the stored terms.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[Text, Field(max_length=person_names.MAX_LENGTH)]
    os_user: Annotated[Text, Field(pattern=r"^\S+$", max_length=256)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _written_as_text(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, dict) and value.get("os_user") is None:
            raise _wrong(
                "skal nævne en bruger; et navn uden bruger skrives som en tekst", "os_user"
            )
        return value

    @field_validator("name")
    @classmethod
    def _can_be_a_name(cls, value: str) -> str:
        if problem := person_names.problem_of(value):
            raise ValueError(problem)
        return value

    @model_serializer
    def _as_written(self) -> Any:
        return {"name": self.name, "os_user": self.os_user} if self.os_user else self.name

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """What an editor checks: a text, or a mapping with both keys."""
        name = {"type": "string", "minLength": 1, "maxLength": person_names.MAX_LENGTH}
        return {"anyOf": [name, {
            "type": "object",
            "properties": {"name": name, "os_user": {"type": "string", "pattern": r"^\S+$"}},
            "required": ["name", "os_user"],
            "additionalProperties": False,
        }]}  # fmt: skip


class Actors(Section):
    """The names that may act, by role; a role that is left out has none."""

    provider: list[Actor] = []
    municipality: list[Actor] = []
    finance: list[Actor] = []

    @property
    def by_role(self) -> dict[str, list[Actor]]:
        """The names of each role."""
        return {role: getattr(self, role) for role in ("provider", "municipality", "finance")}

    @model_validator(mode="after")
    def _one_user_a_name(self) -> Self:
        users: dict[str, str | None] = {}
        for role, names in self.by_role.items():
            for number, actor in enumerate(names):
                if users.setdefault(person_names.same(actor.name), actor.os_user) != actor.os_user:
                    raise _wrong(
                        "navnet står to gange, med en anden os_user eller uden", role, number
                    )
        return self


class Calendar(Section):
    """Until when each step of a settlement is to be taken (S.due); nothing is blocked by it."""

    submit_within_days: DeadlineDays | None = None
    verify_within_days: DeadlineDays | None = None
    approve_within_days: DeadlineDays | None = None
    pay_within_days: DeadlineDays | None = None
    dispute_within_days: DeadlineDays | None = None
    dispute_min_dkk: Money | None = None

    @property
    def days_by_step(self) -> dict[str, int]:
        """The steps that have a deadline, in their order, each with its days."""
        steps = ("submit", "verify", "approve", "pay", "dispute")
        days = {step: getattr(self, f"{step}_within_days") for step in steps}
        return {step: int(number) for step, number in days.items() if number is not None}


class Settlement(Section):
    """How the contract's time is cut into periods."""

    months_per_period: Annotated[Integer, Field(json_schema_extra={"enum": [1, 3, 6, 12]})]
    anchor_month: Annotated[Integer, Between(1, 12)]
    final_on: Day | None = None
    young_data_days: Days = 60
    calendar: Annotated[Calendar | None, AddedLater()] = None

    @field_validator("months_per_period")
    @classmethod
    def _known_length(cls, value: int) -> int:
        if value not in (1, 3, 6, 12):
            raise ValueError("skal være 1, 3, 6 eller 12")
        return value


class Rate(Section):
    """Kroner for one month, from a date on."""

    valid_from: Day
    amount: Money


class PriceGroup(Section):
    """A benefit group that a course may be priced by."""

    benefit_group: Text
    max_participants: Count | None = None
    rates: Annotated[list[Rate], Field(min_length=1)]

    @model_validator(mode="after")
    def _rates_in_order(self) -> Self:
        for number, (earlier, later) in enumerate(pairwise(self.rates), start=1):
            if later.valid_from <= earlier.valid_from:
                raise _wrong("skal ligge efter den forrige", "rates", number, "valid_from")
        return self


class HistoricalShares(BaseModel):
    """Share of self-supporting months before the project, by benefit group."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Share] = Field(init=False)

    clause: Clause | None = None

    @property
    def by_group(self) -> dict[str, Any]:
        """Share by benefit group."""
        return dict(self.__pydantic_extra__)


class PersonMonthsTarget(Section):
    """What the project is to reach, shown beside what it reaches."""

    points_above_history: Measure
    weeks_in_two_years: Measure


class PersonMonthsPart(Section):
    """Months of self-support of referred citizens × price (R3.amount)."""

    part_id: Slug
    title: Title = None
    kind: Literal["person_months"]
    clause: Clause
    price_groups: Annotated[
        list[PriceGroup], Field(min_length=1), _once("benefit_group", "benefit_group")
    ]
    min_case_days: Days
    case_groups: Groups
    case_max_gap_days: GapDays
    effort_months: Months
    max_support_days: Annotated[Integer, Between(0, 31)]
    subsidised_job_blocks: Boolean
    exit_reasons: Annotated[list[ExitReason], _once("grunden")]
    pay_on: Literal["claim_and_register", "register"]
    historical_success_rate: HistoricalShares | None = None
    target: PersonMonthsTarget | None = None

    @model_validator(mode="after")
    def _groups_fit(self) -> Self:
        priced = [group.benefit_group for group in self.price_groups]
        for number, group in enumerate(priced):
            if group not in self.case_groups:
                what = f"{group} står ikke under case_groups"
                raise _wrong(what, "price_groups", number, "benefit_group")
        history = self.historical_success_rate.by_group if self.historical_success_rate else {}
        for group in history:
            if group not in priced:
                raise _wrong("står ikke under price_groups", "historical_success_rate", group)
        return self


class FteGroup(Section):
    """A benefit group whose fall in full-time persons is paid, in kroner per person and month."""

    benefit_group: Text
    rate: Money


class MonthSpan(Span):
    """First and last month, both included."""

    first_month: Month
    last_month: Month


class FteReductionPart(Section):
    """Fall in full-time persons between two spans of months × price (R4.reduction)."""

    part_id: Slug
    title: Title = None
    kind: Literal["fte_reduction"]
    clause: Clause
    groups: Annotated[list[FteGroup], Field(min_length=1), _once("benefit_group", "benefit_group")]
    baseline: MonthSpan
    evaluation: MonthSpan
    netting: Literal["across_groups", "per_group"]

    @property
    def booking_month(self) -> dt.date:
        """The month that the part's amounts are booked on."""
        return self.evaluation.last_month


class RelapseBaseline(Section):
    """Entries into employment before the project, and how many of them relapsed."""

    entries: Annotated[Count, Between(1, MAX_COUNT)]
    relapsed: Count

    @model_validator(mode="after")
    def _part_of_whole(self) -> Self:
        if self.relapsed > self.entries:
            raise _wrong("relapsed er større end entries", "relapsed")
        return self


class RelapseTarget(Section):
    """By which share relapses are to fall, and when."""

    reduction: Share
    by: Day


class RelapsePart(Section):
    """Relapses within a follow-up time, avoided × price (R5.saving)."""

    part_id: Slug
    title: Title = None
    kind: Literal["relapse_reduction"]
    clause: Clause
    target_groups: Groups
    match_group: Text | None = None
    case_max_gap_days: GapDays
    entries: MonthSpan
    follow_up_days: PositiveDays = 365
    baseline: RelapseBaseline
    target: RelapseTarget
    cost_per_relapse: Annotated[Money, Field(gt=0)]
    yearly_investment: Money

    @property
    def last_follow_up_on(self) -> dt.date:
        """The last day on which an entry of the last entry month is followed up."""
        last_entry_on = months.last_day(self.entries.last_month)
        return last_entry_on + dt.timedelta(days=self.follow_up_days)

    @property
    def booking_month(self) -> dt.date:
        """The month that the saving is booked on."""
        return months.first_day(self.last_follow_up_on)


Part = Annotated[
    PersonMonthsPart | FteReductionPart | RelapsePart, Field(discriminator="kind")
]  # fmt: skip


class Tier(Section):
    """The provider's share of the basis above an amount."""

    above: Money
    title: Title = None
    provider_share: Share
    clause: Clause


class Reading(Section):
    """One way to read the contract's ceilings; null is no ceiling, leaving the key out is not."""

    reading_id: Slug
    title: Title = None
    payment_ceiling: Money | None
    basis_ceiling: Money | None
    clause: Clause


class Readings(Section):
    """The readings of a contested text, and which one is followed for what reason."""

    chosen: Text
    chosen_reason: Text
    alternatives: Annotated[list[Reading], Field(min_length=1), _once("reading_id", "reading_id")]

    @model_validator(mode="after")
    def _chosen_exists(self) -> Self:
        ids = [reading.reading_id for reading in self.alternatives]
        if self.chosen not in ids:
            raise _wrong("ingen fortolkning har dette reading_id", "chosen")
        return self


class Payment(Section):
    """How the basis becomes payment (S.tiers)."""

    tiers: Annotated[list[Tier], Field(min_length=1)]
    authorised_max: Money | None = None
    readings: Readings

    @model_validator(mode="after")
    def _tiers_rise_from_zero(self) -> Self:
        if self.tiers[0].above != 0:
            raise _wrong("det første skal være 0", "tiers", 0, "above")
        for number, (lower, upper) in enumerate(pairwise(self.tiers), start=1):
            if upper.above <= lower.above:
                raise _wrong("skal være større end den forrige", "tiers", number, "above")
        return self


class PotentialGroup(Section):
    """Gross cost of a full-time person and the state's share of it."""

    benefit_group: Text
    gross: Money
    refund_share: Share
    reduced_fte: Fte


class Potential(Section):
    """What fewer full-time persons are worth (R6.potential)."""

    groups: Annotated[
        list[PotentialGroup], Field(min_length=1), _once("benefit_group", "benefit_group")
    ]
    weeks_per_year: Annotated[Integer, Between(1, 53)] = 52


class FocusGoal(Section):
    """Share of long cases with a company placement or ordinary hours (R6.focus_goal)."""

    benefit_groups: Groups
    case_days: Days
    case_max_gap_days: GapDays = 28
    window_months: Months
    hours: Hours
    target_share: Share


class FollowUp(Section):
    """Monthly follow-up per benefit group (R6.follow_up)."""

    benefit_groups: Groups
    case_max_gap_days: GapDays = 28
    end_window_days: PositiveDays = 28


class ScreeningGoals(Section):
    """Persons a year aimed at, by step of the funnel."""

    eligible: Count | None = None
    screened: Count | None = None
    round_table_phone: Count | None = None
    round_table_visit: Count | None = None
    special_course: Count | None = None
    granted_flex_after: Count | None = None
    granted_retention_after: Count | None = None
    granted_retention_all: Count | None = None

    @property
    def by_step(self) -> dict[str, int]:
        """The goals that are set."""
        steps = self.model_dump(exclude={"clause"}, exclude_none=True)
        return {step: int(goal) for step, goal in steps.items()}


class Screening(Section):
    """The way from sickness benefit to a retention flex job (R8.funnel)."""

    benefit_group: Text = "sygedagpenge"
    case_days: Days
    case_max_gap_days: GapDays = 28
    status_after_days: PositiveDays = 365
    goals: ScreeningGoals = ScreeningGoals()


class DaySpan(Span):
    """First and last day, both included."""

    first_day: Day
    last_day: Day


class Effect(Section):
    """Comparison with a control group (R9.difference); it never pays."""

    part_id: Text
    control: DaySpan
    weeks: Annotated[Integer, Between(1, 1040)]
    confidence: Annotated[Share, Field(gt=0, lt=1)] = Decimal("0.950000")


class BusinessCaseLine(Section):
    """One line of the business case: an amount for each year, savings negative."""

    name: Text
    category: Literal["permanent", "investment"]
    area: Literal["service", "transfer"]
    amounts: Annotated[list[SignedMoney], Field(min_length=1)]


class StatedPayback(Section):
    """The payback years that the document prints."""

    total: Annotated[Integer, Between(1, MAX_COUNT)] | None = None
    service: Annotated[Integer, Between(1, MAX_COUNT)] | None = None


class BusinessCase(Section):
    """A business case over several years (R7.business_case)."""

    price_level: Annotated[Integer, Between(1900, 2199)]
    unit: Annotated[Integer, Between(1, 1_000_000_000)]
    years: Annotated[list[Annotated[Integer, Between(1900, 2199)]], Field(min_length=1)]
    lines: Annotated[list[BusinessCaseLine], Field(min_length=1), _once("navnet", "name")]
    stated_payback: StatedPayback = StatedPayback()
    horizon_years: Annotated[Integer, Between(1, 1000)] = 100

    @model_validator(mode="after")
    def _one_amount_a_year(self) -> Self:
        if any(b != a + 1 for a, b in pairwise(self.years)):
            raise _wrong("skal følge efter hinanden uden huller", "years")
        for number, line in enumerate(self.lines):
            if len(line.amounts) != len(self.years):
                raise _wrong("skal have ét beløb for hvert år", "lines", number, "amounts")
            if any(abs(amount) * self.unit >= 10**15 for amount in line.amounts):
                raise _wrong("et beløb × unit er for stort", "lines", number, "amounts")
        return self


class Retention(Section):
    """How long what a contract rests on is kept after its last payment (F.retention)."""

    years: Annotated[Integer, Between(1, 100)] = 5


MAX_VARIANTS = 12


_UNSURE = re.compile(r"-?(0[0-9]+|[0-9]+\.[0-9]+)")


def _typed_changes(changes: dict[str, Any]) -> dict[str, Any]:
    """New values as stored terms have them: numbers, truth values, texts."""
    for path, value in changes.items():
        if any(isinstance(one, strict_yaml.Plain) and _UNSURE.fullmatch(one)
               for one in (value if isinstance(value, list) else [value])):  # fmt: skip
            raise _wrong("et decimaltal skal stå i anførselstegn", path)
    return {path: strict_yaml.as_json(value) for path, value in changes.items()}


class Variant(Section):
    """Other terms of the contract, priced every night and never paid (S.variant)."""

    variant_id: Slug
    title: Text
    changes: Annotated[dict[str, Any], AfterValidator(_typed_changes)] = Field(alias="set")


class Contract(Section):
    """One contract file (C.file)."""

    contract_id: Slug
    title: Text
    area: Text
    parties: Parties
    document: Text
    document_title: Title = None
    term: Term
    register_source: Literal["ydelsesforloeb", "dream", "ydelsesrefusion"] = Field(alias="register")
    register_lag_days: Days
    requires_person_status: Boolean
    actors: Actors | None = None
    settlement: Settlement | None = None
    parts: list[Part]
    payment: Payment | None = None
    potential: Potential | None = None
    focus_goal: FocusGoal | None = None
    follow_up: FollowUp | None = None
    screening: Screening | None = None
    effect: Effect | None = None
    business_case: BusinessCase | None = None
    retention: Annotated[Retention | None, AddedLater()] = None
    variants: Annotated[
        list[Variant],
        Field(max_length=MAX_VARIANTS),
        _once("variant_id", "variant_id"),
        AddedLater(),
    ] = []

    @cached_property
    def terms_sha256(self) -> str:
        """sha256 of the canonical JSON of what bears on kroner in the validated terms."""
        return hash_terms(self.terms())

    @property
    def register(self) -> str:
        """The register source that decides."""
        return self.register_source

    @property
    def person_months_part(self) -> PersonMonthsPart | None:
        """The one part of kind person_months, if there is one."""
        found = [part for part in self.parts if isinstance(part, PersonMonthsPart)]
        return found[0] if found else None

    def terms(self) -> dict[str, Any]:
        """The whole model as plain data, every default written out (but ``AddedLater``)."""
        return self.model_dump(by_alias=True)

    def terms_json(self) -> str:
        """Canonical JSON of the terms, words and all: what a settlement stores."""
        return canonical.canonical_json(self.terms())
