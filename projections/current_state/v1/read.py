"""Asking the current state: lists of contexts, by filters, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from domain.contexts.events import Attributes
from domain.values import Json
from infrastructure.payloads.header import is_encrypted
from infrastructure.payloads.large_values import Values
from infrastructure.postgres.arrays import Uuids
from infrastructure.sql import load
from projections.current_state.v1.project import CurrentState
from projections.current_state.v1.reader import (
    NOT_BUILT,
    PAGE_BYTES,
    Cursor,
    Reader,
    affordable,
    format_cursor,
    parse_cursor,
)
from projections.current_state.v1.sealing import attributes_place, data_place

Order = Literal["created", "-created", "key"]

_LISTS: dict[str, bytes] = {
    "created": load(__file__, "list_contexts_oldest"),
    "-created": load(__file__, "list_contexts_newest"),
    "key": load(__file__, "list_contexts_by_key"),
}
_KNOWN_POSITION = load(__file__, "known_position")
_RELEVANT = load(__file__, "relevant_contexts")
_KNOWN_READS = load(__file__, "known_reads")
_CLEAR_CONTEXTS = load(__file__, "clear_contexts")
_CLEAR_SESSIONS = load(__file__, "clear_sessions")
_CLEAR_TASKS = load(__file__, "clear_tasks")
_CLEAR_DECISIONS = load(__file__, "clear_decisions")
_CLEAR_PREFERENCES = load(__file__, "clear_preferences")
_SESSIONS_OF_USER = load(__file__, "sessions_of_user")

CANDIDATES = 200
"""Contexts changed last, and as many of those read most, of which the most relevant are sought."""

_attributes: msgspec.msgpack.Decoder[Attributes] = msgspec.msgpack.Decoder(Attributes)
_anything: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder()


class ContextFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to list; None asks nothing. Tags and features: those that have all of them. Instants: from, before."""

    namespace: str | None = None
    session_id: str | None = None
    agent_id: str | None = None
    user_id: str | None = None
    type: str | None = None
    environment: str | None = None
    key_prefix: str | None = None
    tags: list[str] | None = None
    features: list[str] | None = None
    min_priority: int | None = None
    min_importance: float | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    updated_from: datetime | None = None
    updated_to: datetime | None = None


class ContextRow(NamedTuple):
    """A context as the read model has it; `data` is None unless asked for, then a one-tuple."""

    id: UUID
    position: int
    version: int
    namespace: str
    key: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    access_count: int
    last_accessed_at: datetime | None
    attributes: Attributes
    data: tuple[Json] | None
    encrypted: bool


class ReadsRow(NamedTuple):
    """How often a context was read since it was created, and when last."""

    context_id: UUID
    created_at: datetime
    reads: int
    last: datetime | None


class CurrentStateReader(Reader):
    """Contexts, and what of all is stored in the clear."""

    async def list_contexts(
        self, tenant_id: int, wanted: ContextFilter, *, order: Order, limit: int, cursor: str | None, with_data: bool
    ) -> tuple[list[ContextRow], str | None]:
        """A page, and the cursor of the next one or None. With large data a page has fewer rows than `limit`.

        Pages hang together by what never changes while a context lives (its creation, its key), so one that is there
        all the while is on exactly one page, whatever writers do meanwhile.

        Raises:
            InvalidInputError: the cursor is not one of a list in this order.
        """
        after = parse_cursor(cursor, order)
        rows = await self.fetch(
            _LISTS[order],
            {
                **msgspec.structs.asdict(wanted),
                "tenant_id": tenant_id,
                "now": self._clock(),
                "with_data": with_data,
                "bytes": PAGE_BYTES,
                "after": after.position if after else None,
                "after_namespace": after.namespace if after else None,
                "after_key": after.key if after else None,
                "limit": limit + 1,
            },
        )
        rows, more = affordable(rows, limit, 12 if with_data else None)
        following = None
        if more:
            last = rows[-1]
            by_key = order == "key"
            following = format_cursor(
                Cursor(order, namespace=last[4], key=last[5]) if by_key else Cursor(order, position=last[1])
            )
        values = await self.values(tenant_id, [row[12] for row in rows] if with_data else ())
        contexts = [self._context(tenant_id, row, values) for row in rows]
        return [context for context in contexts if context is not None], following

    async def candidates(
        self, tenant_id: int, *, session_id: str | None, namespace: str | None, kind: str | None, tags: list[str] | None
    ) -> list[ContextRow]:
        """Contexts that may be relevant, with their data, the one changed last first: those changed last, and those
        read most, up to CANDIDATES of each. With large data there are fewer.
        """
        rows = await self.fetch(
            _RELEVANT,
            {
                "tenant_id": tenant_id,
                "session_id": session_id,
                "namespace": namespace,
                "type": kind,
                "tags": tags,
                "now": self._clock(),
                "most": CANDIDATES,
                "bytes": PAGE_BYTES,
            },
        )
        rows, _ = affordable(rows, len(rows), 12)
        values = await self.values(tenant_id, [row[12] for row in rows])
        found = [self._context(tenant_id, row, values) for row in rows]
        return [context for context in found if context is not None]

    async def known_position(self) -> int:
        """The position up to which it knows; 0 where it was never built."""
        rows = await self._database.fetch(_KNOWN_POSITION, {"name": CurrentState.name, "version": CurrentState.version})
        return rows[0][0] if rows else 0

    async def known_reads(self, tenant_id: int, context_ids: Sequence[UUID]) -> tuple[int, list[ReadsRow]]:
        """How often contexts were read, and the position up to which that is known: none where it was never built."""
        wanted = {"tenant_id": tenant_id, "context_ids": Uuids(context_ids)}
        try:
            rows = await self._database.fetch(
                _KNOWN_READS, {**wanted, "name": CurrentState.name, "version": CurrentState.version}
            )
        except NOT_BUILT:
            return 0, []
        return rows[0][0] if rows else 0, [ReadsRow(*row[1:]) for row in rows if row[1] is not None]

    async def clear_contexts(
        self, tenant_id: int, session_ids: Sequence[str], user_id: str | None
    ) -> list[tuple[str, str]]:
        """Namespace and key of the contexts of these sessions, and of that user, that are stored in the clear."""
        wanted = {"tenant_id": tenant_id, "session_ids": list(session_ids), "user_id": user_id}
        return [(row[0], row[1]) for row in await self.fetch(_CLEAR_CONTEXTS, wanted)]

    async def clear_sessions(self, tenant_id: int, stream_ids: Sequence[UUID]) -> list[str]:
        """Which of these sessions, named by their streams, are stored in the clear; their ids."""
        wanted = {"tenant_id": tenant_id, "stream_ids": Uuids(stream_ids)}
        return [row[0] for row in await self.fetch(_CLEAR_SESSIONS, wanted)]

    async def clear_tasks(self, tenant_id: int, session_ids: Sequence[str]) -> list[str]:
        """The ids of the tasks of these sessions that are stored in the clear."""
        wanted = {"tenant_id": tenant_id, "session_ids": list(session_ids)}
        return [row[0] for row in await self.fetch(_CLEAR_TASKS, wanted)]

    async def clear_decisions(self, tenant_id: int, session_ids: Sequence[str], user_id: str | None) -> list[str]:
        """The ids of the decisions of these sessions, and of that user, that are stored in the clear."""
        wanted = {"tenant_id": tenant_id, "session_ids": list(session_ids), "user_id": user_id}
        return [row[0] for row in await self.fetch(_CLEAR_DECISIONS, wanted)]

    async def clear_preferences(self, tenant_id: int, user_id: str | None) -> list[str]:
        """The user again, if some of their preferences are stored in the clear."""
        return [row[0] for row in await self.fetch(_CLEAR_PREFERENCES, {"tenant_id": tenant_id, "user_id": user_id})]

    async def sessions_of_user(self, tenant_id: int, user_id: str) -> list[str]:
        """The ids of a user's sessions."""
        return [row[0] for row in await self.fetch(_SESSIONS_OF_USER, {"tenant_id": tenant_id, "user_id": user_id})]

    def _context(self, tenant_id: int, row: Sequence[Any], values: Values) -> ContextRow | None:
        """A row's context; None where it was erased, and the projection has not removed it yet."""
        place = tenant_id, row[0], row[3]
        with self.told(f"the context {row[5]!r} in the namespace {row[4]!r}, version {row[3]} (position {row[2]})"):
            attributes = self._codec.unpack(row[11], _attributes, bound_to=attributes_place(*place))
            data = None
            if row[12] is not None:
                data = (self._codec.unpack(row[12], _anything, bound_to=data_place(*place), values=values),)
            return ContextRow._make([row[0], *row[2:11], attributes, data, is_encrypted(row[11])])
        return None
