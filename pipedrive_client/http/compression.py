"""Size limit of bodies, and decompression of gzip bodies that detects truncation.

urllib3 returns the content of a truncated gzip stream without an error; the trailer reveals it.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from urllib3.response import BaseHTTPResponse

_GZIP_ONLY = 16 + zlib.MAX_WBITS
_MAGIC = b"\x1f\x8b"
_NAMES = frozenset({"gzip", "x-gzip"})
_PIECE_BYTES = 1 << 20
MOST_BYTES = 1 << 28
"""Maximum size of a body in memory; the largest page of Pipedrive is far smaller."""


class Damaged(Exception):  # noqa: N818 - describes the body; the reader decides whether it is an error
    """A body that cannot be decompressed completely; the text is a noun phrase with the reason."""


def limited(raw: BaseHTTPResponse) -> bytes:
    """Return a complete body as it was sent; of a body that is too large, little more than the limit is read.

    Raises:
        Damaged: it is too large.
    """
    announced = raw.length_remaining
    if announced is not None and announced <= MOST_BYTES:
        return raw.read(decode_content=False)
    pieces: list[bytes] = []
    size = announced or 0
    while size <= MOST_BYTES:
        piece = raw.read(_PIECE_BYTES, decode_content=False)
        if not piece:
            return b"".join(pieces)
        size += len(piece)
        pieces.append(piece)
    raise Damaged(f"a body of more than {MOST_BYTES >> 20} MiB")


def unpacked(content: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a complete body without its compression.

    Raises:
        Damaged: it is truncated, damaged, too large, or has an unexpected encoding.
    """
    if not headers.get("content-encoding"):
        return content
    pieces, size = [], 0
    for piece in unpacked_chunks(iter([content]), headers):
        size += len(piece)
        if size > MOST_BYTES:
            raise Damaged(f"a gzip body of more than {MOST_BYTES >> 20} MiB")
        pieces.append(piece)
    return b"".join(pieces)


def unpacked_chunks(chunks: Iterator[bytes], headers: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the chunks of a body without its compression, in pieces of limited size.

    Raises:
        Damaged: as in `unpacked`, as soon as it is detected.
    """
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        yield from chunks
        return
    if encoding not in _NAMES:
        raise Damaged(f"a body in the encoding {encoding[:20]!r}, which was not requested")
    member = zlib.decompressobj(_GZIP_ONLY)
    begun = False
    for chunk in chunks:
        rest, full = chunk, False
        while rest or full:
            if member.eof:
                if not rest.startswith(_MAGIC):  # padding after the last member
                    break
                member = zlib.decompressobj(_GZIP_ONLY)
            begun = True
            try:
                found = member.decompress(rest, _PIECE_BYTES)
            except zlib.error:
                raise Damaged("a gzip body that cannot be unpacked") from None
            if found:
                yield found
            full = len(found) == _PIECE_BYTES and not member.eof
            rest = member.unused_data if member.eof else member.unconsumed_tail
    if begun and not member.eof:
        raise Damaged("a truncated gzip body")
