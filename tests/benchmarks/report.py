"""The benchmark's page, ``docs/benchmarks.md``: figures, ratios and the command that made them."""

from __future__ import annotations

import platform

import duckdb

from dagster_project.settings import PROJECT_ROOT
from tests.benchmarks import core

PAGE = PROJECT_ROOT / "docs" / "benchmarks.md"


def size_text(result: dict) -> str:
    """The table of one size, with ratios against the scan and against the SQL."""
    size, figures = result["size"], result["figures"]
    scan, sql = figures["scan"]["wall"], figures["sql"]["wall"]
    heading = (
        f"### {size.name}: {size.persons:,} persons, {size.participants:,} participants, "
        f"{size.contracts:,} contracts"
    )
    lines = [
        heading,
        "",
        "| step | wall s | CPU s | peak MB | wall ÷ scan | wall ÷ models |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {step} | {f['wall']:.2f} | {f['cpu']:.2f} | {f['peak_mb']:.0f} "
        f"| {f['wall'] / scan:.1f} | {f['wall'] / sql:.2f} |"
        for step, f in figures.items()
    ]
    slowest = sorted(result["models"].items(), key=lambda item: -item[1])[:6]
    named = ", ".join(f"`{name}` {taken:.2f}" for name, taken in slowest)
    same = (
        f"All give the same figures ({result['compared']['basis rows']} rows of basis, to the øre; "
        "benefit days per group and month, to the ten-thousandth of a day)."
    )
    if not result["rivals"]:
        same = "No rival was run."
    variants = result["variants"]
    priced = []
    if variants:
        none, one, every = (variants[name] for name in ("none", "one", "every"))
        said = (
            f"Twelve variants on one contract take the models from {none:.2f} to {one:.2f} CPU s"
            f" ({one / none:.2f} times), on every contract to {every:.2f}"
            f" ({every / none:.2f} times)."
        )
        priced = [said]
    relapse = result["relapse"]
    hours = relapse["int_income__sum_ordinary_hours"]
    once_more = (
        f"With a relapse contract and its wage hours in the world the models take "
        f"{relapse['core']:.2f} CPU s, of it {relapse['relapse']:.2f} for the relapse rules "
        f"({relapse['relapse'] / relapse['core']:.1%}) and {hours:.2f} for the hours."
    )
    lines += ["", f"Slowest models (last run, CPU s): {named}.", same, once_more, *priced, ""]
    return "\n".join(lines)


def growth_text(results: list[dict]) -> list[str]:
    """How the models grow to a nation, beside a world of the same shape and of another."""
    by_name = {result["size"].name: result for result in results}
    if not {"city", "province", "nation"} <= set(by_name):
        return []
    nation = by_name["nation"]
    lines = [
        "### Growth to a nation",
        "",
        (
            "Wall seconds of *sql* per million persons. The province has the city's persons and "
            "the nation's share of participants: between it and the nation only the size differs, "
            "between the city and the province only the participants."
        ),
        "",
        "| world | wall s per million persons | nation ÷ it |",
        "|---|---|---|",
    ]
    rates = {
        name: by_name[name]["figures"]["sql"]["wall"] / by_name[name]["size"].persons * 1_000_000
        for name in ("city", "province", "nation")
    }
    share = nation["figures"]["sql"]["wall"] / nation["size"].persons * 1_000_000
    lines += [f"| {name} | {rate:.2f} | {share / rate:.2f} |" for name, rate in rates.items()]
    return ["\n".join([*lines, ""])]


def night_text(nights: dict[str, dict[str, float]]) -> str:
    """The whole night against the bare imports."""
    base = nights["imports"]
    rows = [
        f"| {name} | {nights[key]['wall']:.1f} | {nights[key]['cpu']:.1f} "
        f"| {nights[key]['wall'] / base['wall']:.2f} | {nights[key]['cpu'] / base['cpu']:.2f} |"
        for key, name in (
            ("imports", "bare import of dagster, dbt and great_expectations"),
            ("first", "the first night of a new home, 50,000 persons, every file new"),
            ("next", "the next night, one new file of claims"),
            ("unchanged", "a night without news"),
            ("what-if", "`effekt what-if` with one changed term (bound: 10 s)"),
        )
    ]
    return "\n".join(
        [
            "### The whole night of a municipality",
            "",
            "| what | wall s | CPU s | wall ÷ imports | CPU ÷ imports |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def wide_text(results: list[dict]) -> str:
    """The wide weekly file against a plain parse of it."""
    lines = [
        "### The wide weekly file, from csv to rows of raw.dream",
        "",
        (
            "*read* is DuckDB looking at every cell and keeping none, *table* is DuckDB keeping "
            "the cells as text; *receive* is all the project does with the landed file (checksum, "
            "scan, grammar, pseudonyms, runs of weeks, vault, register, warehouse), *receive after "
            "the copy* the same without the copy into the vault and its checksum, which no parse "
            "of a file that is already there has to make."
        ),
        "",
        "| file | step | wall s | CPU s | peak MB | CPU ÷ read | CPU ÷ table | wall ÷ read |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        figures = result["figures"]
        read, table = figures["read"]["cpu"], figures["table"]["cpu"]
        wall = figures["read"]["wall"]
        name = (
            f"{result['shape']}, {result['persons']:,} persons × {result['weeks']} weeks, "
            f"{result['megabytes']:.0f} MB"
        )
        lines += [
            f"| {name} | {step} | {f['wall']:.2f} | {f['cpu']:.2f} | {f['peak_mb']:.0f} "
            f"| {f['cpu'] / read:.2f} | {f['cpu'] / table:.2f} | {f['wall'] / wall:.2f} |"
            for step, f in figures.items()
        ]
    return "\n".join([*lines, ""])


def year_text(year: dict) -> str:
    """A year of nights: the home's size, and commands on the first day and after the last."""
    sizes = year["sizes"]
    shown = sorted({1, *(n for n in sizes if n % 60 in (1, 31)), max(sizes)} & set(sizes))
    rows = [
        f"| {name} | {of['first']:.2f} | {of['after']:.2f} | {of['after'] / of['first']:.2f} |"
        for name, of in year["commands"].items()
    ]
    return "\n".join(
        [
            "### A year of nights",
            "",
            (
                f"{year['nights']} nights of the synthetic municipality, each in Dagster's record; "
                f"{year['published']} of them have a business date of their own and publish. A day "
                "passes by making the record a day older."
            ),
            "",
            "| after night | " + " | ".join(map(str, shown)) + " |",
            "|---|" + "---|" * len(shown),
            "| MB outside the vault | " + " | ".join(f"{sizes[n]:.1f}" for n in shown) + " |",
            "",
            "| what | first day, s | after the year, s | ratio |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def fleet_text(fleet: dict[str, float]) -> str:
    """A fleet against one night and what two busy loops gain."""
    return "\n".join(
        [
            "### A fleet of homes",
            "",
            "| homes | jobs | one night, s | two busy loops gain | fleet, s | bound, s | ratio |",
            "|---|---|---|---|---|---|---|",
            (
                f"| {fleet['homes']:.0f} | 2 | {fleet['one']:.1f} | {fleet['gain']:.2f} "
                f"| {fleet['fleet']:.1f} | {fleet['bound']:.1f} "
                f"| {fleet['fleet'] / fleet['bound']:.2f} |"
            ),
            "",
            "The bound is homes × one night ÷ (0.8 × the gain of two busy loops just then).",
            "",
        ]
    )


def write(
    results: list[dict], nights: dict[str, dict[str, float]] | None, wides: list[dict],
    others: list[str], command: str,
) -> None:  # fmt: skip
    """Write the page anew."""
    made_by = (
        f"Made by `{command}` (Python {platform.python_version()}, DuckDB {duckdb.__version__}, 2 "
        "cores; medians; each step in a process of its own, imports not counted; the models run "
        f"at a memory limit of {core.MEMORY_LIMIT}). *scan* reads the columns the rules need, "
        "*scan register* those of the register alone; *sql* is the project's own compiled models "
        "from the staged spells to the settlement; *polars* and *pandas* are the rules up to "
        "person-months and register FTE in those libraries, checked to give the same figures, and "
        "*sql shared* is the models that give these. *mark alone* is what loading does once for "
        "each delivery of the register: a spell that is alone in its months is never looked at "
        "again person by person; it is no part of *sql*."
    )
    parts = ["# Benchmarks", "", made_by, "", *(size_text(result) for result in results)]
    parts += growth_text(results)
    if nights:
        parts.append(night_text(nights))
    if wides:
        parts.append(wide_text(wides))
    parts += others
    PAGE.write_text("\n".join(parts), encoding="utf-8")
