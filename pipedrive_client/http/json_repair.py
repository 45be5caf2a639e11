r"""Repair of JSON that is complete but that strict decoders reject.

JavaScript truncates texts between the two halves of an emoji and writes the remaining half as an escape
(`"\ud83d"`), which is not a valid character. A proxy may add a byte order mark.
"""

from __future__ import annotations

import re

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_REPLACEMENT = rb"\ufffd"
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
"""An escape in a text; the group is one half of a character without the other."""


def repaired(content: bytes) -> bytes:
    """Return JSON with U+FFFD in place of halves of characters, and without a byte order mark."""
    content = content.removeprefix(_BYTE_ORDER_MARK)
    return _ESCAPE.sub(lambda found: _REPLACEMENT if found[1] else found[0], content)
