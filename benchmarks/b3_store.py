"""B3: contexts stored in a second over HTTP, against an endpoint of the same process that validates the same bodies.

wrk, one thread, 64 connections, a script (`store.lua`) that makes each request: bodies of about 1 KiB, a key of its own
for each, so that each one creates a context. The other endpoint reads the body, validates it by the same model and
answers 204. Both are asked by the same script, so that making requests costs the same on either side.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx

from benchmarks import bodies, wrk
from benchmarks.harness import Benchmark, BenchmarkError, Beside, Prepared, Sample, Side, Work
from benchmarks.http_server import serving

CONNECTIONS = 64
SCRIPT = Path(__file__).parent / "store.lua"
STORE_LIMIT = 15.0
"""Milliseconds that a store may take at a light load (p50)."""


@contextmanager
def prepare(work: Work) -> Iterator[Prepared]:
    """A server."""
    runs = count(1)
    with work.database() as url, serving(url) as address, tempfile.TemporaryDirectory() as folder:
        made = bodies.stores()
        rests = bodies.write(Path(folder), "stores", made)
        real, idle = f"{address}/api/context/store", f"{address}/bench/validate"
        check(real, idle, '{"key":"first",' + made[0])

        def measure(target: str, connections: int = CONNECTIONS, seconds: int = work.seconds) -> Sample:
            prefix = f"run-{next(runs)}-"
            return wrk.run(target, connections=connections, seconds=seconds, script=SCRIPT, arguments=(prefix, rests))

        for target in (real, idle):
            measure(target, seconds=1)

        def beside() -> list[Beside]:
            p50 = measure(real, connections=1).p50
            assert p50 is not None
            return [Beside("store, 1 connection, p50", p50, STORE_LIMIT, "ms")]

        size = sum(map(len, made)) // len(made)
        yield Prepared(
            Side(f"POST /api/context/store, {CONNECTIONS} connections, {size} bytes", lambda: measure(real)),
            Side("the same bodies validated", lambda: measure(idle)),
            beside,
        )


def check(real: str, idle: str, body: str) -> None:
    """Refuse to compare endpoints of which one doesn't do what it should.

    Raises:
        BenchmarkError: a store creates nothing, or a body that breaks a rule is not refused by both.
    """
    json = {"Content-Type": "application/json"}
    for target, status in ((real, 201), (idle, 204)):
        for content, expected in ((body, status), (body[:-1] + ',"unknown":1}', 422)):
            answer = httpx.post(target, content=content, headers=json)
            if answer.status_code != expected:
                raise BenchmarkError(f"{target} answered {answer.status_code}, not {expected}: {answer.text}")


BENCHMARK = Benchmark(
    id="B3", title="storing contexts", unit="requests/s", target=0.6, better="higher", prepare=prepare
)
