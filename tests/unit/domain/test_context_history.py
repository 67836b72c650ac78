"""What the history tells of each change."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.catalogue import NAMES
from domain.contexts.events import AttributeChanges, Attributes
from domain.contexts.history import HistoryEntry, entries
from domain.contexts.patches import apply_patch
from domain.values import identical
from tests.unit.domain.stories import ContextStory
from tests.unit.domain.strategies import documents


def history(story: ContextStory) -> list[HistoryEntry]:
    return list(entries(story.events, NAMES))


def test_each_change_tells_what_why_and_how_it_was_asked_for() -> None:
    story = ContextStory()
    story.store({"n": 1}, attributes=Attributes(tags=("a",)))
    story.update({"n": 1}, "increment", action="count", reason="again", metadata={"by": 1}, checkpoint="two")
    story.roll_back(1)
    story.delete(reason="done")
    created, updated, rolled_back, deleted = history(story)
    assert (created.event, created.diff) == ("context-created", [{"op": "add", "path": "", "value": {"n": 1}}])
    assert created.attributes == {"tags": ("a",)}
    assert (updated.event, updated.change_type, updated.checkpoint) == ("context-updated", "increment", "two")
    assert (updated.action, updated.reason, updated.metadata) == ("count", "again", {"by": 1})
    assert updated.diff == [{"op": "replace", "path": "/n", "value": 2}]
    assert (rolled_back.event, rolled_back.to_version) == ("context-rolled-back", 1)
    assert rolled_back.diff == [{"op": "replace", "path": "/n", "value": 1}]
    assert (deleted.event, deleted.reason, deleted.diff) == ("context-deleted", "done", [])


def test_replacing_the_whole_is_told_as_the_parts_that_are_new() -> None:
    story = ContextStory()
    story.store({"same": [1, 2], "n": 1})
    story.update({"same": [1, 2], "n": 2})
    story.store({"same": [1, 2], "n": 3})
    assert [entry.diff for entry in history(story)[1:]] == [
        [{"op": "replace", "path": "/n", "value": 2}],
        [{"op": "replace", "path": "/n", "value": 3}],
    ]


def test_an_attribute_that_became_another_json_value_of_the_same_worth_is_told() -> None:
    story = ContextStory()
    story.store({}, attributes=Attributes(metadata={"n": 1}))
    story.change(attributes=AttributeChanges(metadata={"n": True}))
    story.change(attributes=AttributeChanges(metadata={"n": True}))
    assert [entry.attributes for entry in history(story)[1:]] == [{"metadata": {"n": True}}, {}]


@settings(max_examples=60, deadline=None)
@given(st.lists(documents, min_size=2, max_size=4))
def test_the_diffs_in_order_lead_from_version_to_version(states: list[Any]) -> None:
    story = ContextStory()
    story.store(states[0])
    for index, state in enumerate(states[1:]):
        story.store(state) if index % 2 else story.update(state)
    current: Any = None
    for entry, state in zip(history(story), states, strict=True):
        current = apply_patch(current, entry.diff)
        assert identical(current, state)
