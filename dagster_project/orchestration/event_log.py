"""Dagster's event log of a home, with its newest databases kept open.

What belongs here: how connections are opened. What does not: what is stored, which is Dagster's.
Dagster opens and closes an SQLite database for every event, and each closing writes the write-ahead
log back into the file: with some 800 events that is a fifth of a small night.
``dagster.yaml`` names this class, so that night, UI and daemon use the same one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

_KEPT_OPEN = 4
_BUSY_SECONDS = 60


class KeptOpenEventLogStorage(SqliteEventLogStorage):
    """Dagster's own SQLite event log over one connection a database, for the newest databases."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        """Open the log.

        Args:
            base_dir: folder with a database a run and the index over them.
            inst_data: what Dagster read of its configuration.
        """
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> KeptOpenEventLogStorage:
        """Make the log that ``dagster.yaml`` describes."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        """A transaction on the database of a run, or on the index; one at a time."""
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _engine(self, shard: str) -> Engine:
        """The open database, or a newly opened one in the place of the one used longest ago."""
        engine = self._engines.pop(shard, None)
        if engine is None:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=StaticPool,
                connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
            )
            with engine.connect() as connection:
                # the log is no record: a power cut may lose its last events, and never breaks the
                # file
                connection.exec_driver_sql("pragma synchronous = normal")
        self._engines[shard] = engine
        while len(self._engines) > _KEPT_OPEN:
            self._engines.popitem(last=False)[1].dispose()
        return engine

    def dispose(self) -> None:
        """Close every database."""
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
        super().dispose()
