from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pipedrive_client import SystemClock, times

MOMENT = datetime(2026, 1, 2, 10, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02 10:20:30",
        "2026-01-02T10:20:30Z",
        "2026-01-02T10:20:30",
        "2026-01-02T10:20:30+00:00",
        "2026-01-02T12:20:30+02:00",
        "2026-01-02T10:20:30.000Z",
        "2026-01-02T10:20:30.000000000Z",
        "2026-01-02 10:20:30 UTC",
        "2026-01-02 10:20:30.000 UTC",
    ],
)
def test_every_form_is_the_same_moment(text):
    assert times.parse(text) == MOMENT
    assert times.normalise(text) == "2026-01-02T10:20:30Z"


def test_a_date_is_its_midnight():
    assert times.normalise("2026-01-02") == "2026-01-02T00:00:00Z"


def test_fractions_are_cut_off():
    assert times.normalise("2026-01-02T10:20:30.999Z") == "2026-01-02T10:20:30Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "20260102",
        "2026-W01-1",
        "0000-00-00 00:00:00",
        "2026-13-01 00:00:00",
        "2026-01-02 25:00:00",
        "2026-01-02 10:20:30 CET",
        "2026-01-02 10:20:30+02:00 UTC UTC",
        "9999-12-31T23:59:59-10:00",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_other_texts_are_rejected(text):
    with pytest.raises(ValueError, match=r".+"):
        times.normalise(text)


def test_offset_is_taken_into_account_when_written():
    moment = datetime(2026, 1, 2, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert times.to_rfc3339(moment) == "2026-01-01T20:00:00Z"
    assert times.to_space_form(moment) == "2026-01-01 20:00:00"


def test_a_moment_without_zone_is_utc():
    naive = MOMENT.replace(tzinfo=None)
    assert times.to_rfc3339(naive) == "2026-01-02T10:20:30Z"
    assert times.to_epoch(naive) == times.to_epoch(MOMENT)


@pytest.mark.parametrize("moment", [MOMENT, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)])
def test_epoch_and_back(moment):
    assert times.from_epoch(times.to_epoch(moment)) == moment


def test_epoch_is_rounded_down():
    assert times.to_epoch(datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)) == -1


def test_next_midnight_is_utc():
    late = datetime(2026, 12, 31, 23, 30, tzinfo=timezone(timedelta(hours=-2)))
    assert times.next_midnight(late) == datetime(2027, 1, 2, tzinfo=UTC)
    assert times.next_midnight(datetime(2026, 1, 1, tzinfo=UTC)) == datetime(2026, 1, 2, tzinfo=UTC)


def test_system_clock_returns_the_time():
    clock = SystemClock()
    event = threading.Event()
    before = clock.monotonic()
    assert clock.wait(0, event) is False
    event.set()
    assert clock.wait(60, event) is True
    assert clock.monotonic() - before < 30
    assert clock.now().tzinfo is UTC
