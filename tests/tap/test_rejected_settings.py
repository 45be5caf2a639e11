"""A value of a setting that only Pipedrive can check: its rejection is a mistake of the settings."""

from __future__ import annotations

import pytest

from pipedrive_client import ConfigError, Rejected
from pipedrive_singer.command_line import Exit, code_of
from tests.support.singer import run_tap

CASES = [
    ("leads", "record_ids", {"leads": ["x"]}),
    ("deals", "stream_parameters", {"deals": {"filter_id": 99_999}}),
    ("deal_updates", "stream_parameters", {"deal_updates": {"all_changes": "maybe"}}),
    ("person_searches", "searches", [{"stream": "person_searches", "term": "a"}]),
    ("deals_summary", "statistics", [{"stream": "deals_summary", "status": "opne"}]),
    ("few", "raw_requests", [{"name": "few", "path": "/api/v2/deals", "params": {"status": "opne"}}]),
]


@pytest.mark.parametrize(("stream", "setting", "value"), CASES)
def test_a_rejected_value_ends_with_exit_code_2_and_names_the_setting(small, stream, setting, value):
    with pytest.raises(ConfigError) as refused:
        run_tap(small.config(**{setting: value}), stream)
    assert code_of(refused.value) == Exit.BAD_INPUT
    assert str(refused.value).endswith(f"Check {setting} of stream {stream}.")
    assert "returned 400" in str(refused.value)


def test_a_rejection_without_a_setting_is_no_mistake_of_the_settings(small):
    fault = {"operation": "GET /api/v2/deals", "kind": "status_before", "status": 400, "every": 1}
    small.post("/_emulator/faults", [fault])
    with pytest.raises(Rejected):
        run_tap(small.config(stream_parameters={"persons": {"filter_id": 1}}), "deals")
