"""The warehouse: its connection, the tables of its raw room, rows written in bulk."""

from dagster_project.lib.warehouse.raw_room import UNSAFE_OPTIMIZER, connect, create_raw

__all__ = ["UNSAFE_OPTIMIZER", "connect", "create_raw"]
