# Generated from _async/base.py by scripts/generate_sync_client.py: edit that, then run the script.
"""What all calls share: the connection, and the position that was seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from contextline._position import SeenPosition
from contextline._sync.transport import Transport
from contextline.errors import PositionNotInLogError

T = TypeVar("T")


class Base:
    """What all calls share: the connection, and the position that was seen."""

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        timeout: float = 10.0,
        retries: int = 2,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`url`: by default CONTEXTLINE_URL, else http://127.0.0.1:3100. `timeout` in seconds, for each step of a try.

        `retries`: how often a request is repeated at most. `transport`: for tests and servers in the same process.
        """
        self._transport = Transport(url, api_key=api_key, timeout=timeout, retries=retries, transport=transport)
        self._seen = SeenPosition()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._transport.url)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. The client can't be used any more."""
        self._transport.close()

    @property
    def position(self) -> int:
        """The highest position that this client's commands were answered with; 0 before the first."""
        return self._seen.highest

    def _read_model(
        self, path: str, kind: type[T], wanted: Mapping[str, Any], min_position: int | None, timeout: float | None
    ) -> T:
        parameters = {**wanted, "min_position": self._position_for(min_position), "timeout": timeout}
        with self._forgetting(min_position):
            return self._transport.read(path, kind, parameters, wait=timeout or 0)

    def _position_for(self, asked: int | None) -> int | None:
        """The position that a read model must have reached: the one asked for, else what was seen."""
        return (self._seen.highest if asked is None else asked) or None

    @contextmanager
    def _forgetting(self, asked: int | None) -> Iterator[None]:
        """A position that the log has not got is forgotten, unless the caller asked for it."""
        try:
            yield
        except PositionNotInLogError:
            if asked is None:
                self._seen.forget()
            raise
