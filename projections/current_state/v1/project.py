"""How events change the current state: each table folds its own, by the aggregates' own folding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection

from domain.recorded import Event, Recorded
from infrastructure.payloads.codec import Codec
from projections.current_state.v1.activity import SessionActivity
from projections.current_state.v1.contexts import ContextTable
from projections.current_state.v1.decisions import decision_table
from projections.current_state.v1.preferences import PreferenceTable
from projections.current_state.v1.reads import ReadCounts
from projections.current_state.v1.rows import Table
from projections.current_state.v1.sessions import session_table
from projections.current_state.v1.tasks import task_table

_TABLES = (Path(__file__).parent / "tables.sql").read_bytes()


class CurrentState:
    """The current state, version 1."""

    name = "current_state"
    version = 1

    def __init__(self, codec: Codec | None = None) -> None:
        codec = codec or Codec()
        self._tables: list[Table] = [
            ContextTable(codec),
            ReadCounts(),
            session_table(codec),
            SessionActivity(),
            task_table(codec),
            decision_table(codec),
            PreferenceTable(codec),
        ]

    async def set_up(self, connection: AsyncConnection[Any]) -> None:
        """Make the tables where they are missing."""
        await connection.execute(_TABLES)

    async def apply(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        """Fold a batch into the rows."""
        for table in self._tables:
            await table.apply(connection, events)
