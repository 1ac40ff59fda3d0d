"""The code location: everything in ``defs/``, run in process (docs/adr/0002).

What belongs here: nothing but this. What does not: assets, jobs, resources (``defs/``).
"""

import dagster as dg

from dagster_project.defs import assets, jobs, resources, schedules, sensors

defs = dg.Definitions(
    assets=assets.ALL,
    jobs=jobs.ALL,
    schedules=[schedules.nightly],
    sensors=[sensors.landing_files],
    resources={
        "night": resources.NightResource.configure_at_launch(),
        "place": resources.HomeResource.configure_at_launch(),
    },
    executor=dg.in_process_executor,
)
