"""The tokens of languages with braces, in one pass: names, brackets and what separates; texts and comments left out.

Linear in the text, whatever is in it. What a plain scanner can't know is told in docs/decisions/0019.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_LINE = 2_000
"""Characters of a line that is read; longer ones no person wrote."""

NAME, TEXT, OTHER = "name", "text", "other"

_TOKEN = re.compile(
    r"""
    (?P<name>[A-Za-z_$][\w$]*(?:(?:\.|::)[A-Za-z_$][\w$]*)*)
    | (?P<text>"(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*')
    | (?P<other>=>|->|::|[-+*/%&|^!?<>=.,:;@\#~(){}\[\]])
    """,
    re.VERBOSE,
)
_RUST_CHARACTER = re.compile(r"'(?:\\.[^']{0,8}|[^'\\])'")
_BEFORE_PATTERN = frozenset("(,=:[!&|?{};+") | {"=>", "return", ""}
"""What can stand before a regular expression of JavaScript, where a slash is no division."""
_PATTERN = re.compile(r"/(?:[^/\\\[]|\\.|\[(?:[^\]\\]|\\.){0,200}\]){1,200}/[a-z]*")
"""Bounded, so that a line of slashes without an end isn't looked through from each of them."""


class UnreadableError(Exception):
    """A text can't be read by rules; why, and from which line on."""

    def __init__(self, why: str, line: int) -> None:
        super().__init__(f"{why} (line {line})")


class Token(NamedTuple):
    """`kind`: a name (with its dots), a text as it is quoted, or a sign; `line` counts from 1."""

    kind: str
    text: str
    line: int
    first: bool
    """On its line."""


def tokens(text: str, language: str) -> Iterator[Token]:
    """All that is no comment and no text over several lines.

    Raises:
        UnreadableError: a line is too long.
    """
    closing = ""
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > MAX_LINE:
            raise UnreadableError(f"a line has more than {MAX_LINE} characters", number)
        at, before, first = 0, "", True
        while at < len(line):
            if closing:
                end = line.find(closing, at)
                if end < 0:
                    break
                at, closing = end + len(closing), ""
                continue
            if line.startswith("//", at):
                break
            if line.startswith("/*", at):
                at, closing = at + 2, "*/"
                continue
            if line[at] == "`" and language != "rust":
                at, closing = at + 1, "`"
                continue
            if line.startswith('"""', at):
                at, closing = at + 3, '"""'
                continue
            if line[at] == "'" and language == "rust":
                # A character, or a lifetime.
                character = _RUST_CHARACTER.match(line, at)
                at = character.end() if character else at + 1
                continue
            if line[at] == "/" and before in _BEFORE_PATTERN and language in ("javascript", "typescript", "tsx"):
                pattern = _PATTERN.match(line, at)
                if pattern and before != "<":
                    at = pattern.end()
                    continue
            found = _TOKEN.match(line, at)
            if found is None:
                at += 1
                continue
            at, before = found.end(), found[0]
            yield Token(found.lastgroup or OTHER, before, number, first)
            first = False
