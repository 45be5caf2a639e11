"""Encoding of query parameters, headers and bodies for Pipedrive."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import msgspec
from urllib3.filepost import encode_multipart_formdata

from pipedrive_client.errors import Rejected
from pipedrive_client.times import to_rfc3339

if TYPE_CHECKING:
    from typing import BinaryIO

    FileParts = Mapping[str, tuple[str, bytes | BinaryIO, str]]

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_CLIENT_HEADERS = {
    "authorization",
    "x-api-token",
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
}
# v2 rejects numbers sent as strings.
_encoder = msgspec.json.Encoder(decimal_format="number")


def encode_query(params: Mapping[str, object] | None) -> str:
    """Return the URL query without `?`: lists joined with commas, booleans as words, nulls omitted."""
    if not params:
        return ""
    return urlencode(_pairs(params), quote_via=quote, safe=",:")


def encode_body(
    json: object, form: Mapping[str, object] | None, files: FileParts | None
) -> tuple[bytes | None, str | None]:
    """Return bytes and content type of a body: multipart with files, otherwise form, JSON or nothing.

    Files are read completely: Pipedrive accepts 50 MB at most, and a retry needs them again.
    """
    if files is not None:
        fields: dict[str, str | tuple[str, bytes, str]] = dict(_pairs(form or {}))
        for name, (filename, content, content_type) in files.items():
            fields[name] = (filename, content if isinstance(content, bytes) else content.read(), content_type)
        return encode_multipart_formdata(fields)
    if form is not None:
        return urlencode(_pairs(form)).encode(), "application/x-www-form-urlencoded"
    if json is not None:
        return _encoder.encode(json), "application/json"
    return None, None


def own_headers(headers: Mapping[str, str] | None, content_type: str | None) -> dict[str, str]:
    """Return the caller's headers without those the client sets itself.

    Raises:
        Rejected: a name or value is not allowed in an HTTP header.
    """
    kept: dict[str, str] = {}
    for name, value in (headers or {}).items():
        if not (_HEADER_NAME.fullmatch(name) and value.isascii() and value.isprintable()):
            raise Rejected(
                f"The header {name[:40]!r} is invalid: only printable ASCII characters are allowed."
            )
        if name.lower() not in _CLIENT_HEADERS:
            kept[name.title()] = value
    if content_type is not None:
        kept["Content-Type"] = content_type
    return kept


def _pairs(params: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return names and strings of the parameters that have a value."""
    return [(name, _text(value)) for name, value in params.items() if value is not None]


def _text(value: object) -> str:
    """Return one value as a string."""
    match value:
        case str():
            text = value
        case bool():
            text = "true" if value else "false"
        case datetime():
            text = to_rfc3339(value)
        case list() | tuple() | set() | frozenset():
            text = ",".join(_text(item) for item in value if item is not None)
        case Mapping():
            text = _encoder.encode(value).decode()
        case _:
            text = str(value)
    return text
