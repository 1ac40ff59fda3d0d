"""The saved list of known vulnerabilities, and a service on the loopback address that answers it.

``pip-audit`` asks a service of the OSV form; without a network this one answers, from
``advisories.json``: the records of the PyPA Advisory Database (CC-BY 4.0) on the packages of our
locks, as they were on the day that the file names. Made anew from a checkout of that database:

    python -m tests.supply.advisories CHECKOUT
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.supply.locks import LOCKS, ROOT, pins

SAVED = Path(__file__).with_name("advisories.json")
SOURCE = "PyPA Advisory Database, CC-BY 4.0"
_KEPT = ("id", "modified", "withdrawn", "aliases", "summary", "affected")
Record = Mapping[str, Any]


def saved(path: Path = SAVED) -> dict[str, Any]:
    """The saved list: ``as_of``, ``source`` and ``records``."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def is_affected(record: Record, name: str, version: str) -> bool:
    """Whether a version is named by a record, or lies in one of its ranges."""
    return any(
        canonicalize_name(affected["package"]["name"]) == canonicalize_name(name)
        and (
            version in affected.get("versions", ())
            or any(_is_in(one, Version(version)) for one in affected.get("ranges", ()))
        )
        for affected in record["affected"]
    )


def _is_in(span: Mapping[str, Any], version: Version) -> bool:
    """Whether a version lies in a range: the last event before it opens or closes the range."""
    if span["type"] != "ECOSYSTEM":
        return False
    events = [(Version(at), kind) for event in span["events"] for kind, at in event.items()]
    is_open = False
    for at, kind in sorted(events):
        if kind == "introduced" and at <= version:
            is_open = True
        elif (kind == "fixed" and at <= version) or (kind == "last_affected" and at < version):
            is_open = False
    return is_open


def answer(records: list[Record], query: Mapping[str, Any]) -> dict[str, Any]:
    """What a service of the OSV form answers to a query."""
    name, version = query["package"]["name"], query["version"]
    found = [record for record in records if is_affected(record, name, version)]
    return {"vulns": found} if found else {}


@contextmanager
def service(records: list[Record]) -> Iterator[str]:
    """The address at which ``answer`` is given, while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(answer(records, query)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


def collect(checkout: Path) -> dict[str, Any]:
    """The records of a checkout of the database on packages of our locks."""
    ours = {name for lock in LOCKS for name in pins(ROOT / lock)}
    listed = _git(checkout, "ls-tree", "-r", "--name-only", "HEAD", "vulns/").splitlines()
    records = []
    for path in listed:
        if canonicalize_name(path.split("/")[1]) in ours:
            record = yaml.load(_git(checkout, "show", f"HEAD:{path}"), yaml.BaseLoader)
            records.append(_bare(record))
    day = _git(checkout, "log", "-1", "--format=%cs").strip()
    records.sort(key=lambda record: str(record["id"]))
    return {"as_of": day, "source": SOURCE, "records": records}


def _bare(record: Record) -> dict[str, Any]:
    """What is asked of a record; versions are left out where ranges say the same."""
    kept = {key: record[key] for key in _KEPT if key in record}
    kept["affected"] = [
        {key: value for key, value in affected.items() if key in _told_of(affected)}
        for affected in record["affected"]
    ]
    return kept


def _told_of(affected: Mapping[str, Any]) -> tuple[str, ...]:
    has_ranges = any(span["type"] == "ECOSYSTEM" for span in affected.get("ranges", ()))
    return ("package", "ranges") if has_ranges else ("package", "ranges", "versions")


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True
    ).stdout


if __name__ == "__main__":
    text = json.dumps(collect(Path(sys.argv[1])), ensure_ascii=False, indent=1, sort_keys=True)
    SAVED.write_text(text + "\n", encoding="utf-8")
