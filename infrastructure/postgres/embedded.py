"""A PostgreSQL of our own: a child process on a folder of ours, reached over a Unix socket and nothing else.

Whoever can get into the socket's folder is trusted to be any role; the folder is open to one user alone. The server
outlives a parent that is killed, and the next start adopts it.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from infrastructure.postgres.embedded_cluster import (
    DATABASE,
    OWNER,
    SUPERUSER,
    ensure_database,
    ensure_login,
    make_cluster,
    verify_cluster,
)
from infrastructure.postgres.embedded_layout import (
    PORT,
    Layout,
    binaries_for,
    choose_layout,
    default_data_dir,
    ensure_private,
    find_layout,
    locked,
    make_data_folder,
    socket_folder,
)
from infrastructure.postgres.embedded_process import (
    ServerLog,
    clear_stale_locks,
    cluster_name,
    end_orphans,
    find_postmaster,
    is_alive,
    recorded_socket_folder,
)
from infrastructure.postgres.service_user import Account, EmbeddedPostgresError, own_account

__all__ = ["DATABASE", "OWNER", "SUPERUSER", "EmbeddedPostgres", "EmbeddedPostgresError", "default_data_dir"]

DEFAULT_SETTINGS: Mapping[str, str] = {
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "max_connections": "100",
    "jit": "off",
    "wal_compression": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}

_POLL = 0.05
# Backends whose postmaster was killed leave by themselves as soon as they look up from their work.
_ORPHAN_PATIENCE = 5.0
_QUIT_PATIENCE = 10.0
# Complaints about processes that are just leaving: worth another try.
_PASSING = ("pre-existing shared memory block", 'lock file "')


class EmbeddedPostgres:
    """The PostgreSQL server of one data folder.

    Any number of these objects, in any number of processes, may be started on one folder: they share one server, and
    the first `stop` stops it for all.
    """

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        """`data_dir` is made by `start`. `settings` are PostgreSQL's, over ours; where it listens can't be changed."""
        self.data_dir = Path(data_dir).resolve()
        self._settings = {**DEFAULT_SETTINGS, **(settings or {})}
        self._process: subprocess.Popen[bytes] | psutil.Process | None = None
        self._layout: Layout | None = None
        self._log = ServerLog(self.data_dir / "postgres.log")

    @property
    def pid(self) -> int | None:
        """The process id of the server, or None while it doesn't run for us."""
        return self._process.pid if self._process is not None and self.is_running() else None

    @property
    def bin_dir(self) -> Path:
        """Where postgres, pg_dump and the others are.

        Raises:
            EmbeddedPostgresError: PostgreSQL isn't installed.
        """
        return binaries_for(self._account())

    def url(self, user: str = OWNER, database: str = DATABASE) -> str:
        """Where libpq reaches `database` as the role `user`.

        Raises:
            EmbeddedPostgresError: the data folder has no cluster yet.
        """
        layout = self._layout or find_layout(self.data_dir)
        if layout is None:
            raise EmbeddedPostgresError(f"There is no PostgreSQL in {self.data_dir} yet: start it first.")
        host = quote(os.fsencode(self._socket_folder(layout)), safe="")
        return f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?host={host}&port={PORT}"

    def make_login(self, name: str, roles: Sequence[str]) -> None:
        """One who can take on these roles and can do nothing before, unless it is there."""
        ensure_login(self.url(SUPERUSER, "postgres"), name, roles)

    def is_running(self) -> bool:
        """Whether the process that we started or adopted is alive; it may not accept connections yet."""
        if isinstance(self._process, subprocess.Popen):
            return self._process.poll() is None
        return self._process is not None and is_alive(self._process)

    def start(self, timeout: float = 60.0) -> None:
        """Make the cluster if there is none, start its server or adopt the running one; returns when it can be used.

        `timeout` is in seconds. A server that is still recovering when it ends is left running, so that the next start
        finds it further on.

        Raises:
            EmbeddedPostgresError: it couldn't be done, and what to do about it.
        """
        deadline = time.monotonic() + timeout
        try:
            make_data_folder(self.data_dir)
            with locked(self.data_dir / "postgres.lock", deadline) as lock:
                self._layout = layout = choose_layout(self.data_dir)
                sync = self._settings.get("fsync") != "off"
                make_cluster(layout, self.bin_dir, lock, deadline, sync=sync)
                verify_cluster(layout)
                self._launch(layout, deadline)
                ensure_database(self.url(SUPERUSER, "postgres"))
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            raise EmbeddedPostgresError(
                f"{error} after {timeout:g} s: another start, or a process of an earlier server, hasn't ended. "
                "Wait for it or end it, then start again."
            ) from error
        except PermissionError as error:
            raise EmbeddedPostgresError(
                f"{error}: run contextline as the user that the data folder {self.data_dir} belongs to, or choose "
                "another data folder."
            ) from error
        except OSError as error:
            raise EmbeddedPostgresError(
                f"PostgreSQL can't be run in {self.data_dir}: {error}. Make room or mend the disk, "
                "or choose another data folder."
            ) from error
        except psycopg.Error as error:
            raise EmbeddedPostgresError(
                f"PostgreSQL runs, but its database can't be set up: {error}. See {self._log.path}, then start again."
            ) from error

    def stop(self, timeout: float = 30.0) -> None:
        """Stop the server, ending its sessions; does nothing when it doesn't run for us.

        It has `timeout` seconds to write everything to its tables. After that it is told to stop at once, which loses
        nothing but makes the next start take longer.

        Raises:
            EmbeddedPostgresError: it runs on nevertheless.
        """
        if self._process is None or self._layout is None:
            return
        socket = self._socket_folder(self._layout)
        for order, patience in ((signal.SIGINT, timeout), (signal.SIGQUIT, _QUIT_PATIENCE)):
            if self.is_running():
                with suppress(psutil.NoSuchProcess):
                    self._process.send_signal(order)
            if self._ends_within(patience):
                break
        else:
            raise EmbeddedPostgresError(
                f"PostgreSQL (process {self._process.pid}) doesn't stop, probably for a disk that doesn't answer: "
                "end it with SIGKILL, and the next start recovers what was committed."
            )
        self._process = None
        if socket != self._layout.cluster:
            with suppress(OSError):
                socket.rmdir()

    def _ends_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.is_running():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL)
        return True

    def _account(self) -> Account:
        layout = self._layout or find_layout(self.data_dir)
        return layout.account if layout else own_account()

    def _socket_folder(self, layout: Layout) -> Path:
        """The running server's own word goes first: it may have been started with another TMPDIR than ours."""
        return recorded_socket_folder(layout) or socket_folder(layout)

    def _launch(self, layout: Layout, deadline: float) -> None:
        while True:
            if not self.is_running():
                self._process = find_postmaster(layout)
            adopted = isinstance(self._process, psutil.Process)
            if self._process is None:
                self._spawn(layout, deadline)
            elif (socket := self._socket_folder(layout)) != layout.cluster:
                ensure_private(socket, layout.account)
            if self._accepts_connections(deadline):
                return
            said = "" if adopted else self._log.tail()
            passing = adopted or any(complaint in said for complaint in _PASSING)
            if not passing or time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"PostgreSQL ended while it started; {self._log.path} says:\n{said}")
            time.sleep(_POLL)

    def _spawn(self, layout: Layout, deadline: float) -> None:
        socket = socket_folder(layout)
        if socket != layout.cluster:
            ensure_private(socket, layout.account)
        where = {"listen_addresses": "", "unix_socket_directories": str(socket), "port": str(PORT)}
        settings = {**self._settings, **where, "cluster_name": cluster_name(layout)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with ExitStack() as stack:
            # Every process of the server inherits this lock: it is free when the last of them is gone.
            held = self.data_dir / "postgres.alive"
            try:
                alive = stack.enter_context(locked(held, min(deadline, time.monotonic() + _ORPHAN_PATIENCE)))
            except TimeoutError:
                end_orphans(layout)
                alive = stack.enter_context(locked(held, deadline))
            clear_stale_locks(layout, socket)
            log = stack.enter_context(self._log.opened())
            bin_dir = self.bin_dir
            self._process = subprocess.Popen(
                [bin_dir / "postgres", "-D", layout.cluster, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(alive,),
                start_new_session=True,
                **layout.account.process_options(bin_dir),
            )

    def _accepts_connections(self, deadline: float) -> bool:
        """Wait until the server can be used; False when it ends instead."""
        while self.is_running():
            try:
                with psycopg.connect(self.url(SUPERUSER, "postgres"), connect_timeout=5):
                    return True
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise EmbeddedPostgresError(
                        f"PostgreSQL (process {self.pid}) runs, but doesn't accept connections: {error}. "
                        f"If {self._log.path} says that it is recovering, start again: it goes on meanwhile."
                    ) from error
            time.sleep(_POLL)
        return False
