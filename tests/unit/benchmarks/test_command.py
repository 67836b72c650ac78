import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.__main__ import ALL, main
from benchmarks.harness import Benchmark, BenchmarkError, Prepared, Sample, Side, Work


def fake(name: str, ratio: float, failure: Exception | None = None) -> Benchmark:
    """A benchmark with that ratio, whose target is 2."""

    @contextmanager
    def prepare(work: Work) -> Iterator[Prepared]:
        if failure:
            raise failure
        yield Prepared(Side("ours", lambda: Sample(100 * ratio)), Side("peer", lambda: Sample(100.0)))

    return Benchmark(name, "made up", "things/s", 2, "higher", prepare)


FAST, SLOW = fake("B1", 3), fake("B2", 1)
BROKEN = fake("B4", 0, BenchmarkError("wrk is not installed"))


def test_all_targets_reached_is_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], [FAST], tmp_path) == 0
    assert capsys.readouterr().out.startswith("B1 ratio=3.00 target>=2 pass\n")


def test_a_missed_target_is_exit_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], [FAST, SLOW], tmp_path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["B1 ratio=3.00 target>=2 pass", "B2 ratio=1.00 target>=2 miss"]


def test_one_that_can_not_be_measured_is_no_success_and_stops_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], [BROKEN, FAST], tmp_path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["B4 failed: wrk is not installed", "B1 ratio=3.00 target>=2 pass"]
    (written,) = tmp_path.glob("*.json")
    assert json.loads(written.read_text())["failures"] == {"B4": "wrk is not installed"}


def test_an_error_that_no_one_thought_of_keeps_what_was_measured(tmp_path: Path) -> None:
    assert main([], [FAST, fake("B2", 1, ZeroDivisionError("by zero"))], tmp_path) == 1
    (written,) = tmp_path.glob("*.json")
    read = json.loads(written.read_text())
    assert [each["id"] for each in read["benchmarks"]] == ["B1"]
    assert read["failures"] == {"B2": "by zero"}


def test_an_id_that_does_not_exist_is_answered_with_those_that_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["B1", "B99"], [FAST, SLOW], tmp_path) == 2
    told = capsys.readouterr()
    assert told.err == "there is no benchmark B99; there are: B1 B2\n"
    assert told.out == ""
    assert not list(tmp_path.iterdir())


def test_only_those_named_are_run_in_any_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["b1"], [FAST, SLOW], tmp_path) == 0
    assert "B2" not in capsys.readouterr().out


def test_a_row_with_two_ratios_goes_by_its_number_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["B6"], [FAST, fake("B6a", 3), fake("B6b", 4)], tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["B6a ratio=3.00 target>=2 pass", "B6b ratio=4.00 target>=2 pass"]


def test_the_results_tell_how_it_was_measured_and_on_what(tmp_path: Path) -> None:
    main(["--runs", "4", "--seconds", "2"], [FAST], tmp_path)
    (written,) = tmp_path.glob("*.json")
    read = json.loads(written.read_text())
    assert (read["runs"], read["seconds"]) == (4, 2)
    assert len(read["benchmarks"][0]["ours"]["runs"]) == 4
    assert {"cpus", "python", "load_before", "postgresql"} <= read["machine"].keys()


def test_a_quick_run_says_that_it_is_none_to_quote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--quick"], [FAST], tmp_path)
    assert "no figure to quote" in capsys.readouterr().out
    main([], [FAST], tmp_path)
    assert "no figure to quote" not in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--runs", "0"], ["--seconds", "-1"], ["--seconds", "soon"]])
def test_nothing_can_not_be_measured(arguments: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments, [FAST], tmp_path)
    assert ended.value.code == 2


def test_ids_are_used_once() -> None:
    assert len({benchmark.id for benchmark in ALL}) == len(ALL)
