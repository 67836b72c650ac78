"""One text for all ways to write the same JSON value, and its hash: what names the context of a decision.

The text is that of RFC 8785 (JSON Canonicalization Scheme): no blanks, members sorted by their UTF-16 code units,
numbers as ECMAScript writes them, so 1, 1.0 and 1e0 are one value and so are 0 and -0. One thing is told apart that
RFC 8785 would round: integers beyond 2^53 are written with all their digits.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal

from domain.values import Json


def context_hash(context: Json) -> str:
    """SHA-256 of the canonical text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(context).encode()).hexdigest()


def canonical(value: Json) -> str:
    """The canonical text of an accepted JSON value (`domain.values.check_json`)."""
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(f"{_text(name)}:{canonical(item)}" for name, item in members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value)


def _text(value: str) -> str:
    # RFC 8785 escapes as this does: the quote, the backslash and control characters, each in its shortest form.
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """As Number::toString of ECMA-262 (section 6.1.6.1.20), which lays out the same digits as Python in another way."""
    if value == 0:
        return "0"
    negative, found, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int), "accepted numbers are finite"
    digits = "".join(map(str, found)).rstrip("0")
    # The value is 0.DIGITS · 10^point.
    point = exponent + len(found)
    sign, count = "-" if negative else "", len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if count > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{point - 1:+d}"
