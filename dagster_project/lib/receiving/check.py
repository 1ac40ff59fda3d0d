"""``effekt check``: one file against the rules of its source, offline and without a home.

What belongs here: the verdict in Danish for a person who is not a developer. What does not: rules
(they are those of the night). Nothing of the file is kept.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dagster_project.lib.base import scratch
from dagster_project.lib.base.canonical import sha256_file
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.receiving.formats.content import Content, read_content, refused_alone
from dagster_project.lib.receiving.formats.engine import open_parser
from dagster_project.lib.receiving.intake import report
from dagster_project.lib.receiving.intake import walk as intake
from dagster_project.lib.receiving.judging import names
from dagster_project.lib.receiving.judging.declarations import load_sources
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding
from dagster_project.lib.receiving.judging.grammar import Context
from dagster_project.lib.receiving.judging.overlays import declared_for
from dagster_project.lib.reference import load_benefits


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
        contracts_checked: whether contract ids were compared with loaded contracts.
        sheet_number: of the workbook's sheet that is read, from 1; 0 in other formats.
        file_format: as the name says it, None where it says none.
        empty_rows: rows whose cells are all empty; they are left out and no records.
        overlay_name: file name of the overlay that it was read with.
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

    @property
    def is_accepted(self) -> bool:
        """Whether the night would accept the file (conflicts with other files apart)."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """Plain mapping."""
        return {
            "file_name": self.file_name,
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
            "findings": [report.in_words(finding, self.file_format) for finding in self.findings],
        }

    def to_json(self) -> str:
        """JSON text."""
        return json.dumps(self.as_json(), ensure_ascii=False, indent=2)

    def text(self) -> str:
        """The verdict in Danish."""
        if self.findings:
            head = f"{self.file_name}: filen vil blive afvist. Intet i den vil blive indlæst."
            notes = [report.read_with(self.overlay_name)] if self.overlay_name else []
            notes.append(report.NUMBERING)
            told = [report.describe(finding, self.file_format) for finding in self.findings]
            return "\n\n".join([head, *told, *notes])
        lines = [f"{self.file_name}: filen er i orden ({self.title}, {self.row_count} rækker)."]
        if self.sheet_number:
            lines.append(f"Regnearkets ark nr. {self.sheet_number} er læst.")
        if self.period:
            lines.append(f"Perioden er {self.period[0]} til {self.period[1]}.")
        if self.duplicate_rows:
            lines.append(f"{self.duplicate_rows} rækker er gentagelser og tæller kun én gang.")
        if self.skipped_rows:
            lines.append(f"{self.skipped_rows} rækker vil blive sprunget over.")
        if self.empty_rows:
            lines.append(f"{self.empty_rows} tomme rækker er sprunget over.")
        if self.overlay_name:
            lines.append(report.read_with(self.overlay_name))
        if not self.contracts_checked:
            lines.append(
                "Kontrakternes id er ikke prøvet, for der er ingen kontrakter at se efter i."
            )
        return "\n".join(lines)


def check_file(
    path: Path, contract_ids: frozenset[str] | None, sources_dir: Path | None = None
) -> CheckReport:
    """Judge one file by the rules of its source; the file is only read.

    Args:
        path: the file, under the name that it would be landed with.
        contract_ids: loaded contracts; None leaves contract ids unchecked.
        sources_dir: the home's overlays; None where there is no home.

    Raises:
        UsageError: there is no such file.
        EffektError: ``SOURCE_DECLARATION`` (2): the overlay of its source cannot be loaded.
    """
    if not path.is_file():
        raise UsageError("filen findes ikke, eller den er ingen fil")
    sources = load_sources()
    shown, parts, overlay = names.scrub(path.name), None, None
    try:
        parts = names.parse_name(path.name, sources)
        declared = declared_for(sources_dir, parts.source.source, parts.sender)
        parts, overlay = replace(parts, source=declared.source), declared.file_name
        _check_side_file(path)
        content = _read(path, parts, contract_ids)
    except FileRefusedError as refused:
        source = parts.source if parts else None
        return CheckReport(
            shown, source.source if source else None, source.title if source else None,
            refused.findings, file_format=parts.format if parts else None, overlay_name=overlay,
        )  # fmt: skip
    return _verdict(shown, content, contract_ids is not None, overlay)


def _verdict(
    shown: str, content: Content, contracts_checked: bool, overlay: str | None
) -> CheckReport:
    parts, parsed = content.parts, content.parsed
    period = (
        (parts.covers_from.isoformat(), parts.covers_to.isoformat())
        if parts.covers_from and parts.covers_to
        else None
    )
    return CheckReport(
        file_name=shown,
        source=parts.source.source,
        title=parts.source.title,
        findings=parsed.findings if content.is_refused else (),
        row_count=parsed.row_count,
        skipped_rows=parsed.skipped_rows,
        duplicate_rows=content.duplicate_rows,
        period=period,
        contracts_checked=contracts_checked,
        sheet_number=content.sheet_number,
        file_format=parts.format,
        empty_rows=parsed.empty_rows,
        overlay_name=overlay,
    )


def _check_side_file(path: Path) -> None:
    side = path.with_name(f"{path.name}.sha256")
    try:
        if not side.is_file():
            return
    except OSError:  # a name so long that no name with a suffix fits the file system
        return
    with side.open("rb") as handle:
        text = handle.read(intake.SIDE_FILE_BYTES + 1).decode("utf-8", "replace")
    if not intake.names_sha256(text, sha256_file(path)):
        raise FileRefusedError(Finding("FILE_CHECKSUM"))


def _read(path: Path, parts: names.NameParts, contract_ids: frozenset[str] | None) -> Content:
    """Read a private copy, gone afterwards: the parser sees that folder and nothing else."""
    if path.stat().st_size > parts.source.limits.max_bytes:
        raise FileRefusedError(
            Finding("FILE_LIMIT", detail=f"byte: {parts.source.limits.max_bytes}")
        )
    with scratch.folder(Path(tempfile.gettempdir()), "effekt-check-") as folder:
        copy = folder / "checked"
        shutil.copyfile(path, copy)
        context = Context(load_benefits(), contract_ids)
        with open_parser(folder) as (parser, spill), refused_alone():
            return read_content(parser, copy, parts, context, spill, "typed")
