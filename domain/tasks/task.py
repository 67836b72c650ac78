"""The Task aggregate: state and folding, as pure functions; `steps.py` decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from domain.erasure import Erased, Subject
from domain.errors import (
    TaskErasedError,
    TaskNotFoundError,
)
from domain.recorded import Event, Recorded
from domain.tasks.events import (
    TaskCancelled,
    TaskCompleted,
    TaskCopied,
    TaskCreated,
    TaskDetails,
    TaskErased,
    TaskFailed,
    TaskRetried,
    TaskStarted,
    TaskUpdated,
)
from domain.tasks.identity import parse_stream_name
from domain.tasks.lifecycle import CANCELLED, COMPLETED, ERASED, FAILED, IN_PROGRESS, PENDING
from domain.values import Json


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task at a version. `completed_at`: when it was completed, failed or cancelled; `error`: of its last failure."""

    SHAPE: ClassVar[int] = 1
    """Raise it when the fields change: snapshots of another shape are ignored."""

    stream_id: UUID
    id: str
    session_id: str
    user_id: str | None
    status: str
    version: int
    position: int
    details: TaskDetails
    result: Json
    error: Json
    reason: str | None
    retry_count: int
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    encrypted: bool = False

    @property
    def duration(self) -> float | None:
        """The seconds from its start to its end; None where it has not had both."""
        if self.started_at is None or self.completed_at is None:
            return None
        return (self.completed_at - self.started_at).total_seconds()


def existing(task: Task | None) -> Task:
    """The task, if there is one.

    Raises:
        TaskNotFoundError: there is none.
        TaskErasedError: it was erased.
    """
    if task is None:
        raise TaskNotFoundError("there is no task with that id")
    if task.status == ERASED:
        raise TaskErasedError(f"the task was erased with its session (version {task.version})")
    return task


def sealed_for(task: Task | None, events: Sequence[Event]) -> Subject | None:
    """Whose key to encrypt new events with, None: in the clear. A task is encrypted as its session is."""
    for event in events:
        if isinstance(event, TaskCreated | TaskCopied):
            return Subject(event.session_id, event.user_id) if event.encrypted else None
        if isinstance(event, TaskErased):
            return None
    return Subject(task.session_id, task.user_id) if task and task.encrypted else None


def session_of(task: Task | None, events: Sequence[Event]) -> str | None:
    """The session that it belongs to, which never changes."""
    if task is not None:
        return task.session_id
    return next((event.session_id for event in events if isinstance(event, TaskCreated | TaskCopied)), None)


def evolve(task: Task | None, recorded: Recorded[Event]) -> Task:
    """What an event makes of a task."""
    event, at = recorded.event, recorded.recorded_at
    if isinstance(event, TaskCreated):
        return Task(
            stream_id=recorded.stream_id,
            id=event.task_id,
            session_id=event.session_id,
            user_id=event.user_id,
            status=PENDING,
            version=recorded.version,
            position=recorded.position,
            details=event.details,
            result=None,
            error=None,
            reason=None,
            retry_count=0,
            created_at=at,
            updated_at=at,
            started_at=None,
            completed_at=None,
            encrypted=event.encrypted,
        )
    if isinstance(event, TaskCopied):
        return Task(
            stream_id=recorded.stream_id,
            id=event.task_id,
            session_id=event.session_id,
            user_id=event.user_id,
            status=event.status,
            version=recorded.version,
            position=recorded.position,
            details=event.details,
            result=event.result,
            error=event.error,
            reason=event.reason,
            retry_count=event.retry_count,
            created_at=at,
            updated_at=at,
            started_at=event.started_at,
            completed_at=event.completed_at,
            encrypted=event.encrypted,
        )
    if isinstance(event, TaskErased | Erased):
        task_id = event.task_id if isinstance(event, TaskErased) else parse_stream_name(event.stream_name)
        return _blank(task, recorded, task_id)
    assert task is not None, "a task's first event creates it"
    if task.status == ERASED:
        # What it was is gone.
        return _blank(task, recorded, task.id)
    changes: dict[str, Any] = {"version": recorded.version, "position": recorded.position, "updated_at": at}
    match event:
        case TaskUpdated():
            changes["details"] = msgspec.structs.replace(task.details, **event.changes.named())
        case TaskStarted():
            changes |= {"status": IN_PROGRESS, "reason": event.reason, "started_at": at}
        case TaskCompleted():
            changes |= {"status": COMPLETED, "reason": event.reason, "completed_at": at}
            changes |= {"result": event.result, "error": None}
        case TaskFailed():
            changes |= {"status": FAILED, "reason": event.reason, "completed_at": at, "error": event.error}
        case TaskCancelled():
            changes |= {"status": CANCELLED, "reason": event.reason, "completed_at": at}
        case TaskRetried():
            changes |= {"status": PENDING, "reason": event.reason, "retry_count": task.retry_count + 1}
            changes |= {"started_at": None, "completed_at": None}
    return msgspec.structs.replace(task, **changes)


def _blank(task: Task | None, recorded: Recorded[Event], task_id: str) -> Task:
    """An erased task: the same whether what came before could still be read when it was folded, or not."""
    return Task(
        stream_id=recorded.stream_id,
        id=task_id,
        session_id="",
        user_id=None,
        status=ERASED,
        version=recorded.version,
        position=recorded.position,
        details=TaskDetails(),
        result=None,
        error=None,
        reason=None,
        retry_count=0,
        created_at=task.created_at if task else recorded.recorded_at,
        updated_at=recorded.recorded_at,
        started_at=None,
        completed_at=None,
        encrypted=True,
    )


def fold(task: Task | None, events: Iterable[Recorded[Event]]) -> Task | None:
    """All of them, in order."""
    for recorded in events:
        task = evolve(task, recorded)
    return task
