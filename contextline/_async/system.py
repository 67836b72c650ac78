"""Calls about the server itself."""

from __future__ import annotations

import builtins

from contextline._async.base import AsyncBase
from contextline.types import (
    HealthReport,
    Page,
    ProjectionStatus,
)


class AsyncSystemCalls(AsyncBase):
    """Calls about the server itself."""

    async def health(self) -> HealthReport:
        """How the server is. One that is not healthy gives a report too, not an error."""
        return await self._transport.read("/api/context/health", HealthReport, {}, answers=503)

    async def projections(self) -> builtins.list[ProjectionStatus]:
        """How far each read model is."""
        page = await self._transport.read("/api/projections", Page[ProjectionStatus], {})
        return page.items
