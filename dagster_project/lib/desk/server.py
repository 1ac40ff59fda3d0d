"""The desk's side: takes orders one at a time and has each done for the user that the kernel names.

What belongs here: the socket's life, its group and mode, time limits, the process of an order. What
does not: what an order may say (``cli.desk`` hands that in).

An order is done in a child of this process, which is told for whom: no user, path or environment
comes from the caller, and no order leaves anything behind for the next.

Rules: F.desk.
Decides: F.desk.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from dagster_project.lib.base import lock, users
from dagster_project.lib.base.errors import EXIT_FAILED, EXIT_USAGE, EffektError, NotAllowedError
from dagster_project.lib.base.users import User
from dagster_project.lib.desk import place
from dagster_project.lib.desk.messages import (
    MAX_ANSWER,
    MAX_ORDER,
    Answer,
    Order,
    order_of,
    receive,
    send,
)
from dagster_project.settings import Home

SOCKET_MODE = 0o660
ORDER_SECONDS = 10
"""So long may a caller take to say what he wants; the next one waits meanwhile."""
ANSWER_SECONDS = 30
WORK_SECONDS = 30 * 60
_WAITING = 32
_DESCRIPTORS = 1 << 16

Understand = Callable[[Order], Callable[[], None]]
"""What does an order and ends its process with the exit code; ``ValueError``: not an order."""


def serve(home: Home, understand: Understand) -> None:
    """Serve until a signal asks to stop; what is being done then is finished first.

    Args:
        home: a home that the user of this process owns.
        understand: gives what does an order.

    Raises:
        NotAllowedError: the user does not own the home (exit 3).
        EffektError: ``DESK_RUNNING``, ``DESK_GROUP``, ``DESK_PLACE`` (exit 1).
    """
    if home.root.stat().st_uid != os.getuid():
        raise NotAllowedError("HOME_NOT_YOURS", "skranken køres af den bruger, der ejer mappen")
    with _alone(home), _listening(home) as listener, _asked_to_stop() as stop:
        while True:
            ready, _, _ = select.select([listener, stop], [], [])
            if stop in ready:
                return
            link, _ = listener.accept()
            with link:
                _attend(link, understand)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    try:
        with lock.hold(home.root / ".desk.lock"):
            yield
    except EffektError as error:
        if error.code != "HOME_BUSY":
            raise
        raise EffektError("DESK_RUNNING", "mappens skranke er åben allerede") from None


@contextmanager
def _listening(home: Home) -> Iterator[socket.socket]:
    """The socket, open to the group of ``published/`` (as the restricted room is)."""
    path = home.root / place.NAME
    _remove_old(home)
    before = os.umask(0o177)
    try:
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener,
            place.short_path(home) as short,
        ):
            listener.bind(short)
            os.umask(before)
            _give_to_group(home)
            path.chmod(SOCKET_MODE)
            listener.listen(_WAITING)
            yield listener
    finally:
        os.umask(before)
        path.unlink(missing_ok=True)


def _remove_old(home: Home) -> None:
    path = home.root / place.NAME
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise EffektError(
                "DESK_PLACE", f"{place.NAME} i mappen er ingen socket", remedy="flyt den væk"
            )
        path.unlink()


def _give_to_group(home: Home) -> None:
    group = home.published.stat().st_gid
    try:
        os.chown(home.root / place.NAME, -1, group, follow_symlinks=False)
    except PermissionError:
        raise EffektError(
            "DESK_GROUP",
            f"mappens bruger er ikke i den gruppe, som published/ har ({group})",
            remedy="usermod -aG GRUPPE BRUGER, og start skranken igen",
        ) from None


@contextmanager
def _asked_to_stop() -> Iterator[socket.socket]:
    """Readable once a signal has asked this process to stop."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, lambda *_: None) for number in numbers]
    wakeup = signal.set_wakeup_fd(writer.fileno())
    try:
        with reader, writer:
            yield reader
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _attend(link: socket.socket, understand: Understand) -> None:
    """One caller, from order to answer; nothing that a caller does ends the desk."""
    uid = place.peer_uid(link)
    told = ""
    try:
        order = order_of(receive(link, MAX_ORDER, ORDER_SECONDS))
        told = order.command
        answer = _done_by_child(understand(order), uid)
    except ValueError:
        answer = Answer(EXIT_USAGE, "", "USAGE: sådan en ordre kender skranken ikke\n")
    except OSError:  # gone, or silent for too long
        return
    print(f"{User(uid).name}: {told[:40]!r} {answer.exit_code}", file=sys.stderr, flush=True)
    with suppress(OSError):
        send(link, answer, ANSWER_SECONDS)


def _done_by_child(do: Callable[[], None], uid: int) -> Answer:
    out, err = os.pipe(), os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _be_the_child(do, uid, out[1], err[1])
    for pipe in (out, err):
        os.close(pipe[1])
    said, is_whole = _read_until_ended(out[0], err[0])
    if not is_whole:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    texts = [bytes(said[pipe[0]]).decode("utf-8", "replace") for pipe in (out, err)]
    if not is_whole or code < 0:
        texts[1] += "DESK: kommandoen blev standset, før den var færdig\n"
    return Answer(code if is_whole and code >= 0 else EXIT_FAILED, texts[0], texts[1])


def _be_the_child(do: Callable[[], None], uid: int, out: int, err: int) -> None:
    """Do an order for the caller in a process that ends with it."""
    code = EXIT_FAILED
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        for place_of, stream in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (err, 2)):
            os.dup2(place_of, stream)
        os.closerange(3, _DESCRIPTORS)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8") for number in (1, 2))
        if uid != os.getuid():  # the home's own user is no other at the desk than elsewhere
            users.serve_caller(uid)
        do()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else EXIT_FAILED if end.code else 0
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _read_until_ended(*pipes: int) -> tuple[dict[int, bytearray], bool]:
    """What is written to the pipes until all writers are gone; whether that was in time."""
    said = {pipe: bytearray() for pipe in pipes}
    deadline = time.monotonic() + WORK_SECONDS
    left = set(pipes)
    while left:
        ready, _, _ = select.select(list(left), [], [], max(0.0, deadline - time.monotonic()))
        is_too_much = sum(map(len, said.values())) > MAX_ANSWER // 2
        if not ready or is_too_much:
            break
        for pipe in ready:
            piece = os.read(pipe, 1 << 16)
            said[pipe] += piece
            if not piece:
                left.discard(pipe)
    for pipe in pipes:
        os.close(pipe)
    return said, not left
