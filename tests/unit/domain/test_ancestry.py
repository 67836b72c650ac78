"""Which versions of which contexts come from which, and what two have in common."""

import pytest

from domain.contexts.ancestry import common_ancestors, unknown
from domain.contexts.context import Context
from domain.contexts.events import Point
from domain.contexts.lineage import Link
from domain.errors import AncestorErasedError, NoCommonAncestorError
from tests.unit.domain.stories import another


class Graph:
    """Contexts by key with the links of their versions: `{version: parents}` for forks, `merges` for merges."""

    def __init__(self) -> None:
        self.states: dict[object, Context | None] = {}

    def add(self, key: str, version: int, begins: dict[int, str | None], merges: dict[int, str] | None = None) -> None:
        links = [
            Link(version=at, begins=True, parents=(self.at(parent),) if parent else ()) for at, parent in begins.items()
        ]
        for at, parent in (merges or {}).items():
            links.append(Link(version=at, begins=False, parents=(self.at(parent),)))
        context = another(key, None, version, lineage=tuple(sorted(links, key=lambda link: link.version)))
        self.states[context.id] = context

    def erase(self, key: str) -> None:
        context = another(key, None, 9, erased_through=9)
        self.states[context.id] = context

    def at(self, name: str) -> Point:
        """Such as "main@3"."""
        key, version = name.split("@")
        return Point(stream_id=another(key, None).id, namespace="", key=key, version=int(version))

    def common(self, *names: str) -> set[str]:
        *ours, theirs = map(self.at, names)
        assert unknown(self.states, [*ours, theirs]) == []  # type: ignore[arg-type]
        found = common_ancestors(self.states, ours, theirs)  # type: ignore[arg-type]
        return {f"{point.key}@{point.version}" for point in found}


@pytest.fixture
def graph() -> Graph:
    graph = Graph()
    graph.add("main", 9, {1: None})
    graph.add("branch", 9, {1: "main@3"})
    graph.add("twig", 9, {1: "branch@4"})
    graph.add("other", 9, {1: "main@5"})
    return graph


def test_of_two_versions_of_one_context_the_older_is_their_ancestor(graph: Graph) -> None:
    assert graph.common("main@2", "main@7") == {"main@2"}
    assert graph.common("main@7", "main@7") == {"main@7"}


def test_what_a_branch_was_forked_from_is_in_common(graph: Graph) -> None:
    assert graph.common("main@9", "branch@9") == {"main@3"}
    assert graph.common("main@2", "branch@9") == {"main@2"}
    assert graph.common("branch@9", "other@9") == {"main@3"}
    assert graph.common("twig@9", "branch@9") == {"branch@4"}
    assert graph.common("twig@9", "branch@2") == {"branch@2"}
    assert graph.common("twig@9", "main@9") == {"main@3"}


def test_after_a_merge_what_was_merged_is_in_common() -> None:
    graph = Graph()
    graph.add("main", 9, {1: None}, {5: "branch@4"})
    graph.add("branch", 9, {1: "main@2"})
    assert graph.common("main@9", "branch@9") == {"branch@4"}
    assert graph.common("main@4", "branch@9") == {"main@2"}


def test_several_that_were_merged_before_are_looked_at_together(graph: Graph) -> None:
    assert graph.common("twig@1", "main@4", "other@2") == {"main@4"}


def test_branches_that_were_merged_into_each_other_have_several() -> None:
    graph = Graph()
    graph.add("root", 1, {1: None})
    graph.add("left", 9, {1: "root@1"}, {3: "right@2"})
    graph.add("right", 9, {1: "root@1"}, {3: "left@2"})
    assert graph.common("left@9", "right@9") == {"left@2", "right@2"}


def test_another_life_of_a_context_is_another_context() -> None:
    graph = Graph()
    graph.add("main", 9, {1: None, 5: None})
    graph.add("branch", 9, {1: "main@3"})
    with pytest.raises(NoCommonAncestorError):
        graph.common("main@9", "branch@9")
    assert graph.common("main@4", "branch@9") == {"main@3"}


def test_what_is_not_known_yet_is_asked_for(graph: Graph) -> None:
    del graph.states[graph.at("branch@1").stream_id]
    (missing,) = unknown(graph.states, [graph.at("twig@2")])  # type: ignore[arg-type]
    assert (missing.key, missing.version) == ("branch", 4)


def test_contexts_that_have_nothing_to_do_with_each_other_have_none(graph: Graph) -> None:
    graph.add("alone", 3, {1: None})
    with pytest.raises(NoCommonAncestorError, match="deep_merge"):
        graph.common("alone@3", "main@3")


def test_an_ancestor_that_was_erased_is_named(graph: Graph) -> None:
    graph.erase("main")
    with pytest.raises(AncestorErasedError, match=r"'main'.*deep_merge"):
        graph.common("branch@9", "other@9")


def test_what_was_erased_between_hides_what_lies_behind_it(graph: Graph) -> None:
    graph.erase("branch")
    with pytest.raises(AncestorErasedError, match="'branch'"):
        graph.common("twig@9", "main@9")


def test_what_was_erased_behind_the_common_ancestor_does_not_matter(graph: Graph) -> None:
    graph.erase("main")
    assert graph.common("branch@9", "twig@9") == {"branch@4"}


def test_later_versions_of_what_was_erased_can_hide_a_nearer_ancestor() -> None:
    graph = Graph()
    graph.erase("main")
    graph.add("branch", 9, {1: "main@2"})
    graph.add("twig", 9, {1: "branch@1"}, {2: "main@5"})
    with pytest.raises(AncestorErasedError, match="'main'"):
        graph.common("branch@9", "twig@9")
    assert graph.common("branch@9", "twig@1") == {"branch@1"}


def test_an_ancestor_that_the_log_does_not_have_is_as_if_erased(graph: Graph) -> None:
    graph.states[graph.at("main@1").stream_id] = None
    with pytest.raises(AncestorErasedError, match="not there"):
        graph.common("branch@9", "other@9")


def test_a_life_after_an_erasure_has_ancestors_of_its_own() -> None:
    graph = Graph()
    context = another("main", None, 9, erased_through=4, lineage=(Link(version=5, begins=True),))
    graph.states[context.id] = context
    graph.add("branch", 3, {1: "main@6"})
    assert graph.common("main@9", "branch@3") == {"main@6"}
