"""What holds of every three states that are brought together, and of several writers against a plain model."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import UNSET

from domain.contexts.comparing import bring_together
from domain.contexts.events import ContextSynchronized
from domain.contexts.patches import apply_patch
from domain.contexts.resolving import standing
from domain.contexts.strategies import Policy, Rule, settling
from domain.values import escape, identical
from tests.unit.domain.stories import ContextStory
from tests.unit.domain.strategies import documents, names, objects

policies = st.sampled_from(
    [
        Policy(),
        Policy(strategy="last_write_wins"),
        Policy(strategy="merge"),
        Policy(strategy="rule_based", rules=(Rule(pointer="/*", take="longer"), Rule(pointer="", take="ours"))),
        Policy(strategy="user_decides"),
        Policy(critical=("/a", "/*/b"), rules=(Rule(pointer="/b", take="max"),)),
    ]
)


@st.composite
def edited(draw: st.DrawFn, document: Any) -> Any:
    """A document that has much in common with another."""
    if isinstance(document, dict):
        kept = {name: draw(edited(value)) for name, value in document.items() if draw(st.integers(0, 5))}
        return kept | draw(st.dictionaries(names, documents, max_size=1))
    if isinstance(document, list) and draw(st.booleans()):
        return document + draw(st.lists(documents, max_size=2))
    return document if draw(st.integers(0, 3)) else draw(documents)


states = objects.flatmap(lambda base: st.tuples(st.just(base), edited(base), edited(base)))
of_any_kind = st.tuples(documents, documents, documents) | states


def differences(base: Any, ours: Any, theirs: Any, pointer: str = "") -> Iterator[tuple[str, Any, Any, Any]]:
    """Where ours and theirs differ, as deep as both have objects; with what each has there, UNSET for nothing."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        known = base if isinstance(base, dict) else {}
        for name in ours.keys() | theirs.keys():
            each = (document.get(name, UNSET) for document in (known, ours, theirs))
            yield from differences(*each, f"{pointer}/{escape(name)}")
    elif not identical(ours, theirs):
        yield pointer, base, ours, theirs


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(of_any_kind, policies)
def test_every_difference_is_taken_from_one_side_or_from_both_or_settled_with_a_record_or_open(
    case: tuple[Any, Any, Any], policy: Policy
) -> None:
    base, ours, theirs = case
    before = copy.deepcopy(case)
    outcome = bring_together(base, ours, theirs, settling(policy))
    settled = {resolution.pointer: resolution for resolution in outcome.resolutions}
    left = {conflict.pointer: conflict for conflict in outcome.left_open}
    for pointer, known, our, their in differences(base, ours, theirs):
        now = standing(outcome.document, pointer)
        if pointer in settled:
            assert identical(now, settled.pop(pointer).result)
        elif pointer in left:
            conflict = left.pop(pointer)
            assert identical(now, our)
            assert [conflict.ours, conflict.theirs] == [our, their]
        elif identical(known, our):
            assert identical(now, their)
        elif identical(known, their):
            assert identical(now, our)
        else:
            # Both only added to the end of an array: all of it is there, ours first.
            length = len(known)
            assert identical(our[:length], known)
            assert identical(their[:length], known)
            assert identical(now[: len(our)], our)
            rest = now[len(known) :]
            assert all(any(identical(item, one) for one in rest) for item in their[length:])
    assert not settled
    assert not left
    assert identical(apply_patch(ours, outcome.patch), outcome.document)
    assert all(map(identical, case, before))


@settings(max_examples=150, deadline=None)
@given(documents, documents, policies)
def test_a_state_that_began_from_the_current_one_is_taken_exactly(current: Any, state: Any, policy: Policy) -> None:
    outcome = bring_together(current, current, state, settling(policy))
    assert identical(outcome.document, state)
    assert not outcome.resolutions
    assert not outcome.left_open
    assert bool(outcome.patch) != identical(current, state)


@settings(max_examples=150, deadline=None)
@given(documents, documents, policies)
def test_a_state_in_which_nothing_was_changed_changes_nothing(base: Any, current: Any, policy: Policy) -> None:
    outcome = bring_together(base, current, base, settling(policy))
    assert identical(outcome.document, current)
    assert (outcome.patch, outcome.resolutions, outcome.left_open) == ([], [], [])


@settings(max_examples=100, deadline=None)
@given(documents, documents, documents, policies)
def test_submitting_the_result_again_changes_nothing(base: Any, ours: Any, theirs: Any, policy: Policy) -> None:
    once = bring_together(base, ours, theirs, settling(policy))
    again = bring_together(base, once.document, once.document, settling(policy))
    assert (again.patch, again.resolutions, again.left_open) == ([], [], [])


@settings(max_examples=150, deadline=None)
@given(states, st.data(), policies)
def test_two_disjoint_edits_in_either_order_give_the_same_document_with_both(
    case: tuple[Any, Any, Any], data: st.DataObject, policy: Policy
) -> None:
    base, one, other = case
    mine = {name for name in sorted(base.keys() | one.keys() | other.keys()) if data.draw(st.booleans())}
    first = {name: value for name, value in base.items() if name not in mine}
    first |= {name: value for name, value in one.items() if name in mine}
    second = {name: value for name, value in base.items() if name in mine}
    second |= {name: value for name, value in other.items() if name not in mine}
    both = {name: value for name, value in first.items() if name in mine}
    both |= {name: value for name, value in second.items() if name not in mine}
    for earlier, later in ((first, second), (second, first)):
        outcome = bring_together(base, earlier, later, settling(policy))
        assert identical(outcome.document, both)
        assert not outcome.resolutions
        assert not outcome.left_open


members = st.sampled_from(["a", "critical", "also critical"])
numbers = st.integers(0, 3)


class Writers(RuleBasedStateMachine):
    """Four writers on one context, against a plain dictionary for each version and a list of open conflicts."""

    def __init__(self) -> None:
        super().__init__()
        self.story = ContextStory()
        self.known: list[tuple[int, dict[str, int]]] = []
        self.versions: list[dict[str, int]] = []
        self.open: dict[str, tuple[str, int | None]] = {}

    @initialize(members=st.dictionaries(members, numbers))
    def begin(self, members: dict[str, int]) -> None:
        self.story.store(dict(members))
        self.versions = [members]
        self.known = [(1, dict(members)) for _ in range(4)]

    def _now(self, document: dict[str, int]) -> None:
        self.versions += [document] * (self.story.current.version - len(self.versions))

    @rule(writer=st.integers(0, 3), name=members, value=numbers | st.none())
    def edit(self, writer: int, name: str, value: int | None) -> None:
        """In the writer's own memory; None takes it away."""
        _, state = self.known[writer]
        state.pop(name, None)
        if value is not None:
            state[name] = value

    @rule(name=members, value=numbers)
    def update(self, name: str, value: int) -> None:
        self.story.update({name: value}, "merge")
        self._now(self.versions[-1] | {name: value})

    @rule(writer=st.integers(0, 3))
    def synchronize(self, writer: int) -> None:
        version, state = self.known[writer]
        base, current = self.versions[version - 1], self.versions[-1]
        after, lost, opened = dict(current), {}, set()
        for name in {"a", "critical", "also critical"}:
            was, ours, theirs = base.get(name), current.get(name), state.get(name)
            if theirs in (was, ours):
                continue
            if ours != was and name != "a":
                opened.add((f"/{name}", theirs))
                continue
            if ours != was:
                lost[f"/{name}"] = ours
            after.pop(name, None)
            if theirs is not None:
                after[name] = theirs
        events = self.story.synchronize(dict(state), version, Policy(critical=("/critical", "/also critical")))
        recorded = {
            resolution.pointer: None if resolution.ours is UNSET else resolution.ours
            for event in events
            if isinstance(event, ContextSynchronized)
            for resolution in event.resolutions
        }
        assert recorded == lost
        for conflict in self.story.current.conflicts.values():
            if conflict.id not in self.open:
                theirs = None if conflict.theirs is UNSET else conflict.theirs
                assert (conflict.pointer, theirs) in opened
                self.open[conflict.id] = (conflict.pointer, theirs)
        assert opened <= set(self.open.values())
        self._now(after)
        self.known[writer] = (self.story.current.version, dict(after))

    @precondition(lambda self: self.open)
    @rule(data=st.data(), take=st.sampled_from(["ours", "theirs"]))
    def resolve(self, data: st.DataObject, take: Any) -> None:
        chosen = data.draw(st.sampled_from(sorted(self.open)))
        pointer, theirs = self.open.pop(chosen)
        self.story.resolve(chosen, take)
        after = dict(self.versions[-1])
        if take == "theirs":
            after.pop(pointer[1:], None)
            if theirs is not None:
                after[pointer[1:]] = theirs
        self._now(after)

    @precondition(lambda self: len(self.open) > 2)
    @rule(members=st.dictionaries(members, numbers))
    def replace(self, members: dict[str, int]) -> None:
        self.story.store(dict(members))
        self.open.clear()
        self._now(members)

    @invariant()
    def the_same_as_the_model(self) -> None:
        if self.versions:
            assert self.story.data == self.versions[-1]
            assert self.story.current.version == len(self.versions)
            assert self.story.current.conflicts.keys() == self.open.keys()


Writers.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestWriters = Writers.TestCase
