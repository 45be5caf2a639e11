"""Responses of live accounts, read by the tap: valid records, no key lost, errors of the right class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipedrive_client import ClientSettings, PipedriveClient, PipedriveError
from pipedrive_client.fields import HASH_KEY
from tests.support import evidence
from tests.support.evidence import HEADER, Reading
from tests.support.faulty import ShortWaits
from tests.support.singer import run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.evidence import Recording
    from tests.support.singer import Output

CLASSES = {
    "scope": "MissingScope",
    "unauthorized": "Unauthorized",
    "schema": "Rejected",
    "v1": "Rejected",
    "unknown": "UnknownMethod",
    "task": "Rejected",
    "deleted": "Gone",
    "feature": "FeatureOff",
    "success": "Rejected",
}
"""Class of the error of a recording, by the first word of its name."""


def test_every_recorded_response_is_read_or_classified():
    if evidence.folder() is None:
        pytest.skip("no recordings: PIPEDRIVE_EVIDENCE names no folder, nor is there ../shared/evidence")
    recordings = evidence.recordings()
    rows = [one for one in recordings if one.has_rows]
    problems = [
        *(each for group in evidence.rounds([*map(evidence.reading, rows)]) for each in lost(group)),
        *misjudged([one for one in recordings if not one.has_rows]),
    ]
    assert problems == [], f"{len(recordings)} recorded responses, {len(rows)} of them with rows"
    assert len(recordings) > 100


def lost(group: list[Reading]) -> Iterator[str]:
    """What is wrong with the records of recordings that one run reads."""
    names = dict.fromkeys(one.stream for one in group)
    selected = [{"breadcrumb": [], "metadata": {"selected": True}}]
    catalog = {
        "streams": [
            {"tap_stream_id": name, "stream": name, "schema": {}, "metadata": selected} for name in names
        ]
    }
    with evidence.served(group) as url:
        config = {"api_token": "t" * 40, "api_url": url, **evidence.settings(group)}
        out = run_tap(config, catalog=catalog)
    yield from out.faults()
    for one in group:
        for row in one.rows():
            yield from lost_keys(one, row, out)


def lost_keys(one: Reading, row: dict[str, Any], out: Output) -> Iterator[str]:
    """Keys of a row with a value that its record lacks."""
    keys = out.schemas[one.stream]["key_properties"]
    own = {name: value for name, value in {**one.ids, **row}.items() if name in keys}
    records = [
        record
        for record in out.records[one.stream]
        if all(str(record[name]) == str(value) for name, value in own.items())
    ]
    if not records:
        yield f"{one.recording.number}: {one.stream} has no record of {own}"
        return
    record = records[0] if one.spec else records[0]["record"]
    sent = {**row, **(row.get("custom_fields") or {})} if one.spec and one.spec.custom_fields else row
    for key, value in sent.items():
        if key == "custom_fields" and key not in record:
            continue
        lacks = key not in record or (record[key] is None and not is_empty(value))
        if lacks and not (HASH_KEY.match(key) and value is None):
            yield f"{one.recording.number}: {key} of {one.stream} is lost ({type(value).__name__})"


def is_empty(value: object) -> bool:
    return value in (None, "") or str(value).startswith("0000-00-00")


def misjudged(recordings: list[Recording]) -> Iterator[str]:
    """What is wrong with the class of an error, or with a success that is taken for one."""
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
