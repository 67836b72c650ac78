"""Reads JavaScript, TypeScript, Go, Java and Rust by plain rules over their tokens.

A definition is told by its keyword or its place, its extent by its brackets, a call by a name before a parenthesis.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from application.capturing.ports import Parsed
from infrastructure.capture.brace_rules import ECMASCRIPT, RULES
from infrastructure.capture.brace_tokens import NAME, TEXT, Token, UnreadableError, tokens
from infrastructure.capture.outline import MAX_NAME, Outline

_OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSING = frozenset(_OPENING.values())


_NO_IMPORT = frozenset({";", "=", "(", "import", "export"}) | ECMASCRIPT.functions | ECMASCRIPT.classes
_IMPORTED = re.compile(r"[A-Za-z_$][\w$]*")


class _Open(NamedTuple):
    """A bracket that is open: what closes it, and the scope around it."""

    closing: str
    owner: int
    in_class: bool


class _Reader:
    def __init__(self, text: str, language: str) -> None:
        self._tokens = list(tokens(text, language))
        self._language, self._rules, self._outline = language, RULES[language], Outline()
        self._ends = _ends(self._tokens)
        self._stack: list[_Open] = []
        self._owner, self._in_class = 0, False
        # What the next brace opens: a scope, and whether it is a class.
        self._next: tuple[int, bool] | None = None
        # The arrow functions without braces that are open: the depth at which each ends, and the scope around it.
        self._arrows: list[tuple[int, int]] = []

    def read(self) -> Parsed:
        at = 0
        while at < len(self._tokens):
            token = self._tokens[at]
            if self._arrows and len(self._stack) <= self._arrows[-1][0] and (token.text == ";" or token.first):
                _, self._owner = self._arrows.pop()
            if token.kind == NAME:
                at = self._name(at, token)
                continue
            if token.text in _OPENING:
                self._stack.append(_Open(_OPENING[token.text], self._owner, self._in_class))
                if token.text == "{" and self._next is not None:
                    (self._owner, self._in_class), self._next = self._next, None
                elif token.text == "{":
                    self._in_class = False
            elif token.text in _CLOSING:
                self._close(token)
            elif token.text == ";":
                self._next = None
            at += 1
        return self._outline.parsed()

    def _close(self, token: Token) -> None:
        opened = self._stack.pop()
        while self._arrows and len(self._stack) < self._arrows[-1][0]:
            self._arrows.pop()
        self._owner, self._in_class = opened.owner, opened.in_class

    # Names

    def _name(self, at: int, token: Token) -> int:
        """Takes a name, and what belongs to it; the place of the next token."""
        rules, word = self._rules, token.text
        if end := self._import(at, word):
            return end
        if word in rules.classes:
            return self._class(at)
        if word in rules.functions:
            return self._function(at)
        after = self._text(at + 1)
        if word in rules.keywords:
            return at + 1
        if self._language in ("javascript", "typescript", "tsx") and (body := self._arrow(at)):
            scope = self._outline.open_function(self._owner, word, token.line, self._line(self._end_of_arrow(body)))
            if self._text(body) == "{":
                self._next = scope, False
            else:
                self._arrows.append((len(self._stack), self._owner))
                self._owner = scope
            return body
        self._outline.uses(self._owner, re.split(r"\.|::", word, maxsplit=1)[0])
        if after != "(":
            return at + 1
        if self._in_class and rules.members and self._opens_body(at + 1):
            body = self._body(self._ends[at + 1] + 1)
            scope = self._outline.open_function(self._owner, word, token.line, self._line(self._ends.get(body, body)))
            self._next = scope, False
        elif not (at and self._text(at - 1) == "."):
            self._outline.calls(self._owner, word.replace("::", "."))
        return at + 1

    def _class(self, at: int) -> int:
        name = at + 1
        if self._language == "rust" and self._text(at) == "impl":
            name = self._implemented(at)
        if self._kind(name) != NAME or "." in self._text(name):
            return at + 1
        body = self._body(name + 1)
        scope = self._outline.open_class(
            self._owner, self._text(name), self._tokens[at].line, self._line(self._ends.get(body, name))
        )
        if self._text(body) == "{":
            self._next = scope, True
        return body if self._text(body) == "{" else name + 1

    def _implemented(self, at: int) -> int:
        """The type of `impl Type`, `impl<T> Trait for Type`."""
        name, most = at + 1, min(at + 60, len(self._tokens))
        for place in range(at + 1, most):
            if self._text(place) == "{":
                break
            if self._text(place) == "for":
                name = place + 1
        while name < most and (self._text(name) in ("<", ">", ",") or self._text(name + 1) in (">", ",")):
            name += 1
        return name

    def _function(self, at: int) -> int:
        name, owner = at + 1, self._owner
        if self._text(name) == "*":
            name += 1
        if self._language == "go" and self._text(name) == "(" and name in self._ends:
            # The receiver: its type is the class.
            end = self._ends[name]
            types = [place for place in range(name + 1, min(end, name + 60)) if self._kind(place) == NAME]
            if types and self._kind(end + 1) == NAME:
                line = self._tokens[at].line
                owner = self._outline.open_class(0, self._text(types[min(1, len(types) - 1)]), line, line)
                name = end + 1
        if self._kind(name) != NAME or name + 1 >= len(self._tokens):
            return at + 1
        parameters = next((p for p in range(name + 1, min(name + 60, len(self._tokens))) if self._text(p) == "("), None)
        if parameters is None or parameters not in self._ends:
            return name + 1
        body = self._body(self._ends[parameters] + 1)
        scope = self._outline.open_function(
            owner, self._text(name), self._tokens[at].line, self._line(self._ends.get(body, name))
        )
        if self._text(body) == "{":
            self._next = scope, False
        return parameters

    def _arrow(self, at: int) -> int | None:
        """Where the body begins of `name = (…) =>`, `name = x =>`, `name = function (…)`; else None."""
        if self._text(at + 1) != "=":
            return None
        place = at + 2
        if self._text(place) == "async":
            place += 1
        if self._text(place) == "function":
            place += 1
            return self._ends[place] + 1 if self._text(place) == "(" and place in self._ends else None
        if self._text(place) == "(" and place in self._ends:
            place = self._ends[place]
        elif self._kind(place) != NAME:
            return None
        for arrow in range(place + 1, min(place + 20, len(self._tokens))):
            if self._text(arrow) == "=>":
                return arrow + 1
            if self._text(arrow) in ("{", ";", "(", "="):
                return None
        return None

    def _end_of_arrow(self, body: int) -> int:
        return self._ends.get(body, min(body, len(self._tokens) - 1))

    # Imports

    def _import(self, at: int, word: str) -> int | None:
        """The place behind an import; None where there is none."""
        if self._language in ("javascript", "typescript", "tsx"):
            return self._ecmascript_import(at, word)
        if word == "import" and self._language == "go":
            return self._go_import(at)
        if word == "import" and self._language == "java":
            names = [self._text(p) for p in range(at + 1, self._statement_end(at)) if self._kind(p) == NAME]
            name = next((name for name in names if name != "static"), "")
            if name:
                self._outline.imports(self._owner, name, (name.rpartition(".")[2],))
            return self._statement_end(at)
        if word == "use" and self._language == "rust":
            end = self._statement_end(at)
            for name, bound in _used([self._text(p) for p in range(at + 1, end)]):
                self._outline.imports(self._owner, name, (bound,))
            return end
        return None

    def _ecmascript_import(self, at: int, word: str) -> int | None:
        if word == "require" and self._text(at + 1) == "(" and self._kind(at + 2) == TEXT:
            bound = self._text(at - 2) if at > 1 and self._text(at - 1) == "=" else ""
            self._outline.imports(self._owner, self._tokens[at + 2].text.strip("\"'"), (bound,) if bound else ())
            return self._ends[at + 1] + 1
        if word not in ("import", "export") or self._text(at + 1) in ("(", "default"):
            return None
        names: list[str] = []
        for place in range(at + 1, min(at + 1_000, len(self._tokens))):
            token = self._tokens[place]
            if token.kind == TEXT and (place == at + 1 or self._text(place - 1) == "from"):
                self._outline.imports(self._owner, token.text.strip("\"'"), names)
                return place + 1
            if token.text in _NO_IMPORT:
                return None
            if token.kind == NAME:
                names.append(token.text)
        return None

    def _go_import(self, at: int) -> int:
        end = self._ends[at + 1] + 1 if self._text(at + 1) == "(" else at + 3
        for place in range(at + 1, min(end, len(self._tokens))):
            if self._kind(place) == TEXT:
                module = self._tokens[place].text.strip('"')
                named = self._kind(place - 1) == NAME and self._text(place - 1) != "import"
                bound = self._text(place - 1) if named else module.rpartition("/")[2]
                self._outline.imports(self._owner, module, (bound,))
        return end

    # Places

    def _text(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) and self._tokens[at].kind != TEXT else ""

    def _kind(self, at: int) -> str:
        return self._tokens[at].kind if 0 <= at < len(self._tokens) else ""

    def _line(self, at: int) -> int:
        return self._tokens[min(at, len(self._tokens) - 1)].line

    def _statement_end(self, at: int) -> int:
        """Where a statement ends: at a semicolon, or where the brackets around it do."""
        place = at
        while place < len(self._tokens) and self._text(place) != ";" and self._text(place) not in _CLOSING:
            place = self._ends.get(place, place) + 1
        return place

    def _body(self, at: int) -> int:
        """Where the braces of a definition begin, or the place of what ends it without any."""
        most = min(at + 60, len(self._tokens))
        place = at
        while place < most:
            if self._text(place) in ("{", ";", "}", ")"):
                return place
            place = self._ends.get(place, place) + 1
        return place

    def _opens_body(self, at: int) -> bool:
        return at in self._ends and self._text(self._body(self._ends[at] + 1)) == "{"


def read_braces(text: str, language: str) -> Parsed:
    """What is in a text of one of these languages. Its faults: brackets that don't match, lines that are too long."""
    try:
        reader = _Reader(text, language)
    except UnreadableError as error:
        return Parsed(fault=f"not {language}, or not readable by rules: {error}")
    return reader.read()


def _ends(found: Sequence[Token]) -> dict[int, int]:
    """Of each opening bracket the place of the one that closes it."""
    ends: dict[int, int] = {}
    open_ones: list[int] = []
    for at, token in enumerate(found):
        if token.kind == TEXT:
            continue
        if token.text in _OPENING:
            open_ones.append(at)
        elif token.text in _CLOSING:
            if not open_ones or _OPENING[found[open_ones[-1]].text] != token.text:
                raise UnreadableError("brackets don't match", token.line)
            ends[open_ones.pop()] = at
    if open_ones:
        raise UnreadableError("brackets don't match", found[open_ones[-1]].line)
    return ends


def _used(words: Sequence[str]) -> list[tuple[str, str]]:
    """The full names of a `use` of Rust, and the names that they have in the file."""
    found: list[tuple[str, str]] = []
    prefixes, current = [""], ""
    place = 0
    while place < len(words):
        word = words[place]
        if word == "as" and place + 1 < len(words) and found:
            found[-1] = (found[-1][0], words[place + 1])
            place += 1
        elif word == "{":
            # A few more than a name may have: names within are left out then. Else nesting takes memory by its square.
            prefixes.append((prefixes[-1] + current + "::")[: MAX_NAME + 8])
            if current and found and found[-1][0] == prefixes[-2] + current:
                found.pop()
            current = ""
        elif word == "}":
            prefixes.pop()
            current = ""
        elif _IMPORTED.match(word):
            current = word
            name = (prefixes[-1] + word).removesuffix("::self")
            found.append((name, name.rpartition("::")[2]))
        elif word == ",":
            current = ""
        place += 1
    return found
