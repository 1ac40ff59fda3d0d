"""The machine: importable without Dagster, dbt or Great Expectations; one concern a module."""
