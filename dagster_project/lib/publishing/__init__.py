"""Publishing: the candidate's files, its manifest, and the atomic step that readers see."""

from dagster_project.lib.publishing.atomic import (
    PublishReport,
    Snapshot,
    current_snapshot,
    publish,
)
from dagster_project.lib.publishing.candidate import (
    Candidate,
    append_audit,
    build_candidate,
    find_candidate,
)
from dagster_project.lib.publishing.closed_rooms import remove_old_rooms
from dagster_project.lib.publishing.dates import (
    date_of_decision,
    require_not_after_today,
    require_publishable,
)
from dagster_project.lib.publishing.leftovers import clean_leftovers
from dagster_project.lib.publishing.manifest import check_snapshot, differing_files

__all__ = [
    "Candidate",
    "PublishReport",
    "Snapshot",
    "append_audit",
    "build_candidate",
    "check_snapshot",
    "clean_leftovers",
    "current_snapshot",
    "date_of_decision",
    "differing_files",
    "find_candidate",
    "publish",
    "remove_old_rooms",
    "require_not_after_today",
    "require_publishable",
]
