"""Contexts with forks, merges, splits and checkpoints as they come, against a plain model of what they must be."""

import asyncio
import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from application.branches import Branches, VersionRef
from application.checkpoints import Checkpoints
from application.contexts import Contexts
from application.together import Together
from domain.contexts.checkpoints import Checkpointing, CreateCheckpoint, RestoreCheckpoint
from domain.contexts.commands import DeleteContext, UpdateContext
from domain.contexts.forking import ForkContext
from domain.contexts.merging import MergeContexts
from domain.contexts.splitting import SplitContext
from domain.errors import AlreadyExistsError, MergeConflictError, NoCommonAncestorError
from tests.fixtures.clock import MovableClock
from tests.unit.application.memory import NOBODY, MemoryStore, NoSnapshots, ref, storing

KEYS = ["k1", "k2", "k3", "k4"]
keys = st.sampled_from(KEYS)
members = st.sampled_from(["a", "b", "c"])
GONE = object()

Version = tuple[str, int]


class Model:
    """What must be, told without events: for each version its data and all versions that it comes from."""

    def __init__(self) -> None:
        self.data: dict[Version, Any] = {}
        self.ancestors: dict[Version, set[Version]] = {}
        self.written: list[Version] = []
        self.version: dict[str, int] = dict.fromkeys(KEYS, 0)
        self.marks: dict[str, dict[str, int]] = {key: {} for key in KEYS}

    def now(self, key: str) -> Version:
        return key, self.version[key]

    def lives(self, key: str) -> bool:
        return self.data.get(self.now(key), GONE) is not GONE

    def write(self, key: str, data: Any, *parents: Version) -> None:
        self.version[key] += 1
        at = self.now(key)
        self.data[at] = data
        self.ancestors[at] = {at}.union(*(self.ancestors[parent] for parent in parents))
        self.written.append(at)

    def base(self, ours: Version, theirs: Version) -> Version | None:
        shared = self.ancestors[ours] & self.ancestors[theirs]
        nearest = [one for one in shared if not any(one != other and one in self.ancestors[other] for other in shared)]
        return max(nearest, key=self.written.index, default=None)


def three_way(base: Any, ours: Any, theirs: Any, place: str = "") -> tuple[Any, set[str]]:
    """Member by member; where both differ from the base and from each other it is a conflict, and ours stays."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        known = base if isinstance(base, dict) else {}
        result, conflicts = {}, set[str]()
        for name in {**ours, **theirs}:
            found, met = three_way(
                known.get(name, GONE), ours.get(name, GONE), theirs.get(name, GONE), f"{place}/{name}"
            )
            conflicts |= met
            if found is not GONE:
                result[name] = found
        return result, conflicts
    if ours == theirs or base == theirs:
        return ours, set()
    if base == ours:
        return theirs, set()
    return ours, {place}


def some_live(count: int) -> Callable[["Graph"], bool]:
    """Only if so many are there."""
    return lambda graph: sum(map(graph.model.lives, KEYS)) >= count


class Graph(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        clock = MovableClock()
        self.log = MemoryStore(clock)
        self.contexts = Contexts(self.log, NoSnapshots(), clock, checkpointing=Checkpointing(10**6, 3))
        self.branches = Branches(self.contexts, Together(self.log, clock), clock)
        self.checkpoints = Checkpoints(self.contexts, clock)
        # What it knows it has read from the log alone.
        self.other = Contexts(self.log, NoSnapshots(), clock)
        self.model = Model()

        data = {"a": 0, "b": 0, "deep": {"c": 0}}
        self.do(self.contexts.store(ref("k1"), storing("k1", copy.deepcopy(data)), NOBODY))
        self.model.write("k1", data)
        for branch in ("k2", "k3"):
            self._fork(("k1", 1), branch)

    def do(self, work: Any) -> Any:
        return asyncio.run(work)

    def live(self, besides: str = "") -> st.SearchStrategy[str]:
        return st.sampled_from([key for key in KEYS if key != besides and self.model.lives(key)])

    @rule(key=keys, name=members, value=st.integers(0, 2), chance=st.integers(0, 3))
    def store(self, key: str, name: str, value: int, chance: int) -> None:
        if self.model.lives(key) and chance:
            return
        parents = [self.model.now(key)] if self.model.lives(key) else []
        data = {name: value, "deep": {}}
        self.do(self.contexts.store(ref(key), storing(key, copy.deepcopy(data)), NOBODY))
        self.model.write(key, data, *parents)

    @precondition(some_live(1))
    @rule(data=st.data(), name=members, value=st.none() | st.integers(0, 9), deep=st.booleans())
    def edit(self, data: Any, name: str, value: int | None, deep: bool) -> None:
        key = data.draw(self.live())
        patch = {"deep": {name: value}} if deep else {name: value}
        self.do(self.contexts.update(ref(key), UpdateContext(data=patch, change_type="mergePatch"), NOBODY))
        changed = copy.deepcopy(self.model.data[self.model.now(key)])
        place = changed.setdefault("deep", {}) if deep else changed
        place.pop(name, None) if value is None else place.update({name: value})
        self.model.write(key, changed, self.model.now(key))

    @precondition(some_live(3))
    @rule(data=st.data())
    def delete(self, data: Any) -> None:
        key = data.draw(self.live())
        self.do(self.contexts.delete(ref(key), DeleteContext(), NOBODY))
        self.model.write(key, GONE, self.model.now(key))

    @precondition(some_live(1))
    @rule(data=st.data(), into=keys, back=st.integers(0, 3))
    def fork(self, data: Any, into: str, back: int) -> None:
        key = data.draw(self.live())
        version = self.model.version[key] - back
        if key != into and self.model.data.get((key, version), GONE) is not GONE:
            self._fork((key, version), into)

    def _fork(self, parent: Version, into: str) -> None:
        command = ForkContext(namespace="", key=into)
        asked = self.branches.fork(VersionRef(ref(parent[0]), parent[1]), command, NOBODY)
        if self.model.lives(into):
            with pytest.raises(AlreadyExistsError):
                self.do(asked)
            return
        self.do(asked)
        self.model.write(into, copy.deepcopy(self.model.data[parent]), parent)

    @precondition(some_live(2))
    @rule(data=st.data(), decide=st.sampled_from(["refuse", "first", "first"]))
    def merge(self, data: Any, decide: Any) -> None:
        """Into a live one."""
        into = data.draw(self.live())
        self._merge(into, data.draw(self.live(besides=into)), into, decide)

    @precondition(some_live(2))
    @rule(data=st.data(), into=keys, decide=st.sampled_from(["refuse", "first", "first"]))
    def merge_into_new(self, data: Any, into: str, decide: Any) -> None:
        if not self.model.lives(into):
            first = data.draw(self.live())
            self._merge(first, data.draw(self.live(besides=first)), into, decide)

    def _merge(self, first: str, second: str, into: str, decide: Any) -> None:
        model, sources = self.model, [VersionRef(ref(key)) for key in (first, second) if key != into]
        ours, theirs = model.now(first), model.now(second)
        command = MergeContexts(namespace="", key=into, strategy="three_way", on_conflict=decide)
        asked = self.branches.merge(sources, command, NOBODY)
        base = model.base(ours, theirs)
        if base is None:
            with pytest.raises(NoCommonAncestorError):
                self.do(asked)
            return
        result, conflicts = three_way(model.data[base], model.data[ours], model.data[theirs])
        if conflicts and decide == "refuse":
            with pytest.raises(MergeConflictError) as refusal:
                self.do(asked)
            assert {conflict["pointer"] for conflict in refusal.value.conflicts} == conflicts
            return
        merged = self.do(asked)
        assert {found.conflict.pointer for found in merged.conflicts} == conflicts
        assert [(point.key, point.version) for point in merged.bases] == [base]
        if into == first:
            self._automatic(into, "merge")
        else:
            model.write(into, copy.deepcopy(model.data[ours]), ours)
        model.write(into, result, model.now(into), ours, theirs)

    @precondition(some_live(2))
    @rule(data=st.data(), into=keys)
    def split(self, data: Any, into: str) -> None:
        key, model = data.draw(self.live()), self.model
        if model.lives(into) or "deep" not in model.data[model.now(key)]:
            return
        self.do(self.branches.split(ref(key), [("/deep", ref(into))], SplitContext(remove=True), NOBODY))
        left = copy.deepcopy(model.data[model.now(key)])
        part = left.pop("deep")
        model.write(key, left, model.now(key))
        model.write(into, part)

    @precondition(some_live(1))
    @rule(data=st.data())
    def checkpoint(self, data: Any) -> None:
        key = data.draw(self.live())
        _, listed = self.do(self.checkpoints.create(ref(key), CreateCheckpoint(), NOBODY))
        self.model.write(key, copy.deepcopy(self.model.data[self.model.now(key)]), self.model.now(key))
        self.model.marks[key][listed.name] = self.model.version[key]

    @precondition(lambda self: any(self.model.marks.values()))
    @rule(key=keys, which=st.integers(0, 9))
    def restore(self, key: str, which: int) -> None:
        marks = self.model.marks[key]
        if not marks or not self.model.lives(key):
            return
        name = sorted(marks)[which % len(marks)]
        data = copy.deepcopy(self.model.data[key, marks[name]])
        self.do(self.checkpoints.restore(ref(key), RestoreCheckpoint(name=name), NOBODY))
        self._automatic(key, "restore")
        self.model.write(key, data, self.model.now(key))

    def _automatic(self, key: str, what: str) -> None:
        marks = self.model.marks[key]
        marks[f"auto_{self.model.version[key]}_before-{what}"] = self.model.version[key]
        automatic = sorted((name for name in marks if name.startswith("auto_")), key=lambda name: marks[name])
        for name in automatic[:-3]:
            del marks[name]

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        for contexts in (self.contexts, self.other):
            for key in KEYS:
                found = self.do(contexts.load(ref(key)))
                if not self.model.version[key]:
                    assert found is None
                    continue
                assert found.version == self.model.version[key]
                assert found.deleted is not self.model.lives(key)
                assert {name: mark.version for name, mark in found.checkpoints.items()} == self.model.marks[key]
                if self.model.lives(key):
                    assert found.data == self.model.data[self.model.now(key)]


TestGraph = Graph.TestCase
TestGraph.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
