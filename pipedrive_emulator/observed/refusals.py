"""Refusals of live accounts: statuses, texts and keys where they differ from the published error.

The gateway answers 401 and missing scopes with few keys; v2 answers schema errors with `success`, `error`
and `code`; v1 has no `code`. A path or method that is no operation is an unknown method, or to an app a
missing scope.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipedrive_emulator.api.http import Answer, ApiError, encode
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
"""Paths that company hosts answer below /api/v1 and not below /v1."""
# Published text → key and what a live account says of it.
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
    """A schema error as a live account words it."""
    for pattern, words in TEXTS:
        if pattern.match(error):
            return pattern.sub(words, error)
    return error


def is_hidden(request: Request) -> bool:
    """Whether a published path is not answered under the prefix of this request."""
    return request.prefix == "/v1" and LONG_ONLY.match(request.path) is not None


def unknown(caller: Caller) -> ApiError:
    """The refusal of a path or method that is no operation: to an app, nothing it has a scope for."""
    if caller.kind == "oauth":
        return ApiError(FORBIDDEN, "Scope and URL mismatch", errorCode=FORBIDDEN)
    return ApiError(404, "Unknown method .")


def answer_of(refusal: ApiError, operation: Operation | None, plain: Answer) -> Answer:
    """The refusal as a live account answers it.

    Args:
        refusal: what is wrong.
        operation: that refuses; None for a path that is no operation.
        plain: the published answer, kept where none is recorded.
    """
    content = _content(refusal, operation)
    if content is not None:
        plain.body = encode({"success": False, **content})
        plain.metered = "errorCode" not in content
    return plain


def _content(refusal: ApiError, operation: Operation | None) -> Row | None:
    if "errorCode" in refusal.extra:
        return {"error": refusal.error, "errorCode": refusal.status, "error_info": INFO}
    if operation is None:
        return None
    if operation.key in TASKS and refusal.status == 400:  # noqa: PLR2004 - the status itself
        return {"error": refusal.error}
    if operation.version == "v2" and refusal.extra.get("code") == SCHEMA:
        every = "; ".join(map(text_of, (refusal.error, *refusal.further)))
        return {"error": f"Validation failed: {every}", "code": SCHEMA}
    if operation.version == "v1" and refusal.status == 400:  # noqa: PLR2004 - the same
        return {"error": refusal.error, "error_info": V1_INFO, "data": None, "additional_data": None}
    return None
