"""Image metadata from the first bytes of a file: format, width and height."""

from __future__ import annotations

from struct import error, unpack_from

# First bytes of each kind of image.
IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)
# JPEG markers followed by width and height: the frames, without the tables between them.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def image_type(content: bytes) -> str | None:
    """Return the media type of an image, by its first bytes; None for anything else."""
    return next((kind for start, kind in IMAGES if content.startswith(start)), None)


def image_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels; None if the bytes do not contain them."""
    kind = image_type(content)
    try:
        if kind == "image/png":
            width, height = unpack_from(">II", content, 16)
            return width, height
        if kind == "image/gif":
            width, height = unpack_from("<HH", content, 6)
            return width, height
        return _jpeg_size(content) if kind == "image/jpeg" else None
    except error:
        return None


def _jpeg_size(content: bytes) -> tuple[int, int]:
    place = 2
    while True:
        marker, length = unpack_from(">HH", content, place)
        if marker & 0xFF in FRAMES:
            height, width = unpack_from(">HH", content, place + 5)
            return width, height
        place += 2 + length
