"""Changing the master key: the data keys are wrapped anew, and nothing that they encrypt is touched.

The keys change in one transaction of the key store, so at any moment either the old or the new master key opens it, and
the store says which. A file that holds the master key is replaced in three steps: the new key is written beside it, the
data keys are wrapped anew, the new file takes the place of the old one. Whoever opens the store after the second step
finds the new key beside the old one, and does the third.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from infrastructure.keys.errors import KeyStoreError
from infrastructure.keys.files import locked, sync_folder
from infrastructure.keys.master import MasterKey, make_file, read_key, replacement
from infrastructure.keys.store import KeyStore


class Rotation(NamedTuple):
    """What was done: how many keys were wrapped anew, and the ids of the master keys before and now."""

    keys: int
    old: str
    new: str


def rotate_file(master_file: Path, store: KeyStore) -> Rotation:
    """Make a new master key in the place of the one in a file.

    Raises:
        KeyStoreError: the file can't be replaced, or the key store can't be used; the old key is in force.
    """
    with _told(master_file), locked(_lock(store)):
        _settle(master_file, store)
        old = store.status().master_key_id
        new = make_file(replacement(master_file))
        keys = store.rewrap(new)
        _settle(master_file, store)
        return Rotation(keys, old, new.id)


def rotate_to(new: MasterKey, store: KeyStore) -> Rotation:
    """Change to a master key that the caller keeps, and sets for every process from now on.

    Raises:
        KeyStoreError: it is the one in force, or the key store can't be used.
    """
    with locked(_lock(store)):
        old = store.status().master_key_id
        if new.id == old:
            raise KeyStoreError(f"the new master key is the one in force, {old}: make another one")
        return Rotation(store.rewrap(new), old, new.id)


def settle(master_file: Path, store: KeyStore) -> None:
    """Do the last step of a rotation that was cut short.

    Raises:
        KeyStoreError: the file can't be replaced.
    """
    if not replacement(master_file).exists():
        return
    with _told(master_file), locked(_lock(store), wait=False) as mine:
        if mine:
            _settle(master_file, store)


def _settle(master_file: Path, store: KeyStore) -> None:
    new = replacement(master_file)
    if new.exists() and read_key(new, "the new master key").id == store.status().master_key_id:
        new.replace(master_file)
        sync_folder(master_file.parent)


def _lock(store: KeyStore) -> Path:
    return store.status().path.with_name("rotation.lock")


@contextmanager
def _told(master_file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KeyStoreError(f"the master key file {master_file} can't be replaced: {error}") from None
