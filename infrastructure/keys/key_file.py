"""The SQLite file of a key store: who may change it when, and that what is on disk stays there or is gone."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from infrastructure.keys.errors import KeyStoreError
from infrastructure.keys.files import make_folder, open_private
from infrastructure.sql import load

_PATIENCE = 30.0
"""Seconds to wait for another process's change: rewrapping a million keys takes some ten."""

# What is deleted is overwritten with zeros. EXTRA has the end of a transaction on disk too: a key must not be lost when
# the event that it encrypted is not. Without cache_spill a large change keeps readers out for its commit alone.
_PRAGMAS = ("secure_delete = ON", "journal_mode = DELETE", "synchronous = EXTRA", "cache_spill = OFF")

_STATEMENTS = {path.stem: load(__file__, path.stem).decode() for path in (Path(__file__).parent / "sql").glob("*.sql")}


class KeyFile:
    """Two connections: one for changes, of one thread at a time, and one to look a key up while a change is made."""

    def __init__(self, path: Path) -> None:
        """Open it, or begin a new one, for its owner alone.

        Raises:
            KeyStoreError: it can't be used.
        """
        self.path = path
        self._lock = threading.Lock()
        with ExitStack() as opened, self._told():
            make_folder(path.parent)
            os.close(open_private(path, os.O_RDWR))
            self._writer = opened.enter_context(closing(_connect(path)))
            self._reader = opened.enter_context(closing(_connect(path)))
            self._writer.executescript(_STATEMENTS["tables"])
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close the connections."""
        self._opened.close()

    def look_up(self, statement: str, /, **parameters: Any) -> list[Any]:
        """The rows of a statement, without waiting for a change that this process is making."""
        with self._told():
            return self._reader.execute(_STATEMENTS[statement], parameters).fetchall()

    def run(self, statement: str, /, **parameters: Any) -> list[Any]:
        """The rows of a statement; within `looking` or `changing`."""
        return self._writer.execute(_STATEMENTS[statement], parameters).fetchall()

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Statements that change nothing."""
        with self._lock, self._told():
            yield

    @contextmanager
    def changing(self) -> Iterator[None]:
        """A transaction that no other change, of whichever process, can come into; on disk when it ends."""
        with self._lock, self._told():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise KeyStoreError(f"the key store {self.path} can't be used: {error}") from error


def _connect(path: Path) -> sqlite3.Connection:
    # The writer is used under our lock, the reader under SQLite's own.
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection
