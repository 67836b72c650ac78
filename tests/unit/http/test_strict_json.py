"""Reading bodies: what is JSON, what of it can be kept, and that nothing is changed on the way."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings

from domain.errors import InvalidInputError
from domain.values import identical
from interfaces.http.strict_json import MalformedJsonError, parse
from tests.unit.domain.strategies import documents, doubles, nested

NOT_JSON = [
    b"", b"  \n", b"{", b"[1,]", b'{"a":1,}', b"[1 2]", b"01", b"+1", b".5", b"1.", b"1.e5", b"1e", b"-", b"--1",
    b"0x1", b"NaN", b"Infinity", b"-Infinity", b"nul", b"True", b"{a:1}", b"{'a':1}", b'{"a"}', b'"abc', b'"\\x"',
    b'"\\u12"',
    b'"a\nb"', b'"\t"', b'"\x00"', b'"\xff"', b'"\xed\xa0\x80"', b'{"a":1}x', b"1 2", b"/*c*/1", b"\xc2\xa01",
    b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"\x00",
]  # fmt: skip

NOT_KEPT = [
    (b'{"a":1,"a":2}', 'duplicate member "a"'),
    (b'[{"a":1,"\\u0061":2}]', 'duplicate member "a"'),
    (b'{"a":{"b":1,"b":1}}', 'duplicate member "b"'),
    (b"1e999", "finite"),
    (b"-1e999", "finite"),
    (b"1.7976931348623159e308", "finite"),
    (b"1" + b"0" * 400 + b".0", "finite"),
    (b"1e" + b"9" * 10_000, "finite"),
    (b"1e-999", "would become 0"),
    (b"[-1.5E-400]", "would become 0"),
    (b"0." + b"0" * 400 + b"1", "would become 0"),
    (b"0." + b"0" * 250 + b"1e-99", "would become 0"),
    (b"18446744073709551616", "integers"),
    (b"-9223372036854775809", "integers"),
    (b"9" * 4_000, "integers"),
    (b"9" * 5_000, "larger ones can be sent as strings"),
    (b"-" + b"9" * 1_000_000, "larger ones can be sent as strings"),
    (b'"\\ud800"', "lone surrogates"),
    (b'"\\udc00"', "lone surrogates"),
    (b'"\\ud800x"', "lone surrogates"),
    (b'{"\\udfff\\ud800":1}', "lone surrogates"),
    (b'"\\u0000"', "NUL"),
    (b'{"\\u0000":1}', "NUL"),
    (b"[" * 130 + b"]" * 130, "nested deeper"),
    (b"[" * 1_000 + b"]" * 1_000, "nested deeper"),
    (b"[" * 1_000_000, "nested deeper"),
    (b'{"a":' * 1_000_000, "nested deeper"),
]


@pytest.mark.parametrize("body", NOT_JSON, ids=repr)
def test_what_is_not_json_is_told_apart(body: bytes) -> None:
    with pytest.raises(MalformedJsonError):
        parse(body)


@pytest.mark.parametrize(("body", "message"), NOT_KEPT, ids=[repr(body[:20]) for body, _ in NOT_KEPT])
def test_json_that_can_not_be_kept_unchanged_is_refused_quickly(body: bytes, message: str) -> None:
    took = []
    for _ in range(3):  # on a busy machine one of them may take long for other reasons
        began = time.process_time()
        with pytest.raises(InvalidInputError, match=message):
            parse(body)
        took.append(time.process_time() - began)
    assert min(took) < 1.0


def test_the_place_of_a_fault_is_told() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        parse(b'{"a": {"b/c": [1, 1e999]}}')
    assert refusal.value.faults[0].pointer == "/a/b~1c/1"


@settings(max_examples=300, deadline=None)
@given(documents)
def test_what_is_accepted_comes_out_identical(document: Any) -> None:
    assert identical(parse(json.dumps(document).encode()), document)
    assert identical(parse(json.dumps(document, ensure_ascii=False, indent=1).encode()), document)


@settings(max_examples=300, deadline=None)
@given(doubles)
def test_a_double_keeps_its_last_bit_however_many_digits_it_is_written_with(number: float) -> None:
    for written in (
        repr(number),
        f"{number:.30e}",
        f"{number:.17g}e0" if "e" not in f"{number:.17g}" else repr(number),
    ):
        assert identical(float(parse(written.encode())), float(written))


@pytest.mark.parametrize("outermost", ["[", "{"])
def test_a_document_of_128_levels_fits_into_a_body_and_one_of_129_does_not(outermost: str) -> None:
    fits = {"data": nested(128, outermost)}
    assert identical(parse(json.dumps(fits).encode()), fits)
    with pytest.raises(InvalidInputError, match="nested deeper than 128 levels"):
        parse(json.dumps({"data": nested(129, outermost)}).encode())


@pytest.mark.parametrize("text", [b"1e-400", b"[0.5e-324]", b"0." + b"0" * 330 + b"1", b'{"a": -3E-9999}'])
def test_a_number_that_would_become_zero_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidInputError, match="too small"):
        parse(text)


@pytest.mark.parametrize("text", [b"0e-400", b"5e-324", b"1e-300", b"-0.0e-999"])
def test_a_small_number_that_a_double_holds_is_taken(text: bytes) -> None:
    assert parse(text) == json.loads(text)
