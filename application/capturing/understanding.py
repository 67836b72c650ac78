"""From what was handed over to the elements that are stored: paths made one, code read, secrets dropped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from application.capturing.ports import CodeReader, Definition, Parsed, SecretFinder
from application.capturing.redaction import Redaction
from application.capturing.seen import (
    MAX_ELEMENTS,
    MAX_TEXT,
    MAX_TEXTS,
    Seen,
    SeenCode,
    SeenEnvironment,
    SeenFile,
    SeenTask,
    Understood,
)
from domain.capture.elements import Code, Element, Environment, File, Task
from domain.capture.languages import is_code, language_of
from domain.capture.naming import MAX_PATH, key_of, normalize, paths_in
from domain.contexts.identity import name_fault
from domain.errors import Fault, InvalidInputError

MAX_SECONDS = 5.0
"""For reading the code of one capture; what is left then is kept unread."""


def check(seen: Seen) -> None:
    """Refuse what is too much or has no usable name, before any work is done on it.

    Raises:
        InvalidInputError: too many elements, texts that are too long, paths that can't be.
    """
    faults: list[Fault] = []
    given = len(seen.files) + len(seen.code) + len(seen.tasks) + (seen.environment is not None)
    if given == 0:
        faults.append(Fault("", "there is nothing to capture: give files, code, tasks or an environment"))
    if given > MAX_ELEMENTS:
        faults.append(Fault("", f"{given} elements, and one capture takes {MAX_ELEMENTS}: hand them over in parts"))
    paths = [(f"/files/{index}/path", each.path) for index, each in enumerate(seen.files)]
    paths += [(f"/code/{index}/path", each.path) for index, each in enumerate(seen.code)]
    for index, task in enumerate(seen.tasks):
        paths += [(f"/tasks/{index}/files/{number}", path) for number, path in enumerate(task.files)]
        if task.name is None and not task.description:
            faults.append(Fault(f"/tasks/{index}", "a task has a name or a description"))
    for place, path in paths:
        fault = name_fault(path, MAX_PATH) if path else "a path has at least one character"
        if fault:
            faults.append(Fault(place, fault))
    texts = [(f"/files/{index}/content", each.content or "") for index, each in enumerate(seen.files)]
    texts += [(f"/code/{index}/text", each.text or "") for index, each in enumerate(seen.code)]
    total = 0
    for place, text in texts:
        size = len(text.encode(errors="surrogatepass"))
        total += size
        if size > MAX_TEXT:
            faults.append(Fault(place, f"{size} bytes, and a text may have {MAX_TEXT}"))
    if total > MAX_TEXTS:
        faults.append(Fault("", f"texts of {total} bytes, and those of one capture may have {MAX_TEXTS} together"))
    if faults:
        raise InvalidInputError(faults[:100])


def understand(seen: Seen, reader: CodeReader, finder: SecretFinder, seconds: Callable[[], float]) -> Understood:
    """The elements, without secrets. Takes some time, so it is for a thread. `seconds` is a clock that never falls.

    Raises:
        InvalidInputError: two of the elements have one key, or there are more than fit.
    """
    return _Understanding(seen, reader, Redaction(finder), seconds).all()


class _Understanding:
    def __init__(self, seen: Seen, reader: CodeReader, redaction: Redaction, seconds: Callable[[], float]) -> None:
        self._seen, self._reader, self._redaction = seen, reader, redaction
        self._seconds, self._until = seconds, seconds() + MAX_SECONDS
        self._source = redaction.name(seen.source, "/source")
        self._elements: dict[str, Element] = {}

    def all(self) -> Understood:
        for index, file in enumerate(self._seen.files):
            self._file(file, f"/files/{index}")
        for index, code in enumerate(self._seen.code):
            self._code(code, f"/code/{index}")
        for index, task in enumerate(self._seen.tasks):
            self._task(task, f"/tasks/{index}")
        if self._seen.environment is not None:
            self._environment(self._seen.environment, "/environment")
        if len(self._elements) > MAX_ELEMENTS:
            raise InvalidInputError.at(
                "", f"{len(self._elements)} elements come of it, and one capture takes {MAX_ELEMENTS}: hand in less"
            )
        return Understood(self._elements, self._redaction.dropped)

    def _add(self, element: Element, place: str) -> None:
        key = key_of(element)
        if key in self._elements:
            raise InvalidInputError.at(place, f"makes the element {key!r}, as something before it in this capture does")
        self._elements[key] = element

    def _file(self, file: SeenFile, place: str) -> None:
        path = self._redaction.name(normalize(file.path), f"{place}/path")
        if path is None:
            return
        language = file.language or language_of(path)
        text, size = None, file.size
        imports: tuple[str, ...] = ()
        pieces: list[Code] = []
        if file.content is not None:
            text = self._redaction.text(file.content, f"{place}/content", path, code=is_code(language))
            size = len(file.content.encode()) if size is None else size
            if is_code(language):
                parsed = self._read(file.content, language)
                pieces = list(self._pieces(path, language, parsed, text, f"{place}/content"))
                imports = pieces[0].imports if pieces else ()
        content = text if self._seen.keep_text else None
        self._add(
            File(
                source=self._source,
                path=path,
                size=size,
                modified=file.modified,
                language=language,
                imports=imports,
                content=content,
            ),
            place,
        )
        for piece in pieces:
            self._add(piece, place)

    def _code(self, code: SeenCode, place: str) -> None:
        path = self._redaction.name(normalize(code.path), f"{place}/path")
        if path is None:
            return
        language = code.language or language_of(path)
        parsed = Parsed()
        text = None
        if code.text is not None:
            parsed = self._read(code.text, language)
            text = self._redaction.text(code.text, f"{place}/text", path, code=True)
        if code.function is None and code.class_name is None and code.text is not None:
            parsed = parsed._replace(imports=(*code.imports, *parsed.imports))
            for piece in self._pieces(path, language, parsed, text or "", f"{place}/text"):
                self._add(piece, place)
            return
        function = self._redaction.name(code.function, f"{place}/function")
        class_name = self._redaction.name(code.class_name, f"{place}/class")
        if function is None and class_name is None and (code.function or code.class_name):
            return
        calls = [*parsed.calls, *(call for each in parsed.definitions for call in each.calls)]
        self._add(
            Code(
                source=self._source,
                path=path,
                language=language,
                function=function,
                class_name=class_name,
                imports=self._redaction.names([*code.imports, *parsed.imports], f"{place}/imports"),
                calls=self._redaction.names(calls, f"{place}/text"),
                parsed=parsed.fault is None,
                reason=parsed.fault,
                text=text if self._seen.keep_text else None,
            ),
            place,
        )

    def _read(self, text: str, language: str | None) -> Parsed:
        if self._seconds() > self._until:
            return Parsed(fault=f"not read: the capture's code took longer than {MAX_SECONDS:g} seconds")
        return self._reader.read(text, language)

    def _pieces(self, path: str, language: str | None, parsed: Parsed, text: str, place: str) -> Iterable[Code]:
        """What stands beside all definitions, then each of them."""
        yield Code(
            source=self._source,
            path=path,
            language=language,
            imports=self._redaction.names(parsed.imports, place),
            calls=self._redaction.names(parsed.calls, place),
            parsed=parsed.fault is None,
            reason=parsed.fault,
            more_definitions=parsed.more,
            text=text if self._seen.keep_text and not parsed.definitions else None,
        )
        lines = text.split("\n") if self._seen.keep_text else []
        for definition in parsed.definitions:
            if self._redaction.name(f"{definition.class_name or ''} {definition.function or ''}", place) is not None:
                yield self._piece(path, language, definition, lines, place)

    def _piece(self, path: str, language: str | None, found: Definition, lines: list[str], place: str) -> Code:
        text = "\n".join(lines[found.line - 1 : found.end_line])
        return Code(
            source=self._source,
            path=path,
            language=language,
            function=found.function,
            class_name=found.class_name,
            imports=self._redaction.names(found.imports, place),
            calls=self._redaction.names(found.calls, place),
            line=found.line,
            end_line=found.end_line,
            text=text or None,
        )

    def _task(self, task: SeenTask, place: str) -> None:
        description = self._redaction.text(task.description, f"{place}/description")
        name = self._redaction.name(task.name, f"{place}/name")
        if name is None:
            if task.name is not None:
                return
            name = hashlib.sha256(description.encode()).hexdigest()[:16]
        files = [normalize(path) for path in task.files]
        self._add(
            Task(
                source=self._source,
                name=name,
                description=description,
                status=task.status,
                dependencies=self._redaction.names(task.dependencies, f"{place}/dependencies"),
                files=self._redaction.names([*files, *paths_in(description)], f"{place}/files"),
            ),
            place,
        )

    def _environment(self, environment: SeenEnvironment, place: str) -> None:
        version = environment.interpreter_version
        self._add(
            Environment(
                source=self._source,
                working_directory=self._redaction.name(environment.working_directory, f"{place}/workingDirectory"),
                interpreter_version=version and self._redaction.text(version, f"{place}/interpreterVersion"),
                packages=self._redaction.variables(environment.packages, f"{place}/packages", by_name=False),
                variables=self._redaction.variables(environment.variables, f"{place}/variables", by_name=True),
            ),
            place,
        )
