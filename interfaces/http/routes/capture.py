"""Captures."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from application.capturing.capturing import Keeping
from application.capturing.seen import Seen, SeenCode, SeenEnvironment, SeenFile, SeenTask
from domain.recorded import Origin
from interfaces.http.answers.base import answer
from interfaces.http.answers.capture import CaptureAnswer, capture_document
from interfaces.http.contract import told
from interfaces.http.models.capture import CaptureRequest, EnvironmentBody
from interfaces.http.requests import TENANT, read_body, services

router = APIRouter(prefix="/api/context", tags=["capture and recall"])


@router.post("/capture", **told({200: CaptureAnswer}, body=CaptureRequest))
async def capture(request: Request) -> Response:
    """Store what an agent saw as files, code, tasks and an environment. What is known as it is makes no new version."""
    wired, body = services(request), await read_body(request, CaptureRequest)
    options = body.options
    namespace = (options.session_id or "") if options.namespace is None else options.namespace
    keeping = Keeping(
        namespace=namespace,
        session_id=options.session_id,
        agent_id=options.agent_id,
        user_id=options.user_id,
        project=options.project,
        tags=tuple(options.tags),
        ttl=options.ttl,
        encrypt=options.encrypt,
        encrypt_new=wired.settings.encrypt_default,
        action=options.action,
        reason=options.reason,
    )
    origin = Origin(
        actor=options.changed_by,
        agent_id=options.agent_id,
        session_id=options.session_id,
        causation_id=options.causation_id,
        correlation_id=options.correlation_id,
    )
    outcome = await wired.capturing.capture(TENANT, _seen(body), keeping, origin)
    return answer(capture_document(outcome, body.source, namespace))


def _seen(body: CaptureRequest) -> Seen:
    return Seen(
        source=body.source,
        files=[SeenFile(each.path, each.size, each.modified, each.language, each.content) for each in body.files],
        code=[
            SeenCode(each.path, each.language, each.function, each.class_name, each.imports, each.text)
            for each in body.code
        ],
        tasks=[
            SeenTask(each.name, each.description, each.status, each.dependencies, each.files) for each in body.tasks
        ],
        environment=_environment(body.environment),
        keep_text=body.options.keep_text,
    )


def _environment(body: EnvironmentBody | None) -> SeenEnvironment | None:
    if body is None:
        return None
    return SeenEnvironment(body.working_directory, body.interpreter_version, body.packages, body.variables)
