"""What the calls about checkpoints, forks, splits and merges send, and what they make of the answers."""

from typing import Any

import pytest
from client_fakes import AT, UPDATED, Client, FakeServer

from contextline import UNSET, MergeConflictError, SourcesMissingError

MARK = {"id": "chk_1", "name": "start", "kind": "manual", "description": None, "version": 2, "at": AT}
POINT = {"id": "ctx_1", "key": "plan", "namespace": "", "version": 2}
MERGED: dict[str, Any] = {
    **UPDATED,
    "created": False,
    "strategy": "three_way",
    "sources": [POINT],
    "bases": [POINT],
    "missing": [{"key": "gone", "namespace": "", "version": None}],
    "conflicts": [{"pointer": "/a", "base": None, "theirs": 1, "source": POINT, "taken": "ours"}],
    "conflictCount": 1,
    "automatic": "auto_1_before-merge",
}


async def test_checkpoints_are_made_listed_and_compared(client: Client, server: FakeServer) -> None:
    server.will_answer({**UPDATED, "checkpoint": MARK}, 201)
    made = await client.checkpoint("plan", "start", description="first", namespace="n", changed_by="me")
    assert (server.asked, server.query) == ("POST /api/context/checkpoints", {"key": ["plan"]})
    assert server.body == {
        "name": "start",
        "description": "first",
        "options": {"namespace": "n", "changedBy": "me"},
    }
    assert (made.version, made.checkpoint.name, made.checkpoint.kind, made.checkpoint.version) == (
        2, "start", "manual", 2,
    )  # fmt: skip
    assert client.inner.position == 9
    server.will_answer({"items": [MARK], "nextCursor": "2.start"})
    page = await client.checkpoints("plan", namespace="n", limit=1, cursor="1.a")
    assert (server.asked, server.query) == (
        "GET /api/context/checkpoints",
        {"key": ["plan"], "namespace": ["n"], "limit": ["1"], "cursor": ["1.a"]},
    )
    assert (page.items[0].name, page.next_cursor) == ("start", "2.start")
    server.will_answer({"from": 2, "to": 5, "diff": [], "attributes": {}})
    found = await client.compare("plan", "start", "end")
    assert (server.asked, server.query) == (
        "GET /api/context/compare",
        {"key": ["plan"], "checkpoint": ["start"], "with": ["end"]},
    )
    assert (found.from_version, found.to_version) == (2, 5)


async def test_restore_names_the_checkpoint(client: Client, server: FakeServer) -> None:
    server.will_answer({**UPDATED, "checkpoint": "start", "toVersion": 1, "automatic": "auto_1_before-restore"})
    restored = await client.restore("plan", "start", reason="why", expected_version=1)
    assert (server.asked, server.query) == ("POST /api/context/restore", {"key": ["plan"]})
    assert server.body == {"checkpoint": "start", "options": {"reason": "why", "expectedVersion": 1}}
    assert (restored.to_version, restored.automatic) == (1, "auto_1_before-restore")


async def test_fork_names_the_target_and_where_to_begin(client: Client, server: FakeServer) -> None:
    server.will_answer({**UPDATED, "createdAt": AT, "parent": POINT}, 201)
    forked = await client.fork("plan", {"key": "b", "namespace": "m"}, version=2, session_id=None, context_metadata={})
    assert (server.asked, server.query) == ("POST /api/context/fork", {"key": ["plan"]})
    assert server.body == {
        "target": {"key": "b", "namespace": "m"},
        "version": 2,
        "options": {"sessionId": None, "contextMetadata": {}},
    }
    assert (forked.parent.key, forked.parent.version) == ("plan", 2)
    server.will_answer({**UPDATED, "createdAt": AT, "parent": POINT}, 201)
    await client.fork("plan", "b", checkpoint="start")
    assert server.body == {"target": {"key": "b"}, "checkpoint": "start", "options": {}}


async def test_split_names_a_target_for_each_pointer(client: Client, server: FakeServer) -> None:
    part = {**UPDATED, "pointer": "/a", "key": "a", "position": 12}
    server.will_answer({**UPDATED, "position": 12, "targets": [part]}, 201)
    targets = {"/a": "a", "/b": {"key": "b", "namespace": "m"}}
    done = await client.split("plan", targets, remove_from_source=True, tags=["t"])
    assert (server.asked, server.query) == ("POST /api/context/split", {"key": ["plan"]})
    assert server.body == {
        "targets": [{"pointer": "/a", "key": "a"}, {"pointer": "/b", "key": "b", "namespace": "m"}],
        "removeFromSource": True,
        "options": {"tags": ["t"]},
    }
    assert (done.targets[0].pointer, done.targets[0].key) == ("/a", "a")
    assert client.inner.position == 12


async def test_merge_names_sources_target_and_strategy(client: Client, server: FakeServer) -> None:
    server.will_answer(MERGED)
    sources = ["b", {"key": "c", "namespace": "m", "version": 3}]
    merged = await client.merge(sources, "plan", "three-way", on_conflict="first", ignore_missing=True, encrypt=True)
    assert (server.asked, server.query) == ("POST /api/context/merge", {})
    assert server.body == {
        "sources": [{"key": "b"}, {"key": "c", "namespace": "m", "version": 3}],
        "target": {"key": "plan"},
        "strategy": "three_way",
        "onConflict": "first",
        "ignoreMissing": True,
        "options": {"encrypt": True},
    }
    (conflict,) = merged.conflicts
    assert (conflict.pointer, conflict.base, conflict.ours, conflict.theirs) == ("/a", None, UNSET, 1)
    assert (merged.missing[0].key, merged.bases[0].version, merged.automatic) == ("gone", 2, "auto_1_before-merge")


async def test_merge_takes_a_list_and_options_that_it_knows(client: Client) -> None:
    with pytest.raises(TypeError, match="takes a list"):
        await client.merge("b", "plan")
    with pytest.raises(TypeError, match="did you mean 'session_id'"):
        await client.merge(["b"], "plan", sesion_id="s")


async def test_what_a_merge_refuses_is_told_in_full(client: Client, server: FakeServer) -> None:
    conflict = {"pointer": "/a", "base": 1, "ours": 2, "theirs": 3, "source": POINT}
    server.will_refuse(409, "merge-conflict", conflicts=[conflict], conflictCount=5)
    with pytest.raises(MergeConflictError) as caught:
        await client.merge(["b"], "plan", "three_way")
    assert (caught.value.conflicts, caught.value.conflict_count) == ([conflict], 5)
    server.will_refuse(404, "sources-missing", errors=[{"pointer": "/sources/0", "detail": "gone"}])
    with pytest.raises(SourcesMissingError) as missing:
        await client.merge(["b"], "plan")
    assert missing.value.errors == [{"pointer": "/sources/0", "detail": "gone"}]
