"""What the tests of the read model share: its rows, decoded; running it up to the end of the log."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from psycopg.rows import dict_row

from application.ports import Clock
from domain.contexts.events import Attributes
from infrastructure.eventstore.names import event_types
from infrastructure.eventstore.read import LogReader
from infrastructure.payloads.codec import Codec
from infrastructure.postgres.connections import PROJECTION, connect
from infrastructure.postgres.database import Database
from projections.current_state.v1.project import CurrentState
from projections.engine.projection import Projection
from projections.engine.runner import Runner
from tests.fixtures.waiting import DEADLINE, eventually

_attributes = msgspec.msgpack.Decoder(Attributes)
_anything = msgspec.msgpack.Decoder()


async def fetch(url: str, statement: str, **parameters: Any) -> list[dict[str, Any]]:
    """Rows, as the owner of the database."""
    async with await connect(url, autocommit=True) as connection:
        cursor = await connection.cursor(row_factory=dict_row).execute(statement.encode(), parameters)
        return await cursor.fetchall() if cursor.description else []


async def rows(url: str) -> dict[str, dict[Any, dict[str, Any]]]:
    """The read model, each column of each row; payloads decoded."""
    codec = Codec()
    async with await connect(url, PROJECTION, autocommit=True) as connection:
        cursor = connection.cursor(row_factory=dict_row)
        contexts = await (await cursor.execute("SELECT * FROM current_state_v1.contexts")).fetchall()
        sessions = await (await cursor.execute("SELECT * FROM current_state_v1.sessions")).fetchall()
    for row in contexts:
        row["attributes"] = msgspec.structs.asdict(codec.unpack(row["attributes"], _attributes))
        row["data"] = codec.unpack(row["data"], _anything)
    for row in sessions:
        row["document"] = codec.unpack(row["document"], _anything)
    return {
        "contexts": {row["context_id"]: row for row in contexts},
        "sessions": {row["stream_id"]: row for row in sessions},
    }


async def state(url: str, name: str = CurrentState.name) -> dict[str, Any]:
    """The registry's row and the lease of a read model; empty before it was registered."""
    found = await fetch(
        url,
        "SELECT p.position, p.error, p.looked_at, l.owner, l.token, l.expires_at FROM contextline.projections AS p "
        "LEFT JOIN contextline.projection_leases AS l USING (name, version) WHERE p.name = %(name)s",
        name=name,
    )
    return found[0] if found else {}


async def position(url: str, name: str = CurrentState.name) -> int:
    return int((await state(url, name)).get("position", 0))


async def reached(url: str, wanted: int, name: str = CurrentState.name) -> None:
    """Until that position is committed. What a projection notes while it applies events comes before the commit."""

    async def there() -> bool:
        return await position(url, name) >= wanted

    await eventually(there, 5 * DEADLINE)


async def quickly(_: float) -> None:
    """Instead of a pause."""
    await asyncio.sleep(0.005)


@asynccontextmanager
async def runner(
    url: str, clock: Clock, projection: Projection | None = None, *, owner: str = "test", **options: Any
) -> AsyncIterator[Runner]:
    """A runner, not yet running."""
    async with Database(url, PROJECTION, pool_min=1, pool_max=2, timeout=DEADLINE) as database:
        reader = LogReader(database, event_types(database))
        options = {"poll": 0.05, "sleep": quickly, **options}
        yield Runner(projection or CurrentState(), reader, url, owner, clock, **options)


@asynccontextmanager
async def running(
    url: str, clock: Clock, projection: Projection | None = None, *, owner: str = "test", **options: Any
) -> AsyncIterator["asyncio.Task[None]"]:
    """A runner that runs while the block does; it ends as on SIGTERM."""
    async with runner(url, clock, projection, owner=owner, **options) as made:
        task = asyncio.create_task(made.run())
        try:
            yield task
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def catch_up(url: str, clock: Clock, end: int, **options: Any) -> None:
    """Run until a position is reached, then stop."""
    async with running(url, clock, **options):
        await reached(url, end)


async def forget(url: str) -> None:
    """Drop the read model, as if it had never been built."""
    await fetch(url, "DELETE FROM contextline.projections")
    await fetch(url, "DELETE FROM contextline.projection_leases")
    async with await connect(url, PROJECTION, autocommit=True) as connection:
        await connection.execute("DROP SCHEMA current_state_v1 CASCADE")
