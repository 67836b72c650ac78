"""What the tests of policies share: running them, also one event at a time, and sessions to delete."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from application.aggregates import Aggregates
from application.cache import StateCache
from application.policies.process import Sizes
from application.ports import Clock
from domain.recorded import Origin
from domain.sessions import session as sessions
from domain.sessions import steps
from domain.sessions.session import Moment, Session
from infrastructure.eventstore.names import event_types
from infrastructure.eventstore.read import LogReader
from infrastructure.eventstore.snapshots import PostgresSnapshots
from infrastructure.keys.ring import KeyRing
from infrastructure.payloads.codec import Codec
from infrastructure.postgres.connections import PROJECTION, connect
from infrastructure.postgres.database import Database
from interfaces.policies import open_policies
from projections.engine.policies import PolicyRunner
from projections.policies.v1.project import Policies
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, make_settings
from tests.fixtures.waiting import DEADLINE
from tests.integration.projections.reading import fetch, quickly, reached, state

TENANT = "default"


@asynccontextmanager
async def running_policies(
    url: str,
    clock: Clock,
    *,
    owner: str = "test",
    wrap: Any = None,
    at_once: int = 20,
    page: int = 1_000,
    keys: KeyRing | None = None,
    **options: Any,
) -> AsyncIterator["asyncio.Task[None]"]:
    """The policies of a database, kept running while the block does. `wrap` gets them and gives what is run."""
    settings = make_settings()
    async with (
        Database(url, PROJECTION, pool_min=1, pool_max=2, timeout=DEADLINE) as database,
        open_policies(settings, url, keys, clock, sizes=Sizes(at_once, page)) as policies,
    ):
        reader = LogReader(database, event_types(database), Codec(keys=keys))
        given = {"poll": 0.05, "sleep": quickly, **options}
        runner = PolicyRunner(wrap(policies) if wrap else policies, reader, url, owner, clock, **given)
        task = asyncio.create_task(runner.run())
        try:
            yield task
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def settled(url: str, log_end: Any) -> None:
    """Until the policies have seen all, also what they did themselves."""
    while True:
        end = await log_end()
        await reached_by_policies(url, end)
        if await log_end() == end:
            return


async def reached_by_policies(url: str, position: int) -> None:
    await reached(url, position, Policies.name)


async def policies_state(url: str) -> dict[str, Any]:
    return await state(url, Policies.name)


async def history(api: Api, key: str, **query: Any) -> list[Any]:
    """The changes of a context, oldest first."""
    answer = await api.http.get("/api/context/history", params={"key": key, **query})
    assert answer.status_code == 200, answer.text
    return sorted(answer.json()["items"], key=lambda item: int(item["version"]))


class SessionCommands:
    """Commands on sessions that must succeed, by HTTP."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def create(self, session_id: str, **body: Any) -> Any:
        return await self._post("", {"id": session_id, "timeout": None, **body})

    async def end(self, session_id: str, how: str, **body: Any) -> Any:
        return await self._post(f"/{how}/{session_id}", body)

    async def delete(self, session_id: str, **query: Any) -> Any:
        return self._done(await self._api.http.delete(f"/api/sessions/delete/{session_id}", params=query))

    async def expire(self, session_id: str) -> None:
        """As the process does it that looks for sessions whose time has passed."""
        store, clock = self._api.services.store, self._api.services.clock
        aggregates: Aggregates[Session] = Aggregates(
            Session,
            store,
            PostgresSnapshots(store.database, store.tenants),
            clock,
            sessions.fold,
            sessions.sealed_for,
            StateCache(clock),
        )
        name = sessions.stream_name(session_id)
        await aggregates.execute(TENANT, name, lambda state, now: steps.expire(state, Moment(now)), Origin())

    async def _post(self, path: str, body: Any) -> Any:
        return self._done(await self._api.http.post(f"/api/sessions{path}", json=body))

    @staticmethod
    def _done(answer: httpx.Response) -> Any:
        assert answer.is_success, answer.text
        return answer.json()


class Policed:
    """An API whose policies run when a test says so."""

    def __init__(self, api: Api, url: str, clock: MovableClock, keys: KeyRing | None = None) -> None:
        self.api, self.url, self.clock, self._keys = api, url, clock, keys
        self.sessions = SessionCommands(api)

    async def catch_up(self, **options: Any) -> None:
        """Run the policies until there is nothing left to do."""
        async with running_policies(self.url, self.clock, keys=self._keys, **options):
            await settled(self.url, self.api.log_end)

    async def live(self, key: str, **query: Any) -> bool:
        """Whether there is a context."""
        return (await self.api.get(key, **query)).status_code == 200

    async def forget_position(self) -> None:
        """The policies begin anew, with nothing that they knew."""
        async with await connect(self.url, PROJECTION, autocommit=True) as connection:
            await connection.execute("DROP SCHEMA policies_v1 CASCADE")
        await fetch(self.url, "DELETE FROM contextline.projections WHERE name = 'policies'")
