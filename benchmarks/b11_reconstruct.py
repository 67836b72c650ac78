"""B11: the largest session of the demo reconstructed over HTTP, against an endpoint with the same bytes in memory.

wrk, one thread, one connection: an agent that asks at each of its steps. The runs are those of B8, stored as the demo
stores them; the read model has caught up. The largest is the session of which the answer has most bytes. Nothing of an
answer is kept: each request makes it anew, as it is after a write.

The figure is the median latency.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvloop
from rich.console import Console

from benchmarks import wrk
from benchmarks.b8_size import find_runs
from benchmarks.harness import Benchmark, BenchmarkError, Prepared, Sample, Side, Work
from benchmarks.http_server import serving
from contextline import AsyncContextClient
from demo.load import load
from demo.runs import Run
from infrastructure.settings import Settings
from interfaces.bootstrap import run_projections
from projections.current_state.v1.project import CurrentState

MOST_RUNS = 100


@contextmanager
def prepare(work: Work) -> Iterator[Prepared]:
    """A server with the demo's sessions, and the largest of them."""
    name, runs = find_runs()
    runs = runs[:MOST_RUNS]
    with work.database() as url, serving(url) as address, httpx.Client(base_url=address, timeout=60.0) as client:
        uvloop.run(_store(url, address, runs))
        largest = max(_sessions(client), key=lambda session_id: len(_get(client, session_id).content))
        real, static = f"{address}/api/sessions/reconstruct?id={largest}", f"{address}/bench/static"
        size = len(_get(client, largest).content)

        def ours() -> Sample:
            return _measured(real, work.seconds, size)

        def peer() -> Sample:
            body = _get(client, largest).content
            if not client.put("/bench/static", content=body, headers={"ETag": '"1"'}).is_success:
                raise BenchmarkError("the server does not remember the answer")
            if client.get("/bench/static").content != body:
                raise BenchmarkError("the two endpoints answer different bytes")
            return _measured(static, work.seconds, size)

        yield Prepared(
            Side(f"GET /api/sessions/reconstruct, {size} bytes, largest of {len(runs)} {name} runs", ours),
            Side("the same bytes from memory", peer),
        )


async def _store(url: str, address: str, runs: list[Run]) -> None:
    async with AsyncContextClient(address) as client:
        figures = await load(client, runs, Console(quiet=True))
        following = asyncio.create_task(run_projections(Settings(_env_file=None), url, [CurrentState.name]))
        try:
            await client.list(limit=1, min_position=figures.position, timeout=60)
        finally:
            following.cancel()
            await asyncio.wait([following])


def _sessions(client: httpx.Client) -> list[str]:
    answer = client.get("/api/sessions", params={"limit": 1000})
    found = [session["id"] for session in answer.json()["items"]]
    if not found:
        raise BenchmarkError("the demo left no session")
    return found


def _get(client: httpx.Client, session_id: str) -> httpx.Response:
    answer = client.get("/api/sessions/reconstruct", params={"id": session_id})
    if not answer.is_success:
        raise BenchmarkError(f"the reconstruction of {session_id} answered {answer.status_code}: {answer.text}")
    return answer


def _measured(url: str, seconds: int, size: int) -> Sample:
    sample = wrk.run(url, connections=1, seconds=seconds)
    assert sample.p50 is not None
    return Sample(sample.p50, sample.p50, sample.p99, {**sample.raw, "answer_bytes": size})


BENCHMARK = Benchmark(
    id="B11", title="reconstructing a session", unit="ms (p50)", target=5.0, better="lower", prepare=prepare
)
