"""Made data that looks like what agents store: messages of a conversation. The same seed gives the same ones."""

from __future__ import annotations

from random import Random
from typing import Any

from domain.contexts.events import ContextUpdated
from domain.recorded import Origin

SEED = 20260101
TENANT = "default"
ORIGIN = Origin(agent_id="agent-7", session_id="sess_41f0c2")
"""What a command usually says about where it came from."""

_TEXT = (
    "the reservation customer would like to change a flight from Lisbon on Tuesday because meeting was moved please "
    "confirm whether economy class has seats left and how much it costs with two bags I can see that your membership "
    "allows one free change within policy refund goes back to original payment method in five days tool returned no "
    "results for this date so next step is asking about nearby airports before booking anything else is fine thanks"
)
_WORDS = _TEXT.split()


def message(random: Random, number: int) -> dict[str, Any]:
    """A message of about 230 bytes as JSON."""
    return {
        "role": random.choice(("user", "assistant", "tool")),
        "content": " ".join(random.choices(_WORDS, k=random.randint(24, 36))),
        "turn": number,
    }


def updates(count: int, seed: int = SEED) -> list[ContextUpdated]:
    """Events that add a message to a conversation; their payloads have about 300 bytes."""
    random = Random(seed)
    return [
        ContextUpdated(
            change_type="append",
            patch=[{"op": "add", "path": "/messages/-", "value": message(random, number)}],
            action="message-added",
            reason="the agent took a turn",
        )
        for number in range(count)
    ]


def messages(count: int, seed: int = SEED) -> list[dict[str, Any]]:
    """A conversation."""
    random = Random(seed)
    return [message(random, number) for number in range(count)]
