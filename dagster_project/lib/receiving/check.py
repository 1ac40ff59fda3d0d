"""``effekt check``: one file against the rules of its source, offline and without a home.

What belongs here: judging one file under its own name, or as a file of a source whatever it is
called. What does not: rules (they are those of the night), the words of the verdict
(``check_report``), contract files and overlays (``check_yaml``). Nothing of the file is kept.

Rules: P.check.
Decides: P.check.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from dagster_project.lib import vault
from dagster_project.lib.base import scratch
from dagster_project.lib.base.canonical import sha256_file
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.receiving.check_report import CheckReport
from dagster_project.lib.receiving.check_yaml import check_yaml, is_yaml
from dagster_project.lib.receiving.formats.content import Content, read_content, refused_alone
from dagster_project.lib.receiving.formats.engine import open_parser
from dagster_project.lib.receiving.intake import walk as intake
from dagster_project.lib.receiving.judging import names, naming
from dagster_project.lib.receiving.judging.declarations import Source, load_sources
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding
from dagster_project.lib.receiving.judging.grammar import Context
from dagster_project.lib.receiving.judging.overlays import declared_for
from dagster_project.lib.reference import load_benefits

_ANY_DAY = dt.date.max


def check_file(
    path: Path,
    contract_ids: frozenset[str] | None,
    sources_dir: Path | None = None,
    *,
    source_name: str | None = None,
    area: str | None = None,
) -> CheckReport:
    """Judge one file by the rules of its source; the file is only read.

    Args:
        path: the file, under the name that it would be landed with.
        contract_ids: loaded contracts; None leaves contract ids unchecked.
        sources_dir: the home's overlays; None where there is no home.
        source_name: the file's source, whatever the file is called; None: its name says it.
        area: the home's municipality, where it has one.

    Raises:
        UsageError: there is no such file, or no such source.
        EffektError: ``SOURCE_DECLARATION`` (2): the overlay of its source cannot be loaded.
    """
    if not path.is_file():
        raise UsageError("filen findes ikke, eller den er ingen fil")
    sources = load_sources()
    if source_name is not None and source_name not in sources:
        raise UsageError("kilden findes ikke", remedy="vælg en af: " + ", ".join(sorted(sources)))
    if is_yaml(path):
        return check_yaml(path, source_name, area)
    try:
        parts = _parts_of(path.name, sources[source_name] if source_name else None)
    except FileRefusedError as refused:
        source = sources.get(source_name or "")
        notes = () if source_name else (_TRY_AS,)
        return CheckReport(
            names.scrub(path.name), source.source if source else None,
            source.title if source else None, refused.findings, notes=notes,
        )  # fmt: skip
    declared = declared_for(sources_dir, parts.source.source, parts.sender)
    return _verdict(path, replace(parts, source=declared.source), contract_ids, declared.file_name)


_TRY_AS = "Indholdet kan prøves, hvad filen end hedder: effekt check FILE --source KILDE"


def _verdict(
    path: Path, parts: names.NameParts, contract_ids: frozenset[str] | None, overlay: str | None
) -> CheckReport:
    """Everything that is wrong with a file, and what was read of it."""
    findings, content = _side_findings(path), None
    try:
        content = _read(path, parts, contract_ids)
        findings += content.parsed.findings if content.is_refused else ()
    except FileRefusedError as refused:
        findings += refused.findings
    has_contracts = any(column.type == "contract" for column in parts.source.columns)
    verdict = CheckReport(
        file_name=names.scrub(path.name),
        source=parts.source.source,
        title=parts.source.title,
        findings=findings,
        contracts_checked=contract_ids is not None or not has_contracts,
        file_format=parts.format,
        overlay_name=overlay,
        proposed_name=_proposed(path.name, parts, content),
    )
    return _with_counts(verdict, content) if content else verdict


def _with_counts(verdict: CheckReport, content: Content) -> CheckReport:
    first, last = content.parts.covers_from, content.parts.covers_to
    period = (first.isoformat(), last.isoformat()) if first and last else None
    return replace(
        verdict,
        row_count=content.parsed.row_count,
        skipped_rows=content.parsed.skipped_rows,
        duplicate_rows=content.duplicate_rows,
        empty_rows=content.parsed.empty_rows,
        period=period,
        sheet_number=content.sheet_number,
        is_outside=period is not None and not content.is_refused and content.covered_days == 0,
    )


def _parts_of(name: str, source: Source | None) -> names.NameParts:
    """What a name says; of a file whose source is given, as much of it as is right.

    Raises:
        FileRefusedError: ``FILE_NAME``: it breaks the rule, or names no type of the source.
    """
    sources = load_sources()
    try:
        parts = names.parse_name(name, sources)
        if source is None or parts.source.source == source.source:
            return parts
    except FileRefusedError:
        if source is None:
            raise
    ending = name.rpartition(".")[2].casefold()
    if ending not in source.formats:
        detail = f"type: {', '.join(source.formats)}"
        proposed = _propose(name, source)
        raise FileRefusedError(Finding("FILE_NAME", detail=detail, expected=proposed))
    # no window, like a sender's own name: what a name would say of it is not judged
    return names.NameParts(source, ending, _ANY_DAY, is_real_name=True)


def _propose(name: str, source: Source, window: tuple[dt.date, dt.date] | None = None) -> str:
    is_plain = not names.holds_number(name)
    return naming.propose(name, load_sources(), source=source, window=window, is_plain=is_plain)


def _proposed(name: str, parts: names.NameParts, content: Content | None) -> str | None:
    """A right name for a file that has none, with the days that its content covers."""
    if parts.extracted_on != _ANY_DAY:
        return None
    found = content.parts if content else parts
    first, last = found.covers_from, found.covers_to
    return _propose(name, parts.source, (first, last) if first and last else None)


def _side_findings(path: Path) -> tuple[Finding, ...]:
    side = path.with_name(f"{path.name}.sha256")
    try:
        if not side.is_file():
            return ()
    except OSError:  # a name so long that no name with a suffix fits the file system
        return ()
    with side.open("rb") as handle:
        text = handle.read(intake.SIDE_FILE_BYTES + 1).decode("utf-8", "replace")
    return () if intake.names_sha256(text, sha256_file(path)) else (Finding("FILE_CHECKSUM"),)


def _read(path: Path, parts: names.NameParts, contract_ids: frozenset[str] | None) -> Content:
    """Read a private copy without a name: the parser sees it and nothing else."""
    if path.stat().st_size > parts.source.limits.max_bytes:
        raise FileRefusedError(
            Finding("FILE_LIMIT", detail=f"byte: {parts.source.limits.max_bytes}")
        )
    with scratch.folder(Path(tempfile.gettempdir()), "effekt-check-") as folder:
        copy = vault.unnamed(folder)
        try:
            shutil.copyfile(path, vault.path_of(copy))
            context = Context(load_benefits(), contract_ids)
            with open_parser(folder) as (parser, spill), refused_alone():
                return read_content(parser, vault.path_of(copy), parts, context, spill, "typed")
        finally:
            os.close(copy)
