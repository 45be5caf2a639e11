"""Gzip bodies, unpacked with proof that they are complete.

urllib3 hands out what a truncated gzip stream unpacks to as if it were all; the trailer says otherwise.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_GZIP_ONLY = 16 + zlib.MAX_WBITS
_MAGIC = b"\x1f\x8b"
_NAMES = frozenset({"gzip", "x-gzip"})


class Damaged(Exception):  # noqa: N818 - a body is damaged; the reader decides whether that is an error
    """A body cannot be unpacked to its end; the text is a noun phrase that says why."""


def unpacked(content: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a whole body without its compression.

    Raises:
        Damaged: it is truncated, damaged, or compressed in another way than asked for.
    """
    if not headers.get("content-encoding"):
        return content
    return b"".join(unpacked_chunks(iter([content]), headers))


def unpacked_chunks(chunks: Iterator[bytes], headers: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the chunks of a body without its compression.

    Raises:
        Damaged: as in `unpacked`, once that shows.
    """
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        yield from chunks
        return
    if encoding not in _NAMES:
        raise Damaged(f"a body in the encoding {encoding[:20]!r}, which was not asked for")
    member = zlib.decompressobj(_GZIP_ONLY)
    begun = False
    for chunk in chunks:
        rest = chunk
        while rest:
            if member.eof:
                if not rest.startswith(_MAGIC):  # padding behind the last member
                    break
                member = zlib.decompressobj(_GZIP_ONLY)
            begun = True
            try:
                found = member.decompress(rest)
            except zlib.error:
                raise Damaged("a gzip body that cannot be unpacked") from None
            if found:
                yield found
            rest = member.unused_data if member.eof else b""
    if begun and not member.eof:
        raise Damaged("a truncated gzip body")
