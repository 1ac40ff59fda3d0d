"""The steps of the image, done below a folder where there is no container engine (`make image`).

What belongs here: reading ``deploy/Dockerfile`` and doing what it says without an engine. What does
not: the image itself. Users are not made: all is done as the user who runs it.
"""

from __future__ import annotations

import fnmatch
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dagster_project.settings import PROJECT_ROOT

DOCKERFILE = PROJECT_ROOT / "deploy" / "Dockerfile"
IGNORED = DOCKERFILE.with_name("Dockerfile.dockerignore")
_PLACES = ("/opt/effekt", "/srv/effekt", "/run/effekt")


@dataclass(frozen=True)
class Step:
    """One instruction of the Dockerfile."""

    name: str
    text: str


def steps(path: Path = DOCKERFILE) -> list[Step]:
    """Every instruction, in order."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    return [Step(name, text) for name, text in pairs]


def variables() -> dict[str, str]:
    """What ENV sets."""
    found = (word for step in steps() if step.name == "ENV" for word in shlex.split(step.text))
    return dict(word.split("=", 1) for word in found)


def script(root: Path) -> Iterator[str]:
    """A shell command for each step that does something, with the image's places below a folder."""
    folder = "/"
    for step in steps():
        if step.name == "WORKDIR":
            folder = step.text
        if step.name == "COPY" and not step.text.startswith("--from"):
            yield f"mkdir -p {root}/opt && cp -a {root}/context {root}/opt/effekt"
        if step.name == "RUN" and not step.text.startswith("useradd "):
            words = [word for word in shlex.split(step.text) if word != "effekt"]
            text = " ".join(word for word in words if word not in ("-o", "-g"))
            yield f"mkdir -p {root}{folder} && cd {root}{folder} && {_below(text, root)}"


def _below(text: str, root: Path) -> str:
    for place in _PLACES:
        text = text.replace(place, f"{root}{place}")
    return text


def context(root: Path) -> None:
    """What the engine would be given of the repository."""
    patterns = [line.strip("/") for line in IGNORED.read_text(encoding="utf-8").split()]

    def is_left_out(folder: str, names: list[str]) -> set[str]:
        inside = Path(folder).relative_to(PROJECT_ROOT)
        return {name for name in names if is_ignored(inside / name, patterns)}

    shutil.copytree(PROJECT_ROOT, root / "context", ignore=is_left_out)


def is_ignored(path: Path, patterns: list[str]) -> bool:
    """Whether the engine leaves out a path of the repository."""
    return any(
        fnmatch.fnmatch(path.name, pattern.removeprefix("**/"))
        if pattern.startswith("**/") or ("/" not in pattern and len(path.parts) == 1)
        else path == Path(pattern)
        for pattern in patterns
    )


def main() -> None:
    """Do the steps in a temporary folder, then a night of the synthetic municipality in it."""
    with tempfile.TemporaryDirectory(prefix="effekt-image-") as folder:
        root = Path(folder)
        context(root)
        for command in script(root):
            print(f"+ {command}", flush=True)
            subprocess.run(["sh", "-ec", command], check=True, env=_clean(root))
        home = f"{root}/srv/effekt/home"
        for words in (["demo"], ["run"], ["run"]):
            command = [f"{root}/opt/effekt/.venv/bin/effekt", *words, "--home", home]
            print(f"+ {shlex.join(command)}", flush=True)
            subprocess.run(command, check=True, env=_clean(root), cwd=home)


def _clean(root: Path) -> dict[str, str]:
    """The environment of a fresh machine, but for where packages come from."""
    kept = {key: value for key, value in os.environ.items() if key.startswith(("PIP_", "SSL_"))}
    python = str(Path(sys.base_prefix) / "bin")
    return {**kept, "PATH": f"{python}:/usr/local/bin:/usr/bin:/bin", "HOME": str(root)}


if __name__ == "__main__":
    main()
