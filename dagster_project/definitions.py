"""The code location: everything in ``defs/``, run in process (docs/adr/0002).

What belongs here: nothing but this. What does not: assets, jobs, resources (``defs/``).
"""

import dagster as dg

from dagster_project import defs as rooms
from dagster_project.defs import jobs, resources, schedules, sensors

defs = dg.Definitions(
    assets=dg.load_assets_from_package_module(rooms),
    jobs=jobs.ALL,
    schedules=[schedules.nightly],
    sensors=[sensors.landing_files],
    resources={
        "night": resources.NightResource.configure_at_launch(),
        "place": resources.HomeResource.configure_at_launch(),
    },
    executor=dg.in_process_executor,
)
