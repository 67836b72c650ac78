"""Answers about what is relevant."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.capture.relationships import Relationship
from domain.relevance import Relevance
from interfaces.http.answers.base import Answer
from interfaces.http.answers.capture import RelationshipItem, relationship_document
from interfaces.http.answers.contexts import ListedContext, context_document
from interfaces.recalling import Budget, Recalled, Recollection


def recollection_document(found: Recollection, budget: Budget, now: datetime) -> dict[str, Any]:
    """What was recalled."""
    return {
        "items": [recalled_document(each) for each in found.taken],
        "relationships": [relationship_document(each) for each in among(found)],
        "budget": {"unit": budget.unit, "size": budget.size, "used": found.used, "limit": budget.limit},
        "candidates": found.candidates,
        "activeTasks": [task.id for task in found.tasks],
        "at": now,
    }


def recalled_document(each: Recalled) -> dict[str, Any]:
    """One of them, with its score and what it is made of."""
    row = each.row
    document = context_document(row)
    document["accessCount"], document["lastAccessedAt"] = row.access_count, row.last_accessed_at
    if row.data is not None:
        (document["data"],) = row.data
    document["relevance"] = relevance_document(each.relevance)
    document["cost"] = each.cost
    return document


def relevance_document(relevance: Relevance) -> dict[str, float]:
    """A score, and its parts before their weights."""
    return {
        "score": relevance.score,
        "timeDecay": relevance.time_decay,
        "accessBoost": relevance.access_boost,
        "relationships": relevance.relationships,
        "taskRelevance": relevance.task_relevance,
    }


def among(found: Recollection) -> list[Relationship]:
    """The relationships among those that were taken."""
    keys = {each.row.key for each in found.taken}
    return [each for each in found.relationships if each.start in keys and each.end in keys]


class RelevanceItem(Answer):
    """score = 0.3 · timeDecay + 0.2 · accessBoost + 0.25 · relationships + 0.25 · taskRelevance, at most 1."""

    score: float
    time_decay: float
    access_boost: float
    relationships: float
    task_relevance: float


class RecalledContext(ListedContext):
    """A context with its data; `cost` is what it takes of the budget."""

    relevance: RelevanceItem
    cost: int


class BudgetItem(Answer):
    """What was asked for and what was used, in bytes of JSON or in tokens."""

    unit: str
    size: int | None
    used: int
    limit: int


class RelevantAnswer(Answer):
    """The most relevant first. `at` is the instant that scores are of; `activeTasks` those that counted."""

    items: list[RecalledContext]
    relationships: list[RelationshipItem]
    budget: BudgetItem
    candidates: int
    active_tasks: list[str]
    at: datetime
