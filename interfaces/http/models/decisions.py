"""Bodies and queries about decisions."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from domain.decisions.decision import MAX_FEATURES, Outcome
from interfaces.http.models.base import (
    Body,
    CausedBody,
    Instant,
    Name,
    Names,
    PageQuery,
    Position,
    Query,
    SessionId,
    Text,
    Version,
)

_CONTEXT = "The context that it was made in: any JSON. Its hash is kept, not itself."
_HASH = "Names the context instead, however you compute it."
_FEATURES = f"What the situation was like, at most {MAX_FEATURES}; each counts once."


class InContext(Body):
    """Names a context, by itself or by its hash."""

    context: Any = Field(None, description=_CONTEXT)
    context_hash: Name | None = Field(None, description=_HASH)
    features: Names = Field([], description=_FEATURES)

    @model_validator(mode="after")
    def _one_name(self) -> InContext:
        if self.context is not None and self.context_hash is not None:
            raise ValueError("name the context by context or by contextHash, not by both")
        return self


class MakeDecisionRequest(InContext, CausedBody):
    """A decision that was made; an id is made if none is given."""

    id: Name | None = None
    session_id: SessionId
    task_id: Name | None = None
    agent_id: Name | None = None
    user_id: Name | None = None
    type: Name = "generic"
    decision: Any = Field(description="What was decided: any JSON.")
    alternatives: Annotated[list[Any], Field(max_length=100)] = Field([], description="What else could have been.")
    confidence: Annotated[float, Field(ge=0, le=1)] | None = Field(None, description="From 0 to 1.")
    autonomous: bool = Field(False, description="Nobody was asked.")
    reasoning: Text | None = None
    metadata: dict[str, Any] = {}
    encrypt: bool | None = Field(None, description="Encrypt it; left out: as CONTEXTLINE_ENCRYPT_DEFAULT says.")


class ChangeDecisionRequest(CausedBody):
    """A change of a decision, from a session or an agent; left out: from the decision's session."""

    session_id: SessionId | None = None
    agent_id: Name | None = None
    expected_version: Version | None = None


class OutcomeRequest(ChangeDecisionRequest):
    """How a decision turned out; what was said before is corrected."""

    outcome: Outcome
    details: Any = None
    reason: Text | None = None


class OverrideRequest(ChangeDecisionRequest):
    """A person decided otherwise."""

    by: Name = Field(description="Who did.")
    instead: Any = Field(description="What is to be done instead: any JSON.")
    reason: Text | None = None


class FeedbackRequest(ChangeDecisionRequest):
    """What somebody thinks of a decision."""

    score: Annotated[float, Field(ge=-1, le=1)] = Field(description="From -1 (harmful) through 0 to 1 (just right).")
    by: Name | None = None
    comment: Text | None = None


class SimilarRequest(InContext):
    """Which situation to find earlier decisions of."""

    type: Name | None = None
    agent_id: Name | None = None
    min_similarity: Annotated[float, Field(gt=0, le=1)] = Field(
        0.3, description="Least Jaccard index of the features: those that both have, divided by those that either has."
    )
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    min_position: Position = 0
    timeout: Annotated[float, Field(gt=0, le=60)] | None = Field(None, description="Seconds to wait for minPosition.")

    @model_validator(mode="after")
    def _something(self) -> SimilarRequest:
        if self.context is None and self.context_hash is None and not self.features:
            raise ValueError("needs a context, a contextHash or features to compare with")
        return self


class DecisionQuery(Query):
    """Names a decision; its id may stand in the path instead."""

    id: str | None = None


class DecisionListQuery(PageQuery):
    """Filters; those given must all hold."""

    session_id: SessionId | None = None
    task_id: Name | None = None
    agent_id: Name | None = None
    user_id: Name | None = None
    type: Name | None = None
    outcome: Outcome | None = None
    autonomous: bool | None = None
    context_hash: Name | None = None
    feature: Annotated[list[Name], Field(max_length=16)] = Field([], description="All of them; repeatable.")
    created_from: Instant | None = None
    created_to: Instant | None = Field(None, description="Before it.")
