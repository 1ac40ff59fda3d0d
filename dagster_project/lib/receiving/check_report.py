"""What ``effekt check`` says of a file: as JSON, and in Danish for a person who is no developer.

What belongs here: the words around the findings. What does not: the words of a finding
(``intake.report``), and finding anything (``check``, ``check_yaml``).

Rules: P.check, I.silent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from dagster_project.lib.receiving.intake import report
from dagster_project.lib.receiving.judging.findings import Finding

DATA, CONTRACT, OVERLAY = "data", "contract", "overlay"
_IN_ORDER = {
    DATA: "filen er i orden ({title}, {rows} rækker).",
    CONTRACT: "kontraktfilen er i orden.",
    OVERLAY: "tilpasningen er i orden ({title}).",
}
_REFUSED = {
    DATA: "filen vil blive afvist. Intet i den vil blive indlæst.",
    CONTRACT: "kontraktfilen kan ikke indlæses, og ingen kørsel begynder med den.",
    OVERLAY: "tilpasningen kan ikke indlæses, og ingen fil modtages med den.",
}


@dataclass(frozen=True)
class CheckReport:
    """The verdict on one file.

    Args:
        file_name: scrubbed.
        source: declared source, None where the name matches none.
        title: the source's Danish title.
        findings: what is wrong; empty when the file would be accepted.
        row_count: records read.
        skipped_rows: rows that would be skipped and counted.
        duplicate_rows: rows that repeat another one and count once.
        period: days that the file covers, or None.
        contracts_checked: whether contract ids were compared with loaded contracts; True where the
            file has none.
        sheet_number: of the workbook's sheet that is read, from 1; 0 in other formats.
        file_format: as the name says it, None where it says none.
        empty_rows: rows whose cells are all empty; they are left out and no records.
        overlay_name: file name of the overlay that it was read with.
        kind: ``data``, ``contract`` or ``overlay``.
        proposed_name: what the file may be called, where its name breaks the rule.
        is_outside: no counted row has a day in the period.
        why_unchecked: why contract ids were not compared, in Danish.
        notes: what else is worth knowing, in Danish; none of it refuses the file.
    """

    file_name: str
    source: str | None
    title: str | None
    findings: tuple[Finding, ...]
    row_count: int = 0
    skipped_rows: int = 0
    duplicate_rows: int = 0
    period: tuple[str, str] | None = None
    contracts_checked: bool = True
    sheet_number: int = 0
    file_format: str | None = None
    empty_rows: int = 0
    overlay_name: str | None = None
    kind: str = DATA
    proposed_name: str | None = None
    is_outside: bool = False
    why_unchecked: str = "her er ingen kommunes mappe at se efter i (--home MAPPE)"
    notes: tuple[str, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """Whether the night would accept the file (conflicts with other files apart)."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """Plain mapping."""
        return {
            "file_name": self.file_name,
            "kind": self.kind,
            "source": self.source,
            "is_accepted": self.is_accepted,
            "code": self.findings[0].code if self.findings else None,
            "row_count": self.row_count,
            "skipped_rows": self.skipped_rows,
            "duplicate_rows": self.duplicate_rows,
            "period": list(self.period) if self.period else None,
            "sheet_number": self.sheet_number or None,
            "empty_rows": self.empty_rows,
            "overlay": self.overlay_name,
            "contracts_checked": self.contracts_checked,
            "proposed_name": self.proposed_name,
            "notes": self._notes(),
            "findings": [report.in_words(finding, self.file_format) for finding in self.findings],
        }

    def to_json(self) -> str:
        """JSON text."""
        return json.dumps(self.as_json(), ensure_ascii=False, indent=2)

    def text(self) -> str:
        """The verdict in Danish."""
        if not self.findings:
            head = _IN_ORDER[self.kind].format(title=self.title, rows=self.row_count)
            return "\n".join([f"{self.file_name}: {head}", *self._counts(), *self._notes()])
        notes = self._notes()
        if self.kind != DATA:
            rule, remedy = report.words_for(self.findings[0], None)
            places = "\n".join(f"  {finding.detail}" for finding in self.findings)
            told = [f"{self.findings[0].code}: {rule}\n{places}\n  Gør sådan: {remedy}"]
        else:
            told = [report.describe(finding, self.file_format) for finding in self.findings]
        if self.overlay_name:
            notes.append(report.read_with(self.overlay_name))
        if any(finding.rows for finding in self.findings):
            notes.append(report.NUMBERING)
        return "\n\n".join([f"{self.file_name}: {_REFUSED[self.kind]}", *told, *notes])

    def _counts(self) -> list[str]:
        lines = []
        if self.sheet_number:
            lines.append(f"Regnearkets ark nr. {self.sheet_number} er læst.")
        if self.period:
            lines.append(f"Perioden er {self.period[0]} til {self.period[1]}.")
        if self.duplicate_rows:
            lines.append(f"{self.duplicate_rows} rækker er gentagelser og tæller kun én gang.")
        if self.skipped_rows and not self._are_all_skipped:
            lines.append(f"{self.skipped_rows} rækker vil blive sprunget over.")
        if self.empty_rows:
            lines.append(f"{self.empty_rows} tomme rækker er sprunget over.")
        if self.overlay_name:
            lines.append(report.read_with(self.overlay_name))
        return lines

    @property
    def _are_all_skipped(self) -> bool:
        return 0 < self.row_count == self.skipped_rows

    def _notes(self) -> list[str]:
        """What does not refuse the file, but may be meant otherwise."""
        lines = list(self.notes)
        if self._are_all_skipped:
            lines.append(
                f"Bemærk: alle {self.row_count} rækker vil blive sprunget over, så intet af filen"
                " kommer med. Se i skabelonen, hvad kilden kender: effekt template"
                f" {self.source}."
            )
        elif self.is_outside:
            lines.append(
                "Bemærk: ingen række har en dag i perioden, så filen siger, at ingen har fået"
                " noget i den. Se efter, om perioden i navnet er den rigtige."
            )
        if self.proposed_name:
            lines.append(f"Kald filen {self.proposed_name}, når den skal modtages.")
        if not self.contracts_checked:
            lines.append(f"Kontrakternes id er ikke prøvet: {self.why_unchecked}.")
        return lines
