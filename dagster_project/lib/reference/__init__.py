"""Reference tables of ``seeds/``: benefit codes and names, expenditure, the documents' figures."""

from dagster_project.lib.reference.tables import (
    SEEDS,
    Benefits,
    KnownGroups,
    Reference,
    groups_of,
    load_benefit_codes,
    load_benefits,
    load_reference,
    write_reference,
)

__all__ = [
    "SEEDS", "Benefits", "KnownGroups", "Reference", "groups_of", "load_benefit_codes",
    "load_benefits", "load_reference", "write_reference",
]  # fmt: skip
