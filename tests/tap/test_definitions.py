"""Field definitions in a run: read if columns depend on them, and the effect if they cannot be read."""

from __future__ import annotations

import pytest

from tap_pipedrive.commands.plan import plan
from tap_pipedrive.state.access import AccessDenied
from tap_pipedrive.tap import TapPipedrive
from tests.support.singer import run_tap, select

STREAMS = ("persons", "leads")


@pytest.mark.parametrize("mode", ["nested", "off"])
def test_definitions_are_not_read_or_planned_if_no_column_needs_them(small, mode):
    config = small.config(custom_fields=mode)
    out = run_tap(config, *STREAMS)
    assert set(out.records) == set(STREAMS)
    assert ("custom_fields" in out.records["leads"][0]) == (mode == "nested")
    assert not [operation for operation in small.requests() if "Fields" in operation]
    made = TapPipedrive(config=config, catalog=select(config, *STREAMS))
    assert {line.stream for line in plan(made.lists())} == set(STREAMS)
    made.tap_context.client.close()


@pytest.mark.parametrize(
    ("path", "stream", "status"), [("personFields", "persons", 403), ("projectFields", "projects", 404)]
)
@pytest.mark.parametrize("threads", [1, 4])
def test_denied_definitions_deny_the_stream_with_a_remedy(small, path, stream, status, threads, caplog):
    catalog = select(small.config(), stream, "users")
    fault = {"operation": f"GET /api/v2/{path}", "kind": "status_before", "status": status}
    small.post("/_emulator/faults", [fault])
    denied = run_tap(small.config(max_concurrency=threads), catalog=catalog)
    assert denied.records[stream] == []
    assert denied.records["users"]
    (warning,) = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert f"Access to stream {stream} was denied" in warning
    assert warning.count(f"Rows of {stream} have") == 1
    assert "set custom_fields to nested" in warning
    with pytest.raises(AccessDenied):
        run_tap(small.config(max_concurrency=threads, strict_access=True), catalog=catalog)
    out = run_tap(small.config(max_concurrency=threads, custom_fields="nested"), catalog=catalog)
    assert out.records[stream]


@pytest.mark.parametrize("label", ["Is deleted", "Custom fields"])
def test_a_field_named_like_a_column_of_the_tap_gets_another_name(small, label):
    small.post("/api/v2/dealFields", {"field_name": label, "field_type": "varchar"})
    for config in (small.config(), small.config(detect_deletes=True)):
        out = run_tap(config, "leads", "deals")
        assert out.faults() == []
        for stream in ("leads", "deals"):
            columns = out.schemas[stream]["schema"]["properties"]
            own = [name for name, one in columns.items() if one.get("x-pipedrive", {}).get("name") == label]
            assert [name[:-6] for name in own] == [label.lower().replace(" ", "_") + "_"]
