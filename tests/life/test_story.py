"""One contract's whole life: approvals, corrections, true-ups, carried amounts, closing."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from dagster_project.lib import life, vault
from dagster_project.lib.base import danish
from dagster_project.lib.base.errors import EffektError, NotAllowedError, UsageError
from dagster_project.lib.keys.pseudonym import read_key
from dagster_project.lib.statement import authenticate, write_statement
from dagster_project.lib.trace import replay, why
from dagster_project.orchestration.dbt_runner import run_selected
from dagster_project.settings import PROJECT_ROOT
from tests.life.law import Witness
from tests.life.world import CONTRACT, begin
from tests.support.night import run_night

PERIODS = ["2023-01", "2023-04", "2023-07", "2023-10", "2024-01"]


class Story:
    """The nights of the contract, run once for all tests of this file."""

    def __init__(self, root: Path) -> None:
        self.town = begin(root)
        self.witness = Witness(self.town)
        self.nights: dict[str, dict[str, Any]] = {}
        self.stale: NotAllowedError | None = None

    def night(self, as_of: str) -> None:
        """Run a night, check the law, keep what it published."""
        self.town.night(as_of)
        self.witness.check()
        self.nights[as_of] = {
            "settlement": {
                f"{row['period_start']:%Y-%m}": row for row in self.town.rows("mart.settlement")
            },
            "causes": {
                (line["course_id"] or line["price_group"], f"{line['month']:%Y-%m}"): (
                    line["cause"], line["difference_dkk"], line["cause_delivery_sha256"]
                )
                for line in self.town.rows("restricted.settlement_line")
                if line["line_kind"] == "true_up"
                and f"{line['period_start']:%Y-%m}" == self.next_period()
            },
        }  # fmt: skip

    def next_period(self) -> str:
        """First month of the first unapproved period."""
        rows = self.town.rows("mart.settlement", order="period_start")
        starts = [r["period_start"] for r in rows if r["state"] not in ("approved", "paid")]
        return f"{starts[0]:%Y-%m}" if starts else ""

    def tell(self) -> None:
        """The whole life."""
        town = self.town
        town.claims = {(c, m): True for c in "ABC" for m in ("2023-02", "2023-03")}
        del town.claims["B", "2023-03"]
        town.deliver("2023-04-10")
        self.night("2023-04-15")
        town.approve("2023-01")

        # second quarter: A was ill in March after all, B's claim for March comes late,
        # the statistics of February are revised
        town.spells["A"].append(("2023-03-05", "2023-03-20"))
        town.claims["B", "2023-03"] = True
        town.statistics["2023-02"] = "6,0"
        town.claims |= {(c, m): True for c in "ABC" for m in ("2023-04", "2023-05", "2023-06")}
        town.deliver("2023-07-10")
        self.night("2023-07-15")
        life.release(town.settings, CONTRACT, Decimal(500), "Kai", "byrådet 15. juli")
        try:
            town.submit("2023-04")
        except NotAllowedError as error:
            self.stale = error
        self.night("2023-07-16")
        town.approve("2023-04")

        # third quarter: B died in May, A's claim for April is withdrawn, hardly anything is new
        town.events.append(("B", "død", "2023-05-10"))
        town.claims["A", "2023-04"] = False
        town.claims["A", "2023-07"] = True
        town.deliver("2023-10-10")
        self.night("2023-10-15")
        town.approve("2023-07")

        # fourth quarter: B's referral turns out to lie before the term, so that C gets the place
        town.visited["B"] = "2022-12-31"
        town.deliver("2024-01-10")
        self.night("2024-01-15")
        town.approve("2023-10")

        # closing settlement: A was not ill in March after all, and the price is amended
        town.spells["A"] = town.spells["A"][:1]
        town.deliver("2024-07-05")
        self.night("2024-07-10")
        town.rate = 900
        self.night("2024-07-11")
        town.approve("2024-01")
        self.night("2024-07-12")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The story, run once."""
    told = Story(tmp_path_factory.mktemp("liv"))
    told.tell()
    yield told


def figures(story: Story, as_of: str, period: str) -> tuple[int, int, int, int]:
    """Basis, payment, held and carried forward of a period in whole kroner."""
    row = story.nights[as_of]["settlement"][period]
    names = ("basis_dkk", "payment_dkk", "held_cumulative_dkk", "carried_forward_dkk")
    return tuple(int(row[name]) for name in names)  # type: ignore[return-value]


def causes(story: Story, as_of: str) -> dict[tuple[str, str], tuple[str, int]]:
    """Cause and kroner of each true-up line of the next period."""
    return {k: (v[0], int(v[1])) for k, v in story.nights[as_of]["causes"].items()}


def test_the_first_quarter_pays_months_and_the_fall_in_full_time_persons(story: Story) -> None:
    assert figures(story, "2023-04-15", "2023-01") == (3500, 3500, 0, 0)


def test_a_correction_a_late_claim_and_revised_statistics_are_settled_next_time(
    story: Story,
) -> None:
    assert causes(story, "2023-07-15") == {
        ("A", "2023-03"): ("register_changed", -1000),
        ("B", "2023-03"): ("claim_added", 1000),
        ("sygedagpenge", "2023-02"): ("statistics_revised", -100),
    }


def test_what_lies_above_the_authorised_maximum_is_held_until_released(story: Story) -> None:
    # basis 3,500 + 6,000 − 100 = 9,400 entitles to 5,000 + 2,200
    assert figures(story, "2023-07-15", "2023-04") == (5900, 3500, 200, 0)
    assert figures(story, "2023-07-16", "2023-04") == (5900, 3700, 0, 0)


def test_a_submit_after_a_release_that_moved_the_figures_is_refused(story: Story) -> None:
    assert story.stale is not None
    assert story.stale.code == "SNAPSHOT_STALE"


def test_a_death_and_a_withdrawn_claim_are_carried_forward(story: Story) -> None:
    assert causes(story, "2023-10-15") == {
        ("A", "2023-04"): ("claim_withdrawn", -1000),
        ("B", "2023-05"): ("exit_added", -1000),
        ("B", "2023-06"): ("exit_added", -1000),
    }
    # 9,400 + 1,000 − 3,000 = 7,400 entitles to 6,200; 7,200 is paid
    assert figures(story, "2023-10-15", "2023-07") == (-2000, 0, 0, 1000)


# Rule S.cause
def test_a_place_that_becomes_free_is_the_cause_for_the_one_who_gets_it(story: Story) -> None:
    found = causes(story, "2024-01-15")
    assert {kind for (course, _), (kind, _) in found.items() if course == "B"} == {
        "participant_changed"
    }
    assert {kind for (course, _), (kind, _) in found.items() if course == "C"} == {"quota_changed"}
    assert found["C", "2023-02"] == ("quota_changed", 1000)
    # B loses February to April, C gains February to June: 7,400 − 3,000 + 5,000 = 9,400
    assert figures(story, "2024-01-15", "2023-10") == (2000, 0, 0, 0)


def test_the_closing_settlement_holds_true_ups_only_and_says_what_is_repayable(
    story: Story,
) -> None:
    assert causes(story, "2024-07-10") == {("A", "2023-03"): ("register_changed", 1000)}
    # 10,400 entitles to 7,700, of which 7,500 is authorised and 7,200 was paid
    assert figures(story, "2024-07-10", "2024-01") == (1000, 300, 200, 0)
    # A: February, March, May, June, July; C: February to June; ten months at 900 instead of 1,000
    found = causes(story, "2024-07-11")
    assert found.pop(("A", "2023-03")) == ("register_changed", 900)
    assert set(found.values()) == {("terms_changed", -100)}
    assert len(found) == 9
    last = story.nights["2024-07-12"]["settlement"]["2024-01"]
    assert last["period_label"] == "slutafregning"
    assert last["basis_cumulative_dkk"] == Decimal(9400)
    assert last["repayable_dkk"] == Decimal(0)


# Rule S.cause
def test_the_delivery_that_brought_a_change_is_named(story: Story) -> None:
    # the same bytes may have come again later under another name
    names: dict[str, set[str]] = {}
    for row in story.town.rows("mart.delivery"):
        names.setdefault(row["sha256"], set()).add(row["file_name"])
    second = story.nights["2023-07-15"]["causes"]
    assert "ydelsesforloeb_2023-07-10_2022-01-01_2023-07-09.csv" in names[second["A", "2023-03"][2]]
    assert "resultatkrav_2023-07-10.csv" in names[second["B", "2023-03"][2]]
    assert "jobindsats_2023-07-10.csv" in names[second["sygedagpenge", "2023-02"][2]]
    third = story.nights["2023-10-15"]["causes"]
    assert "personstatus_2023-10-10.csv" in names[third["B", "2023-05"][2]]
    # C's place was free because the list has another referral of B
    fourth = story.nights["2024-01-15"]["causes"]
    assert "deltagere_2024-01-10.csv" in names[fourth["C", "2023-02"][2]]


@pytest.mark.parametrize("period", PERIODS)
# Rule S.replay
def test_every_approved_period_replays_identically(story: Story, period: str) -> None:
    verdict = replay.replay(story.town.settings, CONTRACT, period, run_selected)
    assert verdict.is_identical, verdict.text()


# Rules S.replay, P.named
def test_a_period_is_replayed_by_its_label_and_an_unknown_one_is_wrong_usage(story: Story) -> None:
    verdict = replay.replay(story.town.settings, CONTRACT, "slutafregning", run_selected)
    assert (verdict.period, verdict.is_identical) == ("2024-01", True)
    with pytest.raises(UsageError, match=r"PERIOD er en af.*slutafregning"):
        replay.replay(story.town.settings, CONTRACT, "2031-01", run_selected)


def test_a_changed_delivery_in_the_vault_is_found_by_the_replay(story: Story) -> None:
    frozen = story.town.root / "ledger" / "statements" / CONTRACT / "2023-01.json"
    told = json.loads(frozen.read_text(encoding="utf-8"))["provenance"]["deliveries"]
    claims = next(row for row in told if row["source"] == "resultatkrav")
    file = vault.Received(story.town.settings.home, vault.VAULT, claims["sha256"])
    path = file.stored
    changed = file.read().replace(b"A;2023-02;ja", b"A;2023-02;nej")
    assert changed != file.read()
    before = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(changed)
    try:
        with pytest.raises(EffektError, match="VAULT_BROKEN"):
            replay.replay(story.town.settings, CONTRACT, "2023-01", run_selected)
    finally:
        path.write_bytes(before)


def test_every_document_of_an_approved_period_can_be_checked_offline(story: Story) -> None:
    folder = story.town.root / "reports" / "statements" / CONTRACT
    for suffix in ("json", "html", "pdf", "xlsx"):
        verdict = authenticate(folder / f"2023-01.{suffix}")
        assert verdict.is_valid, verdict.text()


def test_checking_offline_starts_without_what_draws(story: Story) -> None:
    folder = story.town.root / "reports" / "statements" / CONTRACT
    code = (
        "import sys; from pathlib import Path; from dagster_project.lib import statement\n"
        "import shutil, tempfile; aside = Path(tempfile.mkdtemp())\n"
        "for form in ('json', 'html', 'pdf', 'xlsx'):\n"
        f"    path = Path({str(folder)!r}) / ('2023-04.' + form)\n"
        "    statement.authenticate(path)\n"
        "    statement.authenticate(Path(shutil.copy(path, aside)))  # without its signature\n"
        "heavy = {'altair', 'vl_convert', 'pandas', 'typst', 'xlsxwriter'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT
    )
    assert told.stdout.strip() == "[]"


class Paper(HTMLParser):
    """The texts of a page by the id of their element, and the rows of its tables."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.named: dict[str, str] = {}
        self.rows: list[list[str]] = []
        self._at = ""
        self._in_cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._at = str(dict(attrs).get("id") or "")
        self._in_cell = tag == "td"
        if tag == "tr":
            self.rows.append([])
        if self._in_cell:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self._at:
            self.named[self._at] = self.named.get(self._at, "") + data
        if self._in_cell:
            self.rows[-1][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._at, self._in_cell = "", False


def papers(story: Story, period: str) -> tuple[Paper, list[tuple[Any, ...]]]:
    """The page of a period, and all rows of its workbook."""
    folder = story.town.root / "reports" / "statements" / CONTRACT
    page = (folder / f"{period}.html").read_text(encoding="utf-8")
    book = openpyxl.load_workbook(folder / f"{period}.xlsx")
    rows = [row for name in book.sheetnames for row in book[name].iter_rows(values_only=True)]
    return Paper(page), rows


# Rules S.statement, S.first_page
@pytest.mark.parametrize("period", ["2023-01", "2023-04", "2023-07", "2023-10", "2024-01"])
def test_every_figure_on_paper_is_the_marts(story: Story, period: str) -> None:
    start = dt.date.fromisoformat(f"{period}-01")
    (row,) = [r for r in story.town.rows("mart.settlement") if r["period_start"] == start]
    page, sheet = papers(story, period)
    numbers = [value for line in sheet for value in line if isinstance(value, int | float)]
    shown = {name for name in page.named if name.endswith("_dkk")}
    assert shown >= {"payment_dkk", "basis_dkk", "basis_cumulative_dkk", "held_cumulative_dkk",
                     "entitlement_cumulative_dkk", "settled_before_dkk"}  # fmt: skip
    for name in shown & set(row):
        assert page.named[name] == danish.kroner(row[name]), name
        assert float(row[name]) in numbers, name
    cells = {cell for line in page.rows for cell in line}
    for table, column in (
        ("settlement_true_up", "difference_dkk"),
        ("settlement_reading", "entitlement_cumulative_dkk"),
        ("settlement_reading", "difference_to_chosen_dkk"),
    ):
        for one in story.town.rows(f"mart.{table}"):
            if one["period_start"] == start and one[column] is not None:
                assert danish.number(one[column]) in cells, (table, column)
                assert float(one[column]) in numbers, (table, column)
    assert danish.number(row["basis_dkk"]) in cells


# Rules S.first_page, S.release
def test_hold_release_and_what_is_carried_forward_stand_in_picture_and_words(story: Story) -> None:
    released, _ = papers(story, "2023-04")
    way = [row for row in released.rows if row and row[0] == "Over bevillingen"]
    assert way == [["Over bevillingen", "\u2212200,00"]]
    assert ["Frigivet ved navn", "200,00"] in released.rows
    assert "hvoraf 200,00\u00a0kr. over bevillingen er frigivet" in released.named["sentence"]
    (one,) = [row for row in released.rows if "byrådet 15. juli" in row]
    assert one[1:] == ["Kai", "angivet", "byrådet 15. juli", "ja", "500,00"]
    carried, _ = papers(story, "2023-07")
    assert carried.named["carried_forward_dkk"] == "1.000,00\u00a0kr."
    assert ["Afregnet for meget, overføres", "1.000,00"] in carried.rows
    assert "1.000,00\u00a0kr. er afregnet for meget" in carried.named["sentence"]
    assert "skal Prøveby Kommune ikke betale noget til Leverandøren" in carried.named["sentence"]


# Rule S.words
def test_nothing_is_called_paid_before_finance_has_paid_it(story: Story) -> None:
    last, _ = papers(story, "2024-01")
    assert last.named["paid_before_dkk"] == "0,00\u00a0kr."
    assert last.named["settled_before_dkk"] == "7.200,00\u00a0kr."
    assert "betalt" not in last.named["sentence"]


@pytest.mark.parametrize("suffix", ["json", "html", "pdf"])
def test_a_changed_byte_in_a_statement_is_found(story: Story, tmp_path: Path, suffix: str) -> None:
    raw = (story.town.root / f"reports/statements/{CONTRACT}/2023-04.{suffix}").read_bytes()
    if suffix != "json":
        beside = f"reports/statements/{CONTRACT}/2023-04.{suffix}.sig"
        shutil.copy(story.town.root / beside, tmp_path)
    for place in range(7, len(raw), max(len(raw) // 40, 1)):
        path = tmp_path / f"2023-04.{suffix}"
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        assert not authenticate(path).is_valid, place


def test_the_providers_workbook_shows_a_course_referred_before_the_term_as_well(
    story: Story,
) -> None:
    """B's referral ended up before the term, so that some of its months lie in no period."""
    _, path, _ = write_statement(story.town.settings, CONTRACT, "2024-01", provider=True)
    with zipfile.ZipFile(path) as book:
        assert "outside_term" not in book.read("xl/sharedStrings.xml").decode("utf-8")


# Rules S.why, S.evidence
def test_why_leads_from_a_krone_to_clause_rule_file_and_row(story: Story) -> None:
    answer = why.explain(story.town.settings, CONTRACT, "2023-04", "B", "2023-03").as_json()
    (line,) = answer["lines"]
    assert (line["difference_dkk"], line["cause"]) == ("1000.00", "claim_added")
    assert line["clause"]["rates"][0]["amount"] == "1000.00"
    assert line["clause"]["part"] == "prøve"
    claim = next(row for row in line["evidence"] if row["role"] == "claim")
    file = vault.Received(story.town.settings.home, vault.VAULT, claim["delivery_sha256"])
    landed = file.read().decode().splitlines()[claim["row_number"]]
    assert landed == f"{CONTRACT};B;2023-03;ja"
    message = landed.replace(";", "\x1f").encode()
    key = read_key(story.town.settings.home)
    assert claim["row_hmac"] == hmac.new(key, message, hashlib.sha256).hexdigest()[:32]


# Rules S.why, S.frozen
def test_why_shows_a_line_as_it_was_approved_and_what_settled_the_difference(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = why.explain(story.town.settings, CONTRACT, "2023-01", "A", "2023-03")
    (line,) = answer.as_json()["lines"]
    rule = line["rule"]
    assert (rule["is_payable"], rule["support_days"], rule["amount_dkk"]) == (True, 0, "1000.00")
    roles = {row["role"]: row["file_name"] for row in line["evidence"]}
    assert set(roles) == {"participant", "referral_spell", "coverage", "claim"}
    assert roles["coverage"] == "ydelsesforloeb_2023-04-10_2022-01-01_2023-04-09.csv"
    assert line["today"]["rule"]["amount_dkk"] == "900.00"
    assert [(row["period"], row["difference_dkk"]) for row in line["settled_by"]] == [
        ("2023-04", "-1000.00"), ("2024-01", "900.00"),
    ]  # fmt: skip
    answer.print()
    said = capsys.readouterr().out
    assert "i dag vides andet" in said
    assert "er efterreguleret i perioden fra april 2023" in said


# Rule S.why
def test_a_true_up_of_an_approved_period_has_the_evidence_of_its_own_approval(
    story: Story,
) -> None:
    answer = why.explain(story.town.settings, CONTRACT, "2023-04", "A", "2023-03").as_json()
    (line,) = answer["lines"]
    assert (line["line_kind"], line["rule"]["support_days"]) == ("true_up", 16)
    (spell,) = [row for row in line["evidence"] if row["role"] == "spell"]
    assert (spell["first_day"], spell["last_day"]) == ("2023-03-05", "2023-03-20")


# Rules S.why, S.authorised
def test_why_shows_the_way_from_basis_to_payment(story: Story) -> None:
    way = why.explain(story.town.settings, CONTRACT, "2023-04").as_json()["way"]
    assert [(step["basis_dkk"], step["amount_dkk"]) for step in way["steps"]] == [
        ("5000.00", "5000.00"), ("4400.00", "2200.00"),
    ]  # fmt: skip
    assert (way["entitlement_cumulative_dkk"], way["authorised_max_dkk"]) == ("7200.00", "7000.00")
    assert [row["amount_dkk"] for row in way["releases"]] == ["500.00"]
    assert (way["held_cumulative_dkk"], way["payment_dkk"]) == ("0.00", "3700.00")


# Rule S.why
def test_the_statistics_of_an_approved_line_are_those_of_its_approval(story: Story) -> None:
    answer = why.explain(story.town.settings, CONTRACT, "2023-01").as_json()
    (line,) = [line for line in answer["lines"] if line["part_id"] == "statistik"]
    told = {row["span"]: row["fte_published"] for row in line["statistics"]}
    now = {row["span"]: row["fte_published"] for row in line["today"]["statistics"]}
    assert (float(told["evaluation"]), float(now["evaluation"])) == (5.0, 6.0)


# Rule S.why
def test_why_says_why_a_month_has_no_line(story: Story) -> None:
    answer = why.explain(story.town.settings, CONTRACT, "2023-07", "A").as_json()
    silent = {row["month"][:7]: row["rule"] for row in answer["months_without_line"]}
    assert set(silent) == {"2023-08", "2023-09"}
    assert {rule["match"] for rule in silent.values()} == {"unclaimed"}
    assert all(rule["remedy"] for rule in silent.values())


def test_why_starts_without_the_heavy_libraries(story: Story) -> None:
    code = (
        "import sys; from pathlib import Path; from dagster_project import settings;"
        " from dagster_project.lib.trace import why;"
        f" why.explain(settings.resolve(Path({str(story.town.root)!r})), {CONTRACT!r}, '2023-04');"
        " heavy = {'dagster', 'dbt', 'great_expectations', 'pandas', 'altair', 'vl_convert'};"
        " print(sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=PROJECT_ROOT,
    )  # fmt: skip
    assert told.stdout.strip() == "[]"


def test_a_changed_byte_in_the_ledger_ends_the_night(story: Story) -> None:
    path = story.town.root / "ledger" / "settlements.jsonl"
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b'"3700.00"', b'"3701.00"', 1))
    try:
        with pytest.raises(AssertionError, match="LEDGER_BROKEN"):
            story.town.night("2024-07-13")
    finally:
        path.write_bytes(raw)


def test_a_payment_is_recorded_and_shown(story: Story) -> None:
    town = story.town
    life.pay(town.settings, CONTRACT, "2023-01", "Finn", dt.date(2023, 5, 1), "bilag 17")
    town.night("2024-07-14")
    assert town.rows("mart.settlement", order="period_start")[0]["state"] == "paid"
    story.witness.check()
    page, _ = papers(story, "2023-01")
    assert page.named["sentence"].startswith("Prøveby Kommune har betalt Leverandøren")
    assert page.named["status"] == "betalt"
    later, _ = papers(story, "2023-04")
    assert later.named["paid_before_dkk"] == page.named["payment_dkk"] != "0,00\u00a0kr."


def test_terms_that_move_an_approved_period_end_the_night(story: Story) -> None:
    town = story.town
    path = town.root / "contracts" / f"{CONTRACT}.yml"
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("months_per_period: 3", "months_per_period: 6"))
    try:
        report = run_night(town.root, "2024-07-15")
        assert report.exit_code == 1
        assert isinstance(report.error, EffektError)
        assert report.error.code == "TERMS_MOVE_APPROVED"
    finally:
        path.write_text(before)
