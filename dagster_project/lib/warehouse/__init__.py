"""The warehouse: its connection, the tables of its raw room, rows written in bulk."""

from dagster_project.lib.warehouse.raw_room import (
    ENGINE,
    connect,
    create_raw,
    transaction,
)

__all__ = ["ENGINE", "connect", "create_raw", "transaction"]
