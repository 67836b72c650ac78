"""Deciding that parts of a context become contexts of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from domain.contexts.ancestry import point
from domain.contexts.context import Context, alive, check_expected, current_version, why
from domain.contexts.events import ContextCreated, ContextEvent, ContextSplit, Part, Parted
from domain.contexts.forking import Copying, encrypts
from domain.contexts.patches import parse_pointer
from domain.errors import Fault, InvalidInputError, TargetsExistError
from domain.values import Json

MAX_PARTS = 100
"""Of one split."""


class SplitContext(Copying, frozen=True, kw_only=True):
    """Make contexts of parts; `remove` takes them out of the context. Attributes that are not named are its own."""

    remove: bool = False


_Order = list[tuple[int, str]]
"""The place of a value in its document, so that of an array the earlier ones come first."""


class _NothingThereError(Exception):
    """A pointer leads to nothing."""


def check_parts(parts: Sequence[Part], source: UUID) -> None:
    """Refuse what can't be, whatever the context holds; `source` is the id of its stream.

    Raises:
        InvalidInputError: pointers that are none, that name the whole or overlap; targets named twice, or the source.
    """
    faults: list[Fault] = []
    tokens: list[list[str]] = []
    for index, part in enumerate(parts):
        try:
            tokens.append(parse_pointer(part.pointer))
        except ValueError as error:
            tokens.append([])
            faults.append(Fault(f"/targets/{index}/pointer", str(error)))
            continue
        if not tokens[-1]:
            faults.append(Fault(f"/targets/{index}/pointer", "names the whole document: to copy it, fork the context"))
    seen: dict[UUID, int] = {}
    for index, part in enumerate(parts):
        if part.target.stream_id == source:
            faults.append(Fault(f"/targets/{index}/key", "is the context that is to be split"))
        elif part.target.stream_id in seen:
            faults.append(Fault(f"/targets/{index}/key", f"is that of /targets/{seen[part.target.stream_id]} too"))
        seen.setdefault(part.target.stream_id, index)
    faults += _overlaps(tokens)
    if faults:
        raise InvalidInputError(faults)


def _overlaps(tokens: Sequence[list[str]]) -> list[Fault]:
    # In this order whatever overlaps stands side by side, or overlaps with what stands before it.
    order = sorted((index for index, path in enumerate(tokens) if path), key=lambda index: tokens[index])
    faults = []
    outer = -1
    for index in order:
        if outer >= 0 and tokens[index][: len(tokens[outer])] == tokens[outer]:
            faults.append(Fault(f"/targets/{index}/pointer", f"overlaps with the one of /targets/{outer}"))
        else:
            outer = index
    return faults


def split(
    source: Context | None,
    targets: Sequence[Context | None],
    parts: Sequence[Part],
    command: SplitContext,
    now: datetime,
) -> list[list[ContextEvent]]:
    """Decide a split: the events of the source, then those of each target. Of `parts` the versions come from `targets`.

    Raises:
        ContextNotFoundError: there is no live context.
        VersionConflictError: the expected version is not the current one.
        InvalidInputError: pointers that lead to nothing; it is not to be encrypted, and the source is.
        TargetsExistError: live contexts are where parts are to be.
    """
    source = alive(source, now)
    check_expected(source, command)
    values, faults = [], []
    for index, part in enumerate(parts):
        try:
            values.append(_value_at(source.data, parse_pointer(part.pointer)))
        except _NothingThereError:
            faults.append(Fault(f"/targets/{index}/pointer", f"{part.pointer} leads to nothing in the context"))
    if faults:
        raise InvalidInputError(faults)
    there = [
        Fault(f"/targets/{index}", f"a live context has that key, at version {target.version}")
        for index, target in enumerate(targets)
        if target is not None and target.is_live(now)
    ]
    if there:
        raise TargetsExistError(there)
    attributes = msgspec.structs.replace(source.attributes, **command.attributes.named())
    created: list[list[ContextEvent]] = []
    made = []
    for part, (value, _), target in zip(parts, values, targets, strict=True):
        place = msgspec.structs.replace(part.target, version=current_version(target) + 1)
        made.append(Part(pointer=part.pointer, target=place))
        created.append(
            [
                ContextCreated(
                    namespace=part.target.namespace,
                    key=part.target.key,
                    data=value,
                    attributes=attributes,
                    compress=command.compress,
                    encrypted=encrypts(command, [source], target),
                    parted=Parted(source=point(source), pointer=part.pointer),
                    **why(command),
                )
            ]
        )
    # From the back, so that the indices of those still to be taken out stay right.
    order = sorted(range(len(made)), key=lambda index: values[index][1], reverse=True) if command.remove else []
    patch: list[dict[str, Json]] = [{"op": "remove", "path": made[index].pointer} for index in order]
    return [[ContextSplit(parts=tuple(made), patch=patch, **why(command))], *created]


def _value_at(document: Json, tokens: Sequence[str]) -> tuple[Json, _Order]:
    value, order = document, []
    for token in tokens:
        if isinstance(value, dict) and token in value:
            value = value[token]
            order.append((0, token))
        elif isinstance(value, list) and _is_index(token, len(value)):
            value = value[int(token)]
            order.append((int(token), ""))
        else:
            raise _NothingThereError
    return value, order


def _is_index(text: str, length: int) -> bool:
    # As the numbers are written: without leading zeros.
    return text.isascii() and text.isdecimal() and len(text) <= 10 and str(int(text)) == text and int(text) < length
