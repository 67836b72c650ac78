"""JSON values: what is accepted, where a fault is, and when two values are the same."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

from domain.errors import Fault, InvalidInputError

Json: TypeAlias = Any
"""None, bool, int, float, str, list of Json, or dict from str to Json; treated as immutable everywhere."""

MAX_DEPTH = 128
"""Levels of arrays and objects, the outermost counted."""

MAX_DOCUMENT = 16 * 1024 * 1024
"""Bytes of a document as JSON: the largest that a request can carry, so that what is kept can be stored back."""

MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**64 - 1


def escape(token: str) -> str:
    """One reference token of a JSON pointer (RFC 6901, section 3)."""
    return token.replace("~", "~0").replace("/", "~1") if "~" in token or "/" in token else token


def check_json(value: Json, pointer: str = "", *, level: int = 1) -> None:
    """Refuse what can't be kept unchanged, naming a place at fault. The value itself is at `level`.

    Raises:
        InvalidInputError: an integer outside -2^63..2^64-1, a number that is not finite, NUL or a lone surrogate in
            a string, more than 128 levels, or something that is not JSON at all.
    """
    for path, fault in _faults(value, level):
        raise InvalidInputError([Fault(pointer + _pointer(path), fault)])


_Path = tuple[Any, str | int] | None
"""How a place is reached: from which other one, by which name or index. As text, the places of what lies deep under
long names would be far longer together than the value."""


def _pointer(path: _Path) -> str:
    tokens = []
    while path is not None:
        path, token = path
        tokens.append(f"/{escape(str(token))}")
    return "".join(reversed(tokens))


def _faults(root: Json, level: int) -> Iterator[tuple[_Path, str]]:
    pending: list[tuple[_Path, Json, int]] = [(None, root, level)]
    while pending:
        place, value, depth = pending.pop()
        if value is None or isinstance(value, bool):
            continue
        if isinstance(value, str):
            if fault := _string_fault(value):
                yield place, fault
        elif isinstance(value, int):
            if not MIN_INTEGER <= value <= MAX_INTEGER:
                yield place, "integers must be from -2^63 to 2^64-1; larger ones can be sent as strings"
        elif isinstance(value, float):
            if not math.isfinite(value):
                yield place, "numbers must be finite doubles"
        elif isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                yield place, f"nested deeper than {MAX_DEPTH} levels"
            elif isinstance(value, list):
                pending.extend(((place, index), item, depth + 1) for index, item in enumerate(value))
            else:
                for name, item in value.items():
                    if not isinstance(name, str):
                        yield place, f"member names must be strings, not {type(name).__name__}"
                    elif fault := _string_fault(name):
                        yield place, f"in a member name: {fault}"
                    else:
                        pending.append(((place, name), item, depth + 1))
        else:
            yield place, f"{type(value).__name__} is not a JSON type"


def _string_fault(text: str) -> str | None:
    if text.isascii():
        return "strings can't hold the NUL character" if "\0" in text else None
    if "\0" in text:
        return "strings can't hold the NUL character"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "strings can't hold lone surrogates"
    return None


def identical(one: Json, other: Json) -> bool:
    """Whether two values would be written alike: 1, 1.0 and true differ, and so do 0.0 and -0.0."""
    kind = type(one)
    if kind is not type(other):
        return False
    if kind is dict:
        return one.keys() == other.keys() and all(identical(item, other[name]) for name, item in one.items())
    if kind is list:
        return len(one) == len(other) and all(map(identical, one, other))
    if kind is float:
        return bool(one == other) and math.copysign(1.0, one) == math.copysign(1.0, other)
    return bool(one == other)


def equal(one: Json, other: Json) -> bool:
    """Equality of JSON values by RFC 6902, section 4.6: numbers by value, true and false not numbers."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(equal(item, other[name]) for name, item in one.items())
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, int | float):
        return isinstance(other, int | float) and one == other
    return type(one) is type(other) and bool(one == other)
