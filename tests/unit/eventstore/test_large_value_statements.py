"""What a transaction begins with that refers to large values."""

import random

from infrastructure.eventstore.large_values import HOLD, KEEP, PIECES_A_STATEMENT, statements
from infrastructure.payloads.pieces import Piece


def piece(name: str, payload: bytes | None = b"payload") -> Piece:
    return Piece(name.encode().ljust(32, b"."), 10, payload)


def test_each_tenant_is_held_before_its_pieces_are_kept() -> None:
    names = [statement.name for statement in statements([(2, piece("b")), (1, piece("a")), (1, piece("c", None))])]
    assert names == [HOLD.name, KEEP.name, HOLD.name, KEEP.name]


def test_what_is_kept_already_is_looked_for_and_not_sent() -> None:
    known, new = piece("known", None), piece("new")
    hold, keep = statements([(1, known), (1, new)])
    assert known.hash in bytes(hold.parameters[1] or b"")
    assert new.hash not in bytes(hold.parameters[1] or b"")
    assert new.hash in bytes(keep.parameters[1] or b"")
    assert known.hash not in bytes(keep.parameters[1] or b"")
    (alone,) = statements([(1, known)])
    assert alone.name == HOLD.name


def test_of_two_who_bring_the_same_one_is_enough() -> None:
    for pieces in ([piece("a", None), piece("a")], [piece("a"), piece("a", None)], [piece("a"), piece("a")]):
        hold, keep = statements([(1, each) for each in pieces])
        assert piece("a").hash not in bytes(hold.parameters[1] or b"")
        assert bytes(keep.parameters[1] or b"").count(piece("a").hash) == 1


def test_pieces_are_kept_in_the_order_of_their_hashes_some_at_a_time() -> None:
    """Two transactions that bring the same ones in another order would wait for each other."""
    pieces = [piece(f"{n:03}") for n in range(2 * PIECES_A_STATEMENT + 1)]
    shuffled = random.Random(1).sample(pieces, len(pieces))
    _, *keeps = statements([(1, each) for each in shuffled])
    assert len(keeps) == 3
    sent = b"".join(bytes(keep.parameters[1] or b"") for keep in keeps)
    places = [sent.index(each.hash) for each in pieces]
    assert places == sorted(places)


def test_a_statement_is_built_when_it_is_asked_for() -> None:
    made = statements([(1, piece(f"{n}")) for n in range(100)])
    assert next(made).name == HOLD.name
