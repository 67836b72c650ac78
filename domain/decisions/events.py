"""What can happen to a decision. The names in EVENTS are what the log stores, for ever."""

from __future__ import annotations

from typing import Any

from domain.recorded import Event
from domain.values import Json


class DecisionMade(Event, frozen=True, kw_only=True, omit_defaults=True):
    """An agent decided. `context_hash` names the situation exactly, `features` say what it was like.

    `alternatives` are what else could have been decided; `confidence` is from 0 to 1, None where nobody said.
    """

    decision_id: str
    session_id: str
    task_id: str | None = None
    agent_id: str | None = None
    user_id: str | None = None
    type: str = "generic"
    context_hash: str | None = None
    features: tuple[str, ...] = ()
    decision: Json
    alternatives: list[Json] = []
    confidence: float | None = None
    autonomous: bool = False
    reasoning: str | None = None
    metadata: dict[str, Any] = {}
    encrypted: bool = False


class DecisionOutcomeRecorded(Event, frozen=True, kw_only=True, omit_defaults=True):
    """How it turned out, as far as is known by now: success, failure, partial or unknown. A later one corrects it."""

    outcome: str
    details: Json = None
    reason: str | None = None


class DecisionOverridden(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A person decided otherwise. `by` is who, `instead` what is to be done in place of it; a later one corrects it."""

    by: str
    instead: Json
    reason: str | None = None


class DecisionFeedbackGiven(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody thinks of it: `score` from -1 (harmful) through 0 (indifferent) to 1. A later one corrects it."""

    score: float
    by: str | None = None
    comment: str | None = None


class DecisionErased(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The keys of an encrypted decision were destroyed. Always stored in the clear, reason included.

    `subject` tells what was erased: the session or its user. `keys` are the ids (hexadecimal) of the keys.
    """

    decision_id: str
    reason: str | None = None
    subject: str = "session"
    keys: tuple[str, ...] = ()


DecisionEvent = DecisionMade | DecisionOutcomeRecorded | DecisionOverridden | DecisionFeedbackGiven | DecisionErased

EVENTS: dict[str, type[Event]] = {
    "decision-made": DecisionMade,
    "decision-outcome-recorded": DecisionOutcomeRecorded,
    "decision-overridden": DecisionOverridden,
    "decision-feedback-given": DecisionFeedbackGiven,
    "decision-erased": DecisionErased,
}
