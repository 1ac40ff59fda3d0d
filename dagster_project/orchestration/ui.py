"""The UI: Dagster's web server behind the guard, its daemon, and the one code server of both.

What belongs here: the processes of the UI, and where they listen. What does not: which requests are
heard (``guard``), assets and jobs (``defs/``). Dagster is imported inside functions only.

The web server listens on the loopback address. The code server does what whoever reaches it asks,
so it listens on a socket in a folder that only its own user may enter.

Rules: F.loopback, F.start_key, F.read_only.
Decides: F.loopback, F.read_only.
"""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.lib.base import files, scratch
from dagster_project.lib.base.environment import variables
from dagster_project.lib.base.errors import EffektError
from dagster_project.orchestration import dagster_home
from dagster_project.orchestration.access import require_access
from dagster_project.orchestration.guard import LOOPBACK, Entrance, Guard
from dagster_project.settings import PROJECT_ROOT, Home, Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance
    from uvicorn import Server

    from dagster_project.orchestration.guard import App

_BACKLOG = 128
_KEY_BYTES = 32
_LEAST_SECRET = 32
_STOP_SECONDS = 15
_CLOSE_SECONDS = 3
_LOOK_SECONDS = 0.2
_PR_SET_PDEATHSIG = 1
_FOLDER = "effekt-ui-"  # in the system's temporary folder: a socket's path must be short


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


def serve(settings: Settings, opened: Door, *, is_read_only: bool = False) -> int:
    """Run web server, code server and daemon until one ends or a signal comes.

    Args:
        settings: home and contracts.
        opened: the port and what a request must show.
        is_read_only: show only: no daemon runs, and nothing can be started or changed.

    Returns:
        0 after a signal, 1 if a process ended by itself.
    """
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda caught, _frame: stopped.append(caught))
    children: list[subprocess.Popen[bytes]] = []
    with (
        scratch.folder(Path(tempfile.gettempdir()), _FOLDER) as folder,
        variables(dagster_home.environment(settings)),
        dagster_home.opened(settings.home) as instance,
    ):
        instance.get_runs_count()  # makes the databases before several processes do so at once
        place = folder / "code.sock"
        try:
            children.append(_start(_code_server(place), settings))
            while not place.exists() and not stopped and _are_alive(children):
                time.sleep(_LOOK_SECONDS)
            if not stopped and _are_alive(children):
                if not is_read_only:
                    children.append(_start(_daemon(folder, place), settings))
                with _web_app(instance, place, is_read_only=is_read_only) as app:
                    _serve_web(
                        Guard(app, opened.entrance), opened.listening,
                        lambda: bool(stopped) or not _are_alive(children),
                    )  # fmt: skip
        finally:
            _stop(children)
    return 0 if stopped else 1


def _code_server(place: Path) -> list[str]:
    return [
        sys.executable, "-m", "dagster", "api", "grpc", "--socket", str(place),
        "--module-name", dagster_home.MODULE, "--location-name", dagster_home.MODULE,
        "--use-python-environment-entry-point", "--log-level", "warning",
    ]  # fmt: skip


def _daemon(folder: Path, place: Path) -> list[str]:
    """The daemon on the code server of the web server (JSON is YAML)."""
    server = {"socket": str(place), "location_name": dagster_home.MODULE}
    workspace = folder / "workspace.yaml"
    files.write_atomic(workspace, json.dumps({"load_from": [{"grpc_server": server}]}))
    return [
        sys.executable, "-m", "dagster._daemon", "run", "-w", str(workspace),
        "--log-level", "warning",
    ]  # fmt: skip


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
        time.sleep(_LOOK_SECONDS)
    server.should_exit = True


def _are_alive(children: list[subprocess.Popen[bytes]]) -> bool:
    return all(child.poll() is None for child in children)


def _start(words: list[str], settings: Settings) -> subprocess.Popen[bytes]:
    """A child in a process group of its own that dies with this process."""
    above = filter(None, [os.environ.get("PYTHONPATH")])
    return subprocess.Popen(  # noqa: S603 - our own interpreter and modules
        words,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PROJECT_ROOT), *above])},
        cwd=settings.home.root,
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    """End every child's whole process group: asked first, then killed."""
    for child in children:
        _signal_group(child, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.1, deadline - time.monotonic()))
        _signal_group(child, signal.SIGKILL)
        child.wait()


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return
