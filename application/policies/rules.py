"""What follows from what: pure decisions, from an event to what is to be done, and from a state to the events of it.

Each is decided on the newest state of what it is about, and does nothing where there is nothing left to do: what was
deleted, has moved to another session or has ended meanwhile is passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from domain.belonging import SESSION, Cause, Ended, end_of
from domain.contexts import context as contexts
from domain.contexts.commands import DeleteContext
from domain.contexts.context import Context
from domain.recorded import Event
from domain.sessions import session as sessions
from domain.sessions.events import BranchPoint, SessionCreated
from domain.sessions.lifecycle import COMPLETED, DELETED, EXPIRED, FAILED
from domain.sessions.session import stream_name as session_stream
from domain.tasks import steps
from domain.tasks.commands import CancelTask
from domain.tasks.events import TaskEvent
from domain.tasks.identity import stream_name as task_stream
from domain.tasks.lifecycle import CANCELLED, IN_PROGRESS, PENDING
from domain.tasks.task import Task

SESSION_DELETED, SESSION_ENDED, TASK_CANCELLED = "session-deleted", "session-ended", "task-cancelled"
SESSION_BRANCHED = "session-branched"
"""The names of policies: `policy:NAME` is the actor of what they do."""


class Reaction(NamedTuple):
    """What a policy does because of an event: it settles what belongs to an owner that has ended.

    `status` is the one in which its end left the owner; `alone`: only the stream of the event, which came too late.
    """

    policy: str
    owner: str
    status: str
    alone: bool
    session_id: str | None


def concerns(event: Event, ended: Ended) -> bool:
    """Whether something may follow from an event; `ended` as in Cause."""
    if end_of(event) is not None or branch_of(event) is not None:
        return True
    # Contexts may well be stored into sessions that have ended, but not into deleted ones.
    return DELETED in ended.values() or (bool(ended) and isinstance(event, TaskEvent))


def branch_of(event: Event) -> BranchPoint | None:
    """The point that a session branches from by an event; None for every other event."""
    return event.branched_from if isinstance(event, SessionCreated) else None


def reactions(cause: Cause) -> Sequence[Reaction]:
    """What is to be settled because of an event."""
    found = []
    if status := end_of(cause.recorded.event):
        found.append(_reaction(cause, cause.stream_name, status, alone=False))
    return [*found, *(_reaction(cause, owner, status, alone=True) for owner, status in cause.ended.items())]


def _reaction(cause: Cause, owner: str, status: str, *, alone: bool) -> Reaction:
    if sessions.is_stream_name(owner):
        policy = SESSION_DELETED if status == DELETED else SESSION_ENDED
        return Reaction(policy, owner, status, alone, sessions.parse_stream_name(owner))
    # A task's children are in its own session.
    return Reaction(TASK_CANCELLED, owner, status, alone, cause.recorded.origin.session_id)


def settle(reaction: Reaction, state: Any, now: datetime) -> Sequence[Event]:
    """What becomes of one that belongs to what has ended; nothing where it doesn't any more, or has ended itself."""
    match state:
        case Context():
            return _settle_context(reaction, state, now)
        case Task():
            return _settle_task(reaction, state)
    return []


def _settle_context(reaction: Reaction, context: Context, now: datetime) -> Sequence[Event]:
    if reaction.status != DELETED or not context.is_live(now) or context.attributes.session_id != reaction.session_id:
        return []
    return contexts.delete(context, DeleteContext(action=reaction.policy, reason=_why(reaction)), now)


def _settle_task(reaction: Reaction, task: Task) -> Sequence[Event]:
    if task.status not in (PENDING, IN_PROGRESS):
        return []
    parent_id = task.details.parent_id
    its_own = session_stream(task.session_id), None if parent_id is None else task_stream(parent_id)
    if reaction.owner not in its_own:
        return []
    return steps.cancel(task, CancelTask(reason=_why(reaction)))


def _why(reaction: Reaction) -> str:
    kind, _, name = reaction.owner.partition("\n")
    return f"{'session' if kind == SESSION else 'its parent'} {name!r} {_ENDED[reaction.status]}"


_ENDED = {
    COMPLETED: "was completed",
    FAILED: "has failed",
    EXPIRED: "has expired",
    DELETED: "was deleted",
    CANCELLED: "was cancelled",
}
