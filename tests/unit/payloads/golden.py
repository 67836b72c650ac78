"""What the fixture files under tests/fixtures/payloads must give, for ever.

Each file holds the payload of one event twice, in hexadecimal: with every field set, and with each field left out that
has a default. The expected events name all fields, so that a default that changes is noticed. A file, once released, is
never written again: when the shape of an event changes, its old file stays and a new one comes beside it.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec import UNSET

from domain.access.events import AccessesRecorded, ContextReads
from domain.contexts.conflicts import Conflict, Resolution
from domain.contexts.events import (
    AttributeChanges,
    Attributes,
    AutomaticCheckpoint,
    CheckpointCreated,
    CheckpointRestored,
    ConflictResolved,
    ConflictsOpened,
    ContextCreated,
    ContextDeleted,
    ContextErased,
    ContextForked,
    ContextMerged,
    ContextReplaced,
    ContextRolledBack,
    ContextSplit,
    ContextSynchronized,
    ContextUpdated,
    Part,
    Parted,
    Point,
)
from domain.recorded import Event
from domain.sessions.events import SessionCompleted, SessionCreated, SessionErased, SessionFailed
from infrastructure.payloads.encryption import Seal
from tests.unit.payloads.golden_branches import BRANCHES, BRANCHES_LATER
from tests.unit.payloads.golden_decisions import DECISIONS
from tests.unit.payloads.golden_work import WORK, WORK_LATER

WITH_DICTIONARY = ("context-created", "context-replaced", "context-rolled-back", "context-updated", "session-created")
"""Events whose first payload is kept as written with the dictionary 1, too, in NAME.dictionary.hex."""

TENANTS_DICTIONARY = 1000
"""The number under which 1000.zdict was trained, which context-updated.dictionary-1000.hex was written with."""

SEALED_WITH = Seal(bytes(range(8)), bytes(range(32)), b"where it belongs")
"""What context-updated.sealed.hex was encrypted with, after it was compressed with the dictionary 1."""

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "payloads"

_AT = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
_WHY: dict[str, Any] = {"action": "remember", "reason": "the user said so", "metadata": {"source": "chat", "turn": 3}}
_NO_WHY: dict[str, Any] = {"action": None, "reason": None, "metadata": {}}
_DATA = {
    "text": "Zoë → 東京 🚆",
    "least": -(2**63),
    "most": 2**64 - 1,
    "float": 0.1,
    "whole": 2.0,
    "nothing": None,
    "flags": [True, False],
    "nested": [[], {}, [{"a": [1, 2, {"b": ""}]}]],
}
_PATCH = [
    {"op": "replace", "path": "/text", "value": _DATA["text"]},
    {"op": "add", "path": "/list/-", "value": [1, 2.5, None]},
    {"op": "move", "from": "/a~1b", "path": "/c~0d"},
    {"op": "remove", "path": "/old"},
]
_ALL = Attributes(
    session_id="s-1",
    agent_id="a-1",
    user_id="u-1",
    type="decision",
    tags=("red", "blue"),
    priority=9,
    importance=0.75,
    features=("search",),
    permissions=("read", "write"),
    environment="production",
    document_version="2.1.0",
    ttl=3600,
    metadata={"k": [1, {"n": None}]},
)
_RESOLUTION = Resolution(
    pointer="/a~1b/~0", base=None, ours=[1], theirs=[2], strategy="merge", take="value", value=[1, 2]
)
_REMOVAL = Resolution(
    pointer="/a", base=UNSET, ours=1, theirs=UNSET, strategy="last_write_wins", take="theirs", value=UNSET
)
_PLAIN = Attributes(
    session_id=None,
    agent_id=None,
    user_id=None,
    type="generic",
    tags=(),
    priority=0,
    importance=0.5,
    features=(),
    permissions=(),
    environment="development",
    document_version="1.0.0",
    ttl=None,
    metadata={},
)
_SOME = AttributeChanges(
    session_id=None,
    agent_id="a-2",
    user_id="u-2",
    type="note",
    tags=(),
    priority=-1,
    importance=1.0,
    features=("f",),
    permissions=(),
    environment="staging",
    document_version="3",
    ttl=None,
    metadata={},
)
_NO_CHANGES = AttributeChanges(
    session_id=UNSET,
    agent_id=UNSET,
    user_id=UNSET,
    type=UNSET,
    tags=UNSET,
    priority=UNSET,
    importance=UNSET,
    features=UNSET,
    permissions=UNSET,
    environment=UNSET,
    document_version=UNSET,
    ttl=UNSET,
    metadata=UNSET,
)

_HERE = Point(stream_id=UUID("0f6d8b1e-6e0c-4c55-9b55-3a0c4f1f8f10"), namespace="n/s", key="k 1", version=2**31 - 1)
_THERE = Point(stream_id=UUID(int=2**128 - 2), namespace="", key="k", version=1)
_SETTLED = Resolution(pointer="/a", base=1, ours=None, theirs=[2], strategy="last", take="theirs")
_AUTOMATIC = (
    AutomaticCheckpoint(name="auto_7_before-merge", version=7, kept=10),
    AutomaticCheckpoint(name="auto_8", version=8, kept=10),
)

GOLDEN: dict[str, tuple[Event, Event]] = {
    **DECISIONS,
    **WORK,
    **BRANCHES,
    "context-created": (
        ContextCreated(
            namespace="n/s", key="k 1", data=_DATA, attributes=_ALL, compress=False, encrypted=False, **_WHY
        ),
        ContextCreated(
            namespace="default", key="k", data=None, attributes=_PLAIN, compress=True, encrypted=False, **_NO_WHY
        ),
    ),
    "context-replaced": (
        ContextReplaced(data=_DATA, attributes=_ALL, compress=False, encrypted=False, **_WHY),
        ContextReplaced(data=[], attributes=_PLAIN, compress=True, encrypted=False, **_NO_WHY),
    ),
    "context-updated": (
        ContextUpdated(change_type="jsonPatch", patch=_PATCH, attributes=_SOME, checkpoint="before lunch", **_WHY),
        ContextUpdated(change_type="merge", patch=[], attributes=_NO_CHANGES, checkpoint=None, **_NO_WHY),
    ),
    "context-rolled-back": (
        ContextRolledBack(to_version=7, patch=_PATCH, attributes=_ALL, encrypted=False, **_WHY),
        ContextRolledBack(to_version=1, patch=[], attributes=_PLAIN, encrypted=False, **_NO_WHY),
    ),
    "context-synchronized": (
        ContextSynchronized(
            base_version=7, strategy="rule_based", patch=_PATCH, resolutions=(_RESOLUTION, _REMOVAL), **_WHY
        ),
        ContextSynchronized(base_version=0, strategy="auto", patch=[], resolutions=(), **_NO_WHY),
    ),
    "conflict-opened": (
        ConflictsOpened(
            base_version=7,
            conflicts=(
                Conflict(pointer="/a~1b/~0", base=None, ours=[1, 2.0], theirs=_DATA),
                Conflict(pointer="", base=UNSET, ours=UNSET, theirs=UNSET),
            ),
            **_WHY,
        ),
        ConflictsOpened(base_version=0, conflicts=(), **_NO_WHY),
    ),
    "conflict-resolved": (
        ConflictResolved(conflict_id="conf_7_0011223344556677", resolution=_RESOLUTION, patch=_PATCH, **_WHY),
        ConflictResolved(conflict_id="conf_7_0011223344556677", resolution=_REMOVAL, patch=[], **_NO_WHY),
    ),
    "context-forked": (
        ContextForked(
            namespace="n/s",
            key="k 1",
            parent=_THERE,
            data=_DATA,
            attributes=_ALL,
            compress=False,
            encrypted=True,
            **_WHY,
        ),
        ContextForked(
            namespace="",
            key="k",
            parent=_HERE,
            data=None,
            attributes=_PLAIN,
            compress=True,
            encrypted=False,
            **_NO_WHY,
        ),
    ),
    "context-merged": (
        ContextMerged(
            sources=(_THERE, _HERE),
            strategy="three_way",
            patch=_PATCH,
            attributes=_SOME,
            encrypted=True,
            on_conflict="last",
            bases=(_THERE,),
            resolutions=(_SETTLED,),
            automatic=_AUTOMATIC,
            **_WHY,
        ),
        ContextMerged(
            sources=(_THERE,),
            strategy="deep_merge",
            patch=[],
            attributes=_NO_CHANGES,
            encrypted=False,
            on_conflict=None,
            bases=(),
            resolutions=(),
            automatic=(),
            **_NO_WHY,
        ),
    ),
    "context-split": (
        ContextSplit(parts=(Part(pointer="/a~1b", target=_HERE),), patch=_PATCH, automatic=_AUTOMATIC, **_WHY),
        ContextSplit(parts=(Part(pointer="/", target=_THERE),), patch=[], automatic=(), **_NO_WHY),
    ),
    "checkpoint-created": (
        CheckpointCreated(checkpoint="before lunch", description="all is well", **_WHY),
        CheckpointCreated(checkpoint="c", description=None, **_NO_WHY),
    ),
    "checkpoint-restored": (
        CheckpointRestored(
            name="before lunch",
            to_version=7,
            patch=_PATCH,
            attributes=_ALL,
            encrypted=True,
            automatic=_AUTOMATIC,
            **_WHY,
        ),
        CheckpointRestored(
            name="c", to_version=1, patch=[], attributes=_PLAIN, encrypted=False, automatic=(), **_NO_WHY
        ),
    ),
    "context-deleted": (ContextDeleted(**_WHY), ContextDeleted(**_NO_WHY)),
    "context-erased": (
        ContextErased(
            namespace="n/s", key="k 1", subject="user", keys=("0011223344556677", "8899aabbccddeeff"), **_WHY
        ),
        ContextErased(namespace="", key="k", subject="context", keys=(), **_NO_WHY),
    ),
    "session-created": (
        SessionCreated(session_id="s-1", user_id="u-1", data=_DATA, metadata={"m": [1]}, encrypted=False, timeout=None),
        SessionCreated(session_id="s-2", user_id=None, data={}, metadata={}, encrypted=False, timeout=None),
    ),
    "session-completed": (
        SessionCompleted(outcome=_DATA, reason="all done"),
        SessionCompleted(outcome={}, reason=None),
    ),
    "session-failed": (
        SessionFailed(outcome=_DATA, reason="out of budget"),
        SessionFailed(outcome={}, reason=None),
    ),
    "session-erased": (
        SessionErased(session_id="s-1", reason="the user left", subject="user", keys=("0011223344556677",)),
        SessionErased(session_id="s-2", reason=None, subject="session", keys=()),
    ),
    "accesses-recorded": (
        AccessesRecorded(
            contexts=[
                ContextReads(UUID(int=2**128 - 2), datetime(2026, 1, 2, 3, 4, 5, 678901, UTC), 70_000, _AT),
                ContextReads(UUID("0f6d8b1e-6e0c-4c55-9b55-3a0c4f1f8f10"), _AT, 1, _AT),
            ]
        ),
        AccessesRecorded(contexts=[]),
    ),
}


LATER: dict[str, tuple[str, Event]] = {
    **WORK_LATER,
    **BRANCHES_LATER,
    "context-created.encrypted": (
        "context-created",
        ContextCreated(namespace="n", key="k", data=_DATA, attributes=_ALL, compress=False, encrypted=True, **_WHY),
    ),
    "context-replaced.encrypted": (
        "context-replaced",
        ContextReplaced(data=_DATA, attributes=_ALL, compress=False, encrypted=True, **_WHY),
    ),
    "context-created.parted": (
        "context-created",
        ContextCreated(
            namespace="n",
            key="k",
            data=_DATA,
            attributes=_PLAIN,
            compress=True,
            encrypted=False,
            parted=Parted(source=_HERE, pointer="/a~1b"),
            **_WHY,
        ),
    ),
    "context-replaced.automatic": (
        "context-replaced",
        ContextReplaced(data=1, attributes=_PLAIN, compress=True, encrypted=False, automatic=_AUTOMATIC, **_NO_WHY),
    ),
    "context-updated.automatic": (
        "context-updated",
        ContextUpdated(
            change_type="merge", patch=_PATCH, attributes=_NO_CHANGES, checkpoint=None, automatic=_AUTOMATIC, **_NO_WHY
        ),
    ),
    "context-rolled-back.automatic": (
        "context-rolled-back",
        ContextRolledBack(
            to_version=7, patch=_PATCH, attributes=_PLAIN, encrypted=False, automatic=_AUTOMATIC, **_NO_WHY
        ),
    ),
    "context-rolled-back.encrypted": (
        "context-rolled-back",
        ContextRolledBack(to_version=7, patch=_PATCH, attributes=_ALL, encrypted=True, **_WHY),
    ),
    "session-created.encrypted": (
        "session-created",
        SessionCreated(session_id="s-1", user_id="u-1", data=_DATA, metadata={"m": [1]}, encrypted=True),
    ),
}
"""Of events whose shape has grown: the file with the new fields set, the event's name, and what it must give."""


def payloads(name: str) -> list[bytes]:
    """What the file of an event holds."""
    return [bytes.fromhex(line) for line in (FOLDER / f"{name}.hex").read_text().split()]
