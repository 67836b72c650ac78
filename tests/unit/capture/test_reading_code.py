"""What is read of code, and that nothing that calls itself code can do harm."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastructure.capture.outline import MAX_DEFINITIONS, MAX_NAMES
from infrastructure.capture.reading import LANGUAGES, Readers

read = Readers().read

SOURCES: dict[str, tuple[str, tuple[str, ...], dict[str, tuple[str, ...]]]] = {
    "python": (
        "import os\nfrom .m import a as b\nclass C:\n  def x(self):\n    self.y(); b(os.path.join('a'))\n"
        "  async def y(self):\n    def z(): pass\n    z()\n",
        ("os", ".m.a"),
        {"C": (), "C.x": ("self.y", "b", "os.path.join"), "C.y": ("z",), "C.y.z": ()},
    ),
    "javascript": (
        "import a, {b as c} from './m';\nconst q = require('q');\nclass A { run() { c(); this.go(); } go() {} }\n"
        "const f = () => { new A().run(); q.x() }\n",
        ("./m", "q"),
        {"A": (), "A.run": ("c", "this.go"), "A.go": (), "f": ("A", "q.x")},
    ),
    "typescript": (
        "import {T} from '../t';\ninterface I {}\nexport function g(x: number): I { return h(x) }\n",
        ("../t",),
        {"I": (), "g": ("h",)},
    ),
    "tsx": ("import {T} from 't';\nconst V = () => <T>{f()}</T>;\n", ("t",), {"V": ("f",)}),
    "go": (
        'package m\nimport (\n "fmt"\n x "a/b"\n)\ntype S struct{}\nfunc (s *S) Run() { fmt.Println(x.Y()) }\n'
        "func main() { help() }\n",
        ("fmt", "a/b"),
        {"S": (), "S.Run": ("fmt.Println", "x.Y"), "main": ("help",)},
    ),
    "java": (
        "package p;\nimport a.b.C;\nimport static a.D.*;\nclass X { X() {} void m() { C.f(); n(); } void n() {} }\n",
        ("a.b.C", "a.D"),
        {"X": (), "X.X": (), "X.m": ("C.f", "n"), "X.n": ()},
    ),
    "rust": (
        "use crate::a::{b, c as d};\nuse std::io;\nstruct S;\nimpl S { fn run(&self) { self.go(); d::x(); } "
        "fn go(&self) {} }\n",
        ("crate::a::b", "crate::a::c", "std::io"),
        {"S": (), "S.run": ("self.go", "d.x"), "S.go": ()},
    ),
}


@pytest.mark.parametrize("language", sorted(SOURCES))
def test_definitions_calls_and_imports_are_read(language: str) -> None:
    text, imports, definitions = SOURCES[language]
    parsed = read(text, language)
    assert parsed.fault is None
    assert parsed.imports == imports
    found = {
        ".".join(name for name in (each.class_name, each.function) if name): each.calls for each in parsed.definitions
    }
    assert found == definitions


def test_a_definition_has_the_imports_that_it_uses() -> None:
    parsed = read("import os\nimport re\ndef f():\n    import json\n    return re.compile('a')\n", "python")
    assert parsed.definitions[0].imports == ("json", "re")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_that_language_has_a_fault(language: str) -> None:
    parsed = read("class { ((", language)
    assert parsed.fault is not None
    assert parsed.definitions == ()


def test_a_language_without_rules_has_a_fault_that_names_those_that_have() -> None:
    assert "python" in (read("x", "cobol").fault or "")


def test_definitions_and_names_are_bounded_and_the_rest_is_counted() -> None:
    many = MAX_DEFINITIONS + 50
    parsed = read("".join(f"def f{n}():\n    a{n}()\n" for n in range(many)), "python")
    assert (len(parsed.definitions), parsed.more) == (MAX_DEFINITIONS, 50)
    calls = read("def f():\n" + "".join(f"    c{n}()\n" for n in range(many)), "python").definitions[0].calls
    assert len(calls) == MAX_NAMES
    assert read(f"def {'x' * 300}(): pass", "python").definitions == []


HOSTILE = [
    "(",
    "[",
    "{",
    "-",
    "not ",
    "a+",
    "a.b",
    "x if x else ",
    "lambda:",
    "if a:\n ",
    "a?b:",
    "`${",
    "x=>",
    "import ",
    "class A ",
    "impl ",
    "/*",
    "use a::{",
    "<",
    "if(a){",
    "'",
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("piece", HOSTILE)
def test_what_is_made_to_keep_a_parser_busy_does_not(language: str, piece: str) -> None:
    begun = time.monotonic()
    read(piece * (64 * 1024 // len(piece)), language)
    assert time.monotonic() - begun < 10


WORDS = ["{", "}", "(", ")", "[", "]", ";", "=", "=>", ",", ".", "<", ">", "*", "'a'", '"', "`", "//", "/*", "*/", "\n"]
WORDS += ["a", "b.c", "x::y", "class", "function", "func", "fn", "impl", "for", "type", "import", "from", "use", "as"]
WORDS += ["const", "async", "require", "return", "new", "if", "static", "void", "export", "interface", "enum", "let"]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(LANGUAGES), st.lists(st.sampled_from(WORDS), max_size=60))
def test_no_order_of_its_words_raises(language: str, words: list[str]) -> None:
    read(" ".join(words), language)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(LANGUAGES), st.recursive(st.sampled_from(WORDS[6:]), lambda inner: st.lists(inner, max_size=6)))
def test_nor_does_any_nesting_of_them(language: str, words: Any) -> None:
    def written(value: Any) -> str:
        return value if isinstance(value, str) else "{ " + " ".join(map(written, value)) + " }"

    read(written(words), language)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(LANGUAGES), st.text(max_size=300))
def test_no_text_raises(language: str, text: Any) -> None:
    read(text, language)
