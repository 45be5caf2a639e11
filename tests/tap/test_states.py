"""States in the forms that users have: each is resumed or rejected, never treated as empty."""

from __future__ import annotations

import io
import json

import pytest

from pipedrive_client import ConfigError, times
from pipedrive_client.times import now
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.state.input_state import checked_state, state_of
from tests.support.singer import run_tap

pytestmark = pytest.mark.dialects

SINCE = "2026-02-01T00:00:02Z"
SDK = {"bookmarks": {"deals": {"replication_key": "update_time", "replication_key_value": SINCE}}}
SINGER_IO = {
    "bookmarks": {"deals": {"update_time": "2026-02-01T00:00:02.000000Z"}},
    "currently_syncing": None,
}


def file_of(text: str) -> io.StringIO:
    file = io.StringIO(text)
    file.name = "state.json"
    return file


def lines(*messages: object) -> str:
    return "".join(json.dumps(one) + "\n" for one in messages)


def line(value: object) -> dict:
    return {"type": "STATE", "value": value}


def asked_since(emulator, operation="GET /api/v2/deals") -> str | None:
    (asked,) = [one for one in emulator.log(full=True)["ordered"] if one["operation"] == operation]
    return asked["query"].get("updated_since")


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(SDK),
        json.dumps(line(SDK)),
        json.dumps({"value": SDK}),
        json.dumps(SINGER_IO),
        "\ufeff" + json.dumps(SDK),
        json.dumps(line(SDK), indent=2),
        lines(
            line({"under_way": True}), line({"bookmarks": {}}), line({**SDK, "under_way": True}), line(SDK)
        ),
        lines({"bookmarks": {}}, SDK),
        lines(line({"bookmarks": {}}), {"value": SINGER_IO}) + "\n\n",
        json.dumps(
            {"bookmarks": {"deals": {**SDK["bookmarks"]["deals"], "progress_markers": {"Note": "x"}}}}
        ),
        json.dumps({"bookmarks": {**SINGER_IO["bookmarks"], "dealflow": {"log_time": SINCE}}}),
        json.dumps({"bookmarks": {**SINGER_IO["bookmarks"], "users": {"modified": SINCE}}}),
    ],
)
def test_a_state_in_any_supported_form_is_resumed(small, text):
    run_tap(small.config(), "deals", state=state_of(file_of(text)))
    assert asked_since(small) == "2026-01-31T23:59:02Z"


def test_the_state_of_a_run_is_the_same_in_every_form(small):
    state = run_tap(small.config(), "deals", "deal_products").state
    for form in (line(state), {"value": state}, {**state, "under_way": True}):
        assert not run_tap(small.config(), "deals", "deal_products", state=form).records


def test_a_fan_out_continues_from_a_bookmark_of_another_tap(small):
    later = {"update_time": times.to_rfc3339(now())}
    state = {"bookmarks": {"deals": later, "deal_products": later}}
    run_tap(small.config(), "deals", "deal_products", state=state)
    assert "GET /api/v2/deals/products" not in small.requests()


def test_a_bookmark_with_an_offset_is_in_utc():
    offset = "2026-02-01T02:30:02+02:30"
    state = {
        "bookmarks": {"deals": {"reads": {"getDeals": {"since": offset}}, "replication_key_value": offset}}
    }
    memo = checked_state(state, STREAMS)["bookmarks"]["deals"]
    assert memo["replication_key_value"] == memo["reads"]["getDeals"]["since"] == "2026-02-01T00:00:02Z"


@pytest.mark.parametrize("text", ["", " \n", "{}", '{"bookmarks": {}}', '{"bookmarks": {"deals": {}}}'])
def test_an_empty_state_is_a_first_run(small, text):
    run_tap(small.config(), "deals", state=state_of(file_of(text)))
    assert asked_since(small) is None


@pytest.mark.parametrize(
    ("state", "facts"),
    [
        ({"deals": SINCE}, ("deals", "top-level")),
        ({"bookmark": {}}, ("bookmark", "top-level")),
        (line([]), ("not an object",)),
        ({"type": "STATE"}, ("not an object",)),
        ({"type": "RECORD", "stream": "deals", "record": {}}, ("RECORD",)),
        ({"value": {"value": SDK}}, ("value", "top-level")),
        ({"bookmarks": {"deals": {"modified": SINCE}}}, ("deals", "modified")),
        ({"bookmarks": {"issues": {"since": SINCE}}}, ("no stream of tap-pipedrive", "issues")),
        ({"bookmarks": {"deals": {"update_time": 1769904002}}}, ("deals", "1769904002")),
        ({"bookmarks": {"deals": {"update_time": ""}}}, ("deals", '""')),
        ({"bookmarks": {"deals": {"replication_key": "id", "replication_key_value": 7}}}, ("deals", "id")),
        ({"bookmarks": {"deals": {"starting_replication_value": SINCE}}}, ("deals", "replication_key_value")),
        (
            {"bookmarks": {"deals": {"progress_markers": {"replication_key_value": "x"}}}},
            ("progress_markers",),
        ),
        ({"bookmarks": {"deal_products": {"partitions": []}}}, ("deal_products", "partitions")),
        ({"bookmarks": {"deals": {"reads": {"getDealz": {"since": SINCE}}}}}, ("deals", "getDealz")),
    ],
    ids=str,
)
def test_a_state_in_another_form_is_rejected_before_a_request(small, state, facts):
    with pytest.raises(ConfigError) as refused:
        run_tap(small.config(), catalog={"streams": [{"tap_stream_id": "deals"}]}, state=state)
    assert all(fact in str(refused.value) for fact in facts)
    assert small.requests() == {}


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (lines(line(SDK), {"type": "RECORD", "stream": "deals"}), ("Line 2", "RECORD")),
        (lines(SDK, []), ("Line 2", "not an object")),
        (lines(line(SDK)) + '{"type":"STATE","val', ("state.json", "not valid JSON")),
        ("{oops", ("state.json", "not valid JSON")),
        ("[" * 100_000, ("state.json", "not valid JSON")),
        ("\x1f\x8b\x08", ("state.json", "not valid JSON")),
    ],
)
def test_a_file_of_other_content_is_rejected(text, facts):
    with pytest.raises(ConfigError) as refused:
        state_of(file_of(text))
    assert all(fact in str(refused.value) for fact in facts)
