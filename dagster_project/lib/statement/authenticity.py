"""Authenticating a statement without its home: figures hash, sums, tiers, event chain, bytes.

What belongs here: recomputing what a document claims from the document alone.
What does not: whether the municipality's ledger is the same (only its head can show that).

Rules: S.verify.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from dagster_project.lib.base.canonical import canonical_json, sha256_json
from dagster_project.lib.base.chained import GENESIS
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.ledger import state as states
from dagster_project.lib.ledger.chain import Event, event_hash
from dagster_project.lib.publishing.code_version import code_version
from dagster_project.lib.statement.figures import figures_sha256
from dagster_project.lib.statement.tiers import Reading, Tier, entitlement, walk

Document = Mapping[str, Any]
_TOTALS = {
    "basis_dkk": ("basis", "period"),
    "basis_cumulative_dkk": ("basis", "cumulative"),
    "entitlement_cumulative_dkk": ("entitlement", "cumulative"),
    "payment_dkk": ("payment", "period"),
    "payment_cumulative_dkk": ("payment", "cumulative"),
    "carried_forward_dkk": ("payment", "carried_forward"),
    "repayable_dkk": ("payment", "repayable"),
    "held_cumulative_dkk": ("held", "cumulative"),
}
MAX_BYTES = 512 * 1024 * 1024


@dataclass
class Verdict:
    """What was checked and what is wrong with it."""

    file_name: str
    statement_sha256: str | None = None
    state: str | None = None
    checked: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def is_valid(self) -> bool:
        """Whether everything that was checked holds."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain data."""
        return {
            "file": self.file_name, "is_valid": self.is_valid, "state": self.state,
            "statement_sha256": self.statement_sha256, "checked": self.checked,
            "problems": self.problems,
        }  # fmt: skip

    def text(self) -> str:
        """The verdict for a person, in Danish."""
        head = "I orden" if self.is_valid else "IKKE i orden"
        lines = [f"{head}: {self.file_name}"]
        if self.statement_sha256:
            lines.append(f"Opgørelsens sha256: {self.statement_sha256}")
        lines += [f"  ✓ {check}" for check in self.checked]
        lines += [f"  ✗ {problem}" for problem in self.problems]
        return "\n".join(lines)


def authenticate(path: Path) -> Verdict:
    """Authenticate a statement's JSON, HTML, PDF or XLSX offline, without a home.

    JSON, HTML and XLSX hold the whole document and are recomputed; a PDF holds no course and is
    only checked byte by byte against its own seal.

    Raises:
        UsageError: the file cannot be read or is of another kind (exit 2).
    """
    readers: dict[str, Callable[[Path, Verdict], str | None]] = {
        ".json": _read_json, ".html": _read_html, ".pdf": _read_pdf, ".xlsx": _read_xlsx,
    }  # fmt: skip
    reader = readers.get(path.suffix.lower())
    if reader is None or not path.is_file() or path.stat().st_size > MAX_BYTES:
        raise UsageError(
            f"{path.name} is no statement that can be checked",
            remedy="name a .json, .html, .xlsx or .pdf statement",
        )
    verdict = Verdict(path.name)
    text = reader(path, verdict)
    if text is not None:
        _check_text(text, verdict)
        if not verdict.problems:
            _check_rendering(path, text, verdict)
    return verdict


# what the file holds ------------------------------------------------------------------------------


def _read_json(path: Path, verdict: Verdict) -> str | None:
    text = _decoded(path.read_bytes())
    if text is None or not text.endswith("\n"):
        verdict.problems.append("filen er ikke skrevet, som opgørelser skrives")
        return None
    return text[:-1]


def _read_html(path: Path, verdict: Verdict) -> str | None:
    from dagster_project.lib.statement import web

    page = _decoded(path.read_bytes())
    if page is None or not web.is_sealed(page):
        verdict.problems.append("siden er ændret, siden den blev lavet")
    else:
        verdict.checked.append("siden er uændret, tegn for tegn")
    text = None if page is None else web.document_of(page)
    if text is None:
        verdict.problems.append("siden har ingen opgørelse i sig")
    return text


def _read_pdf(path: Path, verdict: Verdict) -> None:
    from dagster_project.lib.statement import paper

    if paper.is_sealed(path.read_bytes()):
        verdict.checked.append("PDF-filen er uændret, byte for byte (tallene efterprøves i JSON)")
    else:
        verdict.problems.append("PDF-filen er ændret, siden den blev lavet")


def _read_xlsx(path: Path, verdict: Verdict) -> str | None:
    from zipfile import BadZipFile

    from dagster_project.lib.statement import workbook

    try:
        text = workbook.data_of(path)
    except (BadZipFile, KeyError, ValueError, OSError):
        text = None
    if text is None:
        verdict.problems.append("regnearket har ingen opgørelse i sig")
    return text


def _decoded(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


# what the document claims -------------------------------------------------------------------------


def _check_text(text: str, verdict: Verdict) -> None:
    try:
        document = json.loads(text)
        is_canonical = canonical_json(document) == text
        sealed = {key: value for key, value in document.items() if key != "document_sha256"}
        is_whole = sha256_json(sealed) == document["document_sha256"]
    except (ValueError, TypeError, KeyError, AttributeError):
        verdict.problems.append("dokumentet kan ikke læses")
        return
    if is_canonical and is_whole:
        verdict.checked.append("dokumentet er helt og uændret")
    else:
        verdict.problems.append("dokumentet er ændret, siden det blev lavet")
    for name, check in _CHECKS:
        try:
            found = list(check(document))
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, StopIteration):
            found = ["det kan ikke læses"]
        if found:
            verdict.problems += [f"{name}: {problem}" for problem in found]
        else:
            verdict.checked.append(name)
    verdict.statement_sha256 = document.get("statement_sha256")
    verdict.state = (document.get("state") or {}).get("state")


def _figures(document: Document) -> Iterator[str]:
    if figures_sha256(document["figures"]) != document["statement_sha256"]:
        yield "tallene giver ikke opgørelsens sha256"
    terms = document["provenance"]["terms"]
    if sha256_json(terms) != document["figures"]["terms_sha256"]:
        yield "vilkårene er ikke dem, som tallene nævner"


def _sums(document: Document) -> Iterator[str]:
    figures = document["figures"]
    total = Decimal(0)
    for number, line in enumerate(figures["lines"], start=1):
        difference = Decimal(line["difference"])
        total += difference
        if Decimal(line["new"]) - Decimal(line["old"]) != difference:
            yield f"linje {number}: forskellen er ikke ny minus gammel"
    if total != Decimal(figures["basis"]["period"]):
        yield "linjerne giver ikke periodens grundlag"
    payment = figures["payment"]
    held = Decimal(figures["held"]["cumulative"])
    if Decimal(figures["entitlement"]["cumulative"]) - held != Decimal(payment["cumulative"]):
        yield "betalingsret minus tilbageholdt er ikke betalingen i alt"
    share = document["shown"]["totals"]["municipality_share_cumulative_dkk"]
    if Decimal(figures["basis"]["cumulative"]) - Decimal(payment["cumulative"]) != Decimal(share):
        yield "kommunens andel er ikke grundlag minus betaling"
    yield from _shown_sums(figures, document["shown"])


def _shown_sums(figures: Mapping[str, Any], shown: Mapping[str, Any]) -> Iterator[str]:
    """What is printed beside the figures: the period's row, and the parts that are not hidden."""
    for name, (section, key) in _TOTALS.items():
        if shown["totals"][name] != figures[section][key]:
            yield f"{name} er ikke det, som tallene siger"
    sums: dict[tuple[str, str], Decimal] = {}
    for line in figures["lines"]:
        group = (line["part"], line["price_group"])
        sums[group] = sums.get(group, Decimal(0)) + Decimal(line["difference"])
    for part in shown["parts"]:
        group = (part["part_id"], part["price_group"])
        basis = part["basis_dkk"]
        if basis is not None and Decimal(basis) != sums.get(group, Decimal(0)):
            yield f"{' · '.join(group)}: grundlaget er ikke summen af linjerne"


def _tiers(document: Document) -> Iterator[str]:
    figures = document["figures"]
    payment = document["provenance"]["terms"]["payment"]
    tiers = [Tier(Decimal(t["above"]), Decimal(t["provider_share"])) for t in payment["tiers"]]
    readings = {r["reading_id"]: _reading(r) for r in payment["readings"]["alternatives"]}
    basis = Decimal(figures["basis"]["cumulative"])
    chosen = readings[figures["tiers"]["reading"]]
    steps = [step.amount_dkk for step in walk(basis, tiers, chosen)]
    if steps != [Decimal(step["amount"]) for step in figures["tiers"]["steps"]]:
        yield "beløbene i trinnene passer ikke til kontrakten"
    entitled = entitlement(basis, tiers, chosen)
    if entitled != Decimal(figures["entitlement"]["cumulative"]):
        yield "betalingsretten følger ikke af grundlag, trin og loft"
    for row in figures["readings"]:
        found = entitlement(basis, tiers, readings[row["reading"]])
        if (found, found - entitled) != (Decimal(row["entitlement"]), Decimal(row["difference"])):
            yield f"læsningen {row['reading']} giver et andet beløb"


def _reading(reading: Mapping[str, Any]) -> Reading:
    ceilings = [
        None if reading[key] is None else Decimal(reading[key])
        for key in ("payment_ceiling", "basis_ceiling")
    ]
    return Reading(reading["reading_id"], ceilings[0], ceilings[1])


def _events(document: Document) -> Iterator[str]:
    links = document["chain"]
    previous = GENESIS
    for number, link in enumerate(links, start=1):
        if link["sequence"] != number or link["prev"] != previous:
            yield f"hændelse {number} fortsætter ikke kæden"
            return
        previous = link["hash"]
    events = [Event.from_json(event) for event in document["events"]]
    for event, told in zip(events, document["events"], strict=True):
        link = links[event.sequence - 1]
        is_whole = event.to_json() == told and event_hash(event) == event.hash
        if not is_whole or link["hash"] != event.hash:
            yield f"hændelse {event.sequence} er ændret"
    expected = states.state_of(events, document["statement_sha256"])
    if {"state": expected.name, "is_superseded": expected.is_superseded} != document["state"]:
        yield "status følger ikke af hændelserne"
    approved = next((event for event in events if event.is_approval), None)
    if approved and approved.statement_sha256 != document["statement_sha256"]:
        yield "det er ikke disse tal, der blev godkendt"


_CHECKS: tuple[tuple[str, Callable[[Document], Iterator[str]]], ...] = (
    ("tallenes sha256", _figures),
    ("summer", _sums),
    ("trin og læsninger", _tiers),
    ("hændelseskæde", _events),
)


def _check_rendering(path: Path, text: str, verdict: Verdict) -> None:
    """Draw the document again and compare, where today's program is the one that drew it."""
    from dagster_project.lib.statement import view, web, workbook

    document = json.loads(text)
    if document["provenance"]["code_version"] != code_version():
        return
    shown = view.build(document, document["state"]["state"], document["events"])
    if path.suffix.lower() == ".html":
        is_same = web.render(shown, text) == _decoded(path.read_bytes())
    elif path.suffix.lower() == ".xlsx":
        is_same = workbook.render(shown, text) == path.read_bytes()
    else:
        return
    if is_same:
        verdict.checked.append("det, der vises, er det, dokumentet siger")
    else:
        verdict.problems.append("det, der vises, er ikke det, dokumentet siger")
