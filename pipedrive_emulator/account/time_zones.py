"""Time zones of custom fields. Pipedrive numbers them and publishes no list of the numbers."""

from __future__ import annotations

import zlib
import zoneinfo
from functools import cache

_FIRST, _COUNT = 1_000, 1_000_000
_names = cache(zoneinfo.available_timezones)


def parts(name: str) -> dict[str, object]:
    """Return the parts of a value for its time zone."""
    return {"timezone_id": number_of(name), "timezone_name": name}


def number_of(name: str) -> int:
    """Return the number of a time zone, the same on every machine."""
    return _FIRST + zlib.crc32(name.encode()) % _COUNT


def exists(name: str) -> bool:
    """Return whether a name is in the time zone database; on machines without one, every name is."""
    return not _names() or name in _names()


def name_of(number: int) -> str | None:
    """Return the time zone with a number."""
    return _numbered().get(number)


@cache
def _numbered() -> dict[int, str]:
    return {number_of(name): name for name in _names()}
