"""Reading from PostgreSQL: a pool whose users see rows, or DatabaseUnavailableError."""

from __future__ import annotations

from typing import Any, Self

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from domain.errors import DatabaseUnavailableError
from infrastructure.postgres.connections import conninfo, prepare

AWAY = (psycopg.OperationalError, PoolTimeout, OSError)
"""What it looks like when the database can't be reached."""


class Database:
    """A pool of autocommit connections in one role. Use as an asynchronous context manager."""

    def __init__(self, url: str, role: str, *, pool_min: int = 2, pool_max: int = 20, timeout: float = 5.0) -> None:
        self._pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            conninfo(url, role),
            min_size=pool_min,
            max_size=pool_max,
            timeout=timeout,
            kwargs={"autocommit": True},
            configure=prepare,
            reconnect_timeout=60.0,
            open=False,
            name=role,
        )

    async def __aenter__(self) -> Self:
        # Not waited for: a server that starts while the database is away answers 503 until it is there.
        await self._pool.open(wait=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()

    async def fetch(
        self, statement: bytes, parameters: dict[str, Any] | None = None, *, prepare: bool | None = None
    ) -> list[Any]:
        """The rows of a statement; none for one that has no rows to give.

        Raises:
            DatabaseUnavailableError: the database can't be reached, also by a fresh connection.
        """
        try:
            return await self._fetch(statement, parameters, prepare)
        except (PoolTimeout, PoolClosed, OSError) as error:
            raise DatabaseUnavailableError("the database can't be reached; nothing was written") from error
        except psycopg.OperationalError:
            # After a restart of the database the pool is full of dead connections: renew them, then try once more.
            try:
                await self._pool.check()
                return await self._fetch(statement, parameters, prepare)
            except AWAY as error:
                raise DatabaseUnavailableError("the database can't be reached; nothing was written") from error

    async def _fetch(self, statement: bytes, parameters: dict[str, Any] | None, prepare: bool | None) -> list[Any]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement, parameters, binary=True, prepare=prepare)
            return await cursor.fetchall() if cursor.description else []

    async def execute_all(self, statement: bytes, rows: list[dict[str, Any]]) -> None:
        """The statement for each row, in one transaction."""
        async with self._pool.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            await cursor.executemany(statement, rows)
