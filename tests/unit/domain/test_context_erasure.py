"""Erasing a context: what is left, what may follow, and that it folds alike whether it could be read or not."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.catalogue import NAMES
from domain.contexts import context as contexts
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
from domain.contexts.history import entries
from domain.contexts.sealing import sealed_for
from domain.contexts.strategies import Policy, Strategy
from domain.erasure import Erased, Subject
from domain.errors import ContextErasedError
from domain.recorded import Event, Recorded
from tests.unit.domain.stories import STREAM, ContextStory, at

NAME = "context\n\nplan"
IN_SESSION = Attributes(session_id="s-1", user_id="u-1", ttl=3600)


def gone(recorded: Recorded[Event]) -> Recorded[Event]:
    """What is left of an event whose key was destroyed."""
    event: Event = Erased(name=NAMES[type(recorded.event)], stream_name=NAME)
    return msgspec.structs.replace(recorded, event=event)


def erase(story: ContextStory) -> None:
    story._happened([ContextErased(namespace="", key="plan", reason="asked for", keys=("00",))])


def told() -> ContextStory:
    """A context with a history."""
    story = ContextStory()
    story.store({"n": 1}, encrypt=True, attributes=IN_SESSION)
    story.wait(1).update({"n": 1}, "increment", checkpoint="two")
    return story


def test_nothing_of_it_is_left() -> None:
    story = told()
    erase(story.wait(1))
    context = story.current
    assert (context.data, context.attributes, context.checkpoints, context.expires_at) == (None, Attributes(), {}, None)
    assert (context.version, context.erased, context.erased_through) == (3, True, 3)
    assert not context.is_live(story.now)


@pytest.mark.parametrize(
    "command",
    [
        lambda story: story.update(1),
        lambda story: story.change(attributes=AttributeChanges(type="x")),
        lambda story: story.delete(),
        lambda story: story.roll_back(1),
    ],
)
def test_nothing_can_be_done_with_it_but_storing_anew(command: Callable[[ContextStory], Any]) -> None:
    story = told()
    erase(story)
    with pytest.raises(ContextErasedError, match=r"erased \(version 3\)"):
        command(story)
    event = story.store({"new": 1})
    assert isinstance(event, ContextCreated)
    assert (story.data, story.current.version, story.current.erased, story.current.erased_through) == (
        {"new": 1}, 4, False, 3,
    )  # fmt: skip


def test_what_was_encrypted_once_is_stored_in_the_clear_by_a_word_that_says_so_alone() -> None:
    story = told()
    for end in (lambda: story.delete(), lambda: erase(story), lambda: story.wait(10_000)):
        event = story.store(1)
        assert isinstance(event, ContextCreated | ContextReplaced)
        assert event.encrypted
        end()
    assert not story.store(1, encrypt=False).encrypted  # type: ignore[attr-defined]
    assert not story.store(1).encrypted  # type: ignore[attr-defined]
    assert story.store(1, encrypt_new=True).encrypted  # type: ignore[attr-defined]
    assert not story.store(1, encrypt_new=True, encrypt=False).encrypted  # type: ignore[attr-defined]


def test_updates_and_rollbacks_stay_encrypted() -> None:
    story = told()
    story.roll_back(1)
    assert story.current.encrypted
    # Also a rollback of what is in the clear to what was encrypted: its patch tells of it.
    story.store({"open": 1}, encrypt=False)
    assert story.roll_back(1).encrypted  # type: ignore[attr-defined]
    assert story.current.encrypted


def test_names_of_checkpoints_that_were_encrypted_do_not_come_to_stand_in_the_clear() -> None:
    story = told()
    assert story.current.checkpoints == {"two": 2}
    story.store(1, encrypt=False)
    assert story.current.checkpoints == {}
    story.update(2, checkpoint="open")
    story.store(1, encrypt=True)
    assert story.current.checkpoints == {"open": 4}


def test_events_are_encrypted_for_whom_the_context_belongs_to_after_them() -> None:
    created = ContextCreated(namespace="", key="plan", data=1, attributes=IN_SESSION, encrypted=True)
    assert sealed_for(None, [created]) == Subject("s-1", "u-1")
    assert sealed_for(None, [msgspec.structs.replace(created, encrypted=False)]) is None
    story = told()
    moved = ContextUpdated(change_type=None, attributes=AttributeChanges(session_id=None, user_id="u-2"))
    assert sealed_for(story.context, [moved]) == Subject(None, "u-2")
    assert sealed_for(story.context, [ContextUpdated(change_type=None), ContextDeleted()]) == Subject("s-1", "u-1")
    back = ContextRolledBack(to_version=1, attributes=Attributes(user_id="u-3"), encrypted=True)
    assert sealed_for(story.context, [back]) == Subject(None, "u-3")
    assert sealed_for(story.context, [ContextErased(namespace="", key="plan")]) is None
    opened = ContextReplaced(data=1, attributes=IN_SESSION)
    assert sealed_for(story.context, [opened]) is None


class Life:
    """A context's life as drawn: what may come next, and when."""

    STEPS = ("store", "open", "update", "change", "roll_back", "sync", "resolve", "delete", "erase", "expire")

    def __init__(self) -> None:
        self.story = ContextStory()

    def step(self, kind: str, number: int) -> None:
        story = self.story.wait(1)
        live = story.context is not None and story.context.is_live(story.now)
        match kind:
            case "store" | "open":
                attributes = Attributes(tags=(f"t{number}",), ttl=3600)
                story.store({"n": number}, encrypt=kind == "store", attributes=attributes)
            case "update" if live:
                story.update({"m": number}, "merge", checkpoint=f"c{number}", reason="why")
            case "sync" if live:
                strategy: Strategy = "user_decides" if number % 2 else "auto"
                story.synchronize({"n": -number, "m": -number}, 0, Policy(strategy=strategy))
            case "resolve" if live and story.current.conflicts:
                story.resolve(min(story.current.conflicts), "theirs" if number % 2 else "ours")
            case "change" if live:
                story.change(attributes=AttributeChanges(session_id=f"s{number}"))
            case "roll_back" if live:
                version = number % story.current.version + 1
                earlier = contexts.fold(None, story.events[:version])
                if version > story.current.erased_through and earlier and not earlier.deleted:
                    story.roll_back(version)
            case "delete" if live:
                story.delete()
            case "erase" if story.context is not None:
                erase(story)
            case "expire" if live:
                story.wait(10_000)


def is_encrypted(story: ContextStory, index: int) -> bool:
    return sealed_for(contexts.fold(None, story.events[:index]), [story.events[index].event]) is not None


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(Life.STEPS), st.integers(0, 9)), max_size=14))
def test_after_an_erasure_it_folds_alike_whether_what_came_before_can_be_read_or_not(
    steps: list[tuple[str, int]],
) -> None:
    life = Life()
    for kind, number in steps:
        life.step(kind, number)
    events = life.story.events
    erasures = [index for index, recorded in enumerate(events) if isinstance(recorded.event, ContextErased)]
    last = erasures[-1] if erasures else 0
    left = [
        gone(recorded) if index < last and is_encrypted(life.story, index) else recorded
        for index, recorded in enumerate(events)
    ]
    # Row by row as a read model folds it, and at once as a rebuild does.
    for after in range(last, len(events)):
        assert contexts.fold(None, left[: after + 1]) == contexts.fold(None, events[: after + 1])
    if erasures:
        shown = [
            list(entries(each, NAMES, erased_through=life.story.current.erased_through)) for each in (events, left)
        ]
        assert shown[0] == shown[1]
        assert all(entry.erased or entry.event == "context-erased" for entry in shown[0][: last + 1])


def test_before_the_log_tells_it_an_event_without_its_key_folds_as_erased() -> None:
    story = told()
    erased = contexts.fold(None, map(gone, story.events))
    assert erased is not None
    assert (erased.namespace, erased.key, erased.erased, erased.version) == ("", "plan", True, 2)
    assert erased.created_at == story.current.created_at
    # What can be read after it changes nothing, also where it is whole: it is being erased.
    update = Recorded[Event](
        ContextUpdated(change_type="merge", patch=[]), 1, STREAM, 3, 30, at(9), story.events[0].origin
    )
    assert contexts.evolve(erased, update).erased
    whole = Recorded[Event](ContextReplaced(data=1, attributes=Attributes()), 1, STREAM, 3, 30, at(9), update.origin)
    assert (contexts.evolve(erased, whole).erased, contexts.evolve(erased, whole).data) == (True, None)


def test_a_stream_can_begin_with_an_erasure_or_with_what_is_left_of_an_event() -> None:
    story = ContextStory()
    erase(story)
    assert (story.current.namespace, story.current.key, story.current.erased) == ("", "plan", True)
    story.store(1)
    assert story.data == 1
