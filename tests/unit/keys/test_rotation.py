"""A new master key: the data keys stay what they are, and whenever it is killed, one of the two opens the store."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.keys.errors import KeyStoreError
from infrastructure.keys.master import LocalMasterKey, make_file, read_file, replacement
from infrastructure.keys.rotation import rotate_file, rotate_to, settle
from infrastructure.keys.sqlite import SqliteKeyStore
from infrastructure.payloads.encryption import ErasedError
from tests.unit.keys.stores import NOTE, NOW, OTHER, PLAN, Places, destroy, key_of

ROOT = Path(__file__).resolve().parents[3]
KEYS = 2_500

# Arguments: folder, ledger, master file, and the step at which it is killed: the nth file that is put in its place, or
# the nth key that is wrapped anew.
KILLED = """
import os, signal, sys
from pathlib import Path
from infrastructure.keys.master import LocalMasterKey, read_file
from infrastructure.keys.rotation import rotate_file
from infrastructure.keys.sqlite import SqliteKeyStore

folder, ledger, file, step, number = *map(Path, sys.argv[1:4]), sys.argv[4], int(sys.argv[5])
seen = 0

def before(kind):
    global seen
    seen += kind == step
    if kind == step and seen == number:
        os.kill(os.getpid(), signal.SIGKILL)

replace, wrap = Path.replace, LocalMasterKey.wrap
Path.replace = lambda path, target: (before("replace"), replace(path, target))[1]
LocalMasterKey.wrap = lambda key, data_key: (before("wrap"), wrap(key, data_key))[1]
rotate_file(file, SqliteKeyStore(folder, ledger, lambda: read_file(file, "the file")))
"""


class Rotating(Places):
    """A key store whose master key is in a file."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.master_file = folder / "master.key"
        self.master = make_file(self.master_file)

    def open_by_file(self) -> SqliteKeyStore:
        store = SqliteKeyStore(self.folder, self.ledger, lambda: read_file(self.master_file, "the file"))
        settle(self.master_file, store)
        return store


@pytest.fixture
def rotating(tmp_path: Path) -> Rotating:
    return Rotating(tmp_path)


def test_after_a_rotation_the_data_keys_are_the_same_and_the_old_master_key_opens_nothing(rotating: Rotating) -> None:
    with rotating.opened() as store:
        plan, note = key_of(store, PLAN), key_of(store, NOTE)
        destroy(store, NOTE)
        done = rotate_file(rotating.master_file, store)
        assert (done.keys, done.old) == (1, rotating.master.id)
        assert store.secret(plan.id) == plan.secret
    with pytest.raises(KeyStoreError, match=done.new):
        rotating.open()
    store = rotating.open_by_file()
    assert (store.status().master_key_id, store.secret(plan.id)) == (done.new, plan.secret)
    with pytest.raises(ErasedError):
        store.secret(note.id)
    assert key_of(store, OTHER) == key_of(store, OTHER)
    store.close()
    assert not replacement(rotating.master_file).exists()


@pytest.mark.parametrize(
    ("step", "number"),
    [
        ("replace", 1),  # the new key is written, and not yet beside the old one
        ("wrap", 1),  # the new key is there, and wraps nothing yet
        ("wrap", KEYS // 2),
        ("wrap", KEYS + 1),  # the check value
        ("replace", 2),  # all is wrapped, and the new key still beside the old one
    ],
)
def test_killed_at_any_step_the_store_opens_with_one_of_the_two_and_says_with_which(
    rotating: Rotating, step: str, number: int
) -> None:
    owners = [PLAN._replace(user_id=f"u-{number}") for number in range(KEYS)]
    with rotating.opened() as store:
        keys = store.ensure(owners, NOW)
    arguments = [rotating.folder, rotating.ledger, rotating.master_file, step, str(number)]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert killed.returncode == -signal.SIGKILL

    store = rotating.open_by_file()
    assert store.ensure(owners, NOW) == keys
    rotated = (step, number) == ("replace", 2)
    assert (store.status().master_key_id != rotating.master.id) is rotated
    assert read_file(rotating.master_file, "the file")[0].id == store.status().master_key_id
    done = rotate_file(rotating.master_file, store)
    store.close()
    again = rotating.open_by_file()
    assert (again.status().master_key_id, again.ensure(owners, NOW)) == (done.new, keys)
    again.close()
    left = {path.name for path in rotating.master_file.parent.iterdir() if "master" in path.name}
    assert left == {"master.key"}


def test_to_a_key_that_the_caller_keeps(rotating: Rotating) -> None:
    new = LocalMasterKey(os.urandom(32))
    with rotating.opened() as store:
        plan = key_of(store, PLAN)
        assert rotate_to(new, store) == (1, rotating.master.id, new.id)
        with pytest.raises(KeyStoreError, match="the one in force"):
            rotate_to(new, store)
    with rotating.opened(new) as store:
        assert store.secret(plan.id) == plan.secret
    assert read_file(rotating.master_file, "the file")[0].id == rotating.master.id


def test_a_key_that_can_not_be_unwrapped_leaves_all_as_it_was(rotating: Rotating) -> None:
    with rotating.opened() as store:
        plan = key_of(store, PLAN)
        (wrapped,) = [row[0] for row in store._file.look_up("key", key_id=plan.id)]
        note = key_of(store, NOTE)
    rotating.file.write_bytes(rotating.file.read_bytes().replace(wrapped, bytes(40)))
    with rotating.opened() as store:
        with pytest.raises(KeyStoreError, match=plan.id.hex()):
            rotate_file(rotating.master_file, store)
        assert (store.status().master_key_id, store.secret(note.id)) == (rotating.master.id, note.secret)


def test_where_the_file_can_not_be_replaced_nothing_is_changed(rotating: Rotating) -> None:
    with rotating.opened() as store:
        key_of(store, PLAN)
        rotating.master_file.with_name(".master.key.new.unfinished").mkdir()
        with pytest.raises(KeyStoreError, match="can't be replaced"):
            rotate_file(rotating.master_file, store)
        assert store.status().master_key_id == rotating.master.id
