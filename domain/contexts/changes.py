"""The ways in which a part of a document can be changed, each turned into the JSON Patch that it amounts to."""

from __future__ import annotations

import math
from typing import Literal, get_args

from domain.contexts.patches import MAX_COPIED, Operation, apply_patch, parse_patch
from domain.errors import ChangeDoesNotApplyError, InvalidInputError
from domain.values import MAX_INTEGER, MIN_INTEGER, Json, check_json, escape, identical

ChangeType = Literal["replace", "merge", "append", "mergePatch", "jsonPatch", "increment"]
CHANGE_TYPES: tuple[str, ...] = get_args(ChangeType)


EXACT = 2**53
"""Integers up to here are exact as doubles."""


def plan_change(change_type: ChangeType, document: Json, operand: Json) -> tuple[list[Operation], Json]:
    """What is to be recorded for a change, and the document after it.

    Raises:
        InvalidInputError: the operand can't be one of that change type, whatever the document.
        ChangeDoesNotApplyError: it doesn't fit this document.
    """
    match change_type:
        case "replace":
            return [{"op": "replace", "path": "", "value": operand}], operand
        case "merge":
            _need_object(operand, "merge")
            patch = _merge(document, operand, "")
        case "mergePatch":
            patch = _merge_patch(document, operand, "")
        case "append":
            patch = _append(document, operand, "")
        case "increment":
            patch = _increment(document, operand, "")
        case "jsonPatch":
            return _json_patch(document, operand)
    return patch, apply_patch(document, patch)


def _json_patch(document: Json, operand: Json) -> tuple[list[Operation], Json]:
    parsed = parse_patch(operand, "/data")
    changed = apply_patch(document, parsed, MAX_COPIED)
    # Moving and copying can nest a document deeper than each part was, and so can adding at a deep place.
    check_json(changed, "/data")
    # A test has held, once and for all: what is recorded is what was done.
    return [operation for operation in parsed if operation["op"] != "test"], changed


def _need_object(operand: Json, change_type: str) -> None:
    if not isinstance(operand, dict):
        raise InvalidInputError.at("/data", f"{change_type} takes an object; to replace the whole, use replace")


def _merge(document: Json, operand: dict[str, Json], pointer: str) -> list[Operation]:
    if not isinstance(document, dict):
        raise ChangeDoesNotApplyError(pointer, "only an object can be merged into")
    patch: list[Operation] = []
    for name, value in operand.items():
        place = f"{pointer}/{escape(name)}"
        if name not in document:
            patch.append({"op": "add", "path": place, "value": value})
        elif isinstance(value, dict) and isinstance(document[name], dict):
            patch += _merge(document[name], value, place)
        elif not identical(document[name], value):
            patch.append({"op": "replace", "path": place, "value": value})
    return patch


def _merge_patch(document: Json, operand: Json, pointer: str) -> list[Operation]:
    """RFC 7396, section 2, as the JSON Patch that it amounts to."""
    if not isinstance(operand, dict) or not isinstance(document, dict):
        result = _without_nulls(operand)
        return [] if identical(document, result) else [{"op": "replace", "path": pointer, "value": result}]
    patch: list[Operation] = []
    for name, value in operand.items():
        place = f"{pointer}/{escape(name)}"
        if value is None:
            if name in document:
                patch.append({"op": "remove", "path": place})
        elif name in document:
            patch += _merge_patch(document[name], value, place)
        else:
            patch.append({"op": "add", "path": place, "value": _without_nulls(value)})
    return patch


def _without_nulls(operand: Json) -> Json:
    """What a merge patch makes of nothing: its null members delete what isn't there. Nulls in arrays stay."""
    if not isinstance(operand, dict):
        return operand
    return {name: _without_nulls(value) for name, value in operand.items() if value is not None}


def _append(document: Json, operand: Json, pointer: str) -> list[Operation]:
    if isinstance(operand, list):
        if not isinstance(document, list):
            raise ChangeDoesNotApplyError(pointer, "what is there is not an array")
        return [{"op": "add", "path": f"{pointer}/-", "value": item} for item in operand]
    if not isinstance(operand, dict):
        raise InvalidInputError.at(f"/data{pointer}", "append takes arrays, or objects that lead to arrays")
    if not isinstance(document, dict):
        raise ChangeDoesNotApplyError(pointer, "what is there is not an object")
    patch: list[Operation] = []
    for name, value in operand.items():
        place = f"{pointer}/{escape(name)}"
        if name in document:
            patch += _append(document[name], value, place)
        else:
            _check_leaves(value, f"/data{place}", list, "append takes arrays, or objects that lead to arrays")
            patch.append({"op": "add", "path": place, "value": value})
    return patch


def _increment(document: Json, operand: Json, pointer: str) -> list[Operation]:
    if _is_number(operand):
        if not _is_number(document):
            raise ChangeDoesNotApplyError(pointer, "what is there is not a number")
        return [{"op": "replace", "path": pointer, "value": _sum(document, operand, pointer)}]
    if not isinstance(operand, dict):
        raise InvalidInputError.at(f"/data{pointer}", "increment takes numbers, or objects that lead to numbers")
    if not isinstance(document, dict):
        raise ChangeDoesNotApplyError(pointer, "what is there is not an object")
    patch: list[Operation] = []
    for name, value in operand.items():
        place = f"{pointer}/{escape(name)}"
        if name in document:
            patch += _increment(document[name], value, place)
        else:
            _check_leaves(value, f"/data{place}", int | float, "increment takes numbers, or objects that lead to them")
            patch.append({"op": "add", "path": place, "value": value})
    return patch


def _sum(number: int | float, by: int | float, pointer: str) -> int | float:
    if isinstance(number, int) is not isinstance(by, int) and max(abs(number), abs(by)) > EXACT:
        raise ChangeDoesNotApplyError(pointer, "an integer and a double beyond 2^53 have no exact sum")
    try:
        total = number + by
    except OverflowError:
        total = math.inf
    if isinstance(total, int) and not MIN_INTEGER <= total <= MAX_INTEGER:
        raise ChangeDoesNotApplyError(pointer, "the sum would leave the range of integers, -2^63 to 2^64-1")
    if isinstance(total, float) and not math.isfinite(total):
        raise ChangeDoesNotApplyError(pointer, "the sum would not be finite")
    return total


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_leaves(value: Json, pointer: str, kind: type | object, message: str) -> None:
    """Where nothing is there yet, the operand itself is what will be: it must still be one of its kind."""
    if isinstance(value, dict):
        for name, item in value.items():
            _check_leaves(item, f"{pointer}/{escape(name)}", kind, message)
    elif isinstance(value, bool) or not isinstance(value, kind):  # type: ignore[arg-type]
        raise InvalidInputError.at(pointer, message)
