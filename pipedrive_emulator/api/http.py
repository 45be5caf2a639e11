"""HTTP requests and responses, and the published error bodies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

JSON_TYPE = "application/json"
encode = msgspec.json.Encoder().encode
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request: header names in lower case, `path` with its slash, `query` in the order sent.

    `prefix` is the API prefix as it was sent (`/v1`, `/api/v1`), as `path` has `/api/v1` for both.
    """

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = ""
    prefix: str = ""

    @property
    def content_type(self) -> str:
        """The media type of the body, without its parameters."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


@dataclass(slots=True, kw_only=True)
class Response:
    """One HTTP response.

    Attributes:
        bare: True for a JSON object without `additional_data`.
        metered: whether it has the headers of the limits.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    bare: bool = False
    metered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file part of a multipart body."""

    name: str
    file_name: str
    content_type: str
    content: bytes


class ApiError(Exception):
    """Error in the published error shape.

    Args:
        status: the HTTP status.
        error: description of the caller's mistake, one sentence.
        info: advice, sent as `error_info`.
        extra: further top-level keys, such as `code` or `errorCode`.

    Attributes:
        further: further errors; the published error contains the first one.
    """

    further: tuple[str, ...] = ()

    def __init__(self, status: int, error: str, info: str = "", **extra: object) -> None:
        super().__init__(error)
        self.status, self.error, self.info, self.extra = status, error, info, extra

    def response(self, published: Row | None = None) -> Response:
        """Return the error as an HTTP response, with the further keys `published` for its status."""
        payload: Row = {
            "success": False,
            "error": self.error,
            "error_info": self.info or "Please check developers.pipedrive.com",
            "data": None,
            "additional_data": None,
        }
        for name, part in (published or {}).items():
            if name in OWN_SHAPES:
                payload[name] = OWN_SHAPES[name](self)
            elif name == "additional_data" and "code" in part.get("properties", {}):
                payload[name] = {"code": str(self.extra.get("code", f"ERR_{self.status}"))}
        return Response(status=self.status, body=encode({**payload, **self.extra}))

    @property
    def field(self) -> str:
        """Body key or path value with the error."""
        where, _, _ = self.error.partition(" ")
        return where.removeprefix("body.").rstrip(":") if where.startswith("body.") else "base"


# Keys that only some operations publish for their errors.
OWN_SHAPES: dict[str, Callable[[ApiError], object]] = {
    "status": lambda _: "error",
    "errors": lambda refusal: {refusal.field: [refusal.error]},
    "message": lambda refusal: refusal.error,
    "errorCode": lambda refusal: refusal.status,
}


def invalid(what: str) -> ApiError:
    """Return the error for a request that violates its published schema."""
    return ApiError(400, what, "Validation failed", code="ERR_SCHEMA_VALIDATION_FAILED")


def not_allowed(names: list[str]) -> ApiError:
    """Return the error for keys or parameters that are not published."""
    first, *others = [f"{name} is not allowed" for name in names]
    refusal = invalid(first)
    refusal.further = tuple(others)
    return refusal


def not_found(what: str) -> ApiError:
    """Return the error for an id that does not exist, is deleted, or is not visible."""
    return ApiError(404, f"{what} not found")


def success(payload: object, *, status: int = 200, additional: object = None, **extra: object) -> Response:
    """Return a success response: `{"success": true, "data": payload}` and `additional_data` when given."""
    content: dict[str, object] = {"success": True, "data": payload}
    if additional is not None:
        content["additional_data"] = additional
    return Response(status=status, body=encode({**content, **extra}), bare=additional is None)


def done(**extra: object) -> Response:
    """Return a success response without data, for operations that publish no data."""
    return Response(body=encode({"success": True, **extra}))


def rows_response(rows: list[bytes], additional: object) -> Response:
    """Return a list response joined from encoded rows; an entry may be several rows with their commas."""
    head, tail = b'{"success":true,"data":[', b'],"additional_data":' + encode(additional) + b"}"
    if len(rows) <= 1:
        return Response(body=b"".join((head, *rows, tail)))
    # A single join without further copies: a page can be a megabyte.
    return Response(body=b",".join([head + rows[0], *rows[1:-1], rows[-1] + tail]))


def parse_form(body: bytes) -> dict[str, str]:
    """Decode an url-encoded form without repeated keys."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), errors="strict")
    except ValueError:
        raise invalid("The form is not url-encoded UTF-8") from None
    if len(dict(pairs)) != len(pairs):
        raise invalid("The form contains a key twice")
    return dict(pairs)
