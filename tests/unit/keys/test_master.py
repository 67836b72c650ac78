"""Master keys: what they wrap, how they are read, and that no message shows one."""

import base64
import os
import stat
from pathlib import Path

import pytest

from infrastructure.keys.errors import KeyStoreError, WrongMasterKeyError
from infrastructure.keys.master import LocalMasterKey, make_file, parse, read_file, replacement

SECRET = os.urandom(32)


def test_what_is_wrapped_is_unwrapped_by_the_same_key_alone() -> None:
    master, data_key = LocalMasterKey(SECRET), os.urandom(32)
    wrapped = master.wrap(data_key)
    assert data_key not in wrapped
    assert LocalMasterKey(SECRET).unwrap(wrapped) == data_key
    with pytest.raises(WrongMasterKeyError):
        LocalMasterKey(os.urandom(32)).unwrap(wrapped)


@pytest.mark.parametrize("bit", range(0, 320, 7))
def test_a_flipped_bit_of_a_wrapped_key_is_noticed(bit: int) -> None:
    master = LocalMasterKey(SECRET)
    damaged = bytearray(master.wrap(bytes(32)))
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(WrongMasterKeyError):
        master.unwrap(bytes(damaged))
    with pytest.raises(WrongMasterKeyError):
        master.unwrap(bytes(damaged[:-1]))


def test_its_id_tells_it_from_others_and_nothing_else() -> None:
    master = LocalMasterKey(SECRET)
    assert master.id == LocalMasterKey(SECRET).id != LocalMasterKey(os.urandom(32)).id
    assert (len(master.id), repr(master)) == (16, f"LocalMasterKey({master.id})")


@pytest.mark.parametrize(
    "text",
    ["", "hunter2", base64.b64encode(bytes(range(31))).decode(), base64.b64encode(bytes(range(33))).decode(), "é" * 44],
)
def test_what_is_no_key_is_refused_by_the_name_of_its_setting_and_not_shown(text: str) -> None:
    with pytest.raises(KeyStoreError, match="CONTEXTLINE_MASTER_KEY: must be 32 bytes in base64") as refusal:
        parse(text, "CONTEXTLINE_MASTER_KEY")
    assert not text or text not in str(refusal.value)


def test_a_made_file_is_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    made = make_file(tmp_path / "master.key")
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600
    (found,) = read_file(tmp_path / "master.key", "the file", private=True)
    assert found.id == made.id
    assert list(tmp_path.iterdir()) == [tmp_path / "master.key"]


def test_a_file_that_is_open_to_others_is_refused_where_it_must_be_private(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    make_file(path)
    path.chmod(0o640)
    assert len(read_file(path, "the file")) == 1
    with pytest.raises(KeyStoreError, match="chmod 600"):
        read_file(path, "the file", private=True)


@pytest.mark.parametrize("content", [None, b"hunter2", b"\xff\xfe", b""])
def test_a_file_without_a_key_is_refused_and_its_content_not_shown(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "master.key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(KeyStoreError, match=r"CONTEXTLINE_MASTER_KEY_FILE.*master\.key") as refusal:
        read_file(path, "CONTEXTLINE_MASTER_KEY_FILE")
    assert "hunter2" not in str(refusal.value)


def test_while_a_file_is_being_replaced_both_keys_are_read(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    old, new = make_file(path), make_file(replacement(path))
    assert [key.id for key in read_file(path, "the file", private=True)] == [old.id, new.id]
