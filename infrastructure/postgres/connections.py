"""How processes connect: as which role, with which limits on every wait."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infrastructure.postgres import arrays

API, PROJECTION = "contextline_api", "contextline_projection"
"""The roles that the server's processes take on; made by the migrations."""

# Every wait ends. A process that stops while it holds the append lock loses it when its transaction times out.
_LIMITS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "15s",
    "default_transaction_isolation": r"read\ committed",
    "timezone": "UTC",
}


def conninfo(url: str, role: str | None = None, **settings: str) -> str:
    """A connection string with our limits and the role to take on after connecting.

    The limits go by the startup packet's `options`, so they hold from the first statement on.
    """
    given = conninfo_to_dict(url)
    wanted = _LIMITS | ({"role": role} if role else {}) | settings
    options = [str(given.pop("options", "") or "")] + [f"-c {name}={value}" for name, value in wanted.items()]
    parameters: dict[str, Any] = {"connect_timeout": 5, "application_name": "contextline"} | given
    return make_conninfo("", **parameters, options=" ".join(options).strip())


async def prepare(connection: AsyncConnection[Any]) -> None:
    """What each new connection needs to know."""
    arrays.register(connection.adapters)


async def connect(
    url: str, role: str | None = None, *, autocommit: bool = False, **settings: str
) -> AsyncConnection[Any]:
    """A connection of its own, outside any pool: for writing, following and listening."""
    connection = await AsyncConnection.connect(conninfo(url, role, **settings), autocommit=autocommit)
    await prepare(connection)
    return connection
