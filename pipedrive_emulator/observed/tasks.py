"""Names of project tasks in bodies, as live accounts read them.

They accept `is_done` and `is_milestone`, ignore the published `done` and `milestone`, and reject an update
without any other key.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from pipedrive_emulator.api.http import ApiError

if TYPE_CHECKING:
    from pipedrive_emulator.api.http import Request
    from pipedrive_emulator.api.operations import Operation

TASKS = frozenset(("v2:addTask", "v2:updateTask"))
TASK_NAMES = {"is_done": "done", "is_milestone": "milestone"}


def renamed(operation: Operation, request: Request) -> Request:
    """Return the request as a live account reads it, in the names of the description."""
    if operation.key not in TASKS:
        return request
    try:
        body = json.loads(request.body)
    except ValueError:
        return request
    if not isinstance(body, dict):
        return request
    kept = {name: value for name, value in body.items() if name not in TASK_NAMES.values()}
    if not kept:
        raise ApiError(400, "no parameters to update")
    if kept.get("is_milestone") and operation.key == "v2:addTask" and not kept.get("due_date"):
        raise ApiError(400, "a milestone needs a due_date")
    taken = {
        TASK_NAMES.get(name, name): int(value) if name in TASK_NAMES and isinstance(value, bool) else value
        for name, value in kept.items()
    }
    return replace(request, body=json.dumps(taken).encode())
