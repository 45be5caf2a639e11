"""Bytes behind the public URLs in responses: pictures, images, recordings, bodies of mail, files.

They emulate the storage of another host: no token, no cost, no log. The address is
`/_blobs/{table}/{id}/{name}`; the name is for people. As at such a host, a request with credentials is
rejected, which detects clients that forward their token on a redirect; files need a signed URL.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from pipedrive_emulator.account.account import Account, on_change
from pipedrive_emulator.account.images import image_type
from pipedrive_emulator.api.http import ApiError, Request, Response, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "/_blobs/"
OCTETS = "application/octet-stream"
KEPT_FOR = frozenset(("files", "person_pictures", "product_images", "call_logs"))
RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")


def address(account: Account, table: str, key: object, name: str) -> str:
    """Return the public address of some bytes."""
    return f"{account.base_url}{PREFIX}{table}/{key}/{quote(name, safe='')}"


def signed_address(account: Account, row: Row) -> str:
    """Return the URL of a file's bytes to which a download redirects."""
    signature = urlencode({"signature": _signature(row["id"])})
    return f"{address(account, 'files', row['id'], row['file_name'])}?{signature}"


def _signature(key: object) -> str:
    return hashlib.sha256(f"files:{key}".encode()).hexdigest()[:32]


def file_content(account: Account, row: Row) -> bytes:
    """Return the bytes of a file; seeded files repeat their own name up to their size."""
    kept = account.blobs.get(f"files:{row['id']}")
    if kept is not None:
        return kept
    line = f"{row['file_name']} {row['id']}\n".encode()
    size = int(row["file_size"])
    return (line * (size // len(line) + 1))[:size]


def disposition(name: str) -> tuple[bytes, bytes]:
    """Return the Content-Disposition header with the name of a file, in any alphabet (RFC 6266)."""
    plain = re.sub(r'["\\?\x00-\x1f\x7f]', "_", name.encode("ascii", "replace").decode())
    return (
        b"content-disposition",
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}".encode(),
    )


def digests(account: Account) -> dict[str, str]:
    """Return the SHA-256 of all stored bytes, by `table:id`, to compare two accounts."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(_contents(account))}


def _contents(account: Account) -> Iterator[tuple[str, bytes]]:
    yield from ((name, content) for name, content in account.blobs.items() if not name.startswith("files:"))
    for row in account.table("files").live():
        if row["remote_location"] == "s3":
            yield f"files:{row['id']}", file_content(account, row)


@on_change
def _release(account: Account, table: str, before: Row | None, after: Row | None, _: int) -> None:
    """Remove the bytes of a row together with the row."""
    if table in KEPT_FOR and before is not None:
        kept = account.table(table)
        if after is None or not kept.is_live(after):
            account.blobs.pop(f"{table}:{before[kept.spec.key]}", None)


def serve(account: Account, request: Request) -> Response:
    """Return the response for one URL, complete or in part (`Range`), like a storage host.

    Raises:
        ApiError: 400 for a request with a sign-in, 403 without a signature, 404 for an unknown URL, 416 for a
            range after the end.
    """
    if request.method not in ("GET", "HEAD"):
        raise ApiError(405, "Storage is read only")
    if request.headers.keys() & {"authorization", "x-api-token"}:
        raise ApiError(400, "Storage accepts no credentials", "Do not send the API token to other hosts")
    table, _, rest = request.path.removeprefix(PREFIX).partition("/")
    response = _found(account, table, rest.partition("/")[0], dict(request.query).get("signature"))
    response.headers.append((b"accept-ranges", b"bytes"))
    return _part(response, request.headers.get("range", ""))


def _found(account: Account, table: str, key: str, signature: str | None) -> Response:
    number = int(key) if key.isdecimal() and len(key) < len(str(2**63)) else None
    if table == "files":
        if signature != _signature(key):
            raise ApiError(403, "The URL of a file must be signed")
        row = account.find("files", number)
        if row is not None:
            return Response(
                body=file_content(account, row), content_type=OCTETS, headers=[disposition(row["file_name"])]
            )
    elif table == "mail_messages":
        row = account.find("mail_messages", number)
        if row is not None:
            return Response(body=row["body"].encode(), content_type="text/html; charset=utf-8")
    content = account.blobs.get(f"{table}:{key}")
    if content is None or table == "files":
        raise ApiError(404, "There is nothing at this URL")
    return Response(body=content, content_type=image_type(content) or OCTETS)


def _part(response: Response, wanted: str) -> Response:
    """Return the requested range of a response; all of it without a range or with several."""
    found, size = RANGE.match(wanted), len(response.body)
    if found is None or not any(found.groups()):
        return response
    first = int(found[1]) if found[1] else max(0, size - int(found[2]))
    last = min(int(found[2]), size - 1) if found[1] and found[2] else size - 1
    if first > last:
        refusal = ApiError(416, "The range begins after the end").response()
        refusal.headers.append((b"content-range", b"bytes */%d" % size))
        return refusal
    response.status, response.body = 206, response.body[first : last + 1]
    response.headers.append((b"content-range", b"bytes %d-%d/%d" % (first, last, size)))
    return response
