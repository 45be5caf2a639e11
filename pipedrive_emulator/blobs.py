"""Bytes behind the public addresses in answers: pictures, images, recordings, bodies of mail.

They stand for another host's storage: no token, no cost, no log. The address is
`/_blobs/{table}/{id}/{name}`; the name is for people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.http import Answer, ApiError

if TYPE_CHECKING:
    from pipedrive_emulator.account import Account

PREFIX = "/_blobs/"
# How the bytes of each kind of image begin.
IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)


def address(account: Account, table: str, key: object, name: str) -> str:
    """The public address of some bytes."""
    return f"{account.base_url}{PREFIX}{table}/{key}/{name}"


def image_type(content: bytes) -> str | None:
    """The media type of an image, by its first bytes; None for anything else."""
    return next((kind for start, kind in IMAGES if content.startswith(start)), None)


def serve(account: Account, method: str, path: str) -> Answer:
    """Answer one address."""
    table, _, rest = path.removeprefix(PREFIX).partition("/")
    key = rest.partition("/")[0]
    if method != "GET":
        raise ApiError(405, "Storage is read only")
    if table == "mail_messages" and key.isdigit():
        row = account.find("mail_messages", int(key))
        if row is not None:
            return Answer(body=row["body"].encode(), content_type="text/html; charset=utf-8")
    content = account.blobs.get(f"{table}:{key}")
    if content is None or table == "files":
        raise ApiError(404, "There is nothing at this address")
    return Answer(body=content, content_type=image_type(content) or "application/octet-stream")
