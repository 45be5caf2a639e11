"""Deals by action and by upsert."""

from __future__ import annotations

from tests.target.helpers import record, rows, schema, state


def test_adds_a_deal(load, small):
    run = load(rows("add_deal", {"title": "New roof", "value": 1200.5}))
    assert run.error is None
    assert run.outcomes == ["created"]
    deal = small.get(f"/api/v2/deals/{run.ids[0]}")["data"]
    assert (deal["title"], deal["value"]) == ("New roof", 1200.5)


def test_updates_and_deletes_a_deal(load, small):
    run = load(
        rows("update_deal", {"id": 1, "title": "Renamed"}),
        rows("delete_deal", {"id": 2}),
    )
    assert run.outcomes == ["updated", "deleted"]
    assert small.get("/api/v2/deals/1")["data"]["title"] == "Renamed"


def test_upserts_only_what_differs(load, small):
    before = small.get("/api/v2/deals/1")["data"]
    small.post("/_emulator/log/clear")
    run = load(
        rows("deals", {"id": 1, "title": before["title"]}, {"id": 3, "title": "Other"}, keys=["id"]),
        state({"a": 1}),
    )
    assert run.outcomes == ["unchanged", "updated"]
    assert run.results[1]["changed"] == ["title"]
    assert run.states == [{"a": 1}]
    assert small.requests() == {"GET /api/v2/deals": 1, "PATCH /api/v2/deals/{id}": 1}


def test_rejects_ambiguous_values(load):
    run = load(
        schema("add_deal", "title value"),
        record("add_deal", title="A", value="much"),
        record("add_deal", value=5),
        "{not json",
        record("persons", id=1),
    )
    assert len(run.errors) == 4
    value = run.results[0]
    assert (value["line"], value["column"]) == (2, "value")
    assert all(part in value["error"] for part in ("add_deal: value must be a number", "'much'", "line 2"))
    assert "add_deal: needs title" in run.errors[1]
