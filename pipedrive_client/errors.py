"""Errors of the client, grouped by the reaction of the caller.

::

    PipedriveError
    ├── TransientError          retry later: all retries of the policy were made
    │   ├── RateLimited         429 (burst limit)
    │   ├── ServerError         5xx, or `success: false` because a service is unavailable
    │   ├── Unreachable         no response: DNS, connection refused or reset, timeout
    │   └── MalformedResponse   truncated JSON, or a web page instead of JSON
    ├── ItemError               skip this item
    │   ├── NotFound            404
    │   ├── UnknownMethod       404 because this host has no operation at this path
    │   ├── Gone                410, or 400 because the row was deleted
    │   └── NotVisible          403 in JSON
    │       └── MissingScope    403 because the OAuth app lacks the scope of the operation
    ├── RunError                stop the run
    │   ├── Unauthorized        401, 402, rejected refresh token
    │   ├── BudgetSpent         no tokens left today, or in the budget of this run
    │   ├── Blocked             403 web page of the firewall
    │   ├── FeatureOff          415, or 402 or 403 because the plan lacks the feature
    │   ├── ConfigError         invalid settings
    │   └── Stopped             `PipedriveClient.stop` was called
    ├── RecordError             fix the record
    │   └── Rejected            400, 422 and other 4xx, or `success: false`
    ├── OutputFailed            an output file or pipe cannot be written
    └── PagingStuck             the same cursor twice, or a page that does not advance

Messages are safe to log: no secret, no e-mail address, no phone number, no body.
"""

# ruff: noqa: N818 - names of leaf classes describe the failure; the groups end in Error
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class PipedriveError(Exception):
    """Base of all errors of the client.

    Attributes:
        status: HTTP status, or None without a response.
        code: Pipedrive's error code, e.g. `ERR_SCHEMA_VALIDATION_FAILED`, if there is one.
        error_info: Pipedrive's explanation, redacted and shortened, if there is one.
        request_id: id of the request, for Pipedrive's support.
        label: stream or action of the request.
        may_have_acted: True if the server may have executed the request despite the error.
        repeat_in_seconds: set by the retry policy; None if the request must not be retried.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        error_info: str | None = None,
        request_id: str | None = None,
        label: str | None = None,
        may_have_acted: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.error_info = error_info
        self.request_id = request_id
        self.label = label
        self.may_have_acted = may_have_acted
        self.repeat_in_seconds: float | None = None


class TransientError(PipedriveError):
    """Temporary failure, after all retries of the policy."""


class ItemError(PipedriveError):
    """Failure of one object or one parent: skip it, or fail a top-level stream."""


class RunError(PipedriveError):
    """Failure that affects all later requests: stop the run."""


class RecordError(PipedriveError):
    """Failure caused by the content of the request: change the record."""


class RateLimited(TransientError):
    """429 of the burst limit, after several waits.

    Attributes:
        retry_after_seconds: how long the limiter pauses all requests.
    """

    retry_after_seconds: float = 0.0


class ServerError(TransientError):
    """5xx.

    Attributes:
        retry_after_seconds: value of the Retry-After header, if there is one.
    """

    retry_after_seconds: float | None = None


class Unreachable(TransientError):
    """No response: unknown host, connection refused or reset, or timeout."""


class MalformedResponse(TransientError):
    """2xx response whose body is truncated JSON or a web page."""


class NotFound(ItemError):
    """404."""


class UnknownMethod(ItemError):
    """404 about the path instead of the object: this host has no such operation.

    Not a subclass of `NotFound`, so that it never counts as a deleted object or an empty list.
    """


class Gone(ItemError):
    """410, or 400 with a code such as ERR_DEAL_DELETED: deleted, or an endpoint that Pipedrive removed."""


class NotVisible(ItemError):
    """403: this user has no permission to see or change the object."""


class MissingScope(NotVisible):
    """403: the OAuth app lacks the scope that the operation requires."""


class Unauthorized(RunError):
    """Rejected token (401), inactive company (402), or failed authentication."""


class BudgetSpent(RunError):
    """Exhausted token budget: stopped before a request that would exceed it.

    Attributes:
        resume_at: when to run again, aware UTC: now after `run_token_budget`, else the next midnight, which
            is an estimate for the company's tokens, because Pipedrive documents no time zone.
        setting: `run_token_budget` or `daily_token_budget` if it is the limit, None if the company's tokens
            are.
    """

    resume_at: datetime | None = None
    setting: str | None = None


class Blocked(RunError):
    """403 with a web page of Pipedrive's firewall; retries would extend the block."""


class FeatureOff(RunError):
    """Feature that the account's plan or settings do not include."""


class ConfigError(RunError):
    """Missing or invalid setting; the message names it and how to fix it."""


class Stopped(RunError):
    """Request that was waiting when the run was stopped."""


class Rejected(RecordError):
    """Request that Pipedrive understood and rejected."""


class OutputFailed(PipedriveError):
    """Output that cannot be written, because of a full disk or a closed pipe."""


class PagingStuck(PipedriveError):
    """Paging that does not advance: the server sent the same cursor or page twice."""
