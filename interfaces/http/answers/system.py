"""Answers about the server itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from interfaces.http.answers.base import Answer


class ProjectionItem(Answer):
    """One version of a read model: how far it is, and how far behind."""

    name: str
    version: int
    live: bool
    position: int
    lag: int
    lag_seconds: float
    looked_at: datetime
    error: str | None
    owner: str | None


class ProjectionsAnswer(Answer):
    """All read models, and where the log ends."""

    items: list[ProjectionItem]
    log_end: int


class HealthAnswer(Answer):
    """`status` is healthy, degraded (a read model is behind; reading by key and writing work) or unhealthy (503)."""

    status: str
    checks: dict[str, dict[str, Any]]
