"""The caller's side: a command whose user does not own the home is sent to the home's desk.

Rules: F.desk.
"""

from __future__ import annotations

import socket

from dagster_project.lib.base import users
from dagster_project.lib.base.errors import EffektError, NotAllowedError
from dagster_project.lib.desk import place
from dagster_project.lib.desk.messages import MAX_ANSWER, Answer, Order, answer_of, receive, send
from dagster_project.settings import Home

WAIT_SECONDS = 60 * 60
"""Orders are done one at a time, and a replay takes as long as a night."""
_SEND_SECONDS = 30


def ask(home: Home, order: Order) -> Answer:
    """Have the desk do an order.

    Raises:
        NotAllowedError: there is no desk, or not for this user (exit 3).
        EffektError: the desk went away, or is not the home's (exit 1).
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        _connect(home, link)
        try:
            send(link, order, _SEND_SECONDS)
            return answer_of(receive(link, MAX_ANSWER, WAIT_SECONDS))
        except (OSError, ValueError, KeyError):
            raise EffektError(
                "DESK_LOST",
                "skranken lukkede, før den svarede",
                remedy="se i opgørelsen, om trinnet er gjort, og gør det ellers igen",
            ) from None


def _connect(home: Home, link: socket.socket) -> None:
    try:
        with place.short_path(home) as path:
            link.connect(path)
    except PermissionError:
        raise NotAllowedError(
            "DESK_CLOSED",
            f"{users.acting().name} er ikke i den gruppe, der handler ved mappens skranke",
            remedy="bed om at komme i gruppen, og log ind igen",
        ) from None
    except OSError:
        raise NotAllowedError(
            "HOME_NOT_YOURS",
            f"{users.acting().name} ejer ikke denne mappe, og dens skranke er lukket",
            remedy="bed mappens bruger om at køre `effekt desk`",
        ) from None
    if place.peer_uid(link) != home.root.stat().st_uid:
        raise EffektError("DESK_STRANGE", "en anden bruger end mappens betjener skranken")
