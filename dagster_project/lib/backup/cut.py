"""Which files of a home an archive holds, copied so that they fit together while nights run.

What belongs here: the order of copying, and noticing that something was exchanged meanwhile. What
does not: the archive.

Documents print heads of the chains, and chains name files: so documents are copied first, then the
chains, each to its length at that moment, then what these chains name. Each record grows before
another names it, so that whatever a night adds meanwhile is not missed. What is exchanged or
removed meanwhile (a key that is changed, a purge) is noticed at the end, and the cut is made again:
a removal writes its line before the first of its files goes.

Rules: F.backup.
Decides: F.backup.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from dagster_project.lib import removals
from dagster_project.lib.backup import listing
from dagster_project.lib.backup.archive import CHUNK, Entry
from dagster_project.lib.base import chained
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.ledger import chain
from dagster_project.lib.receiving.intake import register
from dagster_project.lib.receiving.intake.walk import SIDE_FILE_BYTES, names_sha256
from dagster_project.lib.records import vault
from dagster_project.lib.vault import VAULT, Received
from dagster_project.settings import Home, HomeFile

VAULT_KEY = "vault.key"
"""Name in ``secrets`` of the key that received files are encrypted with, wherever it lay."""
_Seen = tuple[int, int, int, int]


class MovedError(Exception):
    """Something that was to be copied was exchanged or removed meanwhile.

    Args:
        told: what is wrong if it is still so in the last cut.
    """

    def __init__(self, told: EffektError | None = None) -> None:
        super().__init__()
        self.told = told


class Cut:
    """The files of a home for one archive; it is gone through once.

    Args:
        home: the home.
        contracts_dir: its contract files; none where they are those of the product.
    """

    def __init__(self, home: Home, contracts_dir: Path | None) -> None:
        self._home, self._contracts = home, contracts_dir
        self._own = home.read_home_file()
        self._seen: dict[Path, _Seen] = {}

    def entries(self) -> Iterator[Entry]:
        """The files in the order in which they must be copied.

        Raises:
            MovedError: something was exchanged meanwhile; make another cut.
            EffektError: a record is not whole.
        """
        yield from self._documents()
        removed = _read(removals.record_file(self._home))
        for path in sorted(self._home.ledger.glob("*.jsonl")):
            if path != chain.ledger_file(self._home):
                is_removals = path == removals.record_file(self._home)
                yield self._chain(path, removed if is_removals else path.read_bytes())
        raw = _read(chain.ledger_file(self._home))
        events = chain.parse(raw)
        yield self._chain(chain.ledger_file(self._home), raw)
        raw, deliveries = self._register()
        yield self._chain(self._home.vault / register.REGISTER_NAME, raw)
        yield from self._frozen(events)
        yield from self._received(deliveries)
        yield from self._folder(self._home.quarantine)
        yield from self._settings()
        self._require_unmoved()
        if _read(removals.record_file(self._home)) != removed:
            raise MovedError

    def _documents(self) -> Iterator[Entry]:
        """A night may exchange one meanwhile: each is whole as it is copied."""
        for path in _files(self._home.reports / "statements"):
            try:
                yield self._file(path, path.relative_to(self._home.root).as_posix(), is_kept=False)
            except FileNotFoundError:
                continue

    def _register(self) -> tuple[bytes, register.Register]:
        """The bytes of the register, and what exactly these lines say."""
        path = self._home.vault / register.REGISTER_NAME
        raw, found = _read(path), register.load_register(self._home)
        if len(chained.split(raw).lines) != found.line_count:
            raise MovedError
        return raw, found

    def _chain(self, path: Path, raw: bytes) -> Entry:
        """A chain up to its last whole line."""
        torn = len(chained.split(raw).torn)
        whole = raw[: len(raw) - torn]
        return Entry(path.relative_to(self._home.root).as_posix(), len(whole), iter([whole]))

    def _frozen(self, events: chain.Ledger) -> Iterator[Entry]:
        """What approvals stored, and what else the ledger's folder keeps but its chains."""
        for event in events.events:
            if event.is_approval:
                chain.check_frozen(self._home, event)
        named = {
            path
            for event in events.events
            if event.is_approval
            for path, _ in chain.stored_files(self._home, event)
        }
        statements = self._home.ledger / "statements"
        for path in _files(self._home.ledger):
            is_frozen = statements in path.parents
            if path in named or not (is_frozen or _is_chain(self._home, path)):
                yield self._file(path)

    def _received(self, deliveries: register.Register) -> Iterator[Entry]:
        """The files of the vault, each still what its name says."""
        known = {record.sha256 for record in deliveries.records()}
        for kept in vault.kept_files(self._home, deliveries):
            if kept.file.place != VAULT:
                continue
            is_named = kept.record is not None or kept.is_overlay
            if is_named or _is_side_file(kept.file, known):
                _require_whole(kept)
                yield self._file(kept.file.stored)

    def _settings(self) -> Iterator[Entry]:
        """Keys, contracts, overlays and ``home.yml``."""
        foreign = _foreign_secrets(self._home, self._own)
        far = _far_key(self._home)
        for path in _files(self._home.secrets):
            is_replaced = far is not None and path.name == VAULT_KEY
            if path.resolve() not in foreign and not is_replaced:
                yield self._file(path)
        if far is not None:
            yield self._file(far, f"secrets/{VAULT_KEY}")
        yield from self._folder(self._home.sources)
        if self._contracts is not None:
            for path in _files(self._contracts):
                name = path.relative_to(self._contracts).as_posix()
                yield self._file(path, f"contracts/{name}")
        yield self._file(self._home.home_file)

    def _folder(self, folder: Path) -> Iterator[Entry]:
        for path in _files(folder):
            yield self._file(path)

    def _file(self, path: Path, name: str = "", *, is_kept: bool = True) -> Entry:
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            if is_kept:
                raise MovedError from None
            raise
        found = os.fstat(handle)
        if is_kept:
            self._seen[path] = _identity(found)
        name = name or path.relative_to(self._home.root).as_posix()
        return Entry(name, found.st_size, _chunks(handle, found.st_size))

    def _require_unmoved(self) -> None:
        for path, seen in self._seen.items():
            try:
                now = _identity(path.stat())
            except FileNotFoundError:
                raise MovedError from None
            if now != seen:
                raise MovedError


def _identity(found: os.stat_result) -> _Seen:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _chunks(handle: int, size: int) -> Iterator[bytes]:
    """Exactly so many bytes."""
    with os.fdopen(handle, "rb") as stream:
        while size:
            chunk = stream.read(min(CHUNK, size))
            if not chunk:
                raise MovedError
            size -= len(chunk)
            yield chunk


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _files(folder: Path) -> list[Path]:
    """The files below a folder in the order of their names, without hidden ones."""
    return sorted(
        path
        for path in (folder.rglob("*") if folder.is_dir() else ())
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(folder).parts)
    )


def _is_chain(home: Home, path: Path) -> bool:
    return listing.is_chain(path.relative_to(home.root).as_posix())


def _require_whole(kept: vault.Kept) -> None:
    """Refuse a damaged file; a missing one may have been removed meanwhile."""
    damage = vault.find_damage(kept)
    if damage is not None:
        broken = EffektError("VAULT_BROKEN", damage.told, remedy=damage.remedy)
        raise broken if kept.file.is_there else MovedError(broken)


def _is_side_file(file: Received, known: set[str]) -> bool:
    """Whether a file that no line names is the checksum file of a delivery that one names."""
    try:
        with file.opened() as path, path.open("rb") as stream:
            raw = stream.read(SIDE_FILE_BYTES + 1)
    except FileNotFoundError:
        raise MovedError from None
    text = raw.decode("utf-8", "replace")
    return len(raw) <= SIDE_FILE_BYTES and any(names_sha256(text, sha256) for sha256 in known)


def _far_key(home: Home) -> Path | None:
    """The key of received files, where ``home.yml`` names another than ``secrets/vault.key``."""
    key = home.vault_key_file
    return None if key == home.secrets / VAULT_KEY or not key.is_file() else key


def _foreign_secrets(home: Home, own: HomeFile) -> set[Path]:
    """What opens other systems and not this home: the server's address and the proxy's secret."""
    postgres = own.publish.postgres
    named = [own.ui.proxy_secret_file, postgres.dsn_file if postgres else None]
    return {(home.root / path.expanduser()).resolve() for path in named if path is not None}
