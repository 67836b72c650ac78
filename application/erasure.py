"""Erasing: the keys of what is to be forgotten are destroyed, then the log is told that they were.

In this order a crash at any point leaves what is finished by asking again, or by the next start of a process: the key
store remembers the streams whose log does not tell it yet. Erasing takes a stream as a whole. A context that was in a
session once is erased with it, also when it is in another one now: its history has what it was then.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from application.contexts import ContextRef
from application.erasable import erasure_event, kind_of, left_in_the_clear
from application.ports import Directory, EventStore, Keys, LeftInTheClear, PendingErasure, Trace, Write
from application.trails import clear_versions, sealed_with
from domain.contexts import identity
from domain.errors import (
    ContextNotFoundError,
    EncryptionNotConfiguredError,
    KeysUnavailableError,
    NotFoundError,
    OverloadedError,
    StoredInTheClearError,
    VersionConflictError,
)
from domain.recorded import Origin, stream_id
from domain.sessions import session as sessions

ATTEMPTS = 100
"""How often an erasure is told to a stream that others write to meanwhile."""

AT_ONCE = 64
"""Streams that are told it at the same time."""

T = TypeVar("T")
U = TypeVar("U")


class ErasedContext(NamedTuple):
    """A context was erased, by the event with that version and position; `clear_versions` (ranges) could not be."""

    version: int
    position: int
    clear_versions: Sequence[tuple[int, int]]


class ErasedAll(NamedTuple):
    """How much of a session or a user was erased, by kind (`application.erasable.KINDS`), and what could not be."""

    counts: Mapping[str, int]
    position: int
    left: Sequence[LeftInTheClear]


class _Told(NamedTuple):
    version: int
    position: int


class Erasure:
    """The application's face for erasing. `keys` is None where nothing can be encrypted."""

    def __init__(self, store: EventStore, keys: Keys | None, directory: Directory) -> None:
        self._store, self._keys, self._directory = store, keys, directory

    async def erase_context(self, ref: ContextRef, reason: str | None, origin: Origin) -> ErasedContext:
        """Erase a context. For one that is erased already the answer is that of the first time.

        Raises:
            ContextNotFoundError: nothing was ever stored under that key.
            StoredInTheClearError: nothing of it was encrypted since it was erased last.
            EncryptionNotConfiguredError, KeysUnavailableError: it is encrypted, and this server has not its keys.
        """
        identity.check_identity(ref.namespace, ref.key)
        name = identity.stream_name(ref.namespace, ref.key)
        trail = await self._trail(ref.tenant, name)
        if not trail:
            raise ContextNotFoundError("nothing was ever stored under that key")
        clear = clear_versions(trail)
        if trail[-1].destroyed is not None:
            return ErasedContext(trail[-1].version, trail[-1].position, clear)
        sealed = sealed_with(trail)
        if not sealed:
            raise StoredInTheClearError(
                "the context was stored in the clear, and the log that holds it never changes, so it can't be erased: "
                "delete it, which takes it out of lists and reads of the present, and store with encrypt: true what "
                "may have to be erased one day"
            )
        told = await self._erase(ref.tenant, [name], "context", reason, origin)
        done = told.get(name)
        if done is None:
            # Its keys were destroyed, and the key store that knew whose they were is gone.
            done, _ = await self._tell(await self._destroyed(ref.tenant, name, sealed, reason, origin), origin)
        assert done is not None, "the stream is there"
        return ErasedContext(done.version, done.position, clear)

    async def erase_session(self, tenant: str, session_id: str, reason: str | None, origin: Origin) -> ErasedAll:
        """Erase a session, the contexts that are or were in it, its tasks and its decisions.

        Raises:
            NotFoundError: there is nothing of it.
            StoredInTheClearError: nothing of it was encrypted.
            ReadModelBehindError: what can't be erased can't be told yet; nothing was erased.
        """
        sessions.check_id(session_id)
        left = await self._directory.clear_of_session(tenant, session_id)
        names = await self._streams(tenant, [session_id], None)
        return await self._erase_all(tenant, names, left, "session", session_id, reason, origin)

    async def erase_user(self, tenant: str, user_id: str, reason: str | None, origin: Origin) -> ErasedAll:
        """Erase a user's sessions, what belongs to them, and the user's other contexts, decisions and preferences.

        Raises as `erase_session`.
        """
        left = await self._directory.clear_of_user(tenant, user_id)
        names = await self._streams(tenant, await self._directory.sessions_of_user(tenant, user_id), user_id)
        return await self._erase_all(tenant, names, left, "user", user_id, reason, origin)

    async def finish(self) -> int:
        """Tell the log what earlier calls destroyed and were cut short; how many streams that were.

        Raises:
            UnavailableError: the database or the key store is away; asking again goes on.
        """
        if self._keys is None:
            return 0
        pending = await self._keys.pending()
        if pending:
            told = await _each(pending, lambda erasure: self._tell(erasure, Origin(actor=erasure.actor)))
            await self._keys.settled([erasure for _, erasure in told])
        return len(pending)

    async def _streams(self, tenant: str, session_ids: Sequence[str], user_id: str | None) -> list[str]:
        """The streams with a key of that user or of those sessions, and of the sessions that turn up among them."""
        if self._keys is None:
            return []
        names = await self._keys.streams_of(tenant, user_id=user_id) if user_id is not None else []
        of_user = [sessions.parse_stream_name(name) for name in names if sessions.is_stream_name(name)]
        for session_id in dict.fromkeys([*session_ids, *of_user]):
            names += await self._keys.streams_of(tenant, session_id=session_id)
        return list(dict.fromkeys(names))

    async def _erase_all(
        self,
        tenant: str,
        names: Sequence[str],
        left: Sequence[LeftInTheClear],
        subject: str,
        subject_id: str,
        reason: str | None,
        origin: Origin,
    ) -> ErasedAll:
        if not names:
            self._refuse(left, f"the {subject} {subject_id!r}")
        mixed = await _each(names, lambda name: self._left(tenant, name))
        done = await self._erase(tenant, names, subject, reason, origin)
        remaining = {item[:3]: item for item in left} | {item[:3]: item for item in mixed if item is not None}
        return ErasedAll(
            counts=Counter(map(kind_of, done)),
            position=max((event.position for event in done.values()), default=0),
            left=list(remaining.values()),
        )

    def _refuse(self, left: Sequence[LeftInTheClear], what: str) -> None:
        if left:
            raise StoredInTheClearError(
                f"of {what} there is nothing but what was stored in the clear ({len(left)} things): it can "
                "be deleted, but not erased, because the log that holds it never changes"
            )
        if self._keys is None:
            raise EncryptionNotConfiguredError(
                f"of {what} nothing was stored in the clear, and what is encrypted can be erased only by a server that "
                "has its keys: set CONTEXTLINE_MASTER_KEY or CONTEXTLINE_MASTER_KEY_FILE"
            )
        raise NotFoundError(f"of {what} there is nothing to erase: nothing was stored, or it was erased before")

    async def _left(self, tenant: str, name: str) -> LeftInTheClear | None:
        """Of a stream that is about to be erased, the versions that can't be."""
        versions = clear_versions(await self._trail(tenant, name))
        return left_in_the_clear(name, versions) if versions else None

    async def _erase(
        self, tenant: str, names: Sequence[str], subject: str, reason: str | None, origin: Origin
    ) -> dict[str, _Told]:
        """Destroy the keys of streams and tell their logs; of those that had keys, or were not told yet, where."""
        keys = self._needed_keys()

        async def head(name: str) -> tuple[str, int]:
            return name, await self._store.head(tenant, stream_id(tenant, name))

        # What is in the log by now was encrypted with keys that exist by now.
        heads = dict(await _each(names, head))
        pending = await keys.destroy(tenant, names, subject, reason, origin.actor)
        told = await _each(pending, lambda erasure: self._tell(erasure, origin, heads[erasure.stream_name]))
        await keys.settled([erasure for _, erasure in told])
        return {erasure.stream_name: event for event, erasure in told if event is not None}

    async def _tell(
        self, erasure: PendingErasure, origin: Origin, expected: int | None = None
    ) -> tuple[_Told | None, PendingErasure]:
        """Append the erasure to its stream, unless nothing was ever stored in it; and what is settled by that.

        `expected` is the stream's version before the keys were destroyed. Where somebody has written since, perhaps
        with a new key, that one is destroyed too: before the erasure nothing is left that could be read.
        """
        keys, tenant, name = self._needed_keys(), erasure.tenant, erasure.stream_name
        stream = stream_id(tenant, name)
        for _ in range(ATTEMPTS):
            told = None
            if expected is None and (told := await self._told_before(erasure)) is None:
                expected = await self._store.head(tenant, stream)
                again = await keys.destroy(tenant, [name], erasure.subject, erasure.reason, erasure.actor)
                erasure = again[0] if again else erasure
            # Without a stream it is the key of a store that failed, or that finds out that its key is gone.
            if told is None and (expected or await self._store.head(tenant, stream)):
                write = Write(stream, name, expected or 0, [erasure_event(erasure)])
                try:
                    (recorded,) = await self._store.append(tenant, [write], origin)
                except VersionConflictError:
                    expected = None
                    continue
                told = _Told(recorded.version, recorded.position)
            return told, erasure
        raise OverloadedError("the keys were destroyed, but others kept writing to the stream: erase it again")

    async def _told_before(self, erasure: PendingErasure) -> _Told | None:
        """Where the log tells it already: by another process, or before an old key store was put back."""
        trail = await self._trail(erasure.tenant, erasure.stream_name)
        told = [trace for trace in trail if trace.destroyed]
        if not {key for trace in told for key in trace.destroyed or ()}.issuperset(erasure.keys):
            return None
        return _Told(told[-1].version, told[-1].position) if told else None

    async def _destroyed(
        self, tenant: str, name: str, sealed: Sequence[bytes], reason: str | None, origin: Origin
    ) -> PendingErasure:
        keys = self._needed_keys()
        if not all([await keys.is_destroyed(key_id) for key_id in sealed]):
            raise KeysUnavailableError(
                "the context is encrypted, and the key store doesn't have its keys: it is another one, or an old copy"
            )
        return PendingErasure(tenant, name, tuple(key.hex() for key in sealed), "context", reason, origin.actor)

    async def _trail(self, tenant: str, name: str) -> Sequence[Trace]:
        return await self._store.trail(tenant, stream_id(tenant, name))

    def _needed_keys(self) -> Keys:
        if self._keys is None:
            raise EncryptionNotConfiguredError(
                "what is encrypted can be erased only by a server that has its keys: set CONTEXTLINE_MASTER_KEY or "
                "CONTEXTLINE_MASTER_KEY_FILE"
            )
        return self._keys


async def _each(items: Iterable[T], do: Callable[[T], Awaitable[U]]) -> list[U]:
    """Do it for each, for some at the same time; in the order of the items."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(item: T) -> U:
        async with turn:
            return await do(item)

    return await asyncio.gather(*map(one, items))
