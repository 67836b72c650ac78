"""What a policy did it never does again: not after a crash before its position moved, not by two processes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from psycopg import AsyncConnection

from domain.belonging import Cause
from domain.errors import DatabaseUnavailableError
from domain.recorded import Event, Recorded
from infrastructure.postgres.connections import PROJECTION, connect
from projections.engine.lease import Lease
from projections.policies.v1.project import Policies
from tests.fixtures.waiting import eventually
from tests.integration.policies.acting import Policed, history, policies_state, running_policies, settled
from tests.integration.projections.reading import fetch


class CrashError(Exception):
    """What a process that is killed looks like from inside."""


class Fragile:
    """Policies that break where a test says: before the position moves, or after some steps of what follows."""

    def __init__(self, policies: Policies, *, commits: int = 0, after_steps: int | None = None) -> None:
        self.inner, self.commits, self.after_steps = policies, commits, after_steps
        self.name, self.version = policies.name, policies.version
        self.set_up, self.causes = policies.set_up, policies.causes
        self.carried: list[int] = []
        self.broken = asyncio.Event()
        self.go_on = asyncio.Event()

    async def apply(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        await self.inner.apply(connection, events)
        if self.carried and self.commits:
            self.commits -= 1
            await self._break()

    async def carry_out(
        self, connection: AsyncConnection[Any], cause: Cause, hold: Callable[[], Awaitable[None]]
    ) -> None:
        steps = 0

        async def held() -> None:
            nonlocal steps
            steps += 1
            await hold()
            if steps == self.after_steps:
                self.after_steps = None
                await self._break()

        await self.inner.carry_out(connection, cause, held)
        self.carried.append(cause.recorded.position)

    async def _break(self) -> None:
        self.broken.set()
        await self.go_on.wait()
        raise CrashError


async def crashed(policed: Policed, meanwhile: Callable[[], Awaitable[Any]], **breaking: Any) -> Fragile:
    """Run, break, let something happen meanwhile, go on; what broke."""
    made: list[Fragile] = []

    def fragile(policies: Policies) -> Fragile:
        made.append(Fragile(policies, **breaking))
        return made[0]

    async with running_policies(policed.url, policed.clock, wrap=fragile, at_once=3):
        await eventually(lambda: bool(made) and made[0].broken.is_set())
        await meanwhile()
        made[0].go_on.set()
        await settled(policed.url, policed.api.log_end)
    return made[0]


async def deletions(policed: Policed) -> list[Recorded[Event]]:
    log = await policed.api.services.store.reader.log(0, 10_000)
    return [recorded for recorded in log if recorded.origin.actor == "policy:session-deleted"]


async def test_a_crash_before_the_position_moves_does_nothing_twice(policed: Policed) -> None:
    await policed.sessions.create("s-1")
    for number in range(7):
        await policed.api.stored(f"k{number}", 1, sessionId="s-1")
    deleted = await policed.sessions.delete("s-1")

    async def come_back() -> None:
        # Without a record of what was done, the second run would delete it once more because of the first event.
        answer = await policed.api.stored("k0", 2, sessionId="s-1")
        come_back.position = answer["position"]  # type: ignore[attr-defined]

    fragile = await crashed(policed, come_back, commits=1)
    assert fragile.carried[:2] == [deleted["position"], deleted["position"]]
    done = await deletions(policed)
    assert len(done) == 8
    causes = [item["causationId"] for item in await history(policed.api, "k0") if item["event"] == "context-deleted"]
    assert causes == [f"evt_{deleted['position']}", f"evt_{come_back.position}"]  # type: ignore[attr-defined]


async def test_a_crash_between_two_steps_goes_on_behind_the_last_one(policed: Policed) -> None:
    await policed.sessions.create("s-1")
    for number in range(10):
        await policed.api.stored(f"k{number}", 1, sessionId="s-1")
    deleted = await policed.sessions.delete("s-1")
    seen: list[int] = []

    async def look() -> None:
        seen.append(len(await deletions(policed)))

    await crashed(policed, look, after_steps=2)
    done = await deletions(policed)
    assert seen == [6]
    assert len({recorded.stream_id for recorded in done}) == len(done) == 10
    assert {recorded.origin.causation_id for recorded in done} == {f"evt_{deleted['position']}"}


async def test_steps_of_another_size_go_on_behind_the_last_one_too(policed: Policed) -> None:
    await policed.sessions.create("s-1")
    for number in range(10):
        await policed.api.stored(f"k{number}", 1, sessionId="s-1")
    await policed.sessions.delete("s-1")
    stopped: list[Fragile] = []

    def fragile(policies: Policies) -> Fragile:
        stopped.append(Fragile(policies, after_steps=2))
        return stopped[0]

    async with running_policies(policed.url, policed.clock, wrap=fragile, at_once=3, page=4):
        await eventually(lambda: bool(stopped) and stopped[0].broken.is_set())
    # Steps of three, cut at the page of four: 3 and 1.
    assert len(await deletions(policed)) == 4
    await policed.api.stored("again", 1)
    await policed.catch_up(at_once=7, page=5)
    done = await deletions(policed)
    assert len({recorded.stream_id for recorded in done}) == len(done) == 10


async def test_policies_whose_memory_was_dropped_build_it_anew_and_do_nothing_again(policed: Policed) -> None:
    await policed.sessions.create("s-1")
    await policed.api.stored("k", 1, sessionId="s-1")
    await policed.sessions.delete("s-1")
    await policed.catch_up()
    end = await policed.api.log_end()
    before = await memory(policed)
    async with await connect(policed.url, PROJECTION, autocommit=True) as connection:
        await connection.execute("DROP SCHEMA policies_v1 CASCADE")
    await fetch(policed.url, "DELETE FROM contextline.projections WHERE name = 'policies'")
    await policed.catch_up()
    assert await policed.api.log_end() == end
    assert await memory(policed) == before


async def test_another_process_that_took_over_leaves_nothing_to_the_first(policed: Policed) -> None:
    await policed.sessions.create("s-1")
    for number in range(10):
        await policed.api.stored(f"k{number}", 1, sessionId="s-1")
    await policed.sessions.delete("s-1")
    made: list[Fragile] = []

    def fragile(policies: Policies) -> Fragile:
        made.append(Fragile(policies, after_steps=1))
        return made[0]

    async with running_policies(policed.url, policed.clock, wrap=fragile, at_once=3, owner="first"):
        await eventually(lambda: bool(made) and made[0].broken.is_set())
        policed.clock.advance(11)
        await policed.catch_up(owner="second", at_once=4)
        made[0].go_on.set()
        assert len(await deletions(policed)) == 10
        await settled(policed.url, policed.api.log_end)
    assert len(await deletions(policed)) == 10


async def test_who_lost_the_lease_stops_before_the_next_step(policed: Policed) -> None:
    await policed.sessions.create("s-1")
    for number in range(10):
        await policed.api.stored(f"k{number}", 1, sessionId="s-1")
    await policed.sessions.delete("s-1")
    taken = asyncio.Event()
    steps = 0

    class Stolen(Fragile):
        async def carry_out(
            self, connection: AsyncConnection[Any], cause: Cause, hold: Callable[[], Awaitable[None]]
        ) -> None:
            async def stolen() -> None:
                nonlocal steps
                steps += 1
                if not taken.is_set():
                    policed.clock.advance(11)
                    async with await connect(policed.url, PROJECTION, autocommit=True) as other:
                        assert await Lease(Policies.name, Policies.version, "thief").take(other, policed.clock())
                    taken.set()
                await hold()

            await self.inner.carry_out(connection, cause, stolen)

    async with running_policies(policed.url, policed.clock, wrap=Stolen, at_once=3, owner="first"):
        await eventually(taken.is_set)
        await eventually(lambda: steps == 1)
        assert len(await deletions(policed)) == 3


@pytest.mark.parametrize("trouble", [RuntimeError("no good"), DatabaseUnavailableError("away")])
async def test_what_can_not_be_carried_out_stops_the_policies_loudly_and_is_tried_again(
    policed: Policed, trouble: Exception
) -> None:
    await policed.sessions.create("s-1")
    await policed.api.stored("k", 1, sessionId="s-1")
    deleted = await policed.sessions.delete("s-1")
    failing = True
    tries = 0

    class Troubled(Fragile):
        async def carry_out(
            self, connection: AsyncConnection[Any], cause: Cause, hold: Callable[[], Awaitable[None]]
        ) -> None:
            nonlocal tries
            tries += 1
            if failing:
                raise trouble
            await self.inner.carry_out(connection, cause, hold)

    async with running_policies(policed.url, policed.clock, wrap=Troubled):
        await eventually(lambda: tries > 2)

        async def told() -> bool:
            return (await policies_state(policed.url)).get("error") is not None

        await eventually(told)
        found = await policies_state(policed.url)
        assert str(trouble) in found["error"]
        assert found["position"] == deleted["position"] - 1
        health = (await policed.api.http.get("/api/context/health")).json()
        assert health["checks"]["projection:policies"]["status"] == "unhealthy"
        failing = False
        await settled(policed.url, policed.api.log_end)
        assert (await policies_state(policed.url))["error"] is None
    assert await policed.live("k") is False


async def memory(policed: Policed) -> list[Any]:
    return [
        await fetch(policed.url, "SELECT * FROM policies_v1.members ORDER BY 1, 2, 3, 4"),
        await fetch(policed.url, "SELECT * FROM policies_v1.ended ORDER BY 1, 2"),
    ]
