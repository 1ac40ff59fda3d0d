"""Effektafregning: settles municipal social-investment contracts by result.

``cli`` is the console command, ``defs`` and ``orchestration`` are what knows Dagster or dbt,
``lib`` is the machine, importable without either, and ``demo`` makes synthetic municipalities.
Business rules stand in ``dbt/models``, their numbers in the contract files.
"""
