"""How elements are related, how strongly, and that a thousand of them make no million."""

from hypothesis import given
from hypothesis import strategies as st

from domain.capture.elements import Code, Element, File, Task, from_data, to_data
from domain.capture.naming import directory, key_of, normalize, paths_in
from domain.capture.relationships import MOST, Relationship, relate, strengths


def related(*elements: Element) -> set[tuple[str, str, str, float]]:
    return {tuple(each) for each in relate({key_of(element): element for element in elements})}


def file(path: str, *imports: str) -> File:
    return File(path=path, imports=imports)


def test_files_of_one_directory() -> None:
    found = related(file("src/a.py"), file("src/b.py"), file("src/deep/c.py"), file("d.py"))
    assert found == {("capture/file/src/a.py", "capture/file/src/b.py", "directory", 0.8)}


def test_an_import_tells_more_than_a_directory() -> None:
    found = related(file("src/b.py", ".a"), file("src/a.py"))
    assert found == {("capture/file/src/b.py", "capture/file/src/a.py", "imports", 0.8)}


def imports(importing: str, imported: str, path: str) -> bool:
    return any(each[2] == "imports" for each in related(file(importing, imported), file(path)))


def test_imports_are_followed_in_the_ways_of_each_language() -> None:
    assert imports("app/main.py", "pkg.mod", "lib/pkg/mod.py")
    assert imports("app/main.py", "pkg.mod.name", "pkg/mod.py")
    assert imports("app/main.py", "pkg", "pkg/__init__.py")
    assert imports("app/x/main.py", "..tools.f", "app/tools.py")
    assert imports("app/main.py", "beside", "app/beside.py")
    assert imports("web/a.ts", "./b", "web/b.ts")
    assert imports("web/a.ts", "../lib/b.js", "lib/b.ts")
    assert imports("web/a.ts", "../lib", "lib/index.ts")
    assert imports("cmd/x/a.go", "example.org/project/store", "store/read.go")
    assert imports("A.java", "org.example.Plan", "src/org/example/Plan.java")
    assert imports("src/main.rs", "crate::store::read", "src/store/read.rs")
    assert not imports("app/main.py", "os", "lib/pkg/mod.py")
    assert not imports("app/main.py", "pkg.other", "lib/pkg/mod.py")


def code(path: str, name: str | None = None, of: str | None = None, *calls: str, imports: tuple[str, ...] = ()) -> Code:
    return Code(path=path, function=name, class_name=of, calls=calls, imports=imports)


def test_calls_mean_what_is_nearest() -> None:
    run, step = code("a.py", "run", "A", "self.step"), code("a.py", "step", "A")
    other = code("b.py", "step", "B")
    assert related(run, step, other) == {("capture/code/a.py#A.run", "capture/code/a.py#A.step", "calls", 0.9)}


def test_calls_into_another_file_need_an_import() -> None:
    tool = code("lib/tools.py", "measure")
    assert related(code("a.py", "run", None, "measure", imports=("lib.tools.measure",)), tool)
    assert related(code("a.py", "run", None, "tools.measure", imports=("lib.tools",)), tool)
    assert not related(code("a.py", "run", None, "measure"), tool)


def test_a_function_that_calls_itself_is_not_related_to_itself() -> None:
    assert not related(code("a.py", "f", None, "f"))


def test_tasks_name_files() -> None:
    found = related(Task(name="t", files=("a.py", "gone.py")), file("a.py"))
    assert found == {("capture/task/t", "capture/file/a.py", "names", 1.0)}


def test_a_large_directory_has_bounded_relationships() -> None:
    elements = {f"{number:04}": file(f"d/{number:04}.py") for number in range(1000)}
    assert len(relate(elements)) < 1000 * MOST


def test_the_mean_strength_counts_both_ends() -> None:
    found = strengths([Relationship("a", "b", "names", 1.0), Relationship("b", "c", "directory", 0.8)])
    assert found == {"a": 1.0, "b": 0.9, "c": 0.8}


def test_paths_are_one_however_they_are_written() -> None:
    for written in ("src/a.py", "./src/a.py", "src//a.py", "src/./a.py", "src/x/../a.py", "src\\a.py", "src/a.py/"):
        assert normalize(written) == "src/a.py"
    assert normalize("../../etc/passwd") == "../../etc/passwd"
    assert normalize("/../etc") == "/etc"
    assert normalize("./") == normalize("") == "."
    assert (directory("a"), directory("/a"), directory("b/c")) == (".", "/", "b")


@given(st.text(max_size=200))
def test_normalizing_again_changes_nothing(path: str) -> None:
    assert normalize(normalize(path)) == normalize(path)


def test_files_are_found_in_descriptions() -> None:
    assert paths_in("Fix src/plan.py, (see docs/a-b.md) e.g. with v1.2 and setup.cfg.") == (
        "src/plan.py",
        "docs/a-b.md",
        "setup.cfg",
    )


@given(st.text(max_size=5_000))
def test_any_text_can_be_looked_through_for_files(text: str) -> None:
    assert all(normalize(path) == path for path in paths_in(text))


@given(st.text(min_size=1, max_size=1500), st.text(max_size=50))
def test_every_element_has_a_key_that_fits_and_comes_back_from_its_data(path: str, name: str) -> None:
    for element in (File(path=path), Code(path=path, function=name), Task(name=name or "t")):
        assert len(key_of(element)) <= 512
        assert from_data(element.TYPE, to_data(element)) == element


def test_what_is_no_element_is_none() -> None:
    assert from_data("generic", {"path": "a"}) is None
    assert from_data("file", {"other": 1}) is None
    assert from_data("file", ["path"]) is None
    assert from_data("task", {"name": 5}) is None
