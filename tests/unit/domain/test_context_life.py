"""Storing, replacing, deleting, expiring, and storing again."""

import pytest

from domain.contexts import context as contexts
from domain.contexts.events import Attributes, ContextCreated, ContextDeleted, ContextReplaced
from domain.errors import AlreadyExistsError, ContextNotFoundError, VersionConflictError
from tests.unit.domain.stories import ContextStory, at


def test_the_first_store_creates_version_1() -> None:
    story = ContextStory()
    event = story.store({"step": 1}, action="plan", reason="a new goal")
    assert isinstance(event, ContextCreated)
    assert (event.namespace, event.key, event.data) == ("", "plan", {"step": 1})
    assert (event.action, event.reason) == ("plan", "a new goal")
    assert (story.current.version, story.current.position, story.data) == (1, 10, {"step": 1})


def test_storing_over_a_live_context_replaces_data_and_all_attributes() -> None:
    story = ContextStory()
    story.store({"step": 1}, attributes=Attributes(tags=("a",), priority=7, ttl=10))
    event = story.wait(1).store([], attributes=Attributes(agent_id="a-1"))
    assert isinstance(event, ContextReplaced)
    assert story.data == []
    assert story.current.attributes == Attributes(agent_id="a-1")
    assert (story.current.version, story.current.created_at, story.current.updated_at) == (2, at(0), at(1))


def test_after_a_deletion_a_store_goes_on_in_the_same_stream_as_a_new_life() -> None:
    story = ContextStory()
    story.store(1)
    assert isinstance(story.wait(5).delete(reason="done"), ContextDeleted)
    event = story.wait(5).store(2)
    assert isinstance(event, ContextCreated)
    assert (story.current.version, story.current.created_at, story.current.deleted) == (3, at(10), False)


def test_after_expiry_a_store_creates_it_anew_with_the_next_version() -> None:
    story = ContextStory()
    story.store(1, attributes=Attributes(ttl=60))
    assert isinstance(story.wait(60).store(2), ContextCreated)
    assert (story.current.version, story.current.created_at) == (2, at(60))


def test_one_microsecond_before_its_expiry_it_still_lives() -> None:
    story = ContextStory()
    story.store(1, attributes=Attributes(ttl=60))
    story.wait(60 - 1e-6)
    assert story.current.is_live(story.now)
    assert isinstance(story.store(2), ContextReplaced)


def test_at_the_instant_of_its_expiry_it_is_gone_for_every_command() -> None:
    story = ContextStory()
    story.store({"a": 1}, attributes=Attributes(ttl=60))
    story.wait(60)
    for command in (lambda: story.update(2), story.delete, lambda: story.roll_back(1)):
        with pytest.raises(ContextNotFoundError, match="expired at 2026-01-01T00:01:00"):
            command()


def test_a_deleted_context_is_gone_for_every_command() -> None:
    story = ContextStory()
    story.store({"a": 1})
    story.delete()
    for command in (lambda: story.update(2), story.delete, lambda: story.roll_back(1)):
        with pytest.raises(ContextNotFoundError, match="was deleted"):
            command()


def test_what_was_never_stored_can_be_neither_changed_nor_deleted() -> None:
    story = ContextStory()
    for command in (lambda: story.update(2), story.delete):
        with pytest.raises(ContextNotFoundError, match="nothing was ever stored"):
            command()


def test_without_a_ttl_it_never_expires() -> None:
    story = ContextStory()
    story.store(1, attributes=Attributes(ttl=None))
    assert story.current.expires_at is None
    assert story.current.is_live(at(10_000_000_000))


def test_every_change_restarts_the_ttl() -> None:
    story = ContextStory()
    story.store({"n": 1}, attributes=Attributes(ttl=60))
    story.wait(50).update({"n": 1}, "increment")
    assert story.current.expires_at == at(110)
    story.wait(50).change(checkpoint="here")
    assert story.current.expires_at == at(160)
    story.wait(50).roll_back(1)
    assert story.current.expires_at == at(210)


def test_a_deletion_has_no_expiry() -> None:
    story = ContextStory()
    story.store(1, attributes=Attributes(ttl=60))
    story.delete()
    assert (story.current.deleted, story.current.expires_at) == (True, None)
    assert not story.current.is_live(story.now)


@pytest.mark.parametrize("expected", [0, 1, 3, 99])
def test_a_stale_version_is_refused_by_every_command_with_the_current_one(expected: int) -> None:
    story = ContextStory()
    story.store({"n": 1})
    story.update({"n": 2})
    for command in (
        lambda: story.store(1, expected_version=expected),
        lambda: story.update(1, expected_version=expected),
        lambda: story.delete(expected_version=expected),
        lambda: story.roll_back(1, expected_version=expected),
    ):
        with pytest.raises(VersionConflictError) as refusal:
            command()
        assert refusal.value.details() == {"expectedVersion": expected, "currentVersion": 2}
    assert len(story.events) == 2


def test_the_current_version_is_accepted_by_every_command() -> None:
    story = ContextStory()
    story.store({"n": 1}, expected_version=0)
    story.store({"n": 2}, expected_version=1)
    story.update({"n": 3}, expected_version=2)
    story.roll_back(1, expected_version=3)
    story.delete(expected_version=4)
    story.store({"n": 4}, expected_version=5)
    assert story.current.version == 6


def test_expecting_version_0_where_something_was_deleted_is_stale_the_stream_goes_on() -> None:
    story = ContextStory()
    story.store(1)
    story.delete()
    with pytest.raises(VersionConflictError):
        story.store(2, expected_version=0)


def test_only_if_absent_refuses_what_lives_and_takes_what_is_gone() -> None:
    story = ContextStory()
    story.store(1, only_if_absent=True, attributes=Attributes(ttl=60))
    with pytest.raises(AlreadyExistsError) as refusal:
        story.store(2, only_if_absent=True)
    assert refusal.value.details() == {"currentVersion": 1}
    story.wait(60).store(3, only_if_absent=True)
    story.delete()
    story.store(4, only_if_absent=True)
    assert (story.data, story.current.version) == (4, 4)


def test_only_if_present_refuses_what_is_gone_and_takes_what_lives() -> None:
    story = ContextStory()
    with pytest.raises(ContextNotFoundError):
        story.store(1, only_if_present=True)
    story.store(1)
    assert isinstance(story.store(2, only_if_present=True), ContextReplaced)
    story.delete()
    with pytest.raises(ContextNotFoundError):
        story.store(3, only_if_present=True)


def test_folding_in_two_parts_gives_what_folding_at_once_gives() -> None:
    story = ContextStory()
    story.store({"n": 1})
    story.update({"n": 1}, "increment", checkpoint="two")
    story.delete()
    story.store({"n": 5})
    story.roll_back(2)
    for cut in range(len(story.events) + 1):
        first = contexts.fold(None, story.events[:cut])
        assert contexts.fold(first, story.events[cut:]) == story.context
