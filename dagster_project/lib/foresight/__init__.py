"""What would be: one question about a contract, answered in a side home.

What belongs here: questions that change nothing. What does not: a rule (the models decide), a
variant of a contract file, which the models price every night (``contracts.variants``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.lib.base.lazy import attributes

if TYPE_CHECKING:
    from dagster_project.lib.foresight.question import Question, ask
    from dagster_project.lib.foresight.telling import Answer
    from dagster_project.lib.foresight.what_if import answer

_HOMES = {"Answer": "telling", "Question": "question", "answer": "what_if", "ask": "question"}

__all__ = ["Answer", "Question", "answer", "ask"]

__getattr__ = attributes(__name__, _HOMES)
