"""Names of columns as spreadsheets write them: a byte order mark, additional spaces, several words."""

from __future__ import annotations

import json

import pytest

from target_pipedrive.catalog.names import folded, snake
from tests.target.helpers import lines_of, record, rows, schema
from tests.target.processes import Process
from tests.target.twice import row, settles

MARKS = ["\ufeff{}", "{} ", " {}", "\u00a0{}", "{}\u200b", "\t{}", "\ufeff{}\u00a0"]
ENTITIES = {"persons": "name", "organizations": "name", "deals": "title"}


@pytest.mark.parametrize("spelled", MARKS)
@pytest.mark.parametrize("stream", ENTITIES)
def test_a_byte_order_mark_or_space_around_a_name_is_ignored(small, load, stream, spelled):
    key, name = spelled.format("external_id"), ENTITIES[stream]
    run = settles(small, load, rows(stream, {key: "x-1", spelled.format(name): "Sheet"}, keys=[key]))
    assert run.outcomes == ["created"]
    assert row(small, stream, int(run.ids[0]))[name] == "Sheet"
    assert load(rows(stream, {"external_id": "x-1"}, keys=["external_id"])).ids == run.ids


@pytest.mark.parametrize("keys", [["email"], ["\ufeffemail"], ["EMAIL "]])
def test_the_key_of_a_file_with_a_byte_order_mark(small, load, keys):
    given = {"\ufeffemail": "contact3@mail.example", "job_title": "Buyer"}
    run = settles(small, load, rows("persons", given, keys=keys))
    assert (run.outcomes, run.ids) == (["updated"], ["3"])


def test_a_blank_key_after_a_byte_order_mark_is_blank(load):
    run = load(rows("persons", {"\ufeffexternal_id": "", "name": "A"}, keys=["external_id"]))
    assert run.outcomes == ["failed"]
    assert "empty" in run.errors[0]


@pytest.mark.parametrize("name", ["\ufeffid", " ID"])
def test_an_id_and_a_delete_marker(small, load, name):
    gone = {name: 3, "\ufeff_sdc_deleted_at ": "2026-01-01"}
    assert load(rows("persons", gone, keys=[name]), allow_deletes=True).outcomes == ["deleted"]
    assert row(small, "persons", 3)["is_deleted"] is True


def test_a_file_of_a_spreadsheet_in_full(small, tmp_path):
    messages = [
        schema(
            "persons",
            {"\ufeffExternal ID": {}, "Name": {}, "E-mail": {}, "Job title": {}},
            ["\ufeffExternal ID"],
        ),
        record(
            "persons",
            **{"\ufeffExternal ID": "7", "Name": "Anna", "E-mail": "anna@s.example", "Job title": "CEO"},
        ),
    ]
    content = ("\ufeff" + lines_of(*messages).replace("\n", "\r\n")).encode()
    done = Process(small.config(), tmp_path)(content)
    assert (done.code, done.outcomes) == (0, ["created"])
    added = small.rows("persons")[-1]
    assert (added["name"], added["emails"][0]["value"], added["job_title"]) == (
        "Anna",
        "anna@s.example",
        "CEO",
    )


@pytest.mark.parametrize("name", ["External ID", "external-id", "External Id", "EXTERNAL ID "])
def test_a_special_name_of_several_words(small, load, name):
    run = settles(small, load, rows("organizations", {name: "a", "name": "Acme"}, keys=[name]))
    assert run.outcomes == ["created"]
    assert load(rows("organizations", {"external_id": "a"}, keys=["external_id"])).ids == run.ids


@pytest.mark.parametrize("name", ["External ID", "external id"])
def test_a_custom_field_of_that_label_is_meant(small, load, name):
    body = {"field_name": "External ID", "field_type": "varchar"}
    key = small.post("/api/v2/organizationFields", body)["data"]["field_code"]
    run = settles(small, load, rows("organizations", {"id": 2, name: "a"}, keys=["id"]))
    assert run.outcomes == ["updated"]
    assert small.get("/api/v2/organizations/2")["data"]["custom_fields"][key] == "a"


def test_settings_name_columns_without_the_byte_order_mark(small, load):
    streams = {
        "sheet": {"entity": "persons", "external_id": "Key", "fields": {"Role": "job_title"}, "ignore": ["x"]}
    }
    given = {"\ufeffkey": "k", "name": "A", "Role ": "CEO", "X\u00a0": 1}
    run = settles(small, load, rows("sheet", given, keys=["\ufeffkey"]), streams=streams)
    assert run.outcomes == ["created"]
    assert row(small, "persons", int(run.ids[0]))["job_title"] == "CEO"


def test_names_with_and_without_a_byte_order_mark_are_one_column(load):
    run = load(rows("persons", {"id": 3, "name": "A", "\ufeffname": "B"}, keys=["id"]))
    assert "is the same column as name" in str(run.error)


@pytest.mark.parametrize("stream", ["persons", "organizations", "products", "add_person"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_repeated_header_is_not_a_record(load, stream, mark):
    names = (f"{mark}external_id", "name") if stream != "add_person" else (f"{mark}name", "email")
    keys = [] if stream == "add_person" else [names[0]]
    given = [
        dict(zip(names, one, strict=True)) for one in (("a", "b@s.example"), (names[0].strip(mark), names[1]))
    ]
    run = load(rows(stream, *given, keys=keys))
    assert run.outcomes == ["created", "failed"]
    assert "a repeated header" in run.errors[0]


@pytest.mark.parametrize(
    "given",
    [{"name": "name"}, {"external_id": "external_id", "name": "Nam"}, {"external_id": "x", "name": "name"}],
)
def test_a_name_that_is_the_name_of_its_column_is_a_name(load, given):
    if "external_id" not in given:
        assert load(rows("add_person", given)).outcomes == ["created"]
    else:
        assert load(rows("persons", given, keys=["external_id"])).outcomes == ["created"]


def test_forms_of_names():
    assert snake("\ufeffOrg ID ") == snake("orgId") == "org_id"
    assert folded("\u00a0Tier\u200b") == "tier"
    assert json.loads(json.dumps(snake("Ünïcode Näme"))) == "ünïcode_näme"
