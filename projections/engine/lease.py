"""Who runs a projection: a row with an expiry for liveness, and a fencing token for correctness.

The token is checked in the transaction that moves the position. An owner that was thought dead and comes back, with
whatever clock, can't write over its successor.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from infrastructure.sql import load

_TAKE = load(__file__, "take_lease")
_HOLD = load(__file__, "hold_lease")
_GIVE_BACK = load(__file__, "give_lease_back")

DURATION = timedelta(seconds=10)


class LeaseLostError(Exception):
    """Another process runs this projection now."""


class Lease:
    """One owner's hold on one version of a projection."""

    def __init__(self, name: str, version: int, owner: str, duration: timedelta = DURATION) -> None:
        self._names = {"name": name, "version": version}
        self._owner, self._duration = owner, duration
        self._token: int | None = None

    async def take(self, connection: AsyncConnection[Any], now: datetime) -> bool:
        """Try to become the owner."""
        until = now + self._duration
        cursor = await connection.execute(_TAKE, {**self._names, "owner": self._owner, "now": now, "until": until})
        row = await cursor.fetchone()
        self._token = row[0] if row else None
        return row is not None

    async def hold(self, connection: AsyncConnection[Any], now: datetime) -> None:
        """Prove and prolong it, in the transaction that it guards.

        Raises:
            LeaseLostError: it was taken over.
        """
        parameters = {**self._names, "token": self._token, "until": now + self._duration}
        cursor = await connection.execute(_HOLD, parameters)
        if cursor.rowcount != 1:
            raise LeaseLostError(f"another process has taken {self._names['name']} over")

    async def give_back(self, connection: AsyncConnection[Any], now: datetime) -> None:
        """Let the next one begin at once."""
        await connection.execute(_GIVE_BACK, {**self._names, "token": self._token, "now": now})
