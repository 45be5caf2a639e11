"""Matching while the search index lags: no row is lost, created twice or confused with another."""

from __future__ import annotations

import pytest

from target_pipedrive.lookup import match_index as listing
from tests.target.helpers import record, rows, schema

BY_EMAIL = {"match_on": {"persons": ["emails"]}}
BY_NAME = {"match_on": {"persons": ["name"], "organizations": ["name"], "products": ["name"]}}
BY_TITLE = {"match_on": {"deals": ["title"], "leads": ["title"], "projects": ["title"]}}
NEVER = 100_000
SEARCH = "GET /api/v2/persons/search"
LIST = "GET /api/v2/persons"
THEN = {"type": "ACTIVATE_VERSION", "stream": "any", "version": 1}
"""Message that ends the batch: everything before it is written first."""
PROJECT = {"board_id": 1, "phase_id": 1}
SIX = {"emails": [{"value": "qq@six.example"}]}
NEW = {
    "persons": {"name": "Qq one"},
    "organizations": {"name": "Qq one"},
    "products": {"name": "Qq one"},
    "deals": {"title": "Qq one"},
    "leads": {"title": "Qq one", "person_id": 1},
    "projects": {"title": "Qq one", **PROJECT},
}


@pytest.fixture
def late(small):
    """The small account, whose search index never contains new writes."""
    small.post("/_emulator/search", {"lag": NEVER})
    return small


def named(emulator, table, text):
    """Live rows whose name or title begins with a text."""
    return [
        row
        for row in emulator.rows(table)
        if str(row.get("name") or row.get("title")).startswith(text)
        and not row.get("is_deleted")
        and row.get("status") != "deleted"
    ]


def person(emulator, name, email, **more):
    emails = [{"value": email, "primary": True, "label": "work"}]
    return emulator.post("/api/v2/persons", {"name": name, "emails": emails, **more})["data"]["id"]


@pytest.fixture
def forget(load):
    """Remove the ledger, so that the next run knows nothing about earlier runs."""

    def go():
        for path in load.folder.glob("ledger.sqlite*"):
            path.unlink()

    return go


@pytest.mark.parametrize("stream", NEW)
def test_records_with_the_same_key_are_one_row_in_one_run_and_in_the_next(load, late, forget, stream):
    how = {**BY_NAME["match_on"], **BY_TITLE["match_on"]}
    first = load(rows(stream, NEW[stream], NEW[stream]), match_on=how)
    assert first.outcomes == ["created", "unchanged"], first.errors
    forget()
    again = load(rows(stream, NEW[stream]), match_on=how)
    assert (again.outcomes, again.ids) == (["unchanged"], first.ids[:1]), again.errors
    assert len(named(late, stream, "Qq")) == 1


@pytest.mark.parametrize(
    "other",
    [
        " QQ@one.example ",
        [{"value": "qq@one.example", "label": "home"}],
        [{"value": "qq@one.example"}, {"value": "qq@two.example"}],
        "qq@second.example",
    ],
    ids=["in capitals", "another label", "one more address", "its second address"],
)
@pytest.mark.parametrize("concurrency", [1, 8])
def test_another_spelling_of_a_key_finds_the_same_row(load, late, other, concurrency):
    both = [{"value": "qq@one.example"}, {"value": "qq@second.example"}]
    run = load(
        rows("persons", {"name": "Qq A", "emails": both}, {"name": "Qq B", "emails": other}),
        max_concurrency=concurrency,
        **BY_EMAIL,
    )
    assert run.outcomes == ["created", "updated"], run.errors
    assert [row["name"] for row in named(late, "persons", "Qq")] == ["Qq B"]


def test_a_row_that_one_stream_adds_is_found_by_another_key_of_the_next(load, late):
    scores = {"scores": {"entity": "persons", "write": "update", "match_on": ["name"]}}
    run = load(
        rows("persons", {"name": "Qq A", "emails": "qq@a.example"}),
        rows("scores", {"name": "Qq A", "phones": "+1 234"}),
        streams=scores,
        max_concurrency=1,
        **BY_EMAIL,
    )
    assert run.outcomes == ["created", "updated"], run.errors
    assert [one["phones"][0]["value"] for one in named(late, "persons", "Qq")] == ["+1 234"]


@pytest.mark.usefixtures("late")
def test_a_row_that_an_action_adds_or_changes_is_found(load):
    run = load(
        rows("persons", {"name": "Qq A", "emails": "qq@a.example"}),
        rows("add_person", {"name": "Qq B", "emails": [{"value": "qq@b.example"}]}),
        THEN,
        rows("persons", {"name": "Qq C", "emails": "qq@b.example"}),
        rows("update_person", {"id": 5, "emails": [{"value": "qq@five.example"}]}),
        THEN,
        rows("persons", {"name": "Qq D", "emails": "qq@five.example"}),
        rows("raw_request", {"method": "PATCH", "path": "/api/v2/persons/6", "body": SIX}),
        THEN,
        rows("persons", {"name": "Qq E", "emails": "qq@six.example"}),
        **BY_EMAIL,
    )
    assert run.errors == []
    assert [one["outcome"] for one in run.results if one["stream"] == "persons"] == [
        "created",
        "updated",
        "updated",
        "updated",
    ]
    assert (run.ids[2], run.ids[4], run.ids[6]) == (run.ids[1], "5", "6")


def test_a_recently_renamed_row_is_found_only_by_its_new_name(load, late):
    old = late.get("/api/v2/persons/7")["data"]["name"]
    late.call("PATCH", "/api/v2/persons/7", {"name": "Qq new"})
    run = load(
        rows("persons", {"name": "Qq new", "phones": "+1 7"}, {"name": old, "phones": "+1 8"}), **BY_NAME
    )
    assert run.errors == []
    assert (run.outcomes[0], run.ids[0]) == ("updated", "7")
    assert run.ids[1] != "7"
    held = late.get("/api/v2/persons/7")["data"]
    assert (held["name"], held["phones"][0]["value"]) == ("Qq new", "+1 7")


def test_a_row_renamed_by_the_run_is_not_found_by_its_old_name(load, small):
    number = person(small, "Qq old", "qq@old.example")
    small.post("/_emulator/search", {"lag": NEVER})
    run = load(
        rows("persons", {"name": "Qq old", "emails": "qq@old.example"}),
        THEN,
        rows("update_person", {"id": number, "emails": [{"value": "qq@new.example"}]}),
        THEN,
        rows("persons", {"name": "Qq again", "emails": "qq@old.example"}),
        rows("persons", {"name": "Qq new", "emails": "qq@new.example"}),
        max_concurrency=1,
        **BY_EMAIL,
    )
    assert run.outcomes == ["unchanged", "updated", "created", "updated"], run.errors
    assert run.ids[3] == str(number)
    assert run.ids[2] != str(number)


@pytest.mark.parametrize("when", ["before", "in the run"])
def test_a_recently_deleted_row_is_added_again(load, small, when):
    number = person(small, "Qq gone", "qq@gone.example")
    small.post("/_emulator/search", {"lag": NEVER})
    deleted = []
    if when == "before":
        small.call("DELETE", f"/api/v2/persons/{number}")
    else:
        deleted = [
            rows("persons", {"name": "Qq gone", "emails": "qq@gone.example"}),
            THEN,
            rows("delete_person", {"id": number}),
            THEN,
        ]
    run = load(*deleted, rows("persons", {"name": "Qq anew", "emails": "qq@gone.example"}), **BY_EMAIL)
    assert run.errors == []
    assert run.outcomes[-1] == "created"
    assert [row["name"] for row in named(small, "persons", "Qq")] == ["Qq anew"]


def test_deleted_and_added_again_by_key_in_one_run(load, small):
    person(small, "Qq gone", "qq@gone.example")
    small.post("/_emulator/search", {"lag": NEVER})
    run = load(
        schema("persons", "name emails _sdc_deleted_at"),
        record("persons", emails="qq@gone.example", _sdc_deleted_at="2026-01-01T00:00:00Z"),
        record("persons", emails="qq@gone.example", _sdc_deleted_at="2026-01-01T00:00:00Z"),
        record("persons", emails="qq@gone.example", name="Qq anew"),
        record("persons", emails="qq@gone.example", name="Qq anew again"),
        allow_deletes=True,
        **BY_EMAIL,
    )
    assert run.outcomes == ["deleted", "unchanged", "created", "updated"], run.errors
    assert [row["name"] for row in named(small, "persons", "Qq")] == ["Qq anew again"]


def test_a_recently_added_row_can_be_deleted_by_its_key(load, late):
    number = person(late, "Qq new", "qq@new.example")
    gone = {"emails": "qq@new.example", "_sdc_deleted_at": "2026-01-01T00:00:00Z"}
    run = load(rows("persons", gone), allow_deletes=True, **BY_EMAIL)
    assert (run.outcomes, run.ids) == (["deleted"], [str(number)])
    assert named(late, "persons", "Qq") == []


@pytest.mark.parametrize("when", ["before", "in the run"])
def test_a_merged_row_is_replaced_by_the_survivor(load, small, when):
    absorbed = person(small, "Qq absorbed", "qq@absorbed.example")
    survivor = person(small, "Qq survivor", "qq@survivor.example")
    small.post("/_emulator/search", {"lag": NEVER})
    merged = []
    if when == "before":
        small.call("PUT", f"/v1/persons/{absorbed}/merge", {"merge_with_id": survivor})
    else:
        merged = [
            rows("persons", {"name": "Qq absorbed", "emails": "qq@absorbed.example"}),
            THEN,
            rows("merge_persons", {"id": absorbed, "merge_with_id": survivor}),
            THEN,
        ]
    note = [{"value": "qq@absorbed.example"}, {"value": "qq@survivor.example"}]
    run = load(*merged, rows("persons", {"name": "Qq both", "emails": note}), **BY_EMAIL)
    assert run.errors == []
    assert (run.outcomes[-1], run.ids[-1]) == ("updated", str(survivor))
    assert [row["name"] for row in named(small, "persons", "Qq")] == ["Qq both"]


@pytest.mark.parametrize("twin", [True, False])
def test_a_row_deleted_between_lookup_and_update_is_looked_up_again(load, small, twin):
    number = person(small, "Qq", "qq@q.example")
    small.post(
        "/_emulator/faults",
        [
            {
                "operation": "PATCH /api/v2/persons/{id}",
                "nth": 1,
                "kind": "delete",
                "table": "persons",
                "id": number,
            }
        ],
    )
    small.post("/_emulator/search", {"lag": NEVER})
    other = str(person(small, "Qq", "qq@q.example")) if twin else None
    record_ = {"name": "Qq after", "emails": "qq@q.example"}
    run = load(rows("persons", record_), on_ambiguous="oldest", **BY_EMAIL)
    assert run.errors == []
    assert run.outcomes == ["updated" if twin else "created"]
    assert not twin or run.ids == [other]
    assert [row["name"] for row in named(small, "persons", "Qq")] == ["Qq after"]


def test_a_row_deleted_between_lookup_and_delete_counts_as_already_deleted(load, small):
    number = person(small, "Qq", "qq@q.example")
    fault = {"operation": "DELETE /api/v2/persons/{id}", "nth": 1, "kind": "delete", "table": "persons"}
    small.post("/_emulator/faults", [{**fault, "id": number}])
    gone = {"emails": "qq@q.example", "_sdc_deleted_at": "2026-01-01T00:00:00Z"}
    run = load(rows("persons", gone), allow_deletes=True, **BY_EMAIL)
    assert run.outcomes == ["unchanged"], run.errors


def test_an_external_id_moves_to_the_row_that_replaced_a_deleted_one(load, small):
    number = person(small, "Qq", "qq@q.example")
    fault = {"operation": "PATCH /api/v2/persons/{id}", "nth": 1, "kind": "delete", "table": "persons"}
    small.post("/_emulator/faults", [{**fault, "id": number}])
    new = {"external_id": "e1", "name": "Qq after", "emails": "qq@q.example"}
    first = load(rows("persons", new, keys=["external_id"]), **BY_EMAIL)
    assert first.outcomes == ["created"], first.errors
    again = load(rows("persons", new, keys=["external_id"]), **BY_EMAIL)
    assert (again.outcomes, again.ids) == (["unchanged"], first.ids)


def test_two_rows_with_one_key_are_ambiguous_even_if_the_index_contains_only_one(load, small):
    old = person(small, "Qq old", "qq@q.example")
    small.post("/_emulator/search", {"lag": NEVER})
    run = load(
        rows("persons", {"name": "Qq else", "emails": "qq@else.example"}),  # the new row is read
        rows("add_person", {"name": "Qq new", "emails": [{"value": "qq@q.example"}]}),
        THEN,
        rows("persons", {"name": "Qq else again", "emails": "qq@else2.example"}),
        THEN,
        rows("persons", {"name": "Qq which", "emails": "qq@q.example"}),
        max_concurrency=1,
        **BY_EMAIL,
    )
    assert "matches 2 persons" in run.errors[0]
    assert str(old) in run.errors[0]


def test_a_create_without_a_response_is_found_despite_the_index_lag(load, late):
    late.post(
        "/_emulator/faults", [{"operation": "POST /api/v2/persons", "nth": [1, 2], "kind": "reset_after"}]
    )
    new = [{"name": f"Qq {n}", "emails": f"qq{n}@q.example"} for n in range(3)]
    run = load(rows("persons", *new), **BY_EMAIL)
    assert run.outcomes == ["created"] * 3, run.errors
    assert len(named(late, "persons", "Qq")) == 3


def test_a_match_costs_no_additional_request(load, medium):
    load.config = medium.config()
    medium.post("/_emulator/search", {"lag": NEVER})
    people = [one for one in medium.get("/api/v2/persons?limit=100")["data"] if one["emails"]]
    one = people[0]
    medium.post("/_emulator/log/clear")
    load(
        rows("persons", {"name": one["name"], "emails": one["emails"][0]["value"]}),
        on_ambiguous="oldest",
        **BY_EMAIL,
    )
    assert LIST not in medium.requests()


def test_new_rows_cost_one_additional_request_for_many_records(load, medium, monkeypatch):
    monkeypatch.setattr(listing, "MOST_ROWS", 0)
    load.config = medium.config()
    medium.post("/_emulator/search", {"lag": NEVER})
    before = len(medium.rows("persons"))
    medium.post("/_emulator/log/clear")
    new = [{"name": f"Qq {n}", "emails": f"qq{n}@q.example"} for n in range(40)]
    run = load(rows("persons", *new), **BY_EMAIL)
    assert run.outcomes == ["created"] * 40
    sent = medium.requests()
    assert len(medium.rows("persons")) == before + 40
    # The highest id shows that searches cost less; then recent changes, once.
    assert (sent[SEARCH], sent["POST /api/v2/persons"]) == (40, 40)
    assert sent[LIST] <= 2


def test_a_dry_run_plans_what_the_run_does(load, late):
    new = [{"name": "Qq", "emails": "qq@q.example"}, {"name": "Qq 2", "emails": "QQ@q.example"}]
    planned = load(rows("persons", *new), dry_run=True, **BY_EMAIL)
    assert planned.outcomes == ["created", "updated"]
    assert named(late, "persons", "Qq") == []
    assert load(rows("persons", *new), **BY_EMAIL).outcomes == planned.outcomes
