"""``effekt init``: a new home in a folder that is empty or not there yet.

What belongs here: what a folder must be to become a home, and the order in which it does. What does
not: the files of the keys (``lib/keys``).

``home.yml`` appears last and by one rename; until then a mark stands in the folder, which no
command takes for a home. A killed ``init`` is done again from its start.

Rules: P.init, P.is_home, F.key, F.statement_key.
Decides: P.init.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dagster_project.lib import vault
from dagster_project.lib.base import files, lock
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.base.person_names import has_hidden_signs, mixes_alphabets, tidy
from dagster_project.lib.base.person_numbers import holds_person_number
from dagster_project.lib.keys import pseudonym, statement_key
from dagster_project.settings import HOME_FORMAT, Home, show_folder

_LONGEST_AREA = 60
_AREA = re.compile(r"[^\W\d_][\w .,'’/()-]*")
_SUFFIX = re.compile(r" Kommune$", re.IGNORECASE)


@dataclass(frozen=True)
class NewHome:
    """A home that was made.

    Args:
        home: its folder.
        area: the municipality's name in the statistics.
        key_fingerprint: of the key that pseudonyms are made with.
        statement_key_fingerprint: of the key that statements are signed with.
    """

    home: Home
    area: str
    key_fingerprint: str
    statement_key_fingerprint: str

    def as_json(self) -> dict[str, Any]:
        """Plain mapping."""
        return {
            "home": str(self.home.root),
            "area": self.area,
            "key_fingerprint": self.key_fingerprint,
            "statement_key_fingerprint": self.statement_key_fingerprint,
        }

    def text(self) -> str:
        """What was made and what comes next, in Danish."""
        root, signing = self.home.root, self.statement_key_fingerprint
        lines = (
            f"{self.area} har nu en mappe: {root}",
            f"Nøglens fingeraftryk: {self.key_fingerprint}",
            f"Opgørelsernes nøgles fingeraftryk: {signing} (oplys parterne om det)",
            f"Gem nu en kopi af {self.home.secrets} et sikkert sted: en mistet nøgle er tabt.",
            f"Læg kontraktfilerne i {root / 'contracts'} og de modtagne filer i",
            f"{self.home.landing}; prøv dem med effekt check.",
            f"Kør derefter: effekt run --home {root}",
        )
        return "\n".join(lines)


def make_home(home: Home, area: str) -> NewHome:
    """Make a home of a folder that is empty or not there yet.

    Args:
        home: the folder.
        area: the municipality's name in the statistics; a trailing `` Kommune`` is dropped.

    Raises:
        UsageError: ``AREA_NAME``, or ``FOLDER_TAKEN``: there is a home or anything else in the
            folder; nothing is touched then.
        EffektError: ``HOME_BUSY``: another ``init`` is at work in it.
    """
    name = area_name(area)
    require_free(home)
    files.make_dir(home.root, files.DIR_PUBLIC)
    with lock.hold(home.lock_file):
        require_free(home)
        files.sweep_asides([home.root, home.secrets, home.vault])
        text = yaml.safe_dump({"format": HOME_FORMAT, "area": name}, allow_unicode=True,
                              sort_keys=False)  # fmt: skip
        files.write_atomic(home.unfinished_file, text)
        for own in (home.landing, home.secrets, home.sources):
            files.set_mode(files.make_dir(own), files.DIR_PRIVATE)
        home.ensure()
        # of a killed init: perhaps half
        for left in (home.key_file, home.statement_key_file):
            left.unlink(missing_ok=True)
        vault.drop_unused_key(home)
        made = NewHome(
            home,
            name,
            pseudonym.fingerprint(pseudonym.ensure_key(home)),
            statement_key.ensure_statement_key(home).fingerprint,
        )
        vault.ensure_key(home)
        home.unfinished_file.rename(home.home_file)
        files.fsync_dir(home.root)
    return made


def area_name(typed: str) -> str:
    """The municipality's name as the statistics have it.

    Raises:
        UsageError: ``AREA_NAME``; the message does not repeat it.
    """
    name = _SUFFIX.sub("", tidy(typed))
    if holds_person_number(name):
        wrong = "kommunens navn ligner et personnummer"
    elif (
        not _AREA.fullmatch(name)
        or len(name) > _LONGEST_AREA
        or has_hidden_signs(typed)
        or mixes_alphabets(name)
    ):
        wrong = "kommunens navn er tomt eller ikke et navn"
    else:
        return name
    raise UsageError(
        wrong,
        remedy="skriv det som i statistikken, fx --area Hedensted eller --area Lyngby-Taarbæk",
        code="AREA_NAME",
    )


def require_free(home: Home) -> None:
    """The folder may become a home: nothing stands in it but what a killed ``init`` left.

    Raises:
        UsageError: ``FOLDER_TAKEN``.
    """
    if what := _taken_by(home):
        raise UsageError(
            f"{show_folder(home.root)} {what}; intet er ændret",
            remedy="vælg en mappe, som er tom eller ikke findes endnu",
            code="FOLDER_TAKEN",
        )


def _taken_by(home: Home) -> str:
    """What stands in the way, empty where nothing does."""
    if home.unfinished_file.exists():
        return ""
    if not home.root.is_dir():
        return "er ingen mappe" if os.path.lexists(home.root) else ""
    if home.is_home:
        return "er allerede en kommunes mappe"
    own = (home.lock_file.name, f".{home.unfinished_file.name}.")  # before the mark is written
    is_free = all(entry.name.startswith(own) for entry in home.root.iterdir())
    return "" if is_free else "er ikke tom"


def folder_of(typed: Path, home: Path | None) -> Path:
    """The folder that ``effekt init`` was asked for.

    Raises:
        UsageError: ``--home`` names another.
    """
    if home is not None and home.expanduser().absolute() != typed.expanduser().absolute():
        raise UsageError("MAPPE og --home er to forskellige mapper", remedy="udelad --home")
    return typed
