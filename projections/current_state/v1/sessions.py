"""The rows of sessions."""

from __future__ import annotations

from typing import Any

from domain.sessions import session as aggregate
from domain.sessions.events import EVENTS
from domain.sessions.lifecycle import ERASED
from domain.sessions.session import Session
from infrastructure.payloads.codec import Codec
from projections.current_state.v1.documents import DocumentTable


def session_table(codec: Codec) -> DocumentTable[Session]:
    """All sessions but erased ones."""
    return DocumentTable("session", Session, EVENTS.values(), aggregate.fold, _columns, codec)


def _columns(session: Session) -> dict[str, Any] | None:
    if session.status == ERASED:
        return None
    return {
        "session_id": session.id,
        "status": session.status,
        "user_id": session.user_id,
        "created_at": session.created_at,
    }
