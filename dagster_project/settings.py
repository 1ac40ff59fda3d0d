"""The home of one municipality: its paths, its ``home.yml`` and the settings of one command.

What belongs here: where things are and which business date a run has. What does not: any rule.

Rules: P.home, P.is_home, P.format, P.as_of, F.secrets.
Decides: P.is_home.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from dagster_project.lib.base import files
from dagster_project.lib.base.errors import EffektError, UsageError
from dagster_project.lib.base.person_numbers import number_paths, shown
from dagster_project.lib.base.strict_yaml import YamlRefusedError, load_typed, show_path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_DIR = PROJECT_ROOT / "dbt"
SEEDS_DIR = PROJECT_ROOT / "seeds"
SOURCES_DIR = SEEDS_DIR / "sources"
SHIPPED_CONTRACTS_DIR = SEEDS_DIR / "contracts"
EXPECTATIONS_DIR = PROJECT_ROOT / "expectations"
_HOST = r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$"
_AGE_KEY = r"^age1[02-9ac-hj-np-z]{58}$"
_NO_HOME_PATH = re.compile(r"[*?\[\]]|%[0-9A-Fa-f]{2}")
Owner = Literal["dataingeniør", "controller", "leverandør", "afsenderen af filen"]
"""Who can mend what an asset, a model or a check shows to be wrong, as the municipality calls them:
those who run the product, those who answer for the figures, and two who send files."""
TIME_ZONE = ZoneInfo("Europe/Copenhagen")
HOME_FORMAT = 3
"""The format of a home that this code writes; ``lib/upgrade`` brings older ones up to it."""
SEALED_FORMAT = 2
"""The format from which on register and manifests are sealed and statements signed."""
ENCRYPTED_FORMAT = 3
"""The format from which on received files are encrypted."""


class UiFile(BaseModel):
    """``ui`` of ``home.yml``: who but this machine's own browser may ask the UI (F.guard)."""

    model_config = ConfigDict(extra="forbid")

    hosts: list[Annotated[str, StringConstraints(pattern=_HOST, to_lower=True)]] = []
    """Names, with the port where it shows, under which a reverse proxy serves the UI."""
    proxy_secret_file: Path | None = None
    """File with the secret that the proxy adds to each request; relative to the home."""


class JobindsatsFile(BaseModel):
    """``jobindsats`` of ``home.yml``: where the fetch of statistics asks, and for what."""

    model_config = ConfigDict(extra="forbid")

    base_url: str
    version: int = 3
    first_month: str
    last_month: str | None = None
    tables: dict[str, str] | None = None


class NightlyFile(BaseModel):
    """``nightly`` of ``home.yml``: how long things are waited for, no rule of any settlement."""

    model_config = ConfigDict(extra="forbid")

    fresh_hours: Annotated[float, Field(ge=1 / 60, le=87_600)] = 26
    """Age of the mart from which on a night is missed, in a home with its schedule on.

    Dagster's freshness policies begin at a minute, and know no endless one.
    """
    busy_retries: Annotated[int, Field(ge=0, le=60)] = 3
    """How often a run of schedule, sensor or UI tries again where another run holds the home."""
    busy_wait_seconds: Annotated[float, Field(ge=0, le=3600)] = 60
    """How long it waits before each."""


class PostgresFile(BaseModel):
    """``publish.postgres`` of ``home.yml``: the server that gets the mart too (M.postgres)."""

    model_config = ConfigDict(extra="forbid")

    dsn_file: Path
    """File with the connection string, mode 0600; relative to the home."""


class PublishFile(BaseModel):
    """``publish`` of ``home.yml``: where the mart is published besides the home's own files."""

    model_config = ConfigDict(extra="forbid")

    postgres: PostgresFile | None = None


class BackupFile(BaseModel):
    """``backup`` of ``home.yml``: who can open what ``effekt backup`` writes (F.backup)."""

    model_config = ConfigDict(extra="forbid")

    recipients: list[Annotated[str, StringConstraints(pattern=_AGE_KEY)]] = []
    """Public keys of age; the private ones are kept on another machine."""


class HomeFile(BaseModel):
    """``home.yml``: the municipality's name in the statistics, and what the home does otherwise.

    ``format`` is the home's own; a file from before there were formats is of format 1.
    """

    model_config = ConfigDict(extra="forbid")

    format: int = Field(default=1, ge=1, strict=True)
    area: str | None = None
    as_of: dt.date | None = None
    keep_runs_days: int = Field(default=30, ge=1, le=36500, strict=True)
    """Days that Dagster's record of a run is kept (F.growth)."""
    quarantine_days: int = Field(default=90, ge=1, le=36500, strict=True)
    """Days that a refused file is kept after the as-of date of its refusal (F.quarantine)."""
    nightly: NightlyFile = NightlyFile()
    ui: UiFile = UiFile()
    publish: PublishFile = PublishFile()
    backup: BackupFile = BackupFile()
    jobindsats: JobindsatsFile | None = None
    vault_key_file: Path | None = None
    """File with the key of received files where it is not in ``secrets``; relative to the home."""


@dataclass(frozen=True)
class Home:
    """The folders of one municipality (P.home)."""

    root: Path

    @property
    def landing(self) -> Path:
        """Drop zone for received files."""
        return self.root / "landing"

    @property
    def vault(self) -> Path:
        """Accepted files, encrypted, named by the sha256 of what was received."""
        return self.root / "vault"

    @property
    def quarantine(self) -> Path:
        """Refused files, encrypted, with a report beside each."""
        return self.root / "quarantine"

    @property
    def sources(self) -> Path:
        """Overlays of the source declarations; may be missing."""
        return self.root / "sources"

    @property
    def work(self) -> Path:
        """Everything rebuildable; may be deleted at any time."""
        return self.root / "work"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that loading and dbt write."""
        return self.work / "warehouse.duckdb"

    @property
    def ledger(self) -> Path:
        """Hash-chained record of settlements and decisions."""
        return self.root / "ledger"

    @property
    def published(self) -> Path:
        """Snapshots, and ``current`` pointing at the newest."""
        return self.root / "published"

    @property
    def reports(self) -> Path:
        """Statements, posting files, alert."""
        return self.root / "reports"

    @property
    def secrets(self) -> Path:
        """Folder of the home's keys."""
        return self.root / "secrets"

    @property
    def key_file(self) -> Path:
        """The pseudonymisation key (0600)."""
        return self.secrets / "pseudonym.key"

    @property
    def statement_key_file(self) -> Path:
        """The key that statements are signed with (0600)."""
        return self.secrets / "statement.key"

    @property
    def vault_key_file(self) -> Path:
        """The key that received files are encrypted with (0600); ``home.yml`` may name another."""
        own = self.read_home_file().vault_key_file
        return self.root / own if own else self.secrets / "vault.key"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME."""
        return self.root / "dagster"

    @property
    def home_file(self) -> Path:
        """``home.yml``."""
        return self.root / "home.yml"

    @property
    def unfinished_file(self) -> Path:
        """``home.yml`` while ``effekt init`` is at work; its last step gives it its name."""
        return self.root / ".home.yml.init"

    @property
    def restoring_file(self) -> Path:
        """A mark that stands here while ``effekt restore`` is at work; it goes last."""
        return self.root / ".home.yml.restore"

    @property
    def lock_file(self) -> Path:
        """The OS lock that lets one run at a time into the home."""
        return self.root / ".lock"

    @property
    def is_home(self) -> bool:
        """Whether the folder is a home (P.is_home): it has ``home.yml``, or received files.

        A home may lack ``home.yml`` (docs/adr/0031). A folder that this user may not look into is
        taken for one: what it lacks, or whose it is, is told by whoever opens it.
        """
        try:
            is_made = not (self.unfinished_file.exists() or self.restoring_file.exists())
            return is_made and (
                self.home_file.is_file() or self.landing.is_dir() or self.vault.is_dir()
            )
        except PermissionError:
            return True

    @property
    def has_records(self) -> bool:
        """Whether vault or ledger hold anything but our own dot-folders."""
        return any(
            not entry.name.startswith(".")
            for folder in (self.vault, self.ledger)
            if folder.is_dir()
            for entry in folder.iterdir()
        )

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever received or decided here, nor a key made."""
        return not self.has_records and not self.key_file.is_file()

    def ensure(self) -> Home:
        """Create the missing folders, and give all but two their modes (P.home).

        Those two keep the mode they have: ``landing`` may be open to others on purpose, and
        ``secrets`` that others can read are refused and not quietly closed (F.secrets).
        """
        for path in (self.root, self.published):
            files.set_mode(files.make_dir(path, files.DIR_PUBLIC), files.DIR_PUBLIC)
        for path in (
            self.vault, self.quarantine, self.work, self.ledger, self.reports, self.dagster,
        ):  # fmt: skip
            files.set_mode(files.make_dir(path), files.DIR_PRIVATE)
        for path in (self.landing, self.secrets):
            files.make_dir(path)
        return self

    def refuse_open_secrets(self) -> None:
        """Refuse a home whose ``secrets/`` others may read (F.secrets).

        Raises:
            EffektError: ``SECRETS_OPEN``.
        """
        kept = sorted(self.secrets.iterdir()) if self.secrets.is_dir() else []
        for path in (self.secrets, *kept):
            if path.exists() and path.stat().st_mode & 0o077:
                raise EffektError(
                    "SECRETS_OPEN",
                    f"{path.relative_to(self.root)} kan læses af andre",
                    remedy="chmod 700 secrets; chmod 600 secrets/*; regn nøglen for kendt",
                )

    def read_home_file(self) -> HomeFile:
        """``home.yml``, strictly; an absent file is an empty one.

        Raises:
            EffektError: ``HOME_FILE`` with the key; ``HOME_FORMAT``: written by newer code.
        """
        if not self.home_file.is_file():
            return HomeFile()
        try:
            loaded = load_typed(self.home_file.read_text(encoding="utf-8")) or {}
            _refuse_newer(loaded)  # first: newer code has keys that this code does not know
            own = HomeFile.model_validate(loaded)
            numbered = [show_path(path) for path in number_paths(loaded)]
            what = f"{', '.join(numbered)} indeholder noget, der kan være et personnummer"
        except ValidationError as error:
            places = (show_path(wrong["loc"]) if wrong["loc"] else "" for wrong in error.errors())
            what = ", ".join(place or "ikke nøgler med værdier" for place in places)
        except UnicodeDecodeError:
            what = "ikke UTF-8"
        except YamlRefusedError as error:
            what = str(error)
        else:
            if not numbered:
                return own
        raise EffektError(
            "HOME_FILE",
            f"home.yml er ikke, som den skal være ({what})",
            remedy=f"den må kun have {', '.join(HomeFile.model_fields)}",
        )


def home_file_if_readable(home: Home) -> HomeFile | None:
    """``home.yml``, or none where it is wrong or closed: the night that meets it tells that."""
    try:
        return home.read_home_file()
    except (EffektError, OSError):
        return None


def _refuse_newer(loaded: object) -> None:
    found = loaded.get("format") if isinstance(loaded, dict) else None
    if isinstance(found, int) and found > HOME_FORMAT:
        number = shown(str(found))
        raise EffektError(
            "HOME_FORMAT",
            f"home.yml har format {number}, og dette program kender til og med {HOME_FORMAT}",
            remedy="brug den udgave af programmet, som sidst åbnede mappen, eller en nyere",
        )


@dataclass(frozen=True)
class Settings:
    """One command's settings: home, contract folder and business date."""

    home: Home
    contracts_dir: Path
    as_of: dt.date
    area: str | None
    is_earlier: bool = False  # an older truth than the published one is meant to be published

    @property
    def as_of_text(self) -> str:
        """The business date as ``YYYY-MM-DD``."""
        return self.as_of.isoformat()


def resolve_home(home: Path | None) -> Home:
    """``--home``, else ``$EFFEKT_HOME``, else ``./data``.

    Raises:
        UsageError: its path holds what Dagster takes for a pattern or a part of an address: it
            would not find its settings there (telemetry off, one run at a time), or its databases.
    """
    root = (home or Path(os.environ.get("EFFEKT_HOME") or "data")).expanduser().absolute()
    if _NO_HOME_PATH.search(str(root)):
        raise UsageError(
            "mappens sti må ikke indeholde *, ?, [, ] eller % med to hexcifre",
            remedy="flyt mappen, eller brug et link med et andet navn",
        )
    return Home(root)


def find_home(home: Path | None) -> Home:
    """The home that a command needs (see ``resolve_home``); none is made.

    Raises:
        UsageError: ``NO_HOME``: the folder is none, or its path cannot be one's.
    """
    found = resolve_home(home)
    if not found.is_home:
        raise UsageError(
            f"{show_folder(found.root)} er ingen kommunes mappe",
            remedy="angiv den rigtige med --home MAPPE, eller lav en ny: effekt init MAPPE --area"
            " KOMMUNE (en syntetisk kommune: effekt demo)",
            code="NO_HOME",
        )
    return found


def show_folder(folder: Path) -> str:
    """A folder's path as a message may show it: without the number of a person."""
    return str(Path(*map(shown, folder.parts)))


def resolve_contracts_dir(home: Home, contracts: Path | None) -> Path:
    """``--contracts``, else ``<home>/contracts`` if it exists, else the shipped ones."""
    if contracts is not None:
        return contracts.expanduser().absolute()
    own = home.root / "contracts"
    return own if own.is_dir() else SHIPPED_CONTRACTS_DIR


def now() -> dt.datetime:
    """The time in Denmark."""
    return dt.datetime.now(TIME_ZONE)


def today() -> dt.date:
    """The day it is in Denmark; the only place where the wall clock may become a date."""
    return now().date()


def resolve(
    home: Path | None = None,
    contracts: Path | None = None,
    as_of: dt.date | None = None,
    *,
    is_earlier: bool = False,
) -> Settings:
    """Settings of a command; its business date is the one given, else home.yml's, else today.

    Raises:
        UsageError: ``NO_HOME``: the folder is no home.
    """
    resolved = find_home(home)
    own = resolved.read_home_file()
    return Settings(
        home=resolved,
        contracts_dir=resolve_contracts_dir(resolved, contracts),
        as_of=as_of or own.as_of or today(),
        area=own.area,
        is_earlier=is_earlier,
    )
