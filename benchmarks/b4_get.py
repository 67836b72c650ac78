"""B4: warm contexts got in a second over HTTP, against an endpoint of the same process with the same bytes in memory.

wrk, one thread, 64 connections. The context has about 2 KiB of data and is in the server's memory; each get still asks
the database for the stream's head, which is what makes it strongly consistent.

A real answer counts accesses, so it grows by a digit now and then. The other endpoint is therefore told the newest real
answer before each of its turns, and both are checked for the same bytes and headers but for that count and its time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from benchmarks import payloads, wrk
from benchmarks.harness import Benchmark, BenchmarkError, Beside, Prepared, Sample, Side, Work
from benchmarks.http_server import serving

CONNECTIONS = 64
KEY = "bench"
MESSAGES = 8
WARM_LIMIT = 2.0
"""Milliseconds that a warm get may take at a light load (p50)."""


@contextmanager
def prepare(work: Work) -> Iterator[Prepared]:
    """A server with one context."""
    with work.database() as url, serving(url) as address, httpx.Client(base_url=address) as client:
        _good(
            client.post(
                "/api/context/store",
                json={"key": KEY, "data": {"messages": payloads.messages(MESSAGES)}, "options": {}},
            )
        )
        real, static = f"{address}/api/context/get?key={KEY}", f"{address}/bench/static"
        for warm_up in (real, static):
            _remember(client)
            wrk.run(warm_up, connections=CONNECTIONS, seconds=1)

        def ours() -> Sample:
            return _measured(client, real, work.seconds)

        def peer() -> Sample:
            _remember(client)
            return _measured(client, static, work.seconds)

        def beside() -> Sequence[Beside]:
            p50 = wrk.run(real, connections=1, seconds=work.seconds).p50
            assert p50 is not None
            return [Beside("warm get, 1 connection, p50", p50, WARM_LIMIT, "ms")]

        yield Prepared(
            Side(f"GET /api/context/get, {CONNECTIONS} connections", ours),
            Side("the same bytes from memory", peer),
            beside,
        )


def _measured(client: httpx.Client, url: str, seconds: int) -> Sample:
    sample = wrk.run(url, connections=CONNECTIONS, seconds=seconds)
    size = len(_good(client.get(url)).content)
    return Sample(sample.value, sample.p50, sample.p99, {**sample.raw, "answer_bytes": size})


def _remember(client: httpx.Client) -> None:
    real = _get(client)
    _good(client.put("/bench/static", content=real.content, headers={"ETag": real.headers["etag"]}))
    check_alike(real, _good(client.get("/bench/static")))


def _get(client: httpx.Client) -> httpx.Response:
    return _good(client.get("/api/context/get", params={"key": KEY}))


def _good(answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        raise BenchmarkError(
            f"{answer.request.method} {answer.request.url} answered {answer.status_code}: {answer.text}"
        )
    return answer


def check_alike(real: httpx.Response, static: httpx.Response) -> None:
    """Refuse to compare answers of which one has less to send.

    Raises:
        BenchmarkError: they differ in their bytes, or in a header other than the date.
    """
    if real.content != static.content:
        raise BenchmarkError("the two endpoints answer different bytes")
    if _headers(real) != _headers(static):
        raise BenchmarkError(f"the two endpoints answer different headers: {_headers(real)} and {_headers(static)}")


def _headers(answer: httpx.Response) -> dict[str, Any]:
    return {name: value for name, value in answer.headers.items() if name != "date"}


BENCHMARK = Benchmark(
    id="B4", title="getting a warm context", unit="requests/s", target=0.7, better="higher", prepare=prepare
)
