"""Synthetic municipalities for `effekt demo`: the same bytes on every machine and every day.

Only replacement numbers (day + 60) stand in the files, so that none can be a real person's.

Rules: P.synthetic.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from dagster_project.demo import hedensted, koebenhavn, slagelse
from dagster_project.demo.extracts import Files
from dagster_project.lib.base import files
from dagster_project.lib.base.errors import NotAllowedError, UsageError
from dagster_project.settings import HOME_FORMAT, Home

_TOWNS: dict[str, tuple[str, Callable[[], Files]]] = {
    hedensted.AREA: (hedensted.AS_OF, hedensted.build),
    koebenhavn.AREA: (koebenhavn.AS_OF, koebenhavn.build),
    slagelse.AREA: (slagelse.AS_OF, slagelse.build),
}
AREAS = tuple(_TOWNS)


@dataclass(frozen=True)
class DemoReport:
    """What the demo wrote."""

    area: str
    as_of: dt.date
    files: int
    bytes: int


def write_demo(home: Home, area: str = hedensted.AREA) -> DemoReport:
    """Write a synthetic municipality's files into ``landing/`` and its date into ``home.yml``.

    Args:
        home: the home to fill; its folders are created.
        area: one of ``AREAS``.

    Raises:
        UsageError: there is no such synthetic municipality.
        NotAllowedError: the home belongs to another municipality.
    """
    if area not in _TOWNS:
        raise UsageError(
            "der er ingen syntetisk kommune af det navn",
            remedy=f"vælg en af: {', '.join(AREAS)}",
        )
    is_new, own = home.ensure().is_new, home.read_home_file()
    if own.area not in (None, area):
        raise NotAllowedError(
            "DEMO_AREA",
            "mappen er en anden kommunes",
            remedy="angiv en mappe for sig selv med --home",
        )
    as_of, build = _TOWNS[area]
    texts = build()
    for name, text in texts.items():
        files.make_dir((home.landing / name).parent)
        files.write_atomic(home.landing / name, text)
    files.write_atomic(
        home.home_file,
        f"format: {HOME_FORMAT if is_new else own.format}\narea: {area}\nas_of: {as_of}\n",
    )
    size = sum(len(text.encode("utf-8")) for text in texts.values())
    return DemoReport(area, dt.date.fromisoformat(as_of), len(texts), size)
