"""Results of calls about sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contextline.types.base import Result


class Session(Result, frozen=True, kw_only=True):
    """A session: `status` is "active", "completed" or "failed"; `outcome` and `reason` say how it ended."""

    id: str
    status: str
    user_id: str | None = None
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    outcome: dict[str, Any] = {}
    reason: str | None = None
    encrypted: bool = False
    version: int
    position: int
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
