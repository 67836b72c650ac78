"""Made events of every kind: what sessions of agents leave in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.events import AccessesRecorded, ContextReads
from domain.contexts.changes import plan_change
from domain.contexts.events import (
    AttributeChanges,
    Attributes,
    ContextCreated,
    ContextDeleted,
    ContextErased,
    ContextReplaced,
    ContextRolledBack,
    ContextUpdated,
)
from domain.recorded import Event
from domain.sessions.events import SessionCompleted, SessionCreated, SessionErased, SessionFailed
from scripts.made_events import sentences, words
from scripts.made_events.filling import Filler
from scripts.made_events.records import record
from scripts.made_events.talk import conversation
from scripts.made_events.work import capture, decision, plan, source, task

Json = dict[str, Any]
DAY = 86_400
HEX = "0123456789abcdef"


def make_events(sessions: int, seed: int) -> list[Event]:
    """The events of so many sessions: the same ones for the same number and seed."""
    made = Filler(seed)
    return [event for _ in range(sessions) for event in _session(made)]


def _session(made: Filler) -> Iterator[Event]:
    session_id = made.random.choice((f"sess_{made.letters(32, HEX)}", made.uuid(), made.fill("run-{count}")))
    user = made.user()
    metadata = {"source": made.random.choice(("web", "api", "cli")), "model": made.random.choice(words.MODELS)}
    yield SessionCreated(session_id=session_id, user_id=user, metadata=metadata if made.chance(0.5) else {})
    yield from _conversation(made, session_id, user)
    for _ in range(made.random.randint(1, 6)):
        yield from made.random.choice((_record, _record, _document, _document, _preference, _counter))(
            made, session_id, user
        )
    outcome = (
        {"reward": made.random.choice((0.0, 1.0))} if made.chance(0.5) else {"summary": made.pick(sentences.AGENT_SAYS)}
    )
    if made.chance(0.7):
        yield SessionCompleted(outcome=outcome)
    else:
        yield SessionFailed(outcome=outcome, reason=made.fill("{error}"))
    if made.chance(0.1):
        yield AccessesRecorded(contexts=[_reads(made) for _ in range(made.random.randint(1, 4))])
    if made.chance(0.02):
        yield SessionErased(session_id=session_id, subject="user", keys=(made.letters(16, HEX),), reason="on request")


def _reads(made: Filler) -> ContextReads:
    created_at, last = (datetime.fromisoformat(made.instant()) for _ in range(2))
    return ContextReads(UUID(made.uuid()), created_at, made.random.randint(1, 40), last)


def _attributes(made: Filler, session_id: str, user: str, kind: str) -> Attributes:
    known: Json = {"session_id": session_id, "type": kind, "ttl": made.random.choice((DAY, DAY, 3600, None))}
    if made.chance(0.5):
        known["user_id"] = user
    if made.chance(0.4):
        known["agent_id"] = made.random.choice(
            ("planner", "coder", "reviewer", "researcher", "agent-1", "support-agent")
        )
    if made.chance(0.5):
        known["tags"] = tuple(made.random.sample((kind, "important", "draft", "user", "memory", "shared"), 2))
    if made.chance(0.2):
        known |= {"priority": made.random.randint(1, 9), "importance": made.random.choice((0.7, 0.8, 0.9))}
    if made.chance(0.2):
        known |= {"environment": "production", "metadata": {"source": "agent", "version": 1}}
    return Attributes(**known)


def _why(made: Filler, action: str) -> Json:
    why: Json = {"action": action} if made.chance(0.7) else {}
    return why | ({"reason": made.random.choice(sentences.REASONS)} if made.chance(0.4) else {})


def _created(made: Filler, session_id: str, user: str, kind: str, key: str, data: Any) -> ContextCreated:
    namespace = made.random.choice((session_id, "", "agents", "memory", kind))
    attributes = _attributes(made, session_id, user, kind)
    return ContextCreated(namespace=namespace, key=key, data=data, attributes=attributes, **_why(made, "create"))


def _updated(made: Filler, document: Any, change_type: Any, operand: Any, action: str) -> tuple[ContextUpdated, Any]:
    patch, after = plan_change(change_type, document, operand)
    attributes = AttributeChanges(tags=("updated",), importance=0.8) if made.chance(0.05) else AttributeChanges()
    checkpoint = made.random.choice((None,) * 20 + ("before-merge", "auto"))
    why = _why(made, action)
    return ContextUpdated(
        change_type=change_type, patch=patch, attributes=attributes, checkpoint=checkpoint, **why
    ), after


def _conversation(made: Filler, session_id: str, user: str) -> Iterator[Event]:
    member = made.random.choice(("messages", "messages", "history", "turns", "events"))
    document: Json = {member: []}
    yield _created(
        made, session_id, user, "conversation", made.random.choice(("conversation", "chat", "thread")), document
    )
    for message in conversation(made, made.random.randint(3, 10)):
        event, document = _updated(
            made, document, "append", {member: [message]}, made.random.choice(("message", "turn"))
        )
        yield event
    if made.chance(0.1):
        yield ContextDeleted(action="clean-up")
    elif made.chance(0.05):
        keys = tuple(made.letters(16, HEX) for _ in range(made.random.randint(1, 2)))
        yield ContextErased(namespace=session_id, key="conversation", keys=keys, reason="requested by the user")


def _record(made: Filler, session_id: str, user: str) -> Iterator[Event]:
    kind, identity, data = record(made)
    yield _created(made, session_id, user, made.random.choice((kind, "record")), f"{kind}s/{identity}", data)
    status = made.random.choice(words.STATUSES)
    if made.chance(0.3):
        attributes = _attributes(made, session_id, user, "record")
        yield ContextReplaced(data={**data, "status": status}, attributes=attributes, **_why(made, "store"))
    elif made.chance(0.5):
        event, _ = _updated(made, data, made.random.choice(("merge", "mergePatch")), {"status": status}, "update")
        yield event


def _document(made: Filler, session_id: str, user: str) -> Iterator[Event]:
    makers: dict[str, Callable[[Filler], Json]] = {"plan": plan, "task": task, "decision": decision, "capture": capture}
    kind = made.random.choice(list(makers))
    document = makers[kind](made)
    keys = {
        "plan": "plan",
        "task": "tasks/{count}",
        "decision": "decisions/{count}",
        "capture": f"files/{source(made)[0]}",
    }
    yield _created(made, session_id, user, kind, made.fill(keys[kind]), document)
    if kind == "plan":
        for place in range(made.random.randint(1, 3)):
            status = made.random.choice(("in_progress", "completed"))
            operand = [{"op": "replace", "path": f"/steps/{place % len(document['steps'])}/status", "value": status}]
            event, document = _updated(made, document, "jsonPatch", operand, "progress")
            yield event
    elif kind == "task":
        changes = {
            "status": "completed",
            "result": {"summary": made.pick(sentences.AGENT_SAYS)},
            "completed_at": made.instant(),
        }
        yield _updated(made, document, "merge", changes, "completed")[0]
    if made.chance(0.1):
        patch = [{"op": "replace", "path": "/status", "value": "pending"}]
        attributes = _attributes(made, session_id, user, kind)
        yield ContextRolledBack(
            to_version=made.random.randint(1, 9), patch=patch, attributes=attributes, action="rollback"
        )


def _preference(made: Filler, session_id: str, user: str) -> Iterator[Event]:
    document: Json = {
        "type": made.random.choice(("code_style", "communication", "tools", "schedule", "travel", "shopping")),
        "key": made.random.choice(
            ("indentation", "language", "seat", "tone", "time_zone", "test_framework", "payment")
        ),
        "value": made.random.choice(("4 spaces", "English", "window", "concise", "Europe/Berlin", "pytest", "paypal")),
        "confidence": 0.5,
        "observations": 1,
        "last_observed": made.instant(),
    }
    yield _created(made, session_id, user, "preference", f"preferences/{user}/{document['key']}", document)
    changes = {"confidence": round(made.random.uniform(0.5, 1), 2), "observations": 2, "last_observed": made.instant()}
    yield _updated(made, document, "merge", changes, "observed")[0]


def _counter(made: Filler, session_id: str, user: str) -> Iterator[Event]:
    key = made.random.choice(("notes", "memory", "summary", "scratchpad"))
    document: Json = {key: [made.pick(sentences.THOUGHTS)], "count": 1, "tokens_used": made.random.randint(10, 9000)}
    yield _created(made, session_id, user, "notes", key, document)
    note = {key: [made.several(sentences.THOUGHTS, 1, 2)]}
    event, document = _updated(made, document, "append", note, "note")
    yield event
    event, _ = _updated(made, document, "increment", {"count": 1, "tokens_used": made.random.randint(10, 900)}, "usage")
    yield event
