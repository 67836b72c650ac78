"""What readers of all languages gather: definitions, what they call, what they import."""

from __future__ import annotations

from collections.abc import Sequence

from application.capturing.ports import Definition, Parsed

MAX_DEFINITIONS = 200
"""Of one file; others are counted."""
MAX_NAMES = 200
"""Imports of a file, and calls of a definition, that are kept; the first ones."""
MAX_NAME = 256
"""Characters of a name that is kept; longer ones are left out, they are no one's code."""


class _Scope:
    __slots__ = ("calls", "class_name", "end_line", "function", "imports", "line", "uses")

    def __init__(self, class_name: str | None, function: str | None, line: int, end_line: int) -> None:
        self.class_name, self.function, self.line, self.end_line = class_name, function, line, end_line
        self.calls: dict[str, None] = {}
        self.imports: dict[str, None] = {}
        self.uses: set[str] = set()


class Outline:
    """Filled while a tree is walked through. Scopes go by number, 0 is the file itself."""

    def __init__(self) -> None:
        self._scopes = [_Scope(None, None, 1, 1)]
        self._numbers: dict[tuple[str | None, str | None], int] = {}
        self._bound: list[tuple[str, tuple[str, ...]]] = []
        self._imports: dict[str, None] = {}
        self._more = 0

    def open_class(self, owner: int, name: str, line: int, end_line: int) -> int:
        """The number of a class within a scope."""
        outer = self._scopes[owner]
        parts = [part for part in (outer.class_name, outer.function, name) if part]
        return self._open(owner, ".".join(parts), None, line, end_line)

    def open_function(self, owner: int, name: str, line: int, end_line: int) -> int:
        """The number of a function or a method within a scope."""
        outer = self._scopes[owner]
        return self._open(
            owner, outer.class_name, f"{outer.function}.{name}" if outer.function else name, line, end_line
        )

    def _open(self, owner: int, class_name: str | None, function: str | None, line: int, end_line: int) -> int:
        if len(class_name or "") + len(function or "") > MAX_NAME:
            return owner
        known = self._numbers.get((class_name, function))
        if known is not None:
            # Overloads, setters, two branches of a condition: one name, one definition.
            scope = self._scopes[known]
            scope.line, scope.end_line = min(scope.line, line), max(scope.end_line, end_line)
            return known
        kept = len(self._numbers) < MAX_DEFINITIONS
        self._more += not kept
        if not kept:
            return owner
        self._scopes.append(_Scope(class_name, function, line, end_line))
        self._numbers[class_name, function] = len(self._scopes) - 1
        return len(self._scopes) - 1

    def imports(self, owner: int, module: str, bound: Sequence[str]) -> None:
        """An import, and the names that it has in the file."""
        if len(module) > MAX_NAME or len(self._imports) >= MAX_NAMES:
            return
        self._imports[module] = None
        self._bound.append((module, tuple(bound)))
        if owner:
            self._scopes[owner].imports[module] = None

    def calls(self, owner: int, name: str) -> None:
        """A call, by the name as it is written."""
        calls = self._scopes[owner].calls
        if len(name) <= MAX_NAME and len(calls) < MAX_NAMES:
            calls[name] = None

    def uses(self, owner: int, name: str) -> None:
        """A name that is used."""
        self._scopes[owner].uses.add(name)

    def parsed(self) -> Parsed:
        """What was gathered."""
        definitions = []
        for scope in sorted(self._scopes[1:], key=lambda each: (each.line, -each.end_line)):
            used = (module for module, names in self._bound if scope.uses.intersection(names))
            imports = tuple(dict.fromkeys([*scope.imports, *used]))
            definitions.append(
                Definition(scope.function, scope.class_name, scope.line, scope.end_line, tuple(scope.calls), imports)
            )
        return Parsed(tuple(self._imports), definitions, tuple(self._scopes[0].calls), more=self._more)
