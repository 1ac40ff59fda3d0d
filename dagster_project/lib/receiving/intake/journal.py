"""The intent journal of receiving: what was decided is written down before anything is moved.

What belongs here: making a decision durable and carrying it out, again after a crash if need be.
What does not: deciding. Before the journal is written nothing has changed; once it is written,
every step can be repeated: a killed run is finished by the next one, with the same decisions.

Rules: F.killed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.lib.base import files
from dagster_project.lib.base.canonical import canonical_json
from dagster_project.lib.receiving.intake import report
from dagster_project.lib.receiving.intake.register import Record, Register
from dagster_project.lib.receiving.intake.untold import note_untold
from dagster_project.lib.receiving.intake.walk import (
    Staged,
    identity_of,
    opened_folder,
    side_sha256,
)
from dagster_project.settings import Home

INCOMING = ".incoming"
JOURNAL = "journal.json"


@dataclass(frozen=True)
class Decision:
    """One landed file and what becomes of it.

    Args:
        staged: the file.
        record: its line in the register, None for a mere repetition.
        place: ``vault`` or ``quarantine``.
        overlay: bytes of the overlay that it was read with; they go into the vault.
    """

    staged: Staged
    record: Record | None
    place: str
    overlay: bytes | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain mapping; file names as hex of their bytes, for they may be no text."""
        found = self.staged.found
        return {
            "folders": [os.fsencode(folder).hex() for folder in found.folders],
            "name": os.fsencode(found.name).hex(),
            "side_name": os.fsencode(found.side_name).hex() if found.side_name else None,
            "identity": list(found.identity),
            "sha256": self.staged.sha256,
            "side_sha256": self.staged.side[0] if self.staged.side else None,
            "in_place": self.staged.path is None,
            "place": self.place,
            "record": self.record.as_line() if self.record else None,
        }


def incoming_folder(home: Home) -> Path:
    """The private folder for files whose fate is not decided."""
    return home.vault / INCOMING


def commit(home: Home, register: Register, decisions: list[Decision]) -> None:
    """Write the decisions down, then carry them out.

    Raises:
        OSError: the disk is full or broken; nothing is decided unless the journal stands.
    """
    for decision in decisions:
        decision.staged.wait_until_written()
    path = incoming_folder(home) / JOURNAL
    overlays = {decision.overlay for decision in decisions if decision.record} - {None}
    written = [decision.as_json() for decision in decisions]
    written[0]["overlays"] = sorted(overlay.hex() for overlay in overlays if overlay is not None)
    files.write_atomic(path, canonical_json(written))
    _carry_out(home, register, path)


def recover(home: Home, register: Register) -> bool:
    """Finish what a killed run decided; then empty the folder of undecided files.

    Returns:
        whether there was anything to finish.
    """
    incoming = incoming_folder(home)
    files.make_dir(incoming)
    path = incoming / JOURNAL
    finished = path.is_file()
    if finished:
        _carry_out(home, register, path)
    for left in incoming.iterdir():
        shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
    return finished


def _carry_out(home: Home, register: Register, path: Path) -> None:
    decisions = json.loads(path.read_text(encoding="utf-8"))
    for decision in sorted(decisions, key=lambda decision: decision["place"] != "vault"):
        _store(home, decision)
    for overlay in decisions[0].get("overlays", ()):
        _store_overlay(home, bytes.fromhex(overlay))
    for folder in (home.vault, home.quarantine):
        files.fsync_dir(folder)
    register.append([decision["record"] for decision in decisions if decision["record"]])
    note_untold(
        home,
        (
            (decision["record"]["delivery_id"], decision["record"]["file_name"])
            for decision in decisions
            if decision["record"] and decision["place"] == "quarantine"
        ),
    )
    refused = {d["sha256"] for d in decisions if d["place"] == "quarantine"}
    for record in register.refused():
        if record.sha256 in refused:
            report.write_reports(home.quarantine, register, record.sha256)
            refused.discard(record.sha256)
    for decision in decisions:
        _remove_landed(home, decision)
    path.unlink()
    files.fsync_dir(path.parent)


def _store(home: Home, decision: dict[str, Any]) -> None:
    """Move the staged bytes to their place (a second time: nothing is left to move).

    The same bytes may lie under two names, one accepted and one refused: the vault gets them first,
    and quarantine a copy.
    """
    folder = {"vault": home.vault, "quarantine": home.quarantine}[decision["place"]]
    incoming = incoming_folder(home)
    if decision["in_place"]:
        _move_in_place(home, decision, folder / decision["sha256"])
    for digest in (decision["sha256"], decision["side_sha256"]):
        if digest and (incoming / digest).is_file():
            _move(incoming / digest, folder / digest)
        elif digest and (home.vault / digest).is_file() and not (folder / digest).is_file():
            _copy(home.vault / digest, folder / digest)


def _store_overlay(home: Home, overlay: bytes) -> None:
    path = home.vault / hashlib.sha256(overlay).hexdigest()
    if not path.is_file():
        files.write_atomic(path, overlay)


def _move(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(source, target)
        source.unlink()
    target.chmod(files.FILE_PRIVATE)


def _copy(source: Path, target: Path) -> None:
    aside = target.with_name(f".{target.name}.tmp")
    shutil.copyfile(source, aside)
    files.fsync_file(aside)
    aside.chmod(files.FILE_PRIVATE)
    aside.replace(target)


def _landed(decision: dict[str, Any]) -> tuple[tuple[str, ...], str]:
    folders = tuple(os.fsdecode(bytes.fromhex(folder)) for folder in decision["folders"])
    return folders, os.fsdecode(bytes.fromhex(decision["name"]))


def _move_in_place(home: Home, decision: dict[str, Any], target: Path) -> None:
    folders, name = _landed(decision)
    try:
        with opened_folder(home.landing, folders) as folder:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if list(identity_of(status)) == decision["identity"]:
                _move(Path(f"/proc/self/fd/{folder}") / name, target)
    except FileNotFoundError:
        return


def _remove_landed(home: Home, decision: dict[str, Any]) -> None:
    """Take the file and its checksum file out of landing, unless another took its place."""
    folders, name = _landed(decision)
    try:
        with opened_folder(home.landing, folders) as folder:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if list(identity_of(status)) == decision["identity"]:
                os.unlink(name, dir_fd=folder)
            if decision["side_name"] and decision["side_sha256"]:
                side = os.fsdecode(bytes.fromhex(decision["side_name"]))
                if side_sha256(folder, side) == decision["side_sha256"]:
                    os.unlink(side, dir_fd=folder)
    except OSError:
        return
