"""Bodies and queries about sessions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from domain.contexts.changes import ChangeType
from interfaces.http.models.base import Body, CommandRequest, Name, PageQuery, Query, SessionId, Text, Version

Timeout = Annotated[int, Field(ge=1, le=1_000_000_000)]
_TIMEOUT = "Seconds without a command in it after which it expires; null: never"


class CreateSessionRequest(Body):
    """A session to begin; an id is made if none is given."""

    id: SessionId | None = None
    user_id: Name | None = None
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    timeout: Timeout | None = Field(None, description=f"{_TIMEOUT}; left out: as CONTEXTLINE_SESSION_TIMEOUT says.")
    encrypt: bool | None = Field(None, description="Encrypt it; left out: as CONTEXTLINE_ENCRYPT_DEFAULT says.")
    changed_by: Name | None = Field(None, description="Who begins it.")
    agent_id: Name | None = Field(None, description="The agent that begins it.")
    causation_id: Name | None = None
    correlation_id: Name | None = None


class UpdateSessionRequest(CommandRequest):
    """What a session is to hold; what is left out stays."""

    data: Any = Field(None, description="What `changeType` does to the data, which stay an object.")
    change_type: ChangeType = "replace"
    metadata: dict[str, Any] = Field({}, description="Replaced as a whole.")
    timeout: Timeout | None = Field(None, description=f"{_TIMEOUT}.")


class StepRequest(CommandRequest):
    """A step that needs no more than to be named."""


class EndSessionRequest(CommandRequest):
    """How a session ended."""

    outcome: dict[str, Any] = {}


class SessionListQuery(PageQuery):
    """Filters for sessions; without a status all are listed but those that were deleted."""

    status: Literal["active", "paused", "completed", "failed", "expired", "deleted"] | None = None
    user_id: Name | None = None


class SessionQuery(Query):
    """Names a session; its id may stand in the path instead."""

    id: str | None = None


class DeleteSessionQuery(SessionQuery):
    """Why and on which version."""

    expected_version: Version | None = None
    changed_by: Name | None = None
    agent_id: Name | None = None
    reason: Text | None = None
    causation_id: Name | None = None
    correlation_id: Name | None = None
