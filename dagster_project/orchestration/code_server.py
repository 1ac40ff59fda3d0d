"""The one code server of a home: where it listens, and how web server and daemon find it.

What belongs here: the socket, its folder and the workspace file that names it. What does not: the
web server and what it hears (``ui``, ``guard``).

The code server does what whoever reaches it asks, so it listens on a socket in a folder that only
its own user may enter. A path of a socket must be short, so the folder is not in the home: it is in
the system's temporary folder, or in the one that systemd or a container gives
(``RUNTIME_DIRECTORY``), where a daemon of another unit finds it too.

Rules: F.loopback, F.one_code_server.
Decides: F.one_code_server.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from dagster_project.lib.base import files, scratch
from dagster_project.lib.base.errors import EffektError
from dagster_project.orchestration.dagster_home import MODULE
from dagster_project.settings import Home

GIVEN_FOLDER = "RUNTIME_DIRECTORY"
WATCH_SECONDS = 10
"""How often web server and daemon ask whether the code server is still the one they know. Dagster
asks each second, which is more than a third of all that the idle processes do."""
_FOLDER = "effekt-ui-"
_SOCKET = "code.sock"
_LONGEST_PATH = 100  # the system takes 107 bytes


@contextmanager
def socket_of(home: Home) -> Iterator[Path]:
    """Where the home's code server is to listen; the workspace file names it from now on.

    Raises:
        EffektError: ``SOCKET_PLACE``: the folder that was given is another's, or its path too long.
    """
    with _folder() as folder:
        place = folder / _SOCKET
        if len(os.fsencode(place)) > _LONGEST_PATH:
            raise _no_place("har en for lang sti")
        place.unlink(missing_ok=True)  # of a code server that was killed
        server = {"socket": str(place), "location_name": MODULE}
        content = json.dumps({"load_from": [{"grpc_server": server}]})  # JSON is YAML
        files.write_atomic(workspace(home), content + "\n")
        yield place


def workspace(home: Home) -> Path:
    """The workspace file: what web server and daemon of the home load their definitions from."""
    return home.dagster / "workspace.yaml"


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder of mode 0700: one for as long as this process lives, or one of fixed name."""
    given = os.environ.get(GIVEN_FOLDER, "").partition(":")[0]
    if not given:
        with scratch.folder(Path(tempfile.gettempdir()), _FOLDER) as made:
            yield made
        return
    folder = files.make_dir(Path(given) / "code")
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise _no_place("tilhører en anden bruger")
    files.set_mode(folder, files.DIR_PRIVATE)
    yield folder


def _no_place(why: str) -> EffektError:
    return EffektError(
        "SOCKET_PLACE", f"mappen i ${GIVEN_FOLDER} {why}",
        remedy="angiv en af brugerens egne mapper med en kort sti, /run/effekt/NAVN",
    )  # fmt: skip


def words(place: Path) -> list[str]:
    """What the interpreter is started with to be the code server."""
    return [
        "-m", "dagster", "api", "grpc", "--socket", str(place),
        "--module-name", MODULE, "--location-name", MODULE,
        "--use-python-environment-entry-point", "--log-level", "warning",
    ]  # fmt: skip


def daemon_words(home: Home) -> list[str]:
    """What the interpreter is started with to be the daemon on that code server."""
    return [
        "-m", "dagster_project.orchestration.daemon", "run",
        "-w", str(workspace(home)), "--log-level", "warning",
    ]  # fmt: skip


def is_listening(home: Home) -> bool:
    """Whether a code server answers where the workspace file says that one listens."""
    try:
        content = json.loads(workspace(home).read_text(encoding="utf-8"))
        place = content["load_from"][0]["grpc_server"]["socket"]
        with closing(socket.socket(socket.AF_UNIX)) as probe:
            probe.connect(place)
    except (OSError, ValueError, LookupError, TypeError):
        return False
    return True


def ask_less_often() -> None:
    """Let this process ask for its code server each :data:`WATCH_SECONDS`."""
    from dagster._grpc import server_watcher

    server_watcher.WATCH_INTERVAL = WATCH_SECONDS
