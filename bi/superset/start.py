"""Shows the published mart of a home in Superset on this machine, until Ctrl-C.

Run by ``make bi`` with the Python of the environment that ``requirements.lock`` makes. What belongs
here: Superset's database, a login for this start, the import of the bundle, the server. What does
not: Superset's settings (``superset_config.py``), charts (``bundle``), anything that computes.

Everything that it makes stands in ``work/bi`` of the home and may be deleted; only the loopback
address is listened on.

Rules: M.bi.
Decides: M.bi.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

HERE = Path(__file__).resolve().parent
BUNDLE = HERE / "bundle"
PLACEHOLDER = "/MART?"
USER = "bi"
_STARTING_SECONDS = 120


def main() -> int:
    """Prepare, serve, wait; the exit code."""
    asked = _arguments()
    mart = (asked.home / "published" / "payout_mart.duckdb").absolute()
    if not mart.exists():
        print(f"Der er ingen publiceret mart: {mart} (kør først natten)", file=sys.stderr)
        return 1
    os.umask(0o077)
    state = asked.home.absolute() / "work" / "bi"
    _set_environment(state, mart)
    password = secrets.token_urlsafe(12)
    _prepare(mart, password)
    port = asked.port or _free_port()
    return _serve(port, password)


def _arguments() -> argparse.Namespace:
    told = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    told.add_argument("--home", type=Path, required=True, help="kommunens mappe")
    told.add_argument("--port", type=int, default=0, help="port på 127.0.0.1 (0: en ledig)")
    return told.parse_args()


def _set_environment(state: Path, mart: Path) -> None:
    state.mkdir(parents=True, exist_ok=True)
    secret = state / "secret"
    if not secret.exists():
        secret.write_text(secrets.token_urlsafe(42), encoding="ascii")
    os.environ |= {
        "EFFEKT_BI_STATE": str(state), "EFFEKT_BI_MART": str(mart),
        "SUPERSET_CONFIG_PATH": str(HERE / "superset_config.py"), "SUPERSET_HOME": str(state),
        "SCARF_ANALYTICS": "false", "DO_NOT_TRACK": "1", "FLASK_DEBUG": "0",
    }  # fmt: skip


def _prepare(mart: Path, password: str) -> None:
    """Bring Superset's own database up, make this start's login, import the bundle."""
    logging.disable(logging.WARNING)  # Superset tells what is of no use to who looks at charts
    from superset.app import create_app

    with contextlib.redirect_stdout(io.StringIO()):  # the migrations print as they go
        app = create_app()
        _prepare_in(app, mart, password)
    logging.disable(logging.NOTSET)


def _prepare_in(app: Flask, mart: Path, password: str) -> None:
    with app.app_context():
        import flask_migrate
        from superset import security_manager

        flask_migrate.upgrade(directory=str(Path(app.root_path) / "migrations"))
        app.appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        _import(security_manager, mart)
        _let_in(security_manager, password)


def contents(mart: Path) -> dict[str, str]:
    """The files of the bundle by their path in it, the placeholder replaced by the mart's path."""
    texts = {
        str(path.relative_to(BUNDLE)): path.read_text(encoding="utf-8")
        for path in sorted(BUNDLE.rglob("*.yaml"))
    }
    return {name: text.replace(PLACEHOLDER, f"/{mart}?") for name, text in texts.items()}


def _import(security_manager: object, mart: Path) -> None:
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.utils.core import override_user

    maker = _user(security_manager, "bundle", ["Admin"], secrets.token_urlsafe(32))
    maker.active = False  # it owns what is imported, and nobody can log in as it
    with override_user(maker, force=True):
        ImportAssetsCommand(contents(mart)).run()


def _let_in(security_manager: object, password: str) -> None:
    _user(security_manager, USER, ["Alpha", "sql_lab"], password)


def _user(manager: object, name: str, roles: list[str], password: str):  # noqa: ANN202
    found = manager.find_user(username=name)
    if found is None:
        held = [manager.find_role(role) for role in roles]
        return manager.add_user(name, "BI", name, f"{name}@example.invalid", held, password)
    manager.reset_password(found.id, password)
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(port: int, password: str) -> int:
    server = subprocess.Popen(  # noqa: S603 - our own interpreter
        [
            sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1",
            "--threads", "8", "--timeout", "120", "--log-level", "warning",
            "superset.app:create_app()",
        ]
    )  # fmt: skip
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        if _answers(port, server):
            print(f"Superset:     http://127.0.0.1:{port}/dashboard/list/  (Ctrl-C stopper)")
            print(f"Bruger:       {USER}")
            print(f"Adgangskode:  {password}  (gælder, til Superset stopper)", flush=True)
        return server.wait()
    except KeyboardInterrupt:
        server.terminate()
        server.wait()
        return 0


def _answers(port: int, server: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + _STARTING_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    return False


if __name__ == "__main__":
    raise SystemExit(main())
