# Generated from _async/system.py by scripts/generate_sync_client.py: edit that, then run the script.
"""Calls about the server itself."""

from __future__ import annotations

import builtins

from contextline._sync.base import Base
from contextline.types import (
    HealthReport,
    Page,
    ProjectionStatus,
)


class SystemCalls(Base):
    """Calls about the server itself."""

    def health(self) -> HealthReport:
        """How the server is. One that is not healthy gives a report too, not an error."""
        return self._transport.read("/api/context/health", HealthReport, {}, answers=503)

    def projections(self) -> builtins.list[ProjectionStatus]:
        """How far each read model is."""
        page = self._transport.read("/api/projections", Page[ProjectionStatus], {})
        return page.items
