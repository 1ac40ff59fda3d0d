"""Orchestration: the order of the night, and what knows Dagster or dbt outside ``defs``."""
