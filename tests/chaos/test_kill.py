"""kill -9 of the API, the projection and PostgreSQL in the middle of a load.

Afterwards every command that was acknowledged is in the log once, versions run 1..n, and the read model equals the fold
of the log. A command that was not acknowledged may be there or not; it is never there twice.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from contextlib import suppress

import httpx
import psutil
import psycopg
import pytest

from contextline import AsyncContextClient, Context, ContextClient, ContextlineError
from infrastructure.postgres.embedded import EmbeddedPostgres
from tests.fixtures.waiting import eventually
from tests.support.running import PATIENCE, RunningStore, running_store, wait_until

WRITERS = 8
AT_LEAST = 20
"""Commands that must be acknowledged after each kill, before the next."""


class Load:
    """Writers that append numbered entries to contexts of their own, and note what was acknowledged."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.acknowledged: dict[str, list[int]] = {}
        self.stopped = asyncio.Event()

    def count(self) -> int:
        return sum(map(len, self.acknowledged.values()))

    async def run(self) -> None:
        async with AsyncContextClient(self._url, timeout=60) as client:
            await asyncio.gather(*(self._write(client, f"writer-{number}") for number in range(WRITERS)))

    async def _write(self, client: AsyncContextClient, key: str) -> None:
        assert await self._acknowledged(client.store(key, {"entries": []}, ttl=None)), "the load begins in peace"
        acknowledged = self.acknowledged[key] = []
        number = 0
        while not self.stopped.is_set():
            number += 1
            change = client.update(key, {"entries": [number]}, change_type="append")
            if await self._acknowledged(change):
                acknowledged.append(number)
            else:
                await asyncio.sleep(0.05)

    @staticmethod
    async def _acknowledged(command: object) -> bool:
        try:
            await command  # type: ignore[misc]
        except (ContextlineError, httpx.HTTPError):
            return False
        return True


def victims(store: RunningStore, random_source: random.Random) -> psutil.Process | None:
    kind = random_source.choice(["serve", "current_state", "policies", "postgres", "backend"])
    assert store.process is not None
    if kind in ("serve", "current_state", "policies"):
        return store.process_named(kind)
    with suppress(psutil.NoSuchProcess):  # ended while we looked
        postmasters = [child for child in psutil.Process(store.process.pid).children() if child.name() == "postgres"]
        if kind == "backend" and postmasters:
            backends = postmasters[0].children()
            return random_source.choice(backends) if backends else None
        return postmasters[0] if postmasters else None
    return None


async def kill_under_load(store: RunningStore, rounds: int, seed: int) -> Load:
    random_source = random.Random(seed)
    load = Load(store.url)
    running = asyncio.create_task(load.run())
    await eventually(lambda: running.done() or len(load.acknowledged) == WRITERS, PATIENCE)
    for _ in range(rounds):
        await asyncio.sleep(random_source.uniform(0.3, 1.5))
        if victim := victims(store, random_source):
            with suppress(psutil.NoSuchProcess):
                victim.kill()
        await asyncio.to_thread(wait_until, store.is_healthy, "healthy again")
        # Also the last transaction of whoever was killed has come to its end: the next ones waited for it.
        before = load.count()
        await eventually(lambda before=before: running.done() or load.count() >= before + AT_LEAST, PATIENCE)
    load.stopped.set()
    await running
    return load


def check_log(store: RunningStore, load: Load) -> None:
    with ContextClient(store.url, timeout=PATIENCE) as client:
        contexts = {context.key: context for context in listed(client, store.url)}
        assert set(contexts) == set(load.acknowledged)
        for key, acknowledged in load.acknowledged.items():
            current = client.get(key)
            counts = Counter(current.data["entries"])
            assert [number for number in acknowledged if counts[number] != 1] == [], "acknowledged once, there once"
            assert [number for number, count in counts.items() if count > 1] == [], "nothing is there twice"
            versions = [item.version for item in client.versions(key)]
            assert versions == list(range(1, len(versions) + 1))
            assert contexts[key].data == current.data, "the read model equals the log"
            assert contexts[key].version == current.version
    check_positions(store)


def listed(client: ContextClient, url: str) -> list[Context]:
    # Whoever was killed while answering may have committed more than was told: ask for the log's true end.
    end = httpx.get(f"{url}/api/projections", timeout=PATIENCE, trust_env=False).json()["logEnd"]
    return list(client.iterate(include_data=True, min_position=end, timeout=60))


def check_positions(store: RunningStore) -> None:
    url = EmbeddedPostgres(store.data_dir).url()
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*), max(position), min(position) FROM contextline.events").fetchone()
        assert row is not None
        assert row[0] == row[1]
        assert row[2] == 1
        falling = connection.execute(
            "SELECT count(*) FROM contextline.events a JOIN contextline.events b ON b.position = a.position + 1 "
            "WHERE b.recorded_at < a.recorded_at"
        ).fetchone()
        assert falling == (0,)


async def test_nothing_acknowledged_is_lost_by_kill_9() -> None:
    seed = int(os.environ.get("CHAOS_SEED", "20260101"))
    with running_store(CONTEXTLINE_LOG_LEVEL="warning") as store:
        load = await kill_under_load(store, rounds=6, seed=seed)
        assert load.count() > 100
        check_log(store, load)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
async def test_nothing_acknowledged_is_lost_by_many_kills(seed: int) -> None:
    with running_store(CONTEXTLINE_LOG_LEVEL="warning") as store:
        load = await kill_under_load(store, rounds=50, seed=seed)
        check_log(store, load)
