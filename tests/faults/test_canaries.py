"""A thousand canary persons go through nights of every kind; no trace of them leaves the vault."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dagster_project.lib import vault
from dagster_project.settings import Home
from tests.faults import canaries, corpus
from tests.support import examples, night, number_forms

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow, pytest.mark.xdist_group("canaries")]
EXAMPLE, AS_OF, PERIOD = "spells-one-contract", "2025-04-30", "2024-03"
ROOT = Path(__file__).parents[2]
SECRET = canaries.number(7)


@dataclass
class Told:
    """A home after its nights, and everything that was printed while they ran."""

    home: Path
    texts: list[bytes] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)
    canaries_used: int = 0

    def run(self, label: str, *words: str) -> None:
        """A process of its own; what it prints is kept."""
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, check=False, timeout=600,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        self.texts += [done.stdout, done.stderr]
        self.codes[label] = done.returncode


def _land(home: Path, name: str, data: bytes) -> Path:
    folder = home / "landing" / "prøver"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return folder / name


def _land_sources(home: Path, stamp: canaries.Stamp) -> None:
    """Every source in every format: one valid file, one with rejected rows."""
    for source, other in canaries.FORMATS.items():
        window = corpus.WINDOWS.get(source, "")
        for day, file_format in enumerate(("csv", other), 1):
            name = f"{source}_2024-01-{day + 20}{window}_proeve"
            headings, rows = canaries.table(source, stamp, 20, file_format)
            _land(home, f"{name}.{file_format}",
                  canaries.bytes_of(file_format, headings, rows))  # fmt: skip
            _land(home, f"{name}_v2.{file_format}",
                  canaries.bytes_of(file_format, headings, canaries.spoilt(rows)))  # fmt: skip


def _land_crashing(home: Path, stamp: canaries.Stamp) -> Path:
    headings, rows = canaries.table("deltagere", stamp, 4, "x")
    data = canaries.bytes_of("csv", headings, rows)
    for version, (file_format, broken) in enumerate(canaries.crashing(data), 3):
        source = "dream" if file_format == "parquet" else "deltagere"
        _land(home, f"{source}_2024-01-25_v{version}.{file_format}", broken)
    _land(home, f"deltagere_2024-01-26_{SECRET}.csv", data)
    _land_written(home, headings, rows)
    return _land(home, "personstatus_2024-01-25.csv", data)


def _land_written(home: Path, headings: list[str], rows: list[list[str]]) -> None:
    """The secret number in every way that people write it, in ids, names, folders and labels."""
    at = headings.index("forloeb_id")
    for version, form in enumerate(number_forms.of(SECRET), 10):
        row = [f"F{version} {form}" if place == at else cell for place, cell in enumerate(rows[0])]
        _land(home, f"deltagere_2024-01-27_v{version}.csv",
              canaries.bytes_of("csv", headings, [row]))  # fmt: skip
        if "/" not in form:
            _land(home, f"Prøve {form}.csv", b"x%d" % version)
            folder = home / "landing" / form
            folder.mkdir()
            (folder / f"deltagere_2024-01-28_v{version}.csv").write_bytes(b"y%d" % version)
    label = json.dumps([{"Variables": [{"Name": form, "Label": form} for form in
                         number_forms.of(SECRET)], "Data": []}])  # fmt: skip
    _land(home, "jobindsats_2024-01-27.json", label.encode())


def _land_held(home: Path, stamp: canaries.Stamp) -> None:
    """Five extracts of wages, the last with hardly a row, and one with rejected rows."""
    headings, rows = canaries.table("eindkomst", stamp, 4, "r")
    _land(home, "eindkomst_2024-08-01_2023-01-01_2023-12-31.csv",
          canaries.bytes_of("csv", headings, canaries.spoilt(rows)))  # fmt: skip
    for month, copies in enumerate((8, 8, 8, 8, 1), 1):
        table = canaries.table("eindkomst", stamp, copies, "h")
        if copies == 1:
            table = (table[0], table[1][:1])
        _land(home, f"eindkomst_2024-0{month + 2}-01_2023-01-01_2023-12-31.csv",
              canaries.bytes_of("csv", *table))  # fmt: skip


def _with_canaries(home: Path, stamp: canaries.Stamp) -> None:
    """Every person of the example becomes a canary."""
    for path in sorted((home / "landing").rglob("*.csv")):
        path.write_text(stamp(path.read_text("utf-8")), "utf-8")
    stamp.fresh()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    home = night.copy_inputs(examples.home_of(EXAMPLE), tmp_path_factory.mktemp("canaries") / "h")
    told, stamp = Told(home), canaries.Stamp()
    _with_canaries(home, stamp)
    _land_sources(home, stamp)
    bad = _land_crashing(home, stamp)
    command = ("dagster_project.cli",)
    told.run("check", *command, "check", str(bad), "--home", str(home))
    told.run("nights", "tests.faults.crashing", str(home), AS_OF,
             "kill:receive", "kill:gate_30", "whole")  # fmt: skip
    _land_held(home, stamp)
    told.run("recorded", *command, "run", "--home", str(home), "--as-of", AS_OF)
    told.run("why", *command, "why", examples_contract(home), PERIOD, "--home", str(home))
    told.run("spoilt", "tests.faults.crashing", str(home), "2025-05-15", "spoil")
    told.canaries_used = stamp.used
    return told


def examples_contract(home: Path) -> str:
    """The one contract of the example."""
    return next((home / "contracts").glob("*.yml")).stem


def test_the_nights_were_of_every_kind(told: Told) -> None:
    said = [json.loads(line) for line in told.texts[2].splitlines()]
    spoilt = json.loads(told.texts[8].splitlines()[-1])
    assert [night["killed_by"] for night in said] == [signal.SIGKILL, signal.SIGKILL, None]
    assert said[-1]["exit_code"] == 3  # it reports what the killed ones refused
    assert said[-1]["refused"]
    assert spoilt["exit_code"] == 4
    assert told.codes == {"check": 3, "nights": 0, "recorded": 3, "why": 0, "spoilt": 0}
    assert b"TILBAGEHOLDT" in told.texts[5]
    assert told.canaries_used == canaries.COUNT
    assert len(set(canaries.ALL)) == canaries.COUNT


# Rules V.written, V.morning
def test_a_held_night_stands_on_the_morning_page(told: Told) -> None:
    site = told.home / "published" / "site"
    assert "Udgivelsen er holdt tilbage" in (site / "index.html").read_text("utf-8")
    assert "standser udgivelsen" in (site / "datakvalitet.html").read_text("utf-8")


# Rule I.person_key
def test_no_form_of_a_canary_stands_anywhere_but_in_landing(
    told: Told,
) -> None:
    scan = canaries.Scan()
    assert not [text for text in told.texts if scan.finds(text)]
    assert scan.trace(told.home) == []
    seen = {path.relative_to(told.home).parts[0] for path in told.home.rglob("*")}
    assert {"vault", "quarantine", "work", "published", "reports"} <= seen
    accepted = vault.listed(Home(told.home), vault.VAULT)
    assert any(scan.finds(file.read()) for file in accepted)  # but for the key it would be found


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        f"{SECRET[:6]}-{SECRET[6:]}",
        SECRET[1:],
        f"{SECRET}.0",
        f"{SECRET[:2]} {SECRET[2:4]} {SECRET[4:6]} {SECRET[6:]}",
        hashlib.md5(SECRET.encode()).hexdigest(),
        hashlib.sha1(SECRET.encode()).hexdigest().upper(),
        hashlib.sha256(SECRET.encode()).hexdigest(),
    ],
    ids=["plain", "hyphen", "nine digits", "float", "groups", "md5", "sha1", "sha256"],
)
@pytest.mark.parametrize("before", range(9))
def test_the_scan_finds_every_form_at_every_place(form: str, before: int) -> None:
    scan = canaries.Scan()
    assert scan.finds(b"x" * before + form.encode() + b"yz")
    assert scan.finds(b"x" * before + form.encode("utf-16") + b"yz")
    if form == SECRET:
        assert scan.finds(base64.b64encode(b"x" * before + form.encode() + b"yz"))
    assert not scan.finds(b"x" * before + form.encode()[:-3] + b"---")


def test_the_scan_takes_no_place_in_a_pdf_for_a_number_and_opens_what_is_attached(
    tmp_path: Path,
) -> None:
    scan = canaries.Scan()
    places = "".join(f"0000{canary[:6]} 00000 n\r\n" for canary in canaries.ALL).encode()
    attached = zlib.compress(f'{{"cpr": "{SECRET}"}}'.encode())
    about = b"1 0 obj << /Type /EmbeddedFile /Filter /FlateDecode /Length %d >> stream\n"
    (tmp_path / "places.pdf").write_bytes(places)
    (tmp_path / "attached.pdf").write_bytes(about % len(attached) + attached + b"\nendstream")
    assert scan.trace(tmp_path) == ["attached.pdf"]
