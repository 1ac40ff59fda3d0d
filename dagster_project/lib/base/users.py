"""The operating-system user who acts: the process's own, or the caller's at the desk.

What belongs here: whose uid it is, and the name that the system gives it. What does not: who may do
what (``contracts.who_acts``). No environment variable is read: whoever starts a process chooses
them.

Rules: S.user.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class User:
    """A user of this system.

    Args:
        uid: the number that the kernel gives.
        is_vouched: the kernel named this user as the caller at the desk.
    """

    uid: int
    is_vouched: bool = False

    @property
    def name(self) -> str:
        """Login name, or the number of a user without one."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)

    def is_called(self, login: str) -> bool:
        """Whether this is the user with that login name (or, without one, that number)."""
        try:
            return pwd.getpwnam(login).pw_uid == self.uid
        except (KeyError, ValueError):
            return login == self.name


_AT_THE_DESK: list[User] = []


def acting() -> User:
    """The user who acts in this process: its real uid, or the caller that the desk serves."""
    return _AT_THE_DESK[-1] if _AT_THE_DESK else User(os.getuid())


def is_stranger_to(root: Path) -> bool:
    """Whether there is such a folder and it is another's than the user's of this process.

    A caller whom the desk serves is no stranger, for the process is its owner's.
    """
    user = acting()
    try:
        return not user.is_vouched and root.stat().st_uid != user.uid
    except PermissionError:  # inside a folder of another
        return True
    except OSError:
        return False


def serve_caller(uid: int) -> None:
    """From now on this process acts for a caller at the desk, whose uid the kernel has told."""
    _AT_THE_DESK.append(User(uid, is_vouched=True))
