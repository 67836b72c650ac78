"""The keys in memory: made together, bounded, and never used once any process has erased them."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from domain.errors import KeysUnavailableError
from infrastructure.keys.ring import KeyRing
from infrastructure.keys.sqlite import SqliteKeyStore
from infrastructure.keys.store import DataKey, Owner
from infrastructure.payloads.encryption import ErasedError
from infrastructure.payloads.header import PayloadError
from tests.unit.keys.stores import NOTE, OTHER, PLAN, Places


def clock() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


class CountingStore(SqliteKeyStore):
    """Notes what it is asked for."""

    def __init__(self, places: Places) -> None:
        super().__init__(places.folder, places.ledger, lambda: [places.master])
        self.asked: list[list[Owner]] = []
        self.looked_up: list[bytes] = []

    def ensure(self, owners: Sequence[Owner], made_at: str) -> list[DataKey]:
        self.asked.append(list(owners))
        return super().ensure(owners, made_at)

    def secret(self, key_id: bytes) -> bytes:
        self.looked_up.append(key_id)
        return super().secret(key_id)


@pytest.fixture
def store(places: Places) -> CountingStore:
    return CountingStore(places)


@pytest.fixture
def ring(store: CountingStore) -> Iterator[KeyRing]:
    made = KeyRing(store, clock, capacity=3)
    yield made
    made.close()


@pytest.fixture
def other(places: Places, ring: KeyRing) -> Iterator[KeyRing]:
    """Another process's."""
    made = KeyRing(places.open(), clock)
    yield made
    made.close()


async def test_keys_that_are_asked_for_at_once_are_made_together(ring: KeyRing, store: CountingStore) -> None:
    owners = [PLAN._replace(user_id=f"u-{number % 10}") for number in range(50)]
    keys = await asyncio.gather(*map(ring.key_for, owners))
    assert len(store.asked) == 1
    assert len(set(keys)) == 10
    assert {ring.secret(key.id) for key in keys} == {key.secret for key in keys}


async def test_a_key_in_memory_is_not_looked_up_again(ring: KeyRing, store: CountingStore) -> None:
    key = await ring.key_for(PLAN)
    assert await ring.key_for(PLAN) == key
    assert ring.secret(key.id) == key.secret
    assert (len(store.asked), store.looked_up) == (1, [])


async def test_memory_is_bounded_and_what_fell_out_of_it_comes_back(ring: KeyRing, store: CountingStore) -> None:
    keys = [await ring.key_for(PLAN._replace(user_id=f"u-{number}")) for number in range(10)]
    assert len(ring._secrets) == len(ring._ids) == 3
    assert ring.secret(keys[0].id) == keys[0].secret
    assert store.looked_up == [keys[0].id]
    assert await ring.key_for(PLAN._replace(user_id="u-1")) == keys[1]
    assert len(ring._secrets) == 3


async def test_what_one_process_erases_no_other_one_uses(ring: KeyRing, other: KeyRing) -> None:
    key = await ring.key_for(PLAN)
    kept = await ring.key_for(NOTE)
    assert (await other.key_for(PLAN), other.secret(key.id)) == (key, key.secret)
    (erasure,) = await ring.destroy("default", [PLAN.stream_name], "context", None, None)
    assert erasure.keys == (key.id.hex(),)
    for each in (ring, other):
        assert each.is_erased(key.id)
        assert not each.is_erased(kept.id)
        assert await each.is_destroyed(key.id)
        assert not await each.is_destroyed(kept.id)
        assert not await each.is_destroyed(bytes(8))
        with pytest.raises(ErasedError):
            each.secret(key.id)
        assert each.secret(kept.id) == kept.secret
    again = await other.key_for(PLAN)
    assert again != key
    assert await ring.key_for(PLAN) == again


async def test_a_key_that_was_destroyed_while_it_was_looked_up_is_not_kept(ring: KeyRing, other: KeyRing) -> None:
    key = await ring.key_for(PLAN)
    await other.destroy("default", [PLAN.stream_name], "context", None, None)
    ring._remember(key.id, key.secret, PLAN)
    with pytest.raises(ErasedError):
        ring.secret(key.id)


async def test_a_caller_that_goes_away_takes_no_other_callers_key(ring: KeyRing) -> None:
    first, second = (asyncio.create_task(ring.key_for(PLAN)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert ring.secret((await second).id)


async def test_a_key_store_that_fails_is_told_to_every_caller_and_works_again(ring: KeyRing, places: Places) -> None:
    content = places.file.read_bytes()
    places.file.write_bytes(b"damaged" * 2_000)
    asked = await asyncio.gather(ring.key_for(PLAN), ring.key_for(OTHER), return_exceptions=True)
    assert [type(answer) for answer in asked] == [KeysUnavailableError] * 2
    with pytest.raises(KeysUnavailableError, match=str(places.file)):
        ring.secret(bytes(8))
    places.file.write_bytes(content)
    assert ring.secret((await ring.key_for(PLAN)).id)


async def test_a_key_that_never_was_is_refused_by_its_id(ring: KeyRing) -> None:
    with pytest.raises(PayloadError, match="00000000000000ff"):
        ring.secret(bytes([0] * 7 + [255]))
