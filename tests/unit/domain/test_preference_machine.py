"""A user's preferences through any sequence of commands, beside plain lists of what was observed and said."""

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.errors import ContextlineError
from domain.preferences import preferences as aggregate
from domain.preferences.commands import ClearPreference, Observation, ObservePreferences, SetPreference
from domain.preferences.events import PreferencesErased
from domain.preferences.state import Preferences, fold
from domain.recorded import Event, Recorded
from tests.unit.domain.stories import recorded

names = st.sampled_from(["a", "b"])
values = st.sampled_from(["x", "y", 1, None])
places = st.tuples(names, names)


class PreferenceMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.events: list[Recorded[Event]] = []
        self.state: Preferences | None = None
        self.observed: dict[tuple[str, str], list[Any]] = {}
        self.holds: dict[tuple[str, str], Any] = {}
        self.said: dict[tuple[str, str], Any] = {}

    def happened(self, *events: Event) -> None:
        new = recorded(*events, seconds=len(self.events), after=len(self.events))
        self.events += new
        self.state = fold(self.state, new)

    @rule(seen=st.lists(st.tuples(places, values), min_size=1, max_size=5))
    def observe(self, seen: list[tuple[tuple[str, str], Any]]) -> None:
        observations = tuple(Observation(*place, value) for place, value in seen)
        self.happened(*aggregate.take_in(self.state, ObservePreferences(user_id="u", observations=observations)))
        for place, value in seen:
            found = self.observed.setdefault(place, [])
            found.append(value)
            # The one that leads, and of those that lead together the one that did so first.
            held = self.holds.setdefault(place, value)
            if found.count(value) > found.count(held):
                self.holds[place] = value

    @rule(place=places, value=values)
    def set(self, place: tuple[str, str], value: Any) -> None:
        command = SetPreference(user_id="u", type=place[0], key=place[1], value=value)
        self.happened(*aggregate.set_value(self.state, command))
        self.said[place] = value

    @rule(place=places, observations=st.booleans())
    def clear(self, place: tuple[str, str], observations: bool) -> None:
        command = ClearPreference(user_id="u", type=place[0], key=place[1], observations=observations)
        if place in self.said or (observations and place in self.observed):
            self.happened(*aggregate.clear(self.state, command))
            self.said.pop(place, None)
            if observations:
                self.observed.pop(place, None)
                self.holds.pop(place, None)
        else:
            with pytest.raises(ContextlineError):
                aggregate.clear(self.state, command)

    @rule(place=places, value=values)
    def stale(self, place: tuple[str, str], value: Any) -> None:
        wrong = len(self.events) + 1
        command = SetPreference(user_id="u", type=place[0], key=place[1], value=value, expected_version=wrong)
        with pytest.raises(ContextlineError):
            aggregate.set_value(self.state, command)

    @rule(chance=st.integers(0, 5))
    def erase(self, chance: int) -> None:
        if self.state is not None and chance == 0:
            self.happened(PreferencesErased(user_id="u", keys=("00",)))
            self.observed, self.holds, self.said = {}, {}, {}

    @invariant()
    def they_are_what_the_lists_say(self) -> None:
        found = {(one.type, one.key): one for one in self.state or ()}
        assert found.keys() == self.observed.keys() | self.said.keys()
        assert self.state is None or self.state.version == len(self.events)
        for place, one in found.items():
            seen = self.observed.get(place, [])
            assert one.learned.observations == len(seen)
            assert one.explicit == (place in self.said)
            if place in self.said:
                assert (one.value, one.confidence) == (self.said[place], 1)
            else:
                held = self.holds[place]
                assert (one.value, one.confidence) == (held, seen.count(held) / (len(seen) + 1))

    @invariant()
    def replaying_gives_the_same(self) -> None:
        assert fold(None, self.events) == self.state


TestPreferenceMachine = PreferenceMachine.TestCase
TestPreferenceMachine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
