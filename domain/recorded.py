"""An event's place in the log, and who and what it came from."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import Generic, TypeVar
from uuid import UUID

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of all events. A field left out has its default, and a released default never changes."""


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a command came from. Kept in the clear beside every event, also beside an encrypted one."""

    actor: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    causation_id: str | None = None
    correlation_id: str | None = None


EventT_co = TypeVar("EventT_co", bound=Event, covariant=True)


class Recorded(msgspec.Struct, Generic[EventT_co], frozen=True):
    """An event as the log holds it.

    `version` is its place in its stream (1..n without a hole), `position` its place in the log (rising in commit
    order), `recorded_at` the instant of recording, which never falls as the position rises. Satisfies the
    DomainEventProtocol of the `eventsourcing` library.
    """

    event: EventT_co
    tenant_id: int
    stream_id: UUID
    version: int
    position: int
    recorded_at: datetime
    origin: Origin
    size: int = 0
    """Bytes of the payload and of the large values in it: what it costs to read it again."""
    key_id: bytes = b""
    """Of the data key that the payload is encrypted with; empty where it is in the clear."""
    large_values: tuple[bytes, ...] = ()
    """Hashes of what is kept beside the payload, because it is large."""

    @property
    def originator_id(self) -> UUID:
        """The stream's id, by the library's name."""
        return self.stream_id

    @property
    def originator_version(self) -> int:
        """The version, by the library's name."""
        return self.version


@lru_cache(maxsize=2048)
def stream_id(tenant: str, stream_name: str) -> UUID:
    """The id of a stream, derived from its name, so that finding a stream needs no lookup.

    The first 128 bits of SHA-256 over tenant and name: no tenant can name another's stream, and two names don't meet
    before some 2^64 of them.
    """
    return UUID(bytes=hashlib.sha256(f"{tenant}\n{stream_name}".encode()).digest()[:16])
