"""What a reconstruction answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from interfaces.accompanying import MOST_CONFLICTS
from interfaces.http.answers.base import Answer
from interfaces.http.answers.capture import RelationshipItem, relationship_document
from interfaces.http.answers.conflicts import OpenConflictItem, open_conflict_document
from interfaces.http.answers.contexts import ListedContext, context_document
from interfaces.http.answers.decisions import DecisionAnswer, decision_document
from interfaces.http.answers.preferences import PreferencesAnswer, preferences_document
from interfaces.http.answers.recall import BudgetItem, RecalledContext, recalled_document
from interfaces.http.answers.sessions import SessionAnswer, session_document
from interfaces.http.answers.tasks import TaskAnswer, task_document
from interfaces.recalling import Budget
from interfaces.reconstructing import Reconstruction


def reconstruction_document(made: Reconstruction, budget: Budget) -> dict[str, Any]:
    """All of it."""
    found = made.found
    return {
        "session": session_document(made.session, made.moment),
        "activeTasks": [task_document(task) for task in made.tasks],
        "relevant": [recalled_document(each) for each in found.taken],
        "recent": [context_document(row) for row in made.recent],
        "preferences": None
        if made.session.user_id is None
        else preferences_document(made.session.user_id, made.preferences),
        "decisions": [decision_document(decision) for decision in made.decisions],
        "conflicts": [
            {"namespace": each.namespace, "key": each.key, **open_conflict_document(each.conflict)}
            for each in made.conflicts[:MOST_CONFLICTS]
        ],
        "openConflicts": len(made.conflicts),
        "relationships": [relationship_document(each) for each in found.relationships],
        "budget": {"unit": budget.unit, "size": budget.size, "used": found.used, "limit": budget.limit},
        "candidates": found.candidates,
        "complete": made.complete,
        "position": made.position,
        "at": made.at,
    }


class ConflictOfContext(OpenConflictItem):
    """An open conflict, and of which context."""

    namespace: str
    key: str


class ReconstructAnswer(Answer):
    """A session at an instant: what is relevant comes with its data, what is recent without.

    `preferences` are those of the session's user, null where it has none; `decisions` the 20 made last; `conflicts`
    those that are open in the contexts of the answer, at most 100 of `openConflicts`. `relationships` are those among
    all candidates; `position` is that of the log up to which all of this is told, the read model's where it is of now.
    `complete` false: the session had more than 5,000 contexts and tasks then, and not all were looked at.
    """

    session: SessionAnswer
    active_tasks: list[TaskAnswer]
    relevant: list[RecalledContext]
    recent: list[ListedContext]
    preferences: PreferencesAnswer | None
    decisions: list[DecisionAnswer]
    conflicts: list[ConflictOfContext]
    open_conflicts: int
    relationships: list[RelationshipItem]
    budget: BudgetItem
    candidates: int
    complete: bool
    position: int
    at: datetime
