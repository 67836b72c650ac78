"""Forking and splitting: what events they are, what they copy, and what is refused."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contexts.context import Context, evolve
from domain.contexts.events import (
    AttributeChanges,
    Attributes,
    ContextCreated,
    ContextForked,
    ContextSplit,
    Part,
    Point,
)
from domain.contexts.forking import ForkContext
from domain.contexts.lineage import Link
from domain.contexts.patches import apply_patch
from domain.contexts.sealing import sealed_for
from domain.contexts.splitting import SplitContext, check_parts, split
from domain.erasure import Subject
from domain.errors import AlreadyExistsError, ContextNotFoundError, InvalidInputError, TargetsExistError
from domain.recorded import stream_id
from domain.values import escape
from tests.unit.domain.stories import START, ContextStory, another
from tests.unit.domain.strategies import objects

PARENT = another("parent", {"n": 1}, 7, attributes=Attributes(session_id="s-1", user_id="u-1", tags=("t",), ttl=60))
POINT = Point(stream_id=PARENT.id, namespace="", key="parent", version=7)


def test_a_branch_begins_with_data_and_attributes_of_its_parent() -> None:
    story = ContextStory()
    event = story.fork(PARENT, attributes=AttributeChanges(session_id="s-2"), action="a", compress=False)
    attributes = Attributes(session_id="s-2", user_id="u-1", tags=("t",), ttl=60)
    assert event == ContextForked(
        namespace="", key="plan", parent=POINT, data={"n": 1}, attributes=attributes, compress=False, action="a"
    )
    assert (story.current.version, story.data, story.current.attributes) == (1, {"n": 1}, attributes)
    assert story.current.lineage == (Link(version=1, begins=True, parents=(POINT,)),)


def test_a_branch_goes_on_where_something_was_deleted_and_is_refused_where_something_lives() -> None:
    story = ContextStory()
    story.store(1)
    with pytest.raises(AlreadyExistsError, match="choose another key"):
        story.fork(PARENT)
    story.delete()
    story.fork(PARENT)
    assert story.current.version == 3
    assert [link.version for link in story.current.lineage] == [1, 3]


def test_a_branch_of_what_is_encrypted_is_encrypted_for_whom_it_belongs_to() -> None:
    secret = another("parent", 1, encrypted=True, attributes=Attributes(user_id="u-1"))
    story = ContextStory()
    with pytest.raises(InvalidInputError, match="/options/encrypt"):
        story.fork(secret, encrypt=False)
    event = story.fork(secret, attributes=AttributeChanges(session_id="s-2"))
    assert sealed_for(None, [event]) == Subject("s-2", "u-1")
    assert story.current.encrypted


@pytest.mark.parametrize(
    ("command", "encrypted"),
    [
        ({}, False),
        ({"encrypt": True}, True),
        ({"encrypt_new": True}, True),
        ({"encrypt_new": True, "encrypt": False}, False),
    ],
)
def test_a_branch_of_what_is_in_the_clear_is_encrypted_where_asked_for(command: Any, encrypted: bool) -> None:
    story = ContextStory()
    story.fork(PARENT, **command)
    assert story.current.encrypted is encrypted


def test_where_something_was_encrypted_before_a_branch_is_too_unless_a_word_says_otherwise() -> None:
    story = ContextStory()
    story.store(1, encrypt=True)
    story.delete()
    assert story.fork(PARENT).encrypted  # type: ignore[attr-defined]
    assert ForkContext(namespace="", key="k").encrypt is None


def part(pointer: str, key: str = "p") -> Part:
    return Part(pointer=pointer, target=Point(stream_id=stream_id("default", key), namespace="", key=key, version=0))


def parts(*pointers: str) -> list[Part]:
    return [part(pointer, f"p{index}") for index, pointer in enumerate(pointers)]


def places(refusal: Any) -> set[str]:
    return {fault.pointer for fault in refusal.value.faults}


SOURCE = another("source", {"a": {"b": [1, 2, 3]}, "c": 4}, 5, attributes=Attributes(session_id="s-1"))


def test_a_split_is_an_event_of_the_source_and_a_creation_of_each_target() -> None:
    command = SplitContext(attributes=AttributeChanges(type="part"), action="a")
    source, one, two = split(SOURCE, [None, None], parts("/a/b/1", "/c"), command, START)
    point = Point(stream_id=SOURCE.id, namespace="", key="source", version=5)
    assert [part.target.version for part in source[0].parts] == [1, 1]  # type: ignore[union-attr]
    (created,) = one
    assert isinstance(created, ContextCreated)
    assert (created.namespace, created.key, created.data, created.action) == ("", "p0", 2, "a")
    assert created.attributes == Attributes(session_id="s-1", type="part")
    assert created.parted is not None
    assert (created.parted.source, created.parted.pointer) == (point, "/a/b/1")
    assert two[0].data == 4  # type: ignore[union-attr]
    assert source[0].patch == []  # type: ignore[union-attr]


def test_what_a_split_takes_out_is_taken_from_the_back() -> None:
    (event,), *_ = split(SOURCE, [None] * 3, parts("/a/b/0", "/c", "/a/b/2"), SplitContext(remove=True), START)
    assert isinstance(event, ContextSplit)
    assert apply_patch(SOURCE.data, event.patch) == {"a": {"b": [2]}}


@pytest.mark.parametrize("encrypted", [True, False])
def test_parts_of_what_is_encrypted_are_encrypted(encrypted: bool) -> None:
    source = another("source", {"a": 1}, encrypted=encrypted)
    (_, (created,)) = split(source, [None], parts("/a"), SplitContext(), START)
    assert created.encrypted is encrypted  # type: ignore[union-attr]


def test_bad_parts_are_refused_each_by_its_place() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        check_parts(parts("", "x", "/~2", "/a", "/a/b", "/ab"), SOURCE.id)
    assert places(refusal) == {f"/targets/{index}/pointer" for index in (0, 1, 2, 4)}
    twice = [
        part("/a"),
        part("/b"),
        Part(pointer="/c", target=Point(stream_id=SOURCE.id, namespace="", key="s", version=0)),
    ]
    with pytest.raises(InvalidInputError) as refusal:
        check_parts(twice, SOURCE.id)
    assert places(refusal) == {"/targets/1/key", "/targets/2/key"}


@pytest.mark.parametrize(
    "pointer", ["/x", "/a/x", "/a/b/3", "/a/b/-", "/a/b/01", "/a/b/-1", "/a/b/", "/c/0", "/a/b/1.0"]
)
def test_a_pointer_to_nothing_is_refused(pointer: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        split(SOURCE, [None, None], parts("/c", pointer), SplitContext(), START)
    assert places(refusal) == {"/targets/1/pointer"}


def test_live_targets_and_sources_that_are_gone_are_refused() -> None:
    with pytest.raises(TargetsExistError) as refusal:
        split(SOURCE, [another("p0", 1, 3), None], parts("/a", "/c"), SplitContext(), START)
    assert places(refusal) == {"/targets/0"}
    with pytest.raises(ContextNotFoundError):
        split(None, [None], parts("/a"), SplitContext(), START)


@given(objects, st.data())
def test_taking_parts_out_leaves_the_rest_and_putting_them_back_gives_the_whole(document: Any, data: Any) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(document)), unique=True)) if document else []
    source = another("source", document)
    pointers = [f"/{escape(name)}" for name in names]
    wanted = parts(*pointers)
    check_parts(wanted, source.id)
    (event,), *created = split(source, [None] * len(names), wanted, SplitContext(remove=True), START)
    left = apply_patch(document, event.patch)  # type: ignore[union-attr]
    assert left == {name: value for name, value in document.items() if name not in names}
    back = [
        {"op": "add", "path": pointer, "value": each[0].data}  # type: ignore[union-attr]
        for pointer, each in zip(pointers, created, strict=True)
    ]
    assert apply_patch(left, back) == document


def test_a_split_source_folds_to_what_its_patch_leaves() -> None:
    story = ContextStory()
    story.store({"a": 1, "b": 2})
    (event,), _ = split(story.current, [None], parts("/a"), SplitContext(remove=True), story.now)
    story._happened([event])
    assert (story.data, story.current.version) == ({"b": 2}, 2)
    assert isinstance(story.current.id, UUID)
    assert isinstance(evolve(story.at_version(1), story.events[1]), Context)
