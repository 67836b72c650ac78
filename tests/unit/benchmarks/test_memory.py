"""B10 without a server: how the load is cut into slices, and what is measured."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks import b10_memory, wrk
from benchmarks.b10_memory import AGAIN, ALLOWED, LIMIT, MIB, Load
from benchmarks.harness import Sample, Work, measure
from benchmarks.http_server import Started

FILES = [Path("stores"), Path("updates")]


class Loaded:
    """Instead of wrk and a server: each slice sends so many requests, each of which takes a KiB for good."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, requests: int) -> None:
        self.slices: list[tuple[str, Sequence[object]]] = []
        self.settings: list[dict[str, object]] = []
        self._requests = requests
        monkeypatch.setattr(wrk, "run", self._run)
        monkeypatch.setattr(Load, "memory", lambda _: 80 + self._requests * len(self.slices) / 1024)
        monkeypatch.setattr(b10_memory, "started", self._started)
        monkeypatch.setattr(Work, "database", contextmanager(lambda _: iter(["postgresql://bench"])))

    def _run(self, url: str, *, arguments: Sequence[object], **_: Any) -> Sample:
        self.slices.append((url, arguments))
        return Sample(1.0, raw={"requests": self._requests})

    @contextmanager
    def _started(self, _: str, **settings: object) -> Iterator[Started]:
        self.settings.append(settings)
        yield Started(f"server-{len(self.settings)}", 0)


def test_slices_go_on_where_the_last_one_ended_and_send_its_end_again(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = Loaded(monkeypatch, 1_000)
    load = Load(Started("server", 0), 100, 5, FILES)
    load.until(2_500)
    load.until(3_001)
    assert load.done == 4_000
    assert [arguments[:2] for _, arguments in loaded.slices] == [(at * (1_000 - AGAIN), 100) for at in range(4)]


def test_a_slice_in_which_little_was_answered_is_sent_again_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = Loaded(monkeypatch, AGAIN - 1)
    Load(Started("server", 0), 100, 5, FILES).until(AGAIN)
    assert [arguments[0] for _, arguments in loaded.slices] == [0, 0]


def test_memory_is_noted_after_every_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    Loaded(monkeypatch, 1_024)
    load = Load(Started("server", 0), 100, 5, FILES)
    load.until(2_048)
    assert load.curve == [(0, 80), (1_024, 81), (2_048, 82)]


def test_each_run_goes_on_with_the_same_server_and_the_small_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = Loaded(monkeypatch, 50_000)
    with Work(seconds=5, runs=3) as work:
        result = measure(b10_memory.BENCHMARK, work, lambda _: None)
    assert [sample.raw["commands"] for sample in result.ours.samples] == [1_000_000, 1_100_000, 1_200_000]
    assert loaded.settings == [{"cache_bytes": LIMIT}, {}]
    assert {url for url, _ in loaded.slices[:24]} == {"server-1"}
    assert result.peer.value == (LIMIT + ALLOWED) / MIB == 214
    assert "1,000,000 commands over 100,000 contexts" in result.ours.name
    assert not result.passed
    (beside,) = result.beside
    assert (beside.limit, beside.unit) == (662, "MiB")
    assert "512 MiB after 200,000 commands" in beside.name


def test_a_quick_run_drives_less_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = Loaded(monkeypatch, 5_000)
    with Work(seconds=1, runs=1) as work:
        result = measure(b10_memory.BENCHMARK, work, lambda _: None)
    assert "20,000 commands over 2,000 contexts" in result.ours.name
    assert [sample.raw["commands"] for sample in result.ours.samples] == [20_000]
    assert {arguments[1] for _, arguments in loaded.slices} == {2_000}
    assert result.passed
