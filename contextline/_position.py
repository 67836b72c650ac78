"""Reading your own writes: the place in the log that a client knows its commands to have reached."""

from __future__ import annotations

import threading


class SeenPosition:
    """The highest position that a client's commands were answered with; for use by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._highest = 0

    @property
    def highest(self) -> int:
        """0 if no command was answered yet."""
        return self._highest

    def note(self, position: int) -> None:
        """A command was answered with it."""
        with self._lock:
            self._highest = max(self._highest, position)

    def forget(self) -> None:
        """The log is not the one that gave out these positions."""
        with self._lock:
            self._highest = 0
