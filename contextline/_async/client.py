"""The client: one method for each call of the HTTP API."""

from __future__ import annotations

from contextline._async.branches import AsyncBranchCalls
from contextline._async.capture import AsyncCaptureCalls
from contextline._async.contexts import AsyncContextCalls
from contextline._async.decisions import AsyncDecisionCalls
from contextline._async.erasing import AsyncErasingCalls
from contextline._async.preferences import AsyncPreferenceCalls
from contextline._async.session_branches import AsyncSessionBranchCalls
from contextline._async.sessions import AsyncSessionCalls
from contextline._async.synchronizing import AsyncSynchronizingCalls
from contextline._async.system import AsyncSystemCalls
from contextline._async.tasks import AsyncTaskCalls


class AsyncContextClient(
    AsyncContextCalls,
    AsyncCaptureCalls,
    AsyncSessionCalls,
    AsyncTaskCalls,
    AsyncDecisionCalls,
    AsyncPreferenceCalls,
    AsyncErasingCalls,
    AsyncSystemCalls,
    AsyncSynchronizingCalls,
    AsyncBranchCalls,
    AsyncSessionBranchCalls,
):
    """A store, over HTTP. Keeps its connections: make one, use it for long, then close it or use it as a `with` block.

    Data are JSON values: None, booleans, numbers, strings, lists and dictionaries with strings as names. They come
    back equal, but for tuples, which are sent as arrays and come back as lists. Anything else is refused.

    Lists are read models and may lag behind what was just stored. The client remembers the highest position that its
    own commands were answered with and has lists wait for it; `min_position` asks for another one, 0 for none.

    Reads are repeated when the connection fails or the server is not available (503). Commands are repeated only if
    no connection could be made, so that nothing was sent.

    Every method raises ContextlineError: InvalidInputError, NotFoundError, ConflictError, UnavailableError and others
    in `contextline.errors`.
    """
