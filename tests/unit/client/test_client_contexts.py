"""What the calls about contexts send, and what they make of the answers."""

from datetime import UTC, datetime
from typing import Any

import pytest
from client_fakes import AT, CONTEXT, DELETED, ROLLED_BACK, STORED, UPDATED, Client, FakeServer

from contextline import UNSET, PreconditionFailedError

INSTANT = datetime(2031, 6, 3, 10, 0, 0, 250_000, tzinfo=UTC)


async def test_store_sends_what_was_named_and_nothing_else(client: Client, server: FakeServer) -> None:
    server.will_answer(STORED, 201)
    stored = await client.store(
        "plan",
        {"step": 1, "an_own_name": 2.5},
        namespace="team/a",
        session_id="s-1",
        ttl=3600,
        tags=["plan"],
        document_version="2",
        metadata={"own_name": 1},
        expected_version=4,
        changed_by="ada",
        correlation_id="c-1",
    )
    assert server.asked == "POST /api/context/store"
    assert server.query == {}
    assert server.requests[0].headers["content-type"] == "application/json"
    assert "if-none-match" not in server.requests[0].headers
    assert server.body == {
        "key": "plan",
        "data": {"step": 1, "an_own_name": 2.5},
        "options": {
            "namespace": "team/a",
            "sessionId": "s-1",
            "ttl": 3600,
            "tags": ["plan"],
            "documentVersion": "2",
            "metadata": {"own_name": 1},
            "expectedVersion": 4,
            "changedBy": "ada",
            "correlationId": "c-1",
        },
    }
    assert (stored.id, stored.version, stored.position, stored.created) == ("ctx_1", 1, 7, True)
    assert (stored.created_at, stored.expires_at) == (INSTANT, None)


async def test_store_without_options_leaves_them_to_the_server(client: Client, server: FakeServer) -> None:
    server.will_answer(STORED)
    await client.store("plan", None)
    assert server.body == {"key": "plan", "data": None, "options": {}}


async def test_none_means_never_for_ttl_and_the_default_for_all_else(client: Client, server: FakeServer) -> None:
    server.will_answer(STORED)
    await client.store("plan", 1, ttl=None, metadata=None, tags=None, agent_id=None, only_if_absent=False)
    assert server.body["options"] == {"ttl": None}


async def test_only_if_absent_is_a_header(client: Client, server: FakeServer) -> None:
    server.will_refuse(412, "precondition-failed", currentVersion=3)
    with pytest.raises(PreconditionFailedError) as caught:
        await client.store("plan", 1, only_if_absent=True)
    assert caught.value.current_version == 3
    assert server.requests[0].headers["if-none-match"] == "*"
    assert server.body["options"] == {}


@pytest.mark.parametrize("key", ["a/../b", "//", ".", "plan ü %2F?&=#+", "\U0001f600"])
async def test_keys_travel_in_the_query_and_arrive_as_they_are(client: Client, server: FakeServer, key: str) -> None:
    server.will_answer(CONTEXT)
    await client.get(key, namespace="x/../y")
    assert server.asked == "GET /api/context/get"
    assert server.query == {"key": [key], "namespace": ["x/../y"]}


async def test_get_gives_the_whole_context(client: Client, server: FakeServer) -> None:
    server.will_answer(CONTEXT | {"fieldOfANewerServer": 1})
    context = await client.get("plan")
    assert server.query == {"key": ["plan"]}
    assert (context.data, context.version, context.position) == ({"step": 1}, 2, 9)
    assert (context.session_id, context.agent_id, context.tags, context.ttl) == ("s-1", None, ["plan"], 3600)
    assert (context.checkpoints, context.access_count, context.last_accessed_at) == ({"first": 1}, 2, INSTANT)
    assert "agent_id" not in repr(context)
    assert "tags=['plan']" in repr(context)


@pytest.mark.parametrize("data", [None, True, 2**64 - 1, -(2**63), 1e308, -0.0, "ü", [1, [2.0]], {"a_b": {"": []}}])
async def test_data_come_back_as_they_were_sent(client: Client, server: FakeServer, data: Any) -> None:
    server.will_answer(STORED)
    await client.store("plan", data)
    server.will_answer(CONTEXT | {"data": server.body["data"]})
    assert repr((await client.get("plan")).data) == repr(data)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({"version": 3}, {"version": ["3"]}),
        ({"as_of": INSTANT}, {"asOf": ["2031-06-03T10:00:00.250000Z"]}),
        ({"as_of": AT}, {"asOf": [AT]}),
        ({"as_of_position": 12}, {"asOfPosition": ["12"]}),
        ({"min_position": 12}, {"minPosition": ["12"]}),
    ],
)
async def test_get_can_ask_for_a_past_state(
    client: Client, server: FakeServer, asked: dict[str, Any], sent: dict[str, list[str]]
) -> None:
    server.will_answer(CONTEXT)
    await client.get("plan", **asked)
    assert server.query == {"key": ["plan"]} | sent


async def test_update_sends_data_and_what_was_named(client: Client, server: FakeServer) -> None:
    server.will_answer(UPDATED)
    updated = await client.update(
        "plan",
        {"step": 2},
        namespace="n",
        change_type="mergePatch",
        checkpoint="half way",
        metadata={"why": 1},
        context_metadata={"own": 2},
        agent_id=None,
        ttl=None,
    )
    assert server.asked == "PUT /api/context/update"
    assert server.query == {"key": ["plan"]}
    assert server.body == {
        "data": {"step": 2},
        "options": {
            "namespace": "n",
            "changeType": "mergePatch",
            "checkpoint": "half way",
            "metadata": {"why": 1},
            "contextMetadata": {"own": 2},
            "agentId": None,
            "ttl": None,
        },
    }
    assert (updated.version, updated.position, updated.updated_at) == (2, 9, INSTANT)


async def test_update_tells_no_data_from_null(client: Client, server: FakeServer) -> None:
    server.will_answer(UPDATED)
    await client.update("plan", tags=["done"])
    assert server.body == {"options": {"tags": ["done"]}}
    server.will_answer(UPDATED)
    await client.update("plan", None)
    assert server.body == {"data": None, "options": {}}


async def test_delete_says_why_in_the_query(client: Client, server: FakeServer) -> None:
    server.will_answer(DELETED)
    deleted = await client.delete("plan", namespace="n", expected_version=2, changed_by="ada", reason="done & over")
    assert server.asked == "DELETE /api/context/delete"
    assert server.query == {
        "key": ["plan"],
        "namespace": ["n"],
        "expectedVersion": ["2"],
        "changedBy": ["ada"],
        "reason": ["done & over"],
    }
    assert server.requests[0].content == b""
    assert (deleted.deleted, deleted.version, deleted.position) == (True, 3, 11)


@pytest.mark.parametrize(
    ("arguments", "options", "sent"),
    [
        ((1,), {}, {"version": 1}),
        (("first",), {}, {"checkpoint": "first"}),
        ((), {"checkpoint": "first"}, {"checkpoint": "first"}),
    ],
)
async def test_rollback_goes_to_a_version_or_a_checkpoint(
    client: Client, server: FakeServer, arguments: tuple[Any, ...], options: dict[str, Any], sent: dict[str, Any]
) -> None:
    server.will_answer(ROLLED_BACK)
    rolled = await client.rollback("plan", *arguments, namespace="n", reason="wrong turn", **options)
    assert server.asked == "POST /api/context/rollback"
    assert server.query == {"key": ["plan"]}
    assert server.body == sent | {"options": {"namespace": "n", "reason": "wrong turn"}}
    assert (rolled.version, rolled.to_version) == (2, 1)


@pytest.mark.parametrize("target", [{}, {"version": 1, "checkpoint": "first"}])
async def test_rollback_needs_one_target(client: Client, target: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="either a version or a checkpoint"):
        await client.rollback("plan", **target)


async def test_history_comes_in_pages_of_typed_entries(client: Client, server: FakeServer) -> None:
    entry = {
        "version": 2,
        "position": 9,
        "at": AT,
        "event": "context-updated",
        "actor": "ada",
        "action": None,
        "metadata": {},
        "changeType": "merge",
        "toVersion": None,
        "diff": [{"op": "replace", "path": "/step", "value": 2}],
        "attributes": {"sessionId": "s-1"},
    }
    server.will_answer({"items": [entry], "nextCursor": "c2"})
    page = await client.history("plan", namespace="n", limit=1, cursor="c1", order="desc")
    assert server.asked == "GET /api/context/history"
    assert server.query == {"key": ["plan"], "namespace": ["n"], "limit": ["1"], "cursor": ["c1"], "order": ["desc"]}
    assert page.next_cursor == "c2"
    (found,) = page.items
    assert (found.version, found.at, found.actor, found.change_type) == (2, INSTANT, "ada", "merge")
    assert found.diff == [{"op": "replace", "path": "/step", "value": 2}]


async def test_a_history_cursor_that_is_a_number_is_as_good(client: Client, server: FakeServer) -> None:
    server.will_answer({"items": [], "nextCursor": 5})
    assert (await client.history("plan")).next_cursor == "5"
    server.will_answer({"items": [], "nextCursor": None})
    assert (await client.history("plan", cursor=5)).next_cursor is None
    assert server.query["cursor"] == ["5"]


async def test_versions_are_a_list(client: Client, server: FakeServer) -> None:
    version = {"version": 1, "position": 7, "at": AT, "event": "context-created", "actor": None, "checkpoint": "first"}
    server.will_answer({"items": [version]})
    (found,) = await client.versions("plan", namespace="n")
    assert server.asked == "GET /api/context/versions"
    assert server.query == {"key": ["plan"], "namespace": ["n"]}
    assert (found.version, found.event, found.checkpoint) == (1, "context-created", "first")


async def test_diff_names_both_versions(client: Client, server: FakeServer) -> None:
    operation = {"op": "add", "path": "/b", "value": 1}
    server.will_answer({"from": 1, "to": 3, "diff": [operation], "attributes": {"ttl": {"from": None, "to": 60}}})
    found = await client.diff("plan", 1, 3, namespace="n")
    assert server.asked == "GET /api/context/diff"
    assert server.query == {"key": ["plan"], "namespace": ["n"], "from": ["1"], "to": ["3"]}
    assert (found.from_version, found.to_version, found.diff) == (1, 3, [operation])
    assert found.attributes == {"ttl": {"from": None, "to": 60}}


async def test_options_that_do_not_exist_are_refused_before_sending(client: Client, server: FakeServer) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'sesion_id'; did you mean 'session_id'"):
        await client.store("plan", 1, sesion_id="s-1")
    with pytest.raises(TypeError, match=r"update\(\) got an unexpected keyword argument 'encrypt'"):
        await client.update("plan", 1, encrypt=True)
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        await client.rollback("plan", 1, tags=[])
    assert server.requests == []


def test_unset_is_false_and_not_none() -> None:
    assert not UNSET
    assert UNSET is not None
