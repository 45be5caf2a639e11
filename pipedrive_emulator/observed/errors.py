"""Error responses of live accounts: statuses, texts and keys that differ from the published ones.

The gateway sends few keys with 401 and a missing scope; v2 sends `success`, `error` and `code` for a schema
error; v1 sends no `code` for it. An unknown path or method is an "Unknown method", or to an app a missing
scope.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipedrive_emulator.api.http import ApiError, Response, encode
from pipedrive_emulator.observed.tasks import TASKS

if TYPE_CHECKING:
    from pipedrive_emulator.api.http import Request, Row
    from pipedrive_emulator.api.operations import Operation
    from pipedrive_emulator.rules.auth import Caller

INFO = "Please check developers.pipedrive.com"
V1_INFO = f"{INFO} for more information about Pipedrive API."
SCHEMA = "ERR_SCHEMA_VALIDATION_FAILED"
FORBIDDEN = 403
LONG_ONLY = re.compile(r"^/api/v1/projects/\d+/(plan|groups|activities)$")
"""Paths that company hosts serve below /api/v1 and not below /v1."""
# Published text → key and text of a live account.
TEXTS = (
    (
        re.compile(r"^(?:body\.|Parameter )(\S+) is not allowed$"),
        r"\1: Parameter '\1' is not allowed for this request",
    ),
    (
        re.compile(r"^custom_fields\.\S+: must be a list of option ids.*$"),
        "custom_fields: Expected 'array' as value for multi options custom field.",
    ),
    (re.compile(r"^custom_fields\.(\S+): (.*)$"), r"custom_fields: \1 \2"),
    (re.compile(r"^Parameter (\S+) must be RFC 3339 with whole seconds$"), r"\1: not a valid datetime"),
    (re.compile(r"^(?:body\.|Parameter )(\S+) (.*)$"), r"\1: \2"),
)


def text_of(error: str) -> str:
    """Return the text of a schema error as a live account words it."""
    for pattern, words in TEXTS:
        if pattern.match(error):
            return pattern.sub(words, error)
    return error


def is_hidden(request: Request) -> bool:
    """Return whether a published path is not served under the prefix of this request."""
    return request.prefix == "/v1" and LONG_ONLY.match(request.path) is not None


def unknown(caller: Caller) -> ApiError:
    """Return the error of an unknown path or method: to an app, a missing scope."""
    if caller.kind == "oauth":
        return ApiError(FORBIDDEN, "Scope and URL mismatch", errorCode=FORBIDDEN)
    return ApiError(404, "Unknown method .")


def response_of(error: ApiError, operation: Operation | None, plain: Response) -> Response:
    """Return the response of an error as a live account sends it.

    Args:
        error: the published error.
        operation: operation that raised it; None for an unknown path.
        plain: the published response, kept unless another one is recorded.
    """
    content = _content(error, operation)
    if content is not None:
        plain.body = encode({"success": False, **content})
        plain.metered = "errorCode" not in content
    return plain


def _content(error: ApiError, operation: Operation | None) -> Row | None:
    if "errorCode" in error.extra:
        return {"error": error.error, "errorCode": error.status, "error_info": INFO}
    if operation is None:
        return None
    if operation.key in TASKS and error.status == 400:  # noqa: PLR2004 - the status itself
        return {"error": error.error}
    if operation.version == "v2" and error.extra.get("code") == SCHEMA:
        every = "; ".join(map(text_of, (error.error, *error.further)))
        return {"error": f"Validation failed: {every}", "code": SCHEMA}
    if operation.version == "v1" and error.status == 400:  # noqa: PLR2004 - the same
        code = error.extra.get("code", SCHEMA)
        more = {} if code == SCHEMA else {"code": code}
        return {"error": error.error, "error_info": V1_INFO, "data": None, "additional_data": None, **more}
    return None
