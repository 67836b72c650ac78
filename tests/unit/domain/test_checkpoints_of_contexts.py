"""Checkpoints: made by name and by themselves, kept to the newest, restored."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contexts.checkpoints import Checkpointing, with_due_checkpoint
from domain.contexts.events import (
    AttributeChanges,
    Attributes,
    AutomaticCheckpoint,
    CheckpointCreated,
    CheckpointRestored,
    ContextCreated,
    ContextDeleted,
    ContextReplaced,
    ContextUpdated,
)
from domain.contexts.marks import Checkpoint, checkpoint_id
from domain.errors import AlreadyExistsError, ContextNotFoundError, InvalidInputError, VersionNotFoundError
from domain.recorded import Event
from tests.unit.domain.stories import STREAM, ContextStory, at
from tests.unit.domain.strategies import documents


def test_a_checkpoint_marks_its_own_version_and_leaves_all_else_as_it_is() -> None:
    story = ContextStory()
    story.store({"n": 1}, attributes=Attributes(ttl=60))
    before = story.current
    event = story.wait(50).checkpoint("start", description="all is well", action="a", reason="r")
    assert event == CheckpointCreated(checkpoint="start", description="all is well", action="a", reason="r")
    after = story.current
    assert (after.version, after.data, after.updated_at, after.expires_at) == (2, {"n": 1}, at(0), before.expires_at)
    assert after.checkpoints == {"start": Checkpoint(version=2, at=at(50), description="all is well")}


def test_without_a_name_it_is_named_after_its_version() -> None:
    story = ContextStory()
    story.store(1)
    assert story.checkpoint() == CheckpointCreated(checkpoint="version-2")


def test_a_name_is_given_once_and_those_of_automatic_ones_never() -> None:
    story = ContextStory()
    story.store(1)
    story.checkpoint("start")
    with pytest.raises(AlreadyExistsError, match="'start' already, of version 2"):
        story.checkpoint("start")
    for asked in (lambda: story.checkpoint("auto_9"), lambda: story.update(1, checkpoint="auto_9")):
        with pytest.raises(InvalidInputError, match="automatic checkpoints"):
            asked()


def test_what_is_gone_gets_no_checkpoint_and_is_not_restored() -> None:
    story = ContextStory()
    story.store(1, attributes=Attributes(ttl=60))
    story.checkpoint("start")
    story.wait(60)
    for asked in (lambda: story.checkpoint("x"), lambda: story.restore("start")):
        with pytest.raises(ContextNotFoundError, match="expired"):
            asked()


def test_restoring_tells_what_it_undoes_and_marks_what_was_there() -> None:
    story = ContextStory()
    story.store({"n": 1}, attributes=Attributes(tags=("a",), ttl=60))
    story.checkpoint("start")
    story.update({"n": 2}, attributes=AttributeChanges(tags=("b",), ttl=None))
    event = story.wait(5).restore("start", kept=3, reason="r")
    assert event == CheckpointRestored(
        name="start",
        to_version=2,
        patch=[{"op": "replace", "path": "/n", "value": 1}],
        attributes=Attributes(tags=("a",), ttl=60),
        automatic=(AutomaticCheckpoint(name="auto_3_before-restore", version=3, kept=3),),
        reason="r",
    )
    assert (story.data, story.current.attributes.tags, story.current.expires_at) == ({"n": 1}, ("a",), at(65))
    assert story.marked == {"start": 2, "auto_3_before-restore": 3}


def test_what_is_no_checkpoint_is_not_restored() -> None:
    story = ContextStory()
    story.store(1)
    with pytest.raises(VersionNotFoundError, match="'start'"):
        story.restore("start")


def test_restoring_what_was_encrypted_encrypts() -> None:
    story = ContextStory()
    story.store({"secret": 1}, encrypt=True)
    story.checkpoint("start")
    assert story.restore("start").encrypted  # type: ignore[attr-defined]
    assert story.current.encrypted


@given(documents, documents, st.lists(st.sampled_from(["x", "y"]), max_size=2))
def test_restore_after_checkpoint_is_identity_on_data_and_attributes(one: Any, other: Any, tags: list[str]) -> None:
    story = ContextStory()
    story.store(one, attributes=Attributes(tags=tuple(tags), priority=3))
    story.checkpoint("here")
    before = story.current
    story.restore("here")
    assert (repr(story.data), story.current.attributes) == (repr(before.data), before.attributes)
    story.store(other, attributes=Attributes(session_id="s"))
    story.restore("here")
    assert (repr(story.data), story.current.attributes) == (repr(before.data), before.attributes)


def due(story: ContextStory, *events: Event, interval: int = 3, kept: int = 2) -> list[tuple[str, int]]:
    """Have events happen; the automatic checkpoints that they make."""
    decided = with_due_checkpoint(story.context, events, Checkpointing(interval, kept))
    story._all_happened(decided)
    return [(mark.name, mark.version) for event in decided for mark in getattr(event, "automatic", ())]


CREATED = ContextCreated(namespace="", key="plan", data=0, attributes=Attributes())


def test_every_so_many_changes_the_version_that_is_made_is_marked() -> None:
    story = ContextStory()
    made = [due(story, CREATED), *(due(story, ContextUpdated(change_type="merge")) for _ in range(8))]
    assert made == [[], [], [("auto_3", 3)], [], [], [("auto_6", 6)], [], [], [("auto_9", 9)]]
    assert story.marked == {"auto_6": 6, "auto_9": 9}


def test_what_is_no_change_is_not_counted_and_a_new_life_counts_anew() -> None:
    story = ContextStory()
    due(story, CREATED)
    due(story, ContextUpdated(change_type="merge"))
    assert due(story, CheckpointCreated(checkpoint="mine")) == []
    assert due(story, ContextDeleted()) == []
    assert due(story, CREATED) == []
    assert due(story, ContextReplaced(data=1, attributes=Attributes())) == []
    assert due(story, ContextReplaced(data=2, attributes=Attributes())) == [("auto_7", 7)]


def test_one_command_of_several_events_is_counted_event_by_event_and_once() -> None:
    story = ContextStory()
    updates = [ContextUpdated(change_type="merge")] * 7
    rule = Checkpointing(3, 10)
    decided = with_due_checkpoint(None, [CREATED, *updates], rule)
    assert with_due_checkpoint(None, decided, rule) == decided
    story._all_happened(decided)
    assert story.marked == {"auto_3": 3, "auto_6": 6}


def test_the_numbers_in_force_are_those_of_the_event() -> None:
    story = ContextStory()
    due(story, CREATED)
    for _ in range(6):
        due(story, ContextUpdated(change_type="merge"), interval=1, kept=5)
    assert list(story.marked) == ["auto_3", "auto_4", "auto_5", "auto_6", "auto_7"]
    due(story, ContextUpdated(change_type="merge"), interval=1, kept=2)
    assert list(story.marked) == ["auto_7", "auto_8"]


def test_those_that_were_asked_for_are_kept() -> None:
    story = ContextStory()
    due(story, CREATED)
    story.checkpoint("mine")
    for _ in range(9):
        due(story, ContextUpdated(change_type="merge"), interval=1, kept=1)
    assert list(story.marked) == ["mine", "auto_11"]


def test_ids_are_those_of_a_name_in_a_context() -> None:
    assert checkpoint_id(STREAM, "a") == checkpoint_id(STREAM, "a") != checkpoint_id(STREAM, "b")
