"""What the library's own test cases do not ask of its recorder interface."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, OperationalError, ProgrammingError, StoredEvent, Tracking

from domain.errors import DatabaseUnavailableError
from infrastructure.eventstore.recorder import LogFactory, LogProcessRecorder
from infrastructure.postgres.database import Database
from tests.fixtures.waiting import DEADLINE


@pytest.fixture
def factory(database_url: str) -> Iterator[LogFactory]:
    made = LogFactory({LogFactory.DATABASE_URL: database_url})
    yield made
    made.close()


@pytest.fixture
def recorder(factory: LogFactory) -> LogProcessRecorder:
    made = factory.process_recorder()
    assert isinstance(made, LogProcessRecorder)
    return made


def stored(originator: Any = None, *versions: int, topic: str = "topic") -> list[StoredEvent]:
    name = uuid4() if originator is None else originator
    return [StoredEvent(name, version, topic, b"state") for version in versions or (1,)]


def test_a_stream_may_be_named_by_a_string(recorder: LogProcessRecorder) -> None:
    events = stored("order-17", 1, 2)
    recorder.insert_events(events)
    assert recorder.select_events("order-17") == events
    assert [one.originator_id for one in recorder.select_notifications(None, 10)] == ["order-17"] * 2


def test_events_of_several_streams_may_alternate(recorder: LogProcessRecorder) -> None:
    one, other = uuid4(), uuid4()
    events = [*stored(one, 1), *stored(other, 1), *stored(one, 2), *stored(other, 2)]
    assert recorder.insert_events(events) == [1, 2, 3, 4]
    assert recorder.select_events(one) == [events[0], events[2]]


@pytest.mark.parametrize("versions", [(2,), (1, 3), (1, 1), (-1,), (0, 2)])
def test_a_stream_has_no_holes(recorder: LogProcessRecorder, versions: tuple[int, ...]) -> None:
    name = uuid4()
    with pytest.raises(IntegrityError):
        recorder.insert_events(stored(name, *versions))
    assert recorder.select_events(name) == []


def test_events_that_are_refused_do_not_move_the_position(recorder: LogProcessRecorder) -> None:
    recorder.insert_events(stored("s", 1), tracking=Tracking("upstream", 1))
    with pytest.raises(IntegrityError):
        recorder.insert_events(stored("s", 1), tracking=Tracking("upstream", 2))
    assert recorder.max_tracking_id("upstream") == 1
    with pytest.raises(IntegrityError):
        recorder.insert_events(stored("s", 2), tracking=Tracking("upstream", 1))
    assert len(recorder.select_events("s")) == 1


def test_a_topic_that_was_never_written_selects_nothing(recorder: LogProcessRecorder) -> None:
    recorder.insert_events(stored())
    assert recorder.select_notifications(None, 10, topics=["never written"]) == []


def test_snapshots_that_were_kept_already_are_refused_whole(factory: LogFactory) -> None:
    snapshots = factory.aggregate_recorder(purpose="snapshots")
    snapshots.insert_events(stored("s", 5))
    with pytest.raises(IntegrityError):
        snapshots.insert_events(stored("s", 9, 5))
    assert [one.originator_version for one in snapshots.select_events("s")] == [5]


def test_concurrent_saves_share_transactions(recorder: LogProcessRecorder, database_url: str) -> None:
    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(lambda _: recorder.insert_events(stored()), range(400)))
    assert sorted(position for (position,) in done) == list(range(1, 401))
    with psycopg.connect(database_url) as connection:
        counted = connection.execute("SELECT count(DISTINCT xmin::text) FROM contextline.events").fetchone()
    assert counted is not None
    assert counted[0] < 400


def test_calls_that_are_under_way_when_it_is_closed_come_to_an_end(database_url: str) -> None:
    for _ in range(5):
        factory = LogFactory({LogFactory.DATABASE_URL: database_url})
        recorder = factory.application_recorder()
        begun = threading.Barrier(5)

        def read_on(recorder: Any = recorder, begun: threading.Barrier = begun) -> None:
            recorder.select_notifications(None, 10)
            begun.wait(DEADLINE)
            while True:
                recorder.select_notifications(None, 10)

        with ThreadPoolExecutor(4) as pool:
            readers = [pool.submit(read_on) for _ in range(4)]
            begun.wait(DEADLINE)
            factory.close()
            for reader in readers:
                assert isinstance(reader.exception(DEADLINE), OperationalError)


def test_a_subscription_ends_with_its_factory(database_url: str) -> None:
    factory = LogFactory({LogFactory.DATABASE_URL: database_url})
    recorder = factory.application_recorder()
    recorder.insert_events(stored())
    with recorder.subscribe() as subscription, ThreadPoolExecutor(1) as pool:
        next(subscription)
        waiting = pool.submit(next, subscription)
        factory.close()
        assert isinstance(waiting.exception(DEADLINE), OperationalError)


def test_a_factory_that_was_closed_opens_anew(factory: LogFactory) -> None:
    recorder = factory.application_recorder()
    factory.close()
    factory.close()
    with pytest.raises(OperationalError):
        recorder.insert_events(stored())
    factory.application_recorder().insert_events(stored())


def test_a_database_that_is_not_there_is_told_of(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise DatabaseUnavailableError("away")

    monkeypatch.setattr(Database, "fetch", away)
    before = threading.enumerate()
    with pytest.raises(OperationalError):
        LogFactory({LogFactory.DATABASE_URL: database_url}).application_recorder()
    # Those of earlier tests may end meanwhile.
    assert [thread for thread in threading.enumerate() if thread not in before] == []


def test_the_url_must_be_given() -> None:
    with pytest.raises(ProgrammingError, match="CONTEXTLINE_DATABASE_URL"):
        LogFactory({}).application_recorder()
