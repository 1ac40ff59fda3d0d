"""The app of ``effekt``: its families of commands, and how a command ends.

What belongs here: exit codes of failures. What does not: a command.
"""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from dagster_project.cli import (
    backup,
    desk,
    files,
    fleet,
    home,
    keys,
    life,
    night,
    person,
    purge,
    status,
    trace,
    what_if,
)
from dagster_project.cli.shared import end_with
from dagster_project.cli.speech import Commands
from dagster_project.lib.base.errors import EXIT_FAILED, EXIT_OK

app = Commands(
    name="effekt",
    help="Effektafregning: fra modtagne filer til kommunens mart og opgørelser.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for family in (
    night, home, status, files, life, trace, what_if, person, purge, keys, backup, desk,
):  # fmt: skip
    app.add_typer(family.commands)
app.add_typer(fleet.commands, name="fleet")


def _show_version(is_asked: bool) -> None:
    if is_asked:
        from importlib import metadata

        from dagster_project.settings import HOME_FORMAT

        version = metadata.version("effektafregning")
        print(f"effekt {version} · mappeformat {HOME_FORMAT}")
        raise typer.Exit


@app.callback()
def effekt(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Vis programmets version."
        ),
    ] = False,
) -> None:
    """Effektafregning: fra modtagne filer til kommunens mart og opgørelser."""


def main() -> None:
    """Run ``effekt`` and end with its exit code."""
    from dagster_project.orchestration.night import harden

    harden()
    end_with(app)


def entry() -> None:
    """The console script: :func:`main`, and then an end without freeing every object first.

    A night leaves some millions of objects of its libraries behind; the interpreter frees them one
    by one when it ends: 2.6 of 25 seconds of processor time on the synthetic municipality, more
    than a tenth. What waits for the end (``atexit``) is done, and then the process is over, as
    ``multiprocessing`` ends its own.
    """
    code = EXIT_FAILED
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else EXIT_OK if end.code is None else code
    with suppress(Exception):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # closed, or without a reader
            code = code or EXIT_FAILED
    os._exit(code)
