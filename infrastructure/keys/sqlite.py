"""The key store in a SQLite file: many processes of one machine may use it at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from application.ports import PendingErasure
from infrastructure.keys.errors import KeyStoreError, MissingKeyError, WrongMasterKeyError
from infrastructure.keys.key_file import KeyFile
from infrastructure.keys.ledger import Entry, ErasureLedger
from infrastructure.keys.master import MasterKey, MasterKeys
from infrastructure.keys.store import DataKey, KeyStoreStatus, Owner
from infrastructure.payloads.encryption import ErasedError
from infrastructure.payloads.header import KEY_ID_BYTES

FILE_NAME = "keys.sqlite3"

_CHECK = b"contextline key store check v1. "
"""32 bytes, kept wrapped: a master key that does not unwrap them is a wrong one."""

_AT_ONCE = 1_000
"""Keys that one statement reads."""


class SqliteKeyStore:
    """Implements `KeyStore`."""

    def __init__(self, folder: Path, ledger: Path, masters: MasterKeys) -> None:
        """Open it, or begin a new one; the ledger is applied again.

        Raises:
            KeyStoreError: it is damaged, none of the master keys is its own, or the ledger is not.
        """
        self._masters = masters
        with ExitStack() as opened:
            self._file = opened.enter_context(closing(KeyFile(folder / FILE_NAME)))
            with self._file.changing():
                facts = self._facts()
                self._master = self._choose_master(facts)
                self._ledger = opened.enter_context(closing(self._open_ledger(ledger, facts)))
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close its files."""
        self._opened.close()

    def secret(self, key_id: bytes) -> bytes:
        """A data key's 32 bytes; ErasedError, MissingKeyError or WrongMasterKeyError where there are none."""
        rows = self._file.look_up("key", key_id=key_id)
        if not rows:
            raise MissingKeyError(f"it is encrypted with the key {key_id.hex()}, which the key store doesn't have")
        wrapped = rows[0][0]
        if wrapped is None:
            raise ErasedError
        return self._unwrap(wrapped)

    def ensure(self, owners: Sequence[Owner], made_at: str) -> list[DataKey]:
        """The key of each owner, made where there is none; durable when this returns."""
        with self._file.looking():
            found = [self._find(owner) for owner in owners]
            sure = all(found) and not self._ledger.has_more
        if not sure:
            with self._changing():
                found = [self._find(owner) or self._make(owner, made_at) for owner in owners]
        return [DataKey(key_id, self._unwrap(wrapped)) for key_id, wrapped in filter(None, found)]

    def streams_of_session(self, tenant: str, session_id: str) -> list[str]:
        """The names of the streams that have a key of that session."""
        with self._file.looking():
            return [row[0] for row in self._file.run("streams_of_session", tenant=tenant, session_id=session_id)]

    def streams_of_user(self, tenant: str, user_id: str) -> list[str]:
        """The names of the streams that have a key of that user."""
        with self._file.looking():
            return [row[0] for row in self._file.run("streams_of_user", tenant=tenant, user_id=user_id)]

    def destroy(
        self, tenant: str, stream_names: Sequence[str], subject: str, reason: str | None, actor: str | None, at: str
    ) -> list[PendingErasure]:
        """Destroy all keys of these streams; those streams whose log is to tell it."""
        with self._changing():
            keys = {
                name: [row[0] for row in self._file.run("keys_of_stream", tenant=tenant, stream_name=name)]
                for name in stream_names
            }
            every = tuple(key.hex() for ids in keys.values() for key in ids)
            if every:
                self._ledger.append(Entry(os.urandom(8).hex(), datetime.fromisoformat(at), subject, every))
                for name, ids in keys.items():
                    self._bury(tenant, name, ids, subject, reason, actor)
                self._apply_new(self._ledger)
            return [erasure for name in stream_names for erasure in self._pending(tenant, name)]

    def pending(self) -> list[PendingErasure]:
        """The streams whose log may not tell yet that their keys were destroyed."""
        with self._file.looking():
            return self._pending(None, None)

    def settled(self, erasures: Sequence[PendingErasure]) -> None:
        """The log tells these now. Where more keys of a stream were destroyed meanwhile, it stays pending."""
        with self._changing():
            for erasure in erasures:
                keys = b"".join(map(bytes.fromhex, erasure.keys))
                self._file.run("remove_pending", tenant=erasure.tenant, stream_name=erasure.stream_name, keys=keys)

    def follow_ledger(self) -> ErasureLedger:
        """The ledger, to see what is erased from now on."""
        with self._file.looking():
            return self._ledger.follower()

    def rewrap(self, new: MasterKey) -> int:
        """Wrap all keys by another master key in one transaction; how many there were."""
        done, after = 0, b""
        with self._changing():
            while batch := self._file.run("wrapped_keys", after=after, limit=_AT_ONCE):
                for key_id, wrapped in batch:
                    try:
                        secret = self._master.unwrap(wrapped)
                    except WrongMasterKeyError as error:
                        raise KeyStoreError(
                            f"the key {key_id.hex()} is damaged, nothing was changed: {error}"
                        ) from None
                    self._file.run("rewrap_key", key_id=key_id, wrapped=new.wrap(secret))
                done, after = done + len(batch), batch[-1][0]
            self._note_master(new)
        self._master = new
        return done

    def status(self) -> KeyStoreStatus:
        """What there is."""
        with self._file.looking():
            ((keys, erased, pending),) = self._file.run("count_keys")
        return KeyStoreStatus(
            self._file.path, self._ledger.path, self._master.id, keys, erased, pending, self._ledger.entries
        )

    def _choose_master(self, facts: Mapping[str, Any]) -> MasterKey:
        masters = self._masters()
        if "master_key_id" not in facts:
            self._note_master(masters[0])
            return masters[0]
        for master in masters:
            if master.id == facts["master_key_id"] and _unwraps(master, facts["check"]):
                return master
        raise KeyStoreError(
            f"the key store {self._file.path} was written with the master key {facts['master_key_id']}, and the one "
            f"that is set is {masters[0].id}: set CONTEXTLINE_MASTER_KEY or CONTEXTLINE_MASTER_KEY_FILE to the key "
            "store's own one, or CONTEXTLINE_KEY_STORE to another key store"
        )

    def _note_master(self, master: MasterKey) -> None:
        self._file.run("note_fact", name="master_key_id", value=master.id)
        self._file.run("note_fact", name="check", value=master.wrap(_CHECK))

    def _open_ledger(self, path: Path, facts: Mapping[str, Any]) -> ErasureLedger:
        applied = facts.get("erasures", 0)
        if applied and not path.exists():
            raise KeyStoreError(
                f"CONTEXTLINE_ERASURE_LEDGER: {path} is missing, and the key store {self._file.path} knows of "
                f"{applied} erasures: put the ledger back; without it what was erased could come back"
            )
        ledger = ErasureLedger(path)
        try:
            if applied and facts["ledger"] != ledger.id:
                raise KeyStoreError(f"CONTEXTLINE_ERASURE_LEDGER: {path} belongs to another key store")
            if facts.get("ledger") != ledger.id:
                self._file.run("note_fact", name="ledger", value=ledger.id)
            self._apply_new(ledger)
            if ledger.entries < applied:
                raise KeyStoreError(
                    f"CONTEXTLINE_ERASURE_LEDGER: {path} has {ledger.entries} erasures, and the key store "
                    f"{self._file.path} knows of {applied}: put the newest ledger back"
                )
        except BaseException:
            ledger.close()
            raise
        return ledger

    def _apply_new(self, ledger: ErasureLedger) -> None:
        """What the ledger has that was not applied since it was opened, whoever wrote it and was perhaps cut short."""
        entries = ledger.new_entries()
        for entry in entries:
            for key in map(bytes.fromhex, entry.keys):
                for tenant, stream_name in self._file.run("owner_of_key", key_id=key):
                    self._bury(tenant, stream_name, [key], entry.kind, None, None)
                self._file.run("destroy_key", key_id=key)
        if entries:
            self._file.run("note_fact", name="erasures", value=ledger.entries)

    def _bury(
        self, tenant: str, name: str, keys: Sequence[bytes], subject: str, reason: str | None, actor: str | None
    ) -> None:
        if not keys:
            return
        before = [bytes.fromhex(key) for erasure in self._pending(tenant, name) for key in erasure.keys]
        row = {"tenant": tenant, "stream_name": name, "subject": subject, "reason": reason, "actor": actor}
        self._file.run("add_pending", **row, keys=b"".join([*before, *keys]))
        for key in keys:
            self._file.run("destroy_key", key_id=key)

    def _pending(self, tenant: str | None, stream_name: str | None) -> list[PendingErasure]:
        return [
            PendingErasure(row[0], row[1], _split(row[2]), row[3], row[4], row[5])
            for row in self._file.run("pending", tenant=tenant, stream_name=stream_name)
        ]

    def _find(self, owner: Owner) -> tuple[bytes, bytes] | None:
        found = self._file.run("find_key", **_named(owner))
        return found[0] if found else None

    def _make(self, owner: Owner, made_at: str) -> tuple[bytes, bytes]:
        key_id, wrapped = os.urandom(KEY_ID_BYTES), self._master.wrap(os.urandom(32))
        self._file.run("add_key", **_named(owner), key_id=key_id, wrapped=wrapped, made_at=made_at)
        return key_id, wrapped

    def _unwrap(self, wrapped: bytes) -> bytes:
        try:
            return self._master.unwrap(wrapped)
        except WrongMasterKeyError:
            facts = dict(self._file.look_up("facts"))
            if facts["master_key_id"] == self._master.id:
                raise
        # Another process has rewrapped the keys.
        self._master = self._choose_master(facts)
        return self._master.unwrap(wrapped)

    def _facts(self) -> dict[str, Any]:
        return dict(self._file.run("facts"))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._file.changing():
            facts = self._facts()
            if facts["master_key_id"] != self._master.id:
                self._master = self._choose_master(facts)
            place = self._ledger.place
            try:
                self._apply_new(self._ledger)
                yield
            except BaseException:
                # What was applied is rolled back.
                self._ledger.go_back(place)
                raise


def _named(owner: Owner) -> dict[str, str]:
    return {name: value or "" for name, value in owner._asdict().items()}


def _split(keys: bytes) -> tuple[str, ...]:
    return tuple(keys[start : start + KEY_ID_BYTES].hex() for start in range(0, len(keys), KEY_ID_BYTES))


def _unwraps(master: MasterKey, check: bytes) -> bool:
    try:
        return master.unwrap(check) == _CHECK
    except WrongMasterKeyError:
        return False
