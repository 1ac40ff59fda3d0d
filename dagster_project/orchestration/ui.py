"""The UI: Dagster's web server behind the guard, its daemon, and the one code server of both.

What belongs here: which processes there are, and where the web server listens: on the loopback
address. What does not: which requests are heard (``guard``), where the code server listens
(``code_server``), assets and jobs (``defs/``). Dagster is imported inside functions only.

Rules: F.loopback, F.start_key, F.read_only.
Decides: F.loopback, F.read_only.
"""

from __future__ import annotations

import os
import secrets
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.lib.base.environment import variables
from dagster_project.lib.base.errors import EffektError
from dagster_project.orchestration import code_server, dagster_home, processes
from dagster_project.orchestration.access import require_access
from dagster_project.orchestration.guard import LOOPBACK, Entrance, Guard
from dagster_project.orchestration.rule_pages import RulePages
from dagster_project.settings import Home, Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance
    from uvicorn import Server

    from dagster_project.orchestration.guard import App

_BACKLOG = 128
_KEY_BYTES = 32
_LEAST_SECRET = 32
_CLOSE_SECONDS = 3
_WATCH_SECONDS = 1


@dataclass(frozen=True)
class Door:
    """The port that the UI is served on, already taken, and what a request must show there."""

    listening: socket.socket
    entrance: Entrance


@contextmanager
def door(settings: Settings, port: int) -> Iterator[Door]:
    """Take the port and make the key of this start, or read the secret of the proxy.

    Raises:
        EffektError: ``PORT_TAKEN``, ``SECRETS_OPEN``, ``UI_SECRET``.
    """
    require_access(settings.home)
    settings.home.ensure().refuse_open_secrets()
    own = settings.home.read_home_file().ui
    proxys = _proxy_secret(settings.home, own.proxy_secret_file) if own.proxy_secret_file else None
    secret = proxys or secrets.token_urlsafe(_KEY_BYTES)
    entrance = Entrance(port, frozenset(own.hosts), secret, is_behind_proxy=proxys is not None)
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((LOOPBACK, port))
            listening.listen(_BACKLOG)
        except OSError:
            raise EffektError(
                "PORT_TAKEN", f"port {port} is in use", remedy="effekt ui --port another"
            ) from None
        yield Door(listening, entrance)


def _proxy_secret(home: Home, path: Path) -> str:
    """The secret that the organisation's proxy adds to each request, from a file of mode 0600."""
    place = home.root / path.expanduser()
    try:
        with place.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            text = stream.read().decode("ascii", "replace").strip()
    except OSError:
        raise EffektError(
            "UI_SECRET", "ui.proxy_secret_file of home.yml cannot be read",
            remedy="name a file that the user of the UI can read, mode 0600",
        ) from None  # fmt: skip
    if stat.S_IMODE(mode) & 0o077:
        raise EffektError(
            "UI_SECRET", "ui.proxy_secret_file of home.yml can be read by others",
            remedy="chmod 600 the file, and give the proxy a new secret",
        )  # fmt: skip
    if len(text) < _LEAST_SECRET or not text.isascii() or not text.isprintable() or " " in text:
        raise EffektError(
            "UI_SECRET", "ui.proxy_secret_file of home.yml holds no secret",
            remedy=f"one line of at least {_LEAST_SECRET} letters and digits: openssl rand -hex 32",
        )  # fmt: skip
    return text


def serve(
    settings: Settings, opened: Door, *, is_read_only: bool = False, has_daemon: bool = True
) -> int:
    """Run web server, code server and daemon until one ends or a signal comes.

    Args:
        settings: home and contracts.
        opened: the port and what a request must show.
        is_read_only: show only: no daemon runs, and nothing can be started or changed.
        has_daemon: whether the daemon is one of the processes; else it is started by itself
            (:func:`serve_daemon`).

    Returns:
        0 after a signal, 1 if a process ended by itself.
    """
    stopped = processes.stopping_signals()
    children: list[processes.Child] = []
    with (
        code_server.socket_of(settings.home) as place,
        variables(dagster_home.environment(settings)),
        dagster_home.opened(settings.home) as instance,
    ):
        instance.get_runs_count()  # makes the databases before several processes do so at once
        try:
            children.append(processes.start(code_server.words(place), folder=settings.home.root))
            while not place.exists() and not stopped and processes.are_alive(children):
                time.sleep(processes.LOOK_SECONDS)
            if not stopped and processes.are_alive(children):
                if has_daemon and not is_read_only:
                    words = code_server.daemon_words(settings.home)
                    children.append(processes.start(words, folder=settings.home.root))
                with _web_app(instance, place, is_read_only=is_read_only) as app:
                    _serve_web(
                        Guard(RulePages(app), opened.entrance), opened.listening,
                        lambda: bool(stopped) or not processes.are_alive(children),
                    )  # fmt: skip
        finally:
            processes.stop(children)
    return 0 if stopped else 1


def serve_daemon(settings: Settings) -> int:
    """Run the daemon alone, on the code server that the home's web server has started.

    Returns:
        0 after a signal, 1 if the daemon ended by itself.
    """
    require_access(settings.home)
    settings.home.ensure().refuse_open_secrets()
    stopped = processes.stopping_signals()
    children: list[processes.Child] = []
    with variables(dagster_home.environment(settings)):
        dagster_home.prepare(settings.home)
        try:
            while not (stopped or code_server.is_listening(settings.home)):
                time.sleep(_WATCH_SECONDS)
            if not stopped:
                words = code_server.daemon_words(settings.home)
                children.append(processes.start(words, folder=settings.home.root))
            while not stopped and processes.are_alive(children):
                time.sleep(_WATCH_SECONDS)
        finally:
            processes.stop(children)
    return 0 if stopped else 1


@contextmanager
def _web_app(instance: DagsterInstance, place: Path, *, is_read_only: bool) -> Iterator[App]:
    """Dagster's web server as an application; it takes no report of a run that never was."""
    from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
    from dagster._core.workspace.load_target import GrpcServerTarget
    from dagster._core.workspace.permissions import PermissionResult, Permissions
    from dagster_webserver.app import create_app_from_workspace_process_context

    never = {Permissions.REPORT_RUNLESS_ASSET_EVENTS: PermissionResult(False, "")}

    class Request(WorkspaceRequestContext):
        """What one request may do."""

        @property
        def permissions(self) -> Any:
            return {**super().permissions, **never}

        def permissions_for_location(self, *, location_name: str) -> Any:
            return {**super().permissions_for_location(location_name=location_name), **never}

    class Process(WorkspaceProcessContext):
        """What the web server knows of the code server."""

        def create_request_context(self, source: object | None = None) -> WorkspaceRequestContext:
            return Request(
                self.instance, self.get_current_workspace(), self, self.version, source,
                read_only=self.read_only,
            )  # fmt: skip

    code_server.ask_less_often()
    target = GrpcServerTarget(
        host="localhost", port=None, socket=str(place), location_name=dagster_home.MODULE
    )
    with Process(instance, target, read_only=is_read_only) as process:
        yield create_app_from_workspace_process_context(process)


def _serve_web(app: App, listening: socket.socket, is_over: Callable[[], bool]) -> None:
    """Answer requests until it is over, or a signal comes."""
    import uvicorn

    # a strict reader of requests; whose they are is never taken from what a request says of itself
    config = uvicorn.Config(
        app, http="h11", proxy_headers=False, server_header=False, access_log=False,
        log_level="critical", timeout_graceful_shutdown=_CLOSE_SECONDS,
    )  # fmt: skip
    server = uvicorn.Server(config)
    threading.Thread(target=_look_after, args=(server, is_over), daemon=True).start()
    server.run(sockets=[listening])


def _look_after(server: Server, is_over: Callable[[], bool]) -> None:
    while not is_over():
        time.sleep(_WATCH_SECONDS)
    server.should_exit = True
