"""Dictionaries in the database: those that were trained on tenants' payloads, brought to whoever needs them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from datetime import datetime
from typing import Self

import zstandard

from domain.errors import UnavailableError
from infrastructure.background import end
from infrastructure.payloads.compression import SHIPPED, Dictionaries
from infrastructure.payloads.header import PayloadError
from infrastructure.postgres.database import Database
from infrastructure.sql import load

_log = logging.getLogger(__name__)

_DICTIONARY = load(__file__, "dictionary")
_NEWEST = load(__file__, "newest_dictionaries")
_KEEP = load(__file__, "keep_dictionary")

_LEVEL = 19
"""zstandard's: a dictionary is compressed once, to a quarter of its size."""


class StoredDictionaries:
    """Brings what the table has to the `Dictionaries` of a process."""

    def __init__(self, database: Database, dictionaries: Dictionaries) -> None:
        self._database, self._dictionaries = database, dictionaries

    async def fetch(self, tenant_id: int, number: int) -> None:
        """Have a dictionary of a tenant at hand; nothing happens where there is none of that number.

        Raises:
            PayloadError: it is not the one that was trained.
        """
        if number in self._dictionaries:
            return
        wanted = {"tenant_id": tenant_id, "dictionary_id": number}
        for sha256, frame in await self._database.fetch(_DICTIONARY, wanted):
            try:
                content = zstandard.ZstdDecompressor().decompress(frame)
            except (zstandard.ZstdError, MemoryError) as error:
                raise PayloadError(f"the dictionary {number} is damaged: {error}") from error
            if hashlib.sha256(content).digest() != sha256:
                raise PayloadError(f"the dictionary {number} is damaged: its hash is not the one that was kept")
            self._dictionaries.add(number, content)

    async def take_up(self) -> None:
        """Write with the newest dictionary of each tenant from now on; with the shipped one where there is none."""
        tenants = list(self._dictionaries.tenants())
        if not tenants:
            return
        rows = await self._database.fetch(_NEWEST, {"tenant_ids": tenants})
        newest = {tenant_id: (number, sha256) for tenant_id, number, sha256 in rows}
        for tenant_id in tenants:
            number, sha256 = newest.get(tenant_id, (SHIPPED, b""))
            try:
                await self.fetch(tenant_id, number)
                if sha256 and self._dictionaries.sha256(number) != sha256:
                    raise PayloadError(
                        f"the dictionary {number} is not the one that this process knows by that number: the database "
                        "was restored; start this process again"
                    )
            except PayloadError as error:
                _log.error("tenant %s is written with the shipped dictionary: %s", tenant_id, error)
                number = SHIPPED
            self._dictionaries.use(tenant_id, number)

    async def keep(self, tenant_id: int, content: bytes, now: datetime) -> int:
        """Store one that was just trained; its number."""
        row = {
            "tenant_id": tenant_id,
            "trained_at": now,
            "sha256": hashlib.sha256(content).digest(),
            "content": zstandard.compress(content, _LEVEL),
        }
        rows = await self._database.fetch(_KEEP, row)
        return int(rows[0][0])


class FollowingDictionaries(StoredDictionaries):
    """Takes up what is trained, in the background. Use as an asynchronous context manager."""

    def __init__(self, database: Database, dictionaries: Dictionaries, interval: float) -> None:
        """`interval` in seconds: how often is looked; besides, when a tenant is met for the first time."""
        super().__init__(database, dictionaries)
        self._interval = interval
        self._tenant_met = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._dictionaries.on_tenant = self._tenant_met.set
        self._task = asyncio.create_task(self._follow(), name="dictionaries")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            await end(self._task)

    async def _follow(self) -> None:
        while True:
            self._tenant_met.clear()
            try:
                await self.take_up()
            except UnavailableError:
                pass  # told by those who wait for the database; the dictionary in use does meanwhile
            except Exception:
                _log.exception("the newest dictionaries can't be taken up; those in use do meanwhile")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._tenant_met.wait()
