"""The Decision aggregate: state, decisions and folding, as pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal, get_args
from uuid import UUID

import msgspec

from domain.contexts.identity import name_fault
from domain.decisions.commands import Command, GiveFeedback, MakeDecision, Override, RecordOutcome
from domain.decisions.events import (
    DecisionErased,
    DecisionEvent,
    DecisionFeedbackGiven,
    DecisionMade,
    DecisionOutcomeRecorded,
    DecisionOverridden,
)
from domain.erasure import Erased, Subject
from domain.errors import (
    AlreadyExistsError,
    DecisionErasedError,
    DecisionNotFoundError,
    Fault,
    InvalidInputError,
    VersionConflictError,
)
from domain.recorded import Event, Recorded
from domain.values import Json

Outcome = Literal["success", "failure", "partial", "unknown"]
"""How a decision can have turned out; unknown until somebody says."""

OUTCOMES: tuple[str, ...] = get_args(Outcome)
UNKNOWN: Outcome = "unknown"

MAX_ID_LENGTH = 256
"""Of a decision's id, in Unicode code points."""

MAX_FEATURES = 256


class UserOverride(msgspec.Struct, frozen=True, kw_only=True):
    """Who decided otherwise, what instead, why and when."""

    by: str
    instead: Json
    reason: str | None
    at: datetime


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody thinks of a decision: `score` from -1 to 1."""

    score: float
    by: str | None
    comment: str | None
    at: datetime


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision at one version. `outcome` is one of OUTCOMES; `outcome_at` is None until somebody said how it went."""

    SHAPE: ClassVar[int] = 1
    """Raise it when the fields change: snapshots of another shape are ignored."""

    stream_id: UUID
    id: str
    version: int
    position: int
    session_id: str
    task_id: str | None
    agent_id: str | None
    user_id: str | None
    type: str
    context_hash: str | None
    features: tuple[str, ...]
    decision: Json
    alternatives: list[Json]
    confidence: float | None
    autonomous: bool
    reasoning: str | None
    metadata: dict[str, Any]
    outcome: str
    outcome_details: Json
    outcome_reason: str | None
    outcome_at: datetime | None
    override: UserOverride | None
    feedback: Feedback | None
    created_at: datetime
    updated_at: datetime
    encrypted: bool
    erased: bool = False


def stream_name(decision_id: str) -> str:
    """The name of a decision's stream."""
    return f"decision\n{decision_id}"


def parse_stream_name(name: str) -> str:
    """The id of a decision's stream."""
    return name.split("\n")[1]


def check_id(decision_id: str, pointer: str = "/id") -> None:
    """Refuse an id that breaks the rules.

    Raises:
        InvalidInputError: it is empty, longer than 256 code points, or holds control characters.
    """
    fault = name_fault(decision_id, MAX_ID_LENGTH) if decision_id else "a decision's id has at least one character"
    if fault:
        raise InvalidInputError.at(pointer, fault)


def make(decision: Decision | None, command: MakeDecision) -> list[DecisionEvent]:
    """Decide that a decision was made. A feature that is named twice counts once.

    Raises:
        AlreadyExistsError: that id was used before.
        InvalidInputError: the confidence is not from 0 to 1, or there are more than 256 features.
    """
    if decision is not None:
        state = "was erased" if decision.erased else "exists"
        raise AlreadyExistsError(f"decision {decision.id!r} {state}: an id can be used once", decision.version)
    faults = []
    if command.confidence is not None and not 0 <= command.confidence <= 1:
        faults.append(Fault("/confidence", f"is from 0 to 1, not {command.confidence}"))
    features = tuple(dict.fromkeys(command.features))
    if len(features) > MAX_FEATURES:
        faults.append(Fault("/features", f"at most {MAX_FEATURES} features, not {len(features)}"))
    if faults:
        raise InvalidInputError(faults)
    return [
        DecisionMade(
            decision_id=command.decision_id,
            session_id=command.session_id,
            task_id=command.task_id,
            agent_id=command.agent_id,
            user_id=command.user_id,
            type=command.type,
            context_hash=command.context_hash,
            features=features,
            decision=command.decision,
            alternatives=command.alternatives,
            confidence=command.confidence,
            autonomous=command.autonomous,
            reasoning=command.reasoning,
            metadata=command.metadata,
            encrypted=command.encrypt,
        )
    ]


def record_outcome(decision: Decision | None, command: RecordOutcome) -> list[DecisionEvent]:
    """Decide how it turned out; what was said before is corrected.

    Raises:
        DecisionNotFoundError: there is no such decision.
        VersionConflictError: the expected version is not the current one.
        InvalidInputError: there is no such outcome.
    """
    _expected(decision, command)
    if command.outcome not in OUTCOMES:
        raise InvalidInputError.at("/outcome", f"is one of {', '.join(OUTCOMES)}, not {command.outcome!r}")
    return [DecisionOutcomeRecorded(outcome=command.outcome, details=command.details, reason=command.reason)]


def override(decision: Decision | None, command: Override) -> list[DecisionEvent]:
    """Decide that a person decided otherwise; raises as `record_outcome`, and has no outcome to refuse."""
    _expected(decision, command)
    return [DecisionOverridden(by=command.by, instead=command.instead, reason=command.reason)]


def give_feedback(decision: Decision | None, command: GiveFeedback) -> list[DecisionEvent]:
    """Decide what somebody thinks of it.

    Raises:
        DecisionNotFoundError: there is no such decision.
        VersionConflictError: the expected version is not the current one.
        InvalidInputError: the score is not from -1 to 1.
    """
    _expected(decision, command)
    if not -1 <= command.score <= 1:
        raise InvalidInputError.at("/score", f"is from -1 (harmful) to 1 (just right), not {command.score}")
    return [DecisionFeedbackGiven(score=command.score, by=command.by, comment=command.comment)]


def existing(decision: Decision | None) -> Decision:
    """The decision, if there is one.

    Raises:
        DecisionNotFoundError: there is none.
        DecisionErasedError: it was erased.
    """
    if decision is None:
        raise DecisionNotFoundError("there is no decision with that id")
    if decision.erased:
        raise DecisionErasedError(f"the decision was erased (version {decision.version})")
    return decision


def _expected(decision: Decision | None, command: Command) -> None:
    version = existing(decision).version
    if command.expected_version not in (None, version):
        assert command.expected_version is not None
        raise VersionConflictError(command.expected_version, version)


def sealed_for(decision: Decision | None, events: Sequence[Event]) -> Subject | None:
    """Whose key to encrypt new events with, None: in the clear. A decision is encrypted from its beginning, or not."""
    for event in events:
        if isinstance(event, DecisionMade):
            return Subject(event.session_id, event.user_id) if event.encrypted else None
        if isinstance(event, DecisionErased):
            return None
    return Subject(decision.session_id, decision.user_id) if decision and decision.encrypted else None


def evolve(decision: Decision | None, recorded: Recorded[Event]) -> Decision:
    """What an event makes of a decision."""
    event, at = recorded.event, recorded.recorded_at
    if isinstance(event, DecisionMade):
        return _made(event, recorded)
    if isinstance(event, DecisionErased | Erased):
        named = event.decision_id if isinstance(event, DecisionErased) else parse_stream_name(event.stream_name)
        return _blank(decision, recorded, named)
    assert decision is not None, "a decision's first event makes it"
    if decision.erased:
        # What came of it is gone.
        return _blank(decision, recorded, decision.id)
    changes: dict[str, Any] = {"version": recorded.version, "position": recorded.position, "updated_at": at}
    match event:
        case DecisionOutcomeRecorded():
            changes |= {"outcome": event.outcome, "outcome_details": event.details, "outcome_reason": event.reason}
            changes["outcome_at"] = at
        case DecisionOverridden():
            changes["override"] = UserOverride(by=event.by, instead=event.instead, reason=event.reason, at=at)
        case DecisionFeedbackGiven():
            changes["feedback"] = Feedback(score=event.score, by=event.by, comment=event.comment, at=at)
    return msgspec.structs.replace(decision, **changes)


def _made(event: DecisionMade, recorded: Recorded[Event]) -> Decision:
    return Decision(
        stream_id=recorded.stream_id,
        id=event.decision_id,
        version=recorded.version,
        position=recorded.position,
        session_id=event.session_id,
        task_id=event.task_id,
        agent_id=event.agent_id,
        user_id=event.user_id,
        type=event.type,
        context_hash=event.context_hash,
        features=event.features,
        decision=event.decision,
        alternatives=event.alternatives,
        confidence=event.confidence,
        autonomous=event.autonomous,
        reasoning=event.reasoning,
        metadata=event.metadata,
        outcome=UNKNOWN,
        outcome_details=None,
        outcome_reason=None,
        outcome_at=None,
        override=None,
        feedback=None,
        created_at=recorded.recorded_at,
        updated_at=recorded.recorded_at,
        encrypted=event.encrypted,
    )


def _blank(decision: Decision | None, recorded: Recorded[Event], decision_id: str) -> Decision:
    """An erased decision: the same whether what came before could still be read when it was folded, or not."""
    nothing = _made(DecisionMade(decision_id=decision_id, session_id="", decision=None, encrypted=True), recorded)
    return msgspec.structs.replace(
        nothing, created_at=decision.created_at if decision else recorded.recorded_at, erased=True
    )


def fold(decision: Decision | None, events: Iterable[Recorded[Event]]) -> Decision | None:
    """All of them, in order."""
    for recorded in events:
        decision = evolve(decision, recorded)
    return decision
