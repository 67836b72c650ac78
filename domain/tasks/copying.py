"""Copying a task into a branch of its session."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from domain.tasks.events import TaskCopied, TaskEvent
from domain.tasks.task import Task


def copy_id(session_id: str, task_id: str) -> str:
    """The id of the copy of a task in a session: derived, so that copies find each other."""
    digest = hashlib.sha256(f"{session_id}\n{task_id}".encode()).hexdigest()
    return f"task_{digest[:32]}"


def copied(target: Task | None, source: Task, session_id: str) -> Sequence[TaskEvent]:
    """A copy of a task as it was, for a session; nothing where it was made before."""
    if target is not None:
        return []
    details = source.details
    return [
        TaskCopied(
            task_id=copy_id(session_id, source.id),
            session_id=session_id,
            user_id=source.user_id,
            copied_from=source.id,
            copied_version=source.version,
            details=msgspec.structs.replace(
                details,
                parent_id=None if details.parent_id is None else copy_id(session_id, details.parent_id),
                dependencies=tuple(copy_id(session_id, each) for each in details.dependencies),
            ),
            status=source.status,
            result=source.result,
            error=source.error,
            reason=source.reason,
            retry_count=source.retry_count,
            started_at=source.started_at,
            completed_at=source.completed_at,
            encrypted=source.encrypted,
        )
    ]
