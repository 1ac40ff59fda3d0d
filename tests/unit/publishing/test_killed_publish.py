"""A publish killed before any step: the reader's snapshot is whole, the next one mends all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib.ledger import publications
from dagster_project.lib.publishing import (
    Candidate,
    atomic,
    check_snapshot,
    current_snapshot,
    history,
    leftovers,
    publish,
)
from dagster_project.lib.publishing.manifest import content
from dagster_project.settings import Home
from tests.unit.publishing.conftest import number_anew

KILLED = 9
FINISHED = 0
Change = Callable[[str], None]


class _Kill:
    """Ends the process, as ``kill -9`` would, before the n-th change of the file system."""

    def __init__(self, at: int) -> None:
        self.left = at

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **named: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                os._exit(KILLED)
            return function(*args, **named)

        return called

    def arm(self, *, can_exchange: bool) -> None:
        for name in ("rename", "replace", "symlink_to", "unlink", "rmdir"):
            setattr(Path, name, self.before(getattr(Path, name)))
        for name in ("rmtree", "copytree"):
            setattr(shutil, name, self.before(getattr(shutil, name)))
        os.unlink = self.before(os.unlink)  # half-removed folders
        os.link = self.before(os.link)
        exchange = atomic.rename_exchange if can_exchange else lambda one, other: False
        atomic.rename_exchange = self.before(exchange)
        publications.add = self.before(publications.add)


def _publish_until(home: Home, variant: Candidate, at: int, *, can_exchange: bool) -> int:
    """Publish a copy in a child that dies before its n-th step; its exit code."""
    path = home.published / ".candidate-of-the-killed"
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(variant.path, path)
    number_anew(path, home)
    child = os.fork()
    if child == 0:
        _Kill(at).arm(can_exchange=can_exchange)
        try:
            publish(home)
        except BaseException:
            os._exit(1)
        os._exit(FINISHED)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _publish_whole(home: Home, variant: Candidate) -> None:
    leftovers.clean_leftovers(home)
    path = home.published / ".candidate-again"
    shutil.copytree(variant.path, path)
    number_anew(path, home)
    publish(home)


@pytest.fixture
def variants(
    audited: Callable[[], Candidate], change: Change, tmp_path: Path
) -> dict[str, Candidate]:
    """Finished files: two snapshots, and the first with other restricted rows."""
    found = {}
    for name, statement in {
        "first": "",
        "other rows": "update restricted.mismatch set remedy = 'other'",
        "second": "update mart.contract set title = 'second'",
    }.items():
        if statement:
            change(statement)
        built = audited()
        kept = tmp_path / name
        shutil.move(built.path, kept)
        found[name] = Candidate(kept, built.manifest)
    return found


def _homes(base: Home, tmp_path: Path) -> Iterator[tuple[int, Home]]:
    """A fresh copy of the home for every step, with the step's number."""
    for step in range(1, 200):
        root = tmp_path / f"home-{step}"
        shutil.copytree(base.published, root / "published", symlinks=True)
        shutil.copytree(base.ledger, root / "ledger")
        yield step, Home(root)
        shutil.rmtree(root)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "tonight", "can_exchange"),
    [
        ((), "first", True),
        (("first",), "second", True),
        (("first",), "other rows", True),
        (("first",), "other rows", False),
        (("first", "second"), "first", True),
        (("first", "second"), "other rows", False),
    ],
)
def test_a_publish_killed_at_any_step_leaves_a_whole_snapshot_and_is_mended_by_the_next(
    home: Home,
    variants: dict[str, Candidate],
    tmp_path: Path,
    before: tuple[str, ...],
    tonight: str,
    can_exchange: bool,
) -> None:
    for name in before:
        _publish_whole(home, variants[name])
    wanted = variants[tonight].snapshot_id
    allowed = {wanted} | ({variants[before[-1]].snapshot_id} if before else set())
    for step, own in _homes(home, tmp_path):
        ended = _publish_until(own, variants[tonight], step, can_exchange=can_exchange)
        seen = current_snapshot(own)
        if seen is None:
            assert not before
        else:
            check_snapshot(seen.path)
            assert seen.snapshot_id in allowed
            assert (own.published / "payout_mart.duckdb").is_file()
        _publish_whole(own, variants[tonight])
        after = current_snapshot(own)
        assert after is not None
        assert after.path == own.published / "snapshots" / wanted
        check_snapshot(after.path)
        assert content(after.manifest) == content(variants[tonight].manifest)
        assert not list(own.published.glob(".*"))
        lines = publications.read(own)
        assert [line["snapshot_id"] for line in lines] == [
            *(variants[name].snapshot_id for name in before), wanted,
        ]  # fmt: skip
        assert after.manifest["publication"]["publication_no"] == len(lines)
        history.require_line(own)
        if ended == FINISHED:
            assert step > 3
            return
        assert ended == KILLED
    raise AssertionError("the publish never ended")
