"""Contexts with forks, merges, splits and checkpoints as they come, against a plain model of what they must be."""

import asyncio
import copy
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

    def do(self, work: Any) -> Any:
        return asyncio.run(work)

    @rule(key=keys, name=members, value=st.integers(0, 2))
    def store(self, key: str, name: str, value: int) -> None:
        parents = [self.model.now(key)] if self.model.lives(key) else []
        data = {name: value, "deep": {}}
        self.do(self.contexts.store(ref(key), storing(key, copy.deepcopy(data)), NOBODY))
        self.model.write(key, data, *parents)

    @rule(key=keys, name=members, value=st.none() | st.integers(0, 9), deep=st.booleans())
    def edit(self, key: str, name: str, value: int | None, deep: bool) -> None:
        if not self.model.lives(key):
            return
        patch = {"deep": {name: value}} if deep else {name: value}
        self.do(self.contexts.update(ref(key), UpdateContext(data=patch, change_type="mergePatch"), NOBODY))
        data = copy.deepcopy(self.model.data[self.model.now(key)])
        place = data.setdefault("deep", {}) if deep else data
        place.pop(name, None) if value is None else place.update({name: value})
        self.model.write(key, data, self.model.now(key))

    @rule(key=keys)
    def delete(self, key: str) -> None:
        if self.model.lives(key):
            self.do(self.contexts.delete(ref(key), DeleteContext(), NOBODY))
            self.model.write(key, GONE, self.model.now(key))

    @rule(key=keys, into=keys, back=st.integers(0, 3))
    def fork(self, key: str, into: str, back: int) -> None:
        version = self.model.version[key] - back
        if key == into or self.model.data.get((key, version), GONE) is GONE:
            return
        command = ForkContext(namespace="", key=into)
        asked = self.branches.fork(VersionRef(ref(key), version), command, NOBODY)
        if self.model.lives(into):
            with pytest.raises(AlreadyExistsError):
                self.do(asked)
            return
        self.do(asked)
        self.model.write(into, copy.deepcopy(self.model.data[key, version]), (key, version))

    @rule(key=keys, into=keys, decide=st.sampled_from(["refuse", "first"]))
    def merge(self, key: str, into: str, decide: Any) -> None:
        if key == into or not self.model.lives(key):
            return
        model = self.model
        ours, theirs = model.now(into), model.now(key)
        if not model.lives(into):
            ours = theirs
        command = MergeContexts(namespace="", key=into, strategy="three_way", on_conflict=decide)
        asked = self.branches.merge([VersionRef(ref(key))], command, NOBODY)
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
        if model.lives(into):
            assert [(point.key, point.version) for point in merged.bases] == [base]
            self._automatic(into, "merge")
        else:
            model.write(into, copy.deepcopy(model.data[theirs]), theirs)
        model.write(into, result, model.now(into), theirs)

    @rule(key=keys, into=keys)
    def split(self, key: str, into: str) -> None:
        model = self.model
        if key == into or not model.lives(key) or model.lives(into) or "deep" not in model.data[model.now(key)]:
            return
        command = SplitContext(remove=True)
        self.do(self.branches.split(ref(key), [("/deep", ref(into))], command, NOBODY))
        data = copy.deepcopy(model.data[model.now(key)])
        part = data.pop("deep")
        model.write(key, data, model.now(key))
        model.write(into, part)

    @rule(key=keys)
    def checkpoint(self, key: str) -> None:
        if self.model.lives(key):
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
TestGraph.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
