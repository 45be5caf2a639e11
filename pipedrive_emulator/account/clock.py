"""Clock of the account: it starts at a fixed instant and advances with the writes, not with real time."""

from __future__ import annotations

import calendar
import time
from functools import lru_cache

START = calendar.timegm((2026, 6, 15, 9, 0, 0))
WRITES_PER_SECOND = 2
DAY_SECONDS = 86_400


@lru_cache(maxsize=8192)
def _day(number: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(number * DAY_SECONDS))


def day(seconds: int) -> str:
    """Return `YYYY-MM-DD` of an epoch second, UTC."""
    return _day(seconds // DAY_SECONDS)


@lru_cache(maxsize=DAY_SECONDS)
def _clock(second_of_day: int) -> str:
    minutes, second = divmod(second_of_day, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}"


def rfc3339(seconds: int) -> str:
    """Return `YYYY-MM-DDTHH:MM:SSZ`, the form of v2."""
    return f"{day(seconds)}T{_clock(seconds % DAY_SECONDS)}Z"


def sql(seconds: int) -> str:
    """Return `YYYY-MM-DD HH:MM:SS`, the form of v1."""
    return f"{day(seconds)} {_clock(seconds % DAY_SECONDS)}"


def millis(seconds: int) -> str:
    """Return `YYYY-MM-DDTHH:MM:SS.000Z`, the form of leads."""
    return f"{day(seconds)}T{_clock(seconds % DAY_SECONDS)}.000Z"


STAMPS = {"rfc3339": rfc3339, "sql": sql, "millis": millis}


def parse(text: str) -> int:
    """Return the epoch seconds of any of the three forms (UTC)."""
    return calendar.timegm(time.strptime(text[:19].replace("T", " "), "%Y-%m-%d %H:%M:%S"))


class Clock:
    """Clock with whole seconds; two writes share a second, so equal update times occur often.

    Attributes:
        now: the second, from the epoch.
        writes: number of writes in this second.
    """

    def __init__(self, now: int = START) -> None:
        self.now = now
        self.writes = 0

    def tick(self) -> int:
        """Return the second of one write."""
        self.writes += 1
        if self.writes > WRITES_PER_SECOND:
            self.writes = 1
            self.now += 1
        return self.now

    def set(self, now: int) -> None:
        """Set the clock to an instant; the next write happens in that second."""
        self.now, self.writes = now, 0
