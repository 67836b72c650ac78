"""What names a task: an id within a tenant."""

from __future__ import annotations

from domain.contexts.identity import name_fault
from domain.errors import InvalidInputError

MAX_ID_LENGTH = 256
"""Of a task id, in Unicode code points."""


def stream_name(task_id: str) -> str:
    """The name of a task's stream."""
    return f"task\n{task_id}"


def is_stream_name(name: str) -> bool:
    """Whether a stream is a task's."""
    return name.startswith("task\n")


def parse_stream_name(name: str) -> str:
    """The id of a task's stream."""
    return name.split("\n")[1]


def check_id(task_id: str, pointer: str = "/taskId") -> None:
    """Refuse an id that breaks the rules.

    Raises:
        InvalidInputError: it is empty, longer than 256 code points, or holds control characters.
    """
    fault = name_fault(task_id, MAX_ID_LENGTH) if task_id else "a task id has at least one character"
    if fault:
        raise InvalidInputError.at(pointer, fault)
