"""Bodies and queries about tasks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from domain.contexts.identity import name_fault
from domain.tasks.identity import MAX_ID_LENGTH
from interfaces.http.models.base import (
    MAX_INT32,
    Body,
    CommandRequest,
    Name,
    PageQuery,
    Position,
    Query,
    SessionId,
    Text,
    plain_name,
)

MAX_PATH = 512
"""Of a file or directory, in Unicode code points: what the read model's indexes hold at most."""


def _no_control(value: str) -> str:
    if fault := name_fault(value, MAX_PATH):
        raise ValueError(fault)
    return value


TaskId = Annotated[str, Field(min_length=1, max_length=MAX_ID_LENGTH), AfterValidator(plain_name)]
FilePath = Annotated[str, Field(min_length=1, max_length=MAX_PATH), AfterValidator(_no_control)]
Status = Literal["pending", "in_progress", "completed", "failed", "cancelled"]


class TaskDetailsOptions(BaseModel):
    """What a task is."""

    type: Name = "generic"
    description: Text = ""
    parent_id: TaskId | None = Field(None, description="The task of the same session that it is a part of.")
    dependencies: Annotated[list[TaskId], Field(max_length=256)] = Field(
        [], description="Tasks of the same session that must be completed before it can be started."
    )
    files: Annotated[list[FilePath], Field(max_length=1000)] = Field([], description="Files that are involved.")
    project: Name | None = None
    code_area: FilePath | None = Field(None, description="A directory.")
    priority: Annotated[int, Field(ge=-MAX_INT32, le=MAX_INT32)] = Field(5, description="A higher one comes first.")
    parameters: dict[str, Any] = {}


class CreateTaskRequest(TaskDetailsOptions, Body):
    """Something to be done in a session; an id is made if none is given."""

    id: TaskId | None = None
    session_id: SessionId
    changed_by: Name | None = Field(None, description="Who has it done.")
    agent_id: Name | None = Field(None, description="The agent that has it done.")
    causation_id: Name | None = None
    correlation_id: Name | None = None


class UpdateTaskRequest(TaskDetailsOptions, CommandRequest):
    """What a task is to be; what is left out stays."""


class StepTaskRequest(CommandRequest):
    """A step that needs no more than to be named."""


class CompleteTaskRequest(CommandRequest):
    """What came of it."""

    result: Any = None


class FailTaskRequest(CommandRequest):
    """Why it could not be done."""

    error: Any = Field(None, description="The details.")


class TaskQuery(Query):
    """Names a task; its id may stand in the path instead."""

    id: str | None = None


class TaskListQuery(PageQuery):
    """Filters; those given must all hold. Encrypted tasks are found by session, status, type and parent alone."""

    session_id: SessionId | None = None
    status: Status | None = None
    type: Name | None = None
    parent_id: TaskId | None = None
    project: Name | None = None
    code_area: FilePath | None = Field(None, description="A directory: it and all that is below it.")
    file: FilePath | None = Field(None, description="Tasks that involve this file.")


class TaskTreeQuery(Query):
    """Whose tree."""

    session_id: SessionId
    min_position: Position = 0
    timeout: Annotated[float, Field(gt=0, le=60)] | None = Field(None, description="Seconds to wait for minPosition.")
