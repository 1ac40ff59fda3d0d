"""Which requests the guard hands on to Dagster's web server, and which it refuses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dagster_project.orchestration.guard import Entrance, Guard

PORT, KEY, SECRET = 3000, "k" * 43, "s" * 64
OWN = "127.0.0.1:3000"
KNOWN = ("cookie", f"effekt_ui_{PORT}={KEY}")
JSON = ("content-type", "application/json")
ENTRANCE = Entrance(PORT, frozenset({"effekt.kommune.dk", "intern:8443"}), KEY)
PROXY = Entrance(PORT, frozenset({"effekt.kommune.dk"}), SECRET, is_behind_proxy=True)


class Answer:
    """What came back, and whether the web server behind the guard heard the request."""

    def __init__(self) -> None:
        self.is_heard = False
        self.status: int | None = None
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.type = ""


def ask(
    method: str = "GET", path: str = "/", *headers: tuple[str, str], query: str = "",
    host: str | None = OWN, kind: str = "http", entrance: Entrance = ENTRANCE,
) -> Answer:  # fmt: skip
    """One request to the guard."""
    answer = Answer()

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        answer.is_heard = True
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"seen"})

    async def send(message: Any) -> None:
        answer.type = message["type"]
        answer.status = message.get("status", answer.status)
        answer.headers |= dict(message.get("headers", ()))
        answer.body += message.get("body", b"")

    async def receive() -> Any:
        raise AssertionError("the guard reads no body")

    named = [] if host is None else [("host", host)]
    scope = {
        "type": kind, "path": path, "query_string": query.encode(),
        "headers": [(n.encode(), v.encode("latin-1")) for n, v in (*named, *headers)],
    }  # fmt: skip
    if kind == "http":
        scope["method"] = method
    asyncio.run(Guard(behind, entrance)(scope, receive, send))
    return answer


# Rule F.start_key
def test_the_printed_address_answers_with_a_page_that_sets_the_cookie_and_goes_on() -> None:
    answer = ask(query=f"key={KEY}")
    assert (answer.status, answer.is_heard) == (200, False)
    cookie = answer.headers[b"set-cookie"].decode()
    assert cookie == f"effekt_ui_3000={KEY}; Path=/; HttpOnly; SameSite=Strict"
    assert b'http-equiv="refresh" content="0; url=/"' in answer.body
    assert answer.headers[b"cache-control"] == b"no-store"
    assert answer.headers[b"referrer-policy"] == b"no-referrer"


@pytest.mark.parametrize(
    "query",
    ["", "key=", f"key={KEY[:-1]}", f"key={KEY}x", f"key={KEY}&key={KEY}", f"KEY={KEY}", "key=%00"],
)
# Rule F.start_key
def test_another_key_opens_nothing(query: str) -> None:
    answer = ask(query=query)
    assert (answer.status, answer.is_heard) == (403, False)
    assert b"set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/graphql", "/runs", "//", "/report_asset_check/x", "http://x/"])
def test_the_key_in_an_address_opens_no_other_path(path: str) -> None:
    assert ask("GET", path, query=f"key={KEY}").status == 403


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "OPTIONS"])
def test_the_key_in_an_address_opens_nothing_to_another_method(method: str) -> None:
    answer = ask(method, "/", JSON, query=f"key={KEY}")
    assert (answer.status, answer.is_heard) == (403, False)


# Rule F.start_key
def test_with_the_cookie_the_web_server_is_heard() -> None:
    answer = ask("GET", "/asset-groups", KNOWN)
    assert (answer.status, answer.body) == (200, b"seen")
    assert answer.headers[b"x-frame-options"] == b"DENY"
    assert answer.headers[b"cross-origin-resource-policy"] == b"same-origin"
    assert ask("POST", "/graphql", KNOWN, JSON).is_heard
    assert ask("GET", "/graphql", KNOWN, kind="websocket").is_heard


@pytest.mark.parametrize(
    "cookie",
    [
        None, "", f"effekt_ui_3001={KEY}", f"effekt_ui_3000={KEY[1:]}", "effekt_ui_3000=",
        f"effekt_ui={KEY}", KEY, f"Effekt_ui_3000={KEY}",
    ],
)  # fmt: skip
# Rule F.start_key
def test_without_the_cookie_of_this_start_nothing_is_heard(cookie: str | None) -> None:
    shown = () if cookie is None else (("cookie", cookie),)
    for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE", "TRACE"):
        for path in ("/", "/graphql", "/server_info", "/logs/x", "/favicon.png", "*"):
            answer = ask(method, path, JSON, *shown)
            assert (answer.status, answer.is_heard) == (403, False)
    answer = ask("GET", "/graphql", *shown, kind="websocket")
    assert (answer.type, answer.is_heard) == ("websocket.close", False)


def test_a_cookie_that_somebody_set_beside_ours_locks_nobody_out() -> None:
    assert ask("GET", "/", ("cookie", f"a=b; effekt_ui_3000=x; effekt_ui_3000={KEY}")).is_heard
    assert ask("GET", "/", ("cookie", "effekt_ui_3000=x"), KNOWN).is_heard


@pytest.mark.parametrize(
    ("host", "is_served"),
    [
        ("127.0.0.1:3000", True), ("localhost:3000", True), ("LOCALHOST:3000", True),
        ("effekt.kommune.dk", True), ("intern:8443", True), ("intern", False),
        ("127.0.0.1", False), ("127.0.0.1:3001", False), ("evil.dk:3000", False), ("", False),
        ("127.0.0.1:3000.evil.dk", False), ("evil.dk@127.0.0.1:3000", False),
        ("localhost.:3000", False), ("effekt.kommune.dk:3000", False), (None, False),
    ],
)  # fmt: skip
# Rule F.guard
def test_only_the_names_that_are_served_are_heard(host: str | None, is_served: bool) -> None:
    assert ask("GET", "/", KNOWN, host=host).is_heard is is_served
    assert ask("GET", "/graphql", KNOWN, host=host, kind="websocket").is_heard is is_served
    assert (ask(query=f"key={KEY}", host=host).status == 200) is is_served


def test_two_names_are_no_name() -> None:
    for second in (OWN, "evil.dk"):
        assert ask("GET", "/", KNOWN, ("host", second)).status == 403


def test_at_port_80_a_browser_names_no_port() -> None:
    entrance = Entrance(80, frozenset(), KEY)
    known = ("cookie", f"effekt_ui_80={KEY}")
    assert ask("GET", "/", known, host="localhost", entrance=entrance).is_heard
    assert not ask("GET", "/", known, host="localhost:3000", entrance=entrance).is_heard


@pytest.mark.parametrize(
    ("origin", "is_own"),
    [
        ("http://127.0.0.1:3000", True), ("http://localhost:3000", True),
        ("https://effekt.kommune.dk", True), ("http://effekt.kommune.dk", True),
        ("https://127.0.0.1:3000", False), ("http://127.0.0.1:3001", False), ("null", False),
        ("http://evil.dk", False), ("http://127.0.0.1", False), ("", False),
        ("file://127.0.0.1:3000", False), ("http://127.0.0.1:3000/", False),
    ],
)  # fmt: skip
# Rule F.guard
def test_only_own_pages_may_ask(origin: str, is_own: bool) -> None:
    told = ("origin", origin)
    assert ask("POST", "/graphql", KNOWN, JSON, told).is_heard is is_own
    assert ask("GET", "/", KNOWN, told).is_heard is is_own
    assert ask("GET", "/graphql", KNOWN, told, kind="websocket").is_heard is is_own
    assert not ask("GET", "/", KNOWN, told, ("origin", "http://127.0.0.1:3000")).is_heard


@pytest.mark.parametrize("site", ["cross-site", "same-site", "other"])
# Rule F.guard
def test_another_page_may_link_here_and_nothing_more(site: str) -> None:
    from_there = ("sec-fetch-site", site)
    link = (from_there, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"))
    assert ask("GET", "/", KNOWN, *link).is_heard
    assert ask(query=f"key={KEY}").status == 200
    assert not ask("GET", "/", KNOWN, from_there).is_heard
    for dest in ("image", "iframe", "script", "empty"):
        mode = ("sec-fetch-mode", "navigate" if dest == "iframe" else "no-cors")
        assert not ask("GET", "/", KNOWN, from_there, mode, ("sec-fetch-dest", dest)).is_heard
    assert not ask("POST", "/graphql", KNOWN, JSON, *link).is_heard
    assert not ask("GET", "/graphql", KNOWN, *link, kind="websocket").is_heard
    own = ("sec-fetch-site", "same-origin")
    assert ask("POST", "/graphql", KNOWN, JSON, own).is_heard


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "path",
    [
        "/graphql", "/graphql/", "//graphql", "/GraphQL", "/graphql;x=1", "/%67raphql",
        "/x/../graphql", "/./graphql", "/graphql ", "\\graphql", "/\\graphql", "/graphql/x",
    ],
)  # fmt: skip
# Rule F.guard
def test_graphql_is_not_asked_by_get(method: str, path: str) -> None:
    assert ask(method, path, KNOWN, query="query=mutation").status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/report_asset_materialization/publish", "/report_asset_check/gate_50",
        "/report_asset_observation/x", "/report_asset_anything", "//report_asset_check/x",
        "/REPORT_ASSET_CHECK/x", "/report%5fasset_check/x", "/x/../report_asset_check/x",
        "/report_asset_check;a/x",
    ],
)  # fmt: skip
# Rule F.guard
def test_no_run_that_never_was_is_reported(path: str) -> None:
    for method in ("GET", "HEAD", "POST", "PUT"):
        assert ask(method, path, KNOWN, JSON).status == 403


@pytest.mark.parametrize(
    ("kinds", "is_heard"),
    [
        (["application/json"], True), (["application/json; charset=utf-8"], True),
        (["Application/JSON"], True), ([], False), (["text/plain"], False), ([""], False),
        (["text/plain; application/json"], False), (["application/json, text/plain"], False),
        (["application/graphql"], False), (["application/x-www-form-urlencoded"], False),
        (["multipart/form-data; boundary=application/json"], False), (["application/jsonp"], False),
        (["application/json", "text/plain"], False), (["text/plain", "application/json"], False),
    ],
)  # fmt: skip
# Rule F.guard
def test_only_json_is_sent(kinds: list[str], is_heard: bool) -> None:
    told = [("content-type", kind) for kind in kinds]
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "post"):
        assert ask(method, "/graphql", KNOWN, *told).is_heard is is_heard
        assert ask(method, "/", KNOWN, *told).is_heard is is_heard


def test_a_whole_address_in_the_place_of_a_path_is_refused() -> None:
    for path in ("http://127.0.0.1:3000/", "http://evil.dk/graphql", "*", ""):
        assert ask("GET", path, KNOWN).status == 403
        assert not ask("GET", path, KNOWN, kind="websocket").is_heard


def test_a_websocket_is_opened_where_dagster_has_one_and_nowhere_else() -> None:
    for path in ("/", "/graphql/", "/GRAPHQL", "//graphql"):
        assert not ask("GET", path, KNOWN, kind="websocket").is_heard


@pytest.mark.parametrize(
    ("shown", "is_heard"),
    [
        ((("x-effekt-proxy-secret", SECRET),), True),
        ((("X-Effekt-Proxy-Secret", SECRET),), True),
        ((("x-effekt-proxy-secret", SECRET[1:]),), False),
        ((("x-effekt-proxy-secret", SECRET), ("x-effekt-proxy-secret", "x")), False),
        ((("cookie", f"effekt_ui_3000={SECRET}"),), False),
        ((), False),
    ],
)
# Rule F.start_key
def test_behind_the_sign_on_the_proxys_secret_takes_the_keys_place(
    shown: tuple[tuple[str, str], ...], is_heard: bool
) -> None:
    there = {"host": "effekt.kommune.dk", "entrance": PROXY}
    assert ask("GET", "/", *shown, **there).is_heard is is_heard
    assert ask("GET", "/graphql", *shown, kind="websocket", **there).is_heard is is_heard
    assert not ask("GET", "/", *shown, host="evil.dk", entrance=PROXY).is_heard
    assert not ask("GET", "/", *shown, ("origin", "https://evil.dk"), **there).is_heard
    assert ask(query=f"key={SECRET}", **there).status == 403
    assert "key" not in PROXY.address


def test_a_refusal_to_head_has_no_body() -> None:
    assert ask("HEAD", "/").body == b""
    assert ask("GET", "/").body.decode().startswith("Afvist")
