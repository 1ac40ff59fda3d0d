"""Forgetting: what goes, what stays as it was to the byte, and what a kill leaves."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.lib import inspection, person, receiving, removals, vault, warehouse
from dagster_project.lib.base.errors import EffektError, NotAllowedError, UsageError
from dagster_project.lib.person import forgetting, sealing
from dagster_project.lib.person.numbers import Person, read_number
from dagster_project.lib.publishing import closed_rooms
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.lib.receiving.judging.declarations import load_sources
from dagster_project.settings import Home
from tests.faults import corpus
from tests.support import number_forms
from tests.unit.person import homes as own
from tests.unit.receiving import homes

NEW = "6101901299"
FORMATS = {
    "ydelsesforloeb": "parquet", "dream": "parquet", "eindkomst": "parquet", "deltagere": "xlsx",
    "aktiviteter": "xlsx",
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A list, its claims and person status; the person has a second number."""
    made = homes.new_home(tmp_path / "home")
    for source in ("deltagere", "resultatkrav", "personstatus"):
        _, rows = corpus.TABLES[source]
        more = [[own.NUMBER, "nyt_cpr", "2023-06-13", NEW]] if source == "personstatus" else []
        own.land(made, source, [*rows, *more])
    assert not homes.receive(made).refused
    return made


def forget(home: Home, number: str = own.NUMBER, **terms: object) -> forgetting.Forgotten:
    """Somebody is forgotten by a name of the municipality."""
    settings_ = own.settings_of(home, **terms)  # type: ignore[arg-type]
    return person.forget(settings_, number, "Kai Controller", "har bedt om at blive glemt")


PLACES = (vault.VAULT, vault.QUARANTINE)


def holding(home: Home, *numbers: str) -> list[str]:
    """Files of the home that hold a number, plain or with its hyphen; received ones decrypted."""
    found = []
    received = (one for place in PLACES for one in vault.listed(home, place))
    for path, data in (own.stored(home) | {one.label: one.read() for one in received}).items():
        texts = (data, data.replace(b"\0", b""))
        forms = [form for n in numbers for form in (n, f"{n[:6]}-{n[6:]}")]
        if any(form.encode() in text for text in texts for form in forms):
            found.append(path)
    return found


# Rules F.forget, F.person
def test_a_forgotten_person_is_found_in_no_file_and_all_others_are_read_as_before(
    home: Home,
) -> None:
    before = own.loaded(home)
    assert len(holding(home, own.NUMBER)) == 2
    done = forget(home)
    assert holding(home, own.NUMBER, NEW) == []
    after = own.loaded(home)
    for table, rows in before.items():
        assert set(after[table]) <= set(rows), table
    gone = {table: len(rows) - len(after[table]) for table, rows in before.items()}
    assert {table: count for table, count in gone.items() if count} == {
        "deltagere": 1, "resultatkrav": 2, "personstatus": 2,
    }  # fmt: skip
    assert done.rows == sum(gone.values())
    with pytest.raises(UsageError, match="PERSON_UNKNOWN"):
        forget(home)


# Rule F.forget
def test_every_number_of_the_persons_chain_goes_whichever_is_named(home: Home) -> None:
    forget(home, NEW)
    assert holding(home, own.NUMBER, NEW) == []


@pytest.mark.parametrize("file_format", ["csv", "other"])
# Rules F.forget, I.row_hmac
def test_rows_of_others_keep_number_values_and_hash_whatever_the_format(
    tmp_path: Path, file_format: str
) -> None:
    home = homes.new_home(tmp_path / "home")
    for source in corpus.TABLES:
        form = FORMATS.get(source, "csv") if file_format == "other" else "csv"
        own.land(home, source, file_format=form)
    assert not homes.receive(home).refused
    before, hashes = own.loaded(home), own.row_hmacs(home, "ydelsesforloeb", [2, 3, 5])
    forget(home)
    after = own.loaded(home)
    assert all(set(after[table]) <= set(rows) for table, rows in before.items())
    assert own.row_hmacs(home, "ydelsesforloeb", [2, 3, 5]) == hashes
    alone = homes.new_home(tmp_path / "alone")
    for source, (_, rows) in corpus.TABLES.items():
        if left := own.of_others(rows):
            own.land(alone, source, left)
    homes.receive(alone)
    assert {t: _values(rows) for t, rows in own.loaded(alone).items()} == {
        t: _values(rows) for t, rows in after.items()
    }


def _values(rows: list[tuple[object, ...]]) -> list[str]:
    """Rows without delivery and row number."""
    return sorted(str(row[2:]) for row in rows)


OVERLAYS = {
    "plain": "{}",
    "dialect": 'csv: {encoding: windows-1252, delimiter: ","}\ndate_format: DD-MM-YYYY\n',
    "headed": "header_row: 3\n",
}
PEOPLE = st.sampled_from([own.NUMBER, "610190-1234", "6202901235", "911285-1236", "6101901235"])
COURSE = st.sampled_from(["F-ø1", "F-2", 'F "3"', "F;4", "F-5"])
DAY = st.sampled_from(["2023-01-16", "2023-02-01"])


@given(
    overlay=st.sampled_from(sorted(OVERLAYS)),
    drawn=st.lists(st.tuples(PEOPLE, COURSE, DAY), min_size=1, max_size=8),
)
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# Rules F.forget, I.overlay, G.staged
def test_any_list_in_any_dialect_reads_for_the_others_as_it_did(
    tmp_path_factory: pytest.TempPathFactory, overlay: str, drawn: list[tuple[str, str, str]]
) -> None:
    home = homes.new_home(tmp_path_factory.mktemp("any") / "home")
    (home.root / "sources").mkdir()
    (home.root / "sources" / "deltagere.yml").write_text(OVERLAYS[overlay], "utf-8")
    headings, _ = corpus.TABLES["deltagere"]
    is_dialect = overlay == "dialect"
    rows = []
    for number, (cpr, course, day) in enumerate(drawn):
        written = "-".join(reversed(day.split("-"))) if is_dialect else day
        rows.append([corpus.CONTRACT, f"{course} {number}", cpr, written, "sygedagpenge", "", ""])
    data = corpus.csv_bytes(headings, rows, delimiter="," if is_dialect else ";")
    if overlay == "headed":
        data = b"Udtr\xc3\xa6k\n\n" + data
    homes.land(home, "deltagere_2024-02-01.csv",
               data.decode().encode("cp1252") if is_dialect else data)  # fmt: skip
    assert not homes.receive(home).refused
    before = own.loaded(home)
    mine = [n for n, (cpr, *_) in enumerate(drawn, 1) if cpr.replace("-", "") == own.NUMBER]
    if not mine:
        with pytest.raises(UsageError, match="PERSON_UNKNOWN"):
            forget(home)
        return
    assert forget(home).rows == len(mine)
    after = own.loaded(home)
    assert after["deltagere"] == [row for row in before["deltagere"] if row[1] not in mine]
    assert holding(home, own.NUMBER) == []


# Rule F.forget
def test_the_line_names_what_was_received_and_the_copy_and_the_copy_marks_its_rows(
    home: Home,
) -> None:
    before = {path.name for path in home.vault.iterdir() if len(path.name) == 64}
    done = forget(home)
    (line,) = [json.loads(text) for text in removals.record_file(home).read_text().splitlines()]
    assert (line["action"], line["actor"]) == ("forget", "Kai Controller")
    assert line["reason"] == "har bedt om at blive glemt"
    after = {path.name for path in home.vault.iterdir() if len(path.name) == 64}
    assert {one["sha256"] for one in line["files"]} == before - after
    assert {one["copy_sha256"] for one in line["files"]} == after - before
    assert all(one["size"] > 0 for one in line["files"])
    assert done.as_json()["rows"] == done.rows
    assert inspection.inspect_home(home).as_json()["areas"][2]["faults"] == []


def bound(ends: str) -> dict[str, object]:
    """A business date and the home's contract, whose retention counts from 31 December 2023."""
    return {"as_of": dt.date.fromisoformat(ends)}


# Rule F.forget
def test_a_contract_inside_its_retention_holds_the_person_until_its_last_day(home: Home) -> None:
    last = dt.date(2024, 12, 30)
    files = own.stored(home)
    with pytest.raises(NotAllowedError, match="PERSON_RETAINED") as refused:
        forget(home, as_of=last)
    assert refused.value.exit_code == 3
    assert f"{corpus.CONTRACT} (til og med 30. december 2024)" in str(refused.value)
    left = {p: d for p, d in own.stored(home).items() if p in files}
    assert left == files and sealing.pending(home) is None
    forget(home, as_of=last + dt.timedelta(days=1))
    assert holding(home, own.NUMBER) == []


# Rule F.forget
def test_a_contract_that_says_nothing_of_retention_holds_the_person_for_good(home: Home) -> None:
    with pytest.raises(NotAllowedError, match="siger intet om opbevaring"):
        forget(home, retention="")
    assert len(holding(home, own.NUMBER)) == 2


# Rule F.forget
def test_the_bytes_of_a_forgotten_delivery_are_refused_when_they_land_again(home: Home) -> None:
    data = corpus.csv_bytes(*corpus.TABLES["deltagere"])
    forget(home)
    for name in ("deltagere_2024-02-01.csv", "deltagere_2024-03-01.csv"):
        homes.land(home, name, data)
        (refused,) = homes.receive(home).refused
        assert refused.code == "DELIVERY_FORGOTTEN"
    assert len(own.loaded(home)["deltagere"]) == 3


# Rule F.forget
def test_a_second_person_is_forgotten_from_the_copy_and_the_first_copy_goes(home: Home) -> None:
    forget(home)
    first = {one.name for one in home.vault.iterdir()}
    forget(home, "9112851236")
    assert holding(home, own.NUMBER, "9112851236") == []
    rows = own.loaded(home)
    assert len(rows["deltagere"]) == 2
    copies = {f.copy_sha256 for r in removals.read(home) for f in r.files}
    kept = {removals.removed(home).copy_of("vault", f.sha256)
            for r in removals.read(home) for f in r.files}  # fmt: skip
    assert {path.name for path in home.vault.iterdir()} & copies == kept
    assert first - {one.name for one in home.vault.iterdir()}


@pytest.mark.parametrize("name", ["deltagere.csv", "deltagere_2024-02-02.csv"])
# Rules F.forget, F.person
def test_refused_files_that_hold_the_person_go_and_others_stay(home: Home, name: str) -> None:
    headings, rows = corpus.TABLES["deltagere"]
    homes.land(home, name, corpus.csv_bytes(headings[:-1], [row[:-1] for row in rows]) + b"\xff")
    homes.land(home, "deltagere_2024-02-03.csv", b"x;y\n6202901235;1\n")
    assert len(homes.receive(home).refused) == 2
    assert any(path.startswith("quarantine/") for path in holding(home, own.NUMBER))
    done = forget(home)
    assert holding(home, own.NUMBER) == []
    assert [one.room for one in done.removal.files].count("quarantine") == 1
    assert [path for path in holding(home, "6202901235") if path.startswith("quarantine/")]
    assert inspection.inspect_home(home).as_json()["areas"][2]["faults"] == []


# Rules F.forget, F.person
def test_a_file_that_was_refused_before_it_was_accepted_leaves_no_copy_in_quarantine(
    home: Home,
) -> None:
    rows = corpus.TABLES["deltagere"][1]
    own.land(home, "deltagere", rows, day="2024-02-04")
    (note,) = receiving.receive(home, frozenset()).refused  # before the contract had its file
    own.land(home, "deltagere", rows, day="2024-02-04")
    assert not homes.receive(home).refused
    assert f"quarantine/{note.sha256}" in holding(home, own.NUMBER)
    assert load_register(home).refused() == []
    done = forget(home)
    assert holding(home, own.NUMBER) == []
    assert list(home.quarantine.glob(f"{note.sha256}*")) == []
    assert ("quarantine", note.sha256) in [(one.room, one.sha256) for one in done.removal.files]


def _beside(home: Home, name: str, data: bytes, written: str) -> None:
    """A file, and a checksum file that says this of it."""
    homes.land(home, name, data)
    homes.land(home, f"{name}.sha256", f"{written.format(hashlib.sha256(data).hexdigest())}\n")


# Rule F.forget
def test_checksum_files_that_name_the_person_go(home: Home) -> None:
    headings, rows = corpus.TABLES["personstatus"]
    others = corpus.csv_bytes(headings, own.of_others(rows))
    _beside(home, "personstatus_2024-02-06.csv", others, "{}  /borgere/610190-1234/status.csv")
    _beside(home, "personstatus_2024-02-07.csv", others, f"{'0' * 64}  {own.NUMBER}.csv")
    _beside(home, "brev.csv", f"{own.NUMBER}\n".encode(), "{}  brev.csv")
    _beside(home, "kort.csv", b"x\n", "{}  kort.csv")
    assert len(homes.receive(home).refused) == 3
    places = {path.split("/")[0] for path in holding(home, own.NUMBER)}
    assert places == {"vault", "quarantine"}
    done = forget(home)
    assert holding(home, own.NUMBER) == []
    kept = [one.read() for place in PLACES for one in vault.listed(home, place)]
    assert [data for data in kept if data.endswith(b"brev.csv\n")] == []
    assert [data for data in kept if data.endswith(b"kort.csv\n")] != []
    assert "1 kontrolsummer" in done.text()
    assert inspection.inspect_home(home).as_json()["areas"][2]["faults"] == []
    assert forgetting.finish(home) is False


@pytest.mark.parametrize("file_format", ["xlsx", "parquet"])
# Rule F.forget
def test_a_packed_refused_file_is_looked_into(home: Home, file_format: str) -> None:
    source = "aktiviteter" if file_format == "xlsx" else "eindkomst"
    headings, rows = corpus.TABLES[source]
    bad = [[*row[:-1], "noget andet"] for row in rows]
    own.land(home, source, bad, headings=headings, file_format=file_format, day="2024-02-09")
    (refused,) = homes.receive(home).refused
    assert (home.quarantine / refused.sha256).is_file()
    forget(home)
    assert not (home.quarantine / refused.sha256).exists()


class Killed(BaseException):
    """The process is gone."""


STEPS = ("put", "line", "received", "refused", "computed", "end")


@pytest.mark.parametrize("step", STEPS)
# Rules F.forget, F.killed
def test_a_kill_between_any_two_steps_leaves_all_as_it_was_or_is_finished_later(
    home: Home, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes.land(home, "x.csv", b"610190-1234\n")
    homes.receive(home)
    before = own.loaded(home)
    places = {
        "put": (sealing, "_store"), "line": (forgetting.removals, "add"),
        "received": (forgetting, "_remove_received"),
        "refused": (forgetting, "_remove_without_copy"),
        "computed": (forgetting, "remove_computed"), "end": (sealing, "pending_file"),
    }  # fmt: skip
    module, name = places[step]
    real, calls = getattr(module, name), []

    def dies(*given: object, **more: object) -> object:
        calls.append(1)
        late = {"put": 3, "received": 2, "end": 99}.get(step, 1)
        if len(calls) == late or (step == "end" and not (home.work / "warehouse.duckdb").exists()):
            raise Killed
        return real(*given, **more)

    monkeypatch.setattr(module, name, dies)
    with pytest.raises(Killed):
        forget(home)
    monkeypatch.undo()
    is_decided = step not in ("put", "line")
    assert bool(removals.read(home)) is is_decided
    for _ in range(2):  # whoever holds the home next, and once more
        person.finish(home)
        assert sealing.pending(home) is None
        assert bool(holding(home, own.NUMBER)) is not is_decided
    assert inspection.inspect_home(home).as_json()["areas"][2]["faults"] == []
    if is_decided:
        assert len(own.loaded(home)["deltagere"]) == 3
        return
    assert own.loaded(home) == before
    forget(home)
    assert holding(home, own.NUMBER) == []


# Rule F.person
def test_a_number_is_read_from_a_file_with_one_number_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "nummer"
    for text in ("6101901234\n", "610190-1234", "\ufeff610190-1234\r\n"):
        path.write_text(text, "utf-8")
        assert read_number(path) == own.NUMBER
    for text in ("", "610190 1234", "6101901234 6202901235", "9901901234", "610190123", "x" * 99):
        path.write_text(text, "utf-8")
        with pytest.raises(UsageError) as refused:
            read_number(path)
        assert "1234" not in str(refused.value)
    with pytest.raises(UsageError, match="findes ikke"):
        read_number(tmp_path / "ingen")


# Rules F.person, I.person_text
def test_a_number_is_found_in_every_way_that_people_write_it() -> None:
    one = Person(frozenset({number_forms.DIGITS}))
    assert [form for form in number_forms.HELD if not one.is_in(form)] == []
    assert [form for form in number_forms.of("6202901235") if one.is_in(form)] == []
    assert not any(one.is_in(text) for text in ("16101901234", "61019012345", "6101901233"))


# Rules F.forget, F.killed
def test_nobody_is_forgotten_while_files_of_a_killed_night_lie_aside(home: Home) -> None:
    aside = home.vault / ".incoming"
    aside.mkdir(exist_ok=True)
    (aside / "next.part").write_bytes(b"610190-1234")
    (aside / "journal.json").write_text("[]", "utf-8")
    with pytest.raises(EffektError, match="NIGHT_UNFINISHED"):
        forget(home)
    assert removals.read(home) == []
    (aside / "journal.json").unlink()
    forget(home)
    assert holding(home, own.NUMBER) == []


@pytest.mark.parametrize(("number", "is_old"), [(3, True), (4, False)])
# Rules F.forget, F.verify
def test_a_snapshot_may_lack_its_restricted_room_up_to_the_publication_before(
    tmp_path: Path, number: int, is_old: bool
) -> None:
    home = homes.new_home(tmp_path / "home")
    folder = home.published / "snapshots" / "2024-01-01-0123456789ab"
    (folder / "restricted").mkdir(parents=True)
    manifest = {"publication": {"publication_no": number}}
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert closed_rooms.remove_old_rooms(home) == []
    removals.add(home, "forget", own.AS_OF, [], publication=3)
    assert not closed_rooms.may_lack_room(home, folder, manifest)  # it is there
    assert closed_rooms.remove_old_rooms(home) == ([folder.name] if is_old else [])
    assert (folder / "restricted").exists() is not is_old
    assert closed_rooms.may_lack_room(home, folder, manifest) is is_old


# Rules F.forget, G.staged
def test_rejected_rows_of_others_stay_rejected_and_the_forgotten_are_counted_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = load_sources()["eindkomst"].model_copy(update={"max_rejected_rows": 9})
    for module in ("take_in", "loading.as_accepted"):
        monkeypatch.setattr(
            f"dagster_project.lib.receiving.{module}.load_sources",
            lambda: {**load_sources(), "eindkomst": allowed},
        )
    home = homes.new_home(tmp_path / "home")
    mine, other, third = corpus.TABLES["eindkomst"][1]
    spoilt = [[*row[:2], "april", *row[3:]] for row in (mine, other)]
    cut = [own.NUMBER[1:], *mine[1:]]
    own.land(home, "eindkomst", [mine, other, *spoilt, cut, third, third])
    assert not homes.receive(home).refused
    forget(home)
    after = own.loaded(home)
    assert [row[1:] for row in after["rejected_row"]] == [(4, "maaned", "DATE_FORMAT")]
    assert [row[1] for row in after["eindkomst"]] == [2, 6]
    with warehouse.connect(home.warehouse) as connection:
        counts = connection.execute(
            "select row_count, loaded_rows, rejected_rows, duplicate_rows, skipped_rows,"
            " forgotten_rows from raw.loaded_delivery"
        ).fetchall()
    assert counts == [(7, 2, 1, 1, 0, 3)]
