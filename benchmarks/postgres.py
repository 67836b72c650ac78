"""A PostgreSQL that waits for the disk, as one in earnest does: ours, with its default settings, in its own folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import psycopg
from psycopg import sql

from infrastructure.postgres.embedded import OWNER, SUPERUSER, EmbeddedPostgres
from infrastructure.postgres.migrate import migrate

TOLD = (
    *("server_version", "fsync", "synchronous_commit", "wal_sync_method", "full_page_writes", "wal_compression"),
    *("shared_buffers", "max_wal_size", "wal_level"),
)
"""The settings that go into the results."""


class Server:
    """A running server that makes fresh databases."""

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self._postgres = postgres

    @property
    def programs(self) -> Path:
        """Where pgbench and the others are, of the same version as the server."""
        return self._postgres.bin_dir

    @contextmanager
    def database(self) -> Iterator[str]:
        """The owner's URL of a fresh database, migrated; dropped afterwards."""
        name = f"bench_{uuid4().hex[:12]}"
        self._execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0"), name, OWNER)
        url = self._postgres.url(OWNER, name)
        try:
            migrate(url)
            yield url
        finally:
            self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)"), name)

    def checkpoint(self) -> None:
        """Write all that is dirty now, and not in the middle of the next measurement."""
        self._execute(sql.SQL("CHECKPOINT"))

    def facts(self) -> dict[str, Any]:
        """The settings that decide about durability and speed, and what the data lie on."""
        with psycopg.connect(self._postgres.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            rows = connection.execute(
                "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY (%s)", (list(TOLD),)
            ).fetchall()
        return {**dict(sorted(rows)), "filesystem": _filesystem(self._postgres.data_dir)}

    def _execute(self, statement: sql.SQL, *names: str) -> None:
        with psycopg.connect(self._postgres.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            connection.execute(statement.format(*map(sql.Identifier, names)))


@contextmanager
def durable_server() -> Iterator[Server]:
    """Started on an empty folder; stopped and cleared away afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="contextline-bench-", dir=_disk())).resolve()
    try:
        # PostgreSQL doesn't run as root: the user that it runs as has to get through.
        folder.chmod(0o711)
        postgres = EmbeddedPostgres(folder / "data")
        postgres.start()
        try:
            yield Server(postgres)
        finally:
            postgres.stop()
    finally:
        shutil.rmtree(folder)


def _disk() -> str:
    """/tmp is often memory, where waiting for the disk costs nothing and says nothing; /var/tmp is not."""
    if "TMPDIR" not in os.environ and os.access("/var/tmp", os.W_OK):
        return "/var/tmp"
    return tempfile.gettempdir()


def _filesystem(folder: Path) -> str:
    mounts = [part for part in psutil.disk_partitions(all=True) if folder.is_relative_to(part.mountpoint)]
    return max(mounts, key=lambda part: len(part.mountpoint)).fstype if mounts else "unknown"
