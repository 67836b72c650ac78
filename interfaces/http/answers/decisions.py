"""Answers about decisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.decisions.decision import Decision
from domain.decisions.likeness import Found, Tally, summarise
from interfaces.http.answers.base import Answer


def decision_document(decision: Decision) -> dict[str, Any]:
    """A decision."""
    override, feedback = decision.override, decision.feedback
    return {
        "id": decision.id,
        "sessionId": decision.session_id,
        "taskId": decision.task_id,
        "agentId": decision.agent_id,
        "userId": decision.user_id,
        "type": decision.type,
        "contextHash": decision.context_hash,
        "features": decision.features,
        "decision": decision.decision,
        "alternatives": decision.alternatives,
        "confidence": decision.confidence,
        "autonomous": decision.autonomous,
        "reasoning": decision.reasoning,
        "metadata": decision.metadata,
        "outcome": decision.outcome,
        "outcomeDetails": decision.outcome_details,
        "outcomeReason": decision.outcome_reason,
        "outcomeAt": decision.outcome_at,
        "userOverride": override
        and {"by": override.by, "instead": override.instead, "reason": override.reason, "at": override.at},
        "feedback": feedback
        and {"score": feedback.score, "by": feedback.by, "comment": feedback.comment, "at": feedback.at},
        "encrypted": decision.encrypted,
        "version": decision.version,
        "position": decision.position,
        "createdAt": decision.created_at,
        "updatedAt": decision.updated_at,
    }


def similar_document(context_hash: str | None, found: list[Found], complete: bool) -> dict[str, Any]:
    """What was found, and how it turned out."""
    summary = summarise(found)
    return {
        "contextHash": context_hash,
        "items": [
            {
                "similarity": item.similarity,
                "sameContext": item.same_context,
                "decision": decision_document(item.decision),
            }
            for item in found
        ],
        "complete": complete,
        "summary": {
            **_tally(summary.all),
            "byDecision": [{"decision": group.decision, **_tally(group.tally)} for group in summary.by_decision],
        },
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "decisions": tally.decisions,
        "outcomes": tally.outcomes,
        "overridden": tally.overridden,
        "meanFeedback": tally.mean_feedback,
    }


class OverrideAnswer(Answer):
    """Who decided otherwise."""

    by: str
    instead: Any
    reason: str | None
    at: datetime


class FeedbackAnswer(Answer):
    """What somebody thinks of it: `score` from -1 to 1."""

    score: float
    by: str | None
    comment: str | None
    at: datetime


class DecisionAnswer(Answer):
    """A decision; `outcome` is success, failure, partial or unknown."""

    id: str
    session_id: str
    task_id: str | None
    agent_id: str | None
    user_id: str | None
    type: str
    context_hash: str | None
    features: list[str]
    decision: Any
    alternatives: list[Any]
    confidence: float | None
    autonomous: bool
    reasoning: str | None
    metadata: dict[str, Any]
    outcome: str
    outcome_details: Any
    outcome_reason: str | None
    outcome_at: datetime | None
    user_override: OverrideAnswer | None
    feedback: FeedbackAnswer | None
    encrypted: bool
    version: int
    position: int
    created_at: datetime
    updated_at: datetime


class DecisionPage(Answer):
    """A page; `nextCursor` is null on the last."""

    items: list[DecisionAnswer]
    next_cursor: str | None


class SimilarDecision(Answer):
    """An earlier decision, and how much its situation was like the one asked about: 0 to 1."""

    similarity: float
    same_context: bool
    decision: DecisionAnswer


class TallyAnswer(Answer):
    """How decisions turned out; `meanFeedback` is null where none has feedback."""

    decisions: int
    outcomes: dict[str, int]
    overridden: int
    mean_feedback: float | None


class ValueTallyAnswer(TallyAnswer):
    """The same for those that decided one value."""

    decision: Any


class SummaryAnswer(TallyAnswer):
    """How the decisions in the answer turned out."""

    by_decision: list[ValueTallyAnswer]


class SimilarAnswer(Answer):
    """The most alike first, newest first among equals; `complete`: none that is like enough was left out of the search.

    It is false where too many decisions share the features that would tell them apart: then the newest were compared.
    """

    context_hash: str | None
    items: list[SimilarDecision]
    complete: bool
    summary: SummaryAnswer
