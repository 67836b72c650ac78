"""What can be asked of a decision."""

from __future__ import annotations

from typing import Any

import msgspec

from domain.values import Json


class MakeDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Record a decision under an id of the caller's choice or a made one; the fields are those of `DecisionMade`."""

    decision_id: str
    session_id: str
    decision: Json
    task_id: str | None = None
    agent_id: str | None = None
    user_id: str | None = None
    type: str = "generic"
    context_hash: str | None = None
    features: tuple[str, ...] = ()
    alternatives: list[Json] = []
    confidence: float | None = None
    autonomous: bool = False
    reasoning: str | None = None
    metadata: dict[str, Any] = {}
    encrypt: bool = False


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a decision, and the version that it is based on; None: whichever."""

    expected_version: int | None = None


class RecordOutcome(Command, frozen=True, kw_only=True):
    """Say how it turned out, or correct what was said."""

    outcome: str
    details: Json = None
    reason: str | None = None


class Override(Command, frozen=True, kw_only=True):
    """Decide otherwise, as a person."""

    by: str
    instead: Json
    reason: str | None = None


class GiveFeedback(Command, frozen=True, kw_only=True):
    """Say what is thought of it: `score` from -1 to 1."""

    score: float
    by: str | None = None
    comment: str | None = None
