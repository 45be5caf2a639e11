"""Histories, whose rows have no id: each row still has a unique key."""

from __future__ import annotations

from collections import Counter

import pytest

from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.sync.children import number
from tap_pipedrive.values.conversions import integer, text, time_text
from tests.support.singer import run_tap

pytestmark = pytest.mark.dialects

NUMBERED = [name for name, spec in STREAMS.items() if spec.numbered]


def keys_of(out, stream):
    names = out.schemas[stream]["key_properties"]
    return [tuple(record[name] for name in names) for record in out.records[stream]]


@pytest.fixture
def deal(medium):
    """A deal whose title changed back and forth and whose participant was removed again, within a second."""
    deal = medium.get("/api/v2/deals?limit=1")["data"][0]["id"]
    person = medium.get("/api/v2/persons?limit=1")["data"][0]["id"]
    for title in ("A", "B", "A", "B"):
        medium.call("PATCH", f"/api/v2/deals/{deal}", {"title": title})
    for _ in range(3):
        added = medium.post(f"/v1/deals/{deal}/participants", {"person_id": person})["data"]["id"]
        medium.call("DELETE", f"/v1/deals/{deal}/participants/{added}")
    for user in (3, 3, 3):
        medium.post(f"/api/v2/deals/{deal}/followers", {"user_id": user})
        medium.call("DELETE", f"/api/v2/deals/{deal}/followers/{user}")
    one_second = [
        {"table": table, "id": row["id"], "set": {"time": moment}}
        for table, moment in (
            ("changes", "2026-06-15 09:01:00"),
            ("participant_changes", "2026-06-15 09:01:00"),
            ("follower_changes", "2026-06-15T09:01:00Z"),
        )
        for row in medium.rows(table)
        if row.get("deal_id", row.get("parent")) in (deal, f"deals:{deal}")
    ]
    medium.post("/_emulator/rows", one_second)
    return deal


def test_changes_of_one_field_in_one_second_have_different_keys(medium, deal):
    streams = ("deal_changes", "deal_participant_changes", "deal_follower_changes")
    out = run_tap(medium.config(record_ids={"deals": [deal]}), *streams)
    for stream in streams:
        keys = keys_of(out, stream)
        assert len(set(keys)) == len(keys)
        assert max(record["occurrence"] for record in out.records[stream]) >= 3
    titles = [row for row in out.records["deal_changes"] if row["field_key"] == "title"]
    in_time = sorted(titles, key=lambda row: row["occurrence"])
    assert [row["new_value"] for row in in_time] == ["A", "B", "A", "B"]
    assert [row["old_value"] for row in in_time][1:] == ["A", "B", "A"]


def test_a_further_change_in_the_same_second_keeps_the_earlier_numbers(medium, deal):
    config = medium.config(record_ids={"deals": [deal]})
    before = {
        row["occurrence"]: row
        for row in run_tap(config, "deal_changes").records["deal_changes"]
        if row["field_key"] == "title"
    }
    medium.call("PATCH", f"/api/v2/deals/{deal}", {"title": "C"})
    last = max(row["id"] for row in medium.rows("changes"))
    medium.post("/_emulator/rows", {"table": "changes", "id": last, "set": {"time": "2026-06-15 09:01:00"}})
    after = {
        row["occurrence"]: row
        for row in run_tap(config, "deal_changes").records["deal_changes"]
        if row["field_key"] == "title"
    }
    assert {number: after[number] for number in before} == before
    assert after[len(before) + 1]["new_value"] == "C"


@pytest.mark.parametrize("newest_first", [True, False])
def test_the_oldest_of_equal_rows_is_the_first_in_any_order_of_the_list(newest_first):
    rows = [{"k": "a", "time": str(second), "n": n} for n, second in enumerate([1, 2, 2, 3])]
    number(rows[::-1] if newest_first else rows, dict.fromkeys(("k", "time", "occurrence"), text))
    assert [row["occurrence"] for row in rows] == [1, 1, 2, 1]


def test_rows_with_the_same_time_in_different_forms_have_different_numbers():
    sent = [
        "2026-01-01 10:00:00",
        "2026-01-01T10:00:00Z",
        "2026-01-01T12:00:00+02:00",
        ["odd"],
        {"a": 1},
        None,
    ]
    rows = [{"k": {"id": 7} if n == 1 else 7, "time": one} for n, one in enumerate(sent)]
    number(rows, {"k": integer, "time": time_text, "occurrence": integer})
    assert sorted(row["occurrence"] for row in rows[:3]) == [1, 2, 3]


def test_a_product_that_a_deal_lists_twice_has_two_rows(medium):
    deal = next(row for row in medium.rows("deals") if row["person_id"] and not row["is_deleted"])
    person, product = deal["person_id"], medium.get("/api/v2/products?limit=1")["data"][0]["id"]
    for price in (10, 20):
        medium.post(
            f"/api/v2/deals/{deal['id']}/products",
            {"product_id": product, "item_price": price, "quantity": 1},
        )
    out = run_tap(medium.config(record_ids={"persons": [person]}), "person_products")
    keys = keys_of(out, "person_products")
    assert len(set(keys)) == len(keys)
    twice = [row for row in out.records["person_products"] if row["deal_id"] == deal["id"]]
    assert [row["occurrence"] for row in twice if row["product_id"] == product][-2:] in ([1, 2], [2, 1])


@pytest.mark.soak
def test_keys_of_the_whole_medium_account_are_unique(medium):
    out = run_tap(medium.config(), *NUMBERED)
    for stream in NUMBERED:
        assert out.records[stream], stream
        most = Counter(keys_of(out, stream)).most_common(1)
        assert most[0][1] == 1, stream
