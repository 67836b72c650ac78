"""Runs wrk, a compiled generator of HTTP load, and reads what it says."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import BenchmarkError, Sample

_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
_LATENCY = re.compile(r"^\s+(50|99)%\s+([0-9.]+)(us|ms|s|m) *$", re.MULTILINE)
_RATE = re.compile(r"^Requests/sec:\s+([0-9.]+)", re.MULTILINE)
_COUNT = re.compile(r"^\s*(\d+) requests in ", re.MULTILINE)
_REFUSED = re.compile(r"^\s*Non-2xx or 3xx responses: (\d+)", re.MULTILINE)
_BROKEN = re.compile(r"^\s*Socket errors: (.+)", re.MULTILINE)


def run(
    url: str, *, connections: int, seconds: int, script: Path | None = None, arguments: Sequence[object] = ()
) -> Sample:
    """Requests a second from one thread; `script` (Lua) makes the requests, and is told the arguments.

    Raises:
        BenchmarkError: wrk isn't installed, or not every answer was a good one.
    """
    if shutil.which("wrk") is None:
        raise BenchmarkError("wrk is not installed: scripts/install-bench-tools does it on Debian")
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--latency"]
    # A slow answer is an answer; by itself wrk gives up after 2 s.
    command += ["--timeout", "30s"]
    if script is not None:
        command += ["--script", str(script)]
    told = ["--", *map(str, arguments)] if arguments else []
    done = subprocess.run([*command, url, *told], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchmarkError(f"wrk ended with {done.returncode}: {(done.stderr or done.stdout).strip()}")
    return read(done.stdout, connections, seconds)


def read(output: str, connections: int, seconds: int) -> Sample:
    """The figures of a report.

    Raises:
        BenchmarkError: some answers were no good, or there is no figure in it.
    """
    if refused := _REFUSED.search(output):
        raise BenchmarkError(f"{refused[1]} answers were errors:\n{output}")
    if broken := _BROKEN.search(output):
        raise BenchmarkError(f"connections broke ({broken[1]}):\n{output}")
    latencies = {share: float(value) * _MILLISECONDS[unit] for share, value, unit in _LATENCY.findall(output)}
    rate, count = _RATE.search(output), _COUNT.search(output)
    if rate is None or count is None or latencies.keys() != {"50", "99"}:
        raise BenchmarkError(f"wrk said nothing that could be read:\n{output}")
    raw = {"connections": connections, "seconds": seconds, "requests": int(count[1])}
    return Sample(value=float(rate[1]), p50=latencies["50"], p99=latencies["99"], raw=raw)
