"""Sessions expire for want of commands in them: at that very instant, and never while there are some."""

import pytest

from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, open_api, refused, running_projection
from tests.fixtures.waiting import eventually
from tests.integration.http.session_calls import ask, begin, done, read

LONG = 10**9


async def expired(api: Api) -> list[str]:
    return await api.services.sessions.expire_due("default")


async def test_a_session_is_expired_in_every_read_from_the_instant_on(
    api: Api, projection: object, clock: MovableClock
) -> None:
    await begin(api)
    clock.advance(3599.999)
    assert ((await read(api))["status"], (await read(api))["endedAt"]) == ("active", None)
    clock.advance(0.001)
    found = await read(api)
    assert (found["status"], found["endedAt"], found["version"]) == ("expired", "2026-01-01T01:00:00Z", 1)
    assert (found["lastActiveAt"], found["expiresAt"]) == ("2026-01-01T00:00:00Z", None)
    assert (await api.pages("/api/sessions", status="active")) == [[]]
    assert (await api.pages("/api/sessions", status="expired")) == [[found]]
    problem = await refused(api, ask(api, "complete"), 409, "illegal-transition")
    assert (problem["currentStatus"], problem["allowed"]) == ("expired", ["deleted"])


async def test_every_command_in_a_session_keeps_it_alive_and_none_is_written_to_its_stream(
    api: Api, projection: object, clock: MovableClock
) -> None:
    await begin(api, timeout=60)
    for step in range(5):
        clock.advance(50)
        match step:
            case 0:
                await api.stored("k", 1, sessionId="s")
            case 1:
                # It belongs to the session, without a word of it.
                await api.updated("k", 2)
            case 2:
                await api.http.post("/api/context/rollback", params={"key": "k"}, json={"version": 1})
            case 3:
                await api.delete("k")
            case 4:
                await api.stored("other", 1, sessionId="s")
        found = await read(api)
        assert (found["status"], found["version"]) == ("active", 1)
        assert found["lastActiveAt"] == clock().isoformat().replace("+00:00", "Z")
    clock.advance(60)
    assert (await read(api))["status"] == "expired"


async def test_another_process_knows_of_the_commands_too(
    api: Api, projection: object, database_url: str, clock: MovableClock
) -> None:
    await begin(api, timeout=60)
    clock.advance(59)
    await api.stored("k", 1, sessionId="s")
    clock.advance(59)
    async with open_api(database_url, clock) as other:
        assert (await read(other))["status"] == "active"
        assert (await done(other, "pause"))["status"] == "paused"


async def test_a_command_that_comes_after_the_expiry_does_not_bring_it_back(
    api: Api, projection: object, database_url: str, clock: MovableClock
) -> None:
    await begin(api, timeout=60)
    clock.advance(60)
    await api.stored("late", 1, sessionId="s")
    clock.advance(1)
    assert (await read(api))["endedAt"] == "2026-01-01T00:01:00Z"
    async with open_api(database_url, clock) as other:
        assert (await read(other))["endedAt"] == "2026-01-01T00:01:00Z"


async def test_a_timeout_is_each_sessions_own_and_null_is_never(
    api: Api, projection: object, clock: MovableClock
) -> None:
    assert (await begin(api, "short", timeout=5))["expiresAt"] == "2026-01-01T00:00:05Z"
    assert (await begin(api, "never", timeout=None))["expiresAt"] is None
    await begin(api, "longer", timeout=5)
    assert (await done(api, "update", "longer", timeout=LONG))["timeout"] == LONG
    await begin(api, "paused", timeout=5)
    await done(api, "pause", "paused")
    clock.advance(5)
    assert {name: (await read(api, name))["status"] for name in ("short", "never", "longer", "paused")} == {
        "short": "expired",
        "never": "active",
        "longer": "active",
        "paused": "expired",
    }


async def test_the_expiry_is_recorded_later_once_and_with_its_instant(
    api: Api, projection: object, clock: MovableClock
) -> None:
    await begin(api, "one", timeout=60)
    await begin(api, "two", timeout=60)
    await begin(api, "ended", timeout=60)
    await done(api, "complete", "ended")
    clock.advance(69)
    # Not at once: other processes' clocks may be behind.
    assert await expired(api) == []
    clock.advance(1)
    await done(api, "delete", "two")
    assert await expired(api) == ["one"]
    assert await expired(api) == []
    found = await read(api, "one")
    assert (found["status"], found["version"], found["endedAt"]) == ("expired", 2, "2026-01-01T00:01:00Z")
    assert (found["lastActiveAt"], found["updatedAt"]) == ("2026-01-01T00:00:00Z", "2026-01-01T00:01:10Z")
    listed = (await api.pages("/api/sessions", status="expired", minPosition=await api.log_end()))[0]
    assert listed == [found]


async def test_deleting_what_has_expired_tells_both(api: Api, projection: object, clock: MovableClock) -> None:
    await begin(api)
    clock.advance(3600)
    assert (await done(api, "delete"))["version"] == 3
    kinds = [type(event.event).__name__ for event in await api.services.store.reader.log(0, 10)]
    assert kinds == ["SessionCreated", "SessionExpired", "SessionDeleted"]


async def test_nobody_is_told_of_an_expiry_while_the_read_model_may_have_missed_a_command(
    database_url: str, clock: MovableClock
) -> None:
    async with (
        open_api(database_url, clock, read_timeout=0.2) as writer,
        open_api(database_url, clock, read_timeout=0.2) as reader,
    ):
        async with running_projection(database_url, clock):
            await begin(writer, timeout=60)
            await asked_until_known(writer)
        # The read model stands still from here on, and the reader's process has seen nothing of this.
        clock.advance(59)
        await writer.stored("k", 1, sessionId="s")
        clock.advance(59)
        assert (await read(writer))["status"] == "active"
        await refused(reader, reader.http.get("/api/sessions/get/s"), 503, "read-model-behind")
        await refused(reader, ask(reader, "pause"), 503, "read-model-behind")
        with pytest.raises(Exception, match="did not reach"):
            await expired(reader)
        async with running_projection(database_url, clock):
            await asked_until_known(reader)
            assert (await read(reader))["status"] == "active"
            assert await expired(reader) == []


async def asked_until_known(api: Api) -> None:
    await api.services.registry.wait_for("current_state", await api.log_end(), 60)


async def test_expiries_are_recorded_by_the_server_itself(database_url: str, clock: MovableClock) -> None:
    async with running_projection(database_url, clock), open_api(database_url, clock, expiry_interval=0.01) as api:
        await begin(api, timeout=60)
        clock.advance(100)

        async def recorded() -> bool:
            return bool((await read(api))["version"] == 2)

        await eventually(recorded)
