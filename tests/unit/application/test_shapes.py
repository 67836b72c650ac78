"""A snapshot's shape number goes up when the fields of the state change."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from domain.contexts.context import Context
from domain.decisions.decision import Decision
from domain.preferences.state import Preferences
from domain.sessions.session import Session
from domain.tasks.task import Task

# Of each shape, the digest of its fields. A failing test means: the fields changed, so raise SHAPE and add a line.
SHAPES = {
    (Context, 1): "e0ee6ebee76b0e70",
    (Context, 2): "76902da5eb387eee",
    (Context, 3): "67c85453b8ce6401",
    (Context, 4): "791a45506739917e",
    (Session, 1): "218e0269bc0e13c9",
    (Session, 2): "9193846c23a616fd",
    (Session, 3): "cb3c444227545761",
    (Session, 4): "afc39eb23e56a764",
    (Task, 1): "3d37e36e994da4cb",
    (Decision, 1): "6a0575a2824e402c",
    (Preferences, 1): "c8b5042dcca619a2",
}


def digest(kind: type[msgspec.Struct]) -> str:
    fields = msgspec.json.encode(msgspec.json.schema(kind), order="sorted")
    return hashlib.sha256(fields).hexdigest()[:16]


@pytest.mark.parametrize("kind", [Context, Session, Task, Decision, Preferences])
def test_the_shape_of_a_state_is_known_by_its_number(kind: Any) -> None:
    assert SHAPES[kind, kind.SHAPE] == digest(kind)
