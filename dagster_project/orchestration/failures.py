"""Any failure as a code with a remedy: the texts of engines may quote a value.

What belongs here: recognising a full disk and a lack of memory. What does not: the codes
of the machine's own errors, which already carry no value.
"""

from __future__ import annotations

import errno
import shutil
from contextlib import suppress
from pathlib import Path

from dagster_project.lib.base.errors import EffektError, place_of

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_SPACE_WORDS = ("no space left on device", "disk is full", "file too large")
# below this a night can hardly be written: its warehouse alone takes a few megabytes
_LEAST_FREE_BYTES = 32 * 1024 * 1024
_ENGINE_CODES = {"UNEXPECTED", "WAREHOUSE_OPEN", "DBT_MODEL", "DBT_PROJECT", "DAGSTER"}
_OUT_OF_MEMORY = {"MemoryError", "OutOfMemoryException"}


def without_values(error: BaseException, step: str) -> EffektError:
    """Any failure as code, place and remedy: the texts of engines may quote a value."""
    if isinstance(error, EffektError):
        return error
    if _is_disk_full(error):
        return _disk_full(f"step {step}")
    if type(error).__name__ in _OUT_OF_MEMORY:
        return EffektError(
            "OUT_OF_MEMORY", f"not enough memory in step {step}", remedy="add memory, run again"
        )
    return EffektError(
        "UNEXPECTED",
        f"{type(error).__name__} in step {step} at {place_of(error)}",
        remedy="the last good mart is untouched; report this line to the maintainers",
    )


def _disk_full(where: str) -> EffektError:
    return EffektError(
        "DISK_FULL", f"no space left on the disk in {where}", remedy="free space, run again"
    )


def _is_disk_full(error: BaseException) -> bool:
    """Whether a failure, or its cause, is a disk without space; engines report that in words."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    return any(
        (isinstance(item, OSError) and item.errno in _NO_SPACE)
        or any(words in str(item).lower() for words in _NO_SPACE_WORDS)
        for item in seen
    )


def blame_full_disk(error: EffektError, where: str, folder: Path) -> EffektError:
    """The error of a step, or ``DISK_FULL`` where an engine failed on a disk without space."""
    if error.code in _ENGINE_CODES:
        with suppress(OSError):
            if shutil.disk_usage(folder).free < _LEAST_FREE_BYTES:
                return _disk_full(f"step {where} ({error.code})")
    return error
