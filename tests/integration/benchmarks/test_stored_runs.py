"""What B8 measures is there: the runs are stored, and the log's tables counted."""

import msgspec
import pytest

from benchmarks import b8_size
from benchmarks.harness import BenchmarkError
from demo.made_runs import make_runs
from demo.runs import Run, parse_runs
from tests.fixtures.servers import Server


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return parse_runs(msgspec.json.encode(make_runs(24, seed=1)))


@pytest.fixture(scope="module")
def shipped(postgres18: Server, runs: list[Run]) -> b8_size.Stored:
    return b8_size.store(postgres18, runs)  # type: ignore[arg-type]


def test_the_tables_of_the_log_are_counted_and_no_cache(shipped: b8_size.Stored) -> None:
    assert {"events", "streams", "tenants", "event_types", "dictionaries"} <= shipped.sizes.keys()
    assert not {"snapshots", "projections", "schema_migrations"} & shipped.sizes.keys()
    assert all(size["total"] == size["heap"] + size["toast"] + size["indexes"] for size in shipped.sizes.values())
    assert shipped.total > shipped.sizes["events"]["total"] > shipped.payload_bytes + shipped.origin_bytes > 0


def test_there_is_a_line_for_each_command_of_the_demo(shipped: b8_size.Stored, runs: list[Run]) -> None:
    assert shipped.events > sum(len(run.messages) for run in runs)
    assert shipped.text_bytes > 200 * shipped.events


def test_without_dictionaries_the_same_events_take_more(
    postgres18: Server, runs: list[Run], shipped: b8_size.Stored
) -> None:
    without = b8_size.store(postgres18, runs, with_dictionaries=False)  # type: ignore[arg-type]
    assert without.events == shipped.events
    assert without.text_bytes == pytest.approx(shipped.text_bytes, rel=0.001)
    assert without.payload_bytes > 1.8 * shipped.payload_bytes
    assert without.ratio > shipped.ratio


def test_with_one_that_was_trained_they_take_less(postgres18: Server, runs: list[Run], shipped: b8_size.Stored) -> None:
    trained = b8_size.store(postgres18, runs, train_after=18)  # type: ignore[arg-type]
    assert trained.events == shipped.events
    assert trained.payload_bytes < shipped.payload_bytes


def test_nothing_can_be_trained_on_too_little(postgres18: Server, runs: list[Run]) -> None:
    with pytest.raises(BenchmarkError, match="too few"):
        b8_size.store(postgres18, runs[:2], train_after=1)  # type: ignore[arg-type]
