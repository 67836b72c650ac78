"""Results of calls about decisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contextline.types.base import Result


class UserOverride(Result, frozen=True, kw_only=True):
    """Who decided otherwise, what instead, why and when."""

    by: str
    instead: Any
    reason: str | None = None
    at: datetime


class Feedback(Result, frozen=True, kw_only=True):
    """What somebody thinks of a decision: `score` from -1 (harmful) through 0 to 1 (just right)."""

    score: float
    by: str | None = None
    comment: str | None = None
    at: datetime


class Decision(Result, frozen=True, kw_only=True):
    """A decision: `outcome` is "success", "failure", "partial" or "unknown"; `confidence` 0 to 1, None if not told."""

    id: str
    session_id: str
    task_id: str | None = None
    agent_id: str | None = None
    user_id: str | None = None
    type: str
    context_hash: str | None = None
    features: list[str] = []
    decision: Any
    alternatives: list[Any] = []
    confidence: float | None = None
    autonomous: bool = False
    reasoning: str | None = None
    metadata: dict[str, Any] = {}
    outcome: str = "unknown"
    outcome_details: Any = None
    outcome_reason: str | None = None
    outcome_at: datetime | None = None
    user_override: UserOverride | None = None
    feedback: Feedback | None = None
    encrypted: bool = False
    version: int
    position: int
    created_at: datetime
    updated_at: datetime


class SimilarDecision(Result, frozen=True, kw_only=True):
    """An earlier decision, and how much its situation was like the one asked about: 0 to 1."""

    similarity: float
    same_context: bool
    decision: Decision


class Tally(Result, frozen=True, kw_only=True):
    """How decisions turned out: so many of each outcome, so many overridden, the mean of their feedback if any."""

    decisions: int
    outcomes: dict[str, int]
    overridden: int = 0
    mean_feedback: float | None = None


class ValueTally(Tally, frozen=True, kw_only=True):
    """The same for those that decided one value."""

    decision: Any


class Summary(Tally, frozen=True, kw_only=True):
    """How the decisions that were found turned out; `by_decision` for each value, the most frequent first."""

    by_decision: list[ValueTally] = []


class SimilarDecisions(Result, frozen=True, kw_only=True):
    """Those of the same context first, then the most alike, newest first among equals.

    `complete`: no decision that is like enough was left out of the search. It is False where too many share the
    features that would tell them apart; then the newest of those were compared.
    """

    context_hash: str | None = None
    items: list[SimilarDecision]
    complete: bool = True
    summary: Summary
