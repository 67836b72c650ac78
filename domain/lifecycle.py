"""What a table of statuses is, and what it allows."""

from __future__ import annotations

from collections.abc import Mapping

from domain.errors import IllegalTransitionError

Transitions = Mapping[str, Mapping[str, str]]
"""From each status: the steps that can be taken there, and the status that each leads to."""


def following(transitions: Transitions, status: str) -> tuple[str, ...]:
    """The other statuses that can follow one, each once."""
    return tuple(dict.fromkeys(to for to in transitions[status].values() if to != status))


def take(transitions: Transitions, what: str, status: str, step: str) -> str:
    """The status after a step.

    Raises:
        IllegalTransitionError: the table doesn't have that step; it names the current status and what can follow it.
    """
    to = transitions[status].get(step)
    if to is None:
        raise IllegalTransitionError(what, status, following(transitions, status))
    return to
