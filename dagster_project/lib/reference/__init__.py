"""Reference tables of ``seeds/``: benefit codes and names, expenditure, the documents' figures."""

from dagster_project.lib.reference.tables import (
    SEEDS,
    KnownGroups,
    Reference,
    groups_of,
    load_benefit_codes,
    load_reference,
    write_reference,
)

__all__ = [
    "SEEDS", "KnownGroups", "Reference", "groups_of", "load_benefit_codes", "load_reference",
    "write_reference",
]  # fmt: skip
