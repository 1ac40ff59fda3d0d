"""The code location: everything in ``defs/``, run in process (docs/adr/0002).

What belongs here: nothing but this. What does not: assets, jobs, resources (``defs/``).
"""

import dagster as dg

from dagster_project.defs import assets, externals, jobs, resources, schedules, sensors

defs = dg.Definitions(
    assets=[*assets.ALL, *externals.ALL],
    jobs=jobs.ALL,
    schedules=[schedules.nightly],
    sensors=[sensors.landing_files, sensors.ledger_events, sensors.alarms],
    resources={
        "night": resources.held,
        "place": resources.asked,
        "io_manager": resources.nothing,
    },
    executor=jobs.in_process,
    loggers={"console": jobs.console},
)
