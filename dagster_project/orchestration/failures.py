"""Any failure as a code with a remedy: the texts of engines may quote a value.

What belongs here: recognising a full disk, a lack of memory and a lack of rights. What does not:
the codes of the machine's own errors, which already carry no value.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from dagster_project.lib.base.errors import EffektError, place_of
from dagster_project.orchestration import access
from dagster_project.settings import Home

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_SPACE_WORDS = ("no space left on device", "disk is full", "file too large")
# below this a night can hardly be written: its warehouse alone takes a few megabytes
_LEAST_FREE_BYTES = 32 * 1024 * 1024
_ENGINE_CODES = {"UNEXPECTED", "WAREHOUSE_OPEN", "DBT_MODEL", "DBT_PROJECT", "DAGSTER"}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NOT_ALLOWED_WORDS = (
    "permission denied", "read-only file system", "readonly database",
    "unable to open database file",
)  # fmt: skip
_OUT_OF_MEMORY = {"MemoryError", "OutOfMemoryException"}


def without_values(error: BaseException, step: str) -> EffektError:
    """Any failure as code, place and remedy: the texts of engines may quote a value."""
    if isinstance(error, EffektError):
        return error
    if _is(error, _NO_SPACE, _NO_SPACE_WORDS):
        return _disk_full(f"trinnet {step}")
    if type(error).__name__ in _OUT_OF_MEMORY:
        return EffektError(
            "OUT_OF_MEMORY",
            f"ikke hukommelse nok i trinnet {step}",
            remedy="giv maskinen mere hukommelse, og kør igen",
        )
    if _is(error, _NOT_ALLOWED, _NOT_ALLOWED_WORDS):
        return access.failure("NO_ACCESS", f"{_file_of(error)} (trinnet {step})")
    return EffektError(
        "UNEXPECTED",
        f"{type(error).__name__} i trinnet {step} ved {place_of(error)}",
        remedy="den seneste gode mart er urørt; giv driften denne linje",
    )


def _disk_full(where: str) -> EffektError:
    return EffektError(
        "DISK_FULL", f"der er ikke plads på disken i {where}", remedy="gør plads, og kør igen"
    )


def _causes(error: BaseException) -> list[BaseException]:
    """A failure and what it came from."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    return seen


def _is(error: BaseException, numbers: set[int], words: tuple[str, ...]) -> bool:
    """Whether a failure, or its cause, has such a number; engines report it in words."""
    return any(
        (isinstance(item, OSError) and item.errno in numbers)
        or any(text in str(item).lower() for text in words)
        for item in _causes(error)
    )


def _file_of(error: BaseException) -> str:
    """The file or folder that was refused, where the system names one."""
    named = (item.filename for item in _causes(error) if isinstance(item, OSError))
    path = next((name for name in named if isinstance(name, str | os.PathLike)), None)
    return access.place_of(Path(path)) if path else place_of(error)


def blame_machine(error: EffektError, where: str, home: Home) -> EffektError:
    """The error of a step, or what an engine failed on: no space, or a folder that is closed."""
    if error.code not in _ENGINE_CODES:
        return error
    try:
        folders = access.folders_of(home)
        if any(shutil.disk_usage(folder).free < _LEAST_FREE_BYTES for folder in folders):
            return _disk_full(f"trinnet {where} ({error.code})")
        access.require_access(home)
    except EffektError as closed:
        return closed
    except OSError:
        return error
    return error
