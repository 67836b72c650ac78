"""One line for what takes many: messages, values and the operations of a diff."""

import json
from collections.abc import Mapping
from typing import Any

SIGNS = {"add": "+", "remove": "-", "replace": "~"}


def shorten(text: str, width: int) -> str:
    """The text on one line of at most `width` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def message_line(message: Mapping[str, Any], width: int) -> str:
    """Who said what, or which tool was called with what."""
    said = message.get("content")
    parts = [said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)] if said else []
    for call in message.get("tool_calls") or ():
        parts.append(f"calls {call['function']['name']} {call['function'].get('arguments', '')}")
    name = message.get("name")
    who = f"{message['role']} {name}" if name else message["role"]
    return shorten(f"{who}: {' '.join(parts)}", width)


def operation_line(operation: Mapping[str, Any], width: int) -> str:
    """An RFC 6902 operation: a sign, the place, the value."""
    line = f"{SIGNS.get(operation['op'], operation['op'])} {operation['path'] or 'all of it'}"
    if "from" in operation:
        line += f" from {operation['from']}"
    if "value" not in operation:
        return shorten(line, width)
    value = operation["value"]
    if isinstance(value, dict) and isinstance(value.get("role"), str):
        return shorten(f"{line} {message_line(value, width)}", width)
    return shorten(f"{line} {json.dumps(value, ensure_ascii=False)}", width)
