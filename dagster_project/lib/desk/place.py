"""Where the desk's socket is, and who stands at its other end.

Rules: F.desk.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from dagster_project.settings import Home

NAME = "desk.sock"
_CREDENTIALS = struct.Struct("3i")


@contextmanager
def short_path(home: Home) -> Iterator[str]:
    """A path to the socket that is short enough for the kernel however long the home's is."""
    folder = os.open(home.root, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{NAME}"
    finally:
        os.close(folder)


def peer_uid(link: socket.socket) -> int:
    """The user at the other end, as the kernel knows it; nothing that was sent is asked."""
    raw = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _process, uid, _group = _CREDENTIALS.unpack(raw)
    return int(uid)
