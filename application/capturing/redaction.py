"""Takes out of what was seen whatever looks like a secret, and remembers where that was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from application.capturing.ports import SecretFinder
from application.capturing.seen import Dropped
from domain.values import escape

MARK = "[secret dropped]"
"""Stands in a text where a secret stood."""

SECRET_NAME = "Secret Name"  # noqa: S105 - the name of a rule
"""The rule by which a variable is dropped because of its name."""


class Redaction:
    """Of one capture."""

    def __init__(self, finder: SecretFinder) -> None:
        self._finder = finder
        self.dropped: list[Dropped] = []

    def text(self, text: str, place: str, path: str = "", *, code: bool = False) -> str:
        """A text without its secrets. It keeps its lines, so that line numbers stay true."""
        parts: list[str] = []
        end, line = 0, 1
        for found in self._finder.in_text(text, path, code=code):
            parts.append(text[end : found.start])
            line += parts[-1].count("\n")
            self.dropped.append(Dropped(place, found.rule, line))
            lines = text.count("\n", found.start, found.end)
            parts.append(MARK + "\n" * lines)
            line += lines
            end = found.end
        return "".join([*parts, text[end:]])

    def name(self, name: str | None, place: str) -> str | None:
        """A path or a name; None where there is none, or it held a secret."""
        if name is None:
            return None
        rule = self._finder.in_name(name)
        if rule is None:
            return name
        self.dropped.append(Dropped(place, rule))
        return None

    def names(self, names: Iterable[str], place: str) -> tuple[str, ...]:
        """Those of some names that hold no secret, each once, in order."""
        return tuple(dict.fromkeys(name for name in names if self.name(name, place) is not None))

    def variables(self, variables: Mapping[str, str], place: str, *, by_name: bool) -> dict[str, str]:
        """Those of which neither name nor value looks like a secret, in the order of their names."""
        kept: dict[str, str] = {}
        for index, (name, value) in enumerate(sorted(variables.items())):
            if self._finder.in_name(name):
                # Its place would tell it.
                self.name(name, f"{place}/#{index}")
                continue
            rule = SECRET_NAME if by_name and self._finder.names_secret(name) else None
            if rule is None:
                rule = next((found.rule for found in self._finder.in_text(value, code=False)), None)
            if rule is None:
                kept[name] = value
            else:
                self.dropped.append(Dropped(f"{place}/{escape(name)}", rule))
        return kept
