"""Readings of the API where live accounts differ from its description.

`published` follows the description. `observed` follows recorded answers of live accounts: project tasks are
written as `is_done` and `is_milestone`, the published `done` and `milestone` are passed over, and a change of
nothing else is refused.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from pipedrive_emulator.api.http import ApiError

if TYPE_CHECKING:
    from pipedrive_emulator.api.http import Request
    from pipedrive_emulator.api.operations import Operation

DIALECTS = ("published", "observed")
TASKS = frozenset(("v2:addTask", "v2:updateTask"))
TASK_NAMES = {"is_done": "done", "is_milestone": "milestone"}


def observed(operation: Operation, request: Request) -> Request:
    """The request as a live account reads it, in the names of the description."""
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
    taken = {
        TASK_NAMES.get(name, name): int(value) if name in TASK_NAMES and isinstance(value, bool) else value
        for name, value in kept.items()
    }
    return replace(request, body=json.dumps(taken).encode())
