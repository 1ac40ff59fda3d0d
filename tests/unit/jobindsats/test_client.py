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


def version_2(rows: list[list[Any]]) -> list[dict[str, Any]]:
    names = ["Område", "Periode", "Antal personer", "Antal fuldtidspersoner"]
    return [{"Variables": [{"Name": n, "Label": n} for n in names], "Data": rows}]


ROWS = [
    ["Hedensted", "2024M01", "1\u00a0034", "812,4"],
    ["Hedensted", "2024M02", "*", "-"],
]


def run(service: Service, home: Path, **changes: Any) -> Path:
    settings = ApiSettings(
        base_url=service.address,
        **{"tables": ONE_TABLE, "pause_seconds": 0.01, "retries": 2} | changes,
    )
    return fetch(settings, Home(home), "Hedensted", MONTHS, FETCHED_ON)


def refusal(service: Service, home: Path, **changes: Any) -> EffektError:
    with pytest.raises(EffektError) as caught:
        run(service, home, **changes)
    assert TOKEN not in str(caught.value)
    assert list((home / "landing").iterdir()) == []
    return caught.value


def test_version_2_becomes_a_delivery_that_receiving_accepts(service: Service, home: Path) -> None:
    service.will_answer(version_2(ROWS))
    path = run(service, home)
    assert path.name == "jobindsats_2024-04-01.json"
    assert service.asked == [
        (
            "/v2/data/y07a02/json",
            {"area": ["Hedensted"], "period": ["2024M01,2024M02"]},
            TOKEN,
        )
    ]
    assert check_file(path, frozenset()).as_json()["findings"] == []


def test_version_3_sends_a_bearer_token_and_follows_its_pages(service: Service, home: Path) -> None:
    columns = ["Område", "Periode", "Antal personer", "Antal fuldtidspersoner"]
    service.will_answer(
        {"columns": columns, "rows": ROWS[:1], "next": "/v3/data/y07a02/json?page=2"}
    )
    service.will_answer({"columns": [{"name": c} for c in columns], "rows": ROWS[1:]})
    path = run(service, home, version=3)
    assert [asked[2] for asked in service.asked] == [f"Bearer {TOKEN}"] * 2
    assert service.asked[1][:2] == ("/v3/data/y07a02/json", {"page": ["2"]})
    blocks = json.loads(path.read_text())
    assert [row for block in blocks for row in block["Data"]] == [
        [*r, "Sygedagpenge"] for r in ROWS
    ]
    assert check_file(path, frozenset()).as_json()["findings"] == []


def test_a_table_that_names_its_benefit_keeps_it_and_all_tables_are_asked(
    service: Service, home: Path
) -> None:
    own = version_2([["Hedensted", "2024M01", "1", "1", "Sygedagpenge i alt"]])
    own[0]["Variables"].append({"Name": "Ydelse", "Label": "Ydelse"})
    service.will_answer(own)
    service.will_answer(version_2(ROWS))
    path = run(service, home, tables={"y12a02": "Jobafklaringsforløb", "y07a02": "never used"})
    assert sorted(asked[0].split("/")[3] for asked in service.asked) == ["y07a02", "y12a02"]
    benefits = [row[-1] for block in json.loads(path.read_text()) for row in block["Data"]]
    assert benefits == ["Sygedagpenge i alt", "Jobafklaringsforløb", "Jobafklaringsforløb"]


def test_numbers_keep_their_digits_and_get_a_decimal_comma(service: Service, home: Path) -> None:
    raw = json.dumps(version_2([["Hedensted", "2024M01", 1034, 0]])).replace(", 0]", ", 812.10]")
    service.will_answer(raw.encode())
    rows = json.loads(run(service, home).read_text())[0]["Data"]
    assert rows[0][2:4] == ["1034", "812,10"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again(service: Service, home: Path, status: int) -> None:
    service.will_answer({}, status)
    service.will_answer(version_2(ROWS))
    assert run(service, home).is_file()
    assert len(service.asked) == 2


def test_a_lasting_fault_ends_the_fetch_and_leaves_nothing(service: Service, home: Path) -> None:
    for _ in range(3):
        service.will_answer({}, 503)
    assert refusal(service, home).code == "API_REFUSED"
    assert len(service.asked) == 3


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404])
def test_a_refusal_is_not_tried_again_and_redirects_are_not_followed(
    service: Service, home: Path, status: int
) -> None:
    service.will_answer({}, status, Location="http://127.0.0.1:9/")
    error = refusal(service, home)
    assert error.code == "API_REFUSED"
    assert str(status) in error.message
    assert len(service.asked) == 1


def test_the_token_never_follows_a_page_to_another_host(service: Service, home: Path) -> None:
    service.will_answer({"columns": ["Område"], "rows": [], "next": "http://127.0.0.2:1/v3"})
    assert refusal(service, home, version=3).code == "API_ANSWER"


def test_a_silent_service_times_out(service: Service, home: Path) -> None:
    service.pause = 0.6
    service.will_answer(version_2(ROWS))
    assert refusal(service, home, timeout_seconds=0.1, retries=0).code == "API_UNREACHABLE"


def test_nobody_listening_is_said_plainly(service: Service, home: Path) -> None:
    service.address = "http://127.0.0.1:9"
    assert refusal(service, home, retries=0).code == "API_UNREACHABLE"


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"", b"\xff\xfe", b"[" * 100_000, {"columns": []}, [{"Variables": [], "Data": []}],
     [{"Variables": [{"Name": "Område"}], "Data": [["a", "b"]]}], [1], "text"],
)  # fmt: skip
def test_an_answer_of_another_shape_is_refused(service: Service, home: Path, body: Any) -> None:
    service.will_answer(body)
    assert refusal(service, home).code == "API_ANSWER"


@pytest.mark.parametrize(
    "body",
    [
        [],
        version_2([]),
        b'[{"Variables": [{"Name": "Antal personer", "Label": ""}], "Data": [[NaN]]}]',
        b'[{"Variables": [{"Name": "Antal personer", "Label": ""}], "Data": [["\\ud800"]]}]',
    ],
    ids=["no_table", "no_row", "not_a_number", "half_a_character"],
)
def test_an_answer_that_receiving_would_refuse_is_not_left(
    service: Service, home: Path, body: Any
) -> None:
    service.will_answer(body)
    assert refusal(service, home).code == "API_ANSWER"


def test_of_other_dimensions_the_totals_are_kept(service: Service, home: Path) -> None:
    table = version_2([[*ROWS[0], sex] for sex in ("Køn i alt", "Mænd", "Kvinder")])
    table[0]["Variables"].append({"Name": "_kon", "Label": "Køn"})
    service.will_answer(table)
    path = run(service, home)
    assert [row[-2:] for row in json.loads(path.read_text())[0]["Data"]] == [
        ["Køn i alt", "Sygedagpenge"]
    ]
    assert check_file(path, frozenset()).as_json()["findings"] == []


@pytest.mark.parametrize(
    "headers", [{"Content-Length": "100000"}, {"Content-Encoding": "gzip"}], ids=str
)
def test_an_answer_that_breaks_off_is_asked_for_again(
    service: Service, home: Path, headers: dict[str, str]
) -> None:
    service.will_answer(version_2(ROWS), **headers)
    service.will_answer(version_2(ROWS))
    assert run(service, home).is_file()
    (home / "landing" / "jobindsats_2024-04-01.json").unlink()
    for _ in range(3):
        service.will_answer(version_2(ROWS), **headers)
    assert refusal(service, home).code == "API_UNREACHABLE"
    assert len(service.asked) == 5


def test_a_dripping_service_is_left_at_the_deadline(service: Service, home: Path) -> None:
    service.drip = 0.05
    service.will_answer(version_2(ROWS))
    error = refusal(service, home, deadline_seconds=0.2, retries=0)
    assert error.code == "API_UNREACHABLE" and "not whole" in error.message


def test_no_pause_is_longer_than_ours_whatever_the_service_says(
    service: Service, home: Path
) -> None:
    service.will_answer({}, 503, **{"Retry-After": "86400"})
    service.will_answer(version_2(ROWS))
    assert run(service, home, longest_pause_seconds=1).is_file()


def test_what_landed_or_was_accepted_is_never_replaced(service: Service, home: Path) -> None:
    by_hand = home / "landing" / "by-hand" / "jobindsats_2024-04-01.csv"
    by_hand.parent.mkdir()
    by_hand.write_bytes(corpus.good_csv("jobindsats"))
    service.will_answer(version_2(ROWS))
    assert run(service, home).name == "jobindsats_2024-04-01_v2.json"
    receiving.receive(Home(home), frozenset())
    service.will_answer(version_2(ROWS))
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
        with pytest.raises(EffektError, match="months"):
            months_asked(first, last)


def test_an_empty_address_of_a_next_page_is_the_end_and_its_own_is_refused(
    service: Service, home: Path
) -> None:
    columns = ["Område", "Periode", "Antal personer", "Antal fuldtidspersoner"]
    service.will_answer({"columns": columns, "rows": ROWS, "next": "/v3/data/y07a02/json?page=2"})
    service.will_answer({"columns": columns, "rows": ROWS, "next": "?page=2"})
    assert refusal(service, home, version=3).code == "API_ANSWER"
    service.will_answer({"columns": columns, "rows": ROWS, "next": ""})
    assert run(service, home, version=3).is_file()


# Rule F.launchpad
def test_the_job_asks_what_home_yml_says_and_waits_for_no_night(
    service: Service, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.will_answer(version_2(ROWS))
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
    assert (path, token) == ("/v2/data/y07a02/json", TOKEN)
    assert asked == {"area": ["Hedensted"], "period": ["2024M01,2024M02"]}


@pytest.mark.parametrize(
    ("last_month", "periods"), [("", 4), ("  last_month: 2024-02\n", 2)], ids=["open", "said"]
)
def test_months_are_asked_for_up_to_that_of_the_as_of_date_unless_home_yml_ends_them(
    service: Service, home: Path, last_month: str, periods: int
) -> None:
    service.will_answer(version_2(ROWS))
    (home / "home.yml").write_text(
        f"area: Hedensted\njobindsats:\n  base_url: {service.address}\n  first_month: 2024-01\n"
        f"  tables: {{y07a02: Sygedagpenge}}\n{last_month}",
        encoding="utf-8",
    )
    fetch_for(settings.resolve(home, None, dt.date(2024, 4, 1)))
    assert len(service.asked[0][1]["period"][0].split(",")) == periods


@pytest.mark.parametrize("text", ["", "area: Hedensted\n"], ids=["no_area", "no_address"])
def test_a_home_that_does_not_say_where_to_ask_asks_nothing(
    service: Service, home: Path, text: str
) -> None:
    (home / "home.yml").write_text(text, encoding="utf-8")
    with pytest.raises(EffektError, match="does not say where"):
        fetch_for(settings.resolve(home, None, dt.date(2024, 4, 1)))
    assert service.asked == []


def test_endless_pages_end(service: Service, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dagster_project.lib.receiving.jobindsats_api.MAX_PAGES", 3)
    for page in range(3):
        service.will_answer({"columns": ["Område"], "rows": [], "next": f"?page={page}"})
    assert refusal(service, home, version=3).code == "API_ANSWER"


def test_an_answer_over_the_limit_is_refused(
    service: Service, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagster_project.lib.receiving.jobindsats_api.MAX_BYTES", 10)
    service.will_answer(version_2(ROWS))
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
