"""What can happen by reading. The names in EVENTS are what the log stores, for ever."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from domain.recorded import Event


class ContextReads(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """So many reads of one context, the last of them at `last`.

    `created_at` tells which life of the context was read: one that was stored again after its deletion begins anew.
    """

    context_id: UUID
    created_at: datetime
    reads: int
    last: datetime


class AccessesRecorded(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Contexts of a tenant were read through one process since its last record; each context is in it once."""

    contexts: list[ContextReads]


EVENTS: dict[str, type[Event]] = {"accesses-recorded": AccessesRecorded}


def stream_name(process: str) -> str:
    """The name of the stream in which a process records; it alone writes there."""
    return f"accesses\n{process}"
