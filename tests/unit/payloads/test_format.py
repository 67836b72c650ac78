"""The golden payloads are read by a reader that knows docs/reference/payload-format.md and nothing of the program."""

import hashlib
import re
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infrastructure.payloads import header
from tests.unit.payloads.golden import FOLDER, GOLDEN, SEALED_WITH, TENANTS_DICTIONARY, WITH_DICTIONARY, payloads

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "reference" / "payload-format.md").read_text()
FLAGS = {name: int(flag) for flag, name in re.findall(r"^\| (\d) \| (\w+) \|", DOCUMENT, re.M)}
PARTS = [
    line.split("|")[1].strip() for line in DOCUMENT.split("## Layout")[1].split("The version")[0].splitlines()[4:-1]
]
DICTIONARIES = {
    1: ROOT / "infrastructure" / "payloads" / "dictionaries" / "0001.zdict",
    TENANTS_DICTIONARY: FOLDER / f"{TENANTS_DICTIONARY}.zdict",
}


class Reader:
    """Takes a payload apart from its beginning to its end."""

    def __init__(self, payload: bytes) -> None:
        self.payload, self.at = payload, 0

    def take(self, count: int) -> bytes:
        self.at += count
        assert self.at <= len(self.payload)
        return self.payload[self.at - count : self.at]

    def varint(self) -> int:
        number = shift = 0
        while True:
            (byte,) = self.take(1)
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def read(self, bound_to: bytes = b"", secret: bytes = b"") -> Any:
        version, flags = divmod(self.take(1)[0], 16)
        assert version == 1
        has = {name: bool(flags & flag) for name, flag in FLAGS.items()}
        assert not has["references"], "see the section on large values"
        dictionary = self.varint() if has["dictionary"] else 0
        if has["encrypted"]:
            _, nonce, head = self.take(8), self.take(12), self.payload[: self.at]
            body = AESGCM(secret).decrypt(nonce, self.payload[self.at :], head + bound_to)
        else:
            checksum = b"" if has["compressed"] else self.take(4)
            body = self.payload[self.at :]
            assert not checksum or int.from_bytes(checksum, "big") == zlib.crc32(body)
        if has["dictionary"]:
            known = zstandard.ZstdCompressionDict(DICTIONARIES[dictionary].read_bytes())
            body = zstandard.ZstdDecompressor(known, format=zstandard.FORMAT_ZSTD1_MAGICLESS).decompress(body)
        elif has["compressed"]:
            body = zstandard.ZstdDecompressor().decompress(body)
        return msgspec.msgpack.decode(body)


def fields(name: str, which: int = 0) -> Any:
    """A golden event as MessagePack has it, without the fields that have their defaults."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(GOLDEN[name][which]))


def test_the_document_has_the_flags_of_the_program() -> None:
    assert FLAGS == {
        "compressed": header.COMPRESSED,
        "dictionary": header.DICTIONARY,
        "encrypted": header.ENCRYPTED,
        "references": header.REFERENCES,
    }


def test_the_document_has_the_parts_in_the_order_of_the_program() -> None:
    built = header.build(compressed=True, references=(b"R" * 32,), dictionary=300, key_id=b"K" * 8, nonce=b"N" * 12)
    assert built == b"\x1f" + b"\x01" + b"R" * 32 + b"\xac\x02" + b"K" * 8 + b"N" * 12
    order = ["header byte", "number of references", "references", "dictionary", "key", "nonce", "CRC-32", "body"]
    assert [part.startswith(word) for part, word in zip(PARTS, order, strict=True)] == [True] * len(order)


@pytest.mark.parametrize("name", GOLDEN)
def test_plain_payloads_are_as_the_document_says(name: str) -> None:
    assert [Reader(payload).read() for payload in payloads(name)] == [fields(name, 0), fields(name, 1)]


def test_compressed_payloads_are_as_the_document_says() -> None:
    (payload,) = payloads("session-completed.compressed")
    assert Reader(payload).read()["reason"] == "all done"


@pytest.mark.parametrize("name", WITH_DICTIONARY)
def test_payloads_with_the_shipped_dictionary_are_as_the_document_says(name: str) -> None:
    (payload,) = payloads(f"{name}.dictionary")
    assert payload[:2] == b"\x13\x01"
    assert Reader(payload).read() == fields(name)


def test_payloads_with_a_tenants_dictionary_are_as_the_document_says() -> None:
    (payload,) = payloads("context-updated.dictionary-1000")
    assert payload[:3] == b"\x13\xe8\x07"
    assert Reader(payload).read() == fields("context-updated")


def test_encrypted_payloads_are_as_the_document_says() -> None:
    (payload,) = payloads("context-updated.sealed")
    assert payload[:2] == b"\x17\x01"
    assert payload[2:10] == SEALED_WITH.key_id
    assert Reader(payload).read(SEALED_WITH.bound_to, SEALED_WITH.secret) == fields("context-updated")


def test_the_dictionary_that_the_fixtures_need_is_the_one_that_they_were_made_with() -> None:
    digest = hashlib.sha256(DICTIONARIES[TENANTS_DICTIONARY].read_bytes()).hexdigest()
    assert digest == "afbcabe3a22f3507c6a44697ebed5acbb1e625f4cb60a5d184ed8ad1e3d6163f"
