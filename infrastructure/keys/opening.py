"""Which key store and which master key the settings name; a wrong or missing one is found here, at start."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from infrastructure.keys.errors import KeyStoreError
from infrastructure.keys.files import make_folder
from infrastructure.keys.master import MasterKeys, make_file, parse, read_file
from infrastructure.keys.ring import KeyRing
from infrastructure.keys.rotation import settle
from infrastructure.keys.sqlite import FILE_NAME, SqliteKeyStore
from infrastructure.settings import Settings

OWN_MASTER = "master.key"
LEDGER = "erasures.jsonl"

HOW = "set CONTEXTLINE_MASTER_KEY or CONTEXTLINE_MASTER_KEY_FILE"


class KeyPlaces(NamedTuple):
    """Where things are. `master_file` is None where the master key comes from the environment, or there is none."""

    folder: Path
    ledger: Path
    master_file: Path | None
    masters: MasterKeys | None


def find_places(settings: Settings) -> KeyPlaces:
    """Where the settings say that keys are; nothing is opened."""
    folder = (settings.key_store or settings.data_dir / "keys").absolute()
    ledger = (settings.erasure_ledger or folder / LEDGER).absolute()
    if settings.master_key is not None:
        text = settings.master_key.get_secret_value()
        return KeyPlaces(folder, ledger, None, lambda: [parse(text, "CONTEXTLINE_MASTER_KEY")])
    own = folder / OWN_MASTER
    if settings.master_key_file is not None:
        path = settings.master_key_file.absolute()
        return KeyPlaces(
            folder, ledger, path, lambda: read_file(path, "CONTEXTLINE_MASTER_KEY_FILE", private=path == own)
        )
    # The embedded store's own. For another database it counts only where its folder is named.
    if _is_there(own) and (settings.database_url is None or settings.key_store is not None):
        return KeyPlaces(folder, ledger, own, lambda: read_file(own, "the store's own master key", private=True))
    return KeyPlaces(folder, ledger, None, None)


def open_key_store(settings: Settings) -> SqliteKeyStore | None:
    """The key store, begun if there is none; None where no master key is set and none is missing.

    Raises:
        KeyStoreError: the master key is wrong or missing, or the key store or the ledger can't be used.
    """
    places = find_places(settings)
    if places.masters is None:
        _check_not_missing(places, settings)
        return None
    store = SqliteKeyStore(places.folder, places.ledger, places.masters)
    if places.master_file is not None:
        settle(places.master_file, store)
    return store


def open_keys(settings: Settings, clock: Callable[[], datetime]) -> KeyRing | None:
    """The keys that a process works with; raises as `open_key_store`."""
    store = open_key_store(settings)
    return KeyRing(store, clock) if store else None


def check_keys(settings: Settings) -> None:
    """Refuse to start with what `open_key_store` refuses."""
    if store := open_key_store(settings):
        store.close()


def ensure_master_key(settings: Settings) -> dict[str, str]:
    """For the embedded store: make a master key of its own unless one is set; the settings that its processes need.

    Raises:
        KeyStoreError: as `open_key_store`; also where there is a key store and its own master key is gone.
    """
    places = find_places(settings)
    if places.masters is None:
        _check_not_missing(places, settings)
        make_folder(places.folder)
        make_file(places.folder / OWN_MASTER)
        places = find_places(settings)
    check_keys(settings)
    found = {"CONTEXTLINE_KEY_STORE": str(places.folder), "CONTEXTLINE_ERASURE_LEDGER": str(places.ledger)}
    return found | ({"CONTEXTLINE_MASTER_KEY_FILE": str(places.master_file)} if places.master_file else {})


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        # Somebody else's, such as root's embedded store in the same data folder.
        return False


def _check_not_missing(places: KeyPlaces, settings: Settings) -> None:
    if _is_there(places.folder / FILE_NAME) and not _is_there(places.folder / OWN_MASTER):
        raise KeyStoreError(
            f"there is a key store in {places.folder}, but no master key: {HOW}; what was encrypted can't be read "
            "without it"
        )
    if settings.encrypt_default and settings.database_url is not None:
        raise KeyStoreError(f"CONTEXTLINE_ENCRYPT_DEFAULT is true, but there is no master key: {HOW}")
