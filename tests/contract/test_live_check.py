"""The check of a live account, run against emulated ones."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tap_pipedrive.catalog import STREAMS
from tests.live.__main__ import main
from tests.live.comparison import differences
from tests.live.shapes import departures, shape_of
from tests.live.survey import Seen
from tests.live.writes import CLEANING, NAME, STEPS
from tests.support.emulator import TOKEN


def seen(*rows, stream="deals", path="/api/v2/deals", **parts):
    return Seen(
        stream=stream, operation="x", path=path, status=200, rows=len(rows), shape=shape_of(rows), **parts
    )


@pytest.fixture
def account(small, monkeypatch):
    """The small account, which the environment names as the live one."""
    monkeypatch.setenv("TAP_PIPEDRIVE_API_TOKEN", TOKEN)
    monkeypatch.setenv("TAP_PIPEDRIVE_COMPANY_DOMAIN", "acme")
    monkeypatch.setenv("TAP_PIPEDRIVE_API_URL", small.url)
    return small


def texts(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def test_every_stream_is_read_no_value_is_reported_and_writes_are_deleted(account, tmp_path):
    persons = account.rows("persons")
    file = tmp_path / "report.json"
    result = CliRunner().invoke(main, ["--report", str(file), "--write", "acme"])
    report = json.loads(file.read_text(encoding="utf-8"))
    assert {one["stream"] for one in report["reads"]} | set(report["not_read"]) == set(STREAMS)
    assert {one["status"] for one in report["reads"]} == {200}
    assert result.exit_code == any(one["differences"] for one in report["reads"] + report["writes"])
    assert sum(one["tokens"] or 0 for one in report["reads"]) > 1000

    personal = {text for row in persons for text in texts(row) if len(text) > 5 and " " in text}
    assert len(personal) > 20
    assert not [text for text in personal if text in json.dumps(report, ensure_ascii=False)]

    statuses = {one["step"]: one["status"] for one in report["writes"]}
    assert len(statuses) == len(STEPS) + len(CLEANING)
    assert {statuses["create a deal"], statuses["delete the organization"]} <= {200, 201}
    lists = [f"/api/v2/{name}" for name in ("organizations", "persons", "deals", "products", "activities")]
    for path in [*lists, "/v1/leads", "/v1/notes"]:
        assert NAME not in json.dumps(account.get(f"{path}?limit=500")), path


def test_an_account_that_the_flag_does_not_name_is_not_written_to(account, tmp_path):
    result = CliRunner().invoke(main, ["--write", "globex", "--report", str(tmp_path / "r.json")])
    assert result.exit_code == 2
    assert "TAP_PIPEDRIVE_COMPANY_DOMAIN" in result.output
    assert account.requests() == {}


@pytest.mark.parametrize(
    ("live", "words"),
    [
        ({"id": 1, "stars": 5}, ("column stars is missing in the tap",)),
        ({"id": 1, "stars": 5}, ("stars (integer) is not in the emulator's answer",)),
        ({"id": 1, "title": {"en": "x"}}, ("title is object", "emulator's answer text")),
        ({"id": 1}, ("title is only in the emulator's answer",)),
        ({"id": 1, "add_time": "2026-01-01 00:00:00"}, ("add_time is time with a space", "T and Z")),
    ],
)
def test_differences_name_keys_and_kinds(live, words):
    ours = seen({"id": 2, "title": "Ada", "add_time": "2026-01-01T00:00:00Z"})
    found = differences(seen(live), ours)
    assert any(all(word in one for word in words) for one in found), found


def test_equal_kinds_and_missing_values_are_not_differences():
    ours = seen({"id": 2, "title": "Ada", "value": 1.5, "lost_reason": "late"})
    assert differences(seen({"id": 1, "title": "12", "value": 3, "lost_reason": None}), ours) == []


def test_a_rejected_read_is_a_difference():
    refused = Seen(stream="deals", operation="x", path="/api/v2/deals", status=403, error="MissingScope")
    assert "403" in differences(refused, seen({"id": 1}))[0]


def test_keys_that_are_data_are_replaced():
    row = {"a" * 40: 1, "a" * 40 + "_currency": "EUR", "17": 2, "EUR": 3, "ann@acme.com": 4, "name": "Ann"}
    assert shape_of([row]) == {
        "<custom field>": {"integer"},
        "<custom field>_currency": {"text"},
        "<number>": {"integer"},
        "<currency>": {"integer"},
        "<other key>": {"integer"},
        "name": {"text"},
    }


def test_departures_from_the_published_schema_hold_no_value():
    body = {"success": True, "data": [{"id": "Ann Smith", "title": "x"}]}
    found = departures("GET", "/api/v2/deals", 200, body)
    assert found == ["data[].id: not of type integer"]
