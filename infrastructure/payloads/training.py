"""Training dictionaries on payloads, and telling what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import zstandard

from domain.errors import ConflictError
from infrastructure.payloads.compression import LARGEST, SMALLEST, Compression, Dictionaries

LEAST_SAMPLES = 500
"""Bodies, below which a dictionary would know too little."""

MOST_BYTES = 64 * 1024
"""Of a dictionary. Twice as many gained 6 % on real agent runs, and cost the processor's cache."""

HELD_OUT = 5
"""One body in so many is not trained on, but tried on."""

SEGMENT, WORD = 1024, 8
"""`k` and `d` of zstandard's cover algorithm. Its own search for them tries what it was trained on, and was seen to
choose far too small segments: half again as many bytes on what came after."""


class TooFewEventsError(ConflictError):
    """There is too little to train on; the message says how much there is and how much it takes."""

    code = "too-few-events"


class Trained(NamedTuple):
    """A dictionary, and how many bodies it was trained on and tried on.

    Of the latter, the bytes as they are, with the dictionary in use until now, and with this one.
    """

    content: bytes
    samples: int
    held_out: int
    plain: int
    before: int
    after: int


def train(bodies: Sequence[bytes], now: Compression, tenant_id: int) -> Trained:
    """A dictionary from a tenant's bodies, oldest first. The newest of them are held out, as they will be to come.

    Takes some seconds of processor time for some ten thousand bodies.

    Raises:
        TooFewEventsError: there are too few of the size that is compressed with a dictionary.
    """
    fit = [body for body in bodies if SMALLEST <= len(body) <= LARGEST]
    if len(fit) < LEAST_SAMPLES:
        raise TooFewEventsError(
            f"there are {len(fit)} events to train on, and it takes {LEAST_SAMPLES}: store more, then try again"
        )
    samples, held_out = fit[: -(len(fit) // HELD_OUT)], fit[-(len(fit) // HELD_OUT) :]
    content = make_dictionary(samples, min(MOST_BYTES, sum(map(len, samples)) // 4))
    trained = Dictionaries()
    number = 2**31 - 1
    trained.add(number, content)
    trained.use(tenant_id, number)
    return Trained(
        content,
        len(samples),
        len(held_out),
        sum(map(len, held_out)),
        _size(held_out, now, tenant_id),
        _size(held_out, Compression(dictionaries=trained), tenant_id),
    )


def make_dictionary(samples: Sequence[bytes], most_bytes: int) -> bytes:
    """A dictionary of at most so many bytes. The same samples give the same one, with the same zstandard."""
    return zstandard.train_dictionary(most_bytes, list(samples), k=SEGMENT, d=WORD, level=0).as_bytes()


def _size(bodies: Sequence[bytes], compression: Compression, tenant_id: int) -> int:
    smaller = (compression.compress(body, tenant_id) for body in bodies)
    return sum(len(found[0]) if found else len(body) for body, found in zip(bodies, smaller, strict=True))
