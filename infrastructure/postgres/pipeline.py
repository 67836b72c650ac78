"""Prepared statements sent down one connection without waiting for the answers to those before.

psycopg's own pipeline costs more than half of what an append takes in Python, because it serves any statement and any
type. This one knows its statements beforehand, takes parameters that are packed already (arrays.py) and gives results
as the server sent them; the connection's set-up, its end and the protocol are psycopg's and libpq's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult

_SYNC, _TUPLES = ExecStatus.PIPELINE_SYNC, ExecStatus.TUPLES_OK
_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE)


class Statement(NamedTuple):
    """A statement by the name that it was prepared under, and its parameters in PostgreSQL's binary formats."""

    name: bytes
    parameters: Sequence[bytes | None]


class Prepared(NamedTuple):
    """What to prepare: numbered parameters, and the oids of their types."""

    name: bytes
    statement: bytes
    types: Sequence[int]


Answer = Callable[[list[PGresult] | psycopg.Error], None]


class _Exchange(NamedTuple):
    answer: Answer
    results: list[PGresult]


class Pipeline:
    """Takes a connection over, which must be in autocommit; `lost` is called once when it breaks.

    The statements of one `send` are one transaction, which commits when all of them went well and leaves nothing
    otherwise. They are answered in the order in which they were sent.
    """

    def __init__(self, connection: AsyncConnection[Any], lost: Callable[[], None]) -> None:
        self._connection, self._pgconn, self._lost = connection, connection.pgconn, lost
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Exchange] = deque()
        self._fd = self._pgconn.socket
        self._writing = self._open = False

    async def open(self, statements: Sequence[Prepared]) -> None:
        """Prepare, and begin."""
        self._pgconn.nonblocking = 1
        self._pgconn.enter_pipeline_mode()
        self._loop.add_reader(self._fd, self._read)
        self._open = True
        for name, statement, types in statements:
            self._pgconn.send_prepare(name, statement, param_types=list(types))
        prepared: asyncio.Future[list[PGresult] | psycopg.Error] = self._loop.create_future()
        broken = psycopg.OperationalError("the connection broke while statements were being prepared")
        lost, self._lost = self._lost, lambda: prepared.set_result(broken)
        self._finish_sending(prepared.set_result)
        outcome = await prepared
        self._lost = lost
        if isinstance(outcome, psycopg.Error):
            self.close()
            raise outcome

    def send(self, statements: Iterable[Statement], answer: Answer) -> None:
        """Have statements carried out; `answer` gets a result for each, or the error that undid them all.

        Each is taken when the one before was handed to libpq, so that large ones needn't be in memory all at once.
        """
        try:
            for name, parameters in statements:
                self._pgconn.send_query_prepared(name, parameters, [Format.BINARY] * len(parameters), Format.BINARY)
        except psycopg.OperationalError:
            self._break()
            return
        self._finish_sending(answer)

    def _finish_sending(self, answer: Answer) -> None:
        self._waiting.append(_Exchange(answer, []))
        try:
            self._pgconn.pipeline_sync()
            self._flush()
        except psycopg.OperationalError:
            self._break()

    def close(self) -> None:
        """Leave the connection alone. What is unanswered stays so."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._fd)
            if self._writing:
                self._loop.remove_writer(self._fd)

    def _flush(self) -> None:
        # 1: the socket's buffer is full; the rest goes when there is room, and the server is heard meanwhile.
        wants = self._pgconn.flush() == 1
        if wants != self._writing:
            self._writing = wants
            if wants:
                self._loop.add_writer(self._fd, self._write)
            else:
                self._loop.remove_writer(self._fd)

    def _write(self) -> None:
        try:
            self._flush()
        except psycopg.OperationalError:
            self._break()

    def _read(self) -> None:
        pgconn = self._pgconn
        try:
            pgconn.consume_input()
            if self._writing:
                self._flush()
        except psycopg.OperationalError:
            self._break()
            return
        while self._waiting and not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:
                # The end of one statement's results.
                continue
            if pgconn.status == ConnStatus.BAD:
                self._break()
                return
            if result.status == _SYNC:
                exchange = self._waiting.popleft()
                failed = next((one for one in exchange.results if one.status in _FAILED), None)
                exchange.answer(psycopg.errors.error_from_result(failed) if failed else exchange.results)
            else:
                self._waiting[0].results.append(result)
            if not self._open:
                return

    def _break(self) -> None:
        if self._open:
            self.close()
            self._waiting.clear()
            self._lost()
