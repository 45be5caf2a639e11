"""A second run of the same input writes nothing, for any values and any normalization by Pipedrive."""

from __future__ import annotations

import pytest

from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.entities import ENTITIES
from tests.target.entity_records import records_of
from tests.target.helpers import rows
from tests.target.twice import settles

pytestmark = pytest.mark.dialects

NEVER_ADDED = {"deal_installments", "mail_threads", "role_assignments", "users"}
ADDED = sorted(set(ENTITIES) - NEVER_ADDED)
FIELDS = [name for name in ADDED if name.endswith("_fields")]
CLEANED = sorted(set(ADDED) - set(FIELDS))


def writes(account):
    return {name: count for name, count in account.requests().items() if not name.startswith("GET")}


def script(account, *rules):
    account.post("/_emulator/faults", list(rules))


def every(entity, kind, **options):
    """Rules for the create and the update of an entity."""
    spec = ENTITIES[entity]
    actions = [ACTIONS[name] for name in (spec.add, spec.update) if name]
    paths = [f"{one.method} {one.path}".replace(" /v1/", " /api/v1/") for one in actions]
    paths = [path.replace("comment_id", "commentId") for path in paths]
    return [{"operation": path, "kind": kind, **options} for path in paths]


def counts(account):
    return {name: len(held) for name, held in account.dump()["tables"].items() if held}


def sizes(small):
    found = counts(small)
    return {name: count for name, count in found.items() if "change" not in name}


def test_every_entity_that_is_added_has_records(small):
    assert sorted(records_of(small)) == ADDED


@pytest.mark.parametrize("entity", ADDED)
def test_the_same_rows_again_write_nothing(entity, load, small):
    message = rows(entity, *records_of(small)[entity], keys=["external_id"])
    first = load(message)
    assert (first.errors, set(first.outcomes)) == ([], {"created"})
    there = sizes(small)
    small.post("/_emulator/log/clear")
    again = load(message)
    assert (set(again.outcomes), writes(small), again.ids) == ({"unchanged"}, {}, first.ids)
    assert sizes(small) == there


@pytest.mark.parametrize("entity", CLEANED)
def test_values_normalized_by_pipedrive_are_not_sent_again(entity, load, small):
    """Texts that are trimmed, scripts that are cut out, numbers that are rounded."""
    message = rows(entity, *records_of(small)[entity], keys=["external_id"])
    script(small, *every(entity, "cleans"))
    first = load(message)
    assert first.errors == []
    small.post("/_emulator/log/clear")
    again = load(message)
    assert (again.errors, writes(small)) == ([], {})
    assert set(again.outcomes) == {"unchanged"}


IGNORED = {
    "persons": ("marketing_status", "subscribed"),
    "deals": ("probability", 61),
    "organizations": ("website", "https://example.org"),
    "products": ("unit", "box"),
    "activities": ("public_description", "Not for you"),
    "leads": ("was_seen", False),
    "notes": ("pinned_to_deal_flag", 1),
    "stages": ("days_to_rotten", 99),
    "pipelines": ("is_deal_probability_enabled", False),
    "projects": ("description", "Never"),
    "lead_labels": ("color", "gray"),
}


def target_of(account, entity, column, value):
    """Return the id of a row with other values."""
    for one in account.rows(entity):
        kept = (
            one.get("is_deleted") or one.get("is_archived") or one.get("status") in {"deleted", "completed"}
        )
        hangs = entity != "notes" or one["deal_id"]
        if hangs and not kept and one.get("archive_time") is None and one.get(column) != value:
            return one["id"]
    raise LookupError(entity)


@pytest.mark.parametrize("entity", sorted(IGNORED))
def test_values_ignored_by_pipedrive_are_reported_and_do_not_count_as_updates(entity, load, small, caplog):
    column, value = IGNORED[entity]
    number = target_of(small, entity, column, value)
    script(small, *every(entity, "ignores", fields=[column]))
    message = rows(entity, {"id": number, column: value})
    with caplog.at_level("INFO"):
        first = load(message)
    assert (first.outcomes, first.errors) == (["unchanged"], [])
    assert (first.results[0]["not_taken"], first.results[0]["changed"]) == ([column], [])
    assert column in first.results[0]["note"]
    assert f"in {entity}: {column} (1 record)" in caplog.text
    assert "not accept" in caplog.text
    assert sum(writes(small).values()) == 1
    small.post("/_emulator/log/clear")
    again = load(message)
    assert (again.outcomes, writes(small)) == (["unchanged"], {})
    assert again.results[0]["not_taken"] == [column]


def test_a_column_accepted_next_to_an_ignored_one_is_an_update(load, small):
    script(small, *every("deals", "ignores", fields=["probability"]))
    run = load(rows("deals", {"id": 1, "probability": 61, "title": "Taken"}))
    assert run.outcomes == ["updated"]
    assert (run.results[0]["changed"], run.results[0]["not_taken"]) == (["title"], ["probability"])


@pytest.mark.parametrize("entity", ["deals", "organizations", "products"])
def test_an_ignored_value_is_sent_again_if_the_record_or_the_row_changes(entity, load, small):
    column, value = IGNORED[entity]
    number = target_of(small, entity, column, value)
    message = rows(entity, {"id": number, column: value})
    script(small, *every(entity, "ignores", fields=[column]))
    load(message)
    other = {"probability": 17, "website": "https://x.example", "unit": "bag"}
    tamper = {"table": entity, "id": number, "set": {column: other[column]}}
    script(small, {"operation": f"GET /api/v2/{entity}", "nth": 1, "kind": "write", **tamper})
    run = load(message)
    assert (run.outcomes, run.results[0]["not_taken"]) == (["updated"], [])
    assert sum(writes(small).values()) == 2


def test_an_ignored_custom_field_is_named_by_its_name(load, small):
    field = next(
        one
        for one in small.get("/api/v2/dealFields?limit=500")["data"]
        if one["is_custom_field"] and one["field_type"] == "double"
    )
    script(small, *every("deals", "ignores", fields=["custom_fields"]))
    run = load(rows("deals", {"id": 1, field["field_name"]: 4711}))
    assert (run.outcomes, run.results[0]["not_taken"]) == (["unchanged"], [field["field_name"]])
    assert load(rows("deals", {"id": 1, field["field_name"]: 4711})).outcomes == ["unchanged"]
    assert sum(writes(small).values()) == 1


@pytest.mark.parametrize(
    ("action", "values", "column"),
    [
        ("update_deal", {"id": 1, "probability": 61}, "probability"),
        ("update_organization", {"id": 1, "owner_id": 3}, "owner_id"),
        ("update_stage", {"id": 1, "days_to_rotten": 99}, "days_to_rotten"),
        ("update_activity", {"id": 1, "priority": None, "busy": True, "done": True}, None),
    ],
)
def test_an_ignored_action_is_not_reported_as_updated(action, values, column, load, small):
    spec = ACTIONS[action]
    if column is not None:
        script(small, {"operation": f"{spec.method} {spec.path}", "kind": "ignores", "fields": [column]})
    run = load(rows(action, values))
    assert (run.outcomes, run.results[0]["not_taken"]) == (
        (["unchanged"], [column]) if column else (["updated"], [])
    )


def test_marketing_statuses_that_pipedrive_forbids_are_reported(load, small):
    """Can be changed once and only with an e-mail address; any other change is ignored."""
    asked = ["subscribed", "no_consent", "unsubscribed", "subscribed", "archived"]
    message = rows("persons", *({"id": at, "marketing_status": one} for at, one in enumerate(asked, 1)))
    first = load(message)
    held = {one["id"]: one.get("marketing_status", "no_consent") for one in small.rows("persons")}
    for result, one in zip(first.results, asked, strict=True):
        taken = held[int(result["id"])] == one
        assert (result["outcome"] == "unchanged", bool(result["not_taken"])) in {
            (not taken, not taken),
            (True, False),
        }
    more = rows(
        "persons",
        {"id": 1, "marketing_status": "no_consent", "job_title": "J"},
        {"id": 3, "marketing_status": "subscribed", "job_title": "J"},
    )
    second = load(more)
    assert [one["changed"] for one in second.results] == [["job_title"], ["job_title"]]
    assert [one["not_taken"] for one in second.results] == [["marketing_status"]] * 2
    small.post("/_emulator/log/clear")
    third = load(more)
    assert (third.outcomes, writes(small)) == (["unchanged"] * 2, {})


@pytest.mark.parametrize("parent", [{"deal_id": 1}, {"person_id": 2}, {"org_id": 3}], ids=str)
def test_scripts_of_notes_are_unchanged_from_the_second_run_on(parent, load, small):
    value = "<p>x</p><script>a()</script>"
    for content, outcome in ((value, "created"), (f"{value}!", "updated")):
        message = rows("notes", {"external_id": "n", "content": content, **parent}, keys=["external_id"])
        assert settles(small, load, message).outcomes == [outcome]


def test_a_dry_run_recognizes_normalized_values(load):
    message = rows(
        "notes",
        {"external_id": "n", "content": "<p>x</p><script>a()</script>", "deal_id": 1},
        keys=["external_id"],
    )
    load(message)
    assert load(message, dry_run=True).outcomes == ["unchanged"]


REST = {
    "deal_installments": [
        {
            "external_id": "i",
            "deal_id": 5,
            "amount": "10.50",
            "billing_date": "2026-07-01T00:00:00Z",
            "description": "\u00e9 x",
        },
        {"id": 1, "deal_id": "5.0", "amount": " 251 ", "description": ""},
    ],
    "mail_threads": [{"id": "1.0", "read_flag": "no", "deal_id": "2", "archived_flag": "TRUE"}],
    "role_assignments": [{"role_id": "1.0", "user_id": 2}, {"role_id": 1, "user_id": "3"}],
    "users": [{"id": "4.0", "active_flag": "no"}, {"id": 5, "active_flag": None}],
}
"""Odd values for the entities of `NEVER_ADDED`, which need other rows or are only updated."""


def test_entities_that_are_not_added_in_general_converge_too(load, small):
    assert REST.keys() == NEVER_ADDED
    sent = [rows(stream, *records) for stream, records in REST.items()]
    assert "failed" not in load(*sent).outcomes
    small.post("/_emulator/log/clear")
    assert set(load(*sent).outcomes) == {"unchanged"}
    assert all(one["method"] == "GET" for one in small.log(full=True)["ordered"])
