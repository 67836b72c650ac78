"""Values to pack, and what it means that one came back."""

from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from domain.values import MAX_INTEGER, MIN_INTEGER, identical

at_any_speed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
scalars = (
    st.none()
    | st.booleans()
    | st.integers(MIN_INTEGER, MAX_INTEGER)
    | st.sampled_from([MIN_INTEGER, -(2**53) - 1, 2**53 + 1, 2**63, MAX_INTEGER])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0.0, -0.0, 1.0, 5e-324, 1.7976931348623157e308])
    | text
)
json = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4), max_leaves=16
)
objects = st.dictionaries(text, json, max_size=4)


def same(one: Any, other: Any) -> bool:
    """Equal, and written alike: 1, 1.0 and true differ, and so do 0.0 and -0.0."""
    return type(one) is type(other) and identical(msgspec.to_builtins(one), msgspec.to_builtins(other))
