"""The contract file: strict reading, the model, its tables, its published schema."""

from dagster_project.lib.contracts.checks import find_warnings
from dagster_project.lib.contracts.loader import (
    contract_from_json,
    load_contracts,
    read_as,
    read_contract,
    read_contract_problems,
    set_otherwise,
)
from dagster_project.lib.contracts.model import Contract
from dagster_project.lib.contracts.periods import Period, list_periods
from dagster_project.lib.contracts.schema import schema_text, write_schema
from dagster_project.lib.contracts.tables import write_contracts

__all__ = [
    "Contract", "Period", "contract_from_json", "find_warnings", "list_periods", "load_contracts",
    "read_as", "read_contract", "read_contract_problems", "schema_text", "set_otherwise",
    "write_contracts", "write_schema",
]  # fmt: skip
