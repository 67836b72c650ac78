"""Bringing two states together that began as one: what changed on both sides since, place by place.

Objects are compared member by member, as deep as both sides have objects. Everything else, arrays too, is compared as a
whole, so that places never go through arrays and stay what they are while others change them. One exception: where both
sides only added to the end of the same array, both additions are taken, and what both added alike is taken once.

Every value is looked at a bounded number of times, whatever it is nested in: the work grows with the documents alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from domain.contexts.conflicts import Conflict, Resolution, Take
from domain.contexts.patches import Operation
from domain.errors import TooManyConflictsError
from domain.values import Json, escape, identical

MAX_CONFLICTS = 10_000
"""Of one comparison; with more, two states have not enough in common to be brought together place by place."""

MAX_CONFLICT_TEXT = 4 * 1024 * 1024
"""Characters that their pointers may have together."""

MAX_PATCH_TEXT = 1024 * 1024
"""Characters that the pointers of a patch may have together; a longer one becomes a replacement of the whole. Pointers
of what lies deep under long names could be far longer than the documents themselves."""

FEW = 16
"""So many items are always told as additions to an array; more only if they are not most of it."""


Value: TypeAlias = Any
"""A JSON value, or UNSET where there is none."""


class Settlement(NamedTuple):
    """How a conflict is settled: by which strategy, and what is taken; `value` where it is neither side's."""

    strategy: str
    take: Take
    value: Json | UnsetType = UNSET


Settle = Callable[[Conflict], Settlement | None]
"""None: a person is to decide, and until then ours stands."""


class Outcome(NamedTuple):
    """Both sides together: the document, the patch that leads from ours to it, and what was in conflict."""

    document: Json
    patch: list[Operation]
    resolutions: list[Resolution]
    left_open: list[Conflict]


def bring_together(base: Json | UnsetType, ours: Json, theirs: Json, settle: Settle) -> Outcome:
    """What both sides made of `base`; UNSET: nothing is known of it, so whatever differs was changed on both sides.

    What one side changed is taken, and so is what both changed alike. `settle` is asked about the rest.

    Raises:
        TooManyConflictsError: more than 10,000 conflicts, or with pointers of more than 4 MiB.
    """
    walk = _Walk(settle)
    document = walk.value(base, ours, theirs)
    patch = walk.patch
    if patch is None:
        patch = [{"op": "replace", "path": "", "value": document}]
    return Outcome(document, patch, walk.resolutions, walk.left_open)


def missing(there: list[Json], others: list[Json]) -> list[Json]:
    """What `others` have and `there` has not, or has not as often, in their order."""
    left = Counter(map(_text, there))
    found = []
    for item in others:
        text = _text(item)
        if left[text]:
            left[text] -= 1
        else:
            found.append(item)
    return found


def _text(value: Json) -> bytes:
    """The same for identical values, and only for them."""
    return msgspec.json.encode(value, order="sorted")


class _Walk:
    """One way through three documents at once. `patch` is None once it would be too long."""

    def __init__(self, settle: Settle) -> None:
        self._settle = settle
        self._path: list[str] = []
        self._length = self._patch_text = self._conflict_text = 0
        self.patch: list[Operation] | None = []
        self.resolutions: list[Resolution] = []
        self.left_open: list[Conflict] = []

    def value(self, base: Value, ours: Value, theirs: Value) -> Value:
        if isinstance(ours, dict) and isinstance(theirs, dict):
            # Not compared as a whole first: on each level that would look at everything below once more.
            return self._object(base if isinstance(base, dict) else {}, ours, theirs)
        if identical(ours, theirs) or identical(base, theirs):
            return ours
        if identical(base, ours):
            return self._put(ours, theirs)
        if isinstance(base, list) and _begins_with(ours, base) and _begins_with(theirs, base):
            return self._put(ours, ours + missing(ours[len(base) :], theirs[len(base) :]))
        return self._conflict(base, ours, theirs)

    def _object(self, base: dict[str, Json], ours: dict[str, Json], theirs: dict[str, Json]) -> dict[str, Json]:
        changed: dict[str, Value] = {}
        for name, value in theirs.items():
            there = ours.get(name, UNSET)
            result = self._member(name, base.get(name, UNSET), there, value)
            if result is not there:
                changed[name] = result
        for name, there in ours.items():
            # What theirs has not and base had not is ours alone.
            if name not in theirs and name in base:
                result = self._member(name, base[name], there, UNSET)
                if result is not there:
                    changed[name] = result
        if not changed:
            return ours
        return {name: value for name, value in (ours | changed).items() if value is not UNSET}

    def _member(self, name: str, base: Value, ours: Value, theirs: Value) -> Value:
        self._path.append(name)
        self._length += len(name) + 1
        result = self.value(base, ours, theirs)
        self._path.pop()
        self._length -= len(name) + 1
        return result

    def _conflict(self, base: Value, ours: Value, theirs: Value) -> Value:
        self._conflict_text += self._length
        if len(self.resolutions) + len(self.left_open) == MAX_CONFLICTS or self._conflict_text > MAX_CONFLICT_TEXT:
            raise TooManyConflictsError(
                f"more than {MAX_CONFLICTS} places conflict, or with very long pointers: the states have too little in "
                "common to be brought together; read the context, and store or update what it should be"
            )
        conflict = Conflict(pointer=self._pointer(), base=base, ours=ours, theirs=theirs)
        settlement = self._settle(conflict)
        if settlement is None:
            self.left_open.append(conflict)
            return ours
        resolution = Resolution(
            pointer=conflict.pointer,
            base=base,
            ours=ours,
            theirs=theirs,
            strategy=settlement.strategy,
            take=settlement.take,
            value=settlement.value,
        )
        self.resolutions.append(resolution)
        return self._put(ours, resolution.result)

    def _put(self, ours: Value, result: Value) -> Value:
        """Result where ours stands now."""
        if result is ours or self.patch is None:
            return result
        added = result[len(ours) :] if _begins_with(result, ours) else None
        if added is not None and len(added) <= max(FEW, len(ours)):
            for item in added:
                self._operate("add", "/-", item)
        elif result is UNSET:
            self._operate("remove")
        else:
            self._operate("add" if ours is UNSET else "replace", "", result)
        return result

    def _operate(self, name: str, end: str = "", value: Value = UNSET) -> None:
        self._patch_text += self._length + len(end)
        if self._patch_text > MAX_PATCH_TEXT:
            self.patch = None
        if self.patch is not None:
            operation = {"op": name, "path": self._pointer() + end}
            self.patch.append(operation if value is UNSET else {**operation, "value": value})

    def _pointer(self) -> str:
        return "".join([f"/{escape(name)}" for name in self._path])


def _begins_with(value: Value, beginning: Value) -> bool:
    return (
        isinstance(value, list)
        and isinstance(beginning, list)
        and len(value) >= len(beginning)
        and all(map(identical, value, beginning))
    )
