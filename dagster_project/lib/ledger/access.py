"""The access log, ``ledger/access.jsonl``: a chain with one line a look at single persons' data.

What belongs here: the form of a line, adding one before something is shown, counting them. What
does not: what is shown. A file that is opened without the product is not seen by it.

The log has a lock of its own, so that a look is noted while a night holds the home. Each line is
checked against the one before it when it is added; the whole chain is checked by ``read``.

Rules: F.access_log, S.chain.
Decides: F.access_log.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster_project.lib.base import chained, files, users
from dagster_project.lib.base.errors import EffektError, said_by_system
from dagster_project.lib.base.person_numbers import shown
from dagster_project.settings import Home

RECORD_NAME = "access.jsonl"
_LOCK_NAME = ".access.lock"
_SEQUENCE = "seq"


def record_file(home: Home) -> Path:
    """``ledger/access.jsonl``."""
    return home.ledger / RECORD_NAME


def note(home: Home, command: str, **ids: str | None) -> None:
    """Note a look before it is given; where it cannot be noted, it is refused.

    Call it when what is asked for is known to exist, with the ids of what was found: what a person
    typed by mistake is not kept.

    Args:
        home: whose data are looked at.
        command: the command, or what of a night writes the data.
        ids: contract, period, course and the like; never a person number, and one without a value
            is left out.

    Raises:
        EffektError: ``ACCESS_LOG``: the log cannot be written; ``ACCESS_LOG_BROKEN``.
    """
    user = users.acting()
    fact = {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "os_user": user.name,
        "is_vouched": user.is_vouched,
        "command": command,
        "ids": {name: shown(value) for name, value in ids.items() if value is not None},
    }
    path = record_file(home)
    try:
        with _lock(home):
            chained.set_torn_aside(path)
            chained.append(path, [chained.linked(fact, _head(path), _SEQUENCE)])
    except OSError as error:
        raise EffektError(
            "ACCESS_LOG",
            f"opslaget kan ikke noteres i ledger/{RECORD_NAME} ({said_by_system(error)}), og vises"
            " derfor ikke",
            remedy="gør ledger/ skrivbar, og giv disken plads; slå så op igen",
        ) from None


def read(home: Home) -> list[chained.Link]:
    """The looks in order, the whole chain checked.

    Raises:
        EffektError: ``ACCESS_LOG_BROKEN`` with the line.
    """
    try:
        return chained.check_links(chained.read(record_file(home)).lines, _SEQUENCE)
    except chained.BrokenLineError as error:
        raise _broken(error) from None


def count(home: Home) -> dict[str, Any]:
    """How many looks were noted, by command, and when the last one was.

    Raises:
        EffektError: ``ACCESS_LOG_BROKEN`` with the line.
    """
    links = read(home)
    commands = Counter(str(link["command"]) for link in links)
    return {
        "looks": len(links),
        "by_command": dict(sorted(commands.items())),
        "last_at": links[-1]["at"] if links else None,
    }


def _head(path: Path) -> chained.Head | None:
    """The last line of the log; that it is whole in itself is checked, and no line before it."""
    lines = chained.read(path).lines
    if not lines:
        return None
    number = len(lines)
    try:
        link = chained.document_of(lines[-1], number)
        chained.check_link(link, number, str(link.get("prev")), _SEQUENCE)
    except chained.BrokenLineError as error:
        raise _broken(error) from None
    return chained.Head(sequence=number, hash=link["hash"])


def _broken(error: chained.BrokenLineError) -> EffektError:
    return EffektError(
        "ACCESS_LOG_BROKEN",
        f"linje {error.number} i ledger/{RECORD_NAME} {error.what}",
        remedy="intet er ændret; læg ledger/ tilbage fra sikkerhedskopien, og prøv igen",
    )


@contextmanager
def _lock(home: Home) -> Iterator[None]:
    files.make_dir(home.ledger)
    handle = os.open(
        home.ledger / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, files.FILE_PRIVATE
    )
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
