"""Which events of a context are encrypted, and with whose key."""

from __future__ import annotations

from collections.abc import Sequence

from domain.contexts.context import Context
from domain.contexts.events import (
    CheckpointRestored,
    ContextCreated,
    ContextErased,
    ContextForked,
    ContextMerged,
    ContextReplaced,
    ContextRolledBack,
    ContextUpdated,
)
from domain.erasure import Subject
from domain.recorded import Event


def sealed_for(context: Context | None, events: Sequence[Event]) -> Subject | None:
    """Whose key to encrypt new events of one command with: who the context belongs to after them; None: in the clear.

    An encrypted context stays so through updates, rollbacks and deletion; a store says anew. By a merge with an
    encrypted one it comes to be so.
    """
    session_id = user_id = None
    encrypted = context is not None and context.encrypted
    if context is not None:
        session_id, user_id = context.attributes.session_id, context.attributes.user_id
    for event in events:
        match event:
            case ContextCreated() | ContextForked() | ContextReplaced() | ContextRolledBack() | CheckpointRestored():
                encrypted = event.encrypted
                session_id, user_id = event.attributes.session_id, event.attributes.user_id
            case ContextUpdated() | ContextMerged():
                encrypted = event.encrypted if isinstance(event, ContextMerged) else encrypted
                named = event.attributes.named()
                session_id, user_id = named.get("session_id", session_id), named.get("user_id", user_id)
            case ContextErased():
                # Who erases must be able to read that it was done.
                return None
    return Subject(session_id, user_id) if encrypted else None
