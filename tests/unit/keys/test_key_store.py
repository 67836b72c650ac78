"""The key store: a key for each stream, session and user; gone when it is destroyed, in every process and for ever."""

import os
import stat
import threading
from pathlib import Path

import pytest

from infrastructure.keys import sqlite
from infrastructure.keys.errors import KeyStoreError, MissingKeyError, WrongMasterKeyError
from infrastructure.keys.master import LocalMasterKey
from infrastructure.keys.sqlite import SqliteKeyStore
from infrastructure.keys.store import DataKey
from infrastructure.payloads.encryption import ErasedError
from tests.unit.keys.stores import NOTE, NOW, OTHER, PLAN, Places, destroy, key_of


class StoppedError(Exception):
    pass


def stop(*_: object) -> None:
    raise StoppedError


def test_an_owner_keeps_its_key_and_no_two_share_one(places: Places) -> None:
    owners = [
        PLAN,
        NOTE,
        OTHER,
        PLAN._replace(session_id=None),
        PLAN._replace(user_id="u-2"),
        PLAN._replace(tenant="t"),
    ]
    with places.opened() as store:
        keys = store.ensure(owners, NOW)
        assert store.ensure(owners, NOW) == keys
        assert len({key.id for key in keys}) == len({key.secret for key in keys}) == len(owners)
    with places.opened() as again:
        assert again.ensure(owners, NOW) == keys
        assert [again.secret(key.id) for key in keys] == [key.secret for key in keys]


def test_folder_and_files_are_for_their_owner_alone(places: Places) -> None:
    with places.opened() as store:
        key_of(store)
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in [places.folder, places.file, places.ledger]}
    assert found == {places.folder: 0o700, places.file: 0o600, places.ledger: 0o600}


def test_no_key_stands_in_the_file_as_it_is(places: Places) -> None:
    with places.opened() as store:
        key = key_of(store)
    assert key.secret not in places.file.read_bytes()


def test_a_key_that_was_never_there_is_missing_and_not_erased(places: Places) -> None:
    with places.opened() as store, pytest.raises(MissingKeyError, match="0001020304050607"):
        store.secret(bytes(range(8)))


def test_a_key_that_was_damaged_is_refused(places: Places) -> None:
    with places.opened() as store:
        key = key_of(store)
        (wrapped,) = [row[0] for row in store._file.look_up("key", key_id=key.id)]
    content = places.file.read_bytes()
    assert content.count(wrapped) == 1
    places.file.write_bytes(content.replace(wrapped, bytes([wrapped[0] ^ 1]) + wrapped[1:]))
    with places.opened() as store, pytest.raises(WrongMasterKeyError):
        store.secret(key.id)


def test_another_master_key_is_refused_by_its_id_and_told_which_settings_to_look_at(places: Places) -> None:
    with places.opened() as store:
        key_of(store)
    wrong = LocalMasterKey(os.urandom(32))
    with pytest.raises(KeyStoreError, match=r"CONTEXTLINE_MASTER_KEY\b.*CONTEXTLINE_KEY_STORE") as refusal:
        places.open(wrong)
    assert places.master.id in str(refusal.value)
    assert wrong.id in str(refusal.value)


def test_what_is_no_key_store_is_refused(places: Places) -> None:
    places.folder.mkdir()
    places.file.write_bytes(b"something else, and long enough to be looked at" * 50)
    with pytest.raises(KeyStoreError, match=str(places.file)):
        places.open()


def test_a_destroyed_key_is_gone_and_its_owner_gets_another(places: Places) -> None:
    with places.opened() as store:
        plan, note = key_of(store, PLAN), key_of(store, NOTE)
        (wrapped,) = [row[0] for row in store._file.look_up("key", key_id=plan.id)]
        assert destroy(store, PLAN) == [PLAN.stream_name]
        with pytest.raises(ErasedError):
            store.secret(plan.id)
        assert store.secret(note.id) == note.secret
        again = key_of(store, PLAN)
        assert again.id != plan.id
        assert again.secret != plan.secret
    for path in places.folder.parent.rglob("*"):
        assert path.is_dir() or wrapped not in path.read_bytes()


def test_with_a_stream_go_all_its_keys_and_nothing_of_whose_they_were_is_left(places: Places) -> None:
    with places.opened() as store:
        keys = store.ensure([PLAN, PLAN._replace(user_id="u-2"), PLAN._replace(session_id="s-2"), OTHER], NOW)
        (erasure,) = store.destroy("default", [PLAN.stream_name], "user", None, None, NOW)
        assert erasure.keys == tuple(sorted(key.id.hex() for key in keys[:3]))
        store.settled([erasure])
        assert (store.streams_of_session("default", "s-2"), store.streams_of_user("default", "u-2")) == ([], [])
        status = store.status()
        assert (status.keys, status.erased, status.erasures, status.pending) == (1, 3, 1, 0)
    for path in (places.file, places.ledger):
        assert [name for name in (b"plan", b"s-1", b"s-2", b"u-1", b"u-2") if name in path.read_bytes()] == []


def test_streams_are_found_by_session_and_by_user_of_their_own_tenant(places: Places) -> None:
    with places.opened() as store:
        store.ensure([PLAN, NOTE, OTHER, PLAN._replace(tenant="t", stream_name="theirs")], NOW)
        assert sorted(store.streams_of_session("default", "s-1")) == [NOTE.stream_name, PLAN.stream_name]
        assert store.streams_of_user("default", "u-1") == [PLAN.stream_name]
        assert store.streams_of_user("t", "u-1") == ["theirs"]
        assert store.streams_of_session("default", "") == store.streams_of_user("default", "") == []


def test_what_is_to_be_told_stays_until_it_is(places: Places) -> None:
    with places.opened() as store:
        key_of(store, PLAN)
        destroy(store, PLAN, subject="session")
    with places.opened() as store:
        (erasure,) = store.pending()
        assert (erasure.stream_name, erasure.subject, erasure.reason, erasure.actor) == (
            PLAN.stream_name, "session", "asked for", "me",
        )  # fmt: skip
        key_of(store, PLAN)
        assert destroy(store, PLAN) == [PLAN.stream_name]
        # What is settled is what was told: another key was destroyed meanwhile.
        store.settled([erasure])
        (both,) = store.pending()
        assert both.keys[:1] == erasure.keys
        assert len(both.keys) == 2
        store.settled([both])
        assert store.pending() == []
        assert destroy(store, PLAN) == []


def test_an_old_key_store_brings_nothing_back(places: Places) -> None:
    with places.opened() as store:
        plan, note = key_of(store, PLAN), key_of(store, NOTE)
        old = places.copy()
        destroy(store, PLAN)
        store.settled(store.pending())
    places.file.write_bytes(old.read_bytes())
    with places.opened() as store:
        with pytest.raises(ErasedError):
            store.secret(plan.id)
        assert store.secret(note.id) == note.secret
        # Whether the log tells it is looked up there.
        assert [erasure.stream_name for erasure in store.pending()] == [PLAN.stream_name]


def test_a_new_key_store_knows_from_the_ledger_what_was_erased(places: Places) -> None:
    with places.opened() as store:
        plan, note = key_of(store, PLAN), key_of(store, NOTE)
        destroy(store, PLAN)
    places.file.unlink()
    with places.opened() as store:
        with pytest.raises(ErasedError):
            store.secret(plan.id)
        with pytest.raises(MissingKeyError):
            store.secret(note.id)


def test_a_missing_an_older_and_a_foreign_ledger_are_refused(places: Places, tmp_path: Path) -> None:
    with places.opened() as store:
        key_of(store, PLAN)
        before = places.ledger.read_bytes()
        destroy(store, PLAN)
    newest = places.ledger.read_bytes()
    places.ledger.unlink()
    with pytest.raises(KeyStoreError, match=r"CONTEXTLINE_ERASURE_LEDGER.*missing"):
        places.open()
    assert not places.ledger.exists()
    places.ledger.write_bytes(before)
    with pytest.raises(KeyStoreError, match="put the newest ledger back"):
        places.open()
    with Places(tmp_path / "elsewhere").opened() as elsewhere:
        places.ledger.write_bytes(elsewhere.status().ledger.read_bytes())
    with pytest.raises(KeyStoreError, match="belongs to another key store"):
        places.open()
    places.ledger.write_bytes(newest)
    with places.opened() as store:
        assert store.status().erased == 1


@pytest.mark.parametrize("torn", [b'{"erasure":"00', b"x" * 10_000])
def test_a_line_that_was_never_finished_counts_for_nothing(places: Places, torn: bytes) -> None:
    with places.opened() as store:
        plan = key_of(store, PLAN)
    whole = places.ledger.read_bytes()
    places.ledger.write_bytes(whole + torn)
    with places.opened() as store:
        assert store.secret(plan.id) == plan.secret
        assert places.ledger.read_bytes() == whole
        destroy(store, PLAN)
    with places.opened() as store, pytest.raises(ErasedError):
        store.secret(plan.id)


def test_a_damaged_line_of_the_ledger_is_refused(places: Places) -> None:
    with places.opened() as store:
        key_of(store, PLAN)
        destroy(store, PLAN)
    places.ledger.write_bytes(places.ledger.read_bytes().replace(b'"keys"', b'"kays"'))
    with pytest.raises(KeyStoreError, match="line 2 of the erasure ledger"):
        places.open()
    places.ledger.write_bytes(b"no ledger\n")
    with pytest.raises(KeyStoreError, match="no erasure ledger"):
        places.open()


def test_stopped_between_ledger_and_keys_the_next_one_to_change_anything_finishes(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    with places.opened() as store, places.opened() as other:
        plan, note = key_of(store, PLAN), key_of(store, NOTE)
        with monkeypatch.context() as patched:
            patched.setattr(SqliteKeyStore, "_bury", stop)
            with pytest.raises(StoppedError):
                destroy(store, PLAN)
        # Written in the ledger, not yet carried out.
        assert store._file.look_up("key", key_id=plan.id) != [(None,)]
        assert key_of(other, PLAN).id != plan.id
        with pytest.raises(ErasedError):
            other.secret(plan.id)
        assert other.secret(note.id) == note.secret
        assert [erasure.stream_name for erasure in store.pending()] == [PLAN.stream_name]
        # The one that failed knows it too.
        assert destroy(store, NOTE) == [NOTE.stream_name]
        assert store.status().erasures == 2


def test_two_processes_that_need_a_key_at_once_get_the_same(places: Places) -> None:
    stores = [places.open() for _ in range(4)]
    found: list[list[DataKey]] = [[] for _ in stores]
    start = threading.Barrier(len(stores))

    def work(number: int) -> None:
        start.wait()
        for _ in range(5):
            found[number] += stores[number].ensure([PLAN, NOTE], NOW)

    threads = [threading.Thread(target=work, args=[number]) for number in range(len(stores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    assert len({tuple(keys) for keys in found}) == 1
    assert len(set(found[0])) == 2


def test_a_master_key_that_another_process_changed_is_followed_where_it_can_be_read(places: Places) -> None:
    old, new = places.master, LocalMasterKey(os.urandom(32))
    known = [old]
    with places.opened() as rotating:
        following = SqliteKeyStore(places.folder, places.ledger, lambda: known)
        plan = key_of(rotating, PLAN)
        assert rotating.rewrap(new) == 1
        with pytest.raises(KeyStoreError, match=new.id):
            following.secret(plan.id)
        with pytest.raises(KeyStoreError, match=new.id):
            key_of(following, NOTE)
        known.append(new)
        assert following.secret(plan.id) == plan.secret
        assert rotating.secret(key_of(following, NOTE).id)
        following.close()


def test_the_statements_are_all_used() -> None:
    source = "".join(path.read_text() for path in Path(sqlite.__file__).parent.glob("*.py"))
    names = {path.stem for path in (Path(sqlite.__file__).parent / "sql").glob("*.sql")}
    assert {name for name in names if f'"{name}"' not in source} == set()
