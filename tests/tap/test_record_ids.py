"""Single rows by the setting `record_ids`."""

from __future__ import annotations

import pytest

from tap_pipedrive.catalog import STREAMS
from tests.support.singer import run_tap

pytestmark = pytest.mark.dialects

FAN_OUTS = [spec.name for spec in STREAMS.values() if spec.parent and spec.single]


@pytest.mark.parametrize("concurrency", [1, 16])
@pytest.mark.parametrize("stream", FAN_OUTS)
def test_child_rows_are_read_by_id_without_their_parents(small, stream, concurrency):
    spec = STREAMS[stream]
    one = run_tap(small.config(), stream).records[stream][-1]
    column = spec.single.placeholders[0]
    row_id = one[column if column in spec.schema else spec.primary_keys[0]]
    small.post("/_emulator/log/clear")
    out = run_tap(small.config(record_ids={stream: [row_id]}, max_concurrency=concurrency), stream)
    keys = [tuple(row[key] for key in spec.primary_keys) for row in out.records[stream]]
    assert tuple(one[key] for key in spec.primary_keys) in keys
    assert {row[key] for row in out.records[stream] for key in [column] if key in row} <= {row_id}
    asked = [name for name in small.requests() if not name.endswith("Fields")]
    assert [name.replace("/api/v1/", "/v1/").count("{") for name in asked] == [1]


def test_a_missing_id_is_reported_and_the_others_are_read(small, caplog):
    out = run_tap(small.config(record_ids={"deals": [1, 999_999, 2]}), "deals")
    assert [row["id"] for row in out.records["deals"]] == [1, 2]
    assert "Skipped deals 999999" in caplog.text
