"""Opening a home: the folders, the keys and ``home.yml`` of a municipality that starts.

What belongs here: making a home where none is. What does not: what a home is (``settings``), and
bringing an older one up (``lib/upgrade``).
"""

from __future__ import annotations

from dagster_project.lib.opening.new_home import NewHome, folder_of, make_home, require_free

__all__ = ["NewHome", "folder_of", "make_home", "require_free"]
