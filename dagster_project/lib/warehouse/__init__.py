"""The warehouse: its connection, the tables of its raw room, rows written in bulk."""

from dagster_project.lib.warehouse.raw_room import (
    OFFLINE,
    UNSAFE_OPTIMIZER,
    connect,
    create_raw,
    transaction,
)

__all__ = ["OFFLINE", "UNSAFE_OPTIMIZER", "connect", "create_raw", "transaction"]
