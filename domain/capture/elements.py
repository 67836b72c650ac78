"""What a capture keeps: files, pieces of code, tasks and environments, as the data of contexts.

Field names are those of the data, which are JSON as everything else. Facts are kept, not what follows from them: how
elements are related is computed from these fields (relationships.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, TypeAlias

import msgspec

from domain.values import Json


class _Element(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    TYPE: ClassVar[str]
    """The context's type."""

    source: str | None = None
    """Where it was seen: a tool, an editor, a command."""


class File(_Element, frozen=True, kw_only=True, rename="camel"):
    """A file that was seen; `size` in bytes, `content` as far as it was asked to be kept, without secrets."""

    TYPE = "file"

    path: str
    size: int | None = None
    modified: datetime | None = None
    language: str | None = None
    imports: tuple[str, ...] = ()
    content: str | None = None


class Code(_Element, frozen=True, kw_only=True, rename="camel"):
    """A function, a method, a class, or all that stands beside them in a file (neither `function` nor `class_name`).

    `parsed` False: the text could not be read as that language, or there are no rules for it, so that nothing was taken
    from it. `calls` are the names that it calls, as they are written there. Lines count from 1.
    """

    TYPE = "code"

    path: str
    language: str | None = None
    function: str | None = None
    class_name: str | None = msgspec.field(default=None, name="class")
    imports: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    line: int | None = None
    end_line: int | None = None
    parsed: bool = True
    reason: str | None = None
    """Why it was not parsed."""
    more_definitions: int = 0
    """Of a file with too many: those that were not taken."""
    text: str | None = None


class Task(_Element, frozen=True, kw_only=True, rename="camel"):
    """Something to be done; `files` are the paths that it names, `dependencies` the names of other tasks."""

    TYPE = "task"

    name: str
    description: str = ""
    status: str = "pending"
    dependencies: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class Environment(_Element, frozen=True, kw_only=True, rename="camel"):
    """Where an agent works."""

    TYPE = "environment"

    working_directory: str | None = None
    interpreter_version: str | None = None
    packages: dict[str, str] = {}
    variables: dict[str, str] = {}


Element: TypeAlias = File | Code | Task | Environment

KINDS: dict[str, type[Element]] = {kind.TYPE: kind for kind in (File, Code, Task, Environment)}


def to_data(element: Element) -> Json:
    """The data of its context; what is not known is left out."""
    data: dict[str, Json] = msgspec.to_builtins(element)
    return {name: value for name, value in data.items() if value is not None}


def from_data(type_name: str, data: Json) -> Element | None:
    """The element that a context's data are; None where they are something else of that type."""
    kind = KINDS.get(type_name)
    if kind is None:
        return None
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError:
        return None
