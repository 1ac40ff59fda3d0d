"""The whole night of a municipality of 50,000 persons, against the bare import of its libraries."""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from dagster_project.settings import PROJECT_ROOT
from tests.benchmarks import worlds

QUESTION = ["kontrakt-0000", "--set", "parts.beskaeftigelsesindsats.max_support_days=7"]
"""What ``effekt what-if`` is asked: other terms of the municipality's contract."""
IMPORTS = "import dagster, great_expectations; from dbt.cli.main import dbtRunner"
# a replacement number (day + 60) for person n: no real person can have it
_CPR = """printf('%02d%02d%02d%04d', 61 + n % 28, 1 + (n // 28) % 12, 60 + (n // 336) % 40,
    n // 13440)"""


def write_landing(folder: Path, home: Path) -> None:
    """The municipality's raw rows as files in the public formats, and its contract and home."""
    import duckdb

    landing = home / "landing"
    landing.mkdir(parents=True)
    first, last, made = worlds.FIRST_DAY, worlds.LAST_DAY, worlds.EXTRACTED_ON
    number = _CPR.replace("n ", "person_no ").replace("n //", "person_no //")
    queries = {
        f"ydelsesforloeb_{made}_{first}_{last}": f"""
            select {number} as cpr, lpad(code::varchar, 3, '0') as ydelseskode, from_date as
            fra_dato,
                to_date as til_dato, replace(case when share = 1 then '1' else '0.5' end, '.', ',')
                as andel from raw.ydelsesforloeb""",
        f"deltagere_{made}": f"""
            select contract_id as kontrakt_id, course_id as forloeb_id, {number} as cpr,
                visited_on as visitationsdato, stated_group as maalgruppe, null as slutdato,
                null as slutaarsag from raw.deltagere""",
        f"resultatkrav_{made}": """
            select contract_id as kontrakt_id, course_id as forloeb_id,
                strftime(month, '%Y-%m') as maaned, if(is_claimed, 'ja', 'nej') as krav
            from raw.resultatkrav""",
        f"personstatus_{made}": f"""
            select {number} as cpr, event as haendelse, event_date as dato, null as nyt_cpr
            from raw.personstatus""",
        f"jobindsats_{made}": """
            select area as "Område", benefit_group as "Ydelse",
                strftime(month, '%YM%m') as "Periode", persons as "Antal personer",
                replace(printf('%.1f', fte), '.', ',') as "Antal fuldtidspersoner"
            from raw.jobindsats""",
    }
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        for name, query in queries.items():
            target = landing / f"{name}.csv"
            connection.execute(f"copy ({query}) to '{target}' (format csv, delimiter ';', header)")
    (home / "home.yml").write_text(f"area: {worlds.AREA}\nas_of: {worlds.AS_OF}\n")
    contracts = home / "contracts"
    contracts.mkdir()
    text = (PROJECT_ROOT / "seeds/contracts/hedensted-arbejdsfastholdelse.yml").read_text()
    old = "contract_id: hedensted-arbejdsfastholdelse"
    (contracts / "kontrakt-0000.yml").write_text(text.replace(old, "contract_id: kontrakt-0000"))


def timed(command: list[str]) -> dict[str, float]:
    """Wall and CPU seconds of a command and its children."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=PROJECT_ROOT, check=True, capture_output=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": wall, "cpu": cpu}


def _withdraw_claims(home: Path) -> None:
    """Land the next night's one file: the provider takes every tenth claim back."""
    taken_back = home / "landing" / f"resultatkrav_{worlds.AS_OF}.csv"
    (told,) = home.glob("template-claims.csv")
    heading, *rows = told.read_text().splitlines()
    kept = [row.replace(";ja", ";nej") for row in rows[::10]]
    taken_back.write_text("\n".join([heading, *kept]) + "\n")


def measure(runs: int, root: Path) -> dict[str, dict[str, float]]:
    """Medians of the bare imports, of the nights, and of a question about other terms.

    The nights are a first one, the next one with a new file, and a quiet one.
    """
    folder = root / "night"
    folder.mkdir(parents=True, exist_ok=True)
    worlds.build_raw(folder / "warehouse.duckdb", worlds.SIZES["municipality"])
    template = folder / "template"
    write_landing(folder, template)
    (claims,) = (template / "landing").glob("resultatkrav_*.csv")
    shutil.copy(claims, template / "template-claims.csv")
    effekt = [sys.executable, "-m", "dagster_project.cli", "run", "--home"]
    imports = [sys.executable, "-c", IMPORTS]
    timed(imports)
    taken: dict[str, list[dict[str, float]]] = {
        "imports": [], "first": [], "next": [], "unchanged": [], "what-if": []
    }  # fmt: skip
    for number in range(runs):
        home = folder / f"home-{number}"
        shutil.copytree(template, home)
        taken["imports"].append(timed(imports))
        taken["first"].append(timed([*effekt, str(home)]))
        _withdraw_claims(home)
        taken["next"].append(timed([*effekt, str(home)]))
        taken["unchanged"].append(timed([*effekt, str(home)]))
        taken["what-if"].append(timed([*effekt[:-2], "what-if", *QUESTION, "--home", str(home)]))
        shutil.rmtree(home)
    return {
        step: {key: statistics.median(one[key] for one in times) for key in ("wall", "cpu")}
        for step, times in taken.items()
    }
