"""``effekt``: the console command, one file per family of commands."""

from dagster_project.cli.app import app, entry, main

__all__ = ["app", "entry", "main"]
