"""Effektafregning: settles municipal social-investment contracts by result.

This package holds orchestration (``defs``), the console command (``cli``) and the
machine that is importable without Dagster (``lib``). Business rules live in ``dbt/models``,
their numbers in the contract files.
"""
