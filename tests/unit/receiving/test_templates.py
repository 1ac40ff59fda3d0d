"""``effekt template``: what it writes is accepted by ``effekt check``, in every dialect."""

from __future__ import annotations

import html.parser
import re
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.lib import opening, receiving
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.receiving.judging.declarations import load_sources
from dagster_project.settings import Home

SOURCES = load_sources()
OVERLAY = """
csv: {encoding: cp1252, delimiter: ",", decimal: "."}
header_row: 3
date_format: DD-MM-YYYY
month_format: MM.YYYY
"""
ALIASES = {
    "deltagere": "aliases: {cpr: CPR-nr}\nconstants: {kontrakt_id: hedensted-flere-i-job}\n",
    "resultatkrav": "aliases: {maaned: Måned}\n",
    "eindkomst": "aliases: {loentimer: Timer}\n",
}


def checked(path: Path, source: str, sources_dir: Path | None = None) -> str:
    """What a check says of a template under its own name, empty where it is in order."""
    known = frozenset({"hedensted-arbejdsfastholdelse", "hedensted-flere-i-job"})
    report = receiving.check_file(path, known, sources_dir, source_name=source)
    return "" if report.is_accepted else report.text()


@pytest.mark.parametrize("source", sorted(SOURCES))
@pytest.mark.parametrize("is_overlaid", [False, True], ids=["shipped", "overlaid"])
# Rules P.template, I.overlay
def test_a_template_is_accepted_as_it_is_written(
    tmp_path: Path, source: str, is_overlaid: bool
) -> None:
    overlays = tmp_path / "sources"
    overlays.mkdir()
    if is_overlaid:
        text = OVERLAY + ALIASES.get(source, "")
        (overlays / f"{source}.yml").write_text(text, encoding="utf-8")
    for path in receiving.write_template(source, tmp_path / "ud", overlays):
        if path.suffix[1:] in SOURCES[source].formats:
            assert checked(path, source, overlays) == ""


# Rules P.template, I.overlay
def test_a_template_has_the_headings_and_the_encoding_of_the_overlay(tmp_path: Path) -> None:
    (tmp_path / "deltagere.mar.yml").write_text(OVERLAY + ALIASES["deltagere"], encoding="utf-8")
    table, _ = receiving.write_template("deltagere", tmp_path / "a", tmp_path, "mar")
    lines = table.read_bytes().decode("cp1252").splitlines()
    assert lines[2].split(",")[:3] == ["forloeb_id", "CPR-nr", "visitationsdato"]
    assert re.fullmatch(r"\d\d-\d\d-\d{4}", lines[3].split(",")[2])
    table, _ = receiving.write_template("deltagere", tmp_path / "b", tmp_path, "anden")
    assert table.read_text(encoding="utf-8-sig").startswith("kontrakt_id;forloeb_id;cpr;")


# Rule P.template
def test_cells_of_a_workbook_are_text_and_allowed_values_a_list(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(receiving.write_template("aktiviteter", tmp_path)[1])
    sheet = book["Data"]
    columns = {cell.value: cell.column_letter for cell in sheet[1]}
    assert all(sheet[f"{letter}2"].number_format == "@" for letter in columns.values())
    below = sheet.column_dimensions["A"]
    assert (below.min, below.max, below.number_format) == (1, len(columns), "@")
    rules = {str(rule.sqref).split(":")[0]: rule for rule in sheet.data_validations.dataValidation}
    for column in SOURCES["aktiviteter"].columns:
        rule = rules[f"{columns[column.heading]}2"]
        if column.allowed:
            assert rule.type == "list"
            name, _, cells = rule.formula1.replace("$", "").partition("!")
            listed = book[name.strip("'")][cells]
            assert tuple(row[0].value for row in listed) == column.allowed
        else:
            assert rule.type is None


class _Links(html.parser.HTMLParser):
    """What a page links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("href", "src")]


# Rule P.template
def test_the_package_has_a_template_of_every_source_and_a_page_that_links_to_each(
    tmp_path: Path,
) -> None:
    root = tmp_path / "pakke"
    told = CliRunner().invoke(app, ["template", "--all", str(root)]).output.split()
    assert {Path(path) for path in told} == {path for path in root.rglob("*") if path.is_file()}
    assert {path.name for path in root.iterdir()} == {
        "vejledning.html", "kommunens-filer",
        "aktiviteter_skabelon.csv", "aktiviteter_skabelon.xlsx",
        "resultatkrav_skabelon.csv", "resultatkrav_skabelon.xlsx",
    }  # fmt: skip
    page = (root / "vejledning.html").read_text(encoding="utf-8")
    links = _Links()
    links.feed(page)
    assert links.found
    assert all((root / link).is_file() for link in links.found)
    for name, source in SOURCES.items():
        assert any(link.endswith(f"{name}_skabelon.csv") for link in links.found)
        assert all(f"<code>{column.heading}</code>" in page for column in source.columns)
    assert "--source" in page
    for name in ("aktiviteter", "resultatkrav"):
        assert checked(root / f"{name}_skabelon.xlsx", name) == ""


def test_the_package_follows_the_overlays_of_the_home_and_of_the_provider(tmp_path: Path) -> None:
    home = opening.make_home(Home(tmp_path / "h"), "Hedensted").home
    (home.sources / "resultatkrav.mar.yml").write_text(ALIASES["resultatkrav"], encoding="utf-8")
    words = ["template", "--all", "--home", str(home.root), "--folder"]
    CliRunner().invoke(app, [*words, str(tmp_path / "a"), "--sender", "mar"])
    CliRunner().invoke(app, [*words, str(tmp_path / "b")])
    heads = [
        (tmp_path / folder / "resultatkrav_skabelon.csv").read_text("utf-8-sig").split()[0]
        for folder in "ab"
    ]
    assert heads == ["kontrakt_id;forloeb_id;Måned;krav", "kontrakt_id;forloeb_id;maaned;krav"]
    assert "resultatkrav_&lt;udtræksdato&gt;_mar" in (tmp_path / "a/vejledning.html").read_text()


def test_a_package_is_written_again_but_never_over_what_was_filled_in(tmp_path: Path) -> None:
    receiving.write_package(tmp_path)
    receiving.write_package(tmp_path)
    filled = tmp_path / "resultatkrav_skabelon.csv"
    filled.write_text("udfyldt")
    (tmp_path / "vejledning.html").unlink()
    with pytest.raises(UsageError):
        receiving.write_package(tmp_path)
    assert filled.read_text() == "udfyldt"
    assert not (tmp_path / "vejledning.html").exists()


@pytest.mark.parametrize("words", [[], ["ukendt"], ["deltagere", "--all", "--folder", "x"]])
def test_a_template_of_nothing_known_is_wrong_usage(words: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["template", *words, "--home", str(tmp_path)])
    assert isinstance(done.exception, UsageError)
