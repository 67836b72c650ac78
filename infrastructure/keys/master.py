"""The master key: it wraps data keys, and is kept apart from them and from the log."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from infrastructure.keys.errors import KeyStoreError, WrongMasterKeyError
from infrastructure.keys.files import write_private

KEY_BYTES = 32


class MasterKey(Protocol):
    """What a key service has to do. It is asked once for each data key that comes into memory, and is waited for."""

    @property
    def id(self) -> str:
        """Tells this key from others and says nothing about it; it is shown in messages."""
        ...

    def wrap(self, data_key: bytes) -> bytes:
        """A data key (32 bytes) in a form that is safe to store."""
        ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """The reverse.

        Raises:
            WrongMasterKeyError: another key wrapped it, or it is damaged.
        """
        ...


class LocalMasterKey:
    """A master key in memory: AES-256 key wrap (RFC 3394), which notices a wrong key and a flipped bit."""

    def __init__(self, secret: bytes) -> None:
        assert len(secret) == KEY_BYTES, "checked where it is read"
        self._secret = secret
        self._id = hmac.new(secret, b"contextline master key", hashlib.sha256).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"LocalMasterKey({self._id})"

    @property
    def id(self) -> str:
        """16 hexadecimal digits of an HMAC under the key."""
        return self._id

    def wrap(self, data_key: bytes) -> bytes:
        """40 bytes."""
        return aes_key_wrap(self._secret, data_key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """The data key.

        Raises:
            WrongMasterKeyError: another key wrapped it, or it is damaged.
        """
        try:
            return aes_key_unwrap(self._secret, wrapped)
        except (InvalidUnwrap, ValueError):
            raise WrongMasterKeyError(f"the master key {self._id} does not unwrap the data key") from None


MasterKeys = Callable[[], Sequence[MasterKey]]
"""The master keys that there are right now, read anew at each call: while one is replaced by another there are two."""


def parse(text: str, setting: str) -> LocalMasterKey:
    """A master key as settings and files have it: base64 of 32 bytes.

    Raises:
        KeyStoreError: it is something else; the message names the setting.
    """
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise KeyStoreError(f"{setting}: must be 32 bytes in base64, such as `openssl rand -base64 32` prints")
    return LocalMasterKey(secret)


def replacement(path: Path) -> Path:
    """Where the next master key stands while a key file is being replaced."""
    return path.with_name(f"{path.name}.new")


def read_key(path: Path, setting: str) -> LocalMasterKey:
    """The master key of a file.

    Raises:
        KeyStoreError: there is none, or the file can't be read.
    """
    try:
        text = path.read_text("ascii")
    except UnicodeDecodeError:
        text = ""
    except OSError as error:
        raise KeyStoreError(f"{setting}: {path} can't be read: {error.strerror}") from None
    return parse(text, f"{setting} ({path})")


def read_file(path: Path, setting: str, *, private: bool = False) -> list[MasterKey]:
    """The master key of a file; two if a rotation that replaces it was cut short.

    Raises:
        KeyStoreError: there is none, it can't be read, or it is `private` and open to others.
    """
    new = replacement(path)
    found: list[MasterKey] = []
    for each in (path, new) if new.exists() else (path,):
        if private and each.exists() and stat.S_IMODE(each.stat().st_mode) & 0o077:
            raise KeyStoreError(f"{setting}: {each} is open to others than its owner: chmod 600 it")
        found.append(read_key(each, setting))
    return found


def make_file(path: Path) -> LocalMasterKey:
    """A new master key in a file, for its owner alone; on disk when this returns."""
    secret = os.urandom(KEY_BYTES)
    write_private(path, base64.b64encode(secret) + b"\n")
    return LocalMasterKey(secret)
