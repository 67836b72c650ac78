"""The erasure ledger: which keys were destroyed, for ever. It is applied again whenever the key store is opened.

A file of JSON lines, apart from the key store: the first names the ledger, each other one is an erasure. It holds ids
of keys and nothing that tells whose they were. Lines are only ever added, by whoever holds the key store's write lock.
"""

from __future__ import annotations

import copy
import os
from datetime import datetime
from pathlib import Path

import msgspec

from infrastructure.keys.errors import KeyStoreError
from infrastructure.keys.files import make_folder, open_private, sync_folder


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One erasure: of a context, a session or a user; the ids of its keys in hexadecimal."""

    erasure: str
    at: datetime
    kind: str
    keys: tuple[str, ...]


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ledger: str
    format: int


class ErasureLedger:
    """An open ledger. `new_entries` gives each line once to each object. Opened under the key store's write lock."""

    def __init__(self, path: Path) -> None:
        """Open it; a new one is begun where there is none.

        Raises:
            KeyStoreError: what is there is no ledger, or is damaged.
        """
        self.path = path
        make_folder(path.parent)
        self._descriptor = open_private(path, os.O_RDWR | os.O_APPEND)
        self._read, self._lines = 0, 0
        try:
            self.id = self._begin()
        except BaseException:
            self.close()
            raise

    def follower(self) -> ErasureLedger:
        """Another one, which goes on reading from here by itself."""
        other = copy.copy(self)
        other._descriptor = os.dup(self._descriptor)
        return other

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    @property
    def size(self) -> int:
        """Bytes."""
        return os.fstat(self._descriptor).st_size

    @property
    def has_more(self) -> bool:
        """Whether there may be lines that were not read; cheap to ask."""
        return self.size != self._read

    @property
    def place(self) -> tuple[int, int]:
        """How far it was read."""
        return self._read, self._lines

    def go_back(self, place: tuple[int, int]) -> None:
        """Read from there once more."""
        self._read, self._lines = place

    @property
    def entries(self) -> int:
        """Erasures that were read so far."""
        return self._lines - 1

    def append(self, entry: Entry) -> None:
        """Add a line; it is on disk when this returns. The caller holds the key store's write lock."""
        self._cut_torn_line()
        self._write(msgspec.json.encode(entry))

    def new_entries(self) -> list[Entry]:
        """The erasures that were added since the last call, by whichever process.

        Raises:
            KeyStoreError: a line is damaged.
        """
        return [self._decode(line) for line in self._new_lines()]

    def _begin(self) -> str:
        self._cut_torn_line()
        if self.size == 0:
            head = _Head(os.urandom(8).hex(), 1)
            self._write(msgspec.json.encode(head))
            sync_folder(self.path.parent)
        first = os.pread(self._descriptor, 1000, 0).partition(b"\n")[0]
        try:
            head = msgspec.json.decode(first, type=_Head)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise KeyStoreError(f"CONTEXTLINE_ERASURE_LEDGER: {self.path} is no erasure ledger") from None
        self._read, self._lines = len(first) + 1, 1
        return head.ledger

    def _write(self, line: bytes) -> None:
        rest = memoryview(line + b"\n")
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        os.fsync(self._descriptor)

    def _cut_torn_line(self) -> None:
        """Who wrote it was stopped before it was on disk, and so before anything was done by it."""
        size = self.size
        whole = size
        while whole and os.pread(self._descriptor, 1, whole - 1) != b"\n":
            chunk = os.pread(self._descriptor, min(4096, whole), max(0, whole - 4096))
            whole = max(0, whole - 4096) + (chunk.rfind(b"\n") + 1)
        if whole != size:
            os.ftruncate(self._descriptor, whole)

    def _new_lines(self) -> list[bytes]:
        size = self.size
        if size < self._read:
            raise KeyStoreError(f"the erasure ledger {self.path} became shorter: put the longest one back")
        content = os.pread(self._descriptor, size - self._read, self._read)
        # What has no end yet is being written by another process.
        whole = content.rfind(b"\n") + 1
        self._read += whole
        return content[:whole].splitlines()

    def _decode(self, line: bytes) -> Entry:
        self._lines += 1
        try:
            return msgspec.json.decode(line, type=Entry)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise KeyStoreError(
                f"line {self._lines} of the erasure ledger {self.path} is damaged: put a copy of the ledger in its "
                "place; without it what was erased could come back"
            ) from None
