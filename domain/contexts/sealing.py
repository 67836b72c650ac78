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
)
from domain.contexts.ownership import owners
from domain.erasure import Subject
from domain.recorded import Event


def sealed_for(context: Context | None, events: Sequence[Event]) -> Subject | None:
    """Whose key to encrypt new events of one command with: who the context belongs to after them; None: in the clear.

    An encrypted context stays so through updates, rollbacks and deletion; a store says anew. By a merge with an
    encrypted one it comes to be so.
    """
    encrypted = context is not None and context.encrypted
    for event in events:
        match event:
            case (
                ContextCreated()
                | ContextForked()
                | ContextReplaced()
                | ContextRolledBack()
                | CheckpointRestored()
                | ContextMerged()
            ):
                encrypted = event.encrypted
            case ContextErased():
                # Who erases must be able to read that it was done.
                return None
    return owners(context, events) if encrypted else None
