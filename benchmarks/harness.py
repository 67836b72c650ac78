"""What a benchmark is, and how one is measured: its two sides in turns, several times, and the median of the ratios."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmarks.postgres import Server, durable_server

Better = Literal["higher", "lower"]

QUICK_SECONDS, QUICK_RUNS = 1, 1


class BenchmarkError(Exception):
    """It could not be measured; the message says why and what to do about it."""


@dataclass(frozen=True)
class Sample:
    """What one run of one side gave: `value` in the benchmark's unit, latencies in milliseconds where they are known.

    `raw` is whatever else was measured on the way; it goes into the results file as it stands.
    """

    value: float
    p50: float | None = None
    p99: float | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Side:
    """One of the two: its name in the table, and what measures it once."""

    name: str
    measure: Callable[[], Sample]


@dataclass(frozen=True)
class Beside:
    """A figure that is told beside a ratio and decides nothing; `limit`: the most that it should be, if any."""

    name: str
    value: float
    limit: float | None
    unit: str


def _nothing_beside() -> Sequence[Beside]:
    return ()


@dataclass(frozen=True)
class Prepared:
    """A benchmark that is set up: the ratio is `ours` ÷ `peer`."""

    ours: Side
    peer: Side
    beside: Callable[[], Sequence[Beside]] = _nothing_beside


class Work:
    """What benchmarks of one run share: how long and how often to measure, and a server, started when it is needed."""

    def __init__(self, seconds: int, runs: int) -> None:
        self.seconds, self.runs = seconds, runs
        self._open = ExitStack()
        self._server: Server | None = None

    def __enter__(self) -> Work:
        return self

    def __exit__(self, *_: object) -> None:
        self._server = None
        self._open.close()

    @property
    def server(self) -> Server:
        """A PostgreSQL that waits for the disk."""
        if self._server is None:
            self._server = self._open.enter_context(durable_server())
        return self._server

    @contextmanager
    def database(self) -> Iterator[str]:
        """The owner's URL of a fresh database, migrated."""
        with self.server.database() as url:
            yield url

    def settle(self) -> None:
        """Finish what the last measurement left to be written, so that the next one doesn't pay for it."""
        if self._server is not None:
            self._server.checkpoint()

    def facts(self) -> dict[str, Any]:
        """The server that was measured on; nothing where none was needed."""
        return self._server.facts() if self._server is not None else {}


@dataclass(frozen=True)
class Benchmark:
    """One row: its ratio should reach `target`, from above where lower is better."""

    id: str
    title: str
    unit: str
    target: float
    better: Better
    prepare: Callable[[Work], AbstractContextManager[Prepared]]

    @property
    def sign(self) -> str:
        """How the ratio should stand to the target."""
        return ">=" if self.better == "higher" else "<="

    def reached(self, ratio: float) -> bool:
        """Whether a ratio is good enough."""
        return ratio >= self.target if self.better == "higher" else ratio <= self.target


@dataclass(frozen=True)
class Measured:
    """All runs of both sides."""

    name: str
    samples: Sequence[Sample]

    @property
    def value(self) -> float:
        """The median of the runs, in the benchmark's unit."""
        return statistics.median(sample.value for sample in self.samples)

    @property
    def p50(self) -> float | None:
        """The median of the runs' medians, in milliseconds."""
        return _median([sample.p50 for sample in self.samples])

    @property
    def p99(self) -> float | None:
        """The median of the runs' 99th percentiles, in milliseconds."""
        return _median([sample.p99 for sample in self.samples])


@dataclass(frozen=True)
class Result:
    """A benchmark and what it gave. A run's ratio is of two measurements next to each other in time."""

    benchmark: Benchmark
    ours: Measured
    peer: Measured
    beside: Sequence[Beside] = ()

    @property
    def ratios(self) -> list[float]:
        """Of each run."""
        pairs = zip(self.ours.samples, self.peer.samples, strict=True)
        return [ours.value / peer.value for ours, peer in pairs]

    @property
    def ratio(self) -> float:
        """The one that is quoted: the median."""
        return statistics.median(self.ratios)

    @property
    def passed(self) -> bool:
        """Whether the target was reached."""
        return self.benchmark.reached(self.ratio)


def measure(benchmark: Benchmark, work: Work, progress: Callable[[str], None]) -> Result:
    """Both sides in turns, which of them goes first changing with each run.

    Raises:
        BenchmarkError: a side could not be measured.
    """
    samples: dict[str, list[Sample]] = {"ours": [], "peer": []}
    progress(f"{benchmark.id}: setting up")
    with benchmark.prepare(work) as prepared:
        turns = [("ours", prepared.ours), ("peer", prepared.peer)]
        for run in range(work.runs):
            for place, side in turns if run % 2 == 0 else reversed(turns):
                progress(f"{benchmark.id}: run {run + 1} of {work.runs}, {side.name}")
                work.settle()
                sample = side.measure()
                if not (math.isfinite(sample.value) and sample.value > 0):
                    raise BenchmarkError(f"{side.name} gave {sample.value} {benchmark.unit}: nothing was measured")
                samples[place].append(sample)
        progress(f"{benchmark.id}: what is told beside")
        return Result(
            benchmark,
            Measured(prepared.ours.name, samples["ours"]),
            Measured(prepared.peer.name, samples["peer"]),
            prepared.beside(),
        )


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least that share (0 to 1) of the values don't exceed; None where there are none."""
    if not ordered:
        return None
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1]


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
