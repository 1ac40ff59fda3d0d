"""Fetching the published statistics from the jobindsats API into an ordinary delivery.

What belongs here: talking to the service and writing ``jobindsats_<date>.json`` into ``landing/``.
What does not: reading, mapping or judging a figure: receiving does that, exactly as for a file
that a person put there. The client is off unless somebody runs it; the file drop is the default.

Shapes: version 2 answers ``[{"Variables": [{"Name", "Label"}], "Data": [[…]]}]`` to a raw token in
``Authorization``; version 3 answers ``{"columns": […], "rows": [[…]]}`` to a Bearer token and may
hand out its rows in pages (``next``: the address of the next one, on the same host). A dimension
that the source does not declare is asked for in full by neither version: of such rows only the
totals are kept ("… i alt"). A service that answers otherwise ends the fetch with a code; nothing
half-fetched reaches ``landing/``, and no file that lies there is replaced.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
import stat
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from dagster_project.lib.base import files, months
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.receiving.formats.json_format import is_total
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.settings import Home, Settings

if TYPE_CHECKING:
    import requests

TOKEN_FILE = "jobindsats.token"  # noqa: S105 - the name of a file, not a secret
NAMES = ("Område", "Ydelse", "Periode", "Antal personer", "Antal fuldtidspersoner")
MAX_BYTES = 50_000_000
"""Largest answer that is read, in bytes: a municipality's table is far below a megabyte."""
MAX_PAGES = 1_000
RETRIED_STATUS = (429, 500, 502, 503, 504)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_PIECE = 1 << 16


@dataclass(frozen=True)
class ApiSettings:
    """Where and how to ask.

    Args:
        base_url: the service's address up to the version, for example ``https://…``.
        version: 2 or 3.
        tables: table id → the benefit's name to write where the table itself carries no ``Ydelse``.
        timeout_seconds: limit for connecting and for each read.
        retries: attempts after the first for a refused connection, 429, 5xx and an answer that
            breaks off, with growing pauses.
        pause_seconds: first pause; doubled each time, unless the service sends ``Retry-After``.
        longest_pause_seconds: no pause is longer, whatever the service sends.
        deadline_seconds: after these no request begins and no answer is read on.
    """

    base_url: str
    version: int = 2
    tables: dict[str, str] = field(
        default_factory=lambda: {"y07a02": "Sygedagpenge", "y12a02": "Jobafklaringsforløb"}
    )
    timeout_seconds: float = 30.0
    retries: int = 4
    pause_seconds: float = 1.0
    longest_pause_seconds: int = 60
    deadline_seconds: float = 900.0


def fetch_for(settings: Settings) -> Path:
    """Fetch what ``home.yml`` asks for: address, version, tables and months stand nowhere else.

    Raises:
        EffektError: API_SETTINGS: home.yml does not say what to ask for, and those of ``fetch``.
    """
    asked = settings.home.read_home_file().jobindsats
    if asked is None or settings.area is None:
        raise EffektError(
            "API_SETTINGS", "home.yml does not say where the statistics are fetched",
            remedy="write area and jobindsats (base_url, first_month) into home.yml",
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
            f"{TOKEN_FILE} is missing in secrets/",
            remedy="put the token there, mode 0600",
        )
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise EffektError(
            "API_TOKEN", f"{TOKEN_FILE} can be read by others", remedy="chmod 600 the file"
        )
    token = path.read_bytes().decode("ascii", "replace").strip()
    if not token or not token.isprintable() or not token.isascii():
        raise EffektError(
            "API_TOKEN", f"{TOKEN_FILE} holds no token", remedy="paste it on one line"
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
            "first_month and last_month must be months, the first not after the last",
            remedy="write them as YYYY-MM",
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
    ends_at = time.monotonic() + settings.deadline_seconds
    with _session(settings, token) as session:
        blocks = [
            _name_benefit(_totals(block), benefit)
            for table, benefit in sorted(settings.tables.items())
            for block in _table(session, settings, table, area, months, ends_at)
        ]
    if not any(block["Data"] for block in blocks):
        raise _answer_error(", ".join(sorted(settings.tables)), "without a figure")
    try:
        text = json.dumps(blocks, ensure_ascii=False, indent=1).encode("utf-8")
    except UnicodeEncodeError:
        raise _answer_error(", ".join(sorted(settings.tables)), "no text") from None
    return _leave(home, fetched_on, text)


def _check_settings(settings: ApiSettings) -> None:
    if settings.version not in (2, 3):
        raise EffektError("API_SETTINGS", "the version must be 2 or 3")
    address = urlsplit(settings.base_url)
    is_private = address.scheme == "https" or address.hostname in _LOOPBACK
    if address.scheme not in ("http", "https") or not address.hostname or not is_private:
        raise EffektError(
            "API_SETTINGS", "the address must begin with https://",
            remedy="the token would travel in clear text",
        )  # fmt: skip


def _leave(home: Home, fetched_on: dt.date, text: bytes) -> Path:
    """Write the delivery under the first version that is free; what landed is never replaced."""
    stem = f"jobindsats_{fetched_on.isoformat()}"
    taken = {
        record.version_no or 1
        for record in load_register(home).accepted()
        if (record.source, record.extracted_on, record.sender) == ("jobindsats", fetched_on, None)
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


def _session(settings: ApiSettings, token: str) -> requests.Session:
    import requests

    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = token if settings.version == 2 else f"Bearer {token}"
    session.headers["Accept"] = "application/json"
    return session


def _table(
    session: requests.Session, settings: ApiSettings, table: str, area: str,
    months: Sequence[dt.date], ends_at: float,
) -> list[dict[str, Any]]:  # fmt: skip
    """All pages of one table, in the shape of version 2."""
    periods = ",".join(f"{month.year:04d}M{month.month:02d}" for month in months)
    address: str | None = f"{settings.base_url.rstrip('/')}/v{settings.version}/data/{table}/json"
    parameters: dict[str, str] | None = {"area": area, "period": periods}
    blocks: list[dict[str, Any]] = []
    for _ in range(MAX_PAGES):
        if address is None:
            return blocks
        answer = _ask(session, settings, table, address, parameters, ends_at)
        found, following = _blocks(answer, settings.version, table)
        blocks += found
        address, parameters = _next_address(address, following, table), None
    raise _answer_error(table, "more pages than the client reads")


def _next_address(current: str, following: str | None, table: str) -> str | None:
    """The next page's address; one on another host is refused, for the token would follow it."""
    if not following:
        return None
    address = urljoin(current, following)
    if address == current:
        raise _answer_error(table, "its own next page")
    if urlsplit(address)[:2] != urlsplit(current)[:2]:
        raise _answer_error(table, "the next page lies on another host")
    return address


def _ask(
    session: requests.Session, settings: ApiSettings, table: str, address: str,
    parameters: dict[str, str] | None, ends_at: float,
) -> Any:  # fmt: skip
    """One answer; a fault that may pass is tried again, wherever in the answer it came."""
    import requests
    import urllib3

    retry = urllib3.Retry(
        total=settings.retries,
        backoff_factor=settings.pause_seconds,
        backoff_max=settings.longest_pause_seconds,
        retry_after_max=settings.longest_pause_seconds,
    )
    while True:
        left = ends_at - time.monotonic()
        if left <= 0:
            raise _too_late(settings, table)
        answer = None
        try:
            with session.get(
                address, params=parameters, timeout=min(settings.timeout_seconds, left),
                stream=True, allow_redirects=False,
            ) as response:  # fmt: skip
                if response.status_code == requests.codes.ok:
                    return _read(response.raw, settings, table, ends_at)
                answer, may_pass = response.raw, response.status_code in RETRIED_STATUS
                failure = EffektError(
                    "API_REFUSED",
                    f"table {table}: the service answered {response.status_code}",
                    remedy="401, 403: check the token; 404: check table and version; else later",
                )
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            failure, may_pass = _unreachable(table, type(error).__name__), True
        if not may_pass:
            raise failure
        try:
            retry = retry.increment("GET")
        except urllib3.exceptions.MaxRetryError:
            raise failure from None
        retry.sleep(answer)


def _read(answer: Any, settings: ApiSettings, table: str, ends_at: float) -> Any:
    """The JSON of an answer, never more than ``MAX_BYTES`` of it and not beyond the deadline."""
    body = bytearray()
    while piece := answer.read1(_PIECE, decode_content=True):
        body += piece
        if len(body) > MAX_BYTES:
            raise _answer_error(table, f"longer than {MAX_BYTES} bytes")
        if time.monotonic() > ends_at:
            raise _too_late(settings, table)
    try:
        return json.loads(
            body.decode("utf-8-sig"), parse_float=_danish, parse_int=str, parse_constant=_refuse
        )
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise _answer_error(table, "not readable as JSON") from None


def _too_late(settings: ApiSettings, table: str) -> EffektError:
    return _unreachable(table, f"not whole after {settings.deadline_seconds:g} s")


def _unreachable(table: str, why: str) -> EffektError:
    return EffektError(
        "API_UNREACHABLE",
        f"table {table}: no answer from the service ({why})",
        remedy="check address and network, or drop the file by hand",
    )


def _refuse(_constant: str) -> Any:
    raise ValueError


def _danish(number: str) -> str:
    """A JSON number's own digits with a decimal comma, never through a float."""
    return number.replace(".", ",")


def _answer_error(table: str, why: str) -> EffektError:
    return EffektError(
        "API_ANSWER",
        f"table {table}: the answer is {why}",
        remedy="check the version, or drop the file",
    )


def _blocks(answer: Any, version: int, table: str) -> tuple[list[dict[str, Any]], str | None]:
    """The answer's blocks in the shape of version 2, and the address of the next page."""
    if version == 2:
        blocks = answer if isinstance(answer, list) else None
        following = None
    else:
        blocks = [_as_version_2(answer)] if isinstance(answer, dict) else None
        following = answer.get("next") if isinstance(answer, dict) else None
    if blocks is None or not all(_is_block(block) for block in blocks):
        raise _answer_error(table, "not of the documented shape")
    if following is not None and not isinstance(following, str):
        raise _answer_error(table, "not of the documented shape")
    return blocks, following


def _as_version_2(answer: dict[str, Any]) -> dict[str, Any]:
    columns = answer.get("columns")
    names = columns if isinstance(columns, list) else []
    variables = [
        {"Name": str(name), "Label": str(name)}
        if not isinstance(name, dict)
        else {"Name": str(name.get("name")), "Label": str(name.get("label", name.get("name")))}
        for name in names
    ]
    return {"Variables": variables, "Data": answer.get("rows")}


def _is_block(block: Any) -> bool:
    if not isinstance(block, dict):
        return False
    variables, rows = block.get("Variables"), block.get("Data")
    if not isinstance(variables, list) or not isinstance(rows, list) or not variables:
        return False
    named = all(isinstance(v, dict) and isinstance(v.get("Name"), str) for v in variables)
    return named and all(isinstance(r, list) and len(r) == len(variables) for r in rows)


def _totals(block: dict[str, Any]) -> dict[str, Any]:
    """The rows that are totals of every dimension the source does not declare."""
    others = [
        at
        for at, variable in enumerate(block["Variables"])
        if not {variable.get("Name"), variable.get("Label")} & set(NAMES)
    ]
    rows = [row for row in block["Data"] if all(is_total(row[at]) for at in others)]
    return {**block, "Data": rows}


def _name_benefit(block: dict[str, Any], benefit: str) -> dict[str, Any]:
    """Add the benefit that the table is about, where no column says it."""
    if any("Ydelse" in (v.get("Name"), v.get("Label")) for v in block["Variables"]):
        return block
    return {
        "Variables": [*block["Variables"], {"Name": "Ydelse", "Label": "Ydelse"}],
        "Data": [[*row, benefit] for row in block["Data"]],
    }
