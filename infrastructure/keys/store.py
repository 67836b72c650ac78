"""What a key store does: it makes, finds and destroys data keys, each for one stream, session and user."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from application.ports import PendingErasure
from infrastructure.keys.ledger import ErasureLedger
from infrastructure.keys.master import MasterKey


class Owner(NamedTuple):
    """What a data key is for. A change of session or user takes another key."""

    tenant: str
    stream_name: str
    session_id: str | None
    user_id: str | None


class DataKey(NamedTuple):
    """A key to encrypt with: 8 random bytes that name it, and its 32 bytes."""

    id: bytes
    secret: bytes


class KeyStoreStatus(NamedTuple):
    """What there is, for people. `pending`: streams whose log may not tell yet that their keys were destroyed."""

    path: Path
    ledger: Path
    master_key_id: str
    keys: int
    erased: int
    pending: int
    erasures: int


class KeyStore(Protocol):
    """Kept apart from the log and its backups. Its methods wait for the disk; they may be called from any thread.

    Raises:
        KeyStoreError: from any method: it can't be used, or its master key was changed by another process.
    """

    def secret(self, key_id: bytes) -> bytes:
        """A data key's 32 bytes.

        Raises:
            ErasedError: it was destroyed.
            MissingKeyError: there is none, and none was destroyed.
            WrongMasterKeyError: it can't be unwrapped.
        """
        ...

    def ensure(self, owners: Sequence[Owner], made_at: str) -> list[DataKey]:
        """The key of each owner, made where there is none; durable when this returns."""
        ...

    def streams_of_session(self, tenant: str, session_id: str) -> list[str]:
        """The names of the streams that have a key of that session."""
        ...

    def streams_of_user(self, tenant: str, user_id: str) -> list[str]:
        """The names of the streams that have a key of that user."""
        ...

    def destroy(
        self, tenant: str, stream_names: Sequence[str], subject: str, reason: str | None, actor: str | None, at: str
    ) -> list[PendingErasure]:
        """Destroy all keys of these streams: first the ledger says so, then they are gone.

        Gives those streams whose log is to tell it, also from earlier calls that were cut short.
        """
        ...

    def pending(self) -> list[PendingErasure]:
        """The streams whose log may not tell yet that their keys were destroyed."""
        ...

    def settled(self, erasures: Sequence[PendingErasure]) -> None:
        """The log tells these now."""
        ...

    def follow_ledger(self) -> ErasureLedger:
        """The ledger, to see what is erased from now on, by whichever process."""
        ...

    def rewrap(self, new: MasterKey) -> int:
        """Wrap all keys by another master key, all or none; how many there were."""
        ...

    def status(self) -> KeyStoreStatus:
        """What there is."""
        ...

    def close(self) -> None:
        """Close its files."""
        ...
