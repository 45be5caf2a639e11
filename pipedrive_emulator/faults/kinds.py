"""Kinds of scripted faults, as data, used by the parser, the injection, the help and the docs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of fault.

    Args:
        acts: whether the operation is executed: "no", "yes", or "then" if the fault precedes it.
        does: the effect for the caller, one sentence.
        options: further keys with their defaults; None for a required key.
        strikes: "all" operations, those "of data" (not OAuth, no bytes), "paged" lists, those with
            a "cursor", the "api" without OAuth, its version 1 ("v1"), or the "download" of files.
    """

    acts: str
    does: str
    options: dict[str, Any] = field(default_factory=dict)
    strikes: str = "all"


KINDS = {
    "rate_limit": Kind(
        acts="no", does="429 with the headers of a full window; costs no tokens.", options={"retry_after": 1}
    ),
    "blocked": Kind(acts="no", does="403 with the HTML page of Cloudflare; costs no tokens."),
    "status_before": Kind(
        acts="no",
        does="An error with this status, text and code; 200 is an error with the status of a success.",
        options={"status": 500, "error": "Scripted failure before acting", "code": ""},
    ),
    "unknown_method": Kind(
        acts="no",
        does="404 with the error `Unknown method .` if the path was sent with this prefix.",
        options={"prefix": "/v1"},
        strikes="v1",
    ),
    "html": Kind(acts="no", does="An HTML page of a gateway with this status.", options={"status": 503}),
    "reset_before": Kind(acts="no", does="The connection is reset instead of a response."),
    "expire_token": Kind(
        acts="no",
        does="All OAuth access tokens expire: their callers get 401, API tokens are not affected.",
        strikes="api",
    ),
    "slow": Kind(acts="then", does="A delay, then the operation and its response.", options={"seconds": 1}),
    "write": Kind(
        acts="then",
        does="Another row changes (only its update time without `set`), then the operation and its response.",
        options={"table": None, "id": None, "set": {}},
        strikes="api",
    ),
    "delete": Kind(
        acts="then",
        does="Another row is deleted, then the operation and its response.",
        options={"table": None, "id": None},
        strikes="api",
    ),
    "cleans": Kind(
        acts="then",
        does="The body is normalised: texts trimmed and without scripts, numbers with two decimals.",
        strikes="api",
    ),
    "ignores": Kind(
        acts="then",
        does="These keys of the body are ignored, and the response is a success.",
        options={"fields": None},
        strikes="api",
    ),
    "slow_after": Kind(
        acts="yes",
        does="The operation is executed immediately, the response is delayed.",
        options={"seconds": 1},
    ),
    "status_after": Kind(acts="yes", does="An error with this status.", options={"status": 500}),
    "html_after": Kind(
        acts="yes", does="An HTML page of a gateway with this status.", options={"status": 502}
    ),
    "reset_after": Kind(acts="yes", does="The connection is reset instead of a response."),
    "torn": Kind(acts="yes", does="A complete response with only the first half of its body."),
    "cut": Kind(acts="yes", does="The connection is reset in the middle of the body."),
    "gzip_cut": Kind(
        acts="yes",
        does="A gzip body without its last part; Content-Length has the full length.",
        strikes="data",
    ),
    "empty_body": Kind(acts="yes", does="A success with an empty body.", strikes="data"),
    "no_content": Kind(acts="yes", does="204, without a body.", strikes="data"),
    "null_body": Kind(acts="yes", does="The whole body is `null`.", strikes="data"),
    "bare_data": Kind(acts="yes", does="The body contains only the value of `data`.", strikes="data"),
    "no_data": Kind(acts="yes", does="The key `data` is missing in the body.", strikes="data"),
    "null_data": Kind(acts="yes", does="`data` is null.", strikes="data"),
    "shows": Kind(
        acts="yes",
        does="The row of the response, or each of its list, has these values instead of its own.",
        options={"set": None},
        strikes="data",
    ),
    "null_key": Kind(
        acts="yes", does="The middle row of the list has null instead of its id.", strikes="data"
    ),
    "empty_page": Kind(
        acts="yes",
        does="A page without rows and with a next page, which contains the rows.",
        strikes="paged",
    ),
    "repeat_cursor": Kind(
        acts="yes", does="The cursor references the same page instead of the next one.", strikes="paged"
    ),
    "no_cursor": Kind(
        acts="yes", does="The last page of a list has no `next_cursor`, instead of null.", strikes="cursor"
    ),
    "redirect": Kind(
        acts="yes", does="302 to a signed URL of the storage, instead of the content.", strikes="download"
    ),
}
