"""Runs pgbench, and reads what it says."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.harness import BenchmarkError, Sample, percentile

SAMPLED = 0.1
"""Of the transactions, those whose latency is written down: few enough to cost pgbench nothing."""

_RATE = re.compile(r"^tps = ([0-9.]+) \(without initial connection time\)", re.MULTILINE)
_FAILED = re.compile(r"^number of failed transactions: (\d+)", re.MULTILINE)


def run(
    programs: Path, url: str, script: str, variables: Mapping[str, str], *, clients: int, threads: int, seconds: int
) -> Sample:
    """Transactions a second of a script, with prepared statements.

    Raises:
        BenchmarkError: it failed, or a transaction did.
    """
    with tempfile.TemporaryDirectory(prefix="contextline-bench-") as folder:
        file = Path(folder, "script.sql")
        file.write_text(script, encoding="utf-8")
        command = [
            *(str(programs / "pgbench"), "--no-vacuum", "--protocol=prepared", f"--file={file}"),
            *(f"--client={clients}", f"--jobs={threads}", f"--time={seconds}"),
            *("--log", f"--log-prefix={folder}/log", f"--sampling-rate={SAMPLED}"),
            *(f"--define={name}={value}" for name, value in variables.items()),
            url,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchmarkError(f"pgbench ended with {done.returncode}: {done.stderr.strip()}")
        logs = [path.read_text(encoding="ascii") for path in sorted(Path(folder).glob("log.*"))]
    latencies = sorted(latency for log in logs for latency in read_log(log))
    return Sample(
        value=read_rate(done.stdout),
        p50=percentile(latencies, 0.5),
        p99=percentile(latencies, 0.99),
        raw={"clients": clients, "threads": threads, "seconds": seconds, "latencies": len(latencies)},
    )


def read_rate(output: str) -> float:
    """Transactions a second, from the report.

    Raises:
        BenchmarkError: there is no figure in it, or transactions failed.
    """
    rate, failed = _RATE.search(output), _FAILED.search(output)
    if rate is None or failed is None:
        raise BenchmarkError(f"pgbench said nothing that could be read:\n{output}")
    if failed[1] != "0":
        raise BenchmarkError(f"{failed[1]} transactions of pgbench failed")
    return float(rate[1])


def read_log(text: str) -> list[float]:
    """Milliseconds of each transaction in a log, whose third column has microseconds."""
    return [int(line.split()[2]) / 1000 for line in text.splitlines()]
