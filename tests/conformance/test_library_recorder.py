"""The `eventsourcing` library's own test cases, on both faces of the log that its recorder interface has.

Its TranscoderTestCase is not among them: it asserts JSON text, and our payloads are MessagePack.
"""

from typing import Any

import pytest
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.tests import persistence
from eventsourcing.utils import Environment

from infrastructure.eventstore import recorder
from infrastructure.eventstore.recorder import (
    LogAggregateRecorder,
    LogApplicationRecorder,
    LogFactory,
    LogProcessRecorder,
    LogTrackingRecorder,
)

# unittest's classes can't be parametrised: each case is made once for each server.


class OnEmbedded18:
    """A fresh database on our server for each test."""

    @pytest.fixture(autouse=True)
    def _on_database(self, database_url: str) -> None:
        self.url = database_url


class OnExternal15:
    """The same on somebody else's server."""

    @pytest.fixture(autouse=True)
    def _on_database(self, external_database_url: str) -> None:
        self.url = external_database_url


class WithFactory:
    """Recorders that a test makes share one factory, closed afterwards."""

    url: str

    def setUp(self) -> None:
        self.env = Environment(env=settings(self.url))
        self.log_factory: Any = InfrastructureFactory.construct(self.env)

    def tearDown(self) -> None:
        self.log_factory.close()


def settings(url: str) -> dict[str, str]:
    return {"PERSISTENCE_MODULE": recorder.__name__, LogFactory.DATABASE_URL: url}


class AggregateCase(WithFactory):
    def create_recorder(self) -> Any:
        return self.log_factory.aggregate_recorder()


class SnapshotCase(WithFactory):
    def create_recorder(self) -> Any:
        return self.log_factory.aggregate_recorder(purpose="snapshots")


class ApplicationCase(WithFactory):
    def create_recorder(self) -> Any:
        return self.log_factory.application_recorder()


class SubscribingCase(ApplicationCase):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()  # type: ignore[attr-defined]


class TrackingCase(WithFactory):
    def create_recorder(self) -> Any:
        return self.log_factory.tracking_recorder()


class ProcessCase(WithFactory):
    def create_recorder(self) -> Any:
        return self.log_factory.process_recorder()


class OwnTrackingRecorder(LogTrackingRecorder):
    """What a user of the library may bring."""


class FactoryCase:
    url: str

    def setUp(self) -> None:
        self.env = Environment(env=settings(self.url))
        super().setUp()  # type: ignore[misc]

    def expected_factory_class(self) -> Any:
        return LogFactory

    def expected_aggregate_recorder_class(self) -> Any:
        return LogAggregateRecorder

    def expected_application_recorder_class(self) -> Any:
        return LogApplicationRecorder

    def expected_tracking_recorder_class(self) -> Any:
        return LogTrackingRecorder

    def tracking_recorder_subclass(self) -> Any:
        return OwnTrackingRecorder

    def expected_process_recorder_class(self) -> Any:
        return LogProcessRecorder


class TestAggregatesOn18(OnEmbedded18, AggregateCase, persistence.AggregateRecorderTestCase): ...


class TestAggregatesOn15(OnExternal15, AggregateCase, persistence.AggregateRecorderTestCase): ...


class TestSnapshotsOn18(OnEmbedded18, SnapshotCase, persistence.AggregateRecorderTestCase): ...


class TestSnapshotsOn15(OnExternal15, SnapshotCase, persistence.AggregateRecorderTestCase): ...


class TestApplicationOn18(OnEmbedded18, SubscribingCase, persistence.ApplicationRecorderTestCase[Any]): ...


class TestApplicationOn15(OnExternal15, SubscribingCase, persistence.ApplicationRecorderTestCase[Any]): ...


class TestTrackingOn18(OnEmbedded18, TrackingCase, persistence.TrackingRecorderTestCase): ...


class TestTrackingOn15(OnExternal15, TrackingCase, persistence.TrackingRecorderTestCase): ...


class TestProcessOn18(OnEmbedded18, ProcessCase, persistence.ProcessRecorderTestCase): ...


class TestProcessOn15(OnExternal15, ProcessCase, persistence.ProcessRecorderTestCase): ...


class TestPositionsOn18(OnEmbedded18, ApplicationCase, persistence.NonInterleavingNotificationIDsBaseCase): ...


class TestPositionsOn15(OnExternal15, ApplicationCase, persistence.NonInterleavingNotificationIDsBaseCase): ...


class TestFactoryOn18(OnEmbedded18, FactoryCase, persistence.InfrastructureFactoryTestCase[Any]): ...


class TestFactoryOn15(OnExternal15, FactoryCase, persistence.InfrastructureFactoryTestCase[Any]): ...
