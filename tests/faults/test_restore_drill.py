"""The drill: a home is lost, and its backup gives the same figures in another place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from dagster_project import settings
from dagster_project.lib.backup import make_backup
from dagster_project.settings import HOME_FORMAT
from tests.support.examples import ALL, home_of
from tests.support.night import copy_inputs, publish
from tests.unit.backup.conftest import new_key

NAME, AS_OF = ALL[0]


def effekt(*words: str, umask: int) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", *words], capture_output=True, text=True,
        timeout=300, check=False, preexec_fn=lambda: os.umask(umask) and None,
    )  # fmt: skip


# Rules F.backup, F.restore
def test_a_lost_home_comes_back_elsewhere_with_the_same_snapshot(tmp_path: Path) -> None:
    (tmp_path / "et").mkdir()
    home = copy_inputs(home_of(NAME), tmp_path / "et" / "hjem")
    key = tmp_path / "backup.key"
    (home / "home.yml").write_text(
        f"format: {HOME_FORMAT}\nbackup: {{recipients: [{new_key(key)}]}}\n", encoding="utf-8"
    )
    snapshot = publish(home, AS_OF, documents=True)
    made = make_backup(settings.resolve(home), tmp_path / "kopi.tar.age")
    shutil.rmtree(home)
    back = tmp_path / "et" / "andet" / "sted"
    done = effekt("restore", str(made.path), str(back), "--identity", str(key), umask=0)
    assert done.returncode == 0, done.stderr
    assert publish(back, AS_OF, documents=True) == snapshot
    verified = effekt("verify", "--home", str(back), umask=0o022)
    assert verified.returncode == 0, verified.stdout + verified.stderr
