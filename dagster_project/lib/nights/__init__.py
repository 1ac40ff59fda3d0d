"""The nights of a home: the run at work, what was told of each, which is due, and the alert."""

from dagster_project.lib.nights.record import Record, read

__all__ = ["Record", "read"]
