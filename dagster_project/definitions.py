"""The code location: everything in ``defs/``, run in process (docs/adr/0002).

What belongs here: nothing but this. What does not: assets, jobs, resources (``defs/``).
"""

import dagster as dg

from dagster_project import defs as rooms

defs = dg.Definitions.merge(
    dg.load_definitions_from_package_module(rooms),
    dg.Definitions(executor=dg.in_process_executor),
)
