"""Responses of live accounts, read by the tap: valid records, no key lost, errors of the right class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipedrive_client import ClientSettings, PipedriveClient, PipedriveError
from tests.support import evidence
from tests.support.evidence import HEADER, Reading
from tests.support.faulty import ShortWaits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.evidence import Recording

CLASSES = {
    "scope": "MissingScope",
    "unauthorized": "Unauthorized",
    "schema": "Rejected",
    "v1": "Rejected",
    "unknown": "UnknownMethod",
    "task": "Rejected",
    "deleted": "Gone",
    "feature": "FeatureOff",
    "success": "ServerError",
}
"""Class of the error of a recording, by the first word of its name."""


def test_every_recorded_response_is_read_or_classified(record_property, caplog):
    if evidence.folder() is None:
        pytest.skip("no recordings: PIPEDRIVE_EVIDENCE names no folder, nor is there ../shared/evidence")
    recordings = evidence.recordings()
    readings = [evidence.reading(one) for one in recordings if one.has_rows]
    others = [one for one in recordings if not one.has_rows]
    problems = [
        *(each for group in evidence.rounds(readings) for each in wrong_records(group)),
        *misjudged(others),
        *(text for text in caplog.messages if "does not know" in text),
    ]
    streams = {one.stream for one in readings if one.spec}
    compared = sum(len(one.rows()) for one in readings)
    raw = sum(one.spec is None for one in readings)
    held = (
        f"{len(recordings)} recorded responses: {len(readings) - raw} read by {len(streams)} streams, "
        f"{raw} by raw requests, {len(others)} without rows and classified; {compared} rows compared"
    )
    record_property("held", held)
    assert problems == [], held
    assert len(readings) + len(others) == len(recordings) > 100
    assert compared > 400


def wrong_records(group: list[Reading]) -> Iterator[str]:
    """Return the errors in the records of recordings that one run reads."""
    out = evidence.read(group)
    yield from out.faults()
    for one in group:
        yield from evidence.lost_keys(one, out)


def misjudged(recordings: list[Recording]) -> Iterator[str]:
    """Return the errors in the class of an error, or of a success treated as one."""
    with evidence.served([Reading(recording=one, path=one.path) for one in recordings]) as url:
        settings = ClientSettings.from_config({"api_token": "t" * 40, "api_url": url})
        with PipedriveClient(settings, clock=ShortWaits()) as client:
            for one in recordings:
                found, expected = judged(client, one), "success"
                if word := one.operation.partition("error.")[2].partition("_")[0]:
                    expected = CLASSES[word]
                elif one.status == 410:
                    expected = "Gone"
                if found != expected:
                    yield f"{one.number}: {one.operation} is {found} instead of {expected}"


def judged(client: PipedriveClient, one: Recording) -> str:
    try:
        client.request(one.method, one.path, headers={HEADER: one.number})
    except PipedriveError as error:
        return type(error).__name__
    return "success"
