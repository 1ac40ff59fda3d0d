"""The same world told differently: what changes the files and must not change a figure."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from tests.oracle import civil
from tests.oracle.home import follow_chains
from tests.worlds.generate import World

Rows = list[dict[str, str]]
PERSON_COLUMNS = ("cpr", "CPR nummer", "nyt_cpr")


def parse(content: bytes) -> Rows:
    """A generated csv (it has no quotes)."""
    header, *lines = content.decode("utf-8-sig").splitlines()
    columns = header.split(";")
    return [dict(zip(columns, line.split(";"), strict=True)) for line in lines]


def text_of(rows: Rows, columns: list[str] | None = None) -> bytes:
    """Plain csv."""
    names = columns or list(rows[0])
    lines = [names, *([row[name] for name in names] for row in rows)]
    return "".join(";".join(line) + "\n" for line in lines).encode()


def source_of(name: str) -> str:
    """The source that a file name names."""
    base = name.rsplit("/", 1)[-1]
    return "ydelsesrefusion" if base.startswith("yr-") else base.split("_", 1)[0]


def with_files(world: World, change: Callable[[str, bytes], dict[str, bytes]]) -> World:
    """A world whose files are each replaced by what ``change`` gives."""
    told = World(contracts=world.contracts)
    for name, content in world.files.items():
        told.files.update(change(name, content))
    return told


def shuffled(world: World, seed: int) -> World:
    """Other row and column order, quoting, line ends and byte order mark."""
    rng = random.Random(seed)

    def change(name: str, content: bytes) -> dict[str, bytes]:
        rows = parse(content)
        columns = list(rows[0])
        rng.shuffle(columns)
        rng.shuffle(rows)
        end = rng.choice(["\n", "\r\n"])
        mark = rng.choice(["", "\ufeff"])
        lines = [
            ";".join(f'"{value}"' if rng.random() < 0.3 else value for value in line)
            for line in [columns, *([row[column] for column in columns] for row in rows)]
        ]
        return {name: (mark + end.join(lines) + rng.choice(["", end])).encode()}

    return with_files(world, change)


def split_deliveries(world: World, seed: int) -> World:
    """Upsert deliveries cut by rows, spell extracts cut by days; the parts follow as versions."""
    rng = random.Random(seed)

    def change(name: str, content: bytes) -> dict[str, bytes]:
        found = re.match(r"^(.*?)((?:_\d{4}-\d\d-\d\d)+?)(_v1)?\.csv$", name)
        rows = parse(content)
        source = source_of(name)
        if found is None or len(rows) < 4 or rng.random() < 0.3:
            return {name: content}
        stem, dates = found[1], found[2]
        if source in ("deltagere", "resultatkrav", "aktiviteter", "jobindsats"):
            at = rng.randrange(1, len(rows))
            parts = [(dates, rows[:at]), (dates, rows[at:])]
        elif source == "ydelsesforloeb":
            extracted, first, last = dates[1:].split("_")
            cut = civil.day(first) + rng.randrange(1, civil.day(last) - civil.day(first))
            parts = [
                (f"_{extracted}_{low}_{high}", [row for row in rows if meets(row, low, high)])
                for low, high in (
                    (first, civil.day_text(cut)),
                    (civil.day_text(cut + 1), last),
                )
            ]
        else:
            return {name: content}
        if any(not part for _, part in parts) or has_version_2(world, source, dates):
            return {name: content}
        return {
            f"{stem}{part_dates}_v{number}.csv": text_of(part)
            for number, (part_dates, part) in enumerate(parts, start=1)
        }

    return with_files(world, change)


def has_version_2(world: World, source: str, dates: str) -> bool:
    """Another delivery of the source on the same day: its order is not ours to move."""
    day = dates[1:11]
    same = [n for n in world.files if source_of(n) == source and f"_{day}" in n.split("/")[-1][:40]]
    return len(same) > 1


def meets(row: dict[str, str], first: str, last: str) -> bool:
    """The spell meets the days."""
    return row["fra_dato"] <= last and (not row["til_dato"] or row["til_dato"] >= first)


def split_spells(world: World, seed: int) -> World:
    """Spells cut in two adjacent rows somewhere after the first day of their window.

    Equal rows count once, and are written once.
    """
    rng = random.Random(seed)

    def change(name: str, content: bytes) -> dict[str, bytes]:
        if source_of(name) != "ydelsesforloeb":
            return {name: content}
        window_first, window_last = re.findall(r"\d{4}-\d\d-\d\d", name.rsplit("/", 1)[-1])[1:3]
        rows: Rows = []
        for row in {tuple(row.values()): row for row in parse(content)}.values():
            low = max(civil.day(row["fra_dato"]), civil.day(window_first))
            high = civil.day(row["til_dato"] or window_last)
            if high - low < 2 or rng.random() < 0.5:
                rows.append(row)
                continue
            cut = rng.randrange(low, high)
            rows.append({**row, "til_dato": civil.day_text(cut)})
            rows.append({**row, "fra_dato": civil.day_text(cut + 1)})
        return {name: text_of(rows)}

    return with_files(world, change)


def renamed(world: World, seed: int) -> World:
    """Every person number replaced by another one, one to one."""
    del seed

    def other(cpr: str) -> str:
        plain = cpr.replace("-", "")
        moved = f"{plain[:6]}{9999 - int(plain[6:]):04d}"
        return f"{moved[:6]}-{moved[6:]}" if "-" in cpr else moved

    def change(name: str, content: bytes) -> dict[str, bytes]:
        return {name: text_of([
            {c: other(v) if c in PERSON_COLUMNS and v else v for c, v in row.items()}
            for row in parse(content)
        ])}  # fmt: skip

    return with_files(world, change)


def merged_numbers(world: World, as_of: str) -> World:
    """Each person under the newest number from the start, without any event of a new number."""
    known = sorted(
        (re.findall(r"\d{4}-\d\d-\d\d", name)[-1], name)
        for name in world.files
        if source_of(name) == "personstatus"
    )
    newest = max(name for name in known if name[0] <= as_of)[1]
    resolved = follow_chains(parse(world.files[newest]))

    def change(name: str, content: bytes) -> dict[str, bytes]:
        rows = [
            {
                column: resolved.get(value.replace("-", ""), value)
                if column in PERSON_COLUMNS
                else value
                for column, value in row.items()
            }
            for row in parse(content)
        ]
        if source_of(name) != "personstatus":
            return {name: text_of(rows)}
        plain = {
            (row["cpr"].replace("-", ""), row["haendelse"], row["dato"]): row
            for row in rows
            if row["haendelse"] != "nyt_cpr"
        }
        return {name: text_of(list(plain.values()))}

    return with_files(world, change)


def with_stranger(world: World, seed: int) -> World:
    """One more person in the spell register who is in no contract."""
    del seed

    def change(name: str, content: bytes) -> dict[str, bytes]:
        if source_of(name) != "ydelsesforloeb":
            return {name: content}
        rows = parse(content)
        spell = {"ydelseskode": "890", "fra_dato": "2019-05-01", "til_dato": "", "andel": ""}
        return {name: text_of([*rows, {"cpr": "8812990001", **spell}])}

    return with_files(world, change)


def repeated(world: World, seed: int) -> World:
    """The same deliveries again, in another folder."""
    del seed
    told = World(files=dict(world.files), contracts=world.contracts)
    for name, content in world.files.items():
        told.files[f"igen/{name}"] = content
    return told


def without_later(world: World, as_of: str) -> World:
    """Without the deliveries that are not known as of a day."""
    told = World(contracts=world.contracts)
    for name, content in world.files.items():
        dates = re.findall(r"\d{4}-\d\d-\d\d", name.rsplit("/", 1)[-1])
        extracted = (
            dates[-1] if source_of(name) == "ydelsesrefusion" and "yr-" in name else dates[0]
        )
        if extracted <= as_of:
            told.files[name] = content
    return told
