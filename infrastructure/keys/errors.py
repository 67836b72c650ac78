"""What can be wrong with keys, apart from what the domain has words for."""

from __future__ import annotations

from infrastructure.payloads.header import PayloadError


class KeyStoreError(Exception):
    """The key store, its master key or the erasure ledger can't be used as they are.

    The message names the setting or the file, and never a key.
    """


class WrongMasterKeyError(PayloadError):
    """A data key was wrapped by another master key, or is damaged."""


class MissingKeyError(PayloadError):
    """The key store has no such key, and the erasure ledger does not say that it was destroyed."""
