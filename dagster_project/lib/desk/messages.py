"""What passes over the desk's socket: one order, one answer, each a length and JSON.

What belongs here: the form and its limits, for both sides. What does not: which commands there are.

Rules: F.desk.
"""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from typing import Any

MAX_ORDER = 64 * 1024
MAX_ANSWER = 64 * 1024 * 1024
MAX_TEXT = 2000
_LENGTH = 4


@dataclass(frozen=True)
class Order:
    """A command and its arguments by name; neither a path nor a user can be said in it."""

    command: str
    arguments: dict[str, str | bool]


@dataclass(frozen=True)
class Answer:
    """What the command has printed, and its exit code."""

    exit_code: int
    out: str
    err: str


def order_of(raw: bytes) -> Order:
    """The order that was sent.

    Raises:
        ValueError: it has another form.
    """
    try:
        document = json.loads(raw.decode("utf-8"))
        json.dumps(document, ensure_ascii=False).encode("utf-8")  # half a character is an error
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(document, dict) or set(document) != {"command", "arguments"}:
        raise ValueError("not an order")
    command, arguments = document["command"], document["arguments"]
    is_order = isinstance(command, str) and isinstance(arguments, dict)
    if not is_order or not all(map(_is_plain, arguments.values())):
        raise ValueError("not an order")
    return Order(command, arguments)


def _is_plain(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and len(value) <= MAX_TEXT)


def answer_of(raw: bytes) -> Answer:
    """The answer that was sent."""
    document = json.loads(raw.decode("utf-8"))
    return Answer(int(document["exit_code"]), str(document["out"]), str(document["err"]))


def send(link: socket.socket, message: Order | Answer, seconds: float) -> None:
    """Send a message within so many seconds.

    Raises:
        OSError: the other side is gone or does not take it (``TimeoutError``).
    """
    raw = json.dumps(message.__dict__, ensure_ascii=False).encode("utf-8", "replace")
    link.settimeout(seconds)
    link.sendall(len(raw).to_bytes(_LENGTH, "big") + raw)


def receive(link: socket.socket, most: int, seconds: float) -> bytes:
    """The bytes of a message of at most so many bytes, whole within so many seconds.

    Raises:
        OSError: the other side is gone, or too slow (``TimeoutError``).
        ValueError: the message is longer.
    """
    deadline = time.monotonic() + seconds
    length = int.from_bytes(_exactly(link, _LENGTH, deadline), "big")
    if length > most:
        raise ValueError("the message is too long")
    return _exactly(link, length, deadline)


def _exactly(link: socket.socket, count: int, deadline: float) -> bytes:
    pieces = bytearray()
    while len(pieces) < count:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("too slow")
        link.settimeout(left)
        piece = link.recv(min(count - len(pieces), 1 << 16))
        if not piece:
            raise ConnectionError("gone")
        pieces += piece
    return bytes(pieces)
