"""The record of publications, and the two tables that are derived from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.lib.base import chained
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.inspection.whole import inspect_home
from dagster_project.lib.ledger import publications
from dagster_project.lib.publishing import (
    Candidate,
    atomic,
    current_snapshot,
    history,
    publish,
)
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.settings import Home
from tests.unit.publishing.conftest import number_anew

Change = Callable[[str], None]
PublishNow = Callable[[], str]
ONE = "update mart.settlement set state = 'draft' where contract_id = 'contract_id 1'"
OTHER = (
    "update mart.settlement set payment_dkk = payment_dkk + 1 where contract_id = 'contract_id 2'"
)


def rows(home: Home, query: str) -> list[dict[str, Any]]:
    """Rows of a query over what readers see."""
    with duckdb.connect(str(home.published / "payout_mart.duckdb"), read_only=True) as reader:
        found = reader.execute(query)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def own_row(home: Home) -> dict[str, Any]:
    """The one row of ``publication``."""
    (row,) = rows(home, "from mart.publication")
    return row


def history_of(home: Home) -> list[tuple[Any, ...]]:
    """Contract, publication and payment of each row of the history."""
    found = rows(home, "from mart.settlement_history order by contract_id, publication_no")
    return [(r["contract_id"], r["publication_no"], r["payment_dkk"]) for r in found]


# Rule M.publications
def test_each_publication_has_the_next_number_and_names_the_one_before(
    home: Home, publish_now: PublishNow, change: Change
) -> None:
    publish_now()
    first = own_row(home)
    assert (first["publication_no"], first["previous_snapshot_id"]) == (1, None)
    change(OTHER)
    publish_now()
    second = own_row(home)
    assert (second["publication_no"], second["previous_snapshot_id"]) == (2, first["snapshot_id"])
    shown = current_snapshot(home)
    assert shown is not None
    assert second["snapshot_id"] == shown.snapshot_id
    assert str(second["as_of_date"]) == "2024-05-02"
    lines = publications.read(home)
    assert [line["snapshot_id"] for line in lines] == [first["snapshot_id"], second["snapshot_id"]]
    assert {tuple(sorted(line)) for line in lines} == {(
        "as_of_date", "code_version", "hash", "ledger_head", "periods", "prev", "publication_no",
        "published_at", "register_head", "snapshot_id",
    )}  # fmt: skip


# Rules M.publish, M.publications
def test_unchanged_knowledge_adds_no_line(home: Home, publish_now: PublishNow) -> None:
    publish_now()
    before = own_row(home)
    assert publish_now() == "unchanged"
    assert own_row(home) == before
    assert len(publications.read(home)) == 1


# Rule M.history
def test_the_history_has_a_row_whenever_a_period_differs_from_its_last_row(
    home: Home, publish_now: PublishNow, change: Change
) -> None:
    publish_now()
    (one, two, three) = [payment for _, _, payment in history_of(home)]
    change(OTHER)
    publish_now()
    change("update mart.contract set title = 'other'")  # no period moves
    publish_now()
    change("update mart.settlement set payment_dkk = payment_dkk - 1"
           " where contract_id = 'contract_id 2'")  # fmt: skip
    publish_now()
    assert history_of(home) == [
        ("contract_id 0", 1, one), ("contract_id 1", 1, two),
        ("contract_id 2", 1, three), ("contract_id 2", 2, three + 1), ("contract_id 2", 4, three),
    ]  # fmt: skip
    ids = {line["publication_no"]: line["snapshot_id"] for line in publications.read(home)}
    for row in rows(home, "from mart.settlement_history"):
        assert row["snapshot_id"] == ids[row["publication_no"]]


# Rule M.history
def test_a_period_that_was_gone_has_a_row_again_only_where_it_differs() -> None:
    def line(number: int, **periods: str) -> dict[str, Any]:
        return {
            "publication_no": number, "as_of_date": "d", "snapshot_id": f"s{number}",
            "periods": [
                {"contract_id": name, "period_start": "p", "state": state, "basis_dkk": "1.00",
                 "payment_dkk": "1.00", "statement_sha256": "x"}
                for name, state in periods.items()
            ],
        }  # fmt: skip

    told = [
        line(1, a="draft", b="draft"), line(2, b="draft"), line(3, a="draft", b="paid"),
        line(4, a="paid", b="paid"),
    ]  # fmt: skip
    found = [(r["contract_id"], r["publication_no"], r["state"]) for r in history.changes(told)]
    assert found == [("a", 1, "draft"), ("b", 1, "draft"), ("b", 3, "paid"), ("a", 4, "paid")]


# Rule M.publications
def test_an_older_truth_is_a_publication_of_its_own_under_the_same_name(
    home: Home, publish_now: PublishNow, change: Change
) -> None:
    publish_now()
    first = own_row(home)
    change("update mart.contract set title = 'other' where contract_id = 'contract_id 1'")
    publish_now()
    change("update mart.contract set title = 'title 1' where contract_id = 'contract_id 1'")
    assert publish_now() == "repointed"
    third = own_row(home)
    assert (third["publication_no"], third["snapshot_id"]) == (3, first["snapshot_id"])
    assert [line["publication_no"] for line in publications.read(home)] == [1, 2, 3]


class _KilledError(Exception):
    """Stands for a process that ends between the swap and the line."""


# Rules M.publications, F.killed
def test_a_line_that_a_run_killed_behind_the_swap_left_out_is_added_once_by_the_next(
    home: Home, publish_now: PublishNow, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_now()
    change(OTHER)

    def killed(*_: Any) -> None:
        raise _KilledError

    with monkeypatch.context() as broken:
        broken.setattr(atomic.history, "record", killed)
        with pytest.raises(_KilledError):
            publish_now()
    shown = own_row(home)
    assert shown["publication_no"] == 2  # readers see it
    assert len(publications.read(home)) == 1
    assert _of_ledger(home) == []
    lines = history.complete(home)
    assert (lines[1]["publication_no"], lines[1]["snapshot_id"]) == (2, shown["snapshot_id"])
    assert lines[1]["published_at"].startswith(shown["published_at"].isoformat())
    assert history.complete(home) == lines
    assert publish_now() == "unchanged"
    change(ONE)
    publish_now()
    assert own_row(home)["publication_no"] == 3


# Rule M.publications
def test_a_home_that_published_before_there_was_a_record_begins_it_with_what_readers_see(
    home: Home, publish_now: PublishNow, change: Change
) -> None:
    publish_now()
    folder = (home.published / "current").resolve()
    manifest = {k: v for k, v in manifests.read(folder).items() if k != "publication"}
    (folder / "manifest.json").write_text(manifests.to_text(manifests.sealed(manifest)), "utf-8")
    publications.record_file(home).unlink()
    change(OTHER)
    publish_now()
    assert [line["snapshot_id"] for line in publications.read(home)] == [
        folder.name, own_row(home)["snapshot_id"],
    ]  # fmt: skip
    assert (own_row(home)["publication_no"], own_row(home)["previous_snapshot_id"]) == (
        2, folder.name,
    )  # fmt: skip
    changed = [number for name, number, _ in history_of(home) if name == "contract_id 2"]
    assert changed == [1, 2]


def rewrite(home: Home, change_lines: Callable[[list[dict[str, Any]]], None]) -> None:
    """Write the record anew, its chain whole again."""
    path = publications.record_file(home)
    told = [json.loads(line) for line in path.read_bytes().splitlines()]
    change_lines(told)
    path.unlink()
    known: list[dict[str, Any]] = []
    for link in told:
        fact = {k: v for k, v in link.items() if k not in ("prev", "hash", "publication_no")}
        known.append(publications.add(home, known, fact))


def _of_ledger(home: Home) -> list[str]:
    (area,) = [area for area in inspect_home(home).areas if area.name == "ledger"]
    return [fault.code for fault in area.faults]


# Rules F.verify, M.publications
@pytest.mark.parametrize("place", ["broken", "rewritten", "rewritten before", "cut"])
def test_a_record_that_is_not_what_was_written_is_told_by_verify(
    home: Home, publish_now: PublishNow, change: Change, place: str
) -> None:
    for statement in (ONE, OTHER, "update mart.contract set title = 'third'"):
        change(statement)
        publish_now()
    assert _of_ledger(home) == []
    path = publications.record_file(home)
    if place == "broken":
        path.write_bytes(path.read_bytes().replace(b'"draft"', b'"paid"', 1))
    elif place == "rewritten":
        rewrite(home, lambda told: told[2]["periods"][0].update(payment_dkk="9.00"))
    elif place == "rewritten before":
        rewrite(home, lambda told: told[0]["periods"][0].update(payment_dkk="9.00"))
    else:
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:1]))
    assert set(_of_ledger(home)) == {"PUBLICATIONS_BROKEN"}
    if place != "rewritten before":  # a night reads no history of what it has published
        with pytest.raises(EffektError, match="PUBLICATIONS_BROKEN"):
            history.complete(home)


# Rule S.chain
def test_a_torn_last_line_is_set_aside_before_the_next_is_added(
    home: Home, publish_now: PublishNow, change: Change
) -> None:
    publish_now()
    with publications.record_file(home).open("ab") as stream:
        stream.write(b'{"publication_no":2,"as_')
    change(OTHER)
    publish_now()
    assert len(publications.read(home)) == 2
    assert chained.read(publications.record_file(home)).torn == b""


# Rule M.publications
def test_a_candidate_whose_number_has_been_given_away_is_not_published(
    home: Home, audited: Callable[[], Candidate]
) -> None:
    waiting = audited()
    publications.add(home, [], {"as_of_date": "d", "snapshot_id": "another", "periods": []})
    with pytest.raises(EffektError, match="CANDIDATE_STALE"):
        publish(home)
    number_anew(waiting.path, home)
    assert publish(home).action == "published"
    assert own_row(home)["publication_no"] == 2


# Rule M.keys
def test_every_published_table_has_its_key_and_a_broken_one_is_left_for_the_gate(
    home: Home, audited: Callable[[], Candidate], change: Change
) -> None:
    def keys(path: Path) -> dict[str, str]:
        with duckdb.connect(str(path), read_only=True) as reader:
            found = reader.execute(
                "select table_name, array_to_string(constraint_column_names, ', ')"
                " from duckdb_constraints() where constraint_type = 'PRIMARY KEY'"
            )
            return dict(found.fetchall())

    sound = keys(audited().mart_file)
    assert sound["settlement"] == "contract_id, period_start"
    assert sound["publication"] == "publication_no"
    change("insert into mart.settlement select * from mart.settlement limit 1")
    broken = keys(audited().mart_file)
    assert broken == {name: key for name, key in sound.items() if name != "settlement"}
