"""Every error of the client, grouped by what the caller does about it.

::

    PipedriveError
    ├── TransientError          retry: it was repeated already as often as the policy allows
    │   ├── RateLimited         429 (burst window)
    │   ├── ServerError         5xx
    │   ├── Unreachable         no answer: DNS, refused, reset, timeout
    │   └── MalformedAnswer     torn JSON, or a web page where JSON belongs
    ├── ItemError               skip this item
    │   ├── NotFound            404
    │   │   └── UnknownMethod   404 because no operation answers at this path on this host
    │   ├── Gone                410
    │   └── NotVisible          403 in JSON
    │       └── MissingScope    403 because the OAuth app lacks the scope of the operation
    ├── RunError                stop the run
    │   ├── Unauthorized        401, 402, refused refresh token
    │   ├── BudgetSpent         no tokens left today, or in the budget this run was given
    │   ├── Blocked             403 web page of the firewall
    │   ├── FeatureOff          415, or 403 because the plan lacks the feature
    │   ├── ConfigError         settings that cannot work
    │   └── Stopped             `PipedriveClient.stop` was called
    ├── RecordError             fix the record
    │   └── Rejected            400, 422 and other 4xx, or `success: false`
    ├── OutputFailed            a file or pipe that the run writes takes no more
    └── PagingStuck             the same cursor twice, or a page that does not advance

Messages are safe to log: no secret, no e-mail address, no phone number, no body.
"""

# ruff: noqa: N818 - the names say what happened; the groups they belong to end in Error
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class PipedriveError(Exception):
    """Base of all errors of the client.

    Attributes:
        status: HTTP status, or None when there was no answer.
        code: Pipedrive's own error code, e.g. `ERR_SCHEMA_VALIDATION_FAILED`, if it sent one.
        error_info: Pipedrive's explanation, scrubbed and cut, if it sent one.
        request_id: id of the request at Pipedrive, for their support.
        label: stream or action the request was made for.
        may_have_acted: whether the server may have executed the request in spite of the error.
        repeat_in_seconds: set by the retry policy; None when the request must not be repeated.
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
    """May go away by itself; every repeat the policy allows was made."""


class ItemError(PipedriveError):
    """Concerns one object or one parent: skip it, or fail a top-level stream."""


class RunError(PipedriveError):
    """No later request can do better: stop the run."""


class RecordError(PipedriveError):
    """The request itself must change."""


class RateLimited(TransientError):
    """429 of the burst window, still after several waits.

    Attributes:
        retry_after_seconds: how long the limiter holds all requests back.
    """

    retry_after_seconds: float = 0.0


class ServerError(TransientError):
    """5xx.

    Attributes:
        retry_after_seconds: what the server asked for, if it did.
    """

    retry_after_seconds: float | None = None


class Unreachable(TransientError):
    """No answer: unknown host, refused, reset or timed out."""


class MalformedAnswer(TransientError):
    """A 2xx answer whose body is torn JSON or a web page."""


class NotFound(ItemError):
    """404."""


class UnknownMethod(NotFound):
    """404 that names the path, not the object: this host has no such operation."""


class Gone(ItemError):
    """410: deleted, or an endpoint that Pipedrive took away."""


class NotVisible(ItemError):
    """403: this user may not see or change it."""


class MissingScope(NotVisible):
    """403: the OAuth app was not granted the scope that the operation needs."""


class Unauthorized(RunError):
    """The token was refused (401), the company is not open (402), or signing in failed."""


class BudgetSpent(RunError):
    """No tokens left: stopped before a request that would go over the budget.

    Attributes:
        resume_at: when a new day's budget begins, aware UTC; a best guess, as Pipedrive names no time zone.
    """

    resume_at: datetime | None = None


class Blocked(RunError):
    """The firewall in front of Pipedrive answered 403 with a web page; repeating makes it worse."""


class FeatureOff(RunError):
    """The account's plan or settings do not include this feature."""


class ConfigError(RunError):
    """A setting is missing or cannot work; the message names it and says what to do."""


class Stopped(RunError):
    """The run was asked to stop while this request waited."""


class Rejected(RecordError):
    """Pipedrive understood the request and refused it."""


class OutputFailed(PipedriveError):
    """Something the run writes cannot be written any more: a full disk, or a pipe that nobody reads."""


class PagingStuck(PipedriveError):
    """The server sent the same cursor twice or a page that does not advance."""
