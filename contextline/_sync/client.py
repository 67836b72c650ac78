# Generated from _async/client.py by scripts/generate_sync_client.py: edit that, then run the script.
"""The client: one method for each call of the HTTP API."""

from __future__ import annotations

from contextline._sync.branches import BranchCalls
from contextline._sync.capture import CaptureCalls
from contextline._sync.contexts import ContextCalls
from contextline._sync.decisions import DecisionCalls
from contextline._sync.erasing import ErasingCalls
from contextline._sync.preferences import PreferenceCalls
from contextline._sync.session_branches import SessionBranchCalls
from contextline._sync.sessions import SessionCalls
from contextline._sync.synchronizing import SynchronizingCalls
from contextline._sync.system import SystemCalls
from contextline._sync.tasks import TaskCalls


class ContextClient(
    ContextCalls,
    CaptureCalls,
    SessionCalls,
    TaskCalls,
    DecisionCalls,
    PreferenceCalls,
    ErasingCalls,
    SystemCalls,
    SynchronizingCalls,
    BranchCalls,
    SessionBranchCalls,
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
