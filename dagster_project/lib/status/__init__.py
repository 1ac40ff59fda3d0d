"""The state of a home on one screen: what is published, held, refused, due, and what changed."""

from dagster_project.lib.status.published import Published, is_broken, published_now
from dagster_project.lib.status.state import Ending, Status, look

__all__ = ["Ending", "Published", "Status", "is_broken", "look", "published_now"]
