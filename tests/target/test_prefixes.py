"""Prefixes of v1 in runs of the target: the other one is tried once, and both rejected is a failure."""

from __future__ import annotations

import pytest

from tests.target.helpers import adding, rows

NOTES = ("POST /v1/notes", "PUT /v1/notes/{id}", "GET /v1/notes/{id}", "DELETE /v1/notes/{id}")


def unknown(emulator, *prefixes):
    rules = [
        {"operation": name, "kind": "unknown_method", "prefix": one} for name in NOTES for one in prefixes
    ]
    emulator.post("/_emulator/faults", rules)


def statuses(emulator, operation):
    log = emulator.log(full=True)["ordered"]
    return [(one["prefix"], one["status"]) for one in log if one["operation"] == operation]


def test_writes_use_the_prefix_that_the_host_serves(load, small):
    unknown(small, "/v1")
    notes = [{"content": f"Note {one}", "deal_id": one} for one in range(1, 9)]
    run = load(rows("notes", *notes), max_concurrency=8, **adding("notes"))
    assert run.outcomes == ["created"] * 8
    found = statuses(small, "POST /api/v1/notes")
    assert found == [("/v1", 404), *[("/api/v1", 200)] * 8]
    assert len([one for one in small.rows("notes") if one["content"].startswith("Note ")]) == 8


@pytest.mark.parametrize(
    ("stream", "values"),
    [
        ("notes", {"id": 1, "content": "Changed"}),
        ("notes", {"id": 1, "is_deleted": True}),
        ("delete_note", {"id": 1}),
        ("add_note", {"content": "New", "deal_id": 1}),
    ],
)
def test_a_write_rejected_under_both_prefixes_is_not_reported_as_done_or_missing(stream, values, load, small):
    unknown(small, "/v1", "/api/v1")
    before = small.rows("notes")
    run = load(rows(stream, values), allow_deletes=True)
    assert run.outcomes == ["failed"]
    assert "Unknown method" in run.errors[0]
    assert "does not exist" not in run.errors[0]
    assert small.rows("notes") == before
