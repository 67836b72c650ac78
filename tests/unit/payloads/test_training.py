"""Dictionaries are trained on what came before and tried on what came after."""

import msgspec
import pytest

from infrastructure.payloads.codec import encode
from infrastructure.payloads.compression import LARGEST, Compression
from infrastructure.payloads.training import (
    HELD_OUT,
    LEAST_SAMPLES,
    MOST_BYTES,
    TooFewEventsError,
    make_dictionary,
    train,
)
from scripts.made_events.events import make_events

TENANT = 1


def bodies(count: int, word: str = "penguin") -> list[bytes]:
    """Events of a kind that the shipped dictionary knows nothing of."""
    return [encode({"species": f"{word} number {n % 7}", "colony": "the far side of the bay"}) for n in range(count)]


def test_the_dictionary_of_a_tenant_makes_its_events_smaller_than_the_shipped_one() -> None:
    trained = train(bodies(600), Compression(), TENANT)
    assert (trained.samples, trained.held_out) == (600 - 600 // HELD_OUT, 600 // HELD_OUT)
    assert trained.after < trained.before / 2 < trained.plain / 2
    assert trained.plain == sum(map(len, bodies(600)[-trained.held_out :]))
    assert len(trained.content) <= MOST_BYTES


def test_it_is_tried_on_the_newest_which_it_was_not_trained_on() -> None:
    earlier, later = bodies(500), bodies(125, "albatross")
    trained = train([*earlier, *later], Compression(), TENANT)
    assert trained.held_out == 125
    assert b"penguin" in trained.content
    assert b"albatross" not in trained.content


def test_what_is_too_small_or_too_large_for_a_dictionary_is_no_sample() -> None:
    trained = train([*bodies(600), *[b"x"] * 50, *[bytes(LARGEST + 1)] * 50], Compression(), TENANT)
    assert trained.samples + trained.held_out == 600


@pytest.mark.parametrize("count", [0, 1, LEAST_SAMPLES - 1])
def test_too_few_events_are_refused_with_how_many_it_takes(count: int) -> None:
    with pytest.raises(TooFewEventsError, match=f"there are {count} events to train on, and it takes {LEAST_SAMPLES}"):
        train(bodies(count), Compression(), TENANT)


def test_so_few_events_as_are_accepted_are_enough() -> None:
    assert train(bodies(LEAST_SAMPLES), Compression(), TENANT).content


def test_events_that_have_nothing_in_common_can_be_trained_on() -> None:
    noise = [number.to_bytes(4, "big") * 5 for number in range(LEAST_SAMPLES)]
    trained = train(noise, Compression(), TENANT)
    assert trained.after <= trained.plain


def test_the_same_events_give_the_same_dictionary() -> None:
    assert make_dictionary(bodies(600), 4096) == make_dictionary(bodies(600), 4096)


def test_the_events_that_the_shipped_dictionary_is_trained_on_are_made_the_same_each_time_and_could_be_real() -> None:
    made = make_events(20, seed=3)
    assert made == make_events(20, seed=3)
    assert made != make_events(20, seed=4)
    for event in made:
        msgspec.msgpack.decode(encode(event), type=type(event))
