"""`mirror` deletes rows missing from a complete version, and nothing if that is uncertain."""

from __future__ import annotations

import json

import pytest

from tests.target.helpers import record, rows, schema

pytestmark = pytest.mark.dialects

NAME = {
    "persons": "name",
    "organizations": "name",
    "deals": "title",
    "products": "name",
    "activities": "subject",
}
TABLES = sorted(NAME)
PROPERTIES = {"external_id": {"type": "string"}}


def head(stream, *columns):
    named = {name: {} for name in (NAME[stream], *columns)}
    return schema(stream, {**PROPERTIES, **named}, ["external_id"])


def row(stream, external_id, **more):
    return record(stream, external_id=external_id, **{NAME[stream]: f"Mirrored {external_id}"}, **more)


def activate(stream, version=1):
    return {"type": "ACTIVATE_VERSION", "stream": stream, "version": version}


def mirrored(small, stream):
    """Names of the existing mirrored rows."""
    return sorted(
        one[NAME[stream]].removeprefix("Mirrored ")
        for one in small.rows(stream)
        if one[NAME[stream]].startswith("Mirrored ") and not one.get("is_deleted")
    )


def deletes(small):
    return sum(count for name, count in small.requests().items() if name.startswith("DELETE"))


@pytest.fixture
def mirror(load):
    load.config |= {"mirror": True, "allow_deletes": True}
    return load


@pytest.fixture
def said(caplog):
    """Every line of the log so far."""
    return lambda: caplog.text


@pytest.mark.parametrize("stream", TABLES)
def test_rows_missing_from_a_complete_version_are_deleted(stream, mirror, small):
    mirror(head(stream), *(row(stream, one) for one in "abc"), activate(stream))
    run = mirror(head(stream), row(stream, "a"), row(stream, "c"), activate(stream, 2))
    assert run.outcomes == ["unchanged", "unchanged", "deleted"]
    assert (run.error, mirrored(small, stream), deletes(small)) == (None, ["a", "c"], 1)


@pytest.mark.parametrize("announced", [1, 2, 3])
@pytest.mark.parametrize("stream", ["persons", "deals"])
def test_a_version_announced_before_its_records_does_not_delete_their_rows(stream, announced, mirror, small):
    mirror(head(stream), row(stream, "a"), row(stream, "b"), activate(stream))
    first = [activate(stream, 2)] * announced
    run = mirror(head(stream), *first, row(stream, "a"), row(stream, "b"), activate(stream, 2))
    assert run.outcomes == ["unchanged", "unchanged"]
    assert (mirrored(small, stream), deletes(small)) == (["a", "b"], 0)


def test_a_version_announced_before_its_records_deletes_missing_rows(mirror, small):
    mirror(head("deals"), row("deals", "a"), row("deals", "b"), activate("deals"))
    run = mirror(head("deals"), activate("deals", 2), row("deals", "b"), activate("deals", 2))
    assert (run.outcomes, mirrored(small, "deals")) == (["unchanged", "deleted"], ["b"])


def test_a_version_that_is_only_announced_deletes_nothing(mirror, small, said):
    mirror(head("persons"), row("persons", "a"), row("persons", "b"), activate("persons"))
    run = mirror(head("persons"), activate("persons", 2), row("persons", "a"))
    assert (run.outcomes, mirrored(small, "persons"), deletes(small)) == (["unchanged"], ["a", "b"], 0)
    assert "Stream persons" in said()
    assert "ACTIVATE_VERSION" in said()


def test_records_after_the_last_activation_delete_nothing(mirror, small):
    mirror(head("persons"), *(row("persons", one) for one in "abc"), activate("persons"))
    run = mirror(head("persons"), row("persons", "a"), activate("persons", 2), row("persons", "b"))
    assert (run.outcomes, mirrored(small, "persons")) == (["unchanged"] * 2, ["a", "b", "c"])


def test_records_of_another_version_than_the_activated_delete_nothing(mirror, small, said):
    mirror(head("persons"), row("persons", "a"), row("persons", "b"), activate("persons"))
    numbered = {**row("persons", "a"), "version": 3}
    run = mirror(head("persons"), numbered, activate("persons", 2))
    assert (run.outcomes, mirrored(small, "persons")) == (["unchanged"], ["a", "b"])
    assert "version 3" in said()


def test_rows_of_several_streams_with_one_external_id_are_all_deleted(mirror, small):
    for version, ids in ((1, "12"), (2, "2")):
        heads = [head(stream) for stream in TABLES]
        sent = [row(stream, one) for stream in TABLES for one in ids]
        run = mirror(*heads, *sent, *(activate(stream, version) for stream in TABLES))
    assert sorted(run.outcomes) == ["deleted"] * len(TABLES) + ["unchanged"] * len(TABLES)
    assert [mirrored(small, stream) for stream in TABLES] == [["2"]] * len(TABLES)
    assert deletes(small) == len(TABLES)


def test_a_row_that_was_added_again_is_deleted_again(mirror, small):
    for version in range(1, 4):
        mirror(head("deals"), row("deals", "a"), activate("deals", version))
        run = mirror(head("deals"), activate("deals", version), mirror_empty=True)
        assert run.outcomes == ["deleted"]
        assert mirrored(small, "deals") == []
    assert deletes(small) == 3


REJECTED = {
    "persons": {"birthday": "05.01.2026"},
    "deals": {"value": "a lot"},
    "activities": {"due_date": "soon"},
    "products": {"tax": "some"},
}


@pytest.mark.parametrize("stream", sorted(REJECTED))
def test_a_rejected_record_deletes_nothing(stream, mirror, small, said):
    (column,) = REJECTED[stream]
    mirror(head(stream, column), *(row(stream, one) for one in "abcd"), activate(stream))
    bad = row(stream, "b", **REJECTED[stream])
    run = mirror(head(stream, column), row(stream, "a"), bad, row(stream, "c"), activate(stream, 2))
    assert run.outcomes == ["unchanged", "failed", "unchanged"]
    assert (mirrored(small, stream), deletes(small)) == (list("abcd"), 0)
    assert "1 failed" in said()
    assert run.target.engine_failures == 1
    assert json.loads(run.rejects.read_text().splitlines()[1])["record"]["external_id"] == "b"


def unreadable(_):
    return '{"type": "RECORD", "stream": "persons", "record": {"external_id": "b", "name'


def no_key(stream):
    return record(stream, **{NAME[stream]: "Mirrored b"})


def no_object(stream):
    return {"type": "RECORD", "stream": stream, "record": ["b"]}


def batch(stream):
    return {"type": "BATCH", "stream": stream, "encoding": {"format": "jsonl"}, "manifest": []}


@pytest.mark.parametrize("lost", [unreadable, no_key, no_object, batch])
@pytest.mark.parametrize("stream", ["persons", "deals"])
def test_an_unreadable_record_deletes_nothing(stream, lost, mirror, small):
    mirror(head(stream), *(row(stream, one) for one in "abc"), activate(stream))
    run = mirror(head(stream), row(stream, "a"), lost(stream), row(stream, "c"), activate(stream, 2))
    assert run.outcomes == ["unchanged", "failed", "unchanged"]
    assert (mirrored(small, stream), deletes(small)) == (["a", "b", "c"], 0)


@pytest.mark.parametrize("stream", ["persons", "deals"])
def test_a_line_that_cannot_be_read_blocks_every_stream(stream, mirror, small):
    mirror(head(stream), row(stream, "a"), row(stream, "b"), activate(stream))
    other = [head("products"), row("products", "p")]
    run = mirror(*other, "{nothing", head(stream), row(stream, "a"), activate(stream, 2))
    assert (run.outcomes, mirrored(small, stream)) == (["created", "failed", "unchanged"], ["a", "b"])


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_failed_write_deletes_nothing(status, mirror, small):
    mirror(head("persons"), *(row("persons", one) for one in "abc"), activate("persons"))
    rule = {"operation": "PATCH /api/v2/persons/{id}", "kind": "status_before", "status": status}
    small.post("/_emulator/faults", [rule])
    changed = record("persons", external_id="b", name="Mirrored changed")
    run = mirror(head("persons"), row("persons", "a"), changed, activate("persons", 2))
    assert run.outcomes == ["unchanged", "failed"]
    assert (mirrored(small, "persons"), deletes(small)) == (["a", "b", "c"], 0)


def test_a_skipped_record_deletes_nothing(mirror, small):
    where = {"things": {"entity": "persons", "match_on": ["name"]}}
    head_of = schema("things", "external_id name", ["external_id"])
    for name in ("Mirrored twin", "Mirrored twin"):
        small.post("/api/v2/persons", {"name": name})
    mirror(head_of, record("things", external_id="a", name="Mirrored a"), activate("things"), streams=where)
    run = mirror(
        head_of,
        record("things", external_id="b", name="Mirrored twin"),
        activate("things", 2),
        streams=where,
        on_ambiguous="skip",
    )
    assert (run.outcomes, deletes(small)) == (["skipped"], 0)
    assert "a" in mirrored(small, "persons")


@pytest.mark.parametrize("stream", ["persons", "deals", "products"])
@pytest.mark.parametrize("empty_too", [False, True])
def test_an_empty_version_deletes_rows_only_if_allowed(empty_too, stream, mirror, small, said):
    mirror(head(stream), row(stream, "a"), row(stream, "b"), activate(stream))
    run = mirror(head(stream), activate(stream, 2), mirror_empty=empty_too)
    assert run.outcomes == ["deleted", "deleted"] * empty_too
    assert mirrored(small, stream) == ([] if empty_too else ["a", "b"])
    assert ("mirror_empty" in said()) is not empty_too


@pytest.mark.parametrize("empty_too", [False, True])
def test_an_announced_version_whose_records_follow_is_not_empty(empty_too, mirror, small):
    mirror(head("persons"), row("persons", "a"), row("persons", "b"), activate("persons"))
    mirror(head("persons"), activate("persons", 2), row("persons", "a"), mirror_empty=empty_too)
    assert mirrored(small, "persons") == ["a", "b"]


@pytest.mark.parametrize("stream", ["persons", "deals"])
def test_a_truncated_input_deletes_nothing(stream, mirror, small):
    mirror(head(stream), row(stream, "a"), row(stream, "b"), activate(stream))
    under_way = {"type": "STATE", "value": {"under_way": True}}
    run = mirror(head(stream), row(stream, "a"), activate(stream, 2), under_way)
    assert run.error is not None
    torn = mirror(head(stream), row(stream, "a"), activate(stream, 2), row(stream, "c"), torn=15)
    assert torn.error is not None
    assert (mirrored(small, stream), deletes(small)) == (["a", "b"], 0)


def test_a_run_that_ends_early_deletes_nothing(mirror, small):
    mirror(head("persons", "birthday"), row("persons", "a"), row("persons", "b"), activate("persons"))
    bad = row("persons", "c", birthday="soon")
    run = mirror(
        head("persons", "birthday"), row("persons", "a"), activate("persons", 2), bad, on_error="stop"
    )
    assert run.error is not None
    assert (mirrored(small, "persons"), deletes(small)) == (["a", "b"], 0)


@pytest.mark.parametrize("stream", ["persons", "deals"])
def test_records_without_an_external_id_delete_nothing(stream, mirror, small, said):
    mirror(head(stream), row(stream, "a"), row(stream, "b"), activate(stream))
    number = next(one["id"] for one in small.rows(stream) if one[NAME[stream]] == "Mirrored a")
    by_id = schema(stream, {"id": {}, NAME[stream]: {}}, ["id"])
    run = mirror(by_id, record(stream, id=number, **{NAME[stream]: "Mirrored a"}), activate(stream, 2))
    assert (run.outcomes, mirrored(small, stream)) == (["unchanged"], ["a", "b"])
    assert "without an external id" in said()


def test_a_row_that_another_stream_keeps_is_not_deleted(mirror, small, said):
    streams = {name: {"entity": "persons"} for name in ("crm", "web")}
    named = {name: schema(name, "external_id name", ["external_id"]) for name in streams}
    messages = [
        message
        for name in ("web", "crm")
        for message in (named[name], record(name, external_id="x", name="Mirrored x"), activate(name))
    ]
    mirror(*messages, streams=streams)
    still = [named["web"], record("web", external_id="x", name="Mirrored x"), activate("web", 2)]
    other = [named["crm"], record("crm", external_id="y", name="Mirrored y"), activate("crm", 2)]
    run = mirror(*still, *other, streams=streams)
    assert (run.outcomes, mirrored(small, "persons")) == (["unchanged", "created"], ["x", "y"])
    assert "other external ids or streams" in said()


def test_two_external_ids_of_one_row_keep_it(mirror, small):
    mirror(head("persons"), row("persons", "a"), row("persons", "b"), activate("persons"))
    first, second = (one["id"] for one in small.rows("persons")[-2:])
    mirror(
        schema("merge_persons", "id merge_with_id"), record("merge_persons", id=second, merge_with_id=first)
    )
    run = mirror(head("persons"), row("persons", "a"), activate("persons", 2))
    assert deletes(small) == 0
    assert "deleted" not in run.outcomes


def test_more_than_max_deletes_deletes_nothing_at_all(mirror, small):
    both = [head("persons"), *(row("persons", one) for one in "abc"), activate("persons")]
    both += [head("deals"), *(row("deals", one) for one in "abc"), activate("deals")]
    mirror(*both)
    run = mirror(
        head("persons"),
        row("persons", "a"),
        activate("persons", 2),
        head("deals"),
        row("deals", "a"),
        activate("deals", 2),
        max_deletes=3,
    )
    assert "max_deletes" in str(run.error)
    assert (mirrored(small, "persons"), mirrored(small, "deals")) == (list("abc"), list("abc"))


def test_deletes_are_made_after_deferred_records(mirror, small):
    """A record deferred until a later row arrives is not missing."""
    head_of = head("persons", "org_id")
    mirror(head_of, row("persons", "a"), row("persons", "b"), activate("persons"))
    run = mirror(
        head_of,
        row("persons", "a", org_id={"external_id": "late"}),
        activate("persons", 2),
        schema("organizations", "external_id name", ["external_id"]),
        record("organizations", external_id="late", name="Mirrored late"),
    )
    assert sorted(run.outcomes) == ["created", "deleted", "updated"]
    never = mirror(head_of, row("persons", "c", org_id={"external_id": "never"}), activate("persons", 3))
    assert (never.outcomes, mirrored(small, "persons")) == (["failed"], ["a"])


def test_a_dry_run_of_mirror_deletes_nothing_and_reports_what_it_would(mirror, small):
    mirror(head("persons"), row("persons", "a"), row("persons", "b"), activate("persons"))
    run = mirror(head("persons"), row("persons", "a"), activate("persons", 2), dry_run=True)
    assert (run.outcomes, mirrored(small, "persons")) == (["unchanged", "deleted"], ["a", "b"])


def test_a_row_deleted_by_its_marker_is_not_deleted_twice(mirror, small):
    head_of = head("persons", "_sdc_deleted_at")
    mirror(head_of, row("persons", "a"), row("persons", "b"), activate("persons"))
    for dry in (True, False):
        run = mirror(
            head_of,
            row("persons", "a", _sdc_deleted_at="2026-01-01T00:00:00Z"),
            row("persons", "b"),
            activate("persons", 2),
            dry_run=dry,
        )
        assert run.outcomes == ["deleted", "unchanged"]
    assert (mirrored(small, "persons"), deletes(small)) == (["b"], 1)


@pytest.mark.parametrize("named", [{}, {"deal_id": None}, {"deal_id": " "}])
def test_a_deleted_child_row_is_found_without_its_parent(load, small, named):
    line = {"deal_id": 1, "product_id": 1, "item_price": 77, "quantity": 1}
    load(rows("deal_products", {"external_id": "l1", **line}, keys=["external_id"]))
    gone = rows("deal_products", {"external_id": "l1", "is_deleted": True, **named}, keys=["external_id"])
    assert load(gone, allow_deletes=True).outcomes == ["deleted"]
    assert not [one for one in small.rows("deal_products") if one["item_price"] == 77]
    assert load(gone, allow_deletes=True).outcomes == ["unchanged"]
