"""The locks: known faults are found, a changed package is refused, the bill names each package."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.supply import advisories, audit, bill
from tests.supply.locks import LOCKS, ROOT, pins

HASH = "0" * 64


def lock_of(folder: Path, *wanted: str) -> Path:
    """A lock of these packages, with hashes as locks have them."""
    path = folder / "lock.txt"
    path.write_text("".join(f"{one} \\\n    --hash=sha256:{HASH}\n" for one in wanted))
    return path


# Rule F.packages
def test_the_saved_list_finds_what_is_known_of_a_version_and_nothing_of_the_next(
    tmp_path: Path,
) -> None:
    known = advisories.saved()
    with advisories.service(known["records"]) as address:
        options = ("-s", "osv", "--osv-url", address)
        found = audit.ask(lock_of(tmp_path, "pyyaml==5.3", "idna==3.7"), *options)
    assert {finding[1] for finding in found} == {"pyyaml"}
    assert all(finding[3].startswith(("PYSEC-", "CVE-", "GHSA-")) for finding in found)
    assert known["as_of"] >= "2024-10-10"


# Rule F.packages
@pytest.mark.parametrize(
    ("version", "is_hit"),
    [("0.9", False), ("1.0", True), ("1.9.9", True), ("2.0", False), ("2.9", False),
     ("3.0", True), ("3.1", True), ("3.1.1", False)],
)  # fmt: skip
def test_a_range_begins_with_its_first_version_and_ends_before_the_mended_one(
    version: str, is_hit: bool
) -> None:
    events = [
        {"introduced": "1.0"},
        {"fixed": "2.0"},
        {"introduced": "3.0"},
        {"last_affected": "3.1"},
    ]
    affected = {
        "package": {"name": "En_Pakke"},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    assert advisories.is_affected({"affected": [affected]}, "en-pakke", version) is is_hit
    assert not advisories.is_affected({"affected": [affected]}, "anden", version)


# Rule F.packages
def test_a_package_that_was_not_looked_at_is_never_counted_as_sound(tmp_path: Path) -> None:
    lock = lock_of(tmp_path, "a==1", "b==1")
    sound = [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "version": "1", "vulns": []}]
    assert audit.findings(lock, sound) == []
    for looked in (sound[:1], [sound[0], {"name": "b", "skip_reason": "unknown"}], []):
        with pytest.raises(audit.NotAuditedError):
            audit.findings(lock, looked)
    unreachable = ("-s", "osv", "--osv-url", "http://127.0.0.1:9/v1/query")
    with pytest.raises(audit.NotAuditedError):
        audit.ask(lock, *unreachable)


def wheel(folder: Path, content: str) -> tuple[Path, str]:
    """A package of one module, and its hash."""
    name = "effektproeve"
    files = {
        f"{name}.py": content,
        f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{name}-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: x\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256="
        f"{base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},"
        f"{len(text)}\n"
        for path, text in files.items()
    )
    files[f"{name}-1.0.dist-info/RECORD"] = record + f"{name}-1.0.dist-info/RECORD,,\n"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for place, text in files.items():
            archive.writestr(zipfile.ZipInfo(place), text)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def install(folder: Path, sha256: str) -> subprocess.CompletedProcess[str]:
    """As ``make setup`` installs: from a lock, every hash required."""
    lock = folder / "lock.txt"
    lock.write_text(f"{folder / 'effektproeve-1.0-py3-none-any.whl'} --hash=sha256:{sha256}\n")
    return subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-deps", "--require-hashes", "--target", str(folder / "sted"), "-r", str(lock)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


# Rule F.packages
def test_a_package_that_was_exchanged_is_refused_by_its_hash(tmp_path: Path) -> None:
    _, sha256 = wheel(tmp_path, "ord = 'ægte'\n")
    _, other = wheel(tmp_path, "ord = 'falsk'\n")
    assert sha256 != other
    refused = install(tmp_path, sha256)
    assert refused.returncode != 0
    assert "HASHES" in refused.stderr or "hash" in refused.stderr
    assert not (tmp_path / "sted" / "effektproeve.py").exists()
    assert install(tmp_path, other).returncode == 0
    assert (tmp_path / "sted" / "effektproeve.py").exists()


# Rule F.packages
@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_has_its_hashes_and_setup_requires_them(lock: str) -> None:
    blocks = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    packages = [block for block in blocks if "==" in block and not block.startswith("#")]
    assert len(packages) == len(pins(ROOT / lock)) > 10
    assert [block.split()[0] for block in packages if "--hash=sha256:" not in block] == []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installs = [line for line in makefile.splitlines() if f"-r {lock}" in line]
    assert installs
    assert all("--require-hashes" in line for line in installs)


# Rule F.packages
def test_the_bill_of_materials_names_each_package_and_is_the_same_each_time(
    tmp_path: Path,
) -> None:
    lock = lock_of(tmp_path, "a==1", "b==2.0")
    once, again = (bill.write_one(str(lock), tmp_path / name).read_text() for name in ("x", "y"))
    assert once == again
    told = json.loads(once)
    assert {(c["name"], c["version"]) for c in told["components"]} == {("a", "1"), ("b", "2.0")}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(once) is None
    del told["components"][0]["name"]
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(told)) is not None
