"""Users of this system that a test makes, and processes that run as them."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import shutil
import site
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dagster_project.settings import PROJECT_ROOT

PREFIX = f"efk{os.getpid()}"
GROUPS = ("ctl", "lev")
SERVICE, DELIVERER, READER = "nat", "lev", "mart"
CONTROLLERS = ("kai", "lea", "lis", "finn")


def login(name: str) -> str:
    """The login name of a test's user, of this process alone."""
    return f"{PREFIX}-{name}"


@dataclass(frozen=True)
class Code:
    """An interpreter and the folders of code that every user can read."""

    python: str
    path: str


def _is_open(path: Path) -> bool:
    """Whether every user may come to it and read it."""
    real = path.resolve()
    ways = all(parent.stat().st_mode & 0o001 for parent in real.parents)
    return ways and bool(real.stat().st_mode & 0o004)


def _copied(source: Path, target: Path, *skipped: str) -> Path:
    """A copy that others can read: hard links where the disk allows it."""

    def take(a: str, b: str) -> None:
        try:
            os.link(a, b)
        except OSError:
            shutil.copyfile(a, b)

    shutil.copytree(
        source, target, copy_function=take, symlinks=True, ignore=shutil.ignore_patterns(*skipped)
    )
    return target


def code_for_all(folder: Path) -> Code:
    """The code as an installation of its own, and what it runs on, where every user can read it."""
    project = folder / "project"
    for part in ("dagster_project", "dbt", "seeds", "expectations"):
        _copied(PROJECT_ROOT / part, project / part, "__pycache__", "target", "logs")
    packages = Path(site.getsitepackages()[0])
    if not _is_open(packages):
        packages = _copied(packages, folder / "packages", "__pycache__")
    return Code(_python(folder), os.pathsep.join([str(project), str(packages)]))


def _python(folder: Path) -> str:
    own = Path(sys.executable).resolve()
    if _is_open(own):
        return str(own)
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for place in ("/usr/bin", "/usr/local/bin"):
        if (Path(place) / name).is_file() and _is_open(Path(place) / name):
            return f"{place}/{name}"
    base = Path(sys.base_prefix)
    copy = folder / "python"
    _copied(base / "lib", copy / "lib", "site-packages", "test", "__pycache__", "*.a")
    (copy / "bin").mkdir()
    shutil.copy2(own, copy / "bin" / name)
    return str(copy / "bin" / name)


@dataclass(frozen=True)
class Runner:
    """Runs programs as one of the users."""

    code: Code
    folder: Path

    def environment(self, name: str, **more: str) -> dict[str, str]:
        """What the process of a user sees."""
        library = sysconfig.get_config_var("LIBDIR") or ""
        return {
            "PATH": os.defpath, "HOME": "/nonexistent", "LANG": "C.UTF-8", "LOGNAME": login(name),
            "PYTHONPATH": self.code.path, "PYTHONDONTWRITEBYTECODE": "1",
            "LD_LIBRARY_PATH": str(library), **more,
        }  # fmt: skip

    def start(self, name: str, words: Sequence[str], **more: str) -> subprocess.Popen[str]:
        """Start a program as a user with all of the user's groups."""
        user = pwd.getpwnam(login(name))
        return subprocess.Popen(
            words, user=user.pw_uid, group=user.pw_gid, umask=0o022, cwd=self.folder,
            extra_groups=os.getgrouplist(user.pw_name, user.pw_gid), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=self.environment(name, **more),
        )  # fmt: skip

    def run(self, name: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a program as a user to its end."""
        with self.start(name, words, **more) as process:
            out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def python(self, name: str, text: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a piece of Python as a user."""
        return self.run(name, self.code.python, "-c", text, *words)

    def effekt(self, name: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a user."""
        return self.run(name, self.code.python, "-m", "dagster_project.cli", *words, **more)


@contextmanager
def installed(home: Path, area: str, code: Code) -> Iterator[None]:
    """Users, groups and home as ``deploy/install.sh`` makes them; all gone at the end."""
    command = home.parent / "effekt"
    words = shlex.join([code.python, "-m", "dagster_project.cli"])
    command.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(code.path)} exec {words} "$@"\n')
    command.chmod(0o755)
    names = {
        "EFFEKT": str(command),
        "EFFEKT_USER": login(SERVICE), "EFFEKT_CONTROLLERS": login("ctl"),
        "EFFEKT_DELIVERY": login("lev"),
    }  # fmt: skip
    try:
        for _ in range(2):  # the second time changes nothing
            subprocess.run(
                [PROJECT_ROOT / "deploy" / "install.sh", home, area], check=True,
                env={**os.environ, **names},
            )  # fmt: skip
        for name in (DELIVERER, READER, *CONTROLLERS):
            group = {DELIVERER: ["-G", login("lev"), "-N"], READER: ["-N"]}.get(
                name, ["-G", login("ctl"), "-N"]
            )
            subprocess.run(["useradd", "-r", "-M", *group, login(name)], check=True)
        yield
    finally:
        for name in (SERVICE, DELIVERER, READER, *CONTROLLERS):
            subprocess.run(["userdel", login(name)], check=False, capture_output=True)
        for group in {g.gr_name for g in grp.getgrall() if g.gr_name.startswith(f"{PREFIX}-")}:
            subprocess.run(["groupdel", group], check=False, capture_output=True)
