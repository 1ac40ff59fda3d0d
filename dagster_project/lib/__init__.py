"""The machine: importable without Dagster or dbt; packages only, one concern a module."""
