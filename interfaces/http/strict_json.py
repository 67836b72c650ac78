"""Reading request bodies: every JSON value that is accepted comes back equal, and what isn't accepted is named."""

from __future__ import annotations

import json
import re
from typing import ClassVar

import jiter

from domain.errors import ContextlineError, Fault, InvalidInputError
from domain.values import MAX_DEPTH, Json, check_json

# Only bodies that show one of these can break a rule that jiter does not check: an escaped NUL, so many digits that an
# integer leaves 64 bits, an exponent (or digits) that a double can't hold. Others need no walk through the value.
_SUSPICIOUS = re.compile(rb"\\u0000|[0-9]{19}|[eE]\+?[0-9]{3}")
# And only these can hold a number that is not zero and would become zero.
_TINY = re.compile(rb"[eE]-[0-9]{3}|\.[0-9]{200}")


class MalformedJsonError(ContextlineError):
    """The body is not JSON."""

    code: ClassVar[str] = "malformed-json"


def parse(body: bytes) -> Json:
    """The value of a body.

    Raises:
        MalformedJsonError: it is not JSON; the message tells line and column.
        InvalidInputError: it is JSON that can't be kept unchanged: duplicate members, numbers out of range, NUL or lone
            surrogates in strings, members nested deeper than 128 levels.
    """
    try:
        value = jiter.from_json(body, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError as error:
        raise _refusal(body, str(error)) from None
    if _SUSPICIOUS.search(body) or body.count(b"[") + body.count(b"{") > MAX_DEPTH:
        # The body's own object is an envelope: a document in it may have all the levels that documents may have.
        check_json(value, level=0)
    if _TINY.search(body):
        json.loads(body, parse_float=_refuse_underflow)
    return value


def _refuse_underflow(literal: str) -> float:
    value = float(literal)
    if value == 0 and re.search("[1-9]", re.split("[eE]", literal)[0]):
        raise InvalidInputError.at("", f"{literal[:40]} is too small for a double: it would become 0")
    return value


def _refusal(body: bytes, message: str) -> ContextlineError:
    if message.startswith("Detected duplicate key"):
        return InvalidInputError([Fault("", message.replace("Detected duplicate key", "there is a duplicate member"))])
    if message.startswith("recursion limit"):
        return InvalidInputError([Fault("", f"nested deeper than {MAX_DEPTH} levels ({message})")])
    if message.startswith("number out of range"):
        return InvalidInputError(
            [Fault("", f"numbers are limited to 64 bits; larger ones can be sent as strings ({message})")]
        )
    if "hex escape" in message or "surrogate" in message:
        return InvalidInputError([Fault("", f"strings can't hold lone surrogates ({message})")])
    if not body.strip():
        return MalformedJsonError("the body is empty; a JSON object is needed")
    return MalformedJsonError(f"the body is not JSON: {message}")
