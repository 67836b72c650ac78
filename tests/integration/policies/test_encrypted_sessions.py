"""Encrypted contexts: they go with their session and are copied into branches, encrypted, unless they were erased."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from infrastructure.keys.opening import open_keys
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, make_settings, open_api, refused, running_projection
from tests.fixtures.keys import key_settings
from tests.integration.policies.acting import Policed, history
from tests.integration.projections.reading import fetch

__all__ = ["key_settings"]


@pytest_asyncio.fixture
async def sealed(database_url: str, clock: MovableClock, key_settings: dict[str, Any]) -> AsyncIterator[Policed]:
    """The API and its policies, with the same keys."""
    keys = open_keys(make_settings(**key_settings), clock)
    assert keys is not None
    async with open_api(database_url, clock, **key_settings) as api:
        yield Policed(api, database_url, clock, keys)
    keys.close()


async def branch(sealed: Policed, **body: Any) -> Any:
    answer = await sealed.api.http.post("/api/sessions/branch", json={"sessionId": "s-1", "timeout": 0.01} | body)
    assert answer.status_code == 201, answer.text
    await sealed.catch_up()
    return answer.json()


async def begin(api: Api) -> None:
    answer = await api.http.post("/api/sessions", json={"id": "s-1", "data": {"goal": "secret"}, "encrypt": True})
    assert answer.status_code == 201, answer.text


async def test_encrypted_contexts_of_a_deleted_session_are_deleted(sealed: Policed) -> None:
    await begin(sealed.api)
    await sealed.api.stored("k", {"text": "secret"}, sessionId="s-1", encrypt=True)
    await sealed.api.http.delete("/api/sessions/delete/s-1")
    await sealed.catch_up()
    assert await sealed.live("k") is False
    assert (await history(sealed.api, "k"))[-1]["reason"] == "session 's-1' was deleted"


async def test_copies_of_what_is_encrypted_are_encrypted(sealed: Policed, database_url: str) -> None:
    await begin(sealed.api)
    await sealed.api.stored("k", {"text": "secret words"}, sessionId="s-1", encrypt=True)
    branched = await branch(sealed, newSessionId="b-1")
    assert (branched["encrypted"], branched["data"]) == (True, {"goal": "secret"})
    copy = await sealed.api.got("k", namespace="b-1")
    assert (copy["encrypted"], copy["data"]) == (True, {"text": "secret words"})
    stored = await fetch(database_url, "SELECT payload FROM contextline.events")
    assert not [row for row in stored if b"secret" in bytes(row["payload"])]


async def test_a_copy_outlives_the_erasure_of_its_source_and_goes_with_its_own_session(
    sealed: Policed, database_url: str, clock: MovableClock, key_settings: dict[str, Any]
) -> None:
    await begin(sealed.api)
    await sealed.api.stored("k", 1, sessionId="s-1", encrypt=True)
    await branch(sealed, newSessionId="b-1")
    async with running_projection(database_url, clock, **key_settings):
        for session in ("s-1", "b-1"):
            answer = await sealed.api.http.post(f"/api/sessions/erase/{session}", json={})
            assert answer.status_code == 200, answer.text
            assert answer.json()["erasedContexts"] == 1
            assert (await sealed.api.get("k")).status_code == 410
            assert (await sealed.api.get("k", namespace="b-1")).status_code == (200 if session == "s-1" else 410)
    again = sealed.api.http.post("/api/sessions/branch", json={"sessionId": "s-1", "position": 3})
    await refused(sealed.api, again, 410, "session-erased")


async def test_what_was_erased_since_is_left_out_of_a_branch(sealed: Policed) -> None:
    await begin(sealed.api)
    for key in ("erased", "kept"):
        await sealed.api.stored(key, 1, sessionId="s-1", encrypt=True)
    position = await sealed.api.log_end()
    answer = await sealed.api.http.post("/api/context/erase", json={"key": "erased"})
    assert answer.status_code == 200, answer.text
    await branch(sealed, newSessionId="b-1", position=position)
    assert await sealed.live("kept", namespace="b-1")
    assert await sealed.live("erased", namespace="b-1") is False


async def test_what_the_policies_know_of_an_erased_context_is_forgotten_and_built_anew_alike(
    sealed: Policed, database_url: str
) -> None:
    await begin(sealed.api)
    await sealed.api.stored("k", 1, sessionId="s-1", encrypt=True)
    await sealed.api.stored("other", 1, sessionId="s-1")
    await sealed.catch_up()
    await sealed.api.http.post("/api/context/erase", json={"key": "k"})
    await sealed.api.stored("k", 2, sessionId="s-1")
    await sealed.catch_up()
    known = "SELECT owner, from_position, to_position FROM policies_v1.members ORDER BY from_position"
    live = await fetch(database_url, known)
    assert [(row["owner"], row["from_position"]) for row in live] == [("session\ns-1", 3), ("session\ns-1", 5)]
    await sealed.forget_position()
    await sealed.catch_up()
    assert await fetch(database_url, known) == live
