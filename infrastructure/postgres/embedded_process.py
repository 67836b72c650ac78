"""Processes of an embedded PostgreSQL that we haven't started ourselves, or that outlived the one that we had."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from infrastructure.postgres.embedded_layout import PORT, Layout, open_file

_PID_FILE = "postmaster.pid"
_SOCKET_LINE = 4
_MAX_LOG_BYTES = 10 * 1024 * 1024
_TAIL_BYTES = 4000


class ServerLog:
    """What the server has to say. A file that has grown beyond 10 MB is moved to `<name>.1` before the next start."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = 0

    @contextmanager
    def opened(self) -> Iterator[int]:
        """A descriptor for a server that is about to be started."""
        with suppress(FileNotFoundError):
            if self.path.lstat().st_size > _MAX_LOG_BYTES:
                self.path.replace(f"{self.path}.1")
        descriptor = open_file(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            self._start = os.fstat(descriptor).st_size
            yield descriptor
        finally:
            os.close(descriptor)

    def tail(self) -> str:
        """The end of what the server has said that the log was last opened for; at most 4000 bytes."""
        with self.path.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._start, end - _TAIL_BYTES))
            return log.read().decode(errors="replace").strip()


def cluster_name(layout: Layout) -> str:
    """What PostgreSQL puts into the titles of its processes, by which those of one cluster are told from others'."""
    return f"contextline-{layout.digest}"


def is_alive(process: psutil.Process) -> bool:
    """Whether this very process still runs: a zombie doesn't, nor does another one that has its number now."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def find_postmaster(layout: Layout) -> psutil.Process | None:
    """The running server of this cluster, whoever started it; None when there is none, whatever its pid file says.

    It is known by its command line, which root may read even where it may not ask for another user's working folder, as
    in a container without the right to trace processes.
    """
    try:
        process = psutil.Process(int(_recorded(layout)[0]))
        program, *arguments = process.cmdline()
        same_user = process.uids().real == layout.account.uid
    except (ValueError, OverflowError, psutil.Error):
        return None
    ours = same_user and Path(program).name == "postgres" and str(layout.cluster) in arguments
    return process if ours and is_alive(process) else None


def recorded_socket_folder(layout: Layout) -> Path | None:
    """Where the server says that its socket is; None when it doesn't run or hasn't opened it yet."""
    if find_postmaster(layout) is None:
        return None
    lines = _recorded(layout)
    return Path(lines[_SOCKET_LINE]) if len(lines) > _SOCKET_LINE and lines[_SOCKET_LINE] else None


def end_orphans(layout: Layout) -> None:
    """Tell backends whose postmaster is gone to exit at once, as the postmaster does when one of them has crashed.

    What they have committed is in the write-ahead log; what they are doing can't be used: a new server can't start
    before they are gone.
    """
    title = f"postgres: {cluster_name(layout)}: "
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if " ".join(process.cmdline()).startswith(title) and process.uids().real == layout.account.uid:
                process.send_signal(signal.SIGQUIT)


def clear_stale_locks(layout: Layout, socket: Path) -> None:
    """Remove lock files that PostgreSQL would take for a running server's. Only for who knows that there is none.

    A number of a process that is gone it recognises itself. It doesn't when the number is another process's by now,
    usual in containers where numbers start from 1 each time, or when the file was cut short by a power failure.
    """
    for lock in (layout.cluster / _PID_FILE, socket / f".s.PGSQL.{PORT}.lock"):
        with suppress(FileNotFoundError):
            first = lock.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
            if not first.isdecimal() or psutil.pid_exists(int(first)):
                lock.unlink()


def _recorded(layout: Layout) -> list[str]:
    try:
        return (layout.cluster / _PID_FILE).read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    except FileNotFoundError:
        return [""]
