"""The read model says what the log says: compared row for row with a fold written by hand, over a random load."""

import copy
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import jsonpatch
import msgspec
import pytest

from application.branches import VersionRef
from application.contexts import ContextRef
from domain.contexts.checkpoints import CreateCheckpoint, RestoreCheckpoint
from domain.contexts.commands import (
    DeleteContext,
    ResolveConflict,
    RollBackContext,
    StoreContext,
    SynchronizeContext,
    UpdateContext,
)
from domain.contexts.events import AttributeChanges, Attributes
from domain.contexts.forking import ForkContext
from domain.contexts.merging import STRATEGIES, MergeContexts
from domain.contexts.splitting import SplitContext
from domain.contexts.strategies import Policy
from domain.errors import ContextlineError
from domain.recorded import Event, Origin, Recorded
from domain.values import identical
from interfaces.bootstrap import Services
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api
from tests.integration.projections.reading import catch_up, forget, rows

NOBODY = Origin()
COLUMNS = ("session_id", "agent_id", "user_id", "type", "environment", "priority", "importance")


def fold(events: Sequence[Recorded[Event]]) -> dict[str, dict[Any, dict[str, Any]]]:
    """What the rows must be. It shares no code with what it checks: patches are applied by a library."""
    contexts: dict[Any, dict[str, Any]] = {}
    for recorded in events:
        event, stream, at = recorded.event, recorded.stream_id, recorded.recorded_at
        kind, told = type(event).__name__, msgspec.structs.asdict(event)
        here = {"version": recorded.version, "position": recorded.position}
        if kind == "ContextDeleted":
            del contexts[stream]
        elif kind == "CheckpointCreated":
            contexts[stream] |= here
        elif kind == "AccessesRecorded":
            for context_id, created_at, reads, last in map(msgspec.structs.astuple, told["contexts"]):
                row = contexts.get(context_id)
                # Deleted by then, or even stored anew: no one has them.
                if row and row["created_at"] == created_at:
                    row["access_count"] += reads
                    row["last_accessed_at"] = max(last, row["last_accessed_at"] or last)
        else:
            if kind in ("ContextCreated", "ContextForked"):
                names = {"namespace": told["namespace"], "key": told["key"]}
                contexts[stream] = {**names, "created_position": recorded.position, "created_at": at, "attributes": {}}
                contexts[stream] |= {"access_count": 0, "last_accessed_at": None}
            row = contexts[stream]
            row |= {**here, "updated_at": at}
            if "data" in told:
                row["data"] = told["data"]
            elif "patch" in told:
                row["data"] = jsonpatch.JsonPatch(told["patch"]).apply(copy.deepcopy(row["data"]))
            if "attributes" in told:
                row["attributes"] |= {
                    name: value
                    for name, value in msgspec.structs.asdict(told["attributes"]).items()
                    if value is not msgspec.UNSET
                }
            ttl = row["attributes"]["ttl"]
            row["expires_at"] = None if ttl is None else at + timedelta(seconds=ttl)
    for stream, row in contexts.items():
        attributes = row["attributes"]
        row |= {"tenant_id": 1, "context_id": stream, "tags": list(attributes["tags"])}
        row |= {"features": list(attributes["features"]), **{name: attributes[name] for name in COLUMNS}}
    return {"contexts": contexts}


class Load:
    """Commands and reads as they come, from a seed: all types of updates, deletions, rollbacks, expiries."""

    def __init__(self, seed: int, services: Services, clock: MovableClock) -> None:
        self._rng, self._clock = random.Random(seed), clock
        self._contexts, self._accesses = services.contexts, services.accesses
        self._synchronizing = services.synchronizing
        self._branches, self._checkpoints = services.branches, services.checkpoints

    def _document(self, depth: int = 3) -> Any:
        rng = self._rng
        if depth and rng.random() < 0.6:
            if rng.random() < 0.5:
                return [self._document(depth - 1) for _ in range(rng.randrange(4))]
            return {rng.choice(["a", "b", "n", "l", "/", "~", "é"]): self._document(depth - 1) for _ in range(3)}
        choices = [None, True, 0, -1, 2**64 - 1, 1.0, -0.0, 1e-300, "", "text", "x" * 2_000, "\U0001f600"]
        return rng.choice(choices)

    def _attributes(self) -> dict[str, Any]:
        rng = self._rng
        possible = {
            "session_id": rng.choice([None, "s-1", "s-2"]),
            "agent_id": rng.choice([None, "a-1"]),
            "type": rng.choice(["plan", "é"]),
            "tags": tuple(rng.choices(["x", "y", "z,'\"{}"], k=rng.randrange(4))),
            "features": ("f",) * rng.randrange(2),
            "priority": rng.randrange(-(2**31) + 1, 2**31),
            "importance": rng.random(),
            "ttl": rng.choice([None, 5, 60, 86_400]),
            "metadata": {"m": self._document(1)},
        }
        return {name: value for name, value in possible.items() if rng.random() < 0.4}

    def _changes(self) -> AttributeChanges:
        return AttributeChanges(**self._attributes())

    async def run(self, commands: int) -> None:
        done = 0
        while done < commands:
            try:
                await self._one()
                done += 1
            except ContextlineError:
                continue

    async def _one(self) -> None:
        rng = self._rng
        self._clock.advance(rng.choice([0, 0.000001, 1, 7]))
        ref = ContextRef("default", rng.choice(["", "n"]), f"k{rng.randrange(12)}")
        kinds = ["store", "store", "update", "update", "update", "patch", "set", "delete", "back"]
        kinds += ["fork", "merge", "merge", "split", "split", "mark", "restore", "sync", "resolve", "resolve"]
        another = ContextRef("default", rng.choice(["", "n"]), f"k{rng.randrange(12)}")
        match rng.choice([*kinds, "read", "read", "read", "record", "sync", "sync", "resolve"]):
            case "store":
                command = StoreContext(
                    namespace=ref.namespace,
                    key=ref.key,
                    data=self._document(),
                    attributes=Attributes(**self._attributes()),
                    compress=rng.random() < 0.5,
                )
                await self._contexts.store(ref, command, NOBODY)
            case "update":
                change_type: Any = rng.choice(["replace", "merge", "mergePatch", "append", "increment"])
                attributes = AttributeChanges(**self._attributes())
                change = UpdateContext(data=self._document(), change_type=change_type, attributes=attributes)
                await self._contexts.update(ref, change, NOBODY)
            case "patch":
                patch = [{"op": "add", "path": "/a", "value": 1}, {"op": "copy", "from": "", "path": "/n"}]
                await self._contexts.update(ref, UpdateContext(data=patch, change_type="jsonPatch"), NOBODY)
            case "set":
                named = UpdateContext(attributes=AttributeChanges(**self._attributes()), checkpoint="here")
                await self._contexts.update(ref, named, NOBODY)
            case "delete":
                await self._contexts.delete(ref, DeleteContext(), NOBODY)
            case "fork":
                fork = ForkContext(namespace=another.namespace, key=another.key, attributes=self._changes())
                await self._branches.fork(VersionRef(ref), fork, NOBODY)
            case "merge":
                strategy: Any = rng.choice(STRATEGIES)
                merge = MergeContexts(
                    namespace=another.namespace, key=another.key, strategy=strategy, attributes=self._changes(),
                    on_conflict=rng.choice(["first", "last", "keep"]),
                )  # fmt: skip
                await self._branches.merge([VersionRef(ref)], merge, NOBODY)
            case "split":
                names = SplitContext(remove=rng.random() < 0.5, attributes=self._changes())
                await self._branches.split(ref, [(rng.choice(["/a", "/n", "/0"]), another)], names, NOBODY)
            case "mark":
                await self._checkpoints.create(ref, CreateCheckpoint(), NOBODY)
            case "restore":
                _, found, _ = await self._checkpoints.page(ref)
                await self._checkpoints.restore(ref, RestoreCheckpoint(name=rng.choice(found or [("-",)])[0]), NOBODY)
            case "back":
                await self._contexts.roll_back(ref, rng.randrange(1, 9), RollBackContext(), NOBODY)
            case "sync":
                policy = Policy(strategy=rng.choice(["auto", "user_decides"]))
                base = rng.randrange(9)
                state = SynchronizeContext(data=self._document(), base_version=base, policy=policy)
                await self._synchronizing.synchronize(ref, state, NOBODY)
            case "resolve":
                take: Any = rng.choice(["ours", "theirs", "value"])
                for conflict in (await self._synchronizing.conflicts(ref)).conflicts:
                    decided = ResolveConflict(conflict_id=conflict, take=take, value=self._document(1))
                    await self._synchronizing.resolve(ref, decided, NOBODY)
            case "read":
                await self._contexts.get(ref)
            case "record":
                await self._accesses.record()


def assert_same(found: dict[str, dict[Any, dict[str, Any]]], expected: dict[str, dict[Any, dict[str, Any]]]) -> None:
    for table in expected:
        assert found[table].keys() == expected[table].keys()
        for key, row in expected[table].items():
            assert found[table][key].keys() == row.keys()
            for column, value in row.items():
                assert identical(found[table][key][column], value), (table, key, column)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_rows_are_what_a_fold_of_the_log_gives_however_the_log_is_cut(
    api: Api, database_url: str, clock: MovableClock, seed: int
) -> None:
    store = api.services.store
    await Load(seed, api.services, clock).run(500)
    expected = fold(await store.reader.log(0, 10_000))
    assert len(expected["contexts"]) > 5
    kinds = {type(recorded.event).__name__ for recorded in await store.reader.log(0, 10_000)}
    assert kinds >= {"ContextSynchronized", "ConflictsOpened", "ConflictResolved", "ContextForked", "ContextMerged"}
    assert kinds >= {"ContextSplit", "CheckpointCreated", "CheckpointRestored"}
    assert any(row["access_count"] > 1 for row in expected["contexts"].values())
    for batch in (1, 7, 1_000):
        await catch_up(database_url, clock, await store.end(), batch=batch)
        assert_same(await rows(database_url), expected)
        await forget(database_url)


async def test_the_rows_are_right_at_every_position_on_the_way(
    api: Api, database_url: str, clock: MovableClock
) -> None:
    store, load = api.services.store, Load(4, api.services, clock)
    for _ in range(8):
        await load.run(10)
        await catch_up(database_url, clock, await store.end(), batch=3)
        assert_same(await rows(database_url), fold(await store.reader.log(0, 10_000)))


@pytest.mark.parametrize("batch", [1, 1_000])
async def test_reads_of_a_deleted_context_are_not_its_successors_though_no_time_passed_between(
    api: Api, database_url: str, clock: MovableClock, batch: int
) -> None:
    await api.stored("k", 1)
    await api.got("k")
    await api.services.accesses.record()
    await api.delete("k")
    await api.stored("k", 2)
    await catch_up(database_url, clock, await api.log_end(), batch=batch)
    (row,) = (await rows(database_url))["contexts"].values()
    assert (row["access_count"], row["last_accessed_at"]) == (0, None)
