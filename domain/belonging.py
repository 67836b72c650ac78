"""What belongs to what: contexts and tasks to sessions, child tasks to their parent; and when what they belong to ends.

An owner is named as its stream is. What an event says of it is told by the event alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import UNSET, UnsetType

from domain.catalogue import NAMES
from domain.contexts.events import AttributeChanges, Attributes, ContextDeleted, ContextErased
from domain.erasure import Erased
from domain.recorded import Event, Recorded
from domain.sessions.events import SessionCompleted, SessionDeleted, SessionExpired, SessionFailed
from domain.sessions.lifecycle import COMPLETED, DELETED, EXPIRED, FAILED
from domain.sessions.session import stream_name as session_stream
from domain.tasks.events import TaskCancelled, TaskCopied, TaskCreated, TaskErased, TaskUpdated
from domain.tasks.identity import stream_name as task_stream
from domain.tasks.lifecycle import CANCELLED

SESSION, PARENT = "session", "task"
"""The relations, by the kind of the owner: a context or a task to its session, a task to its parent."""

Owners = dict[str, str | None]
"""By relation: the owner that a stream belongs to from an event on, None for none."""

_ENDS: dict[type[Event], str] = {
    TaskCancelled: CANCELLED,
    SessionCompleted: COMPLETED,
    SessionFailed: FAILED,
    SessionExpired: EXPIRED,
    SessionDeleted: DELETED,
}
_ENDS_BY_NAME = {NAMES[kind]: status for kind, status in _ENDS.items()}


Ended = Mapping[str, str]
"""Owners that have ended, and the status in which that left each."""


class Cause(NamedTuple):
    """An event from which something may follow. `ended` are those that it makes its stream belong to, too late."""

    recorded: Recorded[Event]
    stream_name: str
    ended: Ended = {}


def session_of(event: Event) -> str | None | UnsetType:
    """The session that an event puts its stream in, None for none; UNSET where it says nothing of it."""
    # Whichever event of a context it is: those that set attributes name them so.
    attributes = getattr(event, "attributes", None)
    return attributes.session_id if isinstance(attributes, Attributes | AttributeChanges) else UNSET


def owners(event: Event) -> Owners:
    """What an event says of whom its stream belongs to; empty where it says nothing of it."""
    match event:
        case ContextDeleted():
            return {SESSION: None}
        case TaskCreated() | TaskCopied():
            return {SESSION: session_stream(event.session_id), PARENT: _parent(event.details.parent_id)}
        case TaskUpdated() if event.changes.parent_id is not UNSET:
            return {PARENT: _parent(event.changes.parent_id)}
    session_id = session_of(event)
    if session_id is UNSET:
        return {}
    return {SESSION: None if session_id is None else session_stream(session_id)}


def _parent(task_id: str | None) -> str | None:
    return None if task_id is None else task_stream(task_id)


def is_forgotten(event: Event) -> bool:
    """Whether a stream was erased by it: of what it belonged to nothing is kept."""
    return isinstance(event, ContextErased | TaskErased | Erased)


def end_of(event: Event) -> str | None:
    """The status in which it leaves a session or a task that takes others with it; None for every other event.

    A task that was completed or has failed takes none with it. Also where nothing is left of the event but its name: a
    session that was erased has ended all the same.
    """
    return _ENDS_BY_NAME.get(event.name) if isinstance(event, Erased) else _ENDS.get(type(event))
