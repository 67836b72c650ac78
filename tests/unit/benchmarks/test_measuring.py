from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from benchmarks.harness import Benchmark, BenchmarkError, Beside, Prepared, Sample, Side, Work, measure, percentile


def fake(ours: Sequence[float], peer: Sequence[float], said: list[str]) -> Benchmark:
    """A benchmark whose sides give these figures, and note when they are asked."""

    def side(name: str, values: Sequence[float]) -> Side:
        left = iter(values)

        def once() -> Sample:
            said.append(name)
            return Sample(next(left))

        return Side(name, once)

    @contextmanager
    def prepare(work: Work) -> Iterator[Prepared]:
        said.append("opened")
        yield Prepared(side("ours", ours), side("peer", peer), lambda: [Beside("alone", 1.5, 2.0, "ms")])
        said.append("closed")

    return Benchmark("B0", "made up", "things/s", 2, "higher", prepare)


def quiet(_: str) -> None:
    pass


def test_the_sides_take_turns_and_the_first_one_changes() -> None:
    said: list[str] = []
    with Work(seconds=1, runs=3) as work:
        measure(fake([1, 1, 1], [1, 1, 1], said), work, quiet)
    assert said == ["opened", "ours", "peer", "peer", "ours", "ours", "peer", "closed"]


def test_the_median_of_the_runs_ratios_is_quoted() -> None:
    with Work(seconds=1, runs=3) as work:
        result = measure(fake([10, 40, 30], [10, 10, 10], []), work, quiet)
    assert result.ratios == [1, 4, 3]
    assert result.ratio == 3
    assert result.passed
    assert (result.ours.value, result.peer.value) == (30, 10)


def test_a_ratio_is_of_two_figures_of_the_same_run() -> None:
    with Work(seconds=1, runs=3) as work:
        # The machine was half as fast in the second run, for both.
        result = measure(fake([20, 10, 20], [10, 5, 10], []), work, quiet)
    assert result.ratios == [2, 2, 2]


def test_what_is_told_beside_is_measured_once() -> None:
    with Work(seconds=1, runs=2) as work:
        result = measure(fake([1, 1], [1, 1], []), work, quiet)
    assert list(result.beside) == [Beside("alone", 1.5, 2.0, "ms")]


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf"), -1.0])
def test_a_side_that_gives_no_figure_is_an_error(value: float) -> None:
    with Work(seconds=1, runs=1) as work, pytest.raises(BenchmarkError, match="nothing was measured"):
        measure(fake([1], [value], []), work, quiet)


def test_no_server_is_started_for_benchmarks_that_need_none() -> None:
    with Work(seconds=1, runs=1) as work:
        measure(fake([1], [1], []), work, quiet)
        assert work.facts() == {}


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1), (0.01, 1), (0.5, 50), (0.505, 51), (0.99, 99), (0.991, 100), (1.0, 100)]
)
def test_a_percentile_is_one_of_the_values(share: float, value: int) -> None:
    assert percentile(range(1, 101), share) == value


def test_nothing_has_no_percentile() -> None:
    assert percentile([], 0.5) is None


def test_latencies_that_are_unknown_stay_unknown() -> None:
    with Work(seconds=1, runs=1) as work:
        result = measure(fake([1], [1], []), work, quiet)
    assert result.ours.p50 is None
    assert result.ours.p99 is None


def test_where_lower_is_better_the_target_is_reached_from_above() -> None:
    lower = Benchmark("B5", "opening cold", "s", 0.05, "lower", fake([], [], []).prepare)
    assert lower.reached(0.05)
    assert not lower.reached(0.051)
    assert lower.sign == "<="
