"""What goes out: JSON bodies that arrive as they were given, and query parameters."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from contextline.errors import InvalidInputError

# The server's limit is lower and its message better; this one keeps what holds itself from recursing for ever.
_MAX_DEPTH = 256


@cache
def camel(name: str) -> str:
    """The name on the wire."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def camel_members(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with their names on the wire. The names within their values are the caller's and stay."""
    return {camel(name): value for name, value in options.items()}


def named(**members: Any) -> dict[str, Any]:
    """Those that are not None, with their names on the wire."""
    return {camel(name): value for name, value in members.items() if value is not None}


def check_names(method: str, known: Any, options: Mapping[str, object]) -> None:
    """Refuse option names that a typed dictionary does not have, as Python does for ordinary parameters.

    Raises:
        TypeError: it names the option, and one that it looks like.
    """
    for name in options:
        if name not in known.__optional_keys__:
            similar = difflib.get_close_matches(name, known.__optional_keys__, n=1)
            hint = f"; did you mean {similar[0]!r}?" if similar else ""
            raise TypeError(f"{method}() got an unexpected keyword argument {name!r}{hint}")


def encode_body(body: Mapping[str, Any]) -> bytes:
    """A body as JSON.

    Raises:
        InvalidInputError: it holds what JSON can't: NaN or infinite numbers, other types, names that are not strings.
    """
    try:
        _check(body, 0)
    except _Fault as fault:
        pointer = "".join(f"/{name.replace('~', '~0').replace('/', '~1')}" for name in reversed(fault.path))
        raise InvalidInputError.at(pointer, fault.message) from None
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        # A lone surrogate has no UTF-8; escaped, it gets as far as the server, which refuses it in its own words.
        return json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
    except ValueError as error:  # an integer of thousands of digits
        raise InvalidInputError.at("", str(error)) from None


class _Fault(Exception):  # noqa: N818 - it never leaves this module
    def __init__(self, message: str) -> None:
        self.message = message
        self.path: list[str] = []


def _check(value: Any, depth: int) -> None:
    if value is None or isinstance(value, str | int):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _Fault(f"{value} is not a JSON number")
    elif depth > _MAX_DEPTH:
        raise _Fault(f"nested deeper than {_MAX_DEPTH} levels, or holds itself")
    elif isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str):
                raise _Fault(f"the name {name!r} is not a string: it would not come back as it is")
            try:
                _check(item, depth + 1)
            except _Fault as fault:
                fault.path.append(name)
                raise
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            try:
                _check(item, depth + 1)
            except _Fault as fault:
                fault.path.append(str(index))
                raise
    else:
        raise _Fault(f"{type(value).__name__} is not a JSON type")


def query(parameters: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Query parameters with their names on the wire; None is left out, sequences are repeated.

    Raises:
        InvalidInputError: a datetime has no time zone, a number is not finite, a text is not valid Unicode.
        TypeError: a value is of a type that has no place in a query.
    """
    found: list[tuple[str, str]] = []
    for name, value in parameters.items():
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            found += [(camel(name), _text(name, item)) for item in value]
        elif value is not None:
            found.append((camel(name), _text(name, value)))
    return tuple(found)


def _text(name: str, value: Any) -> str:
    match value:
        case str():
            if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
                raise InvalidInputError.at(name, "holds a lone surrogate, which is not valid Unicode", kind="parameter")
            return value
        case bool():
            return "true" if value else "false"
        case float() if not math.isfinite(value):
            raise InvalidInputError.at(name, f"{value} is not a number", kind="parameter")
        case int() | float():
            return str(value)
        case datetime():
            return instant(name, value)
    raise TypeError(f"{name} can't be of type {type(value).__name__}")


def instant(name: str, value: datetime) -> str:
    """An instant as it is written on the wire.

    Raises:
        InvalidInputError: it has no time zone.
    """
    if value.utcoffset() is None:
        detail = "a datetime without a time zone could be any of two dozen instants; give it one"
        raise InvalidInputError.at(name, detail, kind="parameter")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def context_names(key: str, namespace: str) -> dict[str, Any]:
    """What names a context in a query."""
    return {"key": key, "namespace": namespace or None}
