"""Lists, sessions and the system's calls; and that lists see what this client has done."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from client_fakes import (
    AT,
    CONTEXT,
    DELETED,
    EMPTY_PAGE,
    LISTED,
    ROLLED_BACK,
    SESSION,
    STORED,
    UPDATED,
    Client,
    FakeServer,
)

from contextline import UNSET, PositionNotInLogError


async def test_filters_go_into_the_query(client: Client, server: FakeServer) -> None:
    server.will_answer({"items": [LISTED], "nextCursor": "c2"})
    page = await client.list(
        namespace="",
        key_prefix="pl/",
        tags=["a", "b"],
        features=["f"],
        min_importance=0.5,
        created_from=datetime(2031, 6, 3, 12, tzinfo=timezone(timedelta(hours=2))),
        user_id=None,
        order="-created",
        limit=10,
        cursor="c1",
        include_data=True,
        min_position=5,
        timeout=2.5,
    )
    assert server.asked == "GET /api/context/list"
    assert server.query == {
        "namespace": [""],
        "keyPrefix": ["pl/"],
        "tag": ["a", "b"],
        "feature": ["f"],
        "minImportance": ["0.5"],
        "createdFrom": ["2031-06-03T10:00:00Z"],
        "order": ["-created"],
        "limit": ["10"],
        "cursor": ["c1"],
        "include": ["data"],
        "minPosition": ["5"],
        "timeout": ["2.5"],
    }
    assert page.next_cursor == "c2"
    (item,) = page.items
    assert (item.key, item.tags, item.data) == ("plan", ["plan"], UNSET)
    assert item.updated_at.tzinfo is UTC


async def test_the_wait_that_is_asked_for_does_not_count_against_the_clients_own(
    client: Client, server: FakeServer
) -> None:
    server.will_answer(EMPTY_PAGE)
    await client.list(min_position=5, timeout=20)
    assert server.requests[0].extensions["timeout"]["read"] == 30.0


async def test_listing_without_filters_asks_for_everything(client: Client, server: FakeServer) -> None:
    server.will_answer({"items": [LISTED | {"data": None}], "nextCursor": None})
    page = await client.list()
    assert server.query == {}
    assert page.items[0].data is None


async def test_a_text_is_not_a_list_of_tags(client: Client) -> None:
    with pytest.raises(TypeError, match="tags takes a list of strings"):
        await client.list(tags="plan")
    with pytest.raises(TypeError, match="did you mean 'tags'"):
        await client.list(tag="plan")


async def test_iterating_goes_through_all_pages(client: Client, server: FakeServer) -> None:
    server.will_answer({"items": [LISTED, CONTEXT], "nextCursor": "c2"})
    server.will_answer({"items": [], "nextCursor": "c3"})
    server.will_answer({"items": [LISTED], "nextCursor": None})
    assert len(await client.all(tags=["plan"], page_size=2, include_data=True)) == 3
    asked = [dict(request.url.params) for request in server.requests]
    same = {"tag": "plan", "limit": "2", "include": "data"}
    assert asked == [same, same | {"cursor": "c2"}, same | {"cursor": "c3"}]


@pytest.mark.parametrize(
    ("command", "arguments", "answer"),
    [
        ("store", ("plan", 1), STORED),
        ("update", ("plan", 1), UPDATED),
        ("delete", ("plan",), DELETED),
        ("rollback", ("plan", 1), ROLLED_BACK),
        ("create_session", ("s-1",), SESSION),
        ("complete_session", ("s-1",), SESSION),
        ("fail_session", ("s-1",), SESSION),
    ],
)
async def test_lists_wait_for_what_this_client_did(
    client: Client, server: FakeServer, command: str, arguments: tuple[Any, ...], answer: dict[str, Any]
) -> None:
    server.will_answer(answer)
    await getattr(client, command)(*arguments)
    assert client.inner.position == answer["position"]
    for read in (client.list, client.list_sessions, client.all):
        server.will_answer(EMPTY_PAGE)
        await read()
        assert server.query == {"minPosition": [str(answer["position"])]}


async def test_the_highest_position_counts_not_the_last(client: Client, server: FakeServer) -> None:
    for position in (20, 10):
        server.will_answer(STORED | {"position": position})
        await client.store("plan", 1)
    assert client.inner.position == 20


async def test_waiting_can_be_turned_off_or_set(client: Client, server: FakeServer) -> None:
    server.will_answer(STORED)
    await client.store("plan", 1)
    server.will_answer(EMPTY_PAGE)
    await client.list(min_position=0)
    assert server.query == {}
    server.will_answer(EMPTY_PAGE)
    await client.list_sessions(min_position=99)
    assert server.query == {"minPosition": ["99"]}


async def test_reads_by_key_need_no_position(client: Client, server: FakeServer) -> None:
    server.will_answer(STORED)
    await client.store("plan", 1)
    server.will_answer(CONTEXT)
    await client.get("plan")
    assert server.query == {"key": ["plan"]}


async def test_a_position_that_the_log_never_had_is_forgotten(client: Client, server: FakeServer) -> None:
    server.will_answer(STORED)
    await client.store("plan", 1)
    server.will_refuse(409, "position-not-in-log", head=3)
    with pytest.raises(PositionNotInLogError):
        await client.list(min_position=50)
    assert client.inner.position == 7, "that was the caller's position, not the client's"
    server.will_refuse(409, "position-not-in-log", head=3)
    with pytest.raises(PositionNotInLogError):
        await client.list()
    server.will_answer(EMPTY_PAGE)
    await client.list()
    assert server.query == {}


async def test_sessions_begin(client: Client, server: FakeServer) -> None:
    server.will_answer(SESSION, 201)
    session = await client.create_session("s-1", user_id="u-1", metadata={"task_id": 5})
    assert server.asked == "POST /api/sessions"
    assert server.body == {"id": "s-1", "userId": "u-1", "metadata": {"task_id": 5}}
    assert (session.id, session.status, session.user_id, session.metadata) == ("s-1", "active", "u-1", {"taskId": 5})
    server.will_answer(SESSION, 201)
    await client.create_session()
    assert server.body == {}


@pytest.mark.parametrize("end", ["complete", "fail"])
async def test_sessions_end(client: Client, server: FakeServer, end: str) -> None:
    server.will_answer(SESSION | {"status": "completed", "outcome": {"reward": 1.0}, "endedAt": AT})
    session = await getattr(client, f"{end}_session")("s/1", outcome={"reward": 1.0}, reason="r", expected_version=1)
    assert server.asked == f"POST /api/sessions/{end}"
    assert server.query == {"id": ["s/1"]}
    assert server.body == {"outcome": {"reward": 1.0}, "reason": "r", "expectedVersion": 1}
    assert session.outcome == {"reward": 1.0}
    assert session.ended_at == datetime(2031, 6, 3, 10, 0, 0, 250_000, tzinfo=UTC)


async def test_sessions_are_read_and_listed(client: Client, server: FakeServer) -> None:
    server.will_answer(SESSION)
    assert (await client.get_session("s-1")).version == 1
    assert server.asked == "GET /api/sessions/get"
    assert server.query == {"id": ["s-1"]}
    server.will_answer({"items": [SESSION], "nextCursor": "c2"})
    page = await client.list_sessions(status="active", user_id="u-1", limit=1, cursor="c1", timeout=1)
    assert server.asked == "GET /api/sessions"
    assert server.query == {
        "status": ["active"],
        "userId": ["u-1"],
        "limit": ["1"],
        "cursor": ["c1"],
        "timeout": ["1"],
    }
    assert (page.items[0].id, page.next_cursor) == ("s-1", "c2")


async def test_read_models_tell_how_far_they_are(client: Client, server: FakeServer) -> None:
    item = {
        "name": "current-state",
        "version": 1,
        "live": True,
        "position": 7,
        "lag": 2,
        "lagSeconds": 0.5,
        "lookedAt": AT,
        "error": None,
        "owner": "a",
    }
    server.will_answer({"items": [item], "logEnd": 9})
    (found,) = await client.projections()
    assert server.asked == "GET /api/projections"
    assert (found.name, found.live, found.lag, found.lag_seconds) == ("current-state", True, 2, 0.5)


@pytest.mark.parametrize(("status", "said"), [(200, "healthy"), (200, "degraded"), (503, "unhealthy")])
async def test_a_sick_server_gives_a_report_not_an_error(
    client: Client, server: FakeServer, status: int, said: str
) -> None:
    server.will_answer({"status": said, "checks": {"database": {"status": said}}}, status)
    report = await client.health()
    assert server.asked == "GET /api/context/health"
    assert (report.status, report.checks) == (said, {"database": {"status": said}})
    assert len(server.requests) == 1
