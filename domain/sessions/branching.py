"""Branching a session: a new one, with copies of what belonged to the old one at a point in its history."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec

from domain.contexts.context import Context
from domain.contexts.events import AttributeChanges, ContextEvent
from domain.contexts.forking import ForkContext, fork
from domain.contexts.identity import MAX_LENGTH
from domain.errors import AlreadyExistsError, SessionNotFoundError
from domain.sessions.events import BranchPoint, SessionCreated, SessionEvent
from domain.sessions.lifecycle import ERASED
from domain.sessions.session import Session, existing

ACTION = "branch-session"


class BranchSession(msgspec.Struct, frozen=True, kw_only=True):
    """Begin a session as a branch of another."""

    session_id: str
    point: BranchPoint


def branch(new: Session | None, source: Session | None, then: Session | None, command: BranchSession) -> SessionEvent:
    """Decide the beginning of a branch; `source` is the other one as it is now, `then` as it was at the point.

    Raises:
        AlreadyExistsError: the new id was used before.
        SessionNotFoundError: there is no such session, or there was none then: not yet, or not any more.
        SessionErasedError: it was erased.
    """
    if source is None or source.status != ERASED:
        # What was deleted since can be branched where it was not.
        if then is None:
            raise SessionNotFoundError(
                "there is no session with that id" if source is None else "the session did not exist yet at that point"
            )
        source = then
    source = existing(source)
    if new is not None:
        raise AlreadyExistsError(f"session {new.id!r} exists and is {new.status}", new.version)
    return SessionCreated(
        session_id=command.session_id,
        user_id=source.user_id,
        data=source.data,
        metadata=source.metadata,
        encrypted=source.encrypted,
        timeout=source.timeout,
        branched_from=command.point,
    )


def places(source_id: str, session_id: str, contexts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Where copies of contexts (namespace, key) of a session go: into the namespace of the new one, under their keys.

    Where several have one key, that of the session's own namespace comes first, then that of the empty one; the others
    keep their namespaces, below the new one.
    """
    sharing = Counter(key for _, key in contexts)
    first: dict[str, str] = {}
    for namespace, key in contexts:
        if namespace == source_id or (namespace == "" and first.get(key) != source_id):
            first[key] = namespace
    return [
        (session_id if sharing[key] == 1 or first.get(key) == namespace else _below(session_id, namespace), key)
        for namespace, key in contexts
    ]


def _below(session_id: str, namespace: str) -> str:
    below = f"{session_id}/{namespace}"
    if len(below) <= MAX_LENGTH:
        return below
    return f"{session_id}/{hashlib.sha256(namespace.encode()).hexdigest()}"


def copied(
    target: Context | None, source: Context, namespace: str, session_id: str, now: datetime
) -> Sequence[ContextEvent]:
    """A branch of a context as it was, for the new session; nothing where something lives there already."""
    if target is not None and target.is_live(now):
        return []
    moved = AttributeChanges(session_id=session_id)
    return fork(target, source, ForkContext(namespace=namespace, key=source.key, attributes=moved, action=ACTION), now)
