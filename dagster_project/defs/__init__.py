"""Dagster's own kinds, one file each; the machine stands in ``lib`` and ``orchestration``."""
