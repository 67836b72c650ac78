"""JSON as contextline accepts it, for Hypothesis."""

from typing import Any

from hypothesis import strategies as st

from domain.values import MAX_INTEGER, MIN_INTEGER

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
integers = st.integers(MIN_INTEGER, MAX_INTEGER)
doubles = st.floats(allow_nan=False, allow_infinity=False)

# Values that Python takes for equal and JSON does not, and member names that a pointer must escape.
look_alikes = st.sampled_from([0, 0.0, -0.0, False, 1, 1.0, True, None, "", "1", [], {}, [0], [False], {"a": 1}])
names = st.sampled_from(["", "a", "b", "0", "-", "/", "~", "~1", "a/b", "é", "\U0001f600"]) | texts

leaves = st.none() | st.booleans() | integers | doubles | texts | look_alikes


def _containers(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(items, max_size=4) | st.dictionaries(names, items, max_size=4)


documents: st.SearchStrategy[Any] = st.recursive(leaves, _containers, max_leaves=12)
"""Any document."""

objects: st.SearchStrategy[dict[str, Any]] = st.dictionaries(names, documents, max_size=4)
"""Any document that is an object."""


def nested(levels: int, outermost: str = "[") -> Any:
    """So many levels of arrays and objects, one in the other."""
    value: Any = []
    for level in range(levels - 1, 0, -1):
        value = [value] if (level % 2 == 1) == (outermost == "[") else {"in": value}
    return value
