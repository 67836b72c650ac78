"""The rows of decisions and preferences say what the log says: compared with folds by hand, over a random load."""

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from psycopg.rows import dict_row

from domain.decisions.commands import GiveFeedback, MakeDecision, Override, RecordOutcome
from domain.errors import ContextlineError
from domain.preferences.commands import ClearPreference, Observation, ObservePreferences, SetPreference
from domain.recorded import Event, Origin, Recorded
from domain.values import identical
from infrastructure.payloads.codec import Codec
from infrastructure.postgres.connections import PROJECTION, connect
from interfaces.bootstrap import Services
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api
from tests.integration.projections.reading import catch_up, forget

NOBODY = Origin()
Rows = dict[Any, dict[str, Any]]

_anything = msgspec.msgpack.Decoder()


async def rows(url: str) -> tuple[Rows, set[tuple[Any, ...]], Rows]:
    """Decisions, the features that they are found by, and preferences; payloads decoded."""
    codec = Codec()
    async with await connect(url, PROJECTION, autocommit=True) as connection:
        cursor = connection.cursor(row_factory=dict_row)
        found = []
        for table in ("decisions", "decision_features", "preferences"):
            await cursor.execute(f"SELECT * FROM current_state_v1.{table}".encode())
            found.append(await cursor.fetchall())
    decisions, features, preferences = found
    for row in decisions + preferences:
        row["document"] = codec.unpack(row["document"], _anything)
    return (
        {row["stream_id"]: row for row in decisions},
        {(row["feature"], row["created_position"], row["stream_id"]) for row in features},
        {(row["user_id"], row["type"], row["key"]): row for row in preferences},
    )


def folded(events: Sequence[Recorded[Event]]) -> tuple[Rows, set[tuple[Any, ...]], Rows]:
    """What the rows must be. It shares no code with what it checks."""
    decisions: Rows = {}
    preferences: Rows = {}
    for recorded in events:
        kind, told, at = type(recorded.event).__name__, msgspec.structs.asdict(recorded.event), recorded.recorded_at
        if kind.startswith("Decision"):
            _fold_decision(decisions, kind, told, recorded)
        elif kind == "PreferenceCleared":
            place = told["user_id"], told["type"], told["key"]
            document = preferences[place]["document"]
            if told["observations"] or not document["learned"]["observations"]:
                del preferences[place]
            else:
                document |= {"set_value": None, "set_at": None, "updated_at": at}
        else:
            place = told["user_id"], told["type"], told["key"]
            if place not in preferences:
                document = {"type": told["type"], "key": told["key"], "set_value": None, "set_at": None}
                document["learned"] = {"candidates": [], "observations": 0}
                preferences[place] = {"created_position": recorded.position, "document": document}
                preferences[place] |= {"tenant_id": 1, "stream_id": recorded.stream_id}
                preferences[place] |= dict(zip(("user_id", "type", "key"), place, strict=True))
            document = preferences[place]["document"]
            document["updated_at"] = at
            if kind == "PreferenceSet":
                document |= {"set_value": told["value"], "set_at": at}
            else:
                _observe(document["learned"], told["value"], at)
    for row in preferences.values():
        document, learned = row["document"], row["document"]["learned"]
        row["explicit"] = document["set_at"] is not None
        counted = learned["candidates"][0]["observations"] if learned["candidates"] else 0
        row["confidence"] = 1.0 if row["explicit"] else counted / (learned["observations"] + 1)
        learned.pop("holds", None)
    features = {
        (feature, row["created_position"], stream) for stream, row in decisions.items() for feature in row["features"]
    }
    return decisions, features, preferences


def _observe(learned: dict[str, Any], value: Any, at: Any) -> None:
    candidates = learned["candidates"]
    found = next((one for one in candidates if one["value"] == value), None)
    if found is None:
        found = {"value": value, "observations": 0, "last_observed": at}
    else:
        candidates.remove(found)
    found["observations"], found["last_observed"] = found["observations"] + 1, at
    first = not candidates or found["observations"] > candidates[0]["observations"]
    # It led already, if those that are left have no more than it had before.
    led = learned.get("holds") == [value]
    candidates.insert(0 if first or led else len(candidates), found)
    learned["holds"] = [candidates[0]["value"]]
    learned["observations"] += 1


def _fold_decision(decisions: Rows, kind: str, told: dict[str, Any], recorded: Recorded[Event]) -> None:
    stream, at = recorded.stream_id, recorded.recorded_at
    if kind == "DecisionMade":
        document = {name: told[name] for name in told if name not in ("decision_id", "features", "encrypted")}
        document |= {"id": told["decision_id"], "features": list(told["features"]), "stream_id": str(stream)}
        document |= {"outcome": "unknown", "outcome_details": None, "outcome_reason": None, "outcome_at": None}
        document |= {"override": None, "feedback": None, "created_at": at, "encrypted": False, "erased": False}
        decisions[stream] = {"tenant_id": 1, "stream_id": stream, "created_position": recorded.position}
        decisions[stream] |= {"created_at": at, "document": document, "decision_id": told["decision_id"]}
        for name in ("session_id", "task_id", "agent_id", "user_id", "type", "context_hash", "features", "autonomous"):
            decisions[stream][name] = document[name]
    document = decisions[stream]["document"]
    document |= {"version": recorded.version, "position": recorded.position, "updated_at": at}
    if kind == "DecisionOutcomeRecorded":
        document |= {"outcome": told["outcome"], "outcome_details": told["details"], "outcome_reason": told["reason"]}
        document["outcome_at"] = at
    elif kind == "DecisionOverridden":
        document["override"] = told | {"at": at}
    elif kind == "DecisionFeedbackGiven":
        document["feedback"] = told | {"at": at}
    decisions[stream]["outcome"] = document["outcome"]


class Load:
    """Commands as they come, from a seed."""

    def __init__(self, seed: int, services: Services, clock: MovableClock) -> None:
        self._rng, self._clock = random.Random(seed), clock
        self._decisions, self._preferences = services.decisions, services.preferences

    async def run(self, commands: int) -> None:
        done = 0
        while done < commands:
            self._clock.advance(self._rng.choice([0, 0.000001, 1]))
            try:
                await (self._decide() if self._rng.random() < 0.5 else self._prefer())
                done += 1
            except ContextlineError:
                continue

    async def _decide(self) -> None:
        rng = self._rng
        decision_id = f"d-{rng.randrange(15)}"
        value = rng.choice([None, 1.0, "text", {"é": [True]}, "x" * 20_000])
        match rng.choice(["make", "make", "outcome", "override", "feedback"]):
            case "make":
                command = MakeDecision(
                    decision_id=decision_id,
                    session_id=rng.choice(["s-1", "s-2"]),
                    task_id=rng.choice([None, "t"]),
                    agent_id=rng.choice([None, "a"]),
                    context_hash=rng.choice([None, "h"]),
                    features=tuple(rng.choices(["x", "y", "z,'\"{}"], k=rng.randrange(4))),
                    decision=value,
                    confidence=rng.choice([None, rng.random()]),
                    autonomous=rng.random() < 0.5,
                )
                await self._decisions.make("default", command, NOBODY)
            case "outcome":
                outcome = RecordOutcome(outcome=rng.choice(["success", "failure"]), details=value)
                await self._decisions.record_outcome("default", decision_id, outcome, NOBODY)
            case "override":
                await self._decisions.override("default", decision_id, Override(by="ada", instead=value), NOBODY)
            case "feedback":
                feedback = GiveFeedback(score=rng.uniform(-1, 1), comment="c")
                await self._decisions.give_feedback("default", decision_id, feedback, NOBODY)

    async def _prefer(self) -> None:
        rng = self._rng
        user, kind, key = rng.choice(["u-1", "u-2"]), rng.choice(["t", "é"]), rng.choice(["a", "b"])
        values = ["x", "y", "z", None]
        match rng.choice(["observe", "observe", "set", "clear"]):
            case "observe":
                seen = tuple(Observation(kind, rng.choice(["a", "b"]), rng.choice(values)) for _ in range(3))
                await self._preferences.observe("default", ObservePreferences(user_id=user, observations=seen), NOBODY)
            case "set":
                setting = SetPreference(user_id=user, type=kind, key=key, value=rng.choice(values))
                await self._preferences.set_value("default", setting, NOBODY)
            case "clear":
                clearing = ClearPreference(user_id=user, type=kind, key=key, observations=rng.random() < 0.5)
                await self._preferences.clear("default", clearing, NOBODY)


def assert_same(found: tuple[Rows, set[Any], Rows], expected: tuple[Rows, set[Any], Rows]) -> None:
    assert found[1] == expected[1]
    _assert_same_rows(found[0], expected[0])
    _assert_same_rows(found[2], expected[2])


def _assert_same_rows(found: Rows, expected: Rows) -> None:
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        assert found[key].keys() == row.keys()
        for column, value in row.items():
            assert identical(found[key][column], value), (key, column, found[key][column], value)


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_rows_are_what_a_fold_of_the_log_gives_however_the_log_is_cut(
    api: Api, database_url: str, clock: MovableClock, seed: int
) -> None:
    store = api.services.store
    await Load(seed, api.services, clock).run(200)
    expected = folded(await store.reader.log(0, 10_000))
    assert len(expected[0]) > 5
    assert len(expected[1]) > 5
    assert len(expected[2]) > 3
    for batch in (1, 7, 1_000):
        await catch_up(database_url, clock, await store.end(), batch=batch)
        assert_same(await rows(database_url), expected)
        await forget(database_url)


async def test_the_rows_are_right_at_every_position_on_the_way(
    api: Api, database_url: str, clock: MovableClock
) -> None:
    store, load = api.services.store, Load(3, api.services, clock)
    for _ in range(6):
        await load.run(10)
        await catch_up(database_url, clock, await store.end(), batch=3)
        assert_same(await rows(database_url), folded(await store.reader.log(0, 10_000)))


@pytest.mark.parametrize("batch", [1, 1_000])
async def test_a_preference_that_came_to_be_again_stands_where_it_did_so_last(
    api: Api, database_url: str, clock: MovableClock, batch: int
) -> None:
    preferences = api.services.preferences
    await preferences.set_value("default", SetPreference(user_id="u", type="t", key="k", value=1), NOBODY)
    await preferences.clear("default", ClearPreference(user_id="u", type="t", key="k"), NOBODY)
    again = await preferences.set_value("default", SetPreference(user_id="u", type="t", key="k", value=2), NOBODY)
    await catch_up(database_url, clock, await api.log_end(), batch=batch)
    (row,) = (await rows(database_url))[2].values()
    assert row["created_position"] == again.position
