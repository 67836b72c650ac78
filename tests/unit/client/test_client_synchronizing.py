"""What the calls of concurrent writers and batches send, and what they make of the answers."""

from typing import Any

import pytest
from client_fakes import AT, CONTEXT, DELETED, STORED, UPDATED, Client, FakeServer

from contextline import (
    UNSET,
    AlreadyResolvedError,
    ConflictNotFoundError,
    Operation,
    TooManyConflictsError,
    VersionConflictError,
)

CONFLICT: dict[str, Any] = {
    "id": "conf_3_00",
    "pointer": "/a",
    "version": 3,
    "openedAt": AT,
    "actor": "ada",
    "agentId": None,
    "baseVersion": 1,
    "base": None,
    "theirs": 3,
}
RESOLUTION = {"pointer": "/b", "strategy": "merge", "take": "value", "ours": [1], "theirs": [2], "result": [1, 2]}
SYNCED = UPDATED | {
    "changed": True, "resolutions": [RESOLUTION], "conflicts": [CONFLICT], "openConflicts": 2, "data": {"b": [1, 2]},
}  # fmt: skip
RESOLVED = UPDATED | {"conflictId": "conf_3_00", "resolution": RESOLUTION, "openConflicts": 0}


async def test_sync_sends_the_state_with_its_base_and_gives_both_together(client: Client, server: FakeServer) -> None:
    server.will_answer(SYNCED)
    done = await client.sync(
        "plan",
        {"b": [2]},
        1,
        namespace="n",
        strategy="auto",
        rules=[{"pointer": "/n/*", "take": "max"}],
        critical=["/a"],
        changed_by="ada",
        metadata={"step": 1},
    )
    assert (server.asked, server.query) == ("POST /api/context/sync", {"key": ["plan"]})
    assert server.body == {
        "data": {"b": [2]},
        "baseVersion": 1,
        "options": {
            "namespace": "n",
            "strategy": "auto",
            "rules": [{"pointer": "/n/*", "take": "max"}],
            "critical": ["/a"],
            "changedBy": "ada",
            "metadata": {"step": 1},
        },
    }
    assert (done.changed, done.version, done.data, done.open_conflicts) == (True, 2, {"b": [1, 2]}, 2)
    (resolution,) = done.resolutions
    assert (resolution.strategy, resolution.base, resolution.result) == ("merge", UNSET, [1, 2])
    (conflict,) = done.conflicts
    assert (conflict.id, conflict.base, conflict.ours, conflict.theirs) == ("conf_3_00", None, UNSET, 3)
    assert client.inner.position == 9


async def test_resolve_sends_a_value_only_where_one_is_given(client: Client, server: FakeServer) -> None:
    server.will_answer(RESOLVED)
    done = await client.resolve("plan", "conf_3_00", "theirs", reason="agreed", expected_version=4)
    assert (server.asked, server.query) == ("POST /api/context/resolve", {"key": ["plan"]})
    assert server.body == {
        "conflictId": "conf_3_00",
        "take": "theirs",
        "options": {"reason": "agreed", "expectedVersion": 4},
    }
    assert (done.conflict_id, done.resolution.result, done.open_conflicts) == ("conf_3_00", [1, 2], 0)
    server.will_answer(RESOLVED)
    await client.resolve("plan", "conf_3_00", "value", None)
    assert server.body == {"conflictId": "conf_3_00", "take": "value", "value": None, "options": {}}


async def test_conflicts_come_in_pages_and_with_the_context(client: Client, server: FakeServer) -> None:
    server.will_answer({"items": [CONFLICT | {"current": 7}], "nextCursor": "conf_3_00", "version": 5})
    page = await client.conflicts("plan", namespace="n", limit=1, cursor="conf_1_00")
    assert server.asked == "GET /api/context/conflicts"
    assert server.query == {"key": ["plan"], "namespace": ["n"], "limit": ["1"], "cursor": ["conf_1_00"]}
    assert (page.items[0].current, page.next_cursor, page.version) == (7, "conf_3_00", 5)
    server.will_answer(CONTEXT | {"conflicts": [CONFLICT]})
    assert [conflict.pointer for conflict in (await client.get("plan")).conflicts] == ["/a"]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "conflict-not-found", ConflictNotFoundError),
        (409, "already-resolved", AlreadyResolvedError),
        (409, "too-many-conflicts", TooManyConflictsError),
    ],
)
async def test_refusals_have_classes_of_their_own(
    client: Client, server: FakeServer, status: int, code: str, kind: type[Exception]
) -> None:
    server.will_refuse(status, code, resolved={"version": 4, "take": "ours"})
    with pytest.raises(kind) as refusal:
        await client.resolve("plan", "conf_3_00", "ours")
    if isinstance(refusal.value, AlreadyResolvedError):
        assert refusal.value.resolved == {"version": 4, "take": "ours"}


async def test_a_batch_sends_operations_as_their_own_calls_would(client: Client, server: FakeServer) -> None:
    server.will_answer({"mode": "atomic", "results": [], "succeeded": 0, "failed": 0, "position": 12})
    plain = {"op": "delete", "key": "plain"}
    await client.batch(
        [
            Operation.store("a", 1, tags=["x"], ttl=None, session_id=None, only_if_absent=True),
            Operation.update("b", {"n": 1}, change_type="increment", expected_version=3),
            Operation.update("c", tags=["y"]),
            Operation.delete("d", namespace="n", reason="over"),
            plain,
        ]
    )
    assert (server.asked, server.query) == ("POST /api/context/batch", {})
    assert server.body == {
        "mode": "atomic",
        "operations": [
            {"op": "store", "key": "a", "data": 1, "ifAbsent": True, "options": {"tags": ["x"], "ttl": None}},
            {"op": "update", "key": "b", "data": {"n": 1},
             "options": {"changeType": "increment", "expectedVersion": 3}},
            {"op": "update", "key": "c", "options": {"tags": ["y"]}},
            {"op": "delete", "key": "d", "options": {"namespace": "n", "reason": "over"}},
            plain,
        ],
    }  # fmt: skip
    assert client.inner.position == 12


async def test_independent_results_tell_their_errors(client: Client, server: FakeServer) -> None:
    problem = {"status": 409, "code": "version-conflict", "detail": "stale", "currentVersion": 5}
    results = [
        {"op": "store", "key": "a", "status": 201, **STORED},
        {"op": "update", "key": "b", "status": 409, "problem": problem},
        {"op": "delete", "key": "c", "status": 200, **DELETED},
    ]
    server.will_answer({"mode": "independent", "results": results, "succeeded": 2, "failed": 1, "position": None})
    done = await client.batch([Operation.delete("c")], mode="independent")
    assert server.body["mode"] == "independent"
    assert [result.error is None for result in done.results] == [True, False, True]
    assert (done.results[0].created, done.results[2].deleted, done.position) == (True, True, None)
    (error,) = done.errors.values()
    assert isinstance(error, VersionConflictError)
    assert (error.current_version, str(error), list(done.errors)) == (5, "stale", [1])
    assert client.inner.position == 0


async def test_the_refusal_of_a_batch_names_the_operation(client: Client, server: FakeServer) -> None:
    server.will_refuse(409, "version-conflict", index=3, currentVersion=5)
    with pytest.raises(VersionConflictError) as refusal:
        await client.batch([Operation.delete("c")])
    assert (refusal.value.index, refusal.value.current_version) == (3, 5)


async def test_options_that_do_not_exist_are_refused_before_sending(client: Client, server: FakeServer) -> None:
    for call in (
        lambda: client.sync("k", 1, 0, strategie="auto"),
        lambda: client.resolve("k", "conf_1_00", "ours", tags=[]),
    ):
        with pytest.raises(TypeError, match="unexpected keyword argument"):
            await call()
    for make in (Operation.store, Operation.update, Operation.delete):
        with pytest.raises(TypeError, match="unexpected keyword argument"):
            make("k", **{"sesion_id": 1} if make == Operation.delete else {"data": 1, "sesion_id": 1})  # type: ignore[operator]
    assert server.requests == []
