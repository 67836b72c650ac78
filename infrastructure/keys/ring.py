"""The data keys in memory: what encrypting, decrypting and erasing work with.

A key that one process has erased is not used by any other one from then on: each looks whether the erasure ledger has
grown before it uses a key, which costs a microsecond or few.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from application.ports import PendingErasure
from domain.errors import KeysUnavailableError
from infrastructure.keys.errors import KeyStoreError
from infrastructure.keys.store import DataKey, KeyStore, Owner
from infrastructure.payloads.encryption import ErasedError
from infrastructure.payloads.header import PayloadError

T = TypeVar("T")


class KeyRing:
    """Implements `application.ports.Keys`, and `DataKeys` of the payloads. For one event loop; the disk has threads.

    `capacity` bounds the keys in memory; some 300 bytes each.
    """

    def __init__(self, store: KeyStore, clock: Callable[[], datetime], capacity: int = 16_384) -> None:
        self._store, self._clock, self._capacity = store, clock, capacity
        self._ledger = store.follow_ledger()
        self._secrets: OrderedDict[bytes, bytes] = OrderedDict()
        self._ids: OrderedDict[Owner, bytes] = OrderedDict()
        self._erased: set[bytes] = set()
        self._wanted: dict[Owner, asyncio.Future[DataKey]] = {}
        self._making: asyncio.Task[None] | None = None

    @property
    def store(self) -> KeyStore:
        """Where the keys are kept."""
        return self._store

    def close(self) -> None:
        """Close the key store's files."""
        self._ledger.close()
        self._store.close()

    def secret(self, key_id: bytes) -> bytes:
        """A key's 32 bytes.

        Raises:
            ErasedError: it was destroyed.
            PayloadError: there is no such key and none was destroyed, or it can't be unwrapped.
            KeysUnavailableError: the key store can't be used.
        """
        self._look_at_ledger()
        secret = self._secrets.get(key_id)
        if secret is not None:
            self._secrets.move_to_end(key_id)
            return secret
        if key_id in self._erased:
            raise ErasedError
        secret = _told(self._store.secret, key_id)
        self._remember(key_id, secret)
        return secret

    def is_erased(self, key_id: bytes) -> bool:
        """Whether a key that this process has used was destroyed since, by whichever process."""
        self._look_at_ledger()
        return key_id in self._erased

    async def key_for(self, owner: Owner) -> DataKey:
        """The key to encrypt with, made if there is none; those that are asked for at once are made together.

        Raises:
            KeysUnavailableError: the key store can't be used.
        """
        self._look_at_ledger()
        key_id = self._ids.get(owner)
        if key_id is not None and (secret := self._secrets.get(key_id)) is not None:
            self._secrets.move_to_end(key_id)
            self._ids.move_to_end(owner)
            return DataKey(key_id, secret)
        future = self._wanted.get(owner)
        if future is None:
            future = self._wanted[owner] = asyncio.get_running_loop().create_future()
            if self._making is None or self._making.done():
                self._making = asyncio.create_task(self._make(), name="data keys")
        # Several may wait for one key: a caller that goes away must not cancel it for the others.
        return await asyncio.shield(future)

    async def streams_of(self, tenant: str, *, session_id: str | None = None, user_id: str | None = None) -> list[str]:
        """The names of the streams that have a key of that session or user."""
        found: list[str] = []
        if session_id is not None:
            found += await self._in_thread(self._store.streams_of_session, tenant, session_id)
        if user_id is not None:
            found += await self._in_thread(self._store.streams_of_user, tenant, user_id)
        return list(dict.fromkeys(found))

    async def destroy(
        self, tenant: str, stream_names: Sequence[str], subject: str, reason: str | None, actor: str | None
    ) -> list[PendingErasure]:
        """Destroy all keys of these streams, for every process; those streams whose log is to tell it."""
        at = self._clock().isoformat()
        found = await self._in_thread(self._store.destroy, tenant, stream_names, subject, reason, actor, at)
        self._look_at_ledger()
        return found

    async def is_destroyed(self, key_id: bytes) -> bool:
        """Whether that key was destroyed; false also where it was never there."""
        try:
            self.secret(key_id)
        except ErasedError:
            return True
        except PayloadError:
            return False
        return False

    async def pending(self) -> list[PendingErasure]:
        """The streams whose log may not tell yet that their keys were destroyed."""
        return await self._in_thread(self._store.pending)

    async def settled(self, erasures: Sequence[PendingErasure]) -> None:
        """The log tells these now."""
        if erasures:
            await self._in_thread(self._store.settled, erasures)

    async def _make(self) -> None:
        while self._wanted:
            # From here on a new call makes a new entry, and is served by the next turn.
            wanted, self._wanted = self._wanted, {}
            try:
                made = await self._in_thread(self._store.ensure, list(wanted), self._clock().isoformat())
            except Exception as error:
                for future in wanted.values():
                    if not future.done():
                        future.set_exception(error)
                continue
            self._look_at_ledger()
            for (owner, future), key in zip(wanted.items(), made, strict=True):
                self._remember(key.id, key.secret, owner)
                if not future.done():
                    future.set_result(key)

    def _remember(self, key_id: bytes, secret: bytes, owner: Owner | None = None) -> None:
        if key_id in self._erased:
            return
        self._secrets[key_id] = secret
        if owner is not None:
            self._ids[owner] = key_id
        for kept in (self._secrets, self._ids):
            while len(kept) > self._capacity:
                kept.popitem(last=False)

    def _look_at_ledger(self) -> None:
        if self._ledger.has_more:
            for entry in _told(self._ledger.new_entries):
                for key_id in map(bytes.fromhex, entry.keys):
                    self._erased.add(key_id)
                    self._secrets.pop(key_id, None)

    async def _in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.to_thread(_told, function, *arguments)


def _told(function: Callable[..., T], *arguments: Any) -> T:
    try:
        return function(*arguments)
    except KeyStoreError as error:
        raise KeysUnavailableError(str(error)) from error
