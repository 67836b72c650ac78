"""Among 100,000 decisions a search for similar ones reads some thousand rows, by indexes, and finds what is alike."""

import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from domain.decisions import decision as decisions
from domain.decisions.decision import Decision
from domain.decisions.events import DecisionMade
from domain.decisions.likeness import jaccard
from domain.recorded import Origin, Recorded, stream_id
from infrastructure.payloads.codec import Codec
from infrastructure.postgres.connections import PROJECTION, connect
from projections.current_state.v1.project import CurrentState
from projections.current_state.v1.read_decisions import CANDIDATES, DecisionFilter, DecisionReader
from tests.fixtures.clock import START, MovableClock

COUNT, TENANT = 100_000, 1
SCANS = ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Bitmap Index Scan")


def features_of(number: int) -> list[str]:
    """All have one; some are had by half of all, some by a hundred, one by nobody else."""
    return ["all", f"half-{number % 2}", f"tenth-{number % 10}", f"hundred-{number % 1_000}", f"own-{number}"]


def made(number: int) -> Decision:
    event = DecisionMade(
        decision_id=f"d-{number}",
        session_id=f"s-{number % 500}",
        decision=number % 3,
        type="ci" if number % 2 else "route",
        context_hash=f"h-{number % 100}",
        features=tuple(features_of(number)),
    )
    stream = stream_id("default", f"decision\nd-{number}")
    decision = decisions.fold(None, [Recorded(event, TENANT, stream, 1, number + 1, START, Origin())])
    assert decision is not None
    return decision


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def filled(module_database_url: str) -> str:
    """The read model with so many decisions, as its projection would have written them."""
    codec = Codec()
    columns = "tenant_id, stream_id, decision_id, created_position, session_id, type, context_hash, features, outcome"
    statement = f"COPY current_state_v1.decisions ({columns}, autonomous, created_at, document) FROM STDIN"
    async with await connect(module_database_url, PROJECTION, autocommit=True) as connection:
        await CurrentState().set_up(connection)
        async with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for one in map(made, range(COUNT)):
                row = (TENANT, one.stream_id, one.id, one.position, one.session_id, one.type, one.context_hash)
                await copy.write_row((*row, list(one.features), one.outcome, False, START, codec.pack(one)))
        await connection.execute(
            "INSERT INTO current_state_v1.decision_features (tenant_id, feature, created_position, stream_id) "
            "SELECT tenant_id, unnest(features), created_position, stream_id FROM current_state_v1.decisions"
        )
    return module_database_url


@dataclass
class Explaining:
    """In the place of a Database: explains each statement as it is executed, then gives its rows."""

    connection: Any
    analyzed: bool
    plans: list[Any] = field(default_factory=list)

    async def fetch(self, statement: bytes, parameters: dict[str, Any] | None = None, **_: Any) -> list[Any]:
        explained = await self.connection.execute(b"EXPLAIN (ANALYZE, FORMAT JSON) " + statement, parameters)
        self.plans.append((await explained.fetchone())[0][0]["Plan"])
        return list(await (await self.connection.execute(statement, parameters, binary=True)).fetchall())

    def nodes(self) -> Iterator[dict[str, Any]]:
        waiting = list(self.plans)
        while waiting:
            node = waiting.pop()
            waiting += node.get("Plans", ())
            yield node

    def assert_small(self, most: int) -> None:
        """No table was read as a whole, and with true statistics no more rows than that were read."""
        scans = [node for node in self.nodes() if node["Node Type"] in SCANS]
        assert [node for node in scans if node["Node Type"] == "Seq Scan"] == []
        removed = sum(node.get("Rows Removed by Filter", 0) * node["Actual Loops"] for node in scans)
        read = sum(node["Actual Rows"] * node["Actual Loops"] for node in scans) + removed
        assert read > 0
        # Without, a plan may read all that have a feature, for several features, and take the newest then.
        assert read <= (most if self.analyzed else 10 * COUNT)


@pytest_asyncio.fixture(params=["never analyzed", "analyzed"])
async def asked(filled: str, request: pytest.FixtureRequest) -> AsyncIterator[tuple[DecisionReader, Explaining]]:
    """With the statistics of an empty table, as after a rebuild, and with true ones."""
    async with await connect(filled, PROJECTION, autocommit=True) as connection:
        analyzed = request.param == "analyzed"
        if analyzed:
            await connection.execute("ANALYZE current_state_v1.decisions, current_state_v1.decision_features")
        explaining = Explaining(connection, analyzed)
        yield DecisionReader(explaining, MovableClock()), explaining  # type: ignore[arg-type]


def alike(wanted: list[str], least: float) -> list[tuple[float, int]]:
    """By comparing with all: similarity and number, the most alike first, then the newest."""
    compared = ((jaccard(wanted, features_of(number)), number) for number in range(COUNT))
    return sorted((found for found in compared if found[0] >= least), reverse=True)


async def test_what_has_a_telling_feature_is_found_completely(asked: tuple[DecisionReader, Explaining]) -> None:
    reader, explaining = asked
    wanted = ["hundred-7", "own-4007", "half-1", "nobody has it"]
    answer = await reader.similar(TENANT, None, wanted, least=0.25, limit=100)
    expected = alike(wanted, 0.25)
    assert len(expected) == 100
    assert [(one.similarity, one.decision.id) for one in answer.found] == [
        (similarity, f"d-{number}") for similarity, number in expected
    ]
    assert not answer.complete  # half-1 is had by too many to look at all that share it alone
    answer = await reader.similar(TENANT, None, wanted, least=0.6, limit=100)
    assert [one.decision.id for one in answer.found] == [f"d-{number}" for _, number in alike(wanted, 0.6)]
    assert answer.complete
    explaining.assert_small(6 * CANDIDATES)


async def test_of_features_that_everybody_has_the_newest_are_compared_and_that_is_told(
    asked: tuple[DecisionReader, Explaining],
) -> None:
    reader, explaining = asked
    answer = await reader.similar(TENANT, "h-7", ["all", "half-1"], least=0.3, limit=100)
    same = [one for one in answer.found if one.same_context]
    assert [one.decision.id for one in same] == [f"d-{number}" for number in range(99_907, 90_006, -100)]
    answer = await reader.similar(TENANT, None, ["all", "half-1"], least=0.3, limit=3)
    assert [(one.similarity, one.decision.id) for one in answer.found] == [
        (0.4, "d-99999"), (0.4, "d-99997"), (0.4, "d-99995"),
    ]  # fmt: skip
    assert not answer.complete
    explaining.assert_small(10 * CANDIDATES)


async def test_many_features_cost_no_more_than_few(asked: tuple[DecisionReader, Explaining]) -> None:
    reader, explaining = asked
    chance = random.Random(1)
    wanted = [feature for _ in range(64) for feature in features_of(chance.randrange(COUNT))]
    wanted = list(dict.fromkeys(wanted))[:256]
    answer = await reader.similar(TENANT, None, wanted, least=0.01, limit=10)
    assert answer.found[0].similarity == max(alike(wanted, 0.01))[0]
    explaining.assert_small(6 * CANDIDATES)


@pytest.mark.parametrize(
    ("wanted", "first"),
    [
        (DecisionFilter(features=["hundred-7", "half-1"]), "d-99007"),
        (DecisionFilter(features=["own-5"]), "d-5"),
        (DecisionFilter(context_hash="h-3"), "d-99903"),
        (DecisionFilter(session_id="s-499"), "d-99999"),
        (DecisionFilter(type="ci", outcome="unknown"), "d-99999"),
        (DecisionFilter(), "d-99999"),
    ],
    ids=lambda value: str(msgspec.structs.asdict(value)) if isinstance(value, DecisionFilter) else value,
)
async def test_a_page_of_a_list_reads_little_more_than_it_shows(
    asked: tuple[DecisionReader, Explaining], wanted: DecisionFilter, first: str
) -> None:
    reader, explaining = asked
    found, _ = await reader.list_decisions(TENANT, wanted, limit=50, cursor=None)
    assert found[0].id == first
    explaining.assert_small(1_000)
