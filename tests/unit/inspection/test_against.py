"""Heads that parties kept, looked for in a home that was written anew or put back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib import inspection, life
from dagster_project.lib.base import chained
from dagster_project.lib.base.canonical import canonical_json
from dagster_project.lib.base.errors import EXIT_DIFFERENT, EXIT_OK, EXIT_REFUSED, UsageError
from dagster_project.lib.inspection.against import Comparison
from dagster_project.lib.ledger import chain
from dagster_project.lib.receiving.intake import register
from dagster_project.settings import Home
from tests.support.published import CONTRACT, World, make_world

Change = Callable[[int, dict[str, Any]], dict[str, Any]]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A submitted, verified period, and two deliveries that are known by their lines alone."""
    world = make_world(tmp_path / "world")
    for number in (1, 2):
        add_delivery(world.home, number)
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    life.verify(world.settings, CONTRACT, "2023-01", "Kai")
    return world


def add_delivery(home: Home, number: int) -> None:
    record = register.Record(
        delivery_no=0, delivery_id=f"{number:016}", sha256=f"{number:064}", source="deltagere",
        file_name="f", extracted_on=None, covers_from=None, covers_to=None, sender=None,
        version_no=None, format="csv", size=0, outcome=register.ACCEPTED, row_count=0,
        rejected_rows=0, duplicate_rows=0, skipped_rows=0, covered_days=0, findings=(),
        rejected=(),
    )  # fmt: skip
    register.load_register(home).append([record.as_line()])


def heads(home: Home) -> dict[str, Any]:
    return {"ledger": chain.head(home), "register": register.head(home)}


def kept(folder: Path, document: dict[str, Any], name: str = "kept.json") -> Path:
    path = folder / name
    path.write_text(canonical_json(document) + "\n", encoding="utf-8")
    return path


def statement(home: Home, *, links: bool = False) -> dict[str, Any]:
    told: dict[str, Any] = {"provenance": {"heads": heads(home)}}
    if links:
        told["chain"] = [
            {"sequence": e.sequence, "prev": e.prev, "hash": e.hash}
            for e in chain.read(home).events
        ]
    return told


def write_anew(
    path: Path, key: str, change: Callable[[int, dict[str, Any]], dict[str, Any]]
) -> None:
    """Write a chain anew with other facts, hashes and all."""
    head: chained.Head | None = None
    lines = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        fact = {k: v for k, v in json.loads(line).items() if k not in (key, "prev", "hash")}
        link = chained.linked(change(number, fact), head, key)
        head = chained.Head(sequence=number, hash=link["hash"])
        lines.append(canonical_json(link) + "\n")
    path.write_text("".join(lines))


def later(from_number: int) -> Change:
    """Other facts from a line on."""
    return lambda number, fact: (
        {**fact, "os_user": "x"} if "os_user" in fact and number >= from_number else fact
    )


def changed(found: Comparison, which: str) -> int | None:
    (finding,) = [f for f in found.findings if (f.chain, f.status) == (which, "rewritten")]
    assert finding.told
    return finding.first_changed


# Rule F.anchors
def test_heads_are_found_in_a_home_that_only_grew(world: World, tmp_path: Path) -> None:
    path = kept(tmp_path, statement(world.home))
    add_delivery(world.home, 3)
    life.return_(world.settings, CONTRACT, "2023-01", "Kai", "prøve")
    found = inspection.compare_with(world.home, [path])
    assert found.exit_code == EXIT_OK
    assert [finding.sequence for finding in found.findings] == [2, 2]
    assert "hændelse 2 står uændret i hovedbogen" in found.text()


def test_an_annex_prints_its_heads_at_the_top(world: World, tmp_path: Path) -> None:
    path = kept(tmp_path, {"heads": heads(world.home)})
    assert inspection.compare_with(world.home, [path]).exit_code == EXIT_OK


@pytest.mark.parametrize("number", [1, 2])
# Rule F.anchors
def test_a_home_that_was_written_anew_is_told_from_which_event_on(
    world: World, tmp_path: Path, number: int
) -> None:
    path = kept(tmp_path, statement(world.home, links=True))
    write_anew(chain.ledger_file(world.home), "sequence", later(number))
    found = inspection.compare_with(world.home, [path])
    assert found.exit_code == EXIT_DIFFERENT
    assert changed(found, "ledger") == number
    assert f"fra hændelse {number} på" in found.text()


def test_several_statements_bound_what_one_without_links_cannot_say(
    world: World, tmp_path: Path
) -> None:
    older = kept(tmp_path, statement(world.home), "older.json")
    life.return_(world.settings, CONTRACT, "2023-01", "Kai", "prøve")
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    newer = kept(tmp_path, statement(world.home), "newer.json")
    write_anew(chain.ledger_file(world.home), "sequence", later(4))
    found = inspection.compare_with(world.home, [newer, older])
    assert changed(found, "ledger") == 3
    assert "fra en hændelse mellem 3 og 4 på" in found.text()


def test_a_home_that_was_put_back_is_told_from_which_line_on(world: World, tmp_path: Path) -> None:
    files = {path: path.read_bytes() for path in (
        chain.ledger_file(world.home), world.home.vault / register.REGISTER_NAME,
    )}  # fmt: skip
    older = kept(tmp_path, statement(world.home), "older.json")
    add_delivery(world.home, 3)
    life.return_(world.settings, CONTRACT, "2023-01", "Kai", "prøve")
    newer = kept(tmp_path, statement(world.home), "newer.json")
    for path, data in files.items():
        path.write_bytes(data)
    found = inspection.compare_with(world.home, [older, newer])
    assert found.exit_code == EXIT_DIFFERENT
    assert (changed(found, "ledger"), changed(found, "register")) == (3, 3)
    assert "fra hændelse 3 på" in found.text() and "fra linje 3 på" in found.text()


def edit_in_place(path: Path, number: int) -> None:
    """Other facts in one line, its hash and all other lines as they were."""
    lines = path.read_bytes().splitlines(keepends=True)
    link = json.loads(lines[number - 1])
    link["as_of_date" if "as_of_date" in link else "format"] = "2023-05-02"
    lines[number - 1] = (canonical_json(link) + "\n").encode()
    path.write_bytes(b"".join(lines))


@pytest.mark.parametrize("links", [False, True])
@pytest.mark.parametrize(
    ("which", "number"), [("ledger", 1), ("ledger", 2), ("register", 1), ("register", 2)]
)
# Rule F.anchors
def test_a_chain_that_was_edited_in_place_is_another_from_that_line_on(
    world: World, tmp_path: Path, which: str, number: int, links: bool
) -> None:
    path = kept(tmp_path, statement(world.home, links=links))
    record = {"ledger": chain.ledger_file(world.home),
              "register": world.home.vault / register.REGISTER_NAME}[which]  # fmt: skip
    edit_in_place(record, number)
    found = inspection.compare_with(world.home, [path])
    assert found.exit_code == EXIT_DIFFERENT
    told = {(f.file_name, f.chain, f.status): f.first_changed for f in found.findings}
    other = {"ledger": "register", "register": "ledger"}[which]
    assert told == {
        (record.name, which, "rewritten"): number,
        ("kept.json", which, "rewritten"): number,
        ("kept.json", other, "found"): None,
    }


def test_a_line_that_was_edited_behind_all_kept_heads_is_told_as_well(
    world: World, tmp_path: Path
) -> None:
    path = kept(tmp_path, statement(world.home))
    life.return_(world.settings, CONTRACT, "2023-01", "Kai", "prøve")
    edit_in_place(chain.ledger_file(world.home), 3)
    found = inspection.compare_with(world.home, [path])
    assert found.exit_code == EXIT_DIFFERENT
    assert "hændelse 2 står uændret" in found.text()
    assert changed(found, "ledger") == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("old.json", '{"provenance":{},"statement_sha256":"ab"}\n'),
        ("odd.json", '{"provenance":{"heads":{"ledger":{"sequence":"1"}}}}\n'),
        ("no.json", "no JSON"),
        ("list.json", "[]"),
        ("page.html", "<html></html>"),
        ("sheet.xlsx", "x"),
    ],
)
# Rule F.anchors
def test_a_file_without_heads_cannot_be_checked_and_is_not_called_right(
    world: World, tmp_path: Path, name: str, content: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    found = inspection.compare_with(world.home, [path])
    assert found.exit_code == EXIT_REFUSED
    assert "kan ikke efterprøves" in found.text() and "✓" not in found.text()
    assert ("som JSON, HTML eller PDF" in found.text()) is name.endswith(".xlsx")


def test_a_file_that_is_not_there_is_wrong_usage(world: World, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        inspection.compare_with(world.home, [tmp_path / "none.json"])
