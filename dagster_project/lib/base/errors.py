"""Errors that end a command: what happened, where, why it matters and what to do; never a value.

Rules: P.exit_codes, I.silent.
Decides: P.exit_codes.
"""

from __future__ import annotations

import errno
import traceback
from pathlib import Path

_OUR_CODE = str(Path(__file__).resolve().parents[2])
EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_HELD = 4
EXIT_DIFFERENT = 4


class EffektError(Exception):
    """A failure with a stable code, a message for a person and the exit code it leads to.

    Args:
        code: stable identifier in capitals, for example ``LEDGER_BROKEN``.
        message: what is wrong and where (file, row number, key path), no value of a person.
        remedy: what to do about it.
        exit_code: process exit code (P.exit_codes), 1 unless the failure has one of its own.
    """

    def __init__(
        self, code: str, message: str, *, remedy: str = "", exit_code: int = EXIT_FAILED
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.exit_code = exit_code

    def __str__(self) -> str:
        """One line: code, message, remedy."""
        tail = f" → {self.remedy}" if self.remedy else ""
        return f"{self.code}: {self.message}{tail}"


class UsageError(EffektError):
    """A command was called wrongly (exit code 2)."""

    def __init__(self, message: str, *, remedy: str = "", code: str = "USAGE") -> None:
        super().__init__(code, message, remedy=remedy, exit_code=EXIT_USAGE)


class NotAllowedError(EffektError):
    """A command is refused by a rule: state, actor, blocker (exit code 3)."""

    def __init__(self, code: str, message: str, *, remedy: str = "") -> None:
        super().__init__(code, message, remedy=remedy, exit_code=EXIT_REFUSED)


_SYSTEM_SAYS = {
    errno.ENOENT: "findes ikke",
    errno.EEXIST: "findes allerede",
    errno.EACCES: "adgang nægtet",
    errno.EPERM: "adgang nægtet",
    errno.EROFS: "drevet kan kun læses",
    errno.EISDIR: "er en mappe",
    errno.ENOTDIR: "er ingen mappe",
    errno.ELOOP: "er et link",
    errno.ENOSPC: "disken er fuld",
    errno.EDQUOT: "brugerens plads er brugt op",
    errno.EIO: "disken fejler",
    errno.ENAMETOOLONG: "navnet er for langt",
}


def said_by_system(error: OSError) -> str:
    """Why the system refused, in Danish; its own name of the fault where that is a rare one."""
    return _SYSTEM_SAYS.get(error.errno or 0) or errno.errorcode.get(error.errno or 0, "fejl")


def place_of(error: BaseException) -> str:
    """Innermost line of the project's own code on the way to a failure, as ``file.py:line``."""
    own = [
        f"{Path(frame.filename).name}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(_OUR_CODE)
    ]
    return own[-1] if own else "ukendt sted"
