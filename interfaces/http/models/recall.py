"""Queries for what is relevant."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from interfaces.http.models.base import Name, Namespace, Position, Query, SessionId, WholeNumber
from interfaces.http.models.capture import Path

Budget = Annotated[int, WholeNumber, Field(ge=1, le=2**31 - 1)]
MOST = Annotated[int, WholeNumber, Field(ge=1, le=400)]


class TaskQuery(Query):
    """A task that is at hand, told with the request."""

    reference: Annotated[list[Name], Field(max_length=64)] = Field(
        [], description="A key or an id of a context that the task at hand refers to; repeatable."
    )
    file: Annotated[list[Path], Field(max_length=64)] = Field([], description="A file of the task; repeatable.")
    code_area: Path | None = Field(None, description="The directory that the task is about.")
    project: Name | None = Field(None, description="The project that the task is part of.")


class RelevantQuery(TaskQuery):
    """Of which contexts, and how much of them. A session or a namespace is needed."""

    session_id: SessionId | None = None
    namespace: Namespace | None = None
    type: Name | None = None
    tag: Annotated[list[Name], Field(max_length=16)] = Field([], description="All of them; repeatable.")
    tokens: Budget | None = Field(None, description="A budget in tokens, where the server has a tokenizer.")
    bytes: Budget | None = Field(None, description="A budget in bytes of JSON.")
    limit: MOST = 50
    min_position: Position = 0
    timeout: Annotated[float, Field(gt=0, le=60)] | None = Field(None, description="Seconds to wait for minPosition.")
