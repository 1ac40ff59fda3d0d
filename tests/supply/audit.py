"""``make audit``: whether a package of the locks has a known vulnerability.

``pip-audit`` asks the index; where there is no network, or an index that knows nothing of
vulnerabilities, it asks the saved list (``advisories``), and the answer says from which day that
is. A package that was not looked at is never counted as sound. Ends with 1 where something is
found, and with 2 where a lock could not be audited.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.supply import advisories
from tests.supply.locks import LOCKS, ROOT, pins

FOUND, NOT_AUDITED = 1, 2
Finding = tuple[str, str, str, str]
"""Lock, package, version and name of the vulnerability."""


class NotAuditedError(Exception):
    """A lock of which not every package was looked at."""


def ask(lock: Path, *options: str) -> list[Finding]:
    """What ``pip-audit`` finds in a lock.

    Raises:
        NotAuditedError: it could not ask, or did not look at every package.
    """
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run(
            [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "-f", "json",
             "--progress-spinner", "off", "--cache-dir", cache, "-r", str(lock), *options],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    try:
        looked = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        raise NotAuditedError(done.stderr.strip().rpartition("\n")[2]) from None
    return findings(lock, looked)


def findings(lock: Path, looked: Iterable[dict[str, Any]]) -> list[Finding]:
    """What was found, once every package of the lock was looked at.

    Raises:
        NotAuditedError: a package is missing, or was skipped.
    """
    answered = {one["name"]: one for one in looked if "skip_reason" not in one}
    missing = pins(lock).keys() - answered.keys()
    if missing:
        raise NotAuditedError(f"{len(missing)} packages were not looked at")
    return [
        (_told(lock), name, one["version"], vulnerability["id"])
        for name, one in sorted(answered.items())
        for vulnerability in one["vulns"]
    ]


def _told(lock: Path) -> str:
    return str(lock.relative_to(ROOT)) if lock.is_relative_to(ROOT) else lock.name


def audit(locks: Iterable[Path]) -> int:
    """Ask of each lock, and tell; gives the exit code."""
    found: list[Finding] = []
    known = advisories.saved()
    try:
        for lock in locks:
            try:
                found += ask(lock)
                print(f"{_told(lock)}: asked the index")
            except NotAuditedError:
                with advisories.service(known["records"]) as address:
                    found += ask(lock, "-s", "osv", "--osv-url", address)
                day = known["as_of"]
                print(f"{_told(lock)}: the index did not answer; asked the saved list of {day}")
    except NotAuditedError as error:
        print(f"not audited: {error}", file=sys.stderr)
        return NOT_AUDITED
    for finding in found:
        print(*finding, file=sys.stderr)
    return FOUND if found else 0


if __name__ == "__main__":
    sys.exit(audit([ROOT / lock for lock in LOCKS]))
