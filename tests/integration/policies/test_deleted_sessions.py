"""A session that is deleted takes its contexts with it, each exactly once, also those that come too late."""

from typing import Any

from domain.recorded import stream_id
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, running_projection
from tests.fixtures.waiting import eventually
from tests.integration.policies.acting import (
    TENANT,
    Policed,
    SessionCommands,
    history,
    running_policies,
    settled,
)


async def test_contexts_of_a_deleted_session_are_deleted_and_the_trail_tells_why(policed: Policed) -> None:
    api = policed.api
    await policed.sessions.create("s-1")
    await api.stored("a", 1, sessionId="s-1")
    await api.stored("b", 1, sessionId="s-1", namespace="n")
    await api.stored("other", 1, sessionId="s-2")
    await api.stored("none", 1)
    deleted = await policed.sessions.delete("s-1", correlationId="corr-7")
    await policed.catch_up()
    assert await policed.live("a") is False
    assert await policed.live("b", namespace="n") is False
    assert await policed.live("other")
    assert await policed.live("none")
    newest = (await history(api, "a"))[-1]
    assert newest["event"] == "context-deleted"
    assert (newest["actor"], newest["action"]) == ("policy:session-deleted", "session-deleted")
    assert newest["causationId"] == f"evt_{deleted['position']}"
    assert newest["correlationId"] == "corr-7"
    assert newest["sessionId"] == "s-1"
    assert newest["reason"] == "session 's-1' was deleted"


async def test_a_context_stored_into_a_deleted_session_is_deleted_because_of_its_own_event(policed: Policed) -> None:
    await policed.sessions.create("s-1")
    await policed.sessions.delete("s-1")
    await policed.catch_up()
    stored = await policed.api.stored("late", 1, sessionId="s-1")
    await policed.catch_up()
    assert await policed.live("late") is False
    assert (await history(policed.api, "late"))[-1]["causationId"] == f"evt_{stored['position']}"


async def test_what_is_captured_into_a_deleted_session_is_deleted_too(policed: Policed) -> None:
    await policed.sessions.create("s-1")
    await policed.sessions.delete("s-1")
    await policed.catch_up()
    body = {"source": "test", "files": [{"path": "late.txt", "content": "x"}], "options": {"sessionId": "s-1"}}
    captured = await policed.api.http.post("/api/context/capture", json=body)
    assert captured.status_code == 200, captured.text
    # It was there.
    assert await history(policed.api, "capture/file/late.txt", namespace="s-1")
    await policed.catch_up()
    assert await policed.live("capture/file/late.txt", namespace="s-1") is False
    newest = (await history(policed.api, "capture/file/late.txt", namespace="s-1"))[-1]
    assert (newest["event"], newest["actor"]) == ("context-deleted", "policy:session-deleted")


async def test_late_contexts_are_deleted_also_in_the_batch_in_which_their_session_is(policed: Policed) -> None:
    await policed.sessions.create("s-1")
    await policed.api.stored("before", 1, sessionId="s-1")
    await policed.sessions.delete("s-1")
    await policed.api.stored("after", 1, sessionId="s-1")
    await policed.catch_up()
    assert await policed.live("before") is False
    assert await policed.live("after") is False


async def test_a_context_moved_into_a_deleted_session_is_deleted_and_one_moved_out_in_time_stays(
    policed: Policed,
) -> None:
    api = policed.api
    await policed.sessions.create("s-1")
    await api.stored("out", 1, sessionId="s-1")
    await api.updated("out", 2, sessionId="s-2")
    await api.stored("nowhere", 1, sessionId="s-1")
    await api.updated("nowhere", 2, sessionId=None)
    await api.stored("in", 1)
    await policed.sessions.delete("s-1")
    await policed.catch_up()
    moved = await api.updated("in", 2, sessionId="s-1")
    await policed.catch_up()
    assert await policed.live("out")
    assert await policed.live("nowhere")
    assert await policed.live("in") is False
    assert (await history(api, "in"))[-1]["causationId"] == f"evt_{moved['position']}"


async def test_a_context_moved_out_before_the_policy_comes_to_it_stays(policed: Policed) -> None:
    await policed.sessions.create("s-1")
    await policed.api.stored("k", 1, sessionId="s-1")
    await policed.sessions.delete("s-1")
    await policed.api.updated("k", 2, sessionId="s-2")
    await policed.catch_up()
    assert await policed.live("k")


async def test_a_context_rolled_back_into_a_deleted_session_is_deleted(policed: Policed) -> None:
    api = policed.api
    await policed.sessions.create("s-1")
    await api.stored("k", 1, sessionId="s-1")
    await api.updated("k", 2, sessionId="s-2")
    await policed.sessions.delete("s-1")
    await policed.catch_up()
    assert await policed.live("k")
    answer = await api.http.post("/api/context/rollback", params={"key": "k"}, json={"version": 1})
    assert answer.status_code == 200, answer.text
    await policed.catch_up()
    assert await policed.live("k") is False


async def test_what_is_gone_already_is_passed_and_what_came_back_elsewhere_stays(policed: Policed) -> None:
    api = policed.api
    await policed.sessions.create("s-1")
    for key in ("deleted", "again", "expired"):
        await api.stored(key, 1, sessionId="s-1", **({"ttl": 1} if key == "expired" else {}))
    await api.delete("deleted")
    await api.delete("again")
    await api.stored("again", 2, sessionId="s-2")
    policed.clock.advance(2)
    await policed.sessions.delete("s-1")
    before = await api.log_end()
    await policed.catch_up()
    assert await api.log_end() == before
    assert await policed.live("again")


async def test_sessions_that_end_otherwise_keep_their_contexts(policed: Policed) -> None:
    for how in ("complete", "fail"):
        await policed.sessions.create(how)
        await policed.api.stored(f"in-{how}", 1, sessionId=how)
        await policed.sessions.end(how, how)
    before = await policed.api.log_end()
    await policed.catch_up()
    assert await policed.api.log_end() == before
    await policed.sessions.delete("complete")
    await policed.catch_up()
    assert await policed.live("in-complete") is False
    assert await policed.live("in-fail")


async def test_a_session_with_more_contexts_than_a_page_is_emptied(policed: Policed) -> None:
    await policed.sessions.create("s-1")
    keys = [f"k{number:03}" for number in range(120)]
    for key in keys:
        await policed.api.stored(key, 1, sessionId="s-1")
    await policed.sessions.delete("s-1")
    await policed.catch_up(page=25)
    assert [key for key in keys if await policed.live(key)] == []
    log: Any = await policed.api.services.store.reader.log(0, 10_000)
    deletions = [recorded for recorded in log if recorded.origin.actor == "policy:session-deleted"]
    assert len({recorded.stream_id for recorded in deletions}) == len(deletions) == 120


async def test_policies_run_by_the_program_itself_do_the_same(api: Api, database_url: str, clock: MovableClock) -> None:
    sessions = SessionCommands(api)
    await sessions.create("s-1")
    await api.stored("a", 1, sessionId="s-1")
    await sessions.delete("s-1")
    async with running_policies(database_url, clock):
        await settled(database_url, api.log_end)
        answer = await api.http.get("/api/projections")
    (item,) = answer.json()["items"]
    assert (item["name"], item["error"], item["lag"]) == ("policies", None, 0)
    assert (await api.get("a")).status_code == 404
    assert await api.services.store.head(TENANT, stream_id(TENANT, "context\n\na")) == 2


async def test_the_store_is_healthy_when_read_models_and_policies_follow(
    api: Api, database_url: str, clock: MovableClock
) -> None:
    async with running_projection(database_url, clock), running_policies(database_url, clock):

        async def healthy() -> bool:
            answer = await api.http.get("/api/context/health")
            return bool(answer.json()["status"] == "healthy")

        await eventually(healthy)
