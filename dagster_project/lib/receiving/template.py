"""File templates: a csv and a workbook of a source, in the dialect of the home's overlay.

What belongs here: the files, and where they are written. What does not: what they say
(``template_fields``), the workbook (``template_workbook``), the package (``template_package``).

Rules: P.template.
Decides: P.template.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from dagster_project.lib.base import files
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.receiving.judging.declarations import Source, load_sources
from dagster_project.lib.receiving.judging.overlays import declared_for
from dagster_project.lib.receiving.template_fields import fields_of
from dagster_project.lib.receiving.template_workbook import workbook


def _csv_bytes(source: Source) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=source.csv.delimiter, lineterminator="\r\n")
    writer.writerows([source.title] for _ in range(1, source.header_row))
    fields = fields_of(source)
    writer.writerow(field.heading for field in fields)
    writer.writerow(field.example for field in fields)
    # a byte-order mark, so that a spreadsheet keeps to UTF-8 when it saves
    encoding = "utf-8-sig" if source.csv.encoding == "utf-8" else source.csv.encoding
    return buffer.getvalue().encode(encoding)


def declared_source(name: str, sources_dir: Path | None, sender: str | None) -> Source:
    """The source as a sender's files are read.

    Raises:
        UsageError: no such source.
        EffektError: ``SOURCE_DECLARATION`` (2): its overlay cannot be loaded.
    """
    if name not in load_sources():
        raise UsageError(
            "kilden findes ikke", remedy="vælg en af: " + ", ".join(sorted(load_sources()))
        )
    return declared_for(sources_dir, name, sender).source


def template_files(source: Source, sender: str | None = None) -> dict[str, bytes]:
    """The two files of a template by their names."""
    return {
        f"{source.source}_skabelon.csv": _csv_bytes(source),
        f"{source.source}_skabelon.xlsx": workbook(source, sender),
    }


def write_template(
    source: str, folder: Path, sources_dir: Path | None = None, sender: str | None = None
) -> list[Path]:
    """Write ``<source>_skabelon.csv`` and ``.xlsx``; a file that was filled in is left alone.

    Args:
        source: a declared source.
        folder: where to; made if missing.
        sources_dir: the home's overlays; None where there is no home.
        sender: whose overlay it follows.

    Returns:
        the two files.

    Raises:
        UsageError: no such source, or a file of that name that is no empty template.
        EffektError: ``SOURCE_DECLARATION`` (2): the overlay cannot be loaded.
    """
    declared = declared_source(source, sources_dir, sender)
    return write_new(folder, template_files(declared, sender))


def write_new(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write files by their places in a folder; none is written where another one stands.

    Raises:
        UsageError: one of them is there already, with other bytes.
    """
    paths = {folder / place: data for place, data in contents.items()}
    for path, data in paths.items():
        if path.exists() and path.read_bytes() != data:
            raise UsageError(
                f"{path.name} findes allerede og er ikke en tom skabelon; intet er skrevet",
                remedy="flyt filen, eller vælg en anden mappe",
            )
    for path in paths:
        files.make_dir(path.parent, files.DIR_PUBLIC)
    return [files.write_atomic(path, data, files.FILE_PUBLIC) for path, data in paths.items()]
