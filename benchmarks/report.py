"""What is told of results: a line each, one table of both sides, and a file of every figure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.harness import Benchmark, Measured, Result

RESULTS = Path(__file__).parent / "results"


def line(result: Result) -> str:
    """Such as `B1 ratio=3.42 target>=2 pass`."""
    benchmark = result.benchmark
    verdict = "pass" if result.passed else "miss"
    ratio = ratio_text(benchmark, result.ratio)
    return f"{benchmark.id} ratio={ratio} target{benchmark.sign}{benchmark.target:g} {verdict}"


def ratio_text(benchmark: Benchmark, ratio: float) -> str:
    """Three digits at least, and as many as it takes not to look better or worse than it is: 1.996 is not 2.00."""
    for decimals in range(2, 12):
        text = f"{ratio:.{decimals}f}"
        if abs(ratio) >= 10 ** (2 - decimals) and benchmark.reached(float(text)) == benchmark.reached(ratio):
            return text
    return repr(ratio)


def beside_lines(result: Result) -> list[str]:
    """Such as `B4 beside: warm get, 1 connection, p50 1.2 ms (at most 2 ms on the reference machine)`."""
    return [
        f"{result.benchmark.id} beside: {each.name} {number(each.value)} {each.unit}"
        + (f" (at most {each.limit:g} {each.unit} on the reference machine)" if each.limit is not None else "")
        for each in result.beside
    ]


def table(results: Sequence[Result]) -> Table:
    """Two rows for each benchmark: medians of the runs, and the runs."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("", "side"):
        made.add_column(name)
    for name in ("median", "p50 ms", "p99 ms"):
        made.add_column(name, justify="right")
    made.add_column("unit")
    made.add_column("runs")
    for result in results:
        for measured in (result.ours, result.peer):
            made.add_row(
                result.benchmark.id if measured is result.ours else "÷",
                measured.name,
                number(measured.value),
                number(measured.p50),
                number(measured.p99),
                result.benchmark.unit,
                " ".join(number(sample.value) for sample in measured.samples),
            )
    return made


def circumstances(machine: Mapping[str, Any]) -> str:
    """What the figures depend on, in a line; a load of others above zero is a reason to measure again."""
    told = f"{machine['cpus']} CPUs, Python {machine['python']}, load of the minute before {machine['load_before']:g}"
    if postgresql := machine["postgresql"]:
        durable = ", ".join(f"{name}={postgresql[name]}" for name in ("fsync", "synchronous_commit"))
        told += f"; PostgreSQL {postgresql['server_version']} on {postgresql['filesystem']}, {durable}"
    return told


def number(value: float | None) -> str:
    """A figure for people: three digits at least; `n/a` for what was not measured."""
    if value is None:
        return "n/a"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def document(
    results: Sequence[Result], failures: Mapping[str, str], machine: Mapping[str, Any], at: datetime, **settings: Any
) -> dict[str, Any]:
    """Every figure, as JSON has it."""
    return {
        "at": at.isoformat(),
        **settings,
        "machine": machine,
        "benchmarks": [
            {
                "id": result.benchmark.id,
                "title": result.benchmark.title,
                "unit": result.benchmark.unit,
                "target": result.benchmark.target,
                "better": result.benchmark.better,
                "ratio": result.ratio,
                "ratios": result.ratios,
                "passed": result.passed,
                "ours": _side(result.ours),
                "peer": _side(result.peer),
                "beside": [asdict(each) for each in result.beside],
            }
            for result in results
        ],
        "failures": dict(failures),
    }


def write(made: Mapping[str, Any], at: datetime, folder: Path = RESULTS) -> Path:
    """The file that it was written to, named for the instant."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{at:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _side(measured: Measured) -> dict[str, Any]:
    return {
        "name": measured.name,
        "median": measured.value,
        "p50_ms": measured.p50,
        "p99_ms": measured.p99,
        "runs": [asdict(sample) for sample in measured.samples],
    }
