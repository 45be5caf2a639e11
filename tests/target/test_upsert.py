"""Entity streams: match, compare, references, custom fields, options, deletes."""

from __future__ import annotations

import json
import re

import pytest

from tests.target.helpers import lines_of, record, rows, schema, state

pytestmark = pytest.mark.dialects


def custom(small, entity, field_type):
    """The first custom field of a type, as the account defines it."""
    fields = small.get(f"/api/v2/{entity}Fields?limit=500")["data"]
    return next(one for one in fields if one["is_custom_field"] and one["field_type"] == field_type)


def test_an_external_id_always_refers_to_the_same_row(load, small):
    message = rows("organizations", {"external_id": "acme-1", "name": "Acme"}, keys=["external_id"])
    first = load(message)
    second = load(rows("organizations", {"external_id": "acme-1", "name": "Acme Ltd"}, keys=["external_id"]))
    third = load(message[0], record("organizations", external_id="acme-1", name="Acme Ltd"))
    assert [first.outcomes, second.outcomes, third.outcomes] == [["created"], ["updated"], ["unchanged"]]
    assert first.ids == second.ids == third.ids
    assert [one["name"] for one in small.rows("organizations") if str(one["id"]) == first.ids[0]] == [
        "Acme Ltd"
    ]


def test_children_find_their_parents_by_external_id_within_the_run(load, small):
    run = load(
        rows("organizations", {"external_id": "o1", "name": "Org"}),
        rows("persons", {"external_id": "p1", "name": "Pia", "org_id": {"external_id": "o1"}}),
        rows("deals", {"external_id": "d1", "title": "Deal", "person_id": {"external_id": "p1"}}),
        rows("deals", {"external_id": "d2", "title": "Dead", "person_id": {"external_id": "nobody"}}),
    )
    assert run.outcomes == ["created", "created", "created", "failed"]
    deal = small.get(f"/api/v2/deals/{run.ids[2]}")["data"]
    assert str(deal["person_id"]) == run.ids[1]
    assert str(small.get(f"/api/v2/persons/{run.ids[1]}")["data"]["org_id"]) == run.ids[0]
    assert "person_id references persons nobody, which is not in this ledger" in run.errors[0]


def test_unchanged_rows_are_read_once_each_a_hundred_at_a_time_and_not_written(load, medium):
    load.config = medium.config()
    known = medium.get("/api/v2/persons?limit=500")["data"][:300]
    medium.post("/_emulator/log/clear")
    run = load(rows("persons", *[{"id": one["id"], "name": one["name"]} for one in known], keys=["id"]))
    assert set(run.outcomes) == {"unchanged"}
    asked = medium.requests()
    assert asked.keys() == {"GET /api/v2/persons"}
    reads = [dict(one["query"])["ids"].split(",") for one in medium.log(full=True)["ordered"]]
    assert sorted(int(one) for read in reads for one in read) == sorted(one["id"] for one in known)
    assert len(reads) in (3, 4)  # a batch is looked up if no input arrives for a second


def test_an_update_sends_only_what_differs(load, small):
    deal = small.get("/api/v2/deals/3")["data"]
    small.post("/_emulator/log/clear")
    changed = {**deal, "title": "Another", "value": 77}
    changed.pop("custom_fields")
    run = load(rows("deals", changed, keys=["id"]))
    assert run.outcomes == ["updated"]
    sent = [one for one in small.log(full=True)["ordered"] if one["method"] == "PATCH"]
    assert [json.loads(one["body"]) for one in sent] == [{"title": "Another", "value": 77}]


def test_the_same_row_twice_keeps_its_order(load, small):
    changes = [{"id": 3, "title": f"Title {number}"} for number in range(20)]
    run = load(rows("deals", *changes, keys=["id"]))
    assert run.outcomes == ["updated"] * 20
    assert small.get("/api/v2/deals/3")["data"]["title"] == "Title 19"


@pytest.mark.parametrize("spelling", ["label", "key", "slug"])
def test_custom_fields_by_label_key_and_column_name(load, small, spelling):
    field = custom(small, "deal", "double")
    name = {"label": field["field_name"], "key": field["field_code"]}.get(spelling)
    if name is None:
        name = re.sub(r"[^a-z0-9]+", "_", field["field_name"].lower()).strip("_")
    run = load(rows("deals", {"id": 3, name: "42.5"}, keys=["id"]))
    assert run.errors == []
    assert small.get("/api/v2/deals/3")["data"]["custom_fields"][field["field_code"]] == 42.5


def test_option_labels_become_ids_and_unknown_ones_are_reported(load, small):
    field = custom(small, "deal", "enum")
    label, number = field["options"][1]["label"], field["options"][1]["id"]
    key = field["field_code"]
    run = load(rows("deals", {"id": 3, key: label.upper()}, {"id": 4, key: label + "x"}, keys=["id"]))
    assert run.outcomes == ["updated", "failed"]
    assert small.get("/api/v2/deals/3")["data"]["custom_fields"][key] == number
    assert f"nearest: {label}" in run.errors[0]


def test_missing_options_are_added_when_allowed(load, small):
    field = custom(small, "deal", "set")
    key = field["field_code"]
    run = load(rows("deals", {"id": 3, key: ["Brand new"]}, keys=["id"]), create_options=True)
    assert run.errors == []
    options = small.get(f"/api/v2/dealFields/{key}")["data"]["options"]
    new = [one["id"] for one in options if one["label"] == "Brand new"]
    assert small.get("/api/v2/deals/3")["data"]["custom_fields"][key] == new


def test_missing_custom_fields_are_added_when_allowed(load, small):
    properties = {"id": {"type": "integer"}, "lead_score": {"type": ["number", "null"]}}
    run = load(
        schema("persons", properties, ["id"]), record("persons", id=2, lead_score=8.5), create_fields=True
    )
    assert run.errors == []
    field = custom(small, "person", "double")
    fields = {one["field_name"]: one for one in small.get("/api/v2/personFields?limit=500")["data"]}
    field = fields["Lead score"]
    assert field["field_type"] == "double"
    assert small.get("/api/v2/persons/2")["data"]["custom_fields"][field["field_code"]] == 8.5


def test_an_unknown_property_is_rejected_with_the_nearest_names(load):
    run = load(rows("deals", {"id": 3, "titel": "A"}, keys=["id"]))
    assert run.results == []
    assert "property titel is not known; nearest: title" in str(run.error)


def test_an_unknown_property_can_be_ignored(load):
    run = load(rows("deals", {"id": 3, "nonsense": "A"}, keys=["id"]), unknown_fields="ignore")
    assert run.outcomes == ["unchanged"]


def test_tombstones_delete_only_when_allowed_and_within_the_guard(load):
    gone = [{"id": number, "_sdc_deleted_at": "2026-01-01T00:00:00Z"} for number in (3, 4, 5)]
    assert load(rows("deals", *gone, keys=["id"])).outcomes == ["skipped"] * 3
    run = load(rows("deals", *gone, keys=["id"]), allow_deletes=True, max_deletes=2)
    assert sorted(run.outcomes) == ["deleted", "deleted", "failed"]
    assert "max_deletes (2) is reached" in run.errors[0]


def test_a_deleted_row_can_be_added_again_in_the_same_run(load, small):
    new = {"external_id": "x-1", "name": "Again"}
    run = load(
        rows("organizations", new, {**new, "is_deleted": True}, new, keys=["external_id"]), allow_deletes=True
    )
    assert run.outcomes == ["created", "deleted", "created"]
    assert run.ids[2] != run.ids[0]
    live = {str(one["id"]) for one in small.rows("organizations") if not one["is_deleted"]}
    assert run.ids[2] in live
    assert run.ids[0] not in live


def test_an_archived_deal_cannot_be_changed_until_it_is_restored(load, small):
    archived = small.get("/api/v2/deals/archived")["data"][0]["id"]
    run = load(
        rows("deals", {"id": archived, "title": "New"}, keys=["id"]),
        rows("deals", {"id": archived, "title": "New", "is_archived": False}, keys=["id"]),
    )
    assert run.outcomes == ["failed", "updated"]
    assert "is archived and cannot be changed" in run.errors[0]
    assert small.get(f"/api/v2/deals/{archived}")["data"]["title"] == "New"


def test_an_id_that_does_not_exist_is_never_added(load):
    run = load(rows("deals", {"id": 999999, "title": "Ghost"}, keys=["id"]))
    assert run.outcomes == ["failed"]
    assert "id 999999, which does not exist" in run.errors[0]


def test_rejected_records_can_be_piped_in_again(load):
    run = load(
        rows("add_deal", {"title": "Fine"}, {"title": "Bad", "value": "much"}, {"value": 3}),
        "{torn",
        record("deals", id=1),
    )
    assert run.outcomes.count("failed") == 4
    lines = run.rejects.read_text().splitlines()
    assert all("error" in json.loads(line) for line in lines if '"SCHEMA"' not in line)
    again = load(*[line.replace('"much"', "5") for line in lines])
    assert again.outcomes.count("created") == 1
    assert again.outcomes.count("failed") == 3


def test_a_record_without_its_key_is_rejected_and_the_run_continues(load):
    run = load(
        schema("deals", "id title", ["id"]), record("deals", title="No id"), record("deals", id=3, title="X")
    )
    assert run.outcomes == ["failed", "updated"]
    assert "id is empty" in run.errors[0]
    assert "key_properties" in run.errors[0]
    assert run.results[0]["column"] == "id"


def test_state_waits_for_all_before_it(load):
    run = load(
        rows("deals", {"id": 3, "title": "1"}, keys=["id"]),
        state({"n": 1}),
        record("deals", id=4, title="2"),
        state({"n": 2}),
    )
    assert run.states == [{"n": 1}, {"n": 2}]


def test_stop_on_error_ends_the_run_and_keeps_the_state_back(load, small):
    before = len(small.rows("deals"))
    run = load(
        rows("add_deal", {"title": "A"}),
        state({"n": 1}),
        rows("add_deal", {"value": 3}),
        state({"n": 2}),
        on_error="stop",
    )
    assert "needs title" in str(run.error)
    titles = [one["title"] for one in small.rows("deals")]
    assert run.states in ([], [{"n": 1}])  # the first record may still be running at the error
    assert not run.states or "A" in titles
    assert len(titles) <= before + 1


def test_a_dry_run_writes_nothing_and_keeps_the_state_back(load, small):
    before = small.dump()
    run = load(
        rows("add_deal", {"title": "A"}),
        rows("deals", {"id": 3, "title": "Z"}, {"title": "New", "external_id": "x"}),
        rows("delete_deal", {"id": 4}),
        state({"n": 1}),
        dry_run=True,
    )
    assert run.outcomes == ["created", "updated", "created", "deleted"]
    assert run.states == []
    assert small.dump() == before
    assert not (run.folder / "ledger.sqlite").exists()


def test_a_stream_with_a_custom_name_is_mapped(load, small):
    key = custom(small, "person", "double")
    settings = {
        "lead_scores": {
            "entity": "persons",
            "write": "update",
            "id": "pid",
            "fields": {"score": key["field_name"]},
        }
    }
    run = load(rows("lead_scores", {"pid": 2, "score": 7}, keys=["pid"]), streams=settings)
    assert run.errors == []
    assert small.get("/api/v2/persons/2")["data"]["custom_fields"][key["field_code"]] == 7


def test_mirror_deletes_rows_missing_from_the_next_input(load):
    both = rows("organizations", {"external_id": "a", "name": "A"}, {"external_id": "b", "name": "B"})
    activate = {"type": "ACTIVATE_VERSION", "stream": "organizations", "version": 1}
    first = load(both, activate)
    unmirrored = load(both[:2], activate)
    run = load(both[:2], activate, mirror=True, allow_deletes=True)
    assert unmirrored.outcomes == ["unchanged"]
    assert run.outcomes == ["unchanged", "deleted"]
    assert run.ids[1] == first.ids[1]


def test_a_second_process_rejects_the_ledger(load, tmp_path):
    from target_pipedrive.ledger.store import Ledger  # noqa: PLC0415 - only here

    held = Ledger(tmp_path / "ledger.sqlite", account=None)
    run = load(rows("add_deal", {"title": "A"}))
    held.close()
    assert "in use by another run" in str(run.error)


def test_lines_of_builds_singer_messages():
    assert lines_of([{"type": "STATE", "value": 1}], "x") == '{"type": "STATE", "value": 1}\nx\n'


def own_field(code, **values):
    """A definition of a standard field, as the tap emits it."""
    kept = {"field_code": code, "field_name": "Status", "field_type": "status", "is_custom_field": False}
    return {**kept, **values}


def test_standard_fields_are_neither_changed_nor_created(small, load):
    small.post("/_emulator/log/clear")
    known, renamed, unknown = (
        own_field("status"),
        own_field("status", field_name="State"),
        own_field("nps_score"),
    )
    run = load(rows("deal_fields", known, renamed, unknown, keys=["field_code"]))
    assert run.outcomes == ["unchanged", "failed", "failed"]
    assert "cannot be changed, and differs in field_name" in run.errors[0]
    assert "has field_code nps_score, which does not exist in this account" in run.errors[1]
    assert not [name for name in small.requests() if not name.startswith("GET")]


def test_standard_fields_are_recognized_by_their_key_without_a_flag(load):
    record = own_field("status")
    del record["is_custom_field"]
    assert load(rows("deal_fields", record, keys=["field_code"])).outcomes == ["unchanged"]


def test_standard_fields_of_another_account_are_matched_by_key(load):
    renamed, unknown = own_field("status", field_name="Stato"), own_field("nps_score")
    fields = rows("deal_fields", renamed, unknown, keys=["field_code"])
    run = load(fields, foreign_ids=True)
    assert run.outcomes == ["unchanged", "failed"]
    assert "this account has no field with that key" in run.errors[0]
    left_out = load(fields, foreign_ids=True, missing_references="leave_out")
    assert left_out.outcomes == ["unchanged", "skipped"]


def test_conditions_of_a_filter_are_compared_with_the_names_of_their_fields(small, load):
    one = {"object": "deal", "field_id": "15", "field_code": "status", "operator": "=", "value": "open"}
    inner = {"glue": "and", "conditions": [{**one, "extra_value": None}]}
    held = small.get("/v1/filters/1?include_field_code=true")["data"]
    record = {"id": 1, "name": held["name"], "conditions": held["conditions"]}
    assert load(rows("filter_conditions", record, keys=["id"])).outcomes == ["unchanged"]
    changed = {**record, "conditions": {"glue": "and", "conditions": [
        {**inner, "conditions": [{**inner["conditions"][0], "value": "won"}]},
        {"glue": "or", "conditions": []},
    ]}}  # fmt: skip
    assert load(rows("filter_conditions", changed, keys=["id"])).outcomes == ["updated"]
    kept = small.get("/v1/filters/1")["data"]["conditions"]["conditions"][0]["conditions"][0]
    assert kept["value"] == "won"


def test_options_missing_from_a_field_are_reported(small, load):
    tier = next(one for one in small.get("/api/v2/dealFields")["data"] if one["field_name"] == "Tier")
    more = {**tier, "options": [*tier["options"], {"label": "Platinum"}]}
    run = load(rows("deal_fields", tier, more, keys=["field_code"]))
    assert run.outcomes == ["unchanged", "unchanged"]
    assert [one["note"] for one in run.results] == [
        None,
        "add_deal_field_options adds its options Platinum, an upsert does not; line 2 has the same key",
    ]
