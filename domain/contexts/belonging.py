"""Which session a command on a context is in, where it doesn't say so itself."""

from __future__ import annotations

from collections.abc import Sequence

from domain.contexts.context import Context
from domain.contexts.events import ContextCreated, ContextReplaced, ContextRolledBack, ContextUpdated
from domain.recorded import Event


def session_of(context: Context | None, events: Sequence[Event]) -> str | None:
    """The session that a context belongs to after new events; None: to none."""
    session_id = context.attributes.session_id if context is not None else None
    for event in events:
        match event:
            case ContextCreated() | ContextReplaced() | ContextRolledBack():
                session_id = event.attributes.session_id
            case ContextUpdated():
                session_id = event.attributes.named().get("session_id", session_id)
    return session_id
