"""One measured step in a process of its own: prints wall, CPU and peak memory as one JSON line.

``python -m tests.benchmarks.core STEP FOLDER``: ``scan`` reads the columns the rules need, ``sql``
runs the project's own compiled models from the staged spells to the settlement, ``sql shared``
those of them that the rivals have too, ``polars`` and ``pandas`` the same rules. All write their
figures into the folder, so that the caller can compare them.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import sys
import time
from pathlib import Path

import duckdb

from dagster_project.lib import warehouse
from tests.benchmarks.rival_terms import Terms

# sums: a plain max() is answered from the file's statistics without reading a row
SCANS = {
    "register": """
    select
        sum(person_no), sum(code), sum(share),
        sum(from_date - date '2000-01-01'), sum(to_date - date '2000-01-01')
    from raw.ydelsesforloeb""",
    "courses": """
    select sum(course_ref), sum(person_no), sum(visited_on - date '2000-01-01'),
        count(stated_group), count(ended_on), count(end_reason)
    from raw.deltagere""",
    "claims": """
    select sum(course_ref), sum(month - date '2000-01-01'), count(*) filter (is_claimed)
    from raw.resultatkrav""",
}
"""What the rules need of the three large tables; the register alone is the smallest scan."""
MEMORY_LIMIT = "600MB"


def read_terms(folder: Path) -> Terms:
    """The contract's numbers, written by the caller."""
    raw = json.loads((folder / "terms.json").read_text())
    for key in ("starts_on", "ends_on", "observed_before"):
        raw[key] = dt.date.fromisoformat(raw[key])
    for key in ("quotas", "rates"):
        raw[key] = {int(group): value for group, value in raw[key].items()}
    for key in ("price_groups", "case_groups", "support_groups"):
        raw[key] = tuple(raw[key])
    return Terms(**raw)


def scan(folder: Path, tables: tuple[str, ...] = tuple(SCANS)) -> None:
    """Read the columns that the rules need, once."""
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        for table in tables:
            connection.execute(SCANS[table]).fetchall()


def mark(folder: Path) -> None:
    """Mark the spells that are alone in their months, as loading does once for each delivery."""
    from dagster_project.lib.receiving.judging.declarations import load_sources
    from dagster_project.lib.receiving.loading.load import mark_alone

    told, window = mark_alone(load_sources()["ydelsesforloeb"])
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        connection.execute(f"set temp_directory = '{folder / 'spill'}'")
        connection.execute(
            f"select count(*) from (select {told} as is_alone from raw.ydelsesforloeb{window})"
            " where is_alone"
        ).fetchall()


def scan_register(folder: Path) -> None:
    """Read the needed columns of the register alone."""
    scan(folder, ("register",))


def shared(folder: Path) -> None:
    """Run only the models that give what the rivals give: person-months and register FTE."""
    sql(folder, "models-shared.json")


def sql(folder: Path, models: str = "models.json") -> None:
    """Run the compiled models in their order, each as the table or view that it is."""
    steps = json.loads((folder / models).read_text())
    took = {}
    with warehouse.connect(folder / "warehouse.duckdb") as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        connection.execute(f"set temp_directory = '{folder / 'spill'}'")
        connection.execute("set preserve_insertion_order = false")
        connection.execute("drop schema if exists intermediate cascade")
        connection.execute("create schema intermediate")
        for name, kind, text, in_shadow in steps:
            started = time.process_time()
            connection.execute(f"create or replace {kind} intermediate.{name} as {text}")
            if in_shadow:
                connection.execute(f"create or replace {kind} shadow.{name} as {in_shadow}")
            took[name] = round(time.process_time() - started, 3)
    (folder / models.replace(".json", "-took.json")).write_text(json.dumps(took, indent=1))


def polars(folder: Path) -> None:
    """The rival in Polars."""
    from tests.benchmarks import rival_polars

    basis, days = rival_polars.run(folder, read_terms(folder))
    basis.write_parquet(folder / "polars-basis.parquet")
    days.write_parquet(folder / "polars-days.parquet")


def pandas(folder: Path) -> None:
    """The rival in pandas."""
    from tests.benchmarks import rival_pandas

    basis, days = rival_pandas.run(folder, read_terms(folder))
    basis.to_parquet(folder / "pandas-basis.parquet")
    days.to_parquet(folder / "pandas-days.parquet")


STEPS = {
    "scan register": scan_register, "scan": scan, "mark alone": mark, "sql": sql,
    "sql shared": shared,
    "polars": polars, "pandas": pandas,
}  # fmt: skip


def peak_mb() -> float:
    """Peak memory of this process in MiB; rusage gives the parent's where that is greater."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main(step: str, folder: Path) -> None:
    """Run one step and print what it took; imports are not counted."""
    if step == "polars":
        import polars as _
    if step == "pandas":
        import pandas as _  # noqa: F401
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    STEPS[step](folder)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"wall": wall, "cpu": cpu, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
