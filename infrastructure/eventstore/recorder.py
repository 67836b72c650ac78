"""The `eventsourcing` library's recorder interfaces on our log: one log, one format, two faces.

The library is synchronous and calls from many threads; ours is one asynchronous writer. So the factory runs the store
on an event loop in a thread of its own, and concurrent saves of the library's applications share group commits too.

    env = {"PERSISTENCE_MODULE": "infrastructure.eventstore.recorder", "CONTEXTLINE_DATABASE_URL": "postgresql://…"}
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import CancelledError, Future
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import psycopg
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    IntegrityError,
    ListenNotifySubscription,
    Notification,
    OperationalError,
    ProcessRecorder,
    ProgrammingError,
    StoredEvent,
    Subscription,
    Tracking,
    TrackingRecorder,
)
from eventsourcing.utils import Environment, EnvType, resolve_topic

from domain.errors import UnavailableError, VersionConflictError
from infrastructure.eventstore import requests
from infrastructure.eventstore.follow import LOG_CHANNEL, Listener
from infrastructure.eventstore.pages import StoredRow
from infrastructure.eventstore.read import MAX_VERSION
from infrastructure.eventstore.requests import AppendRequest, NewEvent, StreamAppend, TrackingConflictError
from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.postgres.connections import API, connect
from infrastructure.sql import load

_READ_TYPES = load(__file__, "read_log_of_types")
_LOG_END = load(__file__, "log_end")
_MAX_TRACKING = load(__file__, "max_tracking")
_INSERT_SNAPSHOT = load(__file__, "insert_snapshot")
_SELECT_SNAPSHOTS = load(__file__, "select_snapshots")
_EVERYTHING = 2**63 - 1

T = TypeVar("T")


class StoreThread:
    """A store on an event loop in a thread of its own, for callers that are not asynchronous."""

    def __init__(self, url: str, tenant: str = "default") -> None:
        self.url = url
        self._loop = asyncio.new_event_loop()
        self._guard = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._loop.run_forever, name="contextline-store", daemon=True)
        self._thread.start()
        self.store = self.run(self._open(url))
        try:
            self.tenant_id = self.run(self.store.tenants.number(tenant))
        except BaseException:
            self.close()
            raise

    @staticmethod
    async def _open(url: str) -> PostgresEventStore:
        return await PostgresEventStore(url, lambda: datetime.now(UTC)).__aenter__()

    def start(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Have it run on the loop."""
        with self._guard:
            if self._closed:
                coroutine.close()
                raise OperationalError("the recorder's factory was closed")
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run on the loop, wait for the result; errors come as the library's."""
        try:
            return self.start(coroutine).result()
        except (VersionConflictError, TrackingConflictError) as error:
            raise IntegrityError(error) from error
        except psycopg.errors.UniqueViolation as error:
            raise IntegrityError(error) from error
        except (UnavailableError, psycopg.OperationalError) as error:
            raise OperationalError(error) from error
        except CancelledError as error:
            raise OperationalError("the recorder's factory was closed meanwhile") from error

    def fetch(self, statement: bytes, parameters: dict[str, Any]) -> list[Any]:
        """The rows of a statement."""
        return self.run(self.store.database.fetch(statement, parameters))

    def close(self) -> None:
        """Finish what waits to be written, give up what is being read, and end the thread."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        await self.store.__aexit__()
        # Subscriptions, and calls of other threads, which would wait for ever on a loop that stands still.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def _originator(row: StoredRow) -> UUID | str:
    """The library's streams are named by their id where that is a string; ours have names of several lines."""
    return row.stream_name if row.stream_name and "\n" not in row.stream_name else row.stream_id


def _stream(originator_id: UUID | str) -> tuple[UUID, str]:
    if isinstance(originator_id, UUID):
        return originator_id, ""
    return UUID(bytes=hashlib.sha256(originator_id.encode()).digest()[:16]), originator_id


class LogAggregateRecorder(AggregateRecorder):
    """Streams of the log, for reading and appending aggregates."""

    def __init__(self, thread: StoreThread) -> None:
        self._thread = thread

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Append; what can't all be appended is not appended at all."""
        self._append(stored_events, None)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """A stream's events, in either direction."""
        thread = self._thread
        stream_id, _ = _stream(originator_id)
        rows = thread.run(
            thread.store.reader.stream_rows(
                thread.tenant_id,
                stream_id,
                after=requests.ABSENT if gt is None else gt,
                up_to=lte,
                limit=limit,
                descending=desc,
            )
        )
        names = thread.run(self._names(rows))
        return [StoredEvent(_originator(row), row.version, names[row.type_id], row.payload) for row in rows]

    async def _names(self, rows: Sequence[StoredRow]) -> dict[int, str]:
        return {number: await self._thread.store.types.name(number) for number in {row.type_id for row in rows}}

    def _append(self, stored_events: Sequence[StoredEvent], tracking: Tracking | None) -> list[int] | None:
        if not stored_events and tracking is None:
            return None
        streams: list[StreamAppend] = []
        for event in stored_events:
            stream_id, name = _stream(event.originator_id)
            new = NewEvent(self._thread.run(self._thread.store.type_id(event.topic)), b"", event.state)
            last = streams[-1] if streams else None
            if last and last.stream_id == stream_id:
                if event.originator_version != last.expected + len(last.events) + 1:
                    raise IntegrityError(f"version {event.originator_version} does not follow the one before it")
                streams[-1] = msgspec.structs.replace(last, events=[*last.events, new])
            else:
                streams.append(StreamAppend(stream_id, name, event.originator_version - 1, [new]))
        request = AppendRequest(
            self._thread.tenant_id,
            streams,
            requests.Tracking(tracking.application_name, tracking.notification_id) if tracking else None,
        )
        appended = self._thread.run(self._thread.store.append_raw(request))
        return list(range(appended.first, appended.last + 1))


class LogApplicationRecorder(LogAggregateRecorder, ApplicationRecorder):
    """The whole log of a tenant, as the library's notifications."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Append; the events' positions."""
        return self._append(stored_events, None)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The log from a position on, of these topics if any are named."""
        thread = self._thread
        after = (start or 0) - 1 if inclusive_of_start else start or 0
        known = [thread.run(thread.store.types.known_number(topic)) for topic in topics]
        rows = [
            StoredRow(*row)
            for row in thread.fetch(
                _READ_TYPES,
                {
                    "after": after,
                    "up_to": _EVERYTHING if stop is None else stop,
                    "tenant_id": thread.tenant_id,
                    "type_ids": [number for number in known if number is not None] if topics else None,
                    "limit": limit,
                },
            )
        ]
        names = thread.run(self._names(rows))
        return [
            Notification(_originator(row), row.version, names[row.type_id], row.payload, id=row.position)
            for row in rows
        ]

    def max_notification_id(self) -> int | None:
        """The last position, None where the log is empty."""
        rows = self._thread.fetch(_LOG_END, {})
        return rows[0][0] if rows else None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        """Follow the log."""
        return LogSubscription(self._thread, self, gt, topics)


class LogSubscription(ListenNotifySubscription[ApplicationRecorder]):
    """Pulls when NOTIFY rings."""

    def __init__(
        self, thread: StoreThread, recorder: ApplicationRecorder, gt: int | None, topics: Sequence[str]
    ) -> None:
        self._store_thread = thread
        self._ringer: Future[None] | None = None
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._ringer = thread.start(self._ring())

    def stop(self) -> None:
        """End the subscription."""
        super().stop()
        # The library's thread may stop it before there is one; `_ring` sees to that.
        if self._ringer is not None:
            self._ringer.cancel()

    async def _ring(self) -> None:
        thread = self._store_thread
        try:
            async with Listener(lambda: connect(thread.url, API, autocommit=True), LOG_CHANNEL) as listener:
                while not self._has_been_stopped:
                    seen = listener.rings
                    self._has_been_notified.set()
                    await listener.wait(seen, timeout=1.0)
        finally:
            # When the factory is closed first, who waits finds out by pulling once more.
            self._has_been_notified.set()


class LogTrackingRecorder(TrackingRecorder):
    """How far a process of the library has come in another's log."""

    def __init__(self, thread: StoreThread) -> None:
        self._thread = thread

    def insert_tracking(self, tracking: Tracking) -> None:
        """Record a position; it must be higher than the one before."""
        wanted = requests.Tracking(tracking.application_name, tracking.notification_id)
        self._thread.run(self._thread.store.append_raw(AppendRequest(self._thread.tenant_id, (), wanted)))

    def max_tracking_id(self, application_name: str) -> int | None:
        """The position recorded, None where there is none."""
        parameters = {"tenant_id": self._thread.tenant_id, "application_name": application_name}
        rows = self._thread.fetch(_MAX_TRACKING, parameters)
        return rows[0][0] if rows else None


class LogProcessRecorder(LogTrackingRecorder, LogApplicationRecorder, ProcessRecorder):
    """Appends events and records the position that they came of, in one transaction."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Append; `tracking` may be given."""
        return self._append(stored_events, kwargs.get("tracking"))


class SnapshotRecorder(AggregateRecorder):
    """The library's snapshots: versions need not be consecutive."""

    def __init__(self, thread: StoreThread) -> None:
        self._thread = thread

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Keep snapshots, all or none."""
        rows = [
            {
                "tenant_id": self._thread.tenant_id,
                "originator_id": str(event.originator_id),
                "version": event.originator_version,
                "topic": event.topic,
                "state": event.state,
            }
            for event in stored_events
        ]
        self._thread.run(self._thread.store.database.execute_all(_INSERT_SNAPSHOT, rows))
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Snapshots of an aggregate, in either direction."""
        rows = self._thread.fetch(
            _SELECT_SNAPSHOTS,
            {
                "tenant_id": self._thread.tenant_id,
                "originator_id": str(originator_id),
                "after": requests.ABSENT if gt is None else gt,
                "up_to": MAX_VERSION if lte is None else lte,
                "descending": desc,
                "limit": limit,
            },
        )
        return [StoredEvent(originator_id, version, topic, state) for _, version, topic, state in rows]


class LogFactory(InfrastructureFactory[TrackingRecorder]):
    """Makes recorders by the library's settings; the URL is CONTEXTLINE_DATABASE_URL, migrated beforehand."""

    DATABASE_URL = "CONTEXTLINE_DATABASE_URL"

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        self._opened: StoreThread | None = None

    @property
    def _thread(self) -> StoreThread:
        if self._opened is None:
            url = self.env.get(self.DATABASE_URL)
            if not url:
                raise ProgrammingError(f"{self.DATABASE_URL} is not set")
            self._opened = StoreThread(url)
        return self._opened

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """For events, or for snapshots."""
        return SnapshotRecorder(self._thread) if purpose == "snapshots" else LogAggregateRecorder(self._thread)

    def application_recorder(self) -> ApplicationRecorder:
        """For the log."""
        return LogApplicationRecorder(self._thread)

    def tracking_recorder(self, tracking_recorder_class: type[TrackingRecorder] | None = None) -> TrackingRecorder:
        """For positions in other logs."""
        topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
        wanted: Any = tracking_recorder_class or (resolve_topic(topic) if topic else LogTrackingRecorder)
        recorder: TrackingRecorder = wanted(self._thread)
        return recorder

    def process_recorder(self) -> ProcessRecorder:
        """For the log and positions in other logs."""
        return LogProcessRecorder(self._thread)

    def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None
