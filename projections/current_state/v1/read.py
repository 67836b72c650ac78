"""Asking the current state: lists of contexts and sessions, by filters, page by page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec
import psycopg

from domain.contexts.events import Attributes
from domain.errors import InvalidInputError, ReadModelBehindError
from domain.sessions.session import Session
from domain.values import Json
from infrastructure.payloads.codec import Codec
from infrastructure.postgres.database import Database
from infrastructure.sql import load

Order = Literal["created", "-created", "key"]

_LISTS: dict[str, bytes] = {
    "created": load(__file__, "list_contexts_oldest"),
    "-created": load(__file__, "list_contexts_newest"),
    "key": load(__file__, "list_contexts_by_key"),
}
_LIST_SESSIONS = load(__file__, "list_sessions")

_attributes: msgspec.msgpack.Decoder[Attributes] = msgspec.msgpack.Decoder(Attributes)
_anything: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder()
_session: msgspec.msgpack.Decoder[Session] = msgspec.msgpack.Decoder(Session)


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
    attributes: Attributes
    data: tuple[Json] | None


class _Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a page ended: the order that it belongs to, and the last row's place in it."""

    order: Literal["created", "-created", "key", "sessions"]
    position: int = 0
    namespace: str = ""
    key: str = ""


class CurrentStateReader:
    """Reads one tenant's rows; instants come in as parameters."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock, self._codec = database, clock, Codec()

    async def list_contexts(
        self, tenant_id: int, wanted: ContextFilter, *, order: Order, limit: int, cursor: str | None, with_data: bool
    ) -> tuple[list[ContextRow], str | None]:
        """A page, and the cursor of the next one or None.

        Pages hang together by what never changes while a context lives (its creation, its key), so one that is there
        all the while is on exactly one page, whatever writers do meanwhile.

        Raises:
            InvalidInputError: the cursor is not one of a list in this order.
        """
        after = _parse_cursor(cursor, order)
        rows = await self._fetch(
            _LISTS[order],
            {
                **msgspec.structs.asdict(wanted),
                "tenant_id": tenant_id,
                "now": self._clock(),
                "with_data": with_data,
                "after": after.position if after else None,
                "after_namespace": after.namespace if after else None,
                "after_key": after.key if after else None,
                "limit": limit + 1,
            },
        )
        more, rows = len(rows) > limit, rows[:limit]
        following = None
        if more:
            last = rows[-1]
            by_key = order == "key"
            following = _format_cursor(
                _Cursor(order, namespace=last[4], key=last[5]) if by_key else _Cursor(order, position=last[1])
            )
        return [self._context(row) for row in rows], following

    async def list_sessions(
        self, tenant_id: int, *, status: str | None, user_id: str | None, limit: int, cursor: str | None
    ) -> tuple[list[Session], str | None]:
        """A page of sessions, newest first, and the cursor of the next one or None.

        Raises:
            InvalidInputError: the cursor is not one of a list of sessions.
        """
        after = _parse_cursor(cursor, "sessions")
        parameters = {"tenant_id": tenant_id, "status": status, "user_id": user_id, "limit": limit + 1}
        rows = await self._fetch(_LIST_SESSIONS, {**parameters, "after": after.position if after else None})
        more, rows = len(rows) > limit, rows[:limit]
        following = _format_cursor(_Cursor("sessions", position=rows[-1][1])) if more else None
        return [self._codec.unpack(row[0], _session) for row in rows], following

    def _context(self, row: Sequence[Any]) -> ContextRow:
        attributes = self._codec.unpack(row[9], _attributes)
        data = None if row[10] is None else (self._codec.unpack(row[10], _anything),)
        return ContextRow._make([row[0], *row[2:9], attributes, data])

    async def _fetch(self, statement: bytes, parameters: dict[str, Any]) -> list[Any]:
        # Not prepared: one plan for all combinations of filters would use none of the indexes.
        try:
            return await self._database.fetch(statement, parameters, prepare=False)
        except psycopg.errors.UndefinedTable as error:
            raise ReadModelBehindError("the read model current_state was never built: run its projection") from error


def _parse_cursor(cursor: str | None, order: str) -> _Cursor | None:
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parsed = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=_Cursor)
        if parsed.order == order and 0 <= parsed.position < 2**63 and "\0" not in parsed.namespace + parsed.key:
            return parsed
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        pass  # told below, as every other cursor that is not ours
    raise InvalidInputError.at("/cursor", "is not a cursor of this list: use nextCursor of its last page, unchanged")


def _format_cursor(cursor: _Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode()
