"""``make bench``: every ratio measured side by side in one run; writes ``docs/benchmarks.md``.

Sizes: municipality, city, nation. For each: the project's own models from the staged spells to the
settlement, a plain scan of the columns they need, and the same rules in Polars and (where it fits)
in pandas, in turn, several times; the figures of all are compared before any time is reported. Then
the whole night of a municipality against the bare import of dagster, dbt and great_expectations.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from dagster_project.settings import DBT_DIR, PROJECT_ROOT
from tests.benchmarks import wide, worlds

RULE_ROOMS = ("coverage", "participation", "person_months", "fte", "relapse", "settlement")
# what the rivals compute as well: amounts of person-months, benefit days of groups and months
SHARED = ("int_person_months__price", "int_fte__sum_register_months")
RIVALS = {
    "municipality": ("polars", "pandas"),
    "city": ("polars", "pandas"),
    "province": (),
    "nation": ("polars",),
}
VARIED_SIZES = ("municipality", "city")
SHADOWED = frozenset(
    re.findall(
        r"'((?:stg|int)_\w+)'",
        (DBT_DIR / "macros" / "shadow.sql").read_text(encoding="utf-8").split("{% macro")[2],
    )
)
"""The models that are built over the shadow as well."""
IMPORTS = "import dagster, great_expectations; from dbt.cli.main import dbtRunner"


def child(step: str, folder: Path) -> dict[str, float]:
    """Measure one step in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.core", step, str(folder)],
        cwd=PROJECT_ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout.strip().splitlines()[-1])


def dbt(arguments: list[str], folder: Path) -> None:
    """Run dbt against the folder's warehouse, in a process that lets go of the file."""
    paths = ["--project-dir", DBT_DIR, "--profiles-dir", DBT_DIR,
             "--target-path", folder / "target", "--log-path", folder / "logs"]  # fmt: skip
    subprocess.run(
        [sys.executable, "-c", "from dbt.cli.main import cli; cli()", "--quiet", *arguments,
         *(str(path) for path in paths)],
        env={**os.environ, "EFFEKT_WAREHOUSE": str(folder / "warehouse.duckdb")}, check=True,
    )  # fmt: skip


def prepare(size: worlds.Size, folder: Path) -> None:
    """Build the world, the staging views, the compiled models and the rivals' input."""
    worlds.build_raw(folder / "warehouse.duckdb", size)
    dbt(["run", "--select", "path:models/staging"], folder)
    dbt(["compile", "--select", "path:models/intermediate"], folder)
    write_models(folder)
    write_input(folder)


def write_models(folder: Path) -> None:
    """The compiled SQL of the rule models in dependency order."""
    manifest = json.loads((folder / "target" / "manifest.json").read_text())
    wanted = {
        key: node
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
        and node["language"] == "sql"
        and node["original_file_path"].split("/")[1:2] == ["intermediate"]
        and node["original_file_path"].split("/")[2] in RULE_ROOMS
    }
    shared = [key for key in sorted(wanted) if wanted[key]["name"] in SHARED]
    for file, targets in (("models.json", sorted(wanted)), ("models-shared.json", shared)):
        steps = [_step(wanted[key], folder) for key in _with_parents(wanted, targets)]
        (folder / file).write_text(json.dumps(steps))


def _with_parents(wanted: dict, targets: list[str]) -> list[str]:
    """The targets and the models that they are built from, in the order of building."""
    ordered: list[str] = []

    def visit(key: str) -> None:
        if key in ordered or key not in wanted:
            return
        for parent in sorted(wanted[key]["depends_on"]["nodes"]):
            visit(parent)
        ordered.append(key)

    for key in targets:
        visit(key)
    return ordered


def _step(node: dict, folder: Path) -> tuple[str, str, str, str]:
    """Name, kind and compiled text of a model, and the text for the shadow, if it has one."""
    path = folder / "target" / "compiled" / "effekt" / node["original_file_path"]
    name, text = node["name"], path.read_text()
    told = text if name in SHADOWED else ""
    for parent in node["depends_on"]["nodes"]:
        own = parent.split(".")[-1]
        for room in ("staging", "intermediate") if own in SHADOWED else ():
            told = told.replace(f'"{room}"."{own}"', f'"shadow"."{own}"')
    return name, node["config"]["materialized"], text, told


def write_input(folder: Path) -> None:
    """Parquet files and terms for the rivals, from the same staged rows."""
    import duckdb

    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        tables = {
            "spells": """
                select person_no, group_no, from_date as starts_on,
                    (to_date + 1)::date as ends_before, (share * 10000)::integer as share_parts
                from raw.ydelsesforloeb join staging.stg_benefit_codes__codes using (code)""",
            "courses": """
                select contract_id, course_id, course_ref, person_no, visited_on
                from raw.deltagere""",
            "claims": "select course_ref, month, is_claimed from raw.resultatkrav",
            "deaths": "select person_no, event_date as exit_day from raw.personstatus",
        }
        for name, query in tables.items():
            connection.execute(f"copy ({query}) to '{folder / name}.parquet' (format parquet)")
        (folder / "terms.json").write_text(json.dumps(terms(connection)))


def terms(connection) -> dict:
    """The numbers of the world's one kind of contract."""
    groups = dict(
        connection.execute(
            "select benefit_group, group_no from staging.stg_benefit_codes__groups"
        ).fetchall()
    )
    contract_id, starts_on, ends_on = connection.execute(
        "select contract_id, starts_on, ends_on from raw.contract order by contract_id limit 1"
    ).fetchone()
    part = connection.execute(
        "select case_max_gap_days, min_case_days, effort_months, max_support_days"
        " from raw.contract_part where contract_id = ? and kind = 'person_months'", [contract_id],
    ).fetchone()  # fmt: skip
    prices = connection.execute(
        "select benefit_group, max_participants, (rate_dkk * 100)::bigint"
        " from raw.contract_price_group join raw.contract_rate using (contract_id, benefit_group)"
        " where contract_id = ? order by precedence", [contract_id],
    ).fetchall()  # fmt: skip
    case_groups = connection.execute(
        "select benefit_group from raw.contract_case_group where contract_id = ?", [contract_id]
    ).fetchall()
    support = connection.execute(
        "select group_no from staging.stg_benefit_codes__groups"
        " where is_public_support or is_subsidised_job"
    ).fetchall()
    observed_before = connection.execute(
        "select date_trunc('month', covers_to + 1)::date from raw.known_delivery"
        " where source = 'ydelsesforloeb'"
    ).fetchone()
    return {
        "starts_on": str(starts_on), "ends_on": str(ends_on),
        "observed_before": str(observed_before[0]),
        "price_groups": [groups[p[0]] for p in prices],
        "quotas": {groups[p[0]]: p[1] for p in prices},
        "rates": {groups[p[0]]: p[2] for p in prices},
        "case_groups": [groups[g] for (g,) in case_groups],
        "case_gap": part[0], "min_case_days": part[1], "effort_months": part[2],
        "max_support_days": part[3], "support_groups": [g for (g,) in support],
    }  # fmt: skip


def measure_variants(size: worlds.Size, folder: Path, runs: int) -> dict[str, float]:
    """CPU seconds of the models without variants, with twelve on one contract and on every one."""
    found = {}
    for name, varied in (("none", 0), ("one", 1), ("every", size.contracts)):
        worlds.add_variants(folder / "warehouse.duckdb", size, varied)
        found[name] = statistics.median(child("sql", folder)["cpu"] for _ in range(runs))
    return found


def compare(folder: Path, rivals: tuple[str, ...]) -> dict[str, int]:
    """Rows of the SQL's figures that a rival confirms; any difference ends the run."""
    import duckdb

    from dagster_project.lib.warehouse import ENGINE

    place = str(folder / "warehouse.duckdb")
    with duckdb.connect(place, read_only=True, config=ENGINE) as connection:
        ours = """
            select contract_id, date_trunc('quarter', month)::date as period_start,
                sum(amount_dkk * 100)::bigint as basis_oere
            from intermediate.int_person_months__price
            group by all having basis_oere <> 0"""
        days = """
            select group_no, month, benefit_day_parts::bigint as day_parts
            from intermediate.int_fte__sum_register_months
            where is_observed and benefit_day_parts <> 0"""
        found = {"basis rows": connection.execute(f"select count(*) from ({ours})").fetchone()[0]}
        for rival in rivals:
            basis = f"""select contract_id, period_start::date, basis_oere::bigint
                from '{folder}/{rival}-basis.parquet' where basis_oere <> 0"""
            other = f"""select group_no, month::date, day_parts::bigint
                from '{folder}/{rival}-days.parquet'
                where (group_no, month::date) in (select (group_no, month) from ({days}))"""
            for left, right in ((ours, basis), (days, other)):
                different = connection.execute(
                    f"select count(*) from (({left} except {right})"
                    f" union all ({right} except {left}))"
                ).fetchone()[0]
                if different:
                    raise SystemExit(
                        f"{rival} and the models differ in {different} rows in {folder}"
                    )
    return found


def measure(size: worlds.Size, runs: int, folder: Path) -> dict:
    """All steps of a size in turn, ``runs`` times; medians."""
    prepare(size, folder)
    steps = ("scan register", "scan", "mark alone", "sql shared", "sql", *RIVALS[size.name])
    taken: dict[str, list[dict[str, float]]] = {step: [] for step in steps}
    for _ in range(runs):
        for step in steps:
            taken[step].append(child(step, folder))
    figures = {
        step: {key: statistics.median(t[key] for t in times) for key in ("wall", "cpu", "peak_mb")}
        for step, times in taken.items()
    }
    result = {
        "size": size,
        "figures": figures,
        "compared": compare(folder, RIVALS[size.name]),
        "rivals": RIVALS[size.name],
        "models": json.loads((folder / "models-took.json").read_text()),
    }
    return result | {
        "variants": measure_variants(size, folder, runs) if size.name in VARIED_SIZES else None,
        "relapse": measure_relapse(size, folder),
    }


def measure_relapse(size: worlds.Size, folder: Path) -> dict[str, float]:
    """CPU seconds of the models, once more with a relapse contract and wage hours in the world."""
    worlds.add_relapse(folder / "warehouse.duckdb", size)
    child("sql", folder)
    took = json.loads((folder / "models-took.json").read_text())
    relapse = sum(value for name, value in took.items() if name.startswith("int_relapse__"))
    inputs = ("int_income__sum_ordinary_hours",)
    return {"core": sum(took.values()), "relapse": relapse, **{name: took[name] for name in inputs}}


def many(arguments: argparse.Namespace, root: Path) -> list[str]:
    """The sections over many nights and many homes, as far as they are asked for."""
    from tests.benchmarks import fleet, report, year

    sections = []
    if arguments.fleet:
        sections.append(report.fleet_text(fleet.measure(root, arguments.fleet)))
    if arguments.year:
        published = arguments.year if arguments.year_published is None else arguments.year_published
        lived = year.measure(root, arguments.year, published, arguments.year_minutes)
        sections.append(report.year_text(lived))
    return sections


def main() -> None:
    """Measure what is asked for and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="municipality,city,province,nation")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-night", action="store_true")
    parser.add_argument(
        "--wide", default="city", choices=["none", *wide.PERSONS], help="size of the wide file"
    )
    parser.add_argument("--wide-only", action="store_true", help="print the wide file's tables")
    parser.add_argument("--year", type=int, default=365, help="nights of the year; 0 for none")
    parser.add_argument(
        "--year-published", type=int, help="how many of them have a date of their own; else all"
    )
    parser.add_argument(
        "--year-minutes", type=float, default=600, help="no night of the year begins after these"
    )
    parser.add_argument("--fleet", type=int, default=4, help="homes of the fleet; 0 for none")
    parser.add_argument(
        "--encryption", action="store_true", help="print what encrypting received files costs"
    )
    parser.add_argument("--night-only", action="store_true", help="print the nights alone")
    parser.add_argument("--many-only", action="store_true", help="print year and fleet alone")
    parser.add_argument("--keep", type=Path, default=None, help="folder to keep the worlds in")
    arguments = parser.parse_args()
    from tests.benchmarks import night, report

    root = arguments.keep or Path(tempfile.mkdtemp(prefix="effekt-bench-"))
    results = []
    try:
        if arguments.wide_only:
            print(report.wide_text(wide.measure(arguments.wide, arguments.runs, root)))
            return
        if arguments.encryption:
            from tests.benchmarks import encryption

            print(encryption.text_of(encryption.measure(arguments.runs, root)))
            return
        if arguments.night_only:
            print(report.night_text(night.measure(arguments.runs, root)))
            return
        if arguments.many_only:
            print("\n".join(many(arguments, root)))
            return
        for name in arguments.sizes.split(","):
            folder = root / name
            folder.mkdir(parents=True, exist_ok=True)
            results.append(measure(worlds.SIZES[name], arguments.runs, folder))
            print(report.size_text(results[-1]), flush=True)
            if arguments.keep is None:
                shutil.rmtree(folder)
        nights = None if arguments.no_night else night.measure(arguments.runs, root)
        wides = (
            [] if arguments.wide == "none" else wide.measure(arguments.wide, arguments.runs, root)
        )
        report.write(
            results, nights, wides, many(arguments, root), " ".join(["make bench", *sys.argv[1:]])
        )
    finally:
        if arguments.keep is None:
            shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
