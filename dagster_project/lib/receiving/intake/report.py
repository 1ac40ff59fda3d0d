"""What a refused file's owner reads: code, row numbers, column, rule, remedy; never a value.

What belongs here: the report beside a refused file. What does not: finding anything, and the words
of a code (``reference.words``).

Rules: I.refusal, I.silent.
"""

from __future__ import annotations

import json
from pathlib import Path

from dagster_project.lib.base import files
from dagster_project.lib.base.canonical import canonical_json
from dagster_project.lib.receiving.intake.register import Record, Register
from dagster_project.lib.receiving.judging.findings import Finding
from dagster_project.lib.reference import words

NUMBERING = "Række 1 er den første række med indhold efter overskriften."
_PLACES = {"line": "Linje", "sheet_row": "Regnearkets rækkenummer"}
_FEW = 5
_UNKNOWN = ("Filen er afvist.", "Kontakt driften.")


def words_of(code: str) -> tuple[str, str]:
    """What is wrong and what to do, in Danish."""
    word = words.find("finding", code)
    return (word.label_da, word.remedy_da) if word else _UNKNOWN


def words_for(finding: Finding, file_format: str | None) -> tuple[str, str]:
    """What is wrong and what to do, in Danish, as exactly as its causes and the format allow.

    A remedy may hold ``{column}`` and ``{expected}``: what the declaration lets a cell hold. One
    that is the same for every code stands under ``*``.
    """
    if not finding.by_cause:
        return _words_for(finding, finding.cause, file_format)
    rows_of: dict[str, list[int]] = {}
    rules = set()
    for cause, rows in finding.by_cause:
        rule, remedy = _words_for(finding, cause, file_format)
        rules.add(rule)
        rows_of.setdefault(remedy, []).extend(rows)
    rule = rules.pop() if len(rules) == 1 else words_of(finding.code)[0]
    if len(rows_of) == 1:
        return rule, next(iter(rows_of))
    return rule, " ".join(f"Post {_few(rows)}: {remedy}" for remedy, rows in rows_of.items())


def _few(rows: list[int]) -> str:
    shown = ", ".join(map(str, sorted(rows)[:_FEW]))
    return shown + (" …" if len(rows) > _FEW else "")


def _words_for(finding: Finding, cause: str, file_format: str | None) -> tuple[str, str]:
    rule, remedy = words_of(finding.code)
    kind = finding.detail.split(":")[0]
    keys = [
        f"{code}:{detail}"
        for code in (finding.code, "*")
        for detail in (f"{file_format}.{cause or kind}", cause or kind)
    ]
    found = (words.find("finding_detail", key) for key in [*keys, f"{finding.code}:{kind}"])
    if word := next(filter(None, found), None):
        rule, remedy = word.label_da or rule, word.remedy_da or remedy
    told = remedy.replace("{expected}", finding.expected).replace("{column}", finding.column or "")
    return rule, told.strip()


def in_words(finding: Finding, file_format: str | None) -> dict[str, object]:
    """A finding as plain mapping, with its Danish words."""
    rule, remedy = words_for(finding, file_format)
    return {**finding.as_json(), "rule": rule, "remedy": remedy}


def _where(detail: str, code: str) -> str:
    """A detail as a Dane reads it: what was expected, never a value of the file."""
    if code == "HEADER_NOT_FOUND":
        return detail.partition(": ")[2]
    kind = words.find("column_type", detail)
    if kind and code not in ("FILE_NAME", "WINDOW_INVALID"):
        return f"ventet er {kind.label_da}"
    place = words.find("finding_place", detail)
    return place.label_da if place else detail


def describe(finding: Finding, file_format: str | None) -> str:
    """One finding as Danish text."""
    rule, remedy = words_for(finding, file_format)
    lines = [f"{finding.code}: {rule}"]
    if finding.column:
        lines.append(f"  Kolonne: {finding.column}")
    if finding.rows:
        more = finding.row_total - len(finding.rows)
        rest = f" og {more} til" if more > 0 else ""
        if finding.places:
            name = _PLACES[finding.place_kind]
            lines.append(f"  {name}: {', '.join(map(str, finding.places))}{rest}")
        lines.append(f"  Række: {', '.join(map(str, finding.rows))}{rest}")
    if finding.detail:
        lines.append(f"  Hvor: {_where(finding.detail, finding.code)}")
    lines.append(f"  Gør sådan: {remedy}")
    return "\n".join(lines)


def read_with(overlay_name: str, sha256: str | None = None) -> str:
    """Which overlay of the home a file was read with."""
    kept = f" (gemt som vault/{sha256})" if sha256 else ""
    return f"Læst med tilpasningen sources/{overlay_name}{kept}."


def _as_json(record: Record) -> dict[str, object]:
    return {
        "file_name": record.file_name,
        "sha256": record.sha256,
        "source": record.source,
        "delivery_id": record.delivery_id,
        "code": record.code,
        "row_count": record.row_count,
        "rejected_rows": record.rejected_rows,
        "overlay": record.overlay_name,
        "overlay_sha256": record.overlay_sha256,
        "findings": [in_words(finding, record.format) for finding in record.findings],
    }


def _as_text(record: Record) -> str:
    head = f"Filen {record.file_name} er afvist ({record.code}). Intet i den er indlæst."
    read = [read_with(record.overlay_name, record.overlay_sha256)] if record.overlay_name else []
    told = [describe(finding, record.format) for finding in record.findings]
    return "\n\n".join([head, *read, NUMBERING, *told])


def write_reports(quarantine: Path, register: Register, sha256: str) -> None:
    """Write ``<sha256>.json`` and ``<sha256>.txt`` beside a refused file, from the register."""
    records = [record for record in register.refused() if record.sha256 == sha256]
    data = json.loads(canonical_json([_as_json(record) for record in records]))
    text = json.dumps({"refused": data}, ensure_ascii=False, indent=2)
    files.write_atomic(quarantine / f"{sha256}.json", text + "\n")
    files.write_atomic(quarantine / f"{sha256}.txt", "\n\n".join(map(_as_text, records)) + "\n")
