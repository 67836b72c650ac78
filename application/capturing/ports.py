"""What capturing needs from outside: someone who reads code, and someone who knows secrets when he sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Found(NamedTuple):
    """A place in a text, from `start` to before `end`, that looks like a secret, and the rule that says so."""

    start: int
    end: int
    rule: str


class SecretFinder(Protocol):
    """Knows what looks like a secret."""

    def names_secret(self, name: str) -> bool:
        """Whether a variable of that name holds one, whatever its value is."""
        ...

    def in_name(self, name: str) -> str | None:
        """The rule by which a path or a name holds one; None where it holds none."""
        ...

    def in_text(self, text: str, path: str = "", *, code: bool) -> list[Found]:
        """The places of a text that look like secrets, in order, none within another."""
        ...


class Definition(NamedTuple):
    """A function, a method or a class in a text; lines count from 1. A nested one has its outer ones' names before."""

    function: str | None
    class_name: str | None
    line: int
    end_line: int
    calls: tuple[str, ...]
    imports: tuple[str, ...]


class Parsed(NamedTuple):
    """What was read of a text. `fault` tells why nothing was; `more` counts definitions beyond those that are told.

    `calls` are those outside of all definitions.
    """

    imports: tuple[str, ...] = ()
    definitions: Sequence[Definition] = ()
    calls: tuple[str, ...] = ()
    fault: str | None = None
    more: int = 0


class CodeReader(Protocol):
    """Reads code without running any of it."""

    def read(self, text: str, language: str | None) -> Parsed:
        """What is in a text of that language. It may take a while and doesn't raise: what can't be read has a fault."""
        ...
