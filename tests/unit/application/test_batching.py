"""Batches on a store in memory: one append, its retries, and that no turn is kept."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from application.batching import Batches, BatchOperation, CarriedOut
from application.contexts import Contexts
from application.ports import Done, Write
from application.together import Together
from domain.contexts.commands import DeleteContext, UpdateContext
from domain.errors import BatchRefusedError, DatabaseUnavailableError, VersionConflictError
from domain.recorded import Event, Origin, Recorded
from tests.fixtures.clock import MovableClock
from tests.unit.application.memory import NOBODY, MemoryStore, NoSnapshots, appending, ref, storing


class CountingStore(MemoryStore):
    """Notes each append; before the next ones somebody else writes first."""

    def __init__(self, clock: MovableClock) -> None:
        super().__init__(clock)
        self.appends: list[Sequence[Write]] = []
        self.rivals: list[Any] = []

    async def append(
        self, tenant: str, writes: Sequence[Write], origin: Origin, done: Done | None = None
    ) -> Sequence[Recorded[Event]]:
        if self.rivals:
            await self.rivals.pop(0)
        self.appends.append(writes)
        return await super().append(tenant, writes, origin, done)


@pytest.fixture
def log(clock: MovableClock) -> CountingStore:
    return CountingStore(clock)


@pytest.fixture
def contexts(log: CountingStore, clock: MovableClock) -> Contexts:
    return Contexts(log, NoSnapshots(), clock)


@pytest.fixture
def batches(contexts: Contexts, log: CountingStore, clock: MovableClock) -> Batches:
    return Batches(contexts, Together(log, clock))


@pytest.fixture
def rival(log: CountingStore, clock: MovableClock) -> Contexts:
    """Another process on the same log."""
    return Contexts(log, NoSnapshots(), clock)


def operation(key: str, command: Any, actor: str | None = None) -> BatchOperation:
    return BatchOperation(ref(key), command, Origin(actor=actor))


async def test_an_atomic_batch_is_one_append_in_which_each_event_keeps_its_origin(
    batches: Batches, log: CountingStore
) -> None:
    done = await batches.atomic(
        "default",
        [
            operation("a", storing("a", []), "ada"),
            operation("b", storing("b", 1), "bob"),
            operation("a", appending(1), "cyd"),
            operation("b", DeleteContext(), "dan"),
        ],
    )
    assert [(one.context.key, one.context.version, one.created) for one in done] == [
        ("a", 1, True), ("b", 1, True), ("a", 2, False), ("b", 2, False),
    ]  # fmt: skip
    assert len(log.appends) == 1
    assert [(recorded.version, recorded.origin.actor) for recorded in log.log] == [
        (1, "ada"), (2, "cyd"), (1, "bob"), (2, "dan"),
    ]  # fmt: skip
    assert [one.context.position for one in done] == [1, 3, 2, 4]
    assert done[2].context.data == [1]


async def test_it_is_decided_anew_when_another_process_comes_between(
    batches: Batches, contexts: Contexts, rival: Contexts, log: CountingStore
) -> None:
    await contexts.store(ref("a"), storing("a", []), NOBODY)
    log.rivals.append(rival.update(ref("a"), appending("rival"), NOBODY))
    done = await batches.atomic("default", [operation("a", appending("mine")), operation("b", storing("b"))])
    assert (done[0].context.version, done[0].context.data) == (3, ["rival", "mine"])


async def test_an_expected_version_that_a_rival_made_stale_refuses_the_batch(
    batches: Batches, contexts: Contexts, rival: Contexts, log: CountingStore
) -> None:
    await contexts.store(ref("a"), storing("a", []), NOBODY)
    expecting = UpdateContext(data=["mine"], change_type="append", expected_version=1)
    log.rivals.append(rival.update(ref("a"), appending("rival"), NOBODY))
    with pytest.raises(BatchRefusedError) as refusal:
        await batches.atomic("default", [operation("b", storing("b")), operation("a", expecting)])
    assert refusal.value.index == 1
    assert isinstance(refusal.value.refusal, VersionConflictError)
    assert [recorded.stream_id for recorded in log.log] == [log.log[0].stream_id] * 2


async def test_whatever_happens_no_turn_is_kept_and_batches_do_not_wait_for_each_other_for_ever(
    batches: Batches, contexts: Contexts, log: CountingStore
) -> None:
    keys = ["a", "b", "c", "d"]
    await batches.atomic("default", [operation(key, storing(key, [])) for key in keys])
    log.fails.append(DatabaseUnavailableError("away"))
    forth = [operation(key, appending(1)) for key in keys]
    asked = [batches.atomic("default", forth if number % 2 else forth[::-1]) for number in range(20)]
    answers = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 30)
    assert sum(isinstance(answer, DatabaseUnavailableError) for answer in answers) == 1
    assert contexts._contexts._turns == {}
    for key in keys:
        assert (await contexts.get(ref(key)))[0].data == [1] * 19


async def test_independent_ones_keep_their_order_on_one_context_also_after_a_refusal(batches: Batches) -> None:
    found = await batches.independent(
        [
            operation("a", appending(1)),
            operation("a", storing("a", [])),
            operation("a", appending(2)),
            operation("b", DeleteContext()),
            operation("a", appending(3)),
        ]
    )
    assert [isinstance(one, CarriedOut) for one in found] == [False, True, True, False, True]
    last = found[-1]
    assert isinstance(last, CarriedOut)
    assert last.context.data == [2, 3]
