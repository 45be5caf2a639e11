"""Inputs of `raw_request`, a request without a catalogue entry."""

from __future__ import annotations

RAW_REQUEST = "raw_request"

RAW_ALIASES = {
    "url": "path",
    "query_params": "query",
    "data": "body",
    "form_data": "form",
    "file_data": "files",
    "timeout": "timeout_ms",
}

_LABELS = ("method", "path", "query", "headers", "body", "form", "files", "file_data_file_names")

_WAYS = ("timeout_seconds", "timeout_ms", "max_retries", "idempotent", "cost")

# The client retries by its own policy, which waits as long as the server requires; these are accepted without
# effect.
RAW_IGNORED = (
    "retry_delay_ms",
    "retry_all_errors",
    "use_exponential_backoff",
    "response_type",
    "debug_request",
)

RAW_INPUTS = (*_LABELS, *_WAYS, *RAW_ALIASES, *RAW_IGNORED)
