"""Danish numbers, dates and words: what the municipality, the provider and the council read.

What belongs here: one place for every word that a code of the mart is shown as. What does not:
which figures are shown (``view``).
"""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

MINUS = "\u2212"
SPACE = "\u00a0"
HIDDEN = "skjult (1–4 personer)"
NONE = "–"
_MONTHS = (
    "januar", "februar", "marts", "april", "maj", "juni", "juli", "august", "september",
    "oktober", "november", "december",
)  # fmt: skip

STATES = {
    "open": "åben – perioden er ikke slut",
    "draft": "kladde",
    "submitted": "indsendt",
    "verified": "efterprøvet",
    "approved": "godkendt",
    "paid": "betalt",
}
ACTIONS = {
    "submit": "indsendt",
    "verify": "efterprøvet",
    "approve": "godkendt",
    "pay": "betaling registreret",
    "return": "sendt tilbage",
    "release": "bevilling hævet",
}
ROLES = {
    "provider": "leverandør",
    "municipality": "kommune",
    "finance": "økonomi",
}
KINDS = {
    "person_months": "selvforsørgende måneder",
    "fte_reduction": "færre fuldtidspersoner",
    "relapse_reduction": "færre tilbagefald",
}
CAUSES = {
    "terms_changed": "kontraktens vilkår er ændret",
    "codes_changed": "tabellen over ydelseskoder er ændret",
    "participant_changed": "oplysninger om forløbet er ændret",
    "exit_added": "forløbet er ophørt (død, flytning, pension m.m.)",
    "claim_added": "krav er kommet til",
    "claim_withdrawn": "krav er trukket tilbage",
    "register_changed": "registret er rettet",
    "statistics_revised": "den offentliggjorte statistik er revideret",
    "quota_changed": "pladserne er fordelt anderledes",
    "unknown": "årsagen er ikke fundet",
}
MATCHES = {
    "agreed": "krav og register er enige",
    "claimed_pending": "krav afventer registret",
    "claimed_denied": "krav afvist",
    "unclaimed": "ikke krævet, men selvforsørgende",
    "none": "hverken krav eller ret",
}
REASONS = {
    "eligible": "omfattet",
    "outside_term": "visiteret uden for kontraktens løbetid",
    "exited_before_referral": "ophørt før visitationen",
    "register_silent": "registret dækker ikke visitationsdagen",
    "not_on_benefit": "ikke på ydelsen på visitationsdagen",
    "case_start_unknown": "sagens begyndelse kan ikke ses i registret",
    "case_too_short": "sagen har ikke varet længe nok",
    "duplicate_person": "borgeren har allerede et forløb i kontrakten",
    "over_quota": "over kontraktens antal pladser",
    "not_eligible": "forløbet er ikke omfattet",
    "exited": "forløbet er ophørt",
    "not_observed": "registret dækker ikke måneden endnu",
    "on_support": "offentlig forsørgelse eller støttet job i måneden",
    "self_supporting": "selvforsørgende",
}
REMEDIES = {
    "outside_term": "Ingen handling: visitationen ligger uden for kontraktens løbetid.",
    "exited_before_referral": "Kommunen efterser slutdato og visitationsdato på deltagerlisten.",
    "register_silent": "Kommunen leverer et registerudtræk, der dækker visitationsdagen.",
    "not_on_benefit": "Kommunen efterser visitationsdatoen; på dagen ses ingen af ydelserne.",
    "case_start_unknown": "Kommunen leverer et registerudtræk længere tilbage i tid.",
    "case_too_short": "Ingen handling: sagen var for kort på visitationsdagen.",
    "duplicate_person": "Ingen handling: måneden afregnes på borgerens første forløb.",
    "over_quota": "Ingen handling: pladserne i prisgruppen er optaget.",
    "exited": "Ingen handling: forløbet er ophørt.",
    "not_observed": "Afvent næste registerudtræk; måneden afgøres, når den er dækket.",
    "on_support": "Ingen handling: måneden har offentlig forsørgelse eller støttet job.",
    "self_supporting": "Indsend krav for måneden, hvis der ikke er et.",
}
BLOCKERS = {
    "register_not_observed": "registret dækker ikke alle periodens måneder",
    "person_status_missing": "personstatus dækker ikke alle periodens måneder",
    "statistics_missing": "den offentliggjorte statistik mangler",
    "earlier_period_open": "en tidligere periode er ikke godkendt",
    "amount_held": "beløb over den politiske bevilling holdes tilbage",
    "delivery_refused": "leverancer er afvist",
    "delivery_held": "leverancer er holdt tilbage",
    "claims_pending": "krav afventer registret",
}
LINE_KINDS = {"new": "ny", "true_up": "efterregulering"}


def number(amount: Decimal | int, decimals: int = 2) -> str:
    """``1.234.567,50``, a true minus in front of what is negative."""
    step = Decimal(1).scaleb(-decimals)
    rounded = Decimal(amount).quantize(step, rounding=ROUND_HALF_UP)
    text = f"{abs(rounded):,.{decimals}f}".translate(str.maketrans(",.", ".,"))
    return f"{MINUS}{text}" if rounded < 0 else text


def kroner(amount: Decimal | None, missing: str = NONE) -> str:
    """``1.234,50 kr.``."""
    return missing if amount is None else f"{number(amount)}{SPACE}kr."


def percent(share: Decimal | None, decimals: int = 1, missing: str = NONE) -> str:
    """A share of 1 as ``14,5 %``."""
    return missing if share is None else f"{number(share * 100, decimals)}{SPACE}%"


def date(day: dt.date) -> str:
    """``3. maj 2024``."""
    return f"{day.day}. {_MONTHS[day.month - 1]} {day.year}"


def month(first: dt.date) -> str:
    """``maj 2024``."""
    return f"{_MONTHS[first.month - 1]} {first.year}"


def short_month(first: dt.date) -> str:
    """``maj 24``."""
    return f"{_MONTHS[first.month - 1][:3]} {first:%y}"


def word(words: dict[str, str], code: str | None) -> str:
    """The word for a code; the code itself where there is none."""
    return NONE if not code else words.get(code, code.replace("_", " "))
