"""A TCP proxy before PostgreSQL that stops passing on at an append, in the way that the test chose."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import Enum, auto

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_SENT, _DONE = b"\0append\0", b"Z\0\0\0\5I"
"""In the client's Bind message of the statement that appends, and the server's ReadyForQuery after its commit."""


class AtAppend(Enum):
    PASS = auto()
    LOSE_THE_ORDER = auto()
    """The server never hears of it: the client is cut off, then the server."""
    LOSE_THE_ANSWER = auto()
    """The server commits, but the client is cut off before it hears of it."""
    DELAY_THE_ORDER = auto()
    """The client is cut off at once; the server hears of it when the test says so."""
    LOSE_THE_CLIENT = auto()
    """The client is cut off at once, while the server is at it."""


class Proxy:
    """`url` leads through it. What happens at an append happens once; then it passes everything on again."""

    def __init__(self, url: str) -> None:
        self._target = conninfo_to_dict(url)
        self.url = ""
        self.at_append = AtAppend.PASS
        self.deliver, self.delivered = asyncio.Event(), asyncio.Event()
        self.before_the_cut: Callable[[], Awaitable[object]] = _nothing
        self.away = False
        self.connections = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with contextlib.closing(writer):
            if self.away:
                return
            self.connections += 1
            host, port = str(self._target["host"]), int(str(self._target["port"]))
            up_reader, up_writer = await asyncio.open_connection(host, port)
            with contextlib.closing(up_writer), contextlib.suppress(ConnectionError):
                await self._pass_on(reader, writer, up_reader, up_writer)
        self._tasks.discard(task)

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
    ) -> None:
        back = asyncio.create_task(_copy(up_reader, writer, lambda _: False))
        try:
            chunk = await _copy(reader, up_writer, lambda data: self.at_append != AtAppend.PASS and _SENT in data)
            if not chunk:
                return
            what, self.at_append = self.at_append, AtAppend.PASS
            back.cancel()
            await asyncio.gather(back, return_exceptions=True)
            if what == AtAppend.LOSE_THE_ORDER:
                return
            if what in (AtAppend.DELAY_THE_ORDER, AtAppend.LOSE_THE_CLIENT):
                writer.close()
            if what == AtAppend.DELAY_THE_ORDER:
                await self.deliver.wait()
            up_writer.write(chunk)
            heard = b""
            while _DONE not in heard:
                more = await up_reader.read(65536)
                assert more, "the server went away instead of committing"
                heard += more
            self.delivered.set()
            await self.before_the_cut()
        finally:
            back.cancel()
            await asyncio.gather(back, return_exceptions=True)

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _nothing() -> None:
    pass


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter, stop: Callable[[bytes], bool]) -> bytes:
    """Pass on until the end, or until a chunk that is not passed on but given back."""
    while data := await source.read(1 << 20):
        if stop(data):
            return data
        sink.write(data)
        await sink.drain()
    sink.close()
    return b""


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[Proxy]:
    """A proxy before the server of `url`, which must be reached over TCP."""
    proxy = Proxy(url)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    proxy.url = make_conninfo(url, host="127.0.0.1", port=port, sslmode="disable")
    async with server:
        yield proxy
        await proxy.end()
