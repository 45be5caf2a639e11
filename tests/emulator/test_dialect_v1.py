"""Core entities in version 1, which live accounts still serve, with `--dialect observed`."""

from __future__ import annotations

import pytest

from tests.emulator.direct import data, each, row


def test_v1_converts_names_and_texts_of_a_body(observed):
    body = {"title": "T", "value": "12.5", "user_id": "2", "visible_to": "3", "no_such_key": 1}
    deal = data(observed.ask("POST", "/v1/deals", json_body=body))
    held = row(observed, f"/api/v2/deals/{deal['id']}")
    assert (held["value"], held["owner_id"], held["visible_to"]) == (12.5, 2, 3)
    person = data(observed.ask("POST", "/v1/persons", json_body={"name": "A B", "email": "a@b.example"}))
    assert row(observed, f"/api/v2/persons/{person['id']}")["emails"][0]["value"] == "a@b.example"
    body = {"subject": "S", "done": "1", "person_id": person["id"], "deal_id": str(deal["id"])}
    activity = data(observed.ask("POST", "/v1/activities", json_body=body))
    assert (activity["done"], activity["person_id"], activity["deal_id"]) == (True, person["id"], deal["id"])


@pytest.mark.parametrize(
    ("path", "name"),
    [("deals", "title"), ("persons", "name"), ("organizations", "name"), ("activities", "subject")],
)
def test_a_v1_put_that_changes_nothing_moves_the_update_time(observed, path, name):
    before = row(observed, f"/v1/{path}/1")
    data(observed.ask("PUT", f"/v1/{path}/1", json_body={name: before[name]}))
    assert row(observed, f"/v1/{path}/1")["update_time"] > before["update_time"]


def test_a_person_without_numbers_has_an_empty_one(observed):
    added = data(observed.ask("POST", "/v1/persons", json_body={"name": "A B"}))
    assert [added[name] for name in ("email", "phone", "im")] == [[{"value": "", "primary": True}]] * 3


def test_v1_lists_page_sort_and_filter(observed):
    def listed(**query):
        answer = observed.ask("GET", "/v1/deals", query=query).json()
        return [one["id"] for one in answer["data"]], answer["additional_data"]["pagination"]

    every, _ = listed(limit=500)
    first, place = listed(limit=5, sort_by="id", sort_direction="desc")
    assert (first, place["next_start"]) == (sorted(every, reverse=True)[:5], 5)
    assert listed(limit=5, start=5, sort="id DESC")[0] == sorted(every, reverse=True)[5:10]
    won, _ = listed(status="won", limit=500)
    assert set(won) == {
        one["id"]
        for one in observed.tables()["deals"]
        if one["status"] == "won" and not one["is_archived"] and not one["is_deleted"]
    }


def test_a_second_delete_of_a_person_returns_410_with_success(both):
    def act(direct):
        return [direct.ask("DELETE", "/v1/persons/9").status_code for _ in range(2)]

    assert each(both, act) == ([410, 410], [200, 410])


def test_an_activity_has_null_instead_of_empty_values(observed):
    empty = ("participants", "attendees", "series", "source_timezone", "person_dropbox_bcc")
    added = data(observed.ask("POST", "/v1/activities", json_body={"subject": "S", "type": "call"}))
    assert {added[name] for name in (*empty, "update_user_id")} == {None}
    changed = data(observed.ask("PUT", f"/v1/activities/{added['id']}", json_body={"person_id": 1}))
    assert changed["update_user_id"] == 1
    assert changed["participants"] == [{"person_id": 1, "primary_flag": True}]
    assert changed["person_dropbox_bcc"]


def test_products_do_not_count_their_files(observed):
    assert {one["files_count"] for one in row(observed, "/v1/products")} == {None}


def test_files_have_null_instead_of_empty_texts(both):
    names = ("cid", "mail_message_id", "mail_template_id", "s3_bucket")

    def act(direct):
        return {one[name] for one in row(direct, "/v1/files") for name in names} & {"", None}

    assert each(both, act) == ({""}, {None})
