"""Waiting for a busy home: a run that nobody typed tries again before it counts as failed.

What belongs here: trying again. What does not: the lock (``lib.base.lock``), how long and how often
(``nightly`` of ``home.yml``). A command ends at once: whoever typed it decides.

Rules: F.busy.
Decides: F.busy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.base.lock import BUSY

T = TypeVar("T")


def until_free(begin: Callable[[], T], retries: int, wait_seconds: float) -> T:
    """What ``begin`` gives, tried again while another run holds the home.

    Args:
        begin: takes the home.
        retries: how often it is tried again.
        wait_seconds: how long is waited before each.

    Raises:
        EffektError: ``HOME_BUSY`` after the last try; anything else at once.
    """
    for _ in range(retries):
        try:
            return begin()
        except EffektError as error:
            if error.code != BUSY:
                raise
        time.sleep(wait_seconds)
    return begin()
