"""Values in another form than published: they become null and are named, and the run goes on."""

from __future__ import annotations

import pytest

from tests.support.singer import run_tap


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("notes", "add_time", "soon"),
        ("notes", "update_time", "9999-12-31T23:59:59-10:00"),
        ("users", "last_login", "12.3.2026"),
    ],
)
def test_a_time_that_is_none_becomes_null_and_ends_no_run(small, caplog, table, column, value):
    whole = run_tap(small.config(), table).latest(table)
    one = min(whole)
    small.post("/_emulator/rows", [{"table": table, "id": one, "set": {column: value}}])
    out = run_tap(small.config(), table)
    assert out.latest(table).keys() == whole.keys()
    assert out.latest(table)[one][column] is None
    assert out.faults() == []
    (told,) = [record.getMessage() for record in caplog.records if "another form" in record.message]
    assert f"column {column} of {table}" in told
    assert value not in told


def test_a_row_whose_change_has_no_time_is_read_all_the_same(small):
    whole = run_tap(small.config(), "deals").latest("deals")
    one = min(whole)
    small.post("/_emulator/rows", [{"table": "deals", "id": one, "set": {"update_time": "soon"}}])
    out = run_tap(small.config(), "deals")
    assert out.latest("deals").keys() == whole.keys()
    assert "T" in out.state["bookmarks"]["deals"]["replication_key_value"]


def test_texts_that_mean_no_time_are_not_named(small, caplog):
    row = small.rows("leads")[0]["id"]
    small.post("/_emulator/rows", [{"table": "leads", "id": row, "set": {"add_time": "0000-00-00 00:00:00"}}])
    assert run_tap(small.config(), "leads").latest("leads")[row]["add_time"] is None
    assert "another form" not in caplog.text
