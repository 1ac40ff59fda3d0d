"""The pages without a night: what the morning page says of a run, the swap, names of courses."""

from __future__ import annotations

import datetime as dt
import re
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from dagster_project.lib.gates import DeclaredCheck
from dagster_project.lib.gates.kept import PASSED, STOPPED, WAITING, Kept
from dagster_project.lib.pages import cases, morning, place, quality, web
from dagster_project.lib.pages.place import OPEN, RESTRICTED
from dagster_project.lib.publishing.tables import declared_tables
from dagster_project.lib.status.state import Published, Status
from dagster_project.settings import DBT_DIR, PROJECT_ROOT, TIME_ZONE, Home

NOW = dt.datetime(2027, 2, 28, 4, 31, tzinfo=TIME_ZONE)
AT = NOW.isoformat()
CONTRACT: dict[str, Any] = {
    "contract_id": "k", "title": "En <kontrakt>", "payment_ceiling_dkk": "200.00",
    "authorised_max_dkk": "100.00", "released_dkk": "20.00", "settled_dkk": "60.00",
    "approved_dkk": "0.00", "paid_dkk": "0.00", "waiting": 1, "forecast": {}, "variants": [],
    "newest": [{"period_label": "2023-K1", "period_start": "2023-01-01", "state": "verified"}],
    "next": {"period_label": "2023-K1", "period_start": "2023-01-01", "state": "verified",
             "is_superseded": False},
}  # fmt: skip
BLOCKER = {
    "contract_id": "k", "kind": "claims_pending", "owner": "kommunen", "remedy": "Afvent",
    "periods": 1, "first_label": "2023-K1", "last_label": "2023-K1", "item_count": 3,
    "first_start": "2023-01-01", "amount_dkk": "1234.50",
}  # fmt: skip
REFUSED = {
    "file_name": "en<fil>.csv", "sha256": "ab", "codes": ["FILE_NAME"], "owner": None,
    "remedy": "Omdøb filen", "report": "quarantine/ab.txt",
}  # fmt: skip
FOUND = Status(
    "/h", "Hedensted", Published("2027-02-27-aa", "2027-02-27", AT, AT, 0), contracts=(CONTRACT,)
)
CHECK = DeclaredCheck(
    gate=30, check_id="months_contiguous", subject="months", severity="critical",
    owner="dataingeniør", remedy="Ret <modellen> & kør igen",
    title="Månederne ligger uden huller",
)  # fmt: skip


def alert(code: int, *causes: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"exit_code": code, "causes": list(causes), "earlier": [], **more}


def cause(code: str, report: str = "reports/alert.txt") -> dict[str, str]:
    return {"code": code, "owner": "dataingeniør", "remedy": "Gør noget ved det", "report": report}


def shown(found: Status, there: tuple[str, ...] = ()) -> str:
    return web.render(morning.build(found, NOW, there), [("index.html", "Morgensiden")])


def words_of(page: str) -> str:
    """What a reader sees, in one line."""
    body = re.sub(r"<(style|script).*?</\1>", "", page, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


# the morning page ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1, "Den seneste kørsel blev ikke færdig."), (3, "Udgivet, men en fil er afvist"),
        (4, "De sidst udgivne tal bliver stående."),
    ],
)  # fmt: skip
# Rules V.morning, V.written
def test_the_page_says_how_the_run_ended_who_acts_and_what_is_to_be_done(
    code: int, said: str
) -> None:
    text = words_of(shown(replace(FOUND, alert=alert(code, cause("CONTRACT_INVALID")))))
    assert said in text
    assert "dataingeniør Gør noget ved det" in text
    assert "27. februar 2027" in text


# Rule V.morning
def test_a_run_that_ended_well_says_so_and_that_nobody_has_to_act() -> None:
    text = words_of(shown(FOUND))
    assert "Intet er afvist, holdt tilbage eller blokeret." in text
    assert "fejlede" not in text


# Rule V.morning
def test_a_refused_file_has_one_line_though_its_alert_names_it_too() -> None:
    told = alert(3, cause("FILE_NAME", REFUSED["report"]))
    text = words_of(shown(replace(FOUND, refused=(REFUSED,), alert=told)))
    assert text.count("Omdøb filen") == 1
    assert "Gør noget ved det" not in text


# Rule V.morning
def test_an_earlier_night_that_was_held_is_not_hidden_by_a_later_failure() -> None:
    told = alert(1, cause("HOME_BUSY")) | {"earlier": [alert(4, cause("30.months_contiguous"))]}
    text = words_of(shown(replace(FOUND, alert=told)))
    assert "HOME_BUSY" in text and "30.months_contiguous" in text


# Rule V.morning
def test_a_contract_has_its_kroner_its_share_of_both_limits_and_who_acts_next() -> None:
    text = words_of(shown(replace(FOUND, blockers=(BLOCKER,))))
    assert "60,00 0,00 200,00 30,0 % er brugt 120,00 50,0 % er brugt" in text
    assert "kommunen: fjern det, der blokerer 2023-K1" in text
    assert "1.234,50" in text
    assert "controller: godkende tallene" in words_of(shown(FOUND))


@pytest.mark.parametrize("code", ["draft", "submitted", "verified", "approved"])
# Rule V.morning
def test_every_state_that_waits_names_who_acts(code: str) -> None:
    due = {**CONTRACT["next"], "state": code}
    text = words_of(shown(replace(FOUND, contracts=({**CONTRACT, "next": due},))))
    assert re.search(r"(leverandør|controller): \S+", text)


# Rules V.morning, P.missed
def test_dates_whose_night_was_left_out_are_named() -> None:
    assert "2. marts 2027" in words_of(shown(replace(FOUND, skipped_dates=("2027-03-02",))))
    assert "Datoer uden nat" not in shown(FOUND)


# Rules V.figures, M.family
def test_what_moved_is_told_by_cause_and_a_hidden_cause_without_its_kroner() -> None:
    moved = {
        "contract_id": "k", "period_start": "2023-01-01", "period_label": "2023-K1",
        "state": "draft", "state_before": "draft", "basis_dkk": "130.00",
        "basis_before_dkk": "100.00", "payment_dkk": "130.00", "payment_before_dkk": "100.00",
    }  # fmt: skip
    at = {"contract_id": "k", "period_start": "2023-01-01", "period_label": "2023-K1"}
    causes = (
        {**at, "kind": "true_up", "cause": "register_changed", "difference_dkk": "-20.00",
         "is_suppressed": False},
        {**at, "kind": "true_up", "cause": "hidden", "difference_dkk": None,
         "is_suppressed": True},
        {**at, "kind": "period", "cause": "draft_anew", "difference_dkk": "50.00",
         "is_suppressed": False},
    )  # fmt: skip
    gone = {**at, "kind": "radar_gone", "cause": "exit_added", "difference_dkk": "30.00",
            "is_suppressed": False}  # fmt: skip
    found = replace(FOUND, changed=(moved,), causes=(*causes, gone), new_deliveries=2, before="b")
    text = words_of(shown(found))
    assert "hvis ændringer ikke længere venter" in text
    assert "nyere viden ville ændre" not in text
    assert "registret er rettet 2023-K1 −20,00" in text
    assert "kladden er beregnet på ny 2023-K1 +50,00" in text
    assert "skjulte årsager (få personer bag hver) 2023-K1 skjult (1–4 personer)" in text
    assert "130,00 +30,00" in text


# Rule V.html
def test_a_page_escapes_what_it_shows_and_asks_nobody_for_anything() -> None:
    text = shown(replace(FOUND, refused=(REFUSED,)))
    assert "en&lt;fil&gt;.csv" in text and "En &lt;kontrakt&gt;" in text
    assert not re.search(r"https?:|src=|<link|@import|url\(", text)
    assert "<script" not in text


# Rule V.morning
def test_it_leads_only_to_pages_that_are_there() -> None:
    assert "kontrakt/k.html" not in shown(FOUND)
    assert 'href="kontrakt/k.html"' in shown(FOUND, ("kontrakt/k.html",))


# data quality -------------------------------------------------------------------------------------


def checked(result: str, evaluated: int | None = None, unexpected: int | None = None) -> str:
    page = quality.build([Kept(CHECK, result, evaluated, unexpected)], [], FOUND, NOW)
    return web.render(page, [])


# Rule V.quality
def test_a_failed_critical_check_is_shown_with_its_remedy() -> None:
    text = checked(STOPPED, 12345, 2)
    assert "standser udgivelsen" in text
    assert "12.345" in text
    assert "Ret &lt;modellen&gt; &amp; kør igen" in text
    assert "Ret &lt;modellen&gt;" not in checked(PASSED, 1, 0)


# Rule V.quality
def test_a_check_that_was_not_reached_is_said_to_be_so() -> None:
    assert "ikke nået" in checked(WAITING)
    assert "Ikke alle gates er nået" in checked(WAITING)


# the sites ----------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").ensure()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# Rule V.sites
def test_a_swap_keeps_what_is_not_anew_or_leaves_nothing_else(home: Home) -> None:
    place.swap(
        home, OPEN, {"index.html": "a", "kontrakt/k.html": "b"}.items(), {"of": 1}, keeps=False
    )
    first = home.published / "site" / "kontrakt" / "k.html"
    inode = first.stat().st_ino
    place.swap(home, OPEN, {"index.html": "c"}.items(), None, keeps=True)
    assert (home.published / "site" / "index.html").read_text() == "c"
    assert first.stat().st_ino == inode
    assert place.read_mark(home, OPEN) is not None
    place.swap(home, OPEN, {"index.html": "d"}.items(), {"of": 2}, keeps=False)
    assert not first.exists()
    assert {path.name for path in home.published.iterdir()} == {"site"}


# Rule V.sites
def test_a_reader_in_the_way_sees_the_old_site_whole(home: Home) -> None:
    place.swap(home, OPEN, {"index.html": "old"}.items(), None, keeps=False)
    with (home.published / "site" / "index.html").open() as handle:
        place.swap(home, OPEN, {"index.html": "new"}.items(), None, keeps=True)
        assert handle.read() == "old"
    assert (home.published / "site" / "index.html").read_text() == "new"


# Rule V.sites
def test_without_an_exchange_of_folders_the_site_is_swapped_all_the_same(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "rename_exchange", lambda *_: False)
    for text in ("a", "b"):
        place.swap(home, OPEN, {"index.html": text}.items(), None, keeps=False)
    assert (home.published / "site" / "index.html").read_text() == "b"
    assert {path.name for path in home.published.iterdir()} == {"site"}


# Rules V.sites, M.rooms
def test_modes_are_those_of_the_two_rooms_whatever_the_umask(home: Home) -> None:
    place.swap(home, OPEN, {"kontrakt/k.html": "a"}.items(), {}, keeps=False)
    place.swap(home, RESTRICTED, {"forloeb/k/1.html": "a"}.items(), {}, keeps=False)
    place.put(home, RESTRICTED, "forloeb/k/2.html", "b")
    site, closed = home.published / "site", home.published / "restricted-site"
    assert {mode(site), mode(site / "kontrakt")} == {0o755}
    assert mode(site / "kontrakt" / "k.html") == 0o444
    assert {mode(closed), mode(closed / "forloeb"), mode(closed / "forloeb" / "k")} == {0o750}
    assert {mode(path) for path in closed.rglob("*.html")} == {0o440}


# Rule V.written
def test_a_site_that_lacks_a_page_is_known_to_lack_it(home: Home) -> None:
    place.swap(home, OPEN, {"index.html": "a", "ordbog.html": "b"}.items(), {"of": 1}, keeps=False)
    assert place.read_mark(home, OPEN) is not None
    (home.published / "site" / "ordbog.html").unlink()
    assert place.read_mark(home, OPEN) is None


@pytest.mark.parametrize(
    "course_id", ["../../index", "a/b", "..", ".x", "a" * 200, "a\x00b", "<b>", " "]
)
# Rules V.course, F.hostile
def test_a_course_whose_id_is_no_file_name_has_a_page_inside_its_folder(course_id: str) -> None:
    assert re.fullmatch(r"forloeb/k/[0-9a-f]{24}\.html", cases.course_path("k", course_id))
    assert cases.course_path("k", "AF-001") == "forloeb/k/AF-001.html"


# lineage ------------------------------------------------------------------------------------------

READ_BY = {
    "side_morgensiden": ("status/compared.py", "pages/due_dates.py"),
    "side_kontrakt": ("pages/contract.py", "pages/forecast.py", "statement/foreseen.py"),
    "side_opfoelgning": ("pages/follow_up.py",),
    "side_datakvalitet": ("pages/quality.py",),
    "side_uoverensstemmelser": ("pages/cases.py",),
}
"""The modules that read each page's tables, with the calendar file that the first page links."""


@pytest.mark.parametrize("name", READ_BY)
# Rule P.rooms
def test_lineage_ends_at_the_pages(name: str) -> None:
    lib = PROJECT_ROOT / "dagster_project" / "lib"
    text = "".join((lib / module).read_text(encoding="utf-8") for module in READ_BY[name])
    read = {
        table
        for _, table in declared_tables()
        if re.search(rf'(?:mart|restricted)\.{table}\b|"{table}"', text)
    }
    declared = yaml.safe_load((DBT_DIR / "models" / "exposures.yml").read_text(encoding="utf-8"))
    (exposure,) = [one for one in declared["exposures"] if one["name"] == name]
    found = re.findall(r"ref\('(\w+)'\)", " ".join(exposure["depends_on"]))
    assert set(found) == read
