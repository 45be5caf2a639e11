"""Kinds of scripted faults, as data, used by the parser, the injection, the help and the docs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a kind of fault does.

    Args:
        acts: whether the operation has acted: "no", "yes", or "then" where the fault comes first.
        does: what the caller meets, one sentence.
        options: default by name of further keys; None where the key must be given.
        strikes: "all" operations, those "of data" (not OAuth, no bytes), "paged" lists, the "api" without
            OAuth, its version 1 ("v1"), or the "download" of files.
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
        does="An error with this status, text and code; 200 refuses as a success that is none.",
        options={"status": 500, "error": "Scripted failure before acting", "code": ""},
    ),
    "unknown_method": Kind(
        acts="no",
        does="404 with the error `Unknown method .` if the path was sent with this prefix.",
        options={"prefix": "/v1"},
        strikes="v1",
    ),
    "html": Kind(acts="no", does="An HTML page of a gateway with this status.", options={"status": 503}),
    "reset_before": Kind(acts="no", does="The connection is reset instead of an answer."),
    "expire_token": Kind(
        acts="no",
        does="All OAuth access tokens end: 401 to such callers, nothing to an API token.",
        strikes="api",
    ),
    "slow": Kind(acts="then", does="Waits, then acts and answers.", options={"seconds": 1}),
    "write": Kind(
        acts="then",
        does="Changes a row of any table (its update time only, without `set`), then acts and answers.",
        options={"table": None, "id": None, "set": {}},
        strikes="api",
    ),
    "delete": Kind(
        acts="then",
        does="Deletes a row, then acts and answers.",
        options={"table": None, "id": None},
        strikes="api",
    ),
    "cleans": Kind(
        acts="then",
        does="Acts with a cleaned body: texts trimmed and without scripts, numbers with two decimals.",
        strikes="api",
    ),
    "ignores": Kind(
        acts="then",
        does="Acts without these keys of the body, and answers success.",
        options={"fields": None},
        strikes="api",
    ),
    "slow_after": Kind(acts="yes", does="Acts at once, and answers late.", options={"seconds": 1}),
    "status_after": Kind(acts="yes", does="An error with this status.", options={"status": 500}),
    "html_after": Kind(
        acts="yes", does="An HTML page of a gateway with this status.", options={"status": 502}
    ),
    "reset_after": Kind(acts="yes", does="The connection is reset instead of an answer."),
    "torn": Kind(acts="yes", does="A whole answer with the first half of its body only."),
    "cut": Kind(acts="yes", does="The connection is reset in the middle of the body."),
    "gzip_cut": Kind(
        acts="yes",
        does="A body packed with gzip, without its last part; its length says otherwise.",
        strikes="data",
    ),
    "empty_body": Kind(acts="yes", does="A success with an empty body.", strikes="data"),
    "no_content": Kind(acts="yes", does="204, without a body.", strikes="data"),
    "null_body": Kind(acts="yes", does="The whole body is `null`.", strikes="data"),
    "bare_data": Kind(acts="yes", does="The value of `data` alone is the body.", strikes="data"),
    "no_data": Kind(acts="yes", does="The body lacks the key `data`.", strikes="data"),
    "null_data": Kind(acts="yes", does="`data` is null.", strikes="data"),
    "empty_page": Kind(
        acts="yes",
        does="A page without rows that leads on; the rows come with the next page.",
        strikes="paged",
    ),
    "repeat_cursor": Kind(
        acts="yes", does="The page leads to its own begin, not to the next.", strikes="paged"
    ),
    "redirect": Kind(
        acts="yes", does="302 to a signed address of the storage, instead of the bytes.", strikes="download"
    ),
}
