"""Headers of live accounts besides those of the limits, by response."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipedrive_emulator.api.http import JSON_TYPE

if TYPE_CHECKING:
    from pipedrive_emulator.api.http import Request, Response

BURST = "X-RateLimit-Remaining, X-RateLimit-Limit, X-RateLimit-Reset"
DAILY = f"{BURST}, X-Daily-RateLimit-Token-Limit, X-Daily-RateLimit-Token-Remaining"
WITH_CHARSET = re.compile(r"^/api/v1/leads(/|$)")
"""Paths of the service whose media type has a charset."""
GONE, UNAUTHORIZED = 410, 401


def add(request: Request, response: Response) -> None:
    """Add the recorded headers to the response."""
    if response.content_type != JSON_TYPE:
        return
    if response.status == UNAUTHORIZED:
        response.headers.append((b"x-401-by-gw", b"true"))
        return
    if WITH_CHARSET.match(request.path) or response.status == GONE:
        response.content_type = f"{JSON_TYPE}; charset=utf-8"
    cached = "no-cache, private" if request.path.startswith("/api/v2/") and response.metered else "no-cache"
    response.headers += [
        (b"access-control-expose-headers", (DAILY if response.metered else BURST).encode()),
        (b"cache-control", cached.encode()),
    ]
