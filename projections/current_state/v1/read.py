"""Asking the current state: lists of contexts and sessions, by filters, page by page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec
import psycopg

from domain.contexts.events import Attributes
from domain.errors import DamagedEventError, InvalidInputError, ReadModelBehindError
from domain.sessions.session import Moment, Session
from domain.values import Json
from infrastructure.eventstore.large_values import LargeValues
from infrastructure.payloads.codec import Codec
from infrastructure.payloads.encryption import ErasedError
from infrastructure.payloads.header import PayloadError, is_encrypted
from infrastructure.payloads.large_values import NONE, Values, references
from infrastructure.payloads.pieces import PIECE_BYTES
from infrastructure.postgres.arrays import Uuids
from infrastructure.postgres.database import Database
from infrastructure.sql import load
from projections.current_state.v1.project import CurrentState
from projections.current_state.v1.sealing import attributes_place, data_place, document_place

Order = Literal["created", "-created", "key"]

_LISTS: dict[str, bytes] = {
    "created": load(__file__, "list_contexts_oldest"),
    "-created": load(__file__, "list_contexts_newest"),
    "key": load(__file__, "list_contexts_by_key"),
}
_LIST_SESSIONS = load(__file__, "list_sessions")
_SESSION_ACTIVITY = load(__file__, "session_activity")
_DUE_SESSIONS = load(__file__, "due_sessions")
_KNOWN_READS = load(__file__, "known_reads")
_CLEAR_CONTEXTS = load(__file__, "clear_contexts")
_CLEAR_SESSIONS = load(__file__, "clear_sessions")
_SESSIONS_OF_USER = load(__file__, "sessions_of_user")

_NOT_BUILT = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn)
"""Or built by an older program, whose projection runs still."""

PAGE_BYTES = 16 * 1024 * 1024
"""Bytes of payloads that a page has at most, and of the large values in them; one row alone may have more."""

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
    access_count: int
    last_accessed_at: datetime | None
    attributes: Attributes
    data: tuple[Json] | None
    encrypted: bool


class SessionRow(NamedTuple):
    """A session as it is at the moment of the read."""

    session: Session
    moment: Moment


class ReadsRow(NamedTuple):
    """How often a context was read since it was created, and when last."""

    context_id: UUID
    created_at: datetime
    reads: int
    last: datetime | None


class _Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a page ended: the order that it belongs to, and the last row's place in it."""

    order: Literal["created", "-created", "key", "sessions"]
    position: int = 0
    namespace: str = ""
    key: str = ""


class CurrentStateReader:
    """Reads one tenant's rows; instants come in as parameters."""

    def __init__(self, database: Database, clock: Callable[[], datetime], codec: Codec | None = None) -> None:
        self._database, self._clock, self._codec = database, clock, codec or Codec()
        self._large_values = LargeValues(database.fetch, self._codec)

    async def list_contexts(
        self, tenant_id: int, wanted: ContextFilter, *, order: Order, limit: int, cursor: str | None, with_data: bool
    ) -> tuple[list[ContextRow], str | None]:
        """A page, and the cursor of the next one or None. With large data a page has fewer rows than `limit`.

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
                "bytes": PAGE_BYTES,
                "after": after.position if after else None,
                "after_namespace": after.namespace if after else None,
                "after_key": after.key if after else None,
                "limit": limit + 1,
            },
        )
        rows, more = _affordable(rows, limit, 12 if with_data else None)
        following = None
        if more:
            last = rows[-1]
            by_key = order == "key"
            following = _format_cursor(
                _Cursor(order, namespace=last[4], key=last[5]) if by_key else _Cursor(order, position=last[1])
            )
        values = await self._values(tenant_id, [row[12] for row in rows] if with_data else ())
        contexts = [self._context(tenant_id, row, values) for row in rows]
        return [context for context in contexts if context is not None], following

    async def list_sessions(
        self, tenant_id: int, *, status: str | None, user_id: str | None, limit: int, cursor: str | None
    ) -> tuple[list[SessionRow], str | None]:
        """A page of sessions, newest first, and the cursor of the next one or None; with large data fewer than `limit`.

        A status is the one that a session has now. Without one all are listed but those that were deleted.

        Raises:
            InvalidInputError: the cursor is not one of a list of sessions.
        """
        after = _parse_cursor(cursor, "sessions")
        now = self._clock()
        parameters = {"tenant_id": tenant_id, "status": status, "user_id": user_id, "now": now, "limit": limit + 1}
        page = {"after": after.position if after else None, "bytes": PAGE_BYTES}
        rows, more = _affordable(await self._fetch(_LIST_SESSIONS, parameters | page), limit, 2)
        following = _format_cursor(_Cursor("sessions", position=rows[-1][1])) if more else None
        values = await self._values(tenant_id, [row[2] for row in rows])
        found = [(self._session(tenant_id, row, values), Moment(now, row[3])) for row in rows]
        return [SessionRow(session.at(moment), moment) for session, moment in found if session is not None], following

    async def session_activity(self, tenant_id: int, session_id: str) -> datetime | None:
        """When a session had its last command; None where nothing is known of it."""
        rows = await self._fetch(_SESSION_ACTIVITY, {"tenant_id": tenant_id, "session_id": session_id})
        return rows[0][0] if rows else None

    async def due_sessions(self, tenant_id: int, by: datetime, limit: int) -> list[tuple[str, datetime]]:
        """Live sessions that have expired by an instant: their ids and last commands."""
        rows = await self._fetch(_DUE_SESSIONS, {"tenant_id": tenant_id, "by": by, "limit": limit})
        return [(row[0], row[1]) for row in rows]

    async def known_reads(self, tenant_id: int, context_ids: Sequence[UUID]) -> tuple[int, list[ReadsRow]]:
        """How often contexts were read, and the position up to which that is known: none where it was never built."""
        wanted = {"tenant_id": tenant_id, "context_ids": Uuids(context_ids)}
        try:
            rows = await self._database.fetch(
                _KNOWN_READS, {**wanted, "name": CurrentState.name, "version": CurrentState.version}
            )
        except _NOT_BUILT:
            return 0, []
        return rows[0][0] if rows else 0, [ReadsRow(*row[1:]) for row in rows if row[1] is not None]

    async def clear_contexts(
        self, tenant_id: int, session_ids: Sequence[str], user_id: str | None
    ) -> list[tuple[str, str]]:
        """Namespace and key of the contexts of these sessions, and of that user, that are stored in the clear."""
        wanted = {"tenant_id": tenant_id, "session_ids": list(session_ids), "user_id": user_id}
        return [(row[0], row[1]) for row in await self._fetch(_CLEAR_CONTEXTS, wanted)]

    async def clear_sessions(self, tenant_id: int, stream_ids: Sequence[UUID]) -> list[str]:
        """Which of these sessions, named by their streams, are stored in the clear; their ids."""
        wanted = {"tenant_id": tenant_id, "stream_ids": Uuids(stream_ids)}
        return [row[0] for row in await self._fetch(_CLEAR_SESSIONS, wanted)]

    async def sessions_of_user(self, tenant_id: int, user_id: str) -> list[str]:
        """The ids of a user's sessions."""
        return [row[0] for row in await self._fetch(_SESSIONS_OF_USER, {"tenant_id": tenant_id, "user_id": user_id})]

    async def _values(self, tenant_id: int, payloads: Sequence[bytes]) -> Values:
        hashes = dict.fromkeys(digest for payload in payloads for digest in _references(payload))
        return await self._large_values.read(tenant_id, hashes) if hashes else NONE

    def _context(self, tenant_id: int, row: Sequence[Any], values: Values) -> ContextRow | None:
        """A row's context; None where it was erased, and the projection has not removed it yet."""
        place = tenant_id, row[0], row[3]
        with self._told(f"the context {row[5]!r} in the namespace {row[4]!r}, version {row[3]} (position {row[2]})"):
            attributes = self._codec.unpack(row[11], _attributes, bound_to=attributes_place(*place))
            data = None
            if row[12] is not None:
                data = (self._codec.unpack(row[12], _anything, bound_to=data_place(*place), values=values),)
            return ContextRow._make([row[0], *row[2:11], attributes, data, is_encrypted(row[11])])
        return None

    def _session(self, tenant_id: int, row: Sequence[Any], values: Values) -> Session | None:
        with self._told(f"the session with the stream {row[0]}"):
            return self._codec.unpack(
                row[2], _session, bound_to=document_place("session", tenant_id, row[0]), values=values
            )
        return None

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Goes on after what was erased; what can't be read for another reason is told by name."""
        try:
            yield
        except ErasedError:
            pass
        except PayloadError as error:
            raise DamagedEventError(f"{what}: its row in current_state can't be read: {error}") from error

    async def _fetch(self, statement: bytes, parameters: dict[str, Any]) -> list[Any]:
        # Not prepared: one plan for all combinations of filters would use none of the indexes.
        try:
            return await self._database.fetch(statement, parameters, prepare=False)
        except _NOT_BUILT as error:
            raise ReadModelBehindError(
                "the read model current_state was never built, or by an older program: run its projection"
            ) from error


def _affordable(rows: list[Any], limit: int, payload_at: int | None) -> tuple[list[Any], bool]:
    """The rows of a page that fit in memory together, one at least, and whether there are more."""
    hashes: set[bytes] = set()
    for index, row in enumerate(rows[:limit] if payload_at is not None else ()):
        payload = row[payload_at]
        if payload is not None:
            hashes.update(_references(payload))
        if index and (payload is None or len(hashes) * PIECE_BYTES > PAGE_BYTES):
            return rows[:index], True
    return rows[:limit], len(rows) > limit


def _references(payload: bytes) -> tuple[bytes, ...]:
    try:
        return references(payload)
    except PayloadError:
        return ()  # told when it is decoded


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
