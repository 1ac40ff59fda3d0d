"""A PostgreSQL server of the test's own: Debian's package, a socket in a folder, no port.

What belongs here: starting, stopping and asking it. What does not: a test.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
OWNER = "effekt_owner"


@dataclass(frozen=True)
class Server:
    """A running server, or one that was stopped."""

    folder: Path
    programs: Path
    password: str

    @property
    def data(self) -> Path:
        """Its cluster."""
        return self.folder / "data"

    def dsn(self, user: str = OWNER, password: str | None = None) -> str:
        """The connection string of a role, with a password that no text may show."""
        word = self.password if password is None else password
        return f"host={self.folder} user={user} password={word} dbname=postgres"

    @contextmanager
    def connected(self, user: str = OWNER, **options: Any) -> Iterator[psycopg.Connection]:
        """A connection of a role."""
        with psycopg.connect(self.dsn(user), **options) as connection:
            yield connection

    def ask(self, question: str, user: str = OWNER) -> list[tuple[Any, ...]]:
        """Rows of one question in a connection of its own; none where there are no rows."""
        with self.connected(user, autocommit=True) as connection:
            found = connection.execute(question)
            return found.fetchall() if found.description else []

    def add_role(self, name: str, rights: str = "login") -> None:
        """A role with the server's password."""
        self.ask(f"create role {name} {rights} password '{self.password}'")

    def start(self) -> None:
        """Start it; it listens on its socket alone."""
        settings = (
            f"-k {self.folder} -c listen_addresses='' -c fsync=off -c max_connections=20"
            " -c shared_buffers=16MB"
        )
        self._run(
            "pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "-o", settings, "start"
        )

    def stop(self) -> None:
        """Stop it at once; connections break."""
        self._run("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self.programs / program), *map(str, arguments)]
        subprocess.run(
            command, check=True, timeout=120, stdout=subprocess.DEVNULL, cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, **_unprivileged(),
        )  # fmt: skip


def _unprivileged() -> dict[str, Any]:
    """The server refuses the superuser: he starts it as nobody."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextmanager
def running() -> Iterator[Server]:
    """A server with one role, which may do everything; gone at the end."""
    if not _PLACES:
        pytest.skip("PostgreSQL is not installed (Debian's package postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="effekt-pg-"))
    server = Server(folder, _PLACES[-1].parent, secrets.token_hex(12))
    word = folder / "word"
    word.write_text(server.password)
    if runs_as := _unprivileged():
        for path in (folder, word):
            os.chown(path, runs_as["user"], runs_as["group"])
    try:
        server._run(
            "initdb", "-D", server.data, "-U", OWNER, "-A", "scram-sha-256",
            "--pwfile", word, "-E", "UTF8", "--no-sync",
        )  # fmt: skip
        server.start()
        try:
            yield server
        finally:
            if (server.data / "postmaster.pid").exists():
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
