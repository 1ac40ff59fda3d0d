"""The synthetic municipalities: same bytes everywhere, nobody real, every situation in practice."""

from __future__ import annotations

import csv
import hashlib
import io
import stat
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from dagster_project.demo import _TOWNS, AREAS, hedensted, write_demo
from dagster_project.demo.days import month
from dagster_project.demo.dice import Dice
from dagster_project.demo.extracts import Files
from dagster_project.lib.base.errors import EffektError, NotAllowedError, UsageError
from dagster_project.lib.contracts import load_contracts
from dagster_project.settings import SHIPPED_CONTRACTS_DIR, Home

BYTES = {
    "Hedensted": "69382521b372c786073392a3cd0492ca001272a671e472ceea1e8f5ae09e3d27",
    "København": "758a153a605b10161f2b01f4bc649cf9445d8d882c911baf76ae568c09fac3ea",
    "Slagelse": "a1562d15fca7efcf079b9214d21069258164234fdccb3a12f578f4031d85da27",
}


@pytest.fixture(scope="module")
def towns() -> dict[str, Files]:
    """The files of every synthetic municipality, made once."""
    return {area: build() for area, (_, build) in _TOWNS.items()}


def table(text: str) -> list[dict[str, str]]:
    """The rows of a file."""
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def tables(files: Files, source: str) -> dict[str, list[dict[str, str]]]:
    """The files of a source by name, in the order of their dates."""
    named = {path.rpartition("/")[2]: text for path, text in files.items()}
    return {name: table(named[name]) for name in sorted(named) if name.startswith(f"{source}_")}


def digest(files: Files) -> str:
    """One hash over names and contents."""
    whole = "".join(f"{name}\n{files[name]}" for name in sorted(files))
    return hashlib.sha256(whole.encode("utf-8")).hexdigest()


# Rule P.synthetic
def test_the_files_are_the_same_on_every_machine(towns: dict[str, Files]) -> None:
    """A change of the generator changes every snapshot of the demo: renew the hashes knowingly."""
    assert {area: digest(files) for area, files in towns.items()} == BYTES


# Rule P.synthetic
def test_building_twice_gives_the_same_bytes(towns: dict[str, Files]) -> None:
    assert digest(_TOWNS["Slagelse"][1]()) == digest(towns["Slagelse"])


@pytest.mark.parametrize("area", AREAS)
# Rule F.synthetic_people
def test_only_replacement_numbers_stand_in_the_files(towns: dict[str, Files], area: str) -> None:
    numbers = {
        row[column].replace("-", "")
        for text in towns[area].values()
        for row in table(text)
        for column in ("cpr", "nyt_cpr")
        if row.get(column)
    }
    assert len(numbers) > 1500
    for number in numbers:
        assert len(number) == 10 and number.isdigit()
        assert 61 <= int(number[:2]) <= 91 and 1 <= int(number[2:4]) <= 12


@pytest.mark.parametrize("area", AREAS)
def test_every_file_has_rows_and_belongs_to_a_shipped_contract(
    towns: dict[str, Files], area: str
) -> None:
    contracts = {c.contract_id for c in load_contracts(SHIPPED_CONTRACTS_DIR, area)}
    for name, text in towns[area].items():
        rows = table(text)
        assert rows, name
        assert {row["kontrakt_id"] for row in rows if "kontrakt_id" in row} <= contracts


@pytest.mark.parametrize("area", AREAS)
def test_windows_follow_each_other_and_overlap(towns: dict[str, Files], area: str) -> None:
    windows = [name.removesuffix(".csv").split("_")[1:4]
               for name in tables(towns[area], "ydelsesforloeb")]  # fmt: skip
    assert all(first <= last <= extracted for extracted, first, last in windows)
    covered = max(last for extracted, _, last in windows if extracted <= _TOWNS[area][0])
    age = date.fromisoformat(_TOWNS[area][0]) - date.fromisoformat(covered)
    assert age.days <= 45, "the newest extract is not stale on the demo's date"


def test_later_extracts_of_the_register_correct_earlier_ones(towns: dict[str, Files]) -> None:
    files = list(tables(towns["Hedensted"], "ydelsesforloeb").items())
    corrected = 0
    for (_, earlier), (name, later) in pairwise(files[5:]):
        window_from = name.split("_")[2]
        keys = {(row["cpr"], row["fra_dato"], row["ydelseskode"]) for row in earlier}
        corrected += sum(
            row["fra_dato"] > window_from
            and row["fra_dato"] < name.split("_")[3][:8] + "01"
            and (row["cpr"], row["fra_dato"], row["ydelseskode"]) not in keys
            for row in later
        )
    assert corrected > 100, "spells that an earlier extract of the same days did not show"


def test_more_citizens_are_referred_than_there_are_places(towns: dict[str, Files]) -> None:
    courses = {
        row["forloeb_id"]: row
        for rows in tables(towns["Hedensted"], "deltagere").values()
        for row in rows
    }
    assert len(courses) > 170
    reasons = Counter(row["slutaarsag"] for row in courses.values() if row["slutdato"])
    assert {"trukket", "afsluttet", "pension"} <= set(reasons)
    per_person = Counter(row["cpr"] for row in courses.values())
    assert per_person.most_common(1)[0][1] == 2, "somebody is referred twice"


def test_claims_come_late_are_withdrawn_and_miss_their_course(towns: dict[str, Files]) -> None:
    files = tables(towns["Hedensted"], "resultatkrav")
    known = {
        row["forloeb_id"]
        for rows in tables(towns["Hedensted"], "deltagere").values()
        for row in rows
    }
    claims = [(name.split("_")[1], row) for name, rows in files.items() for row in rows]
    assert {row["krav"] for _, row in claims} == {"ja", "nej"}
    assert any(row["forloeb_id"] not in known for _, row in claims)
    late = [row for sent, row in claims if month(sent[:7]) - month(row["maaned"]) > 3]
    assert late, "a claim of a quarter before the one that the file is for"


def test_population_events_of_every_kind_happen(towns: dict[str, Files]) -> None:
    newest = list(tables(towns["Hedensted"], "personstatus").values())[-1]
    kinds = {row["haendelse"] for row in newest}
    assert kinds == {"død", "fraflyttet", "udvandret", "tilflyttet", "folkepension", "nyt_cpr"}
    assert all(bool(row["nyt_cpr"]) == (row["haendelse"] == "nyt_cpr") for row in newest)


def test_the_last_month_of_the_term_is_not_observed_yet(towns: dict[str, Files]) -> None:
    extracts = [name.split("_")[1] for name in tables(towns["Hedensted"], "ydelsesforloeb")]
    known = max(day for day in extracts if day <= hedensted.AS_OF)
    lag = date.fromisoformat(known) - date(2024, 10, 31)
    assert 0 < lag.days < 35
    assert max(extracts) > hedensted.AS_OF, "one file is known only after the demo's date"


def test_the_statistic_falls_as_the_contract_hopes(towns: dict[str, Files]) -> None:
    figures: dict[tuple[str, str], float] = {}
    for rows in tables(towns["Hedensted"], "jobindsats").values():
        for row in rows:
            if row["Område"] == "Hedensted" and row["Antal fuldtidspersoner"] != "*":
                text = row["Antal fuldtidspersoner"].replace(".", "").replace(",", ".")
                figures[(row["Ydelse"], row["Periode"])] = float(text)

    def mean(name: str, months: list[str]) -> float:
        return sum(figures[(name, month)] for month in months) / len(months)

    before = [f"2021M{m}" for m in (11, 12)] + [f"2022M{m:02d}" for m in range(1, 11)]
    after = [f"2023M{m}" for m in (11, 12)] + [f"2024M{m:02d}" for m in range(1, 11)]
    assert 650 < mean("Sygedagpenge", before) < 780 and 560 < mean("Sygedagpenge", after) < 650
    assert 130 < mean("Jobafklaringsforløb", before) < mean("Jobafklaringsforløb", after) < 200


def test_the_demo_lands_its_files_and_sets_the_homes_date(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    report = write_demo(home, "Slagelse")
    landed = [path for path in home.landing.rglob("*") if path.is_file()]
    assert report.files == len(landed) > 10
    assert report.bytes == sum(path.stat().st_size for path in landed)
    own = home.read_home_file()
    assert (own.area, own.as_of) == ("Slagelse", report.as_of) == ("Slagelse", date(2020, 2, 10))
    assert {stat.S_IMODE(path.stat().st_mode) for path in landed} == {0o600}
    assert not [path for path in landed if path.name.startswith(".")]
    assert write_demo(home, "Slagelse") == report


def test_a_home_of_another_municipality_or_an_unknown_name_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").ensure()
    home.home_file.write_text("area: Odense\n", encoding="utf-8")
    with pytest.raises(NotAllowedError, match="en anden kommunes"):
        write_demo(home, "Hedensted")
    with pytest.raises(UsageError, match="ingen syntetisk kommune"):
        write_demo(home, "Odense")
    assert not list(home.landing.iterdir())
    assert issubclass(UsageError, EffektError)


def test_the_dice_are_the_same_for_ever() -> None:
    dice = Dice("frø")
    assert [dice.below(1000) for _ in range(6)] == DRAWS
    assert sorted(dice.shuffled(range(10))) == list(range(10))
    draws = [dice.between(3, 5) for _ in range(300)]
    assert set(draws) == {3, 4, 5}
    assert sum(dice.chance(250) for _ in range(4000)) in range(900, 1100)
    assert {dice.around(100, 10) for _ in range(2000)} == set(range(90, 111))


DRAWS = [426, 807, 80, 729, 168, 295]
