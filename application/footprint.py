"""How much memory states hold.

Walking through a state tells it well and costs as much as a command. So most are weighed by their encoded size, and
what a byte of that takes in memory is learned from those that are walked through.
"""

from __future__ import annotations

from datetime import datetime
from random import random, sample
from sys import getsizeof
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct

SAMPLE = 1_000
"""Of more values on one level of a document so many are looked at, chosen by chance, and stand for the others: a walk
takes a millisecond at most, also through millions of numbers."""

LARGE = 64 * 1024
"""Bytes, encoded, above which a state is always walked through: with those it is worth it."""

WALKS = 1 / 64
"""The share of smaller states that are."""

_LEAVES = frozenset({str, int, float, bool, type(None), bytes, datetime, UUID, type(UNSET)})
_encoder = msgspec.msgpack.Encoder()


class Scale:
    """Weighs states of one kind. A single weight can be wrong by a factor; those of many together are right."""

    def __init__(self) -> None:
        # What the last few hundred walks found: together so many bytes in memory, of so many encoded ones.
        self._memory, self._encoded = 3_000.0, 1_000.0

    def state(self, state: object) -> int:
        """Bytes that a state takes in memory, about."""
        encoded = len(_encoder.encode(state))
        if encoded <= LARGE and random() > WALKS:
            return int(encoded * self._memory / self._encoded)
        # Chance may have missed a text that is most of the state.
        found = max(footprint(state), encoded)
        if encoded <= LARGE:
            self._memory = 0.99 * self._memory + found
            self._encoded = 0.99 * self._encoded + encoded
        return found

    def change(self, event: object) -> int:
        """Bytes that an event may have added to a state; what it took away is not seen."""
        return int(len(_encoder.encode(event)) * self._memory / self._encoded)


def footprint(value: object) -> int:
    """Bytes that a struct or a JSON value takes in Python's memory, with all that it refers to.

    What several places share counts once: names of members are mostly the same few strings.
    """
    total, weight = 0.0, 1.0
    seen: set[int] = set()
    level: list[object] = [value]
    while level:
        if len(level) > SAMPLE:
            weight *= len(level) / SAMPLE
            level = sample(level, SAMPLE)
        size = 0
        inner: list[object] = []
        for each in level:
            if id(each) in seen:
                continue
            seen.add(id(each))
            size += getsizeof(each)
            if type(each) in _LEAVES:
                continue
            if isinstance(each, dict):
                inner += each
                inner += each.values()
            elif isinstance(each, list | tuple):
                inner += each
            elif isinstance(each, Struct):
                inner += [getattr(each, name) for name in each.__struct_fields__]
        total += size * weight
        level = inner
    return int(total)
