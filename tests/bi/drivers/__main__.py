"""``python -m tests.bi.drivers``: install the drivers."""

from tests.bi import drivers

drivers.install()
