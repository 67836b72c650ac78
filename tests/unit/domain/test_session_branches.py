"""Branching a session: what the branch begins with, where copies go, and what is refused."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contexts.ancestry import point
from domain.contexts.events import Attributes, ContextForked
from domain.contexts.identity import MAX_LENGTH, check_identity
from domain.errors import AlreadyExistsError, SessionErasedError, SessionNotFoundError
from domain.recorded import Event
from domain.sessions import session as sessions
from domain.sessions.branching import BranchSession, branch, copied, places
from domain.sessions.events import (
    BranchPoint,
    SessionCompleted,
    SessionCreated,
    SessionDeleted,
    SessionErased,
    SessionUpdated,
)
from domain.sessions.lifecycle import ACTIVE
from domain.sessions.session import MAX_ID_LENGTH, Session
from tests.unit.domain.stories import START, ContextStory, recorded

POINT = BranchPoint(session_id="s-1", position=10, at=START)
COMMAND = BranchSession(session_id="b-1", point=POINT)
CREATED = SessionCreated(session_id="s-1", user_id="u-1", data={"goal": 1}, metadata={"m": 1}, timeout=60)


def folded(*events: Event) -> Session | None:
    return sessions.fold(None, recorded(*events))


def test_a_branch_begins_with_what_the_session_held_then() -> None:
    update = SessionUpdated(change_type="replace", patch=[{"op": "replace", "path": "/goal", "value": 2}])
    begun = branch(None, folded(CREATED, update, SessionCompleted()), folded(CREATED), COMMAND)
    assert begun == SessionCreated(
        session_id="b-1", user_id="u-1", data={"goal": 1}, metadata={"m": 1}, timeout=60, branched_from=POINT
    )
    new = folded(begun)
    assert new is not None
    assert (new.status, new.branched_from, new.data) == (ACTIVE, POINT, {"goal": 1})


def test_a_branch_of_a_session_that_had_ended_or_was_deleted_since_is_active() -> None:
    ended = folded(CREATED, SessionCompleted())
    for now in (ended, folded(CREATED, SessionCompleted(), SessionDeleted())):
        begun = branch(None, now, ended, COMMAND)
        assert isinstance(begun, SessionCreated)
        new = folded(begun)
        assert new is not None
        assert (new.status, new.outcome) == (ACTIVE, {})


def test_what_was_encrypted_stays_so() -> None:
    secret = folded(SessionCreated(session_id="s-1", encrypted=True))
    begun = branch(None, secret, secret, COMMAND)
    assert isinstance(begun, SessionCreated)
    assert begun.encrypted


def test_a_session_that_never_was_or_was_not_yet_or_not_any_more_is_refused() -> None:
    with pytest.raises(SessionNotFoundError, match="there is no session"):
        branch(None, None, None, COMMAND)
    with pytest.raises(SessionNotFoundError, match="did not exist yet"):
        branch(None, folded(CREATED), None, COMMAND)
    deleted = folded(CREATED, SessionDeleted())
    with pytest.raises(SessionNotFoundError, match="deleted"):
        branch(None, deleted, deleted, COMMAND)


def test_an_erased_session_can_not_be_branched_at_any_point() -> None:
    erased = folded(CREATED, SessionErased(session_id="s-1"))
    for then in (None, folded(CREATED), erased):
        with pytest.raises(SessionErasedError):
            branch(None, erased, then, COMMAND)


def test_an_id_that_was_used_is_refused() -> None:
    taken = folded(SessionCreated(session_id="b-1"))
    with pytest.raises(AlreadyExistsError, match="b-1"):
        branch(taken, folded(CREATED), folded(CREATED), COMMAND)


def test_a_copy_has_everything_but_the_place_and_the_session() -> None:
    story = ContextStory()
    story.store({"n": 1}, attributes=Attributes(session_id="s-1", agent_id="a", tags=("t",), ttl=5, importance=0.9))
    (copy,) = copied(None, story.current, "b-1", "b-1", START)
    assert copy == ContextForked(
        namespace="b-1",
        key="plan",
        parent=point(story.current),
        data={"n": 1},
        attributes=Attributes(session_id="b-1", agent_id="a", tags=("t",), ttl=5, importance=0.9),
        action="branch-session",
    )


def test_what_lives_under_the_new_name_is_not_written_over_and_what_was_there_is() -> None:
    source, target = ContextStory(), ContextStory()
    source.store(1)
    target.store(2, attributes=Attributes(ttl=10))
    assert copied(target.current, source.current, "b-1", "b-1", START + timedelta(seconds=9)) == []
    assert len(copied(target.current, source.current, "b-1", "b-1", START + timedelta(seconds=10))) == 1


namespaces = st.sampled_from(["", "s-1", "s-1/x", "x", "b-1", "b-1/x", "x/", "n" * MAX_LENGTH])
names = st.lists(st.tuples(namespaces, st.sampled_from(["k", "l"])), unique=True)


@given(names)
def test_no_two_copies_have_one_name_and_all_are_below_the_branch(
    contexts: list[tuple[str, str]],
) -> None:
    found = places("s-1", "b-1", contexts)
    assert len(set(found)) == len(contexts)
    for (_, key), (namespace, new_key) in zip(contexts, found, strict=True):
        assert new_key == key
        assert namespace.split("/")[0] == "b-1"


@given(names, st.randoms())
def test_where_a_copy_goes_does_not_depend_on_the_order(contexts: list[tuple[str, str]], source: object) -> None:
    shuffled = list(contexts)
    source.shuffle(shuffled)  # type: ignore[attr-defined]
    one = dict(zip(contexts, places("s-1", "b-1", contexts), strict=True))
    assert dict(zip(shuffled, places("s-1", "b-1", shuffled), strict=True)) == one


def test_the_session_s_own_namespace_becomes_that_of_the_branch() -> None:
    assert places("s-1", "b-1", [("s-1", "k"), ("", "k"), ("n", "k"), ("n", "l")]) == [
        ("b-1", "k"),
        ("b-1/", "k"),
        ("b-1/n", "k"),
        ("b-1", "l"),
    ]
    assert places("s-1", "b-1", [("", "k"), ("n", "k")]) == [("b-1", "k"), ("b-1/n", "k")]


def test_names_stay_within_their_bounds() -> None:
    long_id = "b" * MAX_ID_LENGTH
    for namespace, key in places("s-1", long_id, [("n" * MAX_LENGTH, "k"), ("m" * MAX_LENGTH, "k"), ("", "k")]):
        check_identity(namespace, key)
