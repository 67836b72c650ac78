"""What can be asked of a task. `expected_version` is the version that the asker knew; None asks no question."""

from __future__ import annotations

import msgspec

from domain.tasks.events import TaskChanges, TaskDetails
from domain.values import Json


class CreateTask(msgspec.Struct, frozen=True, kw_only=True):
    """Have something done in a session, under an id of the caller's choice or a made one."""

    task_id: str
    session_id: str
    details: TaskDetails


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """The base of what is asked of a task that is there: on which version it was based, and why it is done."""

    expected_version: int | None = None
    reason: str | None = None


class UpdateTask(Command, frozen=True, kw_only=True):
    """Change what a task is."""

    changes: TaskChanges


class StartTask(Command, frozen=True, kw_only=True):
    """Begin work on it."""


class CompleteTask(Command, frozen=True, kw_only=True):
    """It is done."""

    result: Json = None


class FailTask(Command, frozen=True, kw_only=True):
    """It could not be done."""

    error: Json = None


class CancelTask(Command, frozen=True, kw_only=True):
    """It is not to be done any more."""


class RetryTask(Command, frozen=True, kw_only=True):
    """It failed, and is to be done once more."""
