"""The lock on a data folder."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import IO


class AlreadyRunningError(Exception):
    """Another `contextline up` holds the data folder."""


@contextlib.contextmanager
def hold(data_dir: Path) -> Iterator[IO[str]]:
    """Hold the data folder: at most one `up` works in it at a time. The lock goes with the process, however it ends.

    Raises:
        AlreadyRunningError: another one holds it; the message tells which and where it answers.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyRunningError(
                f"contextline is running on {data_dir} already ({lock.read() or 'just starting'}): use that one, stop "
                "it, or choose another folder with CONTEXTLINE_DATA_DIR"
            ) from None
        lock.truncate(0)
        yield lock
