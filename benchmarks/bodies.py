"""Bodies of requests, made of what agents store, in files that wrk's scripts read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks import payloads

MESSAGES = 1024
A_STORE = 3
"""Messages in a stored document: about 1 KiB with what stands beside it."""


def stores() -> list[str]:
    """What follows the key in bodies of about 1 KiB that store a conversation."""
    messages = payloads.messages(MESSAGES)
    return [_compact(_store(messages[at : at + A_STORE], at))[1:] for at in range(0, MESSAGES - A_STORE, A_STORE)]


def updates() -> list[str]:
    """Bodies that merge a message into a conversation."""
    options = {
        "changeType": "merge",
        "agentId": "agent-7",
        "action": "message-added",
        "reason": "the agent took a turn",
    }
    return [_compact({"data": {"last": [message]}, "options": options}) for message in payloads.messages(MESSAGES)]


def write(folder: Path, name: str, bodies: list[str]) -> Path:
    """A file with one body in each line."""
    path = folder / name
    path.write_text("".join(f"{body}\n" for body in bodies), encoding="utf-8")
    return path


def _store(messages: list[dict[str, Any]], number: int) -> dict[str, Any]:
    options = {
        "sessionId": f"sess_{number // 8:06x}",
        "agentId": "agent-7",
        "userId": f"user-{number % 97}",
        "type": "conversation",
        "tags": ["support", "flight"],
        "priority": number % 5,
        "importance": 0.6,
        "metadata": {"channel": "chat", "step": number},
    }
    return {"data": {"goal": "change a booking", "step": number, "messages": messages}, "options": options}


def _compact(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
