"""``python -m dagster_project.cli``: the same as the console script."""

from dagster_project.cli.app import entry

entry()
