"""Matching with the full list has the same result as matching with searches, for fewer requests."""

from __future__ import annotations

import json

import pytest

from target_pipedrive.lookup import match_index as listing
from tests.target.helpers import rows

BY_EMAIL = {"match_on": {"persons": ["emails"]}}
SEARCH = "GET /api/v2/persons/search"
LIST = "GET /api/v2/persons"


def emails(person):
    return [one["value"] for one in person["emails"]]


def told(run):
    """Return the outcome of each record, without messages."""
    return [(one["outcome"], one["changed"], one["error"]) for one in run.results]


def held(emulator):
    """The persons without times and the ids of new ones, which depend on the order."""
    left_out = {"id", "add_time", "update_time"}
    plain = [{k: v for k, v in row.items() if k not in left_out} for row in emulator.rows("persons")]
    return sorted(json.dumps(row, sort_keys=True) for row in plain)


def prepare(small, known):
    """Create a duplicate of the first person and one with two addresses, and delete the second person."""
    first = emails(known[0])[0]
    small.post("/api/v2/persons", {"name": "Twin", "emails": [{"value": first}]})
    small.call("DELETE", f"/api/v2/persons/{known[1]['id']}")
    both = [{"value": "a@two.example"}, {"value": "B@two.example"}]
    small.post("/api/v2/persons", {"name": "Two", "emails": both})


def test_the_list_and_the_search_find_the_same(load, small, monkeypatch):
    people = small.get("/api/v2/persons?limit=100")["data"]
    known = [one for one in people if one["emails"]]
    prepare(small, known)
    records = [
        {"name": "Ambiguous", "emails": emails(known[0])[0]},
        {"name": "Of a deleted one", "emails": emails(known[1])[0]},
        *[{"name": f"Named {one['id']}", "emails": f" {emails(one)[0].upper()} "} for one in known[2:8]],
        {"name": "By the second address", "emails": "b@TWO.example"},
        {"name": "New", "emails": "nobody@nowhere.example"},
        {"name": "New again", "emails": "NOBODY@nowhere.example"},
        {"name": "Part of one", "emails": "a@two.exampl"},
    ]  # fmt: skip
    before = held(small)
    listed = load(rows("persons", *records), **BY_EMAIL)
    assert SEARCH not in small.requests()
    by_list = held(small)
    assert by_list != before
    small.reset()
    prepare(small, known)
    monkeypatch.setattr(listing, "MOST_ROWS", 0)
    (load.folder / "ledger.sqlite").unlink()
    searched = load(rows("persons", *records), **BY_EMAIL)
    assert small.requests()[SEARCH] >= len(records) - 1
    assert told(listed) == told(searched)
    assert held(small) == by_list
    assert "matches 2 persons" in listed.errors[0]


def test_many_records_cost_the_list_and_not_a_search_each(load, medium):
    load.config = medium.config()
    people = [one for one in medium.get("/api/v2/persons?limit=500")["data"] if one["emails"]][:400]
    highest = max(one["id"] for one in medium.rows("persons"))
    values = [{"name": one["name"], "emails": emails(one)[0]} for one in people]
    distinct = list({one["emails"].lower(): one for one in values}.values())
    medium.post("/_emulator/log/clear")
    run = load(rows("persons", *distinct), **BY_EMAIL, on_ambiguous="oldest")
    assert set(run.outcomes) <= {"unchanged", "updated"}
    sent = medium.requests()
    live = len([one for one in medium.rows("persons") if not one["is_deleted"]])
    matched = -(-len(distinct) // 100)
    assert SEARCH not in sent
    # The highest id, the list, and the rows that match (some share an address with others).
    assert sent[LIST] <= 1 + -(-live // 500) + matched + 1
    assert medium.log()["tokens"] < 20 * len(distinct) / 10
    assert highest // 500 + 1 < len(distinct)


def test_few_records_in_a_large_account_are_searched_for(load, medium):
    load.config = medium.config()
    one = next(one for one in medium.get("/api/v2/persons?limit=100")["data"] if one["emails"])
    medium.post("/_emulator/log/clear")
    record = {"name": one["name"], "emails": emails(one)[0]}
    load(rows("persons", record), **BY_EMAIL, on_ambiguous="oldest")
    sent = medium.requests()
    assert sent[SEARCH] == 1
    assert LIST not in sent
    assert set(sent) <= {SEARCH, "GET /api/v2/persons/{id}"}


def test_rows_written_by_the_run_are_found_by_later_records(load, small):
    one = next(one for one in small.get("/api/v2/persons?limit=100")["data"] if one["emails"])
    fillers = [{"id": None, "name": f"N{n}", "emails": f"n{n}@new.example"} for n in range(10)]
    run = load(
        rows("persons", *fillers, {"id": one["id"], "emails": "moved@new.example", "name": one["name"]}),
        rows("persons", {"name": "Found", "emails": "moved@new.example"}),
        rows("persons", {"name": "N3 again", "emails": "N3@new.example"}),
        max_concurrency=1,
        **BY_EMAIL,
    )
    assert run.outcomes == ["created"] * 10 + ["updated"] * 3, run.errors
    assert run.ids[11] == str(one["id"])
    assert run.ids[12] == run.ids[3]


def test_rows_written_by_others_during_the_run_are_found(load, small):
    fillers = [{"name": f"N{n}", "emails": f"n{n}@new.example"} for n in range(12)]
    moved = {"emails": [{"value": "moved@else.example", "label": "work", "primary": True}]}
    change = {"operation": "POST /api/v2/persons", "nth": 9, "kind": "write", "table": "persons", "id": 5}
    small.post("/_emulator/faults", [{**change, "set": moved}])
    run = load(
        rows("persons", *fillers),
        {"type": "ACTIVATE_VERSION", "stream": "persons", "version": 1},  # waits for all earlier records
        rows("persons", {"name": "Found", "emails": "moved@else.example"}),
        **BY_EMAIL,
    )
    assert run.ids[12] == "5", run.results[12]
    assert SEARCH not in small.requests()


def test_a_field_that_is_not_searched_is_listed(load, small):
    fields = small.get("/api/v2/personFields?limit=500")["data"]
    field = next(one for one in fields if one["is_custom_field"] and one["field_type"] == "date")
    small.call("PATCH", "/api/v2/persons/4", {"custom_fields": {field["field_code"]: "2001-02-03"}})
    name = field["field_name"]
    run = load(rows("persons", {name: "2001-02-03", "name": "By day"}), match_on={"persons": [name]})
    assert (run.errors, run.ids) == ([], ["4"])
    assert SEARCH not in small.requests()


@pytest.mark.parametrize("count", [1, 12])
def test_archived_deals_are_found_by_list_and_by_search(load, small, count):
    archived = small.get("/api/v2/deals/archived")["data"][0]
    others = [{"title": f"Other {n}"} for n in range(count - 1)]
    run = load(
        rows("deals", {"title": archived["title"]}, *others),
        match_on={"deals": ["title"]},
        on_ambiguous="oldest",
        streams={"deals": {"entity": "deals", "write": "update"}},
        missing_rows="skip",
    )
    assert run.outcomes == ["unchanged"] + ["skipped"] * (count - 1), run.errors


def test_a_search_is_read_to_its_last_page(load, small):
    field = small.post("/api/v2/personFields", {"field_name": "Batch", "field_type": "varchar"})["data"]
    code = small.post("/api/v2/personFields", {"field_name": "Code", "field_type": "varchar"})["data"]
    wanted = None
    for number in range(102):
        custom = {field["field_code"]: "seven"} if number < 101 else {code["field_code"]: "seven"}
        body = {"name": f"P{number}", "custom_fields": custom}
        wanted = small.post("/api/v2/persons", body)["data"]["id"]
    run = load(rows("persons", {"Code": "seven", "name": "Last"}), match_on={"persons": ["Code"]})
    assert (run.errors, run.ids) == ([], [str(wanted)])
    assert small.requests()[SEARCH] == 2


def test_a_list_whose_last_page_is_full_and_lacks_the_cursor_is_read(load, medium):
    listed = "GET /api/v2/organizations"
    load.config = medium.config()
    many = [one for one in medium.rows("organizations") if not one["is_deleted"]]
    for one in many[500:]:
        medium.post("/_emulator/rows", {"table": "organizations", "id": one["id"], "delete": True})
    given = rows("organizations", *({"name": one["name"], "address": "1 Road"} for one in many[485:500]))
    settings = {"match_on": {"organizations": ["name"]}, "dry_run": True}
    expected = load(*given, **settings)
    asked = medium.requests()[listed]
    medium.post("/_emulator/log/clear")
    medium.post("/_emulator/faults", [{"operation": listed, "kind": "no_cursor"}])
    found = load(*given, **settings)
    assert told(found) == told(expected)
    assert found.outcomes == ["updated"] * 15
    assert medium.requests()[listed] == asked + 2
