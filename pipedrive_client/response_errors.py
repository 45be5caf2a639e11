"""Mapping of HTTP responses to errors.

Source: core-api-concepts-responses; Pipedrive's API reference.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipedrive_client.auth.scopes import required_scopes
from pipedrive_client.errors import (
    Blocked,
    ConfigError,
    FeatureOff,
    Gone,
    MalformedResponse,
    MissingScope,
    NotFound,
    NotVisible,
    PipedriveError,
    Rejected,
    ServerError,
    Unauthorized,
    UnknownMethod,
)
from pipedrive_client.limits.burst import number_of
from pipedrive_client.redact import redact
from pipedrive_client.responses import JSON_BODY, flaw_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipedrive_client.http.transport import Response
    from pipedrive_client.responses import Expectation

LONGEST_TEXT = 300
_SEE_OTHER = 303
_UNAUTHORIZED = 401
_UNAUTHORIZED_TEXTS = frozenset({"unauthorized", "unauthorized access"})
_EMPTY_INFO = "please check developers.pipedrive.com"
"""Explanation that Pipedrive sends with most errors."""
_REQUEST_ID_HEADERS = ("x-correlation-id", "x-request-id", "cf-ray")
_BY_STATUS: dict[int, type[PipedriveError]] = {
    401: Unauthorized,
    402: Unauthorized,
    403: NotVisible,
    404: NotFound,
    410: Gone,
    415: FeatureOff,
    # Sent by proxies, never by the API itself.
    408: ServerError,
    425: ServerError,
}
_ADVICE = {
    401: "the token was rejected; check that it is current and that this user may use the API",
    402: "the company account is not active; check its subscription",
    403: "an administrator can give the permission; a limit of the plan may also be reached",
    410: "it was deleted, or Pipedrive removed this endpoint",
    415: "an administrator of the account can enable it",
}
_DELETED_CODE = re.compile(r"ERR_[A-Z_]+_DELETED")
"""Code of a 400 for a change of a deleted row, such as ERR_DEAL_DELETED."""
_SCOPE_WORDS = "scope and url mismatch"
_UNKNOWN_WORDS = "unknown method"
_UNAVAILABLE_WORDS = ("service is not available", "temporarily unavailable")
_FEATURE_WORDS = {
    # "Required suites missing" of an account without the Projects add-on, whose company is active.
    402: ("suites missing",),
    403: (
        "feature is",
        "access to this feature",
        "not enabled",
        "not available in your plan",
        "disabled for this company",
        "upgrade",
    ),
}
"""Status → parts of texts that name a feature which the account lacks."""


def error_of(
    response: Response,
    what: str,
    *,
    label: str | None,
    secrets: Callable[[], Iterable[str]],
    expected: Expectation | None = None,
    served: bool = False,
) -> PipedriveError | None:
    """Return the error of a response, or None for a success.

    Args:
        response: the response.
        what: method and path, for the message.
        label: stream or action.
        secrets: returns the values to mask in texts of Pipedrive.
        expected: required content of a success; None accepts any body.
        served: True if an earlier request to the base URL succeeded. A 404 or 410 without JSON is then the
            failure of a proxy, and not about the object.
    """
    status = response.status
    if 200 <= status < 300:  # noqa: PLR2004 - the statuses that mean success
        return _error_inside_success(response, what, label=label, secrets=secrets, expected=expected)
    if 300 <= status < 400:  # noqa: PLR2004 - redirects
        return _redirected(status, what, label=label, served=served)
    if status == 403 and response.looks_like_html:  # noqa: PLR2004 - Cloudflare's block
        return blocked(what, response, label=label)
    body = {} if response.looks_like_html else _body_of(response)
    code, error_text, info = _texts(body, secrets)
    kind = _kind(status, code, f"{error_text} {info}")
    if served and not body and kind in (NotFound, Gone):
        kind = ServerError
    said = _said(status, error_text, info)
    if advice := _advice(response, kind, what):
        said.append(advice)
    error = kind(
        f"{what} returned {status}{f' ({code})' if code else ''}{': ' if said else ''}{'; '.join(said)}.",
        status=status,
        code=code,
        error_info=info or error_text,
        request_id=_request_id(response),
        label=label,
        may_have_acted=kind is ServerError,
    )
    if isinstance(error, ServerError):
        error.retry_after_seconds = number_of(response.headers, "retry-after")
    return error


def _redirected(status: int, what: str, *, label: str | None, served: bool) -> PipedriveError:
    """Return the error of a redirect, which the API itself never sends."""
    if served:
        return ServerError(
            f"{what} was redirected ({status}), unlike earlier requests of this run. A proxy may be the "
            "cause.",
            status=status,
            label=label,
            may_have_acted=status == _SEE_OTHER,
        )
    return ConfigError(
        f"{what} was redirected to another URL. Check company_domain and api_url.",
        status=status,
        label=label,
    )


def _said(status: int, error_text: str, info: str) -> list[str]:
    """Return the texts of Pipedrive about an error, without those that the advice repeats."""
    if status == _UNAUTHORIZED:
        return [error_text] if error_text and error_text.lower() not in _UNAUTHORIZED_TEXTS else []
    tells = info != error_text and not info.lower().startswith(_EMPTY_INFO)
    return [text for text in (error_text, info if tells else "") if text]


def _advice(response: Response, kind: type[PipedriveError], what: str) -> str | None:
    """Return what a user can do about a failed response, or None."""
    if response.looks_like_html:
        return (
            "the response is a web page instead of JSON; if this persists, check company_domain and api_url"
        )
    if kind is MissingScope:
        return _scope_advice(what)
    if kind is UnknownMethod:
        return "this host has no operation at this path; check company_domain and api_url"
    if kind is FeatureOff and response.status == 402:  # noqa: PLR2004 - not about the subscription
        return "the plan or add-ons of the account do not include it"
    return None if kind is Rejected else _ADVICE.get(response.status)


def _scope_advice(what: str) -> str:
    """Return how to fix a missing scope, which Pipedrive's response does not name."""
    method, _, path = what.partition(" ")
    scopes = required_scopes(method, path)
    named = f" {' or '.join(scopes)}" if scopes else " of this operation"
    return f"the OAuth app lacks the scope{named}; add it to the app and authorize again"


def blocked(what: str, response: Response, *, label: str | None) -> Blocked:
    """Return the error of the firewall's web page."""
    return Blocked(
        f"{what} was blocked by Pipedrive's firewall ({response.status} with a web page), because this run "
        "or another one sent too many requests after a 429. Wait some minutes before the next run.",
        status=response.status,
        label=label,
        request_id=_request_id(response),
    )


def _error_inside_success(
    response: Response,
    what: str,
    *,
    label: str | None,
    secrets: Callable[[], Iterable[str]],
    expected: Expectation | None,
) -> PipedriveError | None:
    """Return the error of a 2xx: damaged or invalid body, `success: false`, or unexpected content."""
    if response.damage:
        return _invalid_response(response, what, response.damage, label=label)
    if expected is None and not response.is_json:
        return None
    try:
        body = response.json()
    except MalformedResponse:
        return _invalid_response(response, what, flaw_of(response, JSON_BODY) or "", label=label)
    if isinstance(body, dict) and body.get("success") is False:
        code, error_text, info = _texts(body, secrets)
        said = "; ".join(text for text in (error_text, info) if text) or "no reason given"
        is_down = any(words in said.lower() for words in _UNAVAILABLE_WORDS)
        error = ServerError if is_down else Rejected
        return error(
            f"{what} failed with status {response.status}{f' ({code})' if code else ''}: {said}.",
            status=response.status,
            code=code,
            error_info=info or error_text,
            request_id=_request_id(response),
            label=label,
            may_have_acted=is_down,
        )
    flaw = flaw_of(response, expected) if expected else None
    return _invalid_response(response, what, flaw, label=label) if flaw else None


def _invalid_response(response: Response, what: str, flaw: str, *, label: str | None) -> MalformedResponse:
    """Return the error of a successful status whose body has unexpected content."""
    return MalformedResponse(
        f"{what} returned {response.status} with {flaw}.",
        status=response.status,
        label=label,
        request_id=_request_id(response),
        may_have_acted=True,
    )


def _kind(status: int, code: str | None, text: str) -> type[PipedriveError]:
    """Return the error class of a status other than 2xx."""
    if status >= 500:  # noqa: PLR2004 - server errors
        return ServerError
    words, code = text.lower().lstrip(), code or ""
    lacks = any(word in words for word in _FEATURE_WORDS.get(status, ()))
    if lacks or (status == 403 and code.startswith("feature_capping")):  # noqa: PLR2004 - a limit of the plan
        return FeatureOff
    by_content: dict[tuple[int, bool], type[PipedriveError]] = {
        (400, bool(_DELETED_CODE.fullmatch(code))): Gone,
        (403, _SCOPE_WORDS in words): MissingScope,
        (404, words.startswith(_UNKNOWN_WORDS)): UnknownMethod,
    }
    return by_content.get((status, True), _BY_STATUS.get(status, Rejected))


def _body_of(response: Response) -> dict[str, object]:
    """Return the decoded body of an error, or an empty dictionary."""
    try:
        body = response.json()
    except MalformedResponse:
        return {}
    return body if isinstance(body, dict) else {}


def _texts(body: dict[str, object], secrets: Callable[[], Iterable[str]]) -> tuple[str | None, str, str]:
    """Return code, error text and explanation from any known form of error body."""
    error = body.get("error")
    code = body.get("code")
    if isinstance(error, dict):
        code = code or error.get("code")
        error = error.get("message")
    error = error or body.get("message") or body.get("errors")
    info = body.get("error_info") or body.get("additional_info")
    return (
        _clean(code, secrets) if isinstance(code, str) else None,
        _clean(error, secrets),
        _clean(info, secrets),
    )


def _clean(text: object, secrets: Callable[[], Iterable[str]]) -> str:
    """Return the text as one line of limited length, without secrets and personal data."""
    if text is None:
        return ""
    line = " ".join(redact(str(text), secrets()).split()).rstrip(" .")
    return line if len(line) <= LONGEST_TEXT else f"{line[: LONGEST_TEXT - 1]}…"


def _request_id(response: Response) -> str | None:
    """Return the request id that Pipedrive's support needs."""
    for name in _REQUEST_ID_HEADERS:
        if response.headers.get(name):
            return response.headers[name]
    return None
