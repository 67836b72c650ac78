"""What a read model is to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from psycopg import AsyncConnection

from domain.recorded import Event, Recorded


class Projection(Protocol):
    """One version of one read model. Its tables live in a PostgreSQL schema of its own, `NAME_vVERSION`."""

    @property
    def name(self) -> str:
        """The read model."""
        ...

    @property
    def version(self) -> int:
        """Rises when the tables change."""
        ...

    async def set_up(self, connection: AsyncConnection[Any]) -> None:
        """Make the tables where they are missing."""
        ...

    async def apply(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        """Fold events into the rows, in the connection's transaction.

        What comes out depends on the events alone: not on the clock, nor on how they were cut into batches.
        """
        ...
