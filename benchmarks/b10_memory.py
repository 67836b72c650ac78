"""B10: resident memory of the API process after a million commands over 100,000 contexts ÷ (cache limit + 150 MiB).

One server process with a cache of 64 MiB, into which the contexts don't fit by far. wrk with 64 connections first
stores each context (about 1 KiB of JSON), then updates them: most updates are about a tenth of them that moves through
all, so that contexts leave memory and are loaded again all the time. The first run begins with an empty process and
ends after the million; each further one goes on in the same process for a tenth as many, and measures again: what leaks
shows there. Memory after every slice of the load is in the results file.

Beside it: the same with the default limit, after each context was stored and updated about once.

A quick run drives a fiftieth of that, and its name says so.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from application.cache import DEFAULT_BYTES
from benchmarks import bodies, wrk
from benchmarks.harness import QUICK_SECONDS, Benchmark, Beside, Prepared, Sample, Side, Work
from benchmarks.http_server import Started, started

COMMANDS, CONTEXTS = 1_000_000, 100_000
QUICK = 50
"""So many times fewer of both in a quick run."""
CONNECTIONS = 64
AGAIN = 4 * CONNECTIONS
"""Commands at the end of a slice that are sent again in the next one."""
MIB = 1024 * 1024
LIMIT = 64 * MIB
ALLOWED = 150 * MIB
SCRIPT = Path(__file__).parent / "commands.lua"


class Load:
    """Commands to one server, and its memory on the way."""

    def __init__(self, server: Started, contexts: int, seconds: int, files: Sequence[Path]) -> None:
        self._server, self._contexts, self._seconds, self._files = server, contexts, seconds, files
        self.done = self._next = 0
        self.curve: list[tuple[int, float]] = [(0, self.memory())]

    def until(self, commands: int) -> None:
        """Go on until there were so many in all."""
        while self.done < commands:
            sample = wrk.run(
                self._server.address,
                connections=CONNECTIONS,
                seconds=self._seconds,
                script=SCRIPT,
                arguments=(self._next, self._contexts, *self._files),
            )
            self.done += sample.raw["requests"]
            # Those that were on their way at the end of the slice were not answered, and may not have arrived.
            self._next += max(0, sample.raw["requests"] - AGAIN)
            self.curve.append((self.done, self.memory()))

    def memory(self) -> float:
        """Resident, in MiB."""
        return psutil.Process(self._server.pid).memory_info().rss / MIB


@contextmanager
def prepare(work: Work) -> Iterator[Prepared]:
    """A server with a small cache."""
    fewer = QUICK if work.seconds <= QUICK_SECONDS else 1
    commands, contexts = COMMANDS // fewer, CONTEXTS // fewer
    with tempfile.TemporaryDirectory() as folder:
        files = [
            bodies.write(Path(folder), "stores", bodies.stores()),
            bodies.write(Path(folder), "updates", bodies.updates()),
        ]
        with work.database() as url, started(url, cache_bytes=LIMIT) as server:
            load = Load(server, contexts, work.seconds, files)

            def ours() -> Sample:
                load.until(max(commands, load.done + commands // 10))
                return Sample(load.memory(), raw={"commands": load.done, "memory_mib": list(load.curve)})

            def beside() -> list[Beside]:
                with work.database() as url, started(url) as server:
                    other = Load(server, contexts, work.seconds, files)
                    other.until(2 * contexts)
                    name = f"with a cache of {DEFAULT_BYTES // MIB} MiB after {other.done:,} commands"
                    return [Beside(name, other.memory(), (DEFAULT_BYTES + ALLOWED) / MIB, "MiB")]

            yield Prepared(
                Side(f"API process after {commands:,} commands over {contexts:,} contexts", ours),
                Side(f"cache of {LIMIT // MIB} MiB, and {ALLOWED // MIB} MiB", lambda: Sample((LIMIT + ALLOWED) / MIB)),
                beside,
            )


BENCHMARK = Benchmark(
    id="B10", title="memory of the API process", unit="MiB", target=1, better="lower", prepare=prepare
)
