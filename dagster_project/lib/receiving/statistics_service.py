"""One question to the statistics service over HTTP: asked again where that helps, read to the end.

What belongs here: connection, token, repeats, limits of time and size. What does not: what is asked
for, and what an answer holds (``jobindsats_api``). The token goes to the address of ``home.yml``
and nowhere else: no redirect is followed, no proxy or password file of the machine is looked at.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.receiving.formats.json_format import load_exact

if TYPE_CHECKING:
    import requests

MAX_BYTES = 50_000_000
"""Largest answer that is read, in bytes: a municipality's table is far below a megabyte."""
RETRIED_STATUS = (429, 500, 502, 503, 504)
_PIECE = 1 << 16
_AS_CLIENTS_WRITE = "*,"  # marks of a question that stay as they are


class RefusedError(EffektError):
    """The service refused a question.

    Args:
        table: the table that was asked for.
        status: the service's answer.
    """

    def __init__(self, table: str, status: int) -> None:
        remedies = {
            401: "prøv nøglen i secrets/jobindsats.token",
            403: "prøv nøglen i secrets/jobindsats.token",
            404: "se efter, om tabellen findes i den version, home.yml nævner",
        }
        remedy = remedies.get(status, "prøv igen senere, eller læg filen i landing/")
        if 300 <= status < 400:
            remedy = "skriv den rigtige adresse i home.yml; nøglen sendes ikke videre"
        super().__init__("API_REFUSED", f"tabel {table}: tjenesten svarede {status}", remedy=remedy)
        self.status = status


@dataclass(frozen=True)
class Patience:
    """How long and how often a question is asked.

    Args:
        timeout_seconds: limit for connecting and for each read.
        retries: attempts after the first for a refused connection, 429, 5xx and an answer that
            breaks off, with growing pauses.
        pause_seconds: first pause; doubled each time, unless the service sends ``Retry-After``.
        longest_pause_seconds: no pause is longer, whatever the service sends.
        deadline_seconds: after these no request begins and no answer is read on.
    """

    timeout_seconds: float = 30.0
    retries: int = 4
    pause_seconds: float = 1.0
    longest_pause_seconds: int = 60
    deadline_seconds: float = 900.0


class Service:
    """An open connection that carries the token."""

    def __init__(self, session: requests.Session, patience: Patience) -> None:
        self._session = session
        self._patience = patience
        self._ends_at = time.monotonic() + patience.deadline_seconds

    def ask(self, table: str, address: str, parameters: Mapping[str, str]) -> Any:
        """The JSON of an answer, its numbers as ``Number``.

        A fault that may pass is tried again, wherever in the answer it came.

        Raises:
            RefusedError: any status but 200.
            EffektError: API_UNREACHABLE, API_ANSWER.
        """
        import requests
        import urllib3

        patience = self._patience
        retry = urllib3.Retry(
            total=patience.retries,
            backoff_factor=patience.pause_seconds,
            backoff_max=patience.longest_pause_seconds,
            retry_after_max=patience.longest_pause_seconds,
        )
        question = f"{address}?{urlencode(parameters, safe=_AS_CLIENTS_WRITE)}"
        while True:
            left = self._ends_at - time.monotonic()
            if left <= 0:
                raise self._too_late(table)
            answer: Any = None
            failure: EffektError
            try:
                with self._session.get(
                    question, timeout=min(patience.timeout_seconds, left),
                    stream=True, allow_redirects=False,
                ) as response:  # fmt: skip
                    if response.status_code == requests.codes.ok:
                        return self._read(response, table)
                    answer = response.raw
                    failure = RefusedError(table, response.status_code)
                    if response.status_code not in RETRIED_STATUS:
                        raise failure
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                failure = unreachable(table, type(error).__name__)
            try:
                retry = retry.increment("GET")
            except urllib3.exceptions.MaxRetryError:
                raise failure from None
            retry.sleep(answer)

    def _read(self, response: requests.Response, table: str) -> Any:
        """The answer, never more than ``MAX_BYTES`` of it and not beyond the deadline."""
        kind = response.headers.get("Content-Type", "json")
        if "json" not in kind and "text/plain" not in kind:
            raise answer_error(table, "er ikke JSON")
        body = bytearray()
        while piece := response.raw.read1(_PIECE, decode_content=True):
            body += piece
            if len(body) > MAX_BYTES:
                raise answer_error(table, f"er større end {MAX_BYTES} byte")
            if time.monotonic() > self._ends_at:
                raise self._too_late(table)
        try:
            return load_exact(bytes(body))
        except (UnicodeDecodeError, ValueError, RecursionError):
            raise answer_error(table, "kan ikke læses som JSON") from None

    def _too_late(self, table: str) -> EffektError:
        return unreachable(table, f"ikke helt efter {self._patience.deadline_seconds:g} sekunder")


@contextmanager
def opened(authorization: str, patience: Patience) -> Iterator[Service]:
    """A service to ask, with this ``Authorization`` on every question."""
    import requests

    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = authorization
        session.headers["Accept"] = "application/json"
        yield Service(session, patience)


def unreachable(table: str, why: str) -> EffektError:
    """No whole answer came."""
    return EffektError(
        "API_UNREACHABLE",
        f"tabel {table}: intet svar fra tjenesten ({why})",
        remedy="se efter adressen og netværket, eller læg filen i landing/",
    )


def answer_error(table: str, why: str) -> EffektError:
    """An answer came that is not what was asked for."""
    return EffektError(
        "API_ANSWER",
        f"tabel {table}: svaret {why}",
        remedy="se efter versionen i home.yml, eller læg filen i landing/",
    )
