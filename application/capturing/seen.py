"""What is handed over to be captured, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.capture.elements import Element

MAX_ELEMENTS = 1_000
"""Of one capture, those that are made of texts counted: they are stored all or nothing."""
MAX_TEXT = 256 * 1024
"""Bytes (UTF-8) of one text."""
MAX_TEXTS = 1024 * 1024
"""Bytes (UTF-8) of all texts of one capture together."""


class SeenFile(NamedTuple):
    """A file; of its `content`, if it is code, the code is captured too."""

    path: str
    size: int | None = None
    modified: datetime | None = None
    language: str | None = None
    content: str | None = None


class SeenCode(NamedTuple):
    """A piece of code; what is not said of it is read from its `text`."""

    path: str
    language: str | None = None
    function: str | None = None
    class_name: str | None = None
    imports: Sequence[str] = ()
    text: str | None = None


class SeenTask(NamedTuple):
    """Something to be done. Without a name it is named for its description."""

    name: str | None = None
    description: str = ""
    status: str = "pending"
    dependencies: Sequence[str] = ()
    files: Sequence[str] = ()


class SeenEnvironment(NamedTuple):
    """Where an agent works."""

    working_directory: str | None = None
    interpreter_version: str | None = None
    packages: Mapping[str, str] = {}
    variables: Mapping[str, str] = {}


class Seen(NamedTuple):
    """All that an agent saw. `keep_text`: keep the texts of files and code too, without secrets."""

    source: str | None = None
    files: Sequence[SeenFile] = ()
    code: Sequence[SeenCode] = ()
    tasks: Sequence[SeenTask] = ()
    environment: SeenEnvironment | None = None
    keep_text: bool = False


class Dropped(NamedTuple):
    """Something that looked like a secret and was dropped before anything was stored: where, and by which rule.

    `place` is a JSON pointer into what was handed over, `line` counts from 1 within a text.
    """

    place: str
    rule: str
    line: int | None = None


class Understood(NamedTuple):
    """The elements by their keys, and what was dropped on the way."""

    elements: Mapping[str, Element]
    dropped: Sequence[Dropped]
