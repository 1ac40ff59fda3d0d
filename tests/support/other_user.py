"""Another user of the machine: the superuser may do everything, so rights are tried as somebody.

What belongs here: acting as a user, and a folder that this user may reach. What does not: a test.
"""

from __future__ import annotations

import encodings.utf_8_sig  # noqa: F401 - somebody may not reach the interpreter's own files
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SOMEBODY = 61_901
"""A number that no user of a machine has."""


@contextmanager
def acting(user: int = SOMEBODY) -> Iterator[None]:
    """Do what follows with the rights of this user, and of his group alone."""
    if os.geteuid():
        pytest.skip("only the superuser can act as somebody else")
    groups, mask = os.getgroups(), os.umask(0)
    os.umask(mask)
    os.setgroups([])
    os.setegid(user)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)
        os.umask(mask)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder of this user that others may enter; those of pytest are closed to them."""
    made = Path(tempfile.mkdtemp(prefix="effekt-somebody-"))
    made.chmod(0o755)
    os.chown(made, SOMEBODY, SOMEBODY)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
