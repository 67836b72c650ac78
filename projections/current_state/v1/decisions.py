"""The rows of decisions."""

from __future__ import annotations

from typing import Any

from domain.decisions import decision as aggregate
from domain.decisions.decision import Decision
from domain.decisions.events import EVENTS
from infrastructure.payloads.codec import Codec
from projections.current_state.v1.documents import DocumentTable

_HIDDEN: dict[str, Any] = {"context_hash": None, "features": [], "outcome": None, "autonomous": None}
"""What stands in the columns of an encrypted decision for what only its document has: no filter asks for these. A plain
hash of a context would confirm a guess of it."""


def decision_table(codec: Codec) -> DocumentTable[Decision]:
    """All decisions but erased ones."""
    return DocumentTable("decision", Decision, EVENTS.values(), aggregate.fold, _columns, codec)


def _columns(decision: Decision) -> dict[str, Any] | None:
    if decision.erased:
        return None
    shown = {
        "context_hash": decision.context_hash,
        "features": list(decision.features),
        "outcome": decision.outcome,
        "autonomous": decision.autonomous,
    }
    return {
        "decision_id": decision.id,
        "session_id": decision.session_id,
        "task_id": decision.task_id,
        "agent_id": decision.agent_id,
        "user_id": decision.user_id,
        "type": decision.type,
        "created_at": decision.created_at,
        **(_HIDDEN if decision.encrypted else shown),
    }
