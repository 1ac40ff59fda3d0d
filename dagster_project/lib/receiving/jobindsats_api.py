"""Fetching the published statistics from the jobindsats API into an ordinary delivery.

What belongs here: what is asked for, and writing ``jobindsats_<date>.json`` into ``landing/``. What
does not: the shapes of an answer (``formats.answers``), HTTP (``statistics_service``), and mapping
or judging a figure: receiving does that, exactly as for a file that a person put there. The client
is off unless somebody runs it; the file drop is the default.

As the service's public clients ask: version 2 ``/v2/data/<table>/json?area=…&period=…`` with the
raw token in ``Authorization``; version 3 with a Bearer token
``/v3/data/<table>?mgroup.*=*&period.M=…&hierarchy._nykom=*&format=json``. Version 3 knows a
municipality by a number of its own: all are asked for, and the home's is kept by its name. Of
dimensions that the source does not declare only the totals are kept. A service that answers
otherwise ends the fetch with a code; nothing half-fetched reaches ``landing/``, and no file that
lies there is replaced.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
import re
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dagster_project.lib.base import files, months
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.receiving.formats.answers import (
    NoAnswerError,
    Table,
    is_total,
    layout_of,
    tables_of,
    text_of,
)
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.lib.receiving.judging.declarations import Source, load_sources
from dagster_project.lib.receiving.statistics_service import (
    Patience,
    RefusedError,
    Service,
    answer_error,
    opened,
)
from dagster_project.settings import Home, Settings

TOKEN_FILE = "jobindsats.token"  # noqa: S105 - the name of a file, not a secret
_SOURCE = "jobindsats"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_OLD, _NEW = 2, 3
_VERSION = re.compile(r"/v[23]/*$")
# what version 3 may answer where a month is asked for that is not published yet
_UNKNOWN_MONTH = (400, 404, 422)


@dataclass(frozen=True)
class ApiSettings:
    """Where and how to ask.

    Args:
        base_url: the service's address, with or without its version.
        version: 2 or 3.
        tables: table id → the benefit's name to write where the table itself carries no ``Ydelse``.
        patience: how long and how often.
    """

    base_url: str
    version: int = _NEW
    tables: dict[str, str] = field(
        default_factory=lambda: {"y07a02": "Sygedagpenge", "y12a02": "Jobafklaringsforløb"}
    )
    patience: Patience = field(default_factory=Patience)

    @property
    def address(self) -> str:
        """The address up to and with the version."""
        return f"{_VERSION.sub('', self.base_url).rstrip('/')}/v{self.version}"


@dataclass(frozen=True)
class _Wanted:
    """What a table is asked for: one municipality's months of one benefit."""

    area: str
    months: Sequence[str]
    benefit: str


def fetch_for(settings: Settings) -> Path:
    """Fetch what ``home.yml`` asks for: address, version, tables and months stand nowhere else.

    Raises:
        EffektError: API_SETTINGS: home.yml does not say what to ask for, and those of ``fetch``.
    """
    asked = settings.home.read_home_file().jobindsats
    if asked is None or settings.area is None:
        raise EffektError(
            "API_SETTINGS", "home.yml siger ikke, hvor statistikken hentes",
            remedy="skriv area og jobindsats (base_url, first_month) i home.yml",
        )  # fmt: skip
    api = ApiSettings(asked.base_url, asked.version)
    if asked.tables is not None:
        api = replace(api, tables=asked.tables)
    last_month = asked.last_month or settings.as_of_text[:7]
    asked_for = months_asked(asked.first_month, last_month)
    return fetch(api, settings.home, settings.area, asked_for, settings.as_of)


def read_token(secrets: Path) -> str:
    """The organisation's token from ``secrets/jobindsats.token``, which only its owner may read."""
    path = secrets / TOKEN_FILE
    if not path.is_file():
        raise EffektError(
            "API_TOKEN",
            f"{TOKEN_FILE} mangler i secrets/",
            remedy="læg nøglen der med rettighederne 0600",
        )
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise EffektError(
            "API_TOKEN", f"{TOKEN_FILE} kan læses af andre", remedy="sæt rettighederne til 0600"
        )
    token = path.read_bytes().decode("ascii", "replace").strip()
    if not token or not token.isprintable() or not token.isascii():
        raise EffektError(
            "API_TOKEN", f"{TOKEN_FILE} rummer ingen nøgle", remedy="skriv den på én linje"
        )
    return token


def months_asked(first: str, last: str) -> list[dt.date]:
    """First days of the months from ``YYYY-MM`` to ``YYYY-MM``.

    Raises:
        EffektError: API_SETTINGS: no such months, or in the wrong order.
    """
    try:
        asked = months.months_between(months.parse_month(first), months.parse_month(last))
    except ValueError:
        asked = []
    if not asked:
        raise EffektError(
            "API_SETTINGS",
            "first_month og last_month skal være måneder, den første ikke efter den sidste",
            remedy="skriv dem som ÅÅÅÅ-MM",
        )
    return asked


def fetch(
    settings: ApiSettings, home: Home, area: str, months: Sequence[dt.date], fetched_on: dt.date
) -> Path:
    """Ask for every table, area and month, and leave one json delivery in ``landing/``.

    Args:
        settings: where and how to ask.
        home: its token file is read, and its drop zone written to.
        area: name of the municipality in the statistics.
        months: first days of the months asked for.
        fetched_on: the delivery's extracted_on.

    Returns:
        the delivery's path: the first version of that date that nobody has sent yet.

    Raises:
        EffektError: API_SETTINGS, API_TOKEN, API_REFUSED (401, 403, 404 …), API_UNREACHABLE,
            API_ANSWER.
    """
    _check_settings(settings)
    token = read_token(home.secrets)
    source = load_sources()[_SOURCE]
    periods = [f"{month.year:04d}M{month.month:02d}" for month in months]
    rows: list[list[str]] = []
    authorization = token if settings.version == _OLD else f"Bearer {token}"
    with opened(authorization, settings.patience) as service:
        for table, benefit in sorted(settings.tables.items()):
            wanted = _Wanted(area, periods, benefit)
            answer = _ask(service, settings, table, wanted)
            rows += _rows(table, answer, wanted, source)
    if not rows:
        tables = ", ".join(sorted(settings.tables))
        raise answer_error(tables, "har ingen rækker for kommunen i home.yml")
    names = [{"Name": c.heading, "Label": c.heading} for c in source.columns]
    block = [{"Variables": names, "Data": rows}]
    try:
        text = json.dumps(block, ensure_ascii=False, indent=1).encode("utf-8")
    except UnicodeEncodeError:
        raise answer_error(", ".join(sorted(settings.tables)), "er ingen tekst") from None
    return _leave(home, fetched_on, text)


def _check_settings(settings: ApiSettings) -> None:
    if settings.version not in (_OLD, _NEW):
        raise EffektError(
            "API_SETTINGS", "version skal være 2 eller 3", remedy="ret jobindsats i home.yml"
        )
    address = urlsplit(settings.base_url)
    is_private = address.scheme == "https" or address.hostname in _LOOPBACK
    if address.scheme not in ("http", "https") or not address.hostname or not is_private:
        raise EffektError(
            "API_SETTINGS", "adressen skal begynde med https://",
            remedy="ret base_url i home.yml: nøglen ville blive sendt i klar tekst",
        )  # fmt: skip


def _ask(service: Service, settings: ApiSettings, table: str, wanted: _Wanted) -> Any:
    """The answer about one table."""
    address = f"{settings.address}/data/{table}"
    if settings.version == _OLD:
        parameters = {"area": wanted.area, "period": ",".join(wanted.months)}
        return service.ask(table, f"{address}/json", parameters)
    parameters = {
        "mgroup.*": "*",
        "period.M": ",".join(wanted.months),
        "hierarchy._nykom": "*",
        "format": "json",
    }
    try:
        return service.ask(table, address, parameters)
    except RefusedError as refused:
        if refused.status not in _UNKNOWN_MONTH:
            raise
        published = _published_months(service, f"{settings.address}/table/{table}", table)
        fewer = [month for month in wanted.months if month in published]
        if not fewer or len(fewer) == len(wanted.months):
            raise
    return service.ask(table, address, parameters | {"period.M": ",".join(fewer)})


def _published_months(service: Service, address: str, table: str) -> set[str]:
    """The months that version 3 says a table has; none where it does not say."""
    try:
        described = service.ask(table, address, {"format": "json"})
        return {
            str(period["period_id"])
            for kind in described["periods"]
            if kind["periodtype_id"] == "M"
            for period in kind["values"]
        }
    except (EffektError, KeyError, TypeError):
        return set()


def _rows(table: str, answer: Any, wanted: _Wanted, source: Source) -> Iterable[list[str]]:
    """The municipality's rows, their texts in the order of the declared columns."""
    try:
        found = tables_of(answer)
    except NoAnswerError:
        raise answer_error(table, "har hverken form som version 2 eller 3") from None
    for one in found:
        yield from _rows_of(table, one, wanted, source)


def _rows_of(table: str, found: Table, wanted: _Wanted, source: Source) -> Iterable[list[str]]:
    layout = layout_of(found, source)
    area_at = next(at for at, column in enumerate(source.columns) if column.type == "area")
    lacked = [
        column.heading
        for column, place in zip(source.columns, layout.places, strict=True)
        if place is None and column.type != "benefit_name"
    ]
    if found.rows and lacked:
        raise answer_error(table, f"mangler {', '.join(lacked)}")
    if layout.doubled:
        twice = ", ".join(column.heading for column in layout.doubled)
        raise answer_error(table, f"har {twice} to gange")
    for row in found.rows:
        if not isinstance(row, list) or len(row) != len(found.columns):
            raise answer_error(table, "har rækker af forskellig bredde")
        if not all(is_total(row[place]) for place in layout.dimensions):
            continue
        texts = [
            wanted.benefit if place is None else text_of(row[place], column, source)
            for column, place in zip(source.columns, layout.places, strict=True)
        ]
        told = [text for text in texts if text is not None]
        if len(told) != len(texts):
            raise answer_error(table, "har værdier, der hverken er tekster eller tal")
        if told[area_at].removesuffix(" Kommune") == wanted.area.removesuffix(" Kommune"):
            yield told


def _leave(home: Home, fetched_on: dt.date, text: bytes) -> Path:
    """Write the delivery under the first version that is free; what landed is never replaced."""
    stem = f"{_SOURCE}_{fetched_on.isoformat()}"
    taken = {
        record.version_no or 1
        for record in load_register(home).accepted()
        if (record.source, record.extracted_on, record.sender) == (_SOURCE, fetched_on, None)
    }
    aside = files.write_atomic(home.landing / f".{stem}.fetched", text)
    try:
        for version in itertools.count(1):
            name = stem if version == 1 else f"{stem}_v{version}"
            if version in taken or any(home.landing.rglob(f"{name}.*")):
                continue
            target = home.landing / f"{name}.json"
            with suppress(FileExistsError):  # a link, unlike a rename, never replaces a file
                os.link(aside, target)
                return target
    finally:
        aside.unlink()
        files.fsync_dir(home.landing)
    raise AssertionError("some version is free")
