"""What names a context: a key in a namespace of a tenant."""

from __future__ import annotations

import unicodedata
from uuid import UUID

from domain.errors import Fault, InvalidInputError

MAX_LENGTH = 512
"""Of a key and of a namespace, in Unicode code points."""


def stream_name(namespace: str, key: str) -> str:
    """The name of a context's stream. Neither part can hold a newline, so no two contexts share one."""
    return f"context\n{namespace}\n{key}"


def is_stream_name(name: str) -> bool:
    """Whether a stream is a context's."""
    return name.startswith("context\n")


def parse_stream_name(name: str) -> tuple[str, str]:
    """The namespace and the key of a context's stream."""
    _, namespace, key = name.split("\n")
    return namespace, key


def public_id(stream: UUID) -> str:
    """How a context's id is shown."""
    return f"ctx_{stream.hex}"


def check_identity(namespace: str, key: str, key_pointer: str = "/key") -> None:
    """Refuse a key or namespace that breaks the rules.

    Raises:
        InvalidInputError: a key that is empty; either longer than 512 code points, or with control characters.
    """
    faults = []
    if not key:
        faults.append(Fault(key_pointer, "a key has at least one character"))
    if fault := name_fault(key):
        faults.append(Fault(key_pointer, fault))
    if fault := name_fault(namespace):
        faults.append(Fault("/options/namespace", fault))
    if faults:
        raise InvalidInputError(faults)


def name_fault(name: str, limit: int = MAX_LENGTH) -> str | None:
    """What is wrong with a name, or None."""
    if len(name) > limit:
        return f"at most {limit} characters, not {len(name)}"
    if name.isascii() and name.isprintable():
        return None
    for character in name:
        if unicodedata.category(character) in ("Cc", "Cs"):
            return f"control characters and lone surrogates are not allowed (U+{ord(character):04X})"
    return None
