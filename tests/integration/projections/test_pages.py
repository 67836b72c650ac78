"""Turning pages while writers write: what lives all along is on exactly one page."""

import asyncio
import random

import pytest

from tests.fixtures.http import Api

MOST_PAGES = 150
SURVIVORS = [f"survivor-{number:02}" for number in range(24)]


async def write(api: Api, number: int, stop: asyncio.Event) -> None:
    """Creates, updates and deletes all over the place; survivors are changed and never deleted."""
    rng = random.Random(number)
    while not stop.is_set():
        passing = f"{rng.choice('arstz')}-{rng.randrange(20)}"
        step = rng.randrange(4)
        if step == 0:
            await api.store(passing, step)
        elif step == 1:
            await api.delete(passing)
        elif step == 2:
            await api.update(rng.choice(SURVIVORS), rng.random(), priority=rng.randrange(10))
        else:
            await api.store(rng.choice(SURVIVORS), rng.random(), tags=["replaced"])


@pytest.mark.parametrize("order", ["created", "-created", "key"])
async def test_what_lives_all_along_is_on_exactly_one_page(api: Api, projection: object, order: str) -> None:
    names = [name for number, name in enumerate(SURVIVORS) for name in (name, f"z-{number}")]
    for name in names:
        await api.stored(name, 0)
    await api.keys()
    stop = asyncio.Event()
    writers = [asyncio.create_task(write(api, number, stop)) for number in range(3)]

    def end_the_chase(turned: int) -> None:
        # Oldest first, what is created anew stands at the end again: pages of one would be turned for ever.
        if turned == MOST_PAGES:
            stop.set()

    try:
        for limit in (7, 3, 1):
            pages = await api.pages(order=order, limit=limit, turned=end_the_chase)
            found = [item["key"] for page in pages for item in page]
            assert sorted(key for key in found if key in SURVIVORS) == SURVIVORS
            assert order != "key" or found == sorted(found)
    finally:
        stop.set()
        await asyncio.gather(*writers)


async def test_pages_have_no_overlap_and_no_hole_when_nobody_writes(api: Api, projection: object) -> None:
    for number in range(11):
        await api.stored(f"k{number:02}", number)
    everything = await api.keys()
    for order in ("created", "-created", "key"):
        for limit in (1, 2, 5, 10, 11, 12):
            pages = await api.pages(order=order, limit=limit)
            found = [item["key"] for page in pages for item in page]
            sizes = [len(page) for page in pages]
            assert found == (everything[::-1] if order == "-created" else everything)
            assert all(size == limit for size in sizes[:-1])
            assert sizes[-1] > 0
