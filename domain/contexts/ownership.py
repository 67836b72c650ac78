"""Whose a context is: the session and the user that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from domain.contexts.context import Context
from domain.contexts.events import (
    CheckpointRestored,
    ContextCreated,
    ContextForked,
    ContextMerged,
    ContextReplaced,
    ContextRolledBack,
    ContextUpdated,
)
from domain.erasure import Subject
from domain.recorded import Event


def owners(context: Context | None, events: Sequence[Event]) -> Subject:
    """Whose it is after new events."""
    session_id = user_id = None
    if context is not None:
        session_id, user_id = context.attributes.session_id, context.attributes.user_id
    for event in events:
        match event:
            case ContextCreated() | ContextForked() | ContextReplaced() | ContextRolledBack() | CheckpointRestored():
                session_id, user_id = event.attributes.session_id, event.attributes.user_id
            case ContextUpdated() | ContextMerged():
                named = event.attributes.named()
                session_id, user_id = named.get("session_id", session_id), named.get("user_id", user_id)
    return Subject(session_id, user_id)


def session_of(context: Context | None, events: Sequence[Event]) -> str | None:
    """The session that it belongs to after new events: the one that a command on it is in, where it names none."""
    return owners(context, events).session_id
