"""How an accepted delivery is read: as its source is declared, with the overlay it came with.

What belongs here: the declaration of a record. What does not: what an overlay of the home says
today (``judging.overlays``).

Rules: I.overlay.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from dagster_project.lib import removals, vault
from dagster_project.lib.base.errors import EXIT_FAILED, EffektError
from dagster_project.lib.receiving.intake.register import Record
from dagster_project.lib.receiving.judging.declarations import Source, load_sources
from dagster_project.lib.receiving.judging.laying import overlaid
from dagster_project.settings import Home


def source_of(home: Home, record: Record) -> Source:
    """The declaration that an accepted delivery is read with.

    Raises:
        EffektError: ``VAULT_BROKEN``: its overlay is missing from the vault or is another one;
            ``SOURCE_DECLARATION``: its source is no longer declared, or no longer so that the
            overlay fits.
    """
    source = load_sources().get(record.source or "")
    if source is None:
        raise EffektError(
            "SOURCE_DECLARATION",
            f"leveringen {record.delivery_id} er af en kilde, der ikke længere er erklæret",
            remedy="læg erklæringen tilbage i seeds/sources/",
        )
    if record.overlay_sha256 is None:
        return source
    return _laid_over(source.source, _overlay_of(home, record.overlay_sha256))


def _overlay_of(home: Home, sha256: str) -> bytes:
    try:
        overlay = vault.Received(home, vault.VAULT, sha256).read()
    except OSError:
        overlay = b""
    if hashlib.sha256(overlay).hexdigest() != sha256:
        raise EffektError(
            "VAULT_BROKEN",
            f"vault/{sha256} (en tilpasning fra sources/) mangler eller er ikke den, den hedder",
            remedy=f"læg vault/{sha256} tilbage fra sikkerhedskopien; navnet er filens sha256",
        )
    return overlay


@lru_cache(maxsize=256)
def _laid_over(source_name: str, overlay: bytes) -> Source:
    try:
        place = "vault (en tilpasning fra sources/)"
        return overlaid(load_sources()[source_name], overlay, place, is_new=False)
    except EffektError as error:
        error.exit_code = EXIT_FAILED
        error.remedy = f"læg seeds/sources/{source_name}.yml tilbage, som den var"
        raise


def kept_of(home: Home, record: Record) -> tuple[vault.Received, bool]:
    """The file that is read of an accepted delivery, and whether it is a sealed copy (F.forget)."""
    copy = removals.removed(home).copy_of(removals.VAULT, record.sha256)
    return vault.Received(home, vault.VAULT, copy or record.sha256), copy is not None


def declared_otherwise(record: Record) -> EffektError:
    """What a load ends with where a whole file gives other rows than when it was accepted."""
    return EffektError(
        "SOURCE_DECLARATION",
        f"{record.file_name} (vault/{record.sha256[:12]}…) er hel, men læses anderledes, end da den"
        f" blev modtaget: seeds/sources/{record.source}.yml er ændret",
        remedy=f"læg seeds/sources/{record.source}.yml tilbage, som den var; en kommunes egen form"
        " hører til i kommunens mappe sources/",
    )
