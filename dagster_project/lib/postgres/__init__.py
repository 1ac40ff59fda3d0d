"""The published mart on a PostgreSQL server, for a home whose ``home.yml`` names one."""

from dagster_project.lib.postgres.copying import Copied, copy_current

__all__ = ["Copied", "copy_current"]
