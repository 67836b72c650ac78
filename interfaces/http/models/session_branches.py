"""Bodies about branching sessions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from interfaces.http.models.base import Body, Instant, Name, Position, SessionId


class BranchSessionRequest(Body):
    """Which session to branch, and where in its history; with neither instant nor position, as it is now."""

    session_id: SessionId | None = Field(None, description="The session; it may stand in the query or the path.")
    as_of: Annotated[Instant, Field(strict=False)] | None = Field(None, description="A past instant.")
    position: Position | None = Field(None, description="Or a position of the log.")
    new_session_id: SessionId | None = Field(None, description="Of the branch; one is made if none is given.")
    timeout: Annotated[float, Field(gt=0, le=60, strict=False)] = Field(
        5.0, description="Seconds to wait for the copies."
    )
    changed_by: Name | None = Field(None, description="Who branches it.")
    agent_id: Name | None = Field(None, description="The agent that branches it.")
    causation_id: Name | None = None
    correlation_id: Name | None = None
