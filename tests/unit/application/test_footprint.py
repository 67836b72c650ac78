"""How much memory states hold: compared with what Python's own tracing of allocations says."""

import gc
import random
import tracemalloc
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from application import footprint as module
from application.footprint import SAMPLE, Scale, footprint
from benchmarks import payloads
from domain.contexts.context import Context
from domain.contexts.events import Attributes
from domain.recorded import stream_id
from interfaces.http.strict_json import parse
from tests.fixtures.clock import START

CONVERSATION = {"messages": payloads.messages(20), "step": 7, "open": True}
DOCUMENTS: dict[str, Any] = {
    "a conversation": CONVERSATION,
    "a long text": {"text": "x" * 50_000},
    "texts beyond Latin-1": {"text": ["東京" * 50, "Zoë"] * 20},
    "numbers": {"vector": [n / 7 for n in range(500)], "ids": list(range(100_000, 100_500))},
    "tiny values": [[], {}, [[]], ["a"], {"b": None}] * 100,
    "names of its own": {f"{n:070x}": {"seen": n} for n in range(200)},
}


def made(data: Any, number: int = 0) -> Context:
    return Context(
        id=stream_id("default", f"context {number}"),
        namespace="n",
        key=f"k{number}",
        version=1,
        position=number + 1_000,
        data=data,
        attributes=Attributes(),
        created_at=START,
        updated_at=START,
        expires_at=None,
    )


def allocated(make: Callable[[], Any], times: int = 50) -> float:
    """Bytes that each of so many takes."""
    gc.collect()
    tracemalloc.start()
    try:
        kept = [make() for _ in range(times)]
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - 8 * len(kept)) / times
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_estimate_is_what_a_document_takes(name: str) -> None:
    body = msgspec.json.encode(DOCUMENTS[name])
    assert footprint(parse(body)) == pytest.approx(allocated(lambda: parse(body)), rel=0.15)


def test_what_is_shared_counts_once() -> None:
    text = "x" * 10_000
    assert footprint([text] * 100) < 12_000


def test_of_very_many_values_a_sample_stands_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    random.seed(1)
    looked_at = 0
    really = module.getsizeof

    def counting(value: object) -> int:
        nonlocal looked_at
        looked_at += 1
        return really(value)

    document = [{"n": n, "name": f"name {n}"} for n in range(50_000)]
    exact = really(document) + sum(really(each) + really(each["n"]) + really(each["name"]) for each in document)
    monkeypatch.setattr(module, "getsizeof", counting)
    assert footprint(document) == pytest.approx(exact, rel=0.05)
    assert looked_at <= 4 * SAMPLE


def test_many_weighed_together_weigh_what_they_take_though_few_are_walked_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random.seed(1)
    monkeypatch.setattr(module, "WALKS", 1 / 8)
    scale = Scale()
    kinds = [DOCUMENTS[name] for name in ("a conversation", "numbers", "tiny values", "names of its own")]
    states = [made(random.choice(kinds), number) for number in range(2_000)]
    for state in states[:1_000]:
        scale.state(state)
    weighed = sum(scale.state(state) for state in states[1_000:])
    assert weighed == pytest.approx(sum(map(footprint, states[1_000:])), rel=0.15)


def test_a_large_state_is_weighed_by_itself() -> None:
    scale = Scale()
    tiny, text = made([[] for _ in range(70_000)]), made("x" * 70_000)
    assert scale.state(tiny) == pytest.approx(footprint(tiny.data), rel=0.05)
    assert scale.state(text) == pytest.approx(70_000, rel=0.05)


def test_a_text_that_chance_misses_still_counts() -> None:
    random.seed(1)
    scale = Scale()
    hidden = made([*range(1_000, 6_000), "x" * 1_000_000])
    assert all(scale.state(hidden) >= 1_000_000 for _ in range(20))
