"""The way to the server: the file that names it, the connection, and failures without values.

What belongs here: reading ``dsn_file``, and a failure of the server as a code with Danish words.
What does not: what is written (``copying``). No text of the server and no part of the file is ever
in a message: they may hold a password, a name or a row.

Rules: M.postgres.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.reference import words
from dagster_project.settings import Home

if TYPE_CHECKING:
    import psycopg

_WAITS = {
    "connect_timeout": "10", "tcp_user_timeout": "60000", "keepalives_idle": "30",
    "application_name": "effektafregning",
}  # fmt: skip
"""How long a server is waited for (seconds, milliseconds, seconds) where the file does not say."""
_BUSY = {"55P03", "40P01", "57014"}
"""A lock that was not to be had in time, a deadlock, a statement that took too long."""
_IN_USE = {"2BP01", "0A000"}
"""Views that stand on what is to change."""
_RIGHTS = {"42501", "25006", "3F000"}
"""Not allowed, a server that only reads, no such schema."""
_GONE = ("08", "57P")
"""The connection is broken; the server stops."""


def failure(code: str, detail: str = "") -> EffektError:
    """A failure of the publication to PostgreSQL in its Danish words.

    Args:
        code: of ``seeds/words.csv``, domain ``failure``.
        detail: names of the mart or of the server's catalogue, or an SQLSTATE; no value.
    """
    word = words.failure(code)
    told = f"{word.label_da} ({detail})" if detail else word.label_da
    return EffektError(code, told, remedy=word.remedy_da)


def read_dsn(home: Home, path: Path) -> str:
    """The connection string of a file that nobody else may read (0600).

    Args:
        home: whose it is; a relative path begins in its folder.
        path: as ``home.yml`` names it.

    Raises:
        EffektError: ``POSTGRES_DSN``: no such file, or no text; ``POSTGRES_DSN_OPEN``.
    """
    try:
        with (home.root / path.expanduser()).open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            text = stream.read().decode("utf-8").strip()
    except (OSError, ValueError, RuntimeError):  # no such file or user, no path, no text
        raise failure("POSTGRES_DSN") from None
    if stat.S_IMODE(mode) & 0o077:
        raise failure("POSTGRES_DSN_OPEN")
    if not text:
        raise failure("POSTGRES_DSN")
    return text


@contextmanager
def connected(dsn: str) -> Iterator[psycopg.Connection]:
    """A connection in one transaction: committed at the end, undone by whatever is raised.

    Raises:
        EffektError: ``POSTGRES_…``, without any text of the server.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    try:
        asked = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
        full = make_conninfo(**{**_WAITS, **asked})
    except psycopg.Error:
        raise failure("POSTGRES_DSN") from None
    try:
        with _opened(full) as connection:
            yield connection
    except psycopg.Error as error:
        raise _told(error.sqlstate) from None


def _opened(conninfo: str) -> psycopg.Connection:
    """A connection; the name of a host that can be none fails before the server is asked."""
    import psycopg

    try:
        return psycopg.connect(conninfo)
    except UnicodeError:
        raise failure("POSTGRES_DSN") from None


def _told(sqlstate: str | None) -> EffektError:
    if sqlstate is None or sqlstate.startswith(_GONE):
        return failure("POSTGRES_GONE")
    detail = f"SQLSTATE {sqlstate}"
    for code, states in (
        ("POSTGRES_BUSY", _BUSY), ("POSTGRES_IN_USE", _IN_USE), ("POSTGRES_RIGHTS", _RIGHTS),
    ):  # fmt: skip
        if sqlstate in states:
            return failure(code, detail)
    return failure("POSTGRES_FAILED", detail)
