"""A user's preferences: observed, set, cleared, bounded, encrypted, erased."""

from typing import Any

import msgspec
import pytest

from domain.catalogue import NAMES
from domain.erasure import Erased, Subject
from domain.errors import (
    InvalidInputError,
    PreferenceNotFoundError,
    PreferencesErasedError,
    TooManyPreferencesError,
    VersionConflictError,
)
from domain.preferences import preferences as aggregate
from domain.preferences.commands import ClearPreference, Observation, ObservePreferences, SetPreference
from domain.preferences.events import PreferenceCleared, PreferenceObserved, PreferencesErased, PreferenceSet
from domain.preferences.preferences import MAX_OBSERVATIONS, MAX_PREFERENCES, check_user_id, readable
from domain.preferences.state import Preference, Preferences, fold
from domain.recorded import Event
from tests.unit.domain.stories import at, recorded


def seen(value: Any, key: str = "k", **fields: Any) -> PreferenceObserved:
    return PreferenceObserved(user_id="u", type="t", key=key, value=value, **fields)


SET = PreferenceSet(user_id="u", type="t", key="k", value="said", reason="why")
CLEARED = PreferenceCleared(user_id="u", type="t", key="k")
GONE = PreferencesErased(user_id="u", reason="asked for", keys=("00",))


def after(*events: Event, seconds: float = 0) -> Preferences:
    found = fold(None, recorded(*events, seconds=seconds))
    assert found is not None
    return found


def one(*events: Event, seconds: float = 0) -> Preference:
    found = after(*events, seconds=seconds).find("t", "k")
    assert found is not None
    return found


def observing(*values: Any, **options: Any) -> ObservePreferences:
    return ObservePreferences(
        user_id="u", observations=tuple(Observation("t", "k", each) for each in values), **options
    )


def setting(value: Any = "said", key: str = "k", **options: Any) -> SetPreference:
    return SetPreference(user_id="u", type="t", key=key, value=value, **options)


def clearing(**options: Any) -> ClearPreference:
    return ClearPreference(user_id="u", type="t", key="k", **options)


def test_what_is_observed_is_an_event_each_in_order() -> None:
    assert aggregate.take_in(None, observing("a", "b")) == [seen("a"), seen("b")]
    state = after(seen("a"), seen("a"), seen("b", "other"), seconds=5)
    assert (state.user_id, state.version, state.position, state.count) == ("u", 3, 30, 2)
    assert (state.created_at, state.updated_at) == (at(5), at(5))
    found = state.find("t", "k")
    assert found is not None
    assert (found.value, found.confidence, found.explicit, found.learned.observations) == ("a", 2 / 3, False, 2)
    assert found.learned.last_observed == at(5)


def test_what_is_set_holds_with_confidence_1_whatever_is_observed() -> None:
    assert aggregate.set_value(after(seen("a")), setting(reason="why", expected_version=1)) == [SET]
    found = one(seen("a"), SET, seen("b"), seen("b"), seen("b"))
    assert (found.value, found.confidence, found.explicit, found.set_at) == ("said", 1.0, True, at(0))
    assert [(each.value, each.observations) for each in found.learned.candidates] == [("b", 3), ("a", 1)]
    assert one(SET, PreferenceSet(user_id="u", type="t", key="k", value="other")).value == "other"


def test_what_was_observed_holds_again_when_what_was_set_is_cleared() -> None:
    assert aggregate.clear(after(SET), clearing()) == [CLEARED]
    found = one(seen("a"), SET, seen("b"), seen("b"), CLEARED)
    assert (found.value, found.confidence, found.explicit, found.set_value) == ("b", 2 / 4, False, None)


def test_what_was_only_set_is_gone_when_it_is_cleared_and_so_is_its_type() -> None:
    state = after(SET, CLEARED)
    assert (state.count, state.by_type, state.version) == (0, {}, 2)


def test_what_was_observed_is_forgotten_when_that_is_asked_for() -> None:
    (event,) = aggregate.clear(after(seen("a"), SET), clearing(observations=True, reason="r"))
    assert event == PreferenceCleared(user_id="u", type="t", key="k", observations=True, reason="r")
    assert after(seen("a"), SET, event).count == 0
    assert one(seen("a"), seen("a"), event, seen("b")).confidence == 0.5


def test_what_is_not_there_or_not_set_can_not_be_cleared() -> None:
    for state in (None, after(seen("a", "other")), after(seen("a"))):
        with pytest.raises(PreferenceNotFoundError):
            aggregate.clear(state, clearing())
    with pytest.raises(PreferenceNotFoundError):
        aggregate.clear(None, clearing(observations=True))


def test_a_stale_version_is_refused_and_0_is_that_of_a_user_without_any() -> None:
    for state, stale in ((None, 1), (after(seen("a")), 0)):
        for decide, command in (
            (aggregate.take_in, observing("a", expected_version=stale)),
            (aggregate.set_value, setting(expected_version=stale)),
            (aggregate.clear, clearing(expected_version=stale)),
        ):
            with pytest.raises(VersionConflictError):
                decide(state, command)  # type: ignore[operator]
    assert aggregate.set_value(None, setting(expected_version=0))


def test_a_user_has_a_thousand_and_no_more() -> None:
    full = after(*[seen(1, f"k-{number}") for number in range(MAX_PREFERENCES - 1)])
    command = ObservePreferences(user_id="u", observations=(Observation("t", "a", 1), Observation("t", "b", 1)))
    with pytest.raises(TooManyPreferencesError) as refusal:
        aggregate.take_in(full, command)
    assert refusal.value.details() == {"limit": MAX_PREFERENCES, "count": MAX_PREFERENCES - 1}
    twice = ObservePreferences(user_id="u", observations=(Observation("t", "a", 1), Observation("t", "a", 2)))
    assert len(aggregate.take_in(full, twice)) == 2
    assert aggregate.set_value(full, setting(key="a"))
    full = after(*[seen(1, f"k-{number}") for number in range(MAX_PREFERENCES)])
    with pytest.raises(TooManyPreferencesError):
        aggregate.set_value(full, setting(key="a"))
    assert aggregate.set_value(full, setting(key="k-0"))


@pytest.mark.parametrize("count", [0, MAX_OBSERVATIONS + 1])
def test_a_command_has_1_to_100_observations(count: int) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        aggregate.take_in(None, observing(*["a"] * count))
    assert [fault.pointer for fault in refusal.value.faults] == ["/observations"]
    assert len(aggregate.take_in(None, observing(*["a"] * MAX_OBSERVATIONS))) == MAX_OBSERVATIONS


def test_a_value_has_at_most_1024_bytes_of_json() -> None:
    fits, large = "x" * 1_022, "é" * 512
    assert aggregate.set_value(None, setting(fits))
    with pytest.raises(InvalidInputError) as refusal:
        aggregate.set_value(None, setting(large))
    assert [fault.pointer for fault in refusal.value.faults] == ["/value"]
    with pytest.raises(InvalidInputError) as refusal:
        aggregate.take_in(None, observing(fits, large, large))
    assert [fault.pointer for fault in refusal.value.faults] == ["/observations/1/value", "/observations/2/value"]


@pytest.mark.parametrize("bad", ["", "x" * 257, "a\nb"])
def test_a_user_id_that_breaks_the_rules_is_refused(bad: str) -> None:
    with pytest.raises(InvalidInputError):
        check_user_id(bad)


def test_they_are_encrypted_when_asked_or_by_default_and_stay_so() -> None:
    assert aggregate.take_in(None, observing("a", encrypt=True)) == [seen("a", encrypted=True)]
    assert aggregate.take_in(None, observing("a", encrypt_new=True)) == [seen("a", encrypted=True)]
    assert aggregate.take_in(None, observing("a", encrypt_new=True, encrypt=False)) == [seen("a")]
    state = after(seen("a", encrypted=True))
    for events in (
        aggregate.take_in(state, observing("b")),
        aggregate.set_value(state, setting()),
        aggregate.clear(after(seen("a", encrypted=True)), clearing(observations=True)),
    ):
        assert aggregate.sealed_for(state, events) == Subject(None, "u")
    with pytest.raises(InvalidInputError) as refusal:
        aggregate.take_in(state, observing("b", encrypt=False))
    assert [fault.pointer for fault in refusal.value.faults] == ["/encrypt"]
    assert aggregate.sealed_for(None, [seen("a")]) is None
    assert aggregate.sealed_for(state, [GONE]) is None


def test_an_erasure_folds_alike_whether_what_came_before_can_be_read_or_not_and_life_goes_on() -> None:
    events = recorded(seen("a", encrypted=True), SET, GONE, seen("b", encrypted=True))
    gone = [
        msgspec.structs.replace(each, event=Erased(name=NAMES[type(each.event)], stream_name="preferences\nu"))
        for each in events[:2]
    ]
    assert fold(None, events[:3]) == fold(None, [*gone, events[2]])
    assert fold(None, events) == fold(None, [*gone, *events[2:]])
    state = fold(None, events[:3])
    assert state is not None
    assert (state.user_id, state.erased, state.count, state.encrypted, state.version) == ("u", True, 0, True, 3)
    with pytest.raises(PreferencesErasedError):
        readable(state)
    # In the clear from now on, if that is asked for: nothing is left that was encrypted.
    assert aggregate.take_in(state, observing("b", encrypt=False)) == [seen("b")]
    assert aggregate.take_in(state, observing("b")) == [seen("b", encrypted=True)]
    again = readable(fold(None, events))
    assert again is not None
    assert (again.erased, [each.value for each in again]) == (False, ["b"])
    alone = fold(None, gone)
    assert alone is not None
    assert (alone.user_id, alone.erased) == ("u", True)
    assert readable(None) is None
