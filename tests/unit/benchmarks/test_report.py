import json
from contextlib import nullcontext
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import report
from benchmarks.harness import Benchmark, Beside, Better, Measured, Prepared, Result, Sample, Side

PREPARED = Prepared(Side("ours", lambda: Sample(1)), Side("peer", lambda: Sample(1)))


def result(*ratios: float, target: float = 2, better: Better = "higher") -> Result:
    benchmark = Benchmark("B1", "made up", "things/s", target, better, lambda _: nullcontext(PREPARED))
    ours = Measured("our side", [Sample(1000 * ratio, 1.25, 9.5, {"calls": 7}) for ratio in ratios])
    peer = Measured("the other", [Sample(1000.0) for _ in ratios])
    return Result(benchmark, ours, peer, [Beside("alone", 1.234, 2.0, "ms")])


def test_a_line_has_the_ratio_the_target_and_the_verdict() -> None:
    assert report.line(result(3.42)) == "B1 ratio=3.42 target>=2 pass"
    assert report.line(result(1.5)) == "B1 ratio=1.50 target>=2 miss"
    assert report.line(result(0.04, target=0.05, better="lower")) == "B1 ratio=0.0400 target<=0.05 pass"
    assert report.line(result(0.4, target=0.05, better="lower")) == "B1 ratio=0.400 target<=0.05 miss"


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(2.0, "2.00"), (1.996, "1.996"), (1.99996, "1.99996"), (61.238, "61.24"), (0.0123, "0.0123"), (0.0012, "0.00120")],
)
def test_a_ratio_is_never_rounded_across_its_target(ratio: float, text: str) -> None:
    assert report.ratio_text(result().benchmark, ratio) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "n/a"), (13421.7, "13,422"), (249.4, "249"), (12.345, "12.3"), (0.5223, "0.522")]
)
def test_figures_are_short(value: float | None, text: str) -> None:
    assert report.number(value) == text


def test_the_table_has_both_sides_and_every_run() -> None:
    text = StringIO()
    Console(width=160, file=text).print(report.table([result(3, 4, 5)]))
    told = text.getvalue()
    assert "our side" in told
    assert "3,000 4,000 5,000" in told
    assert "the other" in told
    assert "n/a" in told


def test_the_circumstances_tell_whether_others_were_at_work_and_whether_the_disk_was_waited_for() -> None:
    machine = {"cpus": 2, "python": "3.11.7", "load_before": 0.25, "postgresql": {}}
    assert report.circumstances(machine) == "2 CPUs, Python 3.11.7, load of the minute before 0.25"
    server = {"server_version": "18.4", "filesystem": "ext4", "fsync": "on", "synchronous_commit": "on"}
    told = report.circumstances(machine | {"postgresql": server})
    assert told.endswith("; PostgreSQL 18.4 on ext4, fsync=on, synchronous_commit=on")


def test_what_is_told_beside_names_its_limit() -> None:
    assert report.beside_lines(result(3)) == ["B1 beside: alone 1.23 ms (at most 2 ms on the reference machine)"]


def test_what_is_told_beside_need_not_have_a_limit() -> None:
    told = Result(result(3).benchmark, result(3).ours, result(3).peer, [Beside("alone", 0.8123, None, "of the text")])
    assert report.beside_lines(told) == ["B1 beside: alone 0.812 of the text"]


def test_the_file_has_every_figure_of_every_run(tmp_path: Path) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    made = report.document([result(3, 5, 4)], {"B4": "no wrk"}, {"cpus": 2}, at, seconds=5, runs=3)
    path = report.write(made, at, tmp_path / "results")
    assert path.name == "20260102T030405Z.json"
    read = json.loads(path.read_text())
    assert read == json.loads(json.dumps(made))
    (benchmark,) = read["benchmarks"]
    assert benchmark["ratio"] == 4
    assert benchmark["ratios"] == [3, 5, 4]
    assert benchmark["ours"]["runs"][1] == {"value": 5000, "p50": 1.25, "p99": 9.5, "raw": {"calls": 7}}
    assert benchmark["beside"] == [{"name": "alone", "value": 1.234, "limit": 2.0, "unit": "ms"}]
    assert read["failures"] == {"B4": "no wrk"}
    assert read["machine"] == {"cpus": 2}
