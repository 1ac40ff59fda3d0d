"""Dagster's daemon as a process of `effekt ui`: the same, asking for its code server less often.

What belongs here: starting it. What does not: the code server (``code_server``), schedules and
sensors (``defs/``).
"""

from __future__ import annotations

from dagster._daemon.cli import main

from dagster_project.orchestration.code_server import ask_less_often

if __name__ == "__main__":
    ask_less_often()
    main()
