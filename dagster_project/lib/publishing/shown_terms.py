"""The terms that a published snapshot was computed with: the contract file, while it is still that.

What belongs here: refusing to show or act on figures together with terms that they were not
computed with. What does not: approved figures, whose terms the ledger keeps.

Rules: S.fresh.
"""

from __future__ import annotations

from dagster_project.lib.base.errors import NotAllowedError
from dagster_project.lib.contracts import Contract, read_contract
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.publishing import named
from dagster_project.lib.publishing.snapshot import Snapshot
from dagster_project.settings import Settings


def read_shown_terms(settings: Settings, snapshot: Snapshot, contract_id: str) -> Contract:
    """The contract that a snapshot's figures follow.

    Raises:
        UsageError: the snapshot has no such contract (exit 2).
        NotAllowedError: ``SNAPSHOT_STALE``: file or code are others than the snapshot's (exit 3).
        EffektError: the file is missing or wrong.
    """
    require_own_format(snapshot)
    published = snapshot.rows(
        "select terms_sha256 from mart.contract where contract_id = ?", [contract_id]
    )
    if not published:
        raise named.unknown_contract(snapshot, contract_id)
    contract = read_contract(settings.contracts_dir / f"{contract_id}.yml", None)
    if contract.terms_sha256 != published[0]["terms_sha256"]:
        raise _stale(f"{contract_id}.yml er ændret efter det nyeste øjebliksbillede")
    return contract


def require_own_format(snapshot: Snapshot) -> None:
    """Refuse a snapshot from before an upgrade, whose tables are others than today's."""
    if snapshot.manifest.get("format", 1) != manifests.FORMAT:
        raise _stale("det nyeste øjebliksbillede er fra før mappen blev bragt op til dette program")


def _stale(message: str) -> NotAllowedError:
    return NotAllowedError("SNAPSHOT_STALE", message, remedy="kør `effekt run`, og se tallene igen")
