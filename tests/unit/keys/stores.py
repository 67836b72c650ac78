"""Key stores on files of their own, as the processes of one machine open them."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infrastructure.keys.master import LocalMasterKey, MasterKey
from infrastructure.keys.sqlite import FILE_NAME, SqliteKeyStore
from infrastructure.keys.store import DataKey, Owner

NOW = "2026-01-01T00:00:00+00:00"
PLAN = Owner("default", "context\n\nplan", "s-1", "u-1")
NOTE = Owner("default", "context\n\nnote", "s-1", None)
OTHER = Owner("default", "context\n\nother", None, None)


class Places:
    """Where a key store and its ledger are, and the master key that opens it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ledger = folder / "keys", folder / "ledger" / "erasures.jsonl"
        self.master: MasterKey = LocalMasterKey(os.urandom(32))

    @property
    def file(self) -> Path:
        return self.folder / FILE_NAME

    def open(self, *masters: MasterKey) -> SqliteKeyStore:
        return SqliteKeyStore(self.folder, self.ledger, lambda: list(masters) or [self.master])

    @contextmanager
    def opened(self, *masters: MasterKey) -> Iterator[SqliteKeyStore]:
        store = self.open(*masters)
        try:
            yield store
        finally:
            store.close()

    def copy(self) -> Path:
        """The key store's file as it is now, kept apart."""
        kept = self.folder.parent / "copy"
        shutil.copy(self.file, kept)
        return kept


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


def key_of(store: SqliteKeyStore, owner: Owner = PLAN) -> DataKey:
    (key,) = store.ensure([owner], NOW)
    return key


def destroy(store: SqliteKeyStore, *owners: Owner, subject: str = "context") -> list[str]:
    """Destroy the keys of these owners' streams; the names of those whose log is to tell it."""
    names = [owner.stream_name for owner in owners]
    return [erasure.stream_name for erasure in store.destroy("default", names, subject, "asked for", "me", NOW)]
