"""Recents, remote files, and conditions of saved filters."""

from __future__ import annotations

import pytest

from tests.emulator.checked import Checked

LONG_AGO = "2020-01-01 00:00:00"


@pytest.fixture
def call(ask):
    return Checked(ask)


def _now(call):
    return call.ask.hook("clock", {"advance_seconds": 60})["now"].replace("T", " ").rstrip("Z")


def test_recents_report_what_changed_and_what_was_deleted(call):
    since = _now(call)
    deal = call.data("v2:addDeal", body={"title": "Just now"})["id"]
    call("v2:updatePerson", id=1, body={"name": "Changed"})
    call("v2:deleteOrganization", id=5)
    answer = call("v1:getRecents", query={"since_timestamp": since})
    items = {(row["item"], row["id"]): row["data"] for row in answer["data"]}
    assert set(items) == {("deal", deal), ("person", 1), ("organization", 5)}
    assert (items["deal", deal]["title"], items["person", 1]["name"]) == ("Just now", "Changed")
    assert items["organization", 5] is None
    only = call.data("v1:getRecents", query={"since_timestamp": since, "items": "deal"})
    assert [row["id"] for row in only] == [deal]


def test_recents_go_back_a_month_and_are_paginated(call):
    whole = call("v1:getRecents", query={"since_timestamp": LONG_AGO, "limit": 500})
    assert whole["additional_data"]["since_timestamp"] == "2026-05-16 09:00:00"
    pages = [
        call.data("v1:getRecents", query={"since_timestamp": LONG_AGO, "start": n, "limit": 3})
        for n in (0, 3)
    ]
    assert pages[0] + pages[1] == whole["data"][:6]
    call.refused("v1:getRecents", 400, query={"since_timestamp": "2026-05-16"})
    call.refused("v1:getRecents", 400, query={"since_timestamp": LONG_AGO, "items": "cat"})
    call.refused("v1:getRecents", 400)


def test_every_kind_of_recent_item_has_its_published_shape(call):
    call.ask.hook("clock", {"now": "2023-01-02T00:00:00Z"})
    kinds = "activity,activityType,deal,file,filter,note,person,organization,pipeline,product,stage,user"
    rows = []
    for kind in kinds.split(","):
        query = {"since_timestamp": LONG_AGO, "items": kind, "limit": 500}
        found = call.data("v1:getRecents", query=query)
        assert found, kind
        rows += found
    assert {row["item"] for row in rows} == set(kinds.split(","))


def test_remote_files_hang_on_records_and_cannot_be_downloaded(call):
    form = {"item_type": "deal", "item_id": 1, "remote_location": "googledrive"}
    made = call.data("v1:addFileAndLinkIt", form={**form, "file_type": "gsheet", "title": "Zahlen"})
    linked = call.data("v1:linkFileToItem", form={**form, "remote_id": "abc"})
    assert (made["name"], made["file_type"], linked["remote_id"]) == ("Zahlen", "gsheet", "abc")
    ids = {row["id"] for row in call.data("v1:getDealFiles", id=1)}
    assert {made["id"], linked["id"]} <= ids
    assert call.ask.ask("GET", f"/v1/files/{made['id']}/download").status_code == 404
    wrong = {**form, "item_id": 9999, "remote_id": "abc"}
    call.refused("v1:linkFileToItem", 400, form=wrong)
    call.refused("v1:linkFileToItem", 400, form={**form, "remote_id": "abc", "remote_location": "dropbox"})


def _filtered(call, condition, kind="deals", path="v2:getDeals", main="deal"):
    fields = {"deal": "v1:getDealFields", "person": "v1:getPersonFields"}[main]
    rows = call.data(fields, query={"limit": 500})
    key, operator, value = condition[:3]
    number = next(row["id"] for row in rows if key in (row["key"], row["name"]))
    extra = condition[3] if len(condition) > 3 else None
    entry = {"object": main, "field_id": number, "operator": operator, "value": value, "extra_value": extra}
    groups = [{"glue": "and", "conditions": [entry]}, {"glue": "or", "conditions": []}]
    body = {"name": "F", "type": kind, "conditions": {"glue": "and", "conditions": groups}}
    saved = call.data("v1:addFilter", body=body)["id"]
    return [row["id"] for row in call.data(path, query={"filter_id": saved, "limit": 500})]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (("title", "LIKE '%$'", "tail"), True),
        (("title", "NOT LIKE '%$'", "tail"), False),
        (("expected_close_date", "=", "today"), True),
        (("expected_close_date", "=", "this_month"), True),
        (("expected_close_date", "=", "this_quarter"), True),
        (("expected_close_date", ">", "last_week"), True),
        (("expected_close_date", "<", "later_or_tomorrow"), True),
        (("expected_close_date", "=", "in_1_week"), False),
        (("expected_close_date", "!=", "3_months_ago"), True),
        (("Delivery window", "ends_at", "2026-08-05"), True),
        (("Delivery window", "ends_before", "2026-08-05"), False),
        (("Delivery window", "includes", "2026-08-03"), True),
        (("Delivery window", "includes", "2026-08-06"), False),
        (("label", "contains", "1,2"), True),
        (("label", "not_contains", "3"), True),
        (("label", "contains", "3"), False),
        (("value", "=", "77", "USD"), True),
        (("value", "=", "77", "EUR"), False),
    ],
    ids=str,
)
def test_conditions_of_saved_filters(call, condition, found):
    fields = call.data("v2:getDealFields", query={"limit": 500})
    window = next(row["field_code"] for row in fields if row["field_name"] == "Delivery window")
    body = {
        "title": "Has a tail",
        "value": 77,
        "currency": "USD",
        "label_ids": [1, 2],
        "expected_close_date": "2026-06-15",
        "custom_fields": {window: {"value": "2026-08-01", "until": "2026-08-05"}},
    }
    deal = call.data("v2:addDeal", body=body)["id"]
    assert (deal in _filtered(call, condition)) is found


def test_conditions_on_email_addresses_and_on_leads(call):
    body = {"name": "P", "emails": [{"value": "qq@x.example", "primary": True}]}
    person = call.data("v2:addPerson", body=body)["id"]
    found = _filtered(call, ("email", "LIKE '$%'", "qq@"), "people", "v2:getPersons", "person")
    assert found == [person]
    lead = call.data(
        "v1:addLead", body={"title": "L", "person_id": 1, "value": {"amount": 31, "currency": "EUR"}}
    )
    assert _filtered(call, ("value", "=", "31"), "leads", "v1:getLeads") == [lead["id"]]
