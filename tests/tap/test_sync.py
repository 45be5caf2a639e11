"""Sync of lists: records, cost, and no lost rows at page and bookmark boundaries."""

from __future__ import annotations

import math

import pytest

from tests.support.singer import run_tap, select

pytestmark = pytest.mark.dialects

CORE = ("deals", "persons", "organizations", "activities", "products")


def live(emulator, entity: str) -> dict[int, dict]:
    """Rows of the account by id, as a list may show them."""
    return {row["id"]: row for row in emulator.rows(entity) if not row.get("is_deleted")}


@pytest.mark.parametrize("stream", ["persons", "organizations", "activities", "products", "notes"])
def test_every_row_of_a_list_arrives_once(medium, stream):
    out = run_tap(medium.config(), stream)
    ids = [record["id"] for record in out.records[stream]]
    assert len(ids) == len(set(ids))
    assert set(ids) == {
        row["id"] for row in medium.rows(stream) if not row.get("is_deleted") and row.get("active_flag", True)
    }


def test_deals_include_open_won_lost_deleted_and_archived_ones(medium):
    deals = run_tap(medium.config(), "deals").latest("deals")
    rows = {row["id"]: row for row in medium.rows("deals")}
    assert {deal["status"] for deal in deals.values()} >= {"open", "won", "lost"}
    assert any(deal["is_archived"] for deal in deals.values())
    assert {one for one, deal in deals.items() if deal["is_archived"]} == {
        one for one, row in rows.items() if row["is_archived"] and one in deals
    }
    assert {one for one, row in rows.items() if not row["is_deleted"]} <= set(deals)
    assert any(deal["is_deleted"] for deal in deals.values())


def test_a_full_read_costs_its_pages_and_the_field_definitions(medium):
    catalog_streams = ("deals", "persons", "organizations", "activities", "products")
    catalog = select(medium.config(), *catalog_streams)
    medium.reset()
    out = run_tap(medium.config(), catalog=catalog)
    archived = sum(record["is_archived"] for record in out.records["deals"])
    active = len(out.records["deals"]) - archived
    pages = {name: math.ceil(len(out.records[name]) / 500) for name in CORE[1:]}
    expected = {
        "GET /api/v2/deals": math.ceil(active / 500),
        "GET /api/v2/deals/archived": math.ceil(archived / 500),
        **{f"GET /api/v2/{name}": count for name, count in pages.items()},
        **{f"GET /api/v2/{name}Fields": 1 for name in ("deal", "person", "organization", "product")},
    }
    assert medium.requests() == expected


def test_a_run_without_changes_costs_one_request_per_list_and_writes_nothing(medium):
    config = medium.config()
    first = run_tap(config, *CORE, "leads", "notes", "files")
    medium.post("/_emulator/reset")
    catalog = select(config, *CORE, "leads", "notes", "files")
    medium.reset()
    second = run_tap(config, catalog=catalog, state=first.state)
    assert dict(second.records) == {}
    assert set(medium.requests().values()) == {1}
    assert len(medium.requests()) == 10  # eight lists, and the archived ones of deals and leads


def test_only_a_changed_row_is_read(small):
    config = small.config()
    first = run_tap(config, "persons")
    person = next(iter(first.latest("persons")))
    small.call("PATCH", f"/api/v2/persons/{person}", {"name": "Changed Name"})
    second = run_tap(config, "persons", state=first.state)
    assert [(record["id"], record["name"]) for record in second.records["persons"]] == [
        (person, "Changed Name")
    ]


def test_two_changes_within_one_second_are_both_read(small):
    """The second change does not update update_time: only the content differs."""
    config = small.config()
    first = run_tap(config, "persons")
    person = next(iter(first.latest("persons")))
    now = small.post("/_emulator/clock", {"now": "2026-11-01T12:00:00Z"})
    assert now
    small.call("PATCH", f"/api/v2/persons/{person}", {"name": "Once"})
    second = run_tap(config, "persons", state=first.state)
    small.post("/_emulator/clock", {"now": "2026-11-01T12:00:00Z"})
    small.call("PATCH", f"/api/v2/persons/{person}", {"name": "Twice"})
    rows = small.get(f"/api/v2/persons/{person}")["data"]
    assert rows["update_time"] == second.records["persons"][0]["update_time"]
    third = run_tap(config, "persons", state=second.state)
    assert [record["name"] for record in third.records["persons"]] == ["Twice"]


def test_a_run_can_resume_from_any_of_its_states(medium):
    config = medium.config()
    whole = run_tap(config, "activities")
    expected = whole.latest("activities")
    states = whole.states
    assert len(states) > 5
    seen: dict[int, dict] = {}
    position = 0
    for message in whole.messages:
        if message["type"] == "RECORD":
            seen[message["record"]["id"]] = message["record"]
        elif message["type"] == "STATE":
            position += 1
            if position in (2, 4, len(states) - 1):
                rest = run_tap(config, "activities", state=message["value"])
                assert {**seen, **rest.latest("activities")} == expected
                assert len(rest.records["activities"]) < len(expected)


def test_archived_rows_are_read_again_only_when_they_change(medium):
    config = medium.config()
    first = run_tap(config, "deals", "leads")
    second = run_tap(config, "deals", "leads", state=first.state)
    assert dict(second.records) == {}


def test_a_list_that_did_not_change_is_not_written_again(small):
    config = small.config()
    first = run_tap(config, "users", "stages", "pipelines")
    assert set(first.records) == {"users", "stages", "pipelines"}
    second = run_tap(config, "users", "stages", "pipelines", state=first.state)
    assert dict(second.records) == {}
    stage = next(iter(first.latest("stages")))
    small.call("PATCH", f"/api/v2/stages/{stage}", {"name": "Renamed"})
    third = run_tap(config, "users", "stages", "pipelines", state=second.state)
    assert set(third.records) == {"stages"}
    assert third.latest("stages")[stage]["name"] == "Renamed"


def test_start_date_bounds_the_first_read(medium):
    start = "2025-06-01T00:00:00Z"
    out = run_tap(medium.config(start_date=start), "persons", "leads")
    rows = live(medium, "persons")
    assert set(out.latest("persons")) == {one for one, row in rows.items() if row["update_time"] >= start}
    assert all(record["update_time"] >= start for record in out.records["leads"])


def test_products_of_deals_are_requested_a_hundred_deals_at_a_time(medium):
    out = run_tap(medium.config(), "deal_products")
    requests = medium.requests()
    assert out.records["deal_products"]
    assert requests["GET /api/v2/deals/products"] <= math.ceil(len(medium.rows("deals")) / 100)
    assert "deals" not in out.records


def test_a_fan_out_follows_only_changed_parents(small):
    config = small.config()
    first = run_tap(config, "deals", "deal_products")
    deal = first.records["deal_products"][0]["deal_id"]
    small.reset()
    second = run_tap(config, "deals", "deal_products", state=first.state)
    assert "GET /api/v2/deals/products" not in small.requests()
    assert dict(second.records) == {}
    small.call("PATCH", f"/api/v2/deals/{deal}", {"title": "Touched"})
    third = run_tap(config, "deals", "deal_products", state=second.state)
    assert {record["deal_id"] for record in third.records["deal_products"]} == {deal}


def test_a_fan_out_selected_later_reads_every_parent(small):
    config = small.config()
    deals_only = run_tap(config, "deals")
    both = run_tap(config, "deals", "deal_products", state=deals_only.state)
    assert "deals" not in both.records
    assert {record["id"] for record in both.records["deal_products"]} == set(
        run_tap(config, "deal_products").latest("deal_products")
    )


def test_sequential_and_parallel_requests_give_the_same_records(medium):
    together = run_tap(medium.config(), *CORE)
    alone = run_tap(medium.config(max_concurrency=1), *CORE)
    for stream in CORE:
        assert together.records[stream] == alone.records[stream]
    assert together.state == alone.state


def test_deleted_rows_become_tombstones(small):
    config = small.config(detect_deletes=True, delete_sweep_interval_hours=0)
    first = run_tap(config, "persons", "organizations")
    person = max(first.latest("persons"))
    small.call("DELETE", f"/api/v2/persons/{person}")
    second = run_tap(config, "persons", "organizations", state=first.state)
    assert [record["id"] for record in second.records["persons"]] == [person]
    tombstone = second.records["persons"][0]
    assert tombstone["is_deleted"] is True
    assert tombstone["_sdc_deleted_at"]
    third = run_tap(config, "persons", "organizations", state=second.state)
    assert dict(third.records) == {}


@pytest.mark.parametrize(
    ("stream", "archived"),
    [("deals", "GET /api/v2/deals/archived"), ("leads", "GET /api/v1/leads/archived")],
)
def test_a_row_unarchived_during_a_sweep_is_not_reported_as_deleted(small, stream, archived):
    config = small.config(detect_deletes=True, delete_sweep_interval_hours=0)
    first = run_tap(config, stream)
    catalog = select(config, stream)
    one = next(record["id"] for record in first.records[stream] if record["is_archived"])
    # The second request for the archive is the sweep's; the list of the others was read just before it.
    fault = {"operation": archived, "nth": 2, "kind": "write", "table": stream, "id": one}
    small.post("/_emulator/faults", [{**fault, "set": {"is_archived": False}}])
    second = run_tap(config, catalog=catalog, state=first.state)
    assert dict(second.records) == {}
    small.post("/_emulator/faults", [])
    third = run_tap(config, catalog=catalog, state=second.state)
    assert [(record["id"], record["is_archived"]) for record in third.records[stream]] == [(one, False)]


def test_an_option_is_emitted_as_its_label_and_a_renamed_field_keeps_its_column(small):
    config = small.config()
    first = run_tap(config, "deals")
    schema = first.schemas["deals"]["schema"]["properties"]
    column, spec = next(
        (name, one) for name, one in schema.items() if one.get("x-pipedrive", {}).get("field_type") == "enum"
    )
    key = spec["x-pipedrive"]["key"]
    labels = {record[column] for record in first.records["deals"]} - {None}
    assert labels
    assert all(isinstance(label, str) for label in labels)
    small.call("PATCH", f"/api/v2/dealFields/{key}", {"field_name": "A new label"})
    deal = first.records["deals"][0]["id"]
    small.call("PATCH", f"/api/v2/deals/{deal}", {"title": "Touched"})
    second = run_tap(config, "deals", state=first.state)
    renamed = second.schemas["deals"]["schema"]["properties"]
    assert column in renamed
    assert renamed[column]["x-pipedrive"]["name"] == "A new label"


def test_a_new_field_becomes_a_column_in_the_next_run(small):
    config = small.config()
    first = run_tap(config, "deals")
    small.post("/api/v2/dealFields", {"field_name": "Fresh idea", "field_type": "varchar"})
    key = next(
        row["field_code"]
        for row in small.get("/api/v2/dealFields?limit=500")["data"]
        if row["field_name"] == "Fresh idea"
    )
    deal = next(
        record["id"]
        for record in first.records["deals"]
        if record["status"] == "open" and not record["is_archived"]
    )
    small.call("PATCH", f"/api/v2/deals/{deal}", {"custom_fields": {key: "yes"}})
    second = run_tap(config, state=first.state, catalog=select(config, "deals"))
    assert second.latest("deals")[deal]["fresh_idea"] == "yes"
    assert "fresh_idea" in second.schemas["deals"]["schema"]["properties"]


def test_a_list_without_a_lower_bound_is_resumed_near_its_end(medium):
    """Archived leads and files cannot be filtered by change; one page still finds them."""
    config = medium.config()
    first = run_tap(config, "files", "leads")
    lead = first.records["leads"][0]["id"]
    medium.call("PATCH", f"/v1/leads/{lead}", {"is_archived": True})
    medium.post("/_emulator/log/clear")
    second = run_tap(config, catalog=select(config, "files", "leads"), state=first.state)
    assert [record["id"] for record in second.records["leads"]] == [lead]
    assert second.latest("leads")[lead]["is_archived"] is True
    assert "files" not in second.records
    assert medium.requests() == {
        "GET /api/v1/files": 1,
        "GET /api/v1/leads": 1,
        "GET /api/v1/leads/archived": 1,
        "GET /api/v2/dealFields": 1,  # because a row came
    }
