"""What the calls about encryption and erasure send, and what they make of the answers."""

from typing import Any

import pytest
from client_fakes import CONTEXT, SESSION, STORED, Client, FakeServer

from contextline import ContextErasedError, ContextNotFoundError, LeftContext, LeftSession

ERASED = {
    "id": "ctx_1",
    "key": "plan",
    "namespace": "n",
    "erased": True,
    "version": 5,
    "position": 40,
    "clearVersions": [[1, 2], [4, 4]],
}
ERASED_ALL: dict[str, Any] = {
    "erasedContexts": 3,
    "erasedSessions": 1,
    "position": 50,
    "clearTotal": 2,
    "clearContexts": [{"namespace": "n", "key": "note", "versions": None}],
    "clearSessions": [{"id": "s-2", "versions": [[1, 3]]}],
}


async def test_erase_names_the_context_and_why(client: Client, server: FakeServer) -> None:
    server.will_answer(ERASED)
    erased = await client.erase("plan", namespace="n", reason="asked for", changed_by="me")
    assert server.asked == "POST /api/context/erase"
    assert server.body == {"key": "plan", "namespace": "n", "reason": "asked for", "changedBy": "me"}
    assert (erased.key, erased.version, erased.clear_versions) == ("plan", 5, [(1, 2), (4, 4)])
    assert client.inner.position == 40


async def test_erase_session_and_erase_user_tell_what_is_left(client: Client, server: FakeServer) -> None:
    server.will_answer(ERASED_ALL)
    erased = await client.erase_session("s/1", reason="asked for")
    assert (server.asked, server.query) == ("POST /api/sessions/erase", {"id": ["s/1"]})
    assert server.body == {"reason": "asked for"}
    assert (erased.erased_contexts, erased.erased_sessions, erased.clear_total) == (3, 1, 2)
    assert erased.clear_contexts == [LeftContext(namespace="n", key="note")]
    assert erased.clear_sessions == [LeftSession(id="s-2", versions=[(1, 3)])]
    server.will_answer(ERASED_ALL)
    await client.erase_user("u-1", changed_by="me")
    assert server.asked == "POST /api/users/erase"
    assert server.body == {"userId": "u-1", "changedBy": "me"}
    assert client.inner.position == 50


async def test_encryption_is_asked_for_and_told(client: Client, server: FakeServer) -> None:
    server.will_answer(STORED, 201)
    await client.store("plan", 1, encrypt=True)
    assert server.body["options"] == {"encrypt": True}
    server.will_answer(STORED)
    await client.store("plan", 1, encrypt=False)
    assert server.body["options"] == {"encrypt": False}
    server.will_answer(CONTEXT | {"encrypted": True})
    assert (await client.get("plan")).encrypted
    server.will_answer(SESSION | {"encrypted": True}, 201)
    assert (await client.create_session("s-1", encrypt=True)).encrypted
    assert server.body == {"id": "s-1", "encrypt": True}


async def test_what_an_older_server_does_not_tell_is_in_the_clear(client: Client, server: FakeServer) -> None:
    server.will_answer(CONTEXT)
    assert not (await client.get("plan")).encrypted


async def test_an_erased_context_is_also_one_that_is_not_found(client: Client, server: FakeServer) -> None:
    server.will_refuse(410, "context-erased", detail="erased")
    with pytest.raises(ContextNotFoundError) as caught:
        await client.get("plan")
    assert type(caught.value) is ContextErasedError
