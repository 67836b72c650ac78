"""`python -m benchmarks [IDS...]`.

Exit status 0 if all targets are reached, 1 if one is missed or could not be measured, 2 if there is none of that name.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks import (
    b1_append,
    b2_commands,
    b3_store,
    b4_get,
    b5_open,
    b8_size,
    b10_memory,
    b11_reconstruct,
    machine,
    report,
)
from benchmarks.harness import QUICK_RUNS, QUICK_SECONDS, Benchmark, BenchmarkError, Result, Work, measure

ALL: tuple[Benchmark, ...] = (
    b1_append.BENCHMARK,
    b2_commands.BENCHMARK,
    b3_store.BENCHMARK,
    b4_get.BENCHMARK,
    b5_open.BENCHMARK,
    b8_size.BENCHMARK,
    b10_memory.BENCHMARK,
    b11_reconstruct.BENCHMARK,
)

PASSED, MISSED, UNKNOWN = 0, 1, 2
LEAST_RUNS = 3
"""What a figure must rest on to be quoted."""
WIDTH = 160


def main(
    arguments: Sequence[str] | None = None, benchmarks: Sequence[Benchmark] = ALL, results: Path = report.RESULTS
) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Ratios against peers, measured side by side.")
    parser.add_argument("ids", nargs="*", metavar="ID", help="which ones; all of them if none is named")
    parser.add_argument("--quick", action="store_true", help="one run of 1 s a side: shows that it works, nothing else")
    parser.add_argument("--seconds", type=_positive, default=5, help="how long a side is measured in each run")
    parser.add_argument("--runs", type=_positive, default=LEAST_RUNS, help="how often each side is measured")
    given = parser.parse_args(arguments)
    chosen, unknown = choose(given.ids, benchmarks)
    if unknown:
        there_are = " ".join(benchmark.id for benchmark in benchmarks)
        print(f"there is no benchmark {' '.join(unknown)}; there are: {there_are}", file=sys.stderr)
        return UNKNOWN
    if given.quick:
        given.seconds, given.runs = QUICK_SECONDS, QUICK_RUNS
    return _run(chosen, given.seconds, given.runs, results)


def choose(ids: Sequence[str], benchmarks: Sequence[Benchmark]) -> tuple[list[Benchmark], list[str]]:
    """The benchmarks named, in their own order, and the names that none has. `B6` names B6a and B6b too."""
    wanted = {name.lower() for name in ids}
    chosen = [each for each in benchmarks if not wanted or _names(each) & wanted]
    known = {name for each in benchmarks for name in _names(each)}
    return chosen, [name for name in ids if name.lower() not in known]


def _names(benchmark: Benchmark) -> set[str]:
    return {benchmark.id.lower(), benchmark.id.lower().rstrip("abc")}


def _run(chosen: Sequence[Benchmark], seconds: int, runs: int, folder: Path) -> int:
    # A file or a pipe has no width: there, no line is broken.
    out = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    err = Console(highlight=False, stderr=True)
    at, about = datetime.now(UTC), machine.facts()
    results: list[Result] = []
    failures: dict[str, str] = {}
    with Work(seconds, runs) as work:
        for benchmark in chosen:
            try:
                result = measure(benchmark, work, lambda text: err.print(text, style="dim", markup=False))
            except Exception as error:
                # The others are measured all the same, and what was measured so far is written down.
                if not isinstance(error, BenchmarkError):
                    err.print_exception()
                failures[benchmark.id] = str(error)
                out.print(f"{benchmark.id} failed: {error}", markup=False)
                continue
            results.append(result)
            out.print(report.line(result), markup=False)
            for told in report.beside_lines(result):
                out.print(told, markup=False)
        about |= {"postgresql": work.facts()}
    if results:
        out.print(report.table(results))
        out.print(report.circumstances(about), markup=False)
    if runs < LEAST_RUNS:
        out.print(f"{runs} run(s) a side: shows that it works, and is no figure to quote")
    made = report.document(results, failures, about, at, seconds=seconds, runs=runs)
    err.print(f"written to {report.write(made, at, folder)}", style="dim", markup=False)
    return PASSED if not failures and all(result.passed for result in results) else MISSED


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    # Told to end, clear up as after Ctrl-C: a server is running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
