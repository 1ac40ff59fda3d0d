"""A broken ledger, register or vault ends the night before anything leaves the landing folder.

Every change that can be made to a line is made: records are read for it, not sampled.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dagster_project import settings as places
from dagster_project.lib import inspection, life, records
from dagster_project.lib.base import chained
from dagster_project.lib.base.canonical import canonical_json
from dagster_project.lib.base.errors import EXIT_OK, EXIT_REFUSED, EffektError
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.records import vault
from dagster_project.orchestration import night as nightly
from dagster_project.settings import Home
from tests.life.world import CONTRACT, Town, begin
from tests.support.night import read_mart, run_night

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]
ROOT = Path(__file__).parents[2]
ROOMS = ("landing", "vault", "quarantine")
AS_OF = "2023-05-15"
LEDGER, REGISTER = "ledger/settlements.jsonl", "vault/deliveries.jsonl"
SEQUENCE = {LEDGER: "sequence", REGISTER: "seq"}
BROKEN = {LEDGER: {"LEDGER_BROKEN", "LEDGER_BEHIND"}, REGISTER: {"REGISTER_BROKEN"}}
MANIFEST = "published/current/manifest.json"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A municipality after a night that knew a submitted settlement, with new files landed."""
    town = begin(tmp_path_factory.mktemp("town"))
    town.claims = {(course, "2023-02"): True for course in "ABC"}
    town.deliver("2023-04-10")
    town.night("2023-04-15")
    town.submit("2023-01")
    town.night("2023-04-16")
    town.deliver("2023-05-10")
    (town.root / "landing" / "nobody_knows_this.csv").write_bytes(b"x")
    return town


# what may be done to a chain ----------------------------------------------------------------------


def to_each_value(lines: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """Every field of every line is another one, is gone, or stands twice; or there is one more."""
    for number, line in enumerate(lines):
        link = json.loads(line)
        for key, value in link.items():
            rest = {name: link[name] for name in link if name != key}
            twice = canonical_json({key: value})[:-1] + "," + line.decode()[1:]
            for what, changed in [
                ("is another", canonical_json({**link, key: other_than(value)})),
                ("is gone", canonical_json(rest)),
                ("stands twice", twice),
            ]:
                yield f"{key} of line {number + 1} {what}", joined(lines, number, changed.encode())
        yield (
            f"line {number + 1} says more",
            joined(lines, number, canonical_json({**link, "more": 1}).encode()),
        )


def other_than(value: Any) -> Any:
    """A value of the same kind."""
    if isinstance(value, str):
        return value[:-1] + ("0" if value[-1:] != "0" else "1")
    if isinstance(value, dict):
        return {**value, "sequence": 0}
    return (
        {None: "x"}.get(value, 7 if value != 7 else 8) if not isinstance(value, list) else [value]
    )


def to_each_line(lines: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """Lines are left out, doubled, exchanged, joined, written another way, or strangers come in."""
    for number, line in enumerate(lines):
        name, is_last = f"line {number + 1}", number + 1 == len(lines)
        yield f"{name} is left out", whole(lines[:number] + lines[number + 1 :])
        yield f"{name} stands twice", whole(lines[: number + 1] + lines[number:])
        yield f"a blank line before {name}", whole([*lines[:number], b"", *lines[number:]])
        if not is_last:
            yield (
                f"{name} is exchanged",
                whole([*lines[:number], lines[number + 1], line, *lines[number + 2 :]]),
            )
            yield (
                f"{name} runs on",
                whole([*lines[:number], line + lines[number + 1], *lines[number + 2 :]]),
            )
        for what, changed in [
            ("ends in a carriage return", line + b"\r"),
            ("begins with a blank", b" " + line),
            ("ends in a blank", line + b" "),
            ("holds a NUL", line[:20] + b"\0" + line[20:]),
            ("ends in a NUL", line + b"\0"),
            ("begins with a byte order mark", b"\xef\xbb\xbf" + line),
            ("is written in another order", json.dumps(reversed_of(line)).encode()),
            ("is no text", line[:9] + b"\xff" + line[10:]),
            ("is a list", b"[" + line + b"]"),
            ("is a number", b"7"),
            ("is nested without end", b"[" * 100_000),
        ]:
            yield f"{name} {what}", joined(lines, number, changed)
    yield "a stranger behind the last line", whole([*lines, b'{"entry":"accept"}'])
    yield "a blank line behind the last", whole(lines) + b"\n"
    yield "a line without end behind the last", whole(lines)[:-1] + b" "


def reversed_of(line: bytes) -> dict[str, Any]:
    return dict(reversed(json.loads(line).items()))


def to_its_end(lines: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """The file ends earlier: at every byte of its last line, and at both sides of every other."""
    data = whole(lines)
    last = len(data) - len(lines[-1]) - 1
    ends = {place for line in range(len(lines)) for place in around(lines, line)}
    for end in sorted(ends | set(range(last, len(data) - 1))):
        yield f"only {end} bytes of it", data[:end]
    yield "NULs in place of its end", data[: last + 9] + bytes(len(data) - last - 9)


def around(lines: list[bytes], number: int) -> list[int]:
    """Bytes on both sides of a line's line feed; the very last line feed may be missing."""
    end = len(whole(lines[: number + 1]))
    data = len(whole(lines))
    return [place for place in (end - 2, end - 1, end, end + 1) if 0 <= place < data - 1]


def to_the_whole_chain(lines: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """Somebody who can compute hashes writes it anew, or takes the chain away."""
    key = "sequence" if b'"sequence"' in lines[0] else "seq"
    links = [json.loads(line) for line in lines]
    field = "recorded_at" if key == "sequence" else "covers_from"
    changed = [{**link, field: other_than(link[field])} for link in links]
    yield "all of it is written anew", whole(chain_of(changed, key))
    yield "it is written anew without its last line", whole(chain_of(links[:-1], key))
    plain = [{k: v for k, v in link.items() if k not in (key, "prev", "hash")} for link in links]
    yield "it is no chain any more", whole([canonical_json(link).encode() for link in plain])
    sealed = {"entry": "seal", "sealed_sha256": hashlib.sha256(whole(lines)).hexdigest()}
    before = chained.Head(sequence=len(lines), hash=chained.GENESIS)
    seal = chained.linked(sealed, before, key)
    yield "it is sealed once more", whole([*lines, canonical_json(seal).encode()])


def chain_of(links: list[dict[str, Any]], key: str) -> list[bytes]:
    """These facts as lines of a whole chain."""
    head: chained.Head | None = None
    lines = []
    for link in links:
        fact = {name: link[name] for name in link if name not in (key, "prev", "hash")}
        written = chained.linked(fact, head, key)
        head = chained.Head(sequence=written[key], hash=written["hash"])
        lines.append(canonical_json(written).encode())
    return lines


def whole(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def joined(lines: list[bytes], number: int, changed: bytes) -> bytes:
    return whole([*lines[:number], changed, *lines[number + 1 :]])


@pytest.mark.parametrize("name", [LEDGER, REGISTER])
@pytest.mark.parametrize(
    "attack",
    [to_each_value, to_each_line, to_its_end, to_the_whole_chain],
    ids=lambda f: f.__name__,
)
# Rules S.chain, S.heads, I.register
def test_no_change_of_a_record_is_overlooked_and_none_changes_a_file(
    town: Town, name: str, attack: Callable[[list[bytes]], Iterator[tuple[str, bytes]]]
) -> None:
    path = town.root / name
    data = path.read_bytes()
    before = contents(town.root, "ledger")
    overlooked = []
    for what, changed in attack(data.splitlines()):
        assert changed != data, what
        path.write_bytes(changed)
        try:
            records.check(Home(town.root))
            overlooked.append(what)
        except EffektError as error:
            if error.code not in BROKEN[name]:
                overlooked.append(f"{what}: {error}")
        finally:
            path.write_bytes(data)
    assert overlooked == []
    assert contents(town.root, "ledger") == before


def flip_a_digit(data: bytes) -> bytes:
    return data.replace(b'"sequence":1', b'"sequence":7').replace(b'"seq":2', b'"seq":7')


def forget_the_last_line(data: bytes) -> bytes:
    return b"".join(data.splitlines(keepends=True)[:-1])


def tear_the_last_line(data: bytes) -> bytes:
    return data[:-40]


def edit_a_window(data: bytes) -> bytes:
    return data.replace(b'"covers_from":"2022-01-01"', b'"covers_from":"2022-02-01"')


def empty_it(_data: bytes) -> bytes:
    return b""


@pytest.mark.parametrize(
    ("name", "harm", "code", "place"),
    [
        (LEDGER, flip_a_digit, "LEDGER_BROKEN", "linje 1 i"),
        (LEDGER, forget_the_last_line, "LEDGER_BEHIND", "har 0 linjer"),
        (LEDGER, tear_the_last_line, "LEDGER_BEHIND", "har 0 linjer"),
        (REGISTER, flip_a_digit, "REGISTER_BROKEN", "linje 2 i"),
        (REGISTER, edit_a_window, "REGISTER_BROKEN", "linje 5 i"),
        (REGISTER, forget_the_last_line, "REGISTER_BROKEN", "har 4 linjer"),
        (REGISTER, tear_the_last_line, "REGISTER_BROKEN", "har 4 linjer"),
        (REGISTER, empty_it, "REGISTER_BROKEN", "har 0 linjer"),
    ],
)
# Rule I.register
def test_nothing_is_received_while_a_record_is_broken(
    town: Town, name: str, harm: Callable[[bytes], bytes], code: str, place: str
) -> None:
    with harmed(town.root / name, harm):
        before = contents(town.root)
        night = run_night(town.root, AS_OF)
        assert (night.exit_code, night.error.code) == (1, code)
        assert place in night.error.message
        assert list(night.outcomes) == []
        assert contents(town.root) == before
        rows = read_mart(town.root, "settlement")
        assert {row["contract_id"] for row in rows} == {CONTRACT}
        area = "ledger" if name == LEDGER else "register"
        assert faults(town.root)[area]


@pytest.mark.parametrize("step", ["receive", "load_inputs"])
@pytest.mark.parametrize(
    ("name", "code"), [(LEDGER, "LEDGER_BEHIND"), (REGISTER, "REGISTER_BROKEN")]
)
# Rule S.heads
def test_a_step_that_is_run_again_alone_looks_at_the_records_first(
    town: Town, step: str, name: str, code: str
) -> None:
    settings = places.resolve(town.root, None, dt.date(2023, 5, 15))
    with harmed(town.root / name, forget_the_last_line):
        before = contents(town.root, "ledger")
        with nightly.night(settings) as night:
            with pytest.raises(EffektError):
                night.perform(step)
            assert night.error is not None and night.error.code == code
        assert contents(town.root, "ledger") == before


def test_a_register_that_a_later_event_names_is_looked_for_without_a_snapshot(town: Town) -> None:
    published = town.root / "published"
    published.rename(town.root / "aside")
    try:
        records.check(Home(town.root))
        with harmed(town.root / REGISTER, forget_the_last_line):
            with pytest.raises(EffektError, match=r"linje 5 i .* hændelse 1 i") as found:
                records.check(Home(town.root))
            assert found.value.code == "REGISTER_BROKEN"
    finally:
        (town.root / "aside").rename(published)


def test_a_snapshot_that_is_made_current_again_does_not_hide_what_a_newer_one_knew(
    town: Town,
) -> None:
    link = town.root / "published" / "current"
    newest = os.readlink(link)
    older = next(path for path in (town.root / "published" / "snapshots").glob("2023-04-15-*"))
    point(link, f"snapshots/{older.name}")
    try:
        with harmed(town.root / LEDGER, forget_the_last_line), pytest.raises(EffektError) as found:
            records.check(Home(town.root))
        assert found.value.code == "LEDGER_BEHIND"
    finally:
        point(link, newest)


# Rule F.verify
@pytest.mark.parametrize("has_mark", [True, False])
def test_readers_who_see_an_older_snapshot_are_told_by_verify(town: Town, has_mark: bool) -> None:
    link = town.root / "published" / "current"
    newest, mark = os.readlink(link), town.root / "work" / "published.json"
    older = next(path for path in (town.root / "published" / "snapshots").glob("2023-04-15-*"))
    told = mark.read_bytes()
    assert inspection.inspect_home(Home(town.root)).is_whole
    try:
        point(link, f"snapshots/{older.name}")
        if has_mark:
            assert "CURRENT_BROKEN" in str(faults(town.root)["snapshots"])
        else:  # both nights knew the same deliveries: nothing tells them from --earlier
            mark.unlink()
            assert not faults(town.root)["snapshots"]
    finally:
        point(link, newest)
        mark.write_bytes(told)


def point(link: Path, target: str) -> None:
    link.unlink()
    link.symlink_to(target)


def without_head(name: str) -> Callable[[bytes], bytes]:
    def harm(data: bytes) -> bytes:
        return json.dumps({**json.loads(data), name: None}).encode()

    return harm


def without_seal(data: bytes) -> bytes:
    told = {**json.loads(data), "ledger_head": None, "format": 1}
    del told["manifest_sha256"]
    return json.dumps(told).encode()


def before_seals(data: bytes) -> bytes:
    told = {**json.loads(data), "register_head": None, "format": 1}
    del told["manifest_sha256"]
    return json.dumps(told).encode()


def silent_of_the_register(data: bytes) -> bytes:
    told = {**json.loads(data), "register_head": None}
    return manifests.to_text(manifests.sealed(told)).encode()


def sealed_anew(data: bytes) -> bytes:
    return manifests.to_text(manifests.sealed({**json.loads(data), "ledger_head": None})).encode()


@pytest.mark.parametrize(
    "harm",
    [
        without_head("ledger_head"), without_head("register_head"), without_head("as_of_date"),
        without_seal, before_seals, silent_of_the_register, sealed_anew, empty_it,
        lambda _data: b"[]", lambda data: data[:-9],
    ],
)  # fmt: skip
# Rule S.heads
def test_a_manifest_that_cannot_say_how_far_the_records_went_ends_the_night(
    town: Town, harm: Callable[[bytes], bytes]
) -> None:
    with harmed(town.root / MANIFEST, harm):
        before = contents(town.root)
        night = run_night(town.root, AS_OF)
        assert (night.exit_code, night.error.code) == (1, "LEDGER_BROKEN")
        assert list(night.outcomes) == [] and contents(town.root) == before
        assert faults(town.root)["snapshots"]


def test_a_manifest_that_is_gone_ends_the_night(town: Town) -> None:
    path = (town.root / MANIFEST).resolve()
    path.rename(town.root / "aside")
    try:
        assert run_night(town.root, AS_OF).error.code == "LEDGER_BROKEN"
    finally:
        (town.root / "aside").rename(path)


def test_the_command_ends_1_and_leaves_every_file_where_it_was(town: Town) -> None:
    with harmed(town.root / LEDGER, flip_a_digit):
        before = contents(town.root)
        done = command(town, "run")
        assert done.returncode == 1, done.stderr
        assert "FEJL LEDGER_BROKEN: linje 1 i" in done.stderr
        assert contents(town.root) == before


@pytest.mark.parametrize("harm", ["flipped", "cut", "empty", "gone", "a link", "a folder"])
# Rule F.vault
def test_a_received_file_that_is_not_what_it_is_called_ends_the_night(
    town: Town, harm: str
) -> None:
    for path in vault_files(town.root):
        with damaged(path, harm):
            before = contents(town.root)
            night = run_night(town.root, AS_OF)
            assert (night.exit_code, night.error.code) == (1, "VAULT_BROKEN"), path
            assert night.failed_step == "check_records" and contents(town.root) == before
            assert path.name in night.error.message and path.name in night.error.remedy
            assert "leveringen" in night.error.message
            assert [fault["code"] for fault in faults(town.root)["vault"]] == ["VAULT_BROKEN"]


# Rule S.chain
def test_records_made_whole_again_let_the_files_in_though_both_lack_their_line_feed(
    town: Town,
) -> None:
    kept = {name: (town.root / name).read_bytes() for name in (LEDGER, REGISTER)}
    for name, data in kept.items():
        (town.root / name).write_bytes(data[:-1])
    assert run_night(town.root, AS_OF).exit_code == EXIT_REFUSED
    assert not list((town.root / "landing").iterdir())
    assert (town.root / REGISTER).read_bytes().startswith(kept[REGISTER])
    assert command(town, "verify").returncode == EXIT_OK


@pytest.mark.parametrize("harm", ["flipped", "empty"])
# Rule F.vault
def test_a_damaged_file_is_seen_on_a_quiet_night_and_a_refused_one_too(
    town: Town, harm: str
) -> None:
    run_night(town.root, AS_OF)
    vault.note_night(Home(town.root), 600)  # time to look at each file, on a busy machine too
    quiet = run_night(town.root, AS_OF)
    assert (quiet.exit_code, quiet.is_unchanged) == (EXIT_OK, True)
    refused = next(path for path in (town.root / "quarantine").iterdir() if len(path.name) == 64)
    for path in (*vault_files(town.root), refused):
        with damaged(path, harm):
            night = run_night(town.root, AS_OF)
            assert (night.exit_code, night.error.code) == (1, "VAULT_BROKEN"), path
            assert path.name in night.error.message
    assert run_night(town.root, AS_OF).exit_code == EXIT_OK


# Rules S.statement, S.posting
def test_a_night_without_news_writes_the_reports_that_are_gone(town: Town) -> None:
    reports = town.root / "reports"
    for _ in range(2):  # whatever stood in landing is taken, and the alert of it is gone
        run_night(town.root, AS_OF)
    before = {path.relative_to(reports) for path in reports.rglob("*")}
    assert any(path.name == "2023-01.json" for path in before)
    shutil.rmtree(reports)
    quiet = run_night(town.root, AS_OF)
    assert (quiet.exit_code, quiet.is_unchanged) == (EXIT_OK, True)
    assert {path.relative_to(reports) for path in reports.rglob("*")} == before


def test_a_refused_file_that_is_gone_is_told_and_holds_no_night_back(town: Town) -> None:
    refused = next(path for path in (town.root / "quarantine").iterdir() if len(path.name) == 64)
    with damaged(refused, "gone"):
        assert run_night(town.root, AS_OF).exit_code == EXIT_OK
        (fault,) = faults(town.root)["vault"]
        assert refused.name in fault["message"]


def test_lines_and_events_that_came_after_the_newest_snapshot_are_no_fault(town: Town) -> None:
    town.deliver("2023-05-12")
    settings = places.resolve(town.root, None, dt.date(2023, 5, 16))
    with nightly.night(settings) as night:  # killed after it has received
        night.perform("check_records")
        night.perform("receive")
    event = life.verify(town.settings, CONTRACT, "2023-01", "Kai")
    lines = (town.root / REGISTER).read_bytes().splitlines()
    assert event.register_head == {
        "sequence": len(lines), "hash": json.loads(lines[-1])["hash"],
    }  # fmt: skip
    assert records.check(Home(town.root)).ledger.events[-1] == event
    assert inspection.inspect_home(Home(town.root)).is_whole
    with harmed(town.root / REGISTER, forget_the_last_line), pytest.raises(EffektError) as found:
        records.check(Home(town.root))
    assert found.value.code == "REGISTER_BROKEN"


# helpers ------------------------------------------------------------------------------------------


def command(town: Town, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", *words, "--home", str(town.root)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip


def faults(root: Path) -> dict[str, list[dict[str, str]]]:
    """What ``effekt verify`` finds, by area."""
    report = inspection.inspect_home(Home(root)).as_json()
    return {area["area"]: area["faults"] for area in report["areas"]}


def vault_files(root: Path) -> list[Path]:
    return sorted(path for path in (root / "vault").iterdir() if len(path.name) == 64)


@contextmanager
def harmed(path: Path, harm: Callable[[bytes], bytes]) -> Iterator[None]:
    """A record that is broken for a while."""
    whole = path.read_bytes()
    path.write_bytes(harm(whole))
    try:
        yield
    finally:
        path.write_bytes(whole)


@contextmanager
def damaged(path: Path, harm: str) -> Iterator[None]:
    """A received file that is damaged for a while."""
    data = path.read_bytes()
    aside = path.with_name("aside")
    path.rename(aside)
    if harm == "flipped":
        path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    elif harm in ("cut", "empty"):
        path.write_bytes(data[:-1] if harm == "cut" else b"")
    elif harm == "a link":
        path.symlink_to(aside)
    elif harm == "a folder":
        path.mkdir()
    try:
        yield
    finally:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        path.unlink(missing_ok=True)
        aside.rename(path)


def contents(home: Path, *more: str) -> dict[str, str]:
    """Path and hash of every file of landing, vault and quarantine."""
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for room in (*ROOMS, *more)
        for path in (home / room).rglob("*")
        if path.is_file()
    }
