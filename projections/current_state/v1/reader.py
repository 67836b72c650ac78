"""What reading the current state takes: statements, documents, and pages that a cursor joins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

import msgspec
import psycopg

from domain.errors import DamagedEventError, InvalidInputError, ReadModelBehindError
from infrastructure.eventstore.large_values import LargeValues
from infrastructure.payloads.codec import Codec
from infrastructure.payloads.encryption import ErasedError
from infrastructure.payloads.header import PayloadError
from infrastructure.payloads.large_values import NONE, Values, references
from infrastructure.payloads.pieces import PIECE_BYTES
from infrastructure.postgres.database import Database
from projections.current_state.v1.sealing import document_place

PAGE_BYTES = 16 * 1024 * 1024
"""Bytes of payloads that a page has at most, and of the large values in them; one row alone may have more."""

NOT_BUILT = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn)
"""Or built by an older program, whose projection runs still."""

T = TypeVar("T")


class Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a page ended: the list that it belongs to, and the last row's place in it."""

    order: Literal["created", "-created", "key", "sessions", "tasks", "decisions", "preferences"]
    position: int = 0
    namespace: str = ""
    key: str = ""


class Reader:
    """Reads one tenant's rows; instants come in as parameters."""

    def __init__(self, database: Database, clock: Callable[[], datetime], codec: Codec | None = None) -> None:
        self._database, self._clock, self._codec = database, clock, codec or Codec()
        self._large_values = LargeValues(database.fetch, self._codec)

    async def page_of_documents(
        self,
        statement: bytes,
        parameters: dict[str, Any],
        name: str,
        decoder: msgspec.msgpack.Decoder[T],
        *,
        tenant_id: int,
        limit: int,
        cursor: str | None,
    ) -> tuple[list[T], str | None]:
        """A page of documents of that kind, newest first, and the cursor of the next one or None.

        The statement's rows are stream, created_position and document; with large ones a page has fewer than `limit`.

        Raises:
            InvalidInputError: the cursor is not one of a list of these.
        """
        order: Any = f"{name}s"
        after = parse_cursor(cursor, order)
        page: dict[str, Any] = {"tenant_id": tenant_id, "limit": limit + 1, "bytes": PAGE_BYTES}
        page["after"] = after.position if after else None
        rows, more = affordable(await self.fetch(statement, parameters | page), limit, 2)
        following = format_cursor(Cursor(order, position=rows[-1][1])) if more else None
        found = await self.documents(rows, name, decoder, tenant_id)
        return [document for document in found if document is not None], following

    async def documents(
        self, rows: Sequence[Sequence[Any]], name: str, decoder: msgspec.msgpack.Decoder[T], tenant_id: int
    ) -> list[T | None]:
        """The documents of such rows; None for those that were erased, and that the projection has not removed yet."""
        values = await self.values(tenant_id, [row[2] for row in rows])
        return [self._document(row, name, decoder, tenant_id, values) for row in rows]

    def _document(
        self,
        row: Sequence[Any],
        name: str,
        decoder: msgspec.msgpack.Decoder[T],
        tenant_id: int,
        values: Values,
    ) -> T | None:
        stream_id: UUID = row[0]
        with self.told(f"the {name} with the stream {stream_id}"):
            return self._codec.unpack(
                row[2], decoder, bound_to=document_place(name, tenant_id, stream_id), values=values
            )
        return None

    async def values(self, tenant_id: int, payloads: Sequence[bytes]) -> Values:
        """The large values that payloads refer to."""
        hashes = dict.fromkeys(digest for payload in payloads for digest in _references(payload))
        return await self._large_values.read(tenant_id, hashes) if hashes else NONE

    @contextmanager
    def told(self, what: str) -> Iterator[None]:
        """Goes on after what was erased; what can't be read for another reason is told by name."""
        try:
            yield
        except ErasedError:
            pass
        except PayloadError as error:
            raise DamagedEventError(f"{what}: its row in current_state can't be read: {error}") from error

    async def fetch(self, statement: bytes, parameters: dict[str, Any]) -> list[Any]:
        """The rows of a statement."""
        # Not prepared: one plan for all combinations of filters would use none of the indexes.
        try:
            return await self._database.fetch(statement, parameters, prepare=False)
        except NOT_BUILT as error:
            raise ReadModelBehindError(
                "the read model current_state was never built, or by an older program: run its projection"
            ) from error


def affordable(rows: list[Any], limit: int, payload_at: int | None) -> tuple[list[Any], bool]:
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


def parse_cursor(cursor: str | None, order: str) -> Cursor | None:
    """The place that a cursor names.

    Raises:
        InvalidInputError: it is not one of that list.
    """
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parsed = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=Cursor)
        if parsed.order == order and 0 <= parsed.position < 2**63 and "\0" not in parsed.namespace + parsed.key:
            return parsed
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        pass  # told below, as every other cursor that is not ours
    raise InvalidInputError.at("/cursor", "is not a cursor of this list: use nextCursor of its last page, unchanged")


def format_cursor(cursor: Cursor) -> str:
    """A place, as callers hand it back."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode()
