"""What is told of the server itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contextline.types.base import Result


class ProjectionStatus(Result, frozen=True, kw_only=True):
    """How far a read model is: `lag` in changes, `lag_seconds` the age of the oldest change that it lacks."""

    name: str
    version: int
    live: bool
    position: int
    lag: int
    lag_seconds: float
    looked_at: datetime | None = None
    error: str | None = None
    owner: str | None = None


class HealthReport(Result, frozen=True, kw_only=True):
    """Whether the server is "healthy", and each of its checks."""

    status: str
    checks: dict[str, Any] = {}
