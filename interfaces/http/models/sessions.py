"""Bodies and queries about sessions."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from interfaces.http.models.base import Body, Name, PageQuery, Query, SessionId, Text, Version


class CreateSessionRequest(Body):
    """A session to begin; an id is made if none is given."""

    id: SessionId | None = None
    user_id: Name | None = None
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    encrypt: bool | None = Field(None, description="Encrypt it; left out: as CONTEXTLINE_ENCRYPT_DEFAULT says.")


class EndSessionRequest(Body):
    """How a session ended."""

    outcome: dict[str, Any] = {}
    reason: Text | None = None
    expected_version: Version | None = None


class SessionListQuery(PageQuery):
    """Filters for sessions."""

    status: Literal["active", "completed", "failed"] | None = None
    user_id: Name | None = None


class SessionQuery(Query):
    """Names a session; its id may stand in the path instead."""

    id: str | None = None
