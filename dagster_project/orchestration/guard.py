"""The guard before Dagster's web server: which requests it may hear at all.

What belongs here: who is let in, from where, and which requests are refused whoever makes them.
What does not: starting servers (``ui``), Dagster. Dagster's web server asks nobody who they are,
does what a link or a form of any page asks for, and takes reports of runs that never were.

Rules: F.start_key, F.guard.
Decides: F.start_key, F.guard.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

LOOPBACK = "127.0.0.1"
PROXY_HEADER = "X-Effekt-Proxy-Secret"
_PUBLIC_PORT = 80
_SEPARATORS = re.compile(r"[/\\]+")
_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
)
_ALWAYS = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
"""What a browser is told with every answer: no other page may frame it or take it in."""
_GOES_ON = """<!doctype html>
<html lang="da"><head><meta charset="utf-8"><title>Effektafregning</title>
<meta http-equiv="refresh" content="0; url=/"></head>
<body><p><a href="/">Videre til Dagster</a></p></body></html>
"""
_NO_KEY = "Afvist: åbn adressen med nøglen, som `effekt ui` skrev, da den startede.\n"
_NOT_SERVED = (
    "Afvist: siden vises ikke under dette navn (ui.hosts i home.yml) eller for denne side.\n"
)
_NOT_HEARD = "Afvist: en sådan forespørgsel besvares ikke.\n"

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Entrance:
    """What a request must show.

    Args:
        port: the port that is served; the cookie's name carries it.
        hosts: names, with the port where it shows, under which a proxy serves the UI.
        secret: the key made for this start, or the secret that the proxy adds to each request.
        is_behind_proxy: whether the secret is the proxy's.
    """

    port: int
    hosts: frozenset[str]
    secret: str
    is_behind_proxy: bool = False

    @property
    def own_hosts(self) -> frozenset[str]:
        """The names of this machine's own loopback address."""
        own = {f"{name}:{self.port}" for name in (LOOPBACK, "localhost")}
        return frozenset(own | ({LOOPBACK, "localhost"} if self.port == _PUBLIC_PORT else set()))

    @property
    def cookie(self) -> str:
        """Name of the cookie; browsers send a cookie to every port of its host."""
        return f"effekt_ui_{self.port}"

    @property
    def address(self) -> str:
        """Where a person goes in, the key included."""
        key = "" if self.is_behind_proxy else f"?key={self.secret}"
        return f"http://{LOOPBACK}:{self.port}/{key}"

    def is_served(self, host: str) -> bool:
        """Whether a request may name this host."""
        return host.lower() in self.own_hosts | self.hosts

    def is_own_page(self, origin: str) -> bool:
        """Whether a request may come from a page of this origin."""
        scheme, _, host = origin.lower().partition("://")
        return host in self.hosts | self.own_hosts and (
            scheme == "http" or (scheme == "https" and host in self.hosts)
        )

    def is_secret(self, text: str) -> bool:
        """Whether a text is the secret; how long the answer takes says nothing about it."""
        return hmac.compare_digest(text.encode("utf-8", "replace"), self.secret.encode("utf-8"))


class Guard:
    """An ASGI application that lets through what :class:`Entrance` admits, and refuses the rest."""

    def __init__(self, app: App, entrance: Entrance) -> None:
        """Stand before an application.

        Args:
            app: Dagster's web server.
            entrance: what a request must show.
        """
        self._app = app
        self._entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        asked = _Asked(scope, self._entrance)
        if (refusal := asked.refusal()) is not None:
            await _refuse(asked, refusal, send)
        elif asked.brings_key():
            cookie = f"{self._entrance.cookie}={self._entrance.secret}"
            kept = f"{cookie}; Path=/; HttpOnly; SameSite=Strict".encode("ascii")
            await _answer(send, 200, "text/html", _GOES_ON, (b"set-cookie", kept))
        else:
            await self._app(scope, receive, _with_headers(send))


class _Asked:
    """One request, read as the guard reads it."""

    def __init__(self, scope: Scope, entrance: Entrance) -> None:
        self.is_websocket: bool = scope["type"] == "websocket"
        self.method: str = "GET" if self.is_websocket else scope["method"]
        self._scope = scope
        self._entrance = entrance

    def _all(self, name: str) -> list[str]:
        """Every value that a header has, in the order of the lines."""
        wanted = name.lower().encode("ascii")
        return [
            value.decode("latin-1").strip()
            for key, value in self._scope["headers"]
            if key.lower() == wanted
        ]

    def _one(self, name: str) -> str | None:
        """The value of a header that stands once; None where it is missing or stands twice."""
        values = self._all(name)
        return values[0] if len(values) == 1 else None

    def refusal(self) -> str | None:
        """Why the request is refused, in words for whoever made it; None where it is heard."""
        if not self._is_from_own_page():
            return _NOT_SERVED
        if not (self._shows_secret() or self.brings_key()):
            return _NO_KEY
        return None if self._is_harmless() else _NOT_HEARD

    def _is_from_own_page(self) -> bool:
        """Whether the host is one that is served, and no other page makes the request.

        A browser says which page makes it (``Origin``), also for websockets, and whether that page
        lies elsewhere; another port of this machine is elsewhere too, and the cookie travels there.
        Only a link may lead here from anywhere.
        """
        host = self._one("host")
        if host is None or not self._entrance.is_served(host):
            return False
        origins = self._all("origin")
        if origins and not (len(origins) == 1 and self._entrance.is_own_page(origins[0])):
            return False
        is_link = (
            self.method == "GET"
            and not self.is_websocket
            and self._all("sec-fetch-mode") == ["navigate"]
            and self._all("sec-fetch-dest") == ["document"]
        )
        return is_link or set(self._all("sec-fetch-site")) <= {"same-origin", "none"}

    def _shows_secret(self) -> bool:
        if self._entrance.is_behind_proxy:
            shown = self._one(PROXY_HEADER)
            return shown is not None and self._entrance.is_secret(shown)
        pairs = [pair.partition("=") for line in self._all("cookie") for pair in line.split(";")]
        values = [text.strip() for name, _, text in pairs if name.strip() == self._entrance.cookie]
        return any(map(self._entrance.is_secret, values))

    def brings_key(self) -> bool:
        """Whether this is the address that was printed: its page sets the cookie."""
        if self._entrance.is_behind_proxy or self.is_websocket or self.method != "GET":
            return False
        keys = parse_qs(self._scope["query_string"].decode("latin-1")).get("key", [])
        return self._scope["path"] == "/" and len(keys) == 1 and self._entrance.is_secret(keys[0])

    def _is_harmless(self) -> bool:
        """Whether the web server may hear it: nothing that a link or a form can make it do.

        A path is read as the most forgiving reader would: percent signs, capitals, doubled and
        trailing strokes, parameters and detours change nothing.
        """
        if not self._scope["path"].startswith("/"):
            return False
        parts = {
            part.partition(";")[0].strip().casefold()
            for part in _SEPARATORS.split(unquote(self._scope["path"]))
        }
        if any(part.startswith("report_asset_") for part in parts):
            return False
        if self.is_websocket:
            return bool(self._scope["path"] == "/graphql")
        if self.method in ("GET", "HEAD"):
            return "graphql" not in parts
        kind = self._one("content-type") or ""
        return kind.partition(";")[0].strip().lower() == "application/json"


def _with_headers(send: Send) -> Send:
    """What an answer says, and what the guard tells the browser beside it."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            named = {name for name, _ in _ALWAYS}
            others = [pair for pair in message.get("headers", ()) if pair[0].lower() not in named]
            message = {**message, "headers": [*others, *_ALWAYS]}
        await send(message)

    return sent


async def _refuse(asked: _Asked, why: str, send: Send) -> None:
    if asked.is_websocket:
        await send({"type": "websocket.close", "code": 1008, "reason": ""})
    else:
        await _answer(send, 403, "text/plain", "" if asked.method == "HEAD" else why)


async def _answer(
    send: Send, status: int, kind: str, text: str, *headers: tuple[bytes, bytes]
) -> None:
    body = text.encode("utf-8")
    told = (
        (b"content-type", f"{kind}; charset=utf-8".encode("ascii")),
        (b"content-length", str(len(body)).encode("ascii")),
    )
    start = {"type": "http.response.start", "status": status}
    await send({**start, "headers": [*told, *headers, *_HEADERS, *_ALWAYS]})
    await send({"type": "http.response.body", "body": body})
