"""Causes of changed approved amounts: the kind of input that, put back, changes the amount back.

What belongs here: putting one kind of input back at a time in a side warehouse, in the order of the
law, and naming the delivery that brought the change. What does not: the amounts themselves (dbt).

A kind is put back for all, but whether a course has a place among the others is held as it is today
while participant, exit, claim and register are tried: what other courses do to a course is the kind
``quota_changed``, the last one.

Rules: S.cause.
Decides: S.cause.
"""

from dagster_project.lib.trace.causes.search import find_causes

__all__ = ["find_causes"]
