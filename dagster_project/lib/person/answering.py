"""``effekt person``: everything that the home holds about one person, put together and written.

What belongs here: the order of the steps, and where the answer is written. What does not: finding
(``rows``, ``courses``, ``refused``) and words (``document``).

Rules: F.person, F.access_log.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from dagster_project.lib import records
from dagster_project.lib.base import files
from dagster_project.lib.base.errors import UsageError, said_by_system
from dagster_project.lib.ledger import access
from dagster_project.lib.pages import place
from dagster_project.lib.person.courses import figures_of
from dagster_project.lib.person.document import Answer, answer
from dagster_project.lib.person.forgetting import unknown
from dagster_project.lib.person.refused import seek_refused
from dagster_project.lib.person.rows import opened_files, seek
from dagster_project.settings import Settings

_FOLDER = "indsigt"
_KEY_DIGITS = 12


def insight(
    settings: Settings, number: str, as_of: dt.date, out: Path | None = None
) -> tuple[Answer, Path]:
    """What the home holds about a person, noted in the access log and written as a page.

    Args:
        settings: of the home.
        number: one of the person's numbers.
        as_of: business date of the question; deliveries drawn later are left out.
        out: where the page is written; else among the restricted pages.

    Returns:
        the answer, and where its page is.

    Raises:
        UsageError: ``PERSON_UNKNOWN``: nothing is held; the page cannot be written there.
        EffektError: ``VAULT_BROKEN``, ``ACCESS_LOG``.
    """
    home = settings.home
    home.refuse_open_secrets()
    register = records.check(home).register
    with opened_files(home, register) as open_files:
        sought = seek(open_files, number, as_of)
        refused = seek_refused(home, register, open_files.parser, open_files.spill, sought.person)
    keys = sought.person.keys(home)
    access.note(home, "person")  # without an id: a pseudonym would outlive the person here
    if not sought.found and not refused.holding:
        raise unknown(sought)
    still = {one.sha256 for one in register.refused()}  # what came again and was accepted is told
    told = answer(
        sought,
        figures_of(home, keys, sought.courses),
        as_of,
        [(one.file_name, one.sha256) for one in refused.holding if one.sha256 in still],
        refused.unread,
    )
    return told, _write(settings, told, out, min(keys))


def _write(settings: Settings, told: Answer, out: Path | None, key: str) -> Path:
    if out is None:
        name = f"{_FOLDER}/{told.as_of.isoformat()}-{key[:_KEY_DIGITS]}.html"
        return place.put(settings.home, place.RESTRICTED, name, told.html())
    try:
        return files.write_atomic(out.expanduser().absolute(), told.html())
    except OSError as error:
        raise UsageError(
            f"siden kan ikke skrives til filen, som --out nævner ({said_by_system(error)})",
            remedy="angiv en fil i en mappe, der findes",
        ) from None
