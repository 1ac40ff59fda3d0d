"""The jobindsats client against a real local server that behaves like the documented service."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dagster_project import definitions, settings
from dagster_project.lib import receiving
from dagster_project.lib.base import lock
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.receiving import check_file
from dagster_project.lib.receiving.jobindsats_api import (
    ApiSettings,
    fetch,
    fetch_for,
    months_asked,
)
from dagster_project.lib.receiving.statistics_service import Patience
from dagster_project.settings import Home
from tests.faults import corpus

TOKEN = "a-token-of-an-organisation"
MONTHS = [dt.date(2024, 1, 1), dt.date(2024, 2, 1)]
FETCHED_ON = dt.date(2024, 4, 1)
ONE_TABLE = {"y07a02": "Sygedagpenge"}


@dataclass
class Service:
    """What the server answers, and what it was asked."""

    answers: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, list[str]], str | None]] = field(default_factory=list)
    address: str = ""
    pause: float = 0.0
    drip: float = 0.0

    def will_answer(self, body: Any, status: int = 200, **headers: str) -> None:
        """Queue one answer."""
        self.answers.append((status, body, headers))


@pytest.fixture
def service() -> Iterator[Service]:
    """A server on the loopback address."""
    state = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            state.asked.append((parts.path, parse_qs(parts.query), self.headers["Authorization"]))
            time.sleep(state.pause)
            status, body, headers = state.answers.pop(0)
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for byte in raw if state.drip else [raw]:
                    self.wfile.write(bytes([byte]) if isinstance(byte, int) else byte)
                    time.sleep(state.drip)

        def log_message(self, *arguments: object) -> None:
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a token that only its owner may read."""
    (tmp_path / "landing").mkdir()
    (tmp_path / "secrets").mkdir(mode=0o700)
    token = tmp_path / "secrets" / "jobindsats.token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    return tmp_path


SHARE = "Fuldtidspersoner i pct. af arbejdsstyrken 16-66 år"
PERSONS, FTE = "Antal personer", "Antal fuldtidspersoner"
ROWS = [
    ["Hedensted", "2024M01", "1\u00a0034", "812,4"],
    ["Hedensted", "2024M02", "*", "-"],
]


def version_2(rows: list[list[Any]]) -> list[dict[str, Any]]:
    """An answer of version 2, with the percentages that come beside the counts."""
    names = [("area", "Area"), ("period", "Periode"), ("memba02_1", PERSONS), ("memba02_2", FTE),
             ("memba02_4b", SHARE)]  # fmt: skip
    variables = [{"Name": name, "Label": label} for name, label in names]
    return [{"Variables": variables, "Data": [[*row, "3,6"] for row in rows]}]


def version_3(rows: list[list[Any]]) -> dict[str, Any]:
    """An answer of version 3: every municipality, and percentages beside the counts."""
    other = [["Hele landet", "2024M01", 60000, 45000.25], ["Horsens", "2024M01", 900, 700]]
    columns = ["Område", "Periode", PERSONS, FTE, SHARE]
    return {"columns": columns, "rows": [[*row, 3.6] for row in [*other, *rows]]}


def run(service: Service, home: Path, **changes: Any) -> Path:
    patience = {"pause_seconds": 0.01, "retries": 2} | {
        name: changes.pop(name) for name in list(changes) if name in Patience.__annotations__
    }
    settings = ApiSettings(
        base_url=service.address, patience=Patience(**patience), **{"tables": ONE_TABLE} | changes
    )
    return fetch(settings, Home(home), "Hedensted", MONTHS, FETCHED_ON)


def refusal(service: Service, home: Path, **changes: Any) -> EffektError:
    with pytest.raises(EffektError) as caught:
        run(service, home, **changes)
    assert TOKEN not in str(caught.value)
    assert list((home / "landing").iterdir()) == []
    return caught.value


def delivered(path: Path) -> list[list[str]]:
    """The rows of a delivery, which receiving accepts."""
    assert check_file(path, frozenset()).as_json()["findings"] == []
    (block,) = json.loads(path.read_text())
    assert [v["Label"] for v in block["Variables"]] == ["Område", "Ydelse", "Periode", PERSONS, FTE]
    rows: list[list[str]] = block["Data"]
    return rows


def test_version_3_is_asked_as_its_clients_ask_and_becomes_a_delivery(
    service: Service, home: Path
) -> None:
    figures = [["Hedensted", "2024M01", 1034, 812.4], ["Hedensted", "2024M02", None, None]]
    service.will_answer(version_3(figures))
    path = run(service, home)
    assert path.name == "jobindsats_2024-04-01.json"
    assert service.asked == [
        (
            "/v3/data/y07a02",
            {"mgroup.*": ["*"], "period.M": ["2024M01,2024M02"], "hierarchy._nykom": ["*"],
             "format": ["json"]},
            f"Bearer {TOKEN}",
        )
    ]  # fmt: skip
    assert delivered(path) == [
        ["Hedensted", "Sygedagpenge", "2024M01", "1034", "812,4"],
        ["Hedensted", "Sygedagpenge", "2024M02", "", ""],
    ]


def test_version_2_is_asked_with_the_raw_token_for_the_municipality_by_name(
    service: Service, home: Path
) -> None:
    service.will_answer(version_2(ROWS))
    path = run(service, home, version=2)
    assert service.asked == [
        ("/v2/data/y07a02/json", {"area": ["Hedensted"], "period": ["2024M01,2024M02"]}, TOKEN)
    ]
    assert delivered(path) == [
        ["Hedensted", "Sygedagpenge", "2024M01", "1034", "812,4"],
        ["Hedensted", "Sygedagpenge", "2024M02", "*", "-"],
    ]


@pytest.mark.parametrize("tail", ["", "/", "/v3", "/v2/", "/api/v3"])
def test_the_address_may_name_a_version_and_the_version_decides(
    service: Service, home: Path, tail: str
) -> None:
    service.address += tail
    service.will_answer(version_3(ROWS))
    run(service, home)
    prefix = "/api" if "api" in tail else ""
    assert service.asked[0][0] == f"{prefix}/v3/data/y07a02"


def test_months_that_are_not_published_yet_are_left_out(service: Service, home: Path) -> None:
    service.will_answer({"detail": "period"}, 422)
    service.will_answer({
        "periods": [
            {"periodtype_id": "Q", "values": [{"period_id": "2024Q1"}]},
            {"periodtype_id": "M", "values": [{"period_id": "2023M12"}, {"period_id": "2024M01"}]},
        ],
        "dimensions": [], "mgroups": [],
    })  # fmt: skip
    service.will_answer(version_3(ROWS[:1]))
    assert len(delivered(run(service, home))) == 1
    asked = [(path, parameters.get("period.M")) for path, parameters, _ in service.asked]
    assert asked == [
        ("/v3/data/y07a02", ["2024M01,2024M02"]), ("/v3/table/y07a02", None),
        ("/v3/data/y07a02", ["2024M01"]),
    ]  # fmt: skip
    assert {token for *_, token in service.asked} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("described", [{}, [], {"periods": [{}]}, {"periods": None}, b"<html>"])
def test_a_table_that_is_not_there_is_said_to_be_missing(
    service: Service, home: Path, described: Any
) -> None:
    service.will_answer({}, 404)
    service.will_answer(described)
    error = refusal(service, home)
    assert error.code == "API_REFUSED" and "404" in error.message


@pytest.mark.parametrize("area", ["Hedensted", "Hedensted Kommune"])
def test_of_all_municipalities_the_home_s_is_kept(service: Service, home: Path, area: str) -> None:
    service.will_answer(version_3([[area, *ROWS[0][1:]]]))
    assert [row[0] for row in delivered(run(service, home))] == [area]


def test_an_answer_without_the_municipality_is_no_delivery(service: Service, home: Path) -> None:
    service.will_answer(version_3([]))
    error = refusal(service, home)
    assert error.code == "API_ANSWER" and "kommunen" in error.message


def test_a_table_that_names_its_benefit_keeps_it_and_all_tables_are_asked(
    service: Service, home: Path
) -> None:
    own = version_2([["Hedensted", "2024M01", "1", "1"]])
    own[0]["Variables"].append({"Name": "_ygrp", "Label": "Ydelsesgrupper"})
    own[0]["Data"][0].append("Sygedagpenge")
    service.will_answer(own)
    service.will_answer(version_2(ROWS))
    tables = {"y12a02": "Jobafklaringsforløb", "y07a02": "never used"}
    rows = delivered(run(service, home, tables=tables, version=2))
    assert sorted(asked[0].split("/")[3] for asked in service.asked) == ["y07a02", "y12a02"]
    assert [row[1] for row in rows] == [
        "Sygedagpenge", "Jobafklaringsforløb", "Jobafklaringsforløb",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "text"),
    [("812.4", "812,4"), ("812.10", "812,1"), ("0", "0"), ("812.1234", "812,1234"),
     ("9999999999.0001", "9999999999,0001")],
)  # fmt: skip
def test_numbers_keep_their_digits_and_get_a_decimal_comma(
    service: Service, home: Path, number: str, text: str
) -> None:
    raw = json.dumps(version_3([["Hedensted", "2024M01", 99999999999, "HERE"]]))
    service.will_answer(raw.replace('"HERE"', number).encode())
    assert delivered(run(service, home))[0][3:] == ["99999999999", text]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again(service: Service, home: Path, status: int) -> None:
    service.will_answer({}, status)
    service.will_answer(version_3(ROWS))
    assert run(service, home).is_file()
    assert len(service.asked) == 2


def test_a_lasting_fault_ends_the_fetch_and_leaves_nothing(service: Service, home: Path) -> None:
    for _ in range(3):
        service.will_answer({}, 503)
    assert refusal(service, home).code == "API_REFUSED"
    assert len(service.asked) == 3


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("status", [301, 302, 307, 308, 401, 403, 405, 410])
def test_a_refusal_is_not_tried_again_and_redirects_are_not_followed(
    service: Service, home: Path, status: int, version: int
) -> None:
    service.will_answer({}, status, Location=f"{service.address}/v{version}/elsewhere")
    error = refusal(service, home, version=version)
    assert error.code == "API_REFUSED"
    assert str(status) in error.message
    assert len(service.asked) == 1


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/xml", "text/csv"])
def test_an_answer_that_says_it_is_no_json_is_not_read(
    service: Service, home: Path, kind: str
) -> None:
    service.will_answer(version_3(ROWS), **{"Content-Type": kind})
    assert refusal(service, home).code == "API_ANSWER"


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "text/json", "text/plain"])
def test_an_answer_that_says_it_is_json_is_read(service: Service, home: Path, kind: str) -> None:
    service.will_answer(version_3(ROWS), **{"Content-Type": kind})
    assert run(service, home).is_file()


def test_a_silent_service_times_out(service: Service, home: Path) -> None:
    service.pause = 0.6
    service.will_answer(version_3(ROWS))
    assert refusal(service, home, timeout_seconds=0.1, retries=0).code == "API_UNREACHABLE"


def test_nobody_listening_is_said_plainly(service: Service, home: Path) -> None:
    service.address = "http://127.0.0.1:9"
    assert refusal(service, home, retries=0).code == "API_UNREACHABLE"


@pytest.mark.parametrize(
    "body",
    [
        b"<html>", b"", b"\xff\xfe", b"[" * 100_000, b"{", [1], "text", {"columns": []},
        {"Forkert nøgle eller nøglen er udløbet.": ""},
        {"columns": ["Område"], "rows": [["Hedensted"]]},
        {"columns": ["Område", "Periode", PERSONS, FTE], "rows": [ROWS[0], ROWS[1][:3]]},
        {"columns": ["Område", "Area", "Periode", PERSONS, FTE], "rows": [["Hedensted", *ROWS[0]]]},
        {"columns": ["Område", "Periode", PERSONS, FTE], "rows": [["Hedensted", "2024M01", [], 1]]},
        {"columns": ["Område", "Periode", PERSONS, FTE], "rows": [["Hedensted", "2024M", 1, 1e9]]},
        {"columns": ["Område", "Periode", PERSONS, FTE], "rows": []},
        [],
        b'{"columns": ["Antal personer"], "rows": [[NaN]]}',
        b'{"columns": ["Antal personer"], "columns": [], "rows": []}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("version", [2, 3])
def test_an_answer_of_another_shape_is_refused(
    service: Service, home: Path, body: Any, version: int
) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).replace("1000000000.0", "1e9")
    service.will_answer(raw if isinstance(raw, bytes) else raw.encode())
    assert refusal(service, home, version=version).code == "API_ANSWER"


def test_a_text_that_no_file_can_hold_is_no_delivery(service: Service, home: Path) -> None:
    service.will_answer(json.dumps(version_3([["Hedensted", "2024M01", "\ud800", 1]])).encode())
    assert refusal(service, home).code == "API_ANSWER"


@pytest.mark.parametrize("total", ["Køn i alt", "Køn\u00a0i alt"])
def test_of_other_dimensions_the_totals_are_kept(service: Service, home: Path, total: str) -> None:
    table = version_3([])
    table["columns"].append("Køn")
    table["rows"] = [[*ROWS[0], 3.6, sex] for sex in (total, "Mænd", "Kvinder")]
    service.will_answer(table)
    assert len(delivered(run(service, home))) == 1


@pytest.mark.parametrize(
    "headers", [{"Content-Length": "100000"}, {"Content-Encoding": "gzip"}], ids=str
)
def test_an_answer_that_breaks_off_is_asked_for_again(
    service: Service, home: Path, headers: dict[str, str]
) -> None:
    service.will_answer(version_3(ROWS), **headers)
    service.will_answer(version_3(ROWS))
    assert run(service, home).is_file()
    (home / "landing" / "jobindsats_2024-04-01.json").unlink()
    for _ in range(3):
        service.will_answer(version_3(ROWS), **headers)
    assert refusal(service, home).code == "API_UNREACHABLE"
    assert len(service.asked) == 5


def test_a_dripping_service_is_left_at_the_deadline(service: Service, home: Path) -> None:
    service.drip = 0.05
    service.will_answer(version_3(ROWS))
    error = refusal(service, home, deadline_seconds=0.2, retries=0)
    assert error.code == "API_UNREACHABLE" and "ikke helt" in error.message


def test_no_pause_is_longer_than_ours_whatever_the_service_says(
    service: Service, home: Path
) -> None:
    service.will_answer({}, 503, **{"Retry-After": "86400"})
    service.will_answer(version_3(ROWS))
    assert run(service, home, longest_pause_seconds=1).is_file()


def test_what_landed_or_was_accepted_is_never_replaced(service: Service, home: Path) -> None:
    by_hand = home / "landing" / "by-hand" / "jobindsats_2024-04-01.csv"
    by_hand.parent.mkdir()
    by_hand.write_bytes(corpus.good_csv("jobindsats"))
    service.will_answer(version_3(ROWS))
    assert run(service, home).name == "jobindsats_2024-04-01_v2.json"
    receiving.receive(Home(home), frozenset())
    service.will_answer(version_3(ROWS))
    assert run(service, home).name == "jobindsats_2024-04-01_v3.json"
    report = receiving.receive(Home(home), frozenset())
    assert [note.file_name for note in report.accepted] == ["jobindsats_2024-04-01_v3.json"]


@pytest.mark.parametrize("token", [b"\xff\xfe", "nøgle".encode(), b"two\nlines"])
def test_what_cannot_be_a_token_is_refused(service: Service, home: Path, token: bytes) -> None:
    (home / "secrets" / "jobindsats.token").write_bytes(token)
    assert refusal(service, home).code == "API_TOKEN"
    assert service.asked == []


@pytest.mark.parametrize("address", ["http://jobindsats.example", "ftp://127.0.0.1", "127.0.0.1"])
def test_the_token_does_not_travel_in_clear_text(
    service: Service, home: Path, address: str
) -> None:
    service.address = address
    assert refusal(service, home).code == "API_SETTINGS"


def test_the_months_asked_for_are_those_between() -> None:
    assert months_asked("2023-12", "2024-02") == [
        dt.date(2023, 12, 1), dt.date(2024, 1, 1), dt.date(2024, 2, 1),
    ]  # fmt: skip
    assert months_asked("2024-02", "2024-02") == [dt.date(2024, 2, 1)]
    for first, last in (("2024-02", "2024-01"), ("2024-13", "2025-01"), ("x", "2024-01")):
        with pytest.raises(EffektError, match="måneder"):
            months_asked(first, last)


# Rule F.launchpad
def test_the_job_asks_what_home_yml_says_and_waits_for_no_night(
    service: Service, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.will_answer(version_3(ROWS))
    monkeypatch.setenv("EFFEKT_HOME", str(home))
    (home / "home.yml").write_text(
        f"""
        area: Hedensted
        jobindsats:
          base_url: {service.address}
          first_month: 2024-01
          last_month: 2024-02
          tables: {{y07a02: Sygedagpenge}}
        """,
        encoding="utf-8",
    )
    with lock.hold(Home(home).ensure().lock_file):
        done = definitions.defs.get_job_def("fetch_jobindsats").execute_in_process(
            run_config={"resources": {"place": {"config": {"as_of": "2024-04-01"}}}}
        )
    assert done.success
    assert (home / "landing" / "jobindsats_2024-04-01.json").is_file()
    ((path, asked, token),) = service.asked
    assert (path, token) == ("/v3/data/y07a02", f"Bearer {TOKEN}")
    assert asked["period.M"] == ["2024M01,2024M02"]


@pytest.mark.parametrize(
    ("last_month", "periods"), [("", 4), ("  last_month: 2024-02\n", 2)], ids=["open", "said"]
)
def test_months_are_asked_for_up_to_that_of_the_as_of_date_unless_home_yml_ends_them(
    service: Service, home: Path, last_month: str, periods: int
) -> None:
    service.will_answer(version_3(ROWS))
    (home / "home.yml").write_text(
        f"area: Hedensted\njobindsats:\n  base_url: {service.address}\n  first_month: 2024-01\n"
        f"  tables: {{y07a02: Sygedagpenge}}\n{last_month}",
        encoding="utf-8",
    )
    fetch_for(settings.resolve(home, None, dt.date(2024, 4, 1)))
    assert len(service.asked[0][1]["period.M"][0].split(",")) == periods


@pytest.mark.parametrize("text", ["", "area: Hedensted\n"], ids=["no_area", "no_address"])
def test_a_home_that_does_not_say_where_to_ask_asks_nothing(
    service: Service, home: Path, text: str
) -> None:
    (home / "home.yml").write_text(text, encoding="utf-8")
    with pytest.raises(EffektError, match="siger ikke, hvor"):
        fetch_for(settings.resolve(home, None, dt.date(2024, 4, 1)))
    assert service.asked == []


def test_an_answer_over_the_limit_is_refused(
    service: Service, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagster_project.lib.receiving.statistics_service.MAX_BYTES", 10)
    service.will_answer(version_3(ROWS))
    assert refusal(service, home).code == "API_ANSWER"


def test_a_token_that_others_may_read_is_refused(service: Service, home: Path) -> None:
    (home / "secrets" / "jobindsats.token").chmod(0o640)
    assert refusal(service, home).code == "API_TOKEN"
    assert service.asked == []


def test_a_missing_or_empty_token_is_refused(service: Service, home: Path) -> None:
    token = home / "secrets" / "jobindsats.token"
    token.write_text("")
    assert refusal(service, home).code == "API_TOKEN"
    token.unlink()
    assert refusal(service, home).code == "API_TOKEN"


def test_only_the_documented_versions_are_asked(service: Service, home: Path) -> None:
    assert refusal(service, home, version=1).code == "API_SETTINGS"
