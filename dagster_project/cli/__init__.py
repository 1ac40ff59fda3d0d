"""``effekt``: the console command, one file per family of commands.

Rules: P.commands, P.light.
Decides: P.commands.
"""

from dagster_project.cli.app import app, entry, main

__all__ = ["app", "entry", "main"]
