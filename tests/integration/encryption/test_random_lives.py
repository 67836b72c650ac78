"""Whatever is stored, encrypted and erased while the read model follows: built anew it is the same."""

import random
from typing import Any

import pytest

from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, running_projection
from tests.integration.encryption.sealed import erase, read_model
from tests.integration.projections.reading import forget

EXPECTED = {200, 201, 404, 409, 410, 422}


class Load:
    """Commands as they come, from a seed, through two processes."""

    def __init__(self, seed: int, processes: list[Api], clock: MovableClock) -> None:
        self._rng, self._processes, self._clock = random.Random(seed), processes, clock
        self.done: dict[str, int] = {}

    async def run(self, commands: int) -> None:
        for _ in range(commands):
            self._clock.advance(self._rng.choice([0, 1, 40]))
            kind, answer = await self._one(self._rng.choice(self._processes))
            assert answer.status_code in EXPECTED, answer.text
            if answer.is_success:
                self.done[kind] = self.done.get(kind, 0) + 1

    async def _one(self, api: Api) -> tuple[str, Any]:
        rng = self._rng
        key, session = f"k{rng.randrange(6)}", f"s{rng.randrange(3)}"
        data = {"n": rng.randrange(100), "text": "x" * rng.choice([1, 3_000])}
        kind = rng.choice(["store", "store", "store", "update", "update", "move", "delete", "back", "erase", "session"])
        match kind:
            case "store":
                options = {"encrypt": rng.choice([True, True, False, None]), "tags": [f"t{rng.randrange(3)}"]}
                return kind, await api.store(key, data, sessionId=session, ttl=rng.choice([30, 10_000]), **options)
            case "update":
                return kind, await api.update(key, data, changeType="merge", checkpoint=rng.random() < 0.3)
            case "move":
                return kind, await api.update(key, {}, changeType="merge", sessionId=session, userId=f"u{session}")
            case "delete":
                return kind, await api.delete(key)
            case "back":
                version = (await api.get(key)).json().get("version", 1)
                body = {"version": max(1, version - rng.randrange(3))}
                return kind, await api.http.post(f"/api/context/rollback/{key}", json=body)
            case "erase":
                return kind, await erase(api, key)
        if rng.random() < 0.7:
            body = {"id": f"{session}-{rng.randrange(9)}", "encrypt": rng.random() < 0.7}
            return kind, await api.http.post("/api/sessions", json=body)
        erased = await api.http.post(f"/api/sessions/erase/{session}", json={})
        return "erase session", erased


@pytest.mark.parametrize("seed", [1, 2])
async def test_built_anew_it_is_as_it_was(
    sealed: Api, other: Api, database_url: str, clock: MovableClock, key_settings: dict[str, Any], seed: int
) -> None:
    load = Load(seed, [sealed, other], clock)
    async with running_projection(database_url, clock, **key_settings, projection_batch=3):
        await sealed.stored("first", 1)
        await sealed.keys()
        await load.run(250)
        await sealed.keys()
        live = await read_model(sealed, database_url)
    assert load.done.keys() >= {"store", "update", "move", "delete", "back", "erase", "session", "erase session"}
    contexts, sessions, _ = live
    assert contexts
    assert sessions
    await forget(database_url)
    async with running_projection(database_url, clock, **key_settings, projection_batch=7):
        await sealed.keys()
        assert await read_model(sealed, database_url) == live
