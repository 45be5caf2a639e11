"""Identification of a record's row: blank keys, delete markers, case of names, columns of loaders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.forking import forking
from tests.target.helpers import adding, record, rows, schema

CASES = Path(__file__).parents[1] / "resources" / "cases" / "target"


def names(small, table, column="name"):
    return {one["id"]: one[column] for one in small.rows(table) if not one.get("is_deleted")}


def writes(small):
    return {name: count for name, count in small.requests().items() if not name.startswith("GET")}


@pytest.fixture
def case(small, tmp_path):
    """Run the command line over a folder of `cases`; the second time over its second input."""

    def run(name, again=False):
        folder = CASES / name
        own = folder / "config.json"
        files = {one: str(tmp_path / one) for one in ("ledger_path", "results_path", "rejects_path")}
        given = json.loads(own.read_text()) if own.exists() else {}
        config = tmp_path / "config.json"
        config.write_text(json.dumps({**small.config(), **files, **given}))
        second = folder / "input2.singer"
        source = second if again and second.exists() else folder / "input.singer"
        small.post("/_emulator/log/clear")
        done = forking("target_pipedrive").finish(
            tmp_path, "--config", str(config), content=source.read_bytes()
        )
        results = Path(files["results_path"])
        found = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
        results.unlink(missing_ok=True)
        return done, sorted(found, key=lambda one: one["record"])

    return run


def outcomes(results):
    return [one["outcome"] for one in results]


def test_numbers_and_texts_are_the_same_external_id(case, small):
    _, first = case("05-float-ids")
    done, second = case("05-float-ids", again=True)
    assert (done.returncode, outcomes(second)) == (0, ["updated", "updated"])
    assert [one["id"] for one in second] == [one["id"] for one in first]
    held = names(small, "persons")
    assert [held[int(one["id"])] for one in first] == ["Five B", "Six B"]


def test_blank_external_ids_match_no_row(case, small):
    before = names(small, "persons")
    done, results = case("06-empty-external-id")
    assert (done.returncode, outcomes(results)) == (1, ["failed"] * 3)
    assert all("external_id" in one["error"] and "on_blank_match" in one["error"] for one in results)
    assert names(small, "persons") == before


def test_an_empty_cell_deletes_no_row(case, small):
    done, results = case("07-deleted-at-empty-cell")
    assert (done.returncode, outcomes(results)) == (0, ["unchanged", "unchanged"])
    assert writes(small) == {}


def test_a_blank_match_adds_no_row(case, small):
    before = len(small.rows("persons"))
    done, results = case("10-match-null")
    assert (done.returncode, outcomes(results)) == (1, ["failed"] * 3)
    assert all("email" in one["error"] for one in results)
    assert len(small.rows("persons")) == before


def test_an_upper_case_id_that_may_be_a_custom_field_is_rejected(case, small):
    before = len(small.rows("deals"))
    done, _ = case("12b-uppercase-deals")
    assert done.returncode in (1, 2)
    assert b"custom field ID" in done.stderr
    assert len(small.rows("deals")) == before


def test_one_organization_for_each_spelling_of_a_name(case, small):
    before = len(small.rows("organizations"))
    _, first = case("27b-nfd")
    done, second = case("27b-nfd", again=True)
    assert {one["id"] for one in first + second} == {first[0]["id"]}
    assert done.returncode == 0
    assert len(small.rows("organizations")) == before
    assert small.get(f"/api/v2/organizations/{first[0]['id']}")["data"]["name"] == "Caf\u00e9 Cr\u00e8me 5"


def test_an_update_of_a_missing_row_fails(case):
    done, results = case("40-update-notfound")
    assert (done.returncode, outcomes(results)) == (1, ["failed", "updated", "failed", "failed", "failed"])
    assert "missing_rows" in results[0]["error"]
    assert "missing_rows" in results[3]["error"]


def test_a_delete_needs_its_whole_key(case, small):
    before = names(small, "persons")
    done, results = case("48-delete-partial")
    assert (done.returncode, outcomes(results)) == (1, ["failed", "failed"])
    assert all("email" in one["error"] for one in results)
    assert names(small, "persons") == before


def test_either_address_finds_the_person(case, small):
    before = len(small.rows("persons"))
    _, results = case("66-two-addresses")
    assert {one["id"] for one in results} == {"3"}
    assert len(small.rows("persons")) == before


def test_ignored_records_are_counted_across_schemas(case):
    done, results = case("70-ignored-count")
    assert (done.returncode, results) == (0, [])
    assert b"Ignored 3 records of stream x" in done.stderr


# --- delete markers ------------------------------------------------------------------------------

MARKS = ["_sdc_deleted_at", "is_deleted", "_SDC_DELETED_AT", "Is_Deleted"]
NO_MARKS = [
    "",
    " ",
    "\u00a0",
    "null",
    "NULL",
    "None",
    "NaN",
    "false",
    "False",
    "0",
    "no",
    0,
    0.0,
    False,
    None,
]
YES_MARKS = [
    "2026-01-31T10:00:00Z",
    "2026-01-31 10:00:00.123+00:00",
    "2026-01-31 10:00:00 UTC",
    "2026-01-31",
    "true",
    "1",
    "yes",
    1,
    True,
]
ODD_MARKS = ["maybe", "31.01.2026", 2, 1764380000, "0000-00-00 00:00:00", ["x"], {"a": 1}]
TABLES = [("persons", "name"), ("organizations", "name"), ("deals", "title"), ("products", "name")]


@pytest.mark.parametrize("mark", MARKS)
def test_values_that_are_not_delete_markers_delete_no_row(load, small, mark):
    (number, name), *_ = names(small, "organizations").items()
    sent = [{"id": number, "name": name, mark: value} for value in NO_MARKS]
    run = load(rows("organizations", *sent, keys=["id"]), allow_deletes=True)
    assert run.outcomes == ["unchanged"] * len(NO_MARKS), run.errors
    assert number in names(small, "organizations")


@pytest.mark.parametrize("mark", MARKS)
def test_ambiguous_delete_markers_are_rejected(load, small, mark):
    (number, name), *_ = names(small, "organizations").items()
    sent = [{"id": number, "name": name, mark: value} for value in ODD_MARKS]
    run = load(rows("organizations", *sent, keys=["id"]), allow_deletes=True)
    assert run.outcomes == ["failed"] * len(ODD_MARKS)
    assert all(mark in one for one in run.errors)
    assert number in names(small, "organizations")


def test_every_delete_marker_deletes(load, small):
    ids = list(names(small, "persons"))[: len(YES_MARKS)]
    sent = [{"id": one, "is_deleted": value} for one, value in zip(ids, YES_MARKS, strict=True)]
    assert load(rows("persons", *sent, keys=["id"]), allow_deletes=True).outcomes == ["deleted"] * len(ids)


@pytest.mark.parametrize(("table", "column"), TABLES)
def test_a_blank_delete_marker_outside_the_schema_is_ignored(load, small, table, column):
    number, name = next(iter(names(small, table, column).items()))
    named = schema(table, f"id {column}", ["id"])
    blank = record(table, **{"id": number, column: name, "_sdc_deleted_at": " "})
    assert load(named, blank, allow_deletes=True).outcomes == ["unchanged"]
    marked = record(table, **{"id": number, column: name, "_sdc_deleted_at": "2026-01-01T00:00:00Z"})
    assert load(named, marked).outcomes == ["skipped"]
    assert load(named, marked, allow_deletes=True).outcomes == ["deleted"]


# --- blank keys ----------------------------------------------------------------------------------

BLANKS = [None, "", " ", "\t", "\u00a0\u2003", "null", "NaN"]


@pytest.mark.parametrize(("table", "column"), TABLES)
@pytest.mark.parametrize("key", ["id", "external_id", "EXTERNAL_ID"])
def test_a_blank_key_is_reported_and_nothing_is_added(load, small, table, column, key):
    before = names(small, table, column)
    run = load(rows(table, *({key: one, column: f"Row {n}"} for n, one in enumerate(BLANKS))))
    assert run.outcomes == ["failed"] * len(BLANKS)
    assert all(key in one for one in run.errors)
    assert names(small, table, column) == before


def test_a_blank_key_is_added_or_skipped_according_to_the_settings(load, small):
    before = len(small.rows("persons"))
    blank = rows("persons", {"external_id": "", "name": "A"}, {"external_id": " ", "name": "B"})
    assert load(blank, on_blank_match="skip").outcomes == ["skipped", "skipped"]
    added = load(blank, on_blank_match="add")
    assert added.outcomes == ["created", "created"]
    assert len(set(added.ids)) == 2
    assert len(small.rows("persons")) == before + 2


@pytest.mark.parametrize(
    ("table", "match_on", "half"),
    [
        ("persons", ["name", "email"], {"name": "Half", "email": ""}),
        ("persons", ["name", "phone"], {"name": "Half", "phone": []}),
        ("products", ["name", "code"], {"name": "Half", "code": "\u00a0"}),
        ("organizations", ["name", "website"], {"name": " ", "website": "half.example"}),
        ("deals", ["title", "person_id"], {"title": "Half", "person_id": {"external_id": ""}}),
    ],
)
@pytest.mark.parametrize(("choice", "outcome"), [("fail", "failed"), ("skip", "skipped"), ("add", "created")])
def test_a_partial_match_is_not_a_match(load, table, match_on, half, choice, outcome):
    if table == "organizations" and choice == "add":
        half = {"name": "Half", "website": ""}
    run = load(rows(table, half), match_on={table: match_on}, on_blank_match=choice)
    assert run.outcomes == [outcome], run.errors


def test_a_blank_match_next_to_an_external_id_is_accepted(load):
    new = rows("persons", {"external_id": "k1", "email": "", "name": "Kay"})
    settings = {"match_on": {"persons": ["email"]}}
    assert load(new, **settings).outcomes == ["created"]
    assert load(new, **settings).outcomes == ["unchanged"]


@pytest.mark.parametrize(
    ("table", "match_on", "given"),
    [
        ("persons", ["name", "email"], {"email": "other@x.example"}),
        ("persons", ["email"], {"email": ["contact1@mail.example", "not-hers@x.example"]}),
        ("organizations", ["name", "website"], {"website": "https://other.example"}),
        ("deals", ["title", "value"], {"value": 123456789}),
    ],
)
@pytest.mark.parametrize("choice", ["fail", "add", "skip"])
def test_a_delete_that_matches_only_partly_deletes_no_row(load, small, table, match_on, given, choice):
    column = "title" if table == "deals" else "name"
    _, name = next(iter(names(small, table, column).items()))
    before = names(small, table, column)
    for sent in ({column: name, **given}, {column: name, **dict.fromkeys(given, "")}):
        load(
            rows("gone", sent),
            streams={"gone": {"entity": table, "write": "delete", "match_on": match_on}},
            on_blank_match=choice,
        )
    assert names(small, table, column) == before


def test_a_delete_without_a_row_is_not_reported_as_deleted_before(load):
    found, both = {"email": "nobody@x.example"}, {"email": "contact1@mail.example, contact2@mail.example"}
    gone = {"streams": {"gone": {"entity": "persons", "write": "delete", "match_on": ["email"]}}}
    run = load(rows("gone", found, both), rows("persons", {"external_id": "z", "is_deleted": 1}), **gone)
    assert run.outcomes == ["unchanged", "unchanged", "skipped"]
    assert all("no row has this key" in one["note"] for one in run.results[:2])


def test_a_uuid_in_capitals_is_the_same_key(load, small):
    lead = small.rows("leads")[0]["id"]
    run = load(
        rows("leads", {"id": lead.upper(), "title": "Renamed"}),
        rows("notes", {"external_id": "n", "content": "c", "lead_id": lead.upper()}),
        rows("update_lead", {"id": lead.upper(), "title": "Again"}),
    )
    assert run.outcomes == ["updated", "created", "updated"]
    assert run.ids[0] == lead
    assert [one["lead_id"] for one in small.rows("notes")][-1] == lead


def test_a_record_without_its_parent_names_the_parent(load, small):
    before = small.rows("deal_products")
    given = {"product_id": 1, "item_price": 1, "quantity": 1}
    run = load(
        rows("deal_products", {"external_id": "a", "deal_id": "", **given}),
        rows("product_variations", {"external_id": "a", "product_id": " ", "name": "Large"}),
        rows("note_comments", {"external_id": "a", "content": "c", "note_id": None}),
    )
    for column, error in zip(("deal_id", "product_id", "note_id"), run.errors, strict=True):
        assert f"needs {column}" in error
    assert small.rows("deal_products") == before


def test_a_delete_that_matches_completely_deletes(load, small):
    row = small.get("/api/v2/persons/1")["data"]
    run = load(
        rows("gone", {"name": row["name"], "email": [one["value"] for one in row["emails"]]}),
        streams={"gone": {"entity": "persons", "write": "delete", "match_on": ["name", "email"]}},
    )
    assert (run.outcomes, run.ids) == (["deleted"], ["1"])


# --- keys of the SCHEMA --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "columns", "keys"),
    [
        ("persons", {"email": "new@key.example", "name": "New"}, ["email"]),
        ("organizations", {"name": "Keyed Ltd", "website": "k.example"}, ["name"]),
        ("products", {"code": "K-77", "name": "Keyed"}, ["code"]),
        ("deals", {"title": "Keyed", "value": 3}, ["title"]),
        ("pipelines", {"name": "Keyed"}, ["name"]),
        ("PERSONS_IN", {"EMAIL": "new@key.example", "NAME": "New"}, ["EMAIL"]),
    ],
)
def test_key_properties_find_the_row(load, table, columns, keys):
    streams = {"PERSONS_IN": {"entity": "persons"}}
    sent = rows(table, columns, keys=keys)
    first, second = load(sent, streams=streams), load(sent, streams=streams)
    assert (first.outcomes, second.outcomes) == (["created"], ["unchanged"]), first.errors + second.errors
    assert first.ids == second.ids


def test_products_of_a_deal_are_found_by_deal_and_product(load, small):
    line = {"deal_id": 7, "product_id": 3, "item_price": 5, "quantity": 1}
    keys = ["deal_id", "product_id"]
    before = len(small.rows("deal_products"))
    first = load(rows("deal_products", line, keys=keys))
    second = load(rows("deal_products", {**line, "quantity": 2}, keys=keys))
    assert (first.outcomes, second.outcomes) == (["created"], ["updated"]), first.errors + second.errors
    assert len(small.rows("deal_products")) == before + 1


@pytest.mark.parametrize(
    ("table", "columns", "keys"),
    [
        ("persons", {"name": "Nobody"}, []),
        ("notes", {"content": "text", "deal_id": 1}, ["content"]),
        ("leads", {"title": "L", "person_id": 1}, ["person_id"]),
        ("deal_products", {"deal_id": 7, "product_id": 1, "item_price": 1, "quantity": 1}, []),
    ],
)
def test_an_upsert_without_a_key_is_rejected_and_write_add_adds(load, small, table, columns, keys):
    before = len(small.rows(table))
    run = load(rows(table, columns, keys=keys))
    assert run.outcomes in ([], ["failed"])
    told = " ".join([*run.errors, str(run.error)])
    assert "external_id" in told
    assert "write: add" in told
    assert len(small.rows(table)) == before
    assert load(rows(table, columns, columns, keys=keys), **adding(table)).outcomes == ["created"] * 2


def test_match_on_a_column_that_cannot_be_searched_is_rejected_immediately(load):
    run = load(rows("notes", {"content": "x", "deal_id": 1}), match_on={"notes": ["content"]})
    assert "cannot be looked up by content" in " ".join([*run.errors, str(run.error)])


# --- names of columns ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("organizations", {"ID": 1, "NAME": "Upper"}),
        ("organizations", {"Id": "1.0", "Name": "Upper"}),
        ("persons", {"ID": " 1 ", "JOB_TITLE": "Upper"}),
        ("persons", {"id": 1, "JOBTITLE": "Upper"}),
        ("products", {"ID": 1.0, "Description": "Upper"}),
    ],
)
def test_the_case_of_names_does_not_matter(load, small, table, columns):
    before = len(small.rows(table))
    run = load(rows(table, columns))
    assert (run.outcomes, run.ids) == (["updated"], ["1"]), run.errors
    assert "Upper" in json.dumps(small.get(f"/api/v2/{table}/1")["data"])
    assert len(small.rows(table)) == before


def test_settings_name_columns_in_any_case(load, small):
    settings = {
        "feed": {"entity": "persons", "external_id": "ext", "fields": {"title": "job_title"}, "ignore": ["x"]}
    }
    sent = rows("feed", {"EXT": 5, "TITLE": "CFO", "NAME": "Any", "X": 1}, keys=["EXT"])
    run = load(sent, streams=settings)
    assert run.outcomes == ["created"], run.errors
    assert small.get(f"/api/v2/persons/{run.ids[0]}")["data"]["job_title"] == "CFO"


UNKNOWN_NAMES = [
    (
        {"streams": {"organizations": {"entity": "organizations", "fields": {"colour": "Nonsense"}}}},
        {"colour": 1},
    ),
    ({}, {"colour": 1}),
    ({}, {"custom_fields": {"colour": 1}}),
]


@pytest.mark.parametrize(("settings", "given"), UNKNOWN_NAMES)
def test_an_unknown_column_of_many_records_is_logged_once_with_a_count(load, caplog, settings, given):
    columns = "id name custom_fields" if "custom_fields" in given else "id name"
    sent = [record("organizations", id=at, name=f"N{at}", **given) for at in range(1, 5)]
    run = load(schema("organizations", columns, ["id"]), *sent, **settings)
    assert run.outcomes == ["failed"] * 4
    told = [one.getMessage() for one in caplog.records if "colour" in one.getMessage()]
    assert len(told) == 2
    assert "id 1" in told[0]
    assert "4 records failed" in told[1]
    for error in (*run.errors, *told):
        assert error.count("organizations") == error.count("colour") == 1, error


@pytest.mark.parametrize("spelled", ["{}", "upper"])
def test_columns_of_loaders_are_dropped_and_named_once(load, caplog, spelled):
    caplog.set_level("INFO")
    added = ["_sdc_batched_at", "_airbyte_raw_id", "_fivetran_synced", "_dlt_load_id", "_unknown"]
    added = [one.upper() for one in added] if spelled == "upper" else added
    one = {"id": 1, **dict.fromkeys(added, "x")}
    run = load(rows("persons", one, one, keys=["id"]))
    assert run.outcomes == ["unchanged"] * 2, run.errors
    told = [line for line in caplog.text.splitlines() if added[0] in line]
    assert len(told) == 1
    assert all(name in told[0] for name in added)


# --- columns that the SCHEMA does not name -------------------------------------------------------


def test_columns_that_the_schema_does_not_name_are_reported(case, small):
    done, results = case("02-undeclared-columns")
    assert (done.returncode, outcomes(results)) == (1, ["failed"])
    assert all(name in results[0]["error"] for name in ("phone", "job_title", "unknown_fields"))
    assert "Una One" not in names(small, "persons").values()


@pytest.mark.parametrize(("table", "column"), TABLES)
def test_undeclared_columns_are_rejected_or_ignored_record_by_record(load, caplog, table, column):
    caplog.set_level("INFO")
    named = schema(table, f"external_id {column}", ["external_id"])
    sent = [
        record(table, **{"external_id": "a", column: "A"}),
        record(table, **{"external_id": "b", column: "B", "owner_id": 1, "surprise": 2}),
        record(table, **{"external_id": "c", column: "C", "_sdc_seq": 1}),
    ]
    run = load(named, *sent)
    assert run.outcomes == ["created", "failed", "created"]
    assert "owner_id" in run.errors[0]
    assert "surprise" in run.errors[0]
    ignored = load(named, *sent, unknown_fields="ignore")
    assert ignored.outcomes == ["unchanged", "created", "unchanged"]
    assert "owner_id, surprise" in caplog.text


@pytest.mark.parametrize(
    ("table", "column", "key", "value"),
    [
        ("persons", "name", "id", 3),
        ("organizations", "name", "ID", "3.0"),
        ("products", "name", "external_id", "k"),
        ("deals", "title", "External_Id", 7),
    ],
)
def test_a_key_that_the_properties_leave_out_counts(load, small, table, column, key, value):
    before = len(small.rows(table))
    sent = [schema(table, column, [key]), record(table, **{key: value, column: "Keyed"})]
    first, second = load(*sent), load(*sent)
    assert second.outcomes == ["unchanged"], second.errors
    assert first.ids == second.ids
    assert len(small.rows(table)) == before + (first.outcomes == ["created"])


@pytest.mark.parametrize("spelled", ["upper", "title"])
def test_a_record_may_write_the_names_of_the_schema_in_another_case(load, small, spelled):
    change = {"id": 1, "name": "Cased", "website": "cased.example"}
    named = schema("organizations", " ".join(change), ["id"])
    other = {getattr(name, spelled)(): value for name, value in change.items()}
    run = load(named, record("organizations", **other), record("organizations", **change))
    assert run.outcomes == ["updated", "unchanged"], run.errors
    assert small.get("/api/v2/organizations/1")["data"]["website"] == "cased.example"
    both = record("organizations", id=1, name="One", NAME="Two")
    run = load(named, record("organizations", id=1, NAME="Two"), both)
    assert run.outcomes == ["updated", "failed"]
    assert "NAME" in run.errors[0]


@pytest.mark.parametrize("properties", [{}, None])
def test_a_schema_without_properties_uses_the_columns_of_its_first_record(load, small, properties):
    named = schema("organizations", {}, ["external_id"])
    named["schema"] = {} if properties is None else {"properties": properties}
    run = load(
        named,
        record("organizations", external_id=1, name="First", website="w.example"),
        record("organizations", external_id=2, name="Second"),
        record("organizations", external_id=3, name="Third", owner_id=1),
    )
    assert run.outcomes == ["created", "created", "failed"]
    assert "owner_id" in run.errors[0]
    assert small.get(f"/api/v2/organizations/{run.ids[0]}")["data"]["website"] == "w.example"


def test_all_unknown_columns_are_reported_at_once(load):
    run = load(rows("persons", {"id": 1, "naem": "x", "job_titel": "y", "zzz": 1}, keys=["id"]))
    told = " ".join([*run.errors, str(run.error)])
    assert all(one in told for one in ("naem", "job_titel", "zzz", "nearest: name"))


# --- several addresses ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "email",
    [
        "nobody@x.example, contact1@mail.example",
        ["nobody@x.example", "CONTACT1@mail.example"],
        [{"value": "nobody@x.example"}, {"value": " contact1@mail.example\u00a0"}],
        '["nobody@x.example", "contact1@mail.example"]',
    ],
)
@pytest.mark.parametrize("extra", [0, 30])
def test_each_of_several_addresses_is_looked_up(load, small, email, extra):
    before = len(small.rows("persons"))
    more = [{"email": f"p{n}@nowhere.example", "job_title": "J"} for n in range(extra)]
    run = load(
        rows("feed", {"email": email, "job_title": "J"}, *more),
        streams={"feed": {"entity": "persons", "write": "update", "match_on": ["email"]}},
        missing_rows="skip",
    )
    assert run.ids[0] == "1", run.errors
    assert len(small.rows("persons")) == before


def test_addresses_of_two_persons_are_ambiguous(load):
    both = {"email": ["contact1@mail.example", "contact2@mail.example"], "job_title": "J"}
    run = load(rows("persons", both), match_on={"persons": ["email"]})
    assert run.outcomes == ["failed"]
    assert "matches 2 persons" in run.errors[0]


def test_a_person_added_in_the_run_is_found_by_each_address(load, small):
    before = len(small.rows("persons"))
    first = {"email": ["a@new.example", "b@new.example"], "name": "New"}
    run = load(
        rows("persons", first, {"email": "b@new.example", "name": "New"}), match_on={"persons": ["email"]}
    )
    assert len(set(run.ids)) == 1, run.errors
    assert len(small.rows("persons")) == before + 1


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(
    ("table", "column", "spellings"),
    [
        (
            "organizations",
            "name",
            ["Caf\u00e9 One", "Cafe\u0301 One", "Caf\u00e9\u00a0One", " CAF\u00c9 ONE "],
        ),
        ("persons", "name", ["\u00c5sa Berg", "A\u030asa Berg", "\u212bsa\u2009Berg"]),
        ("products", "code", ["7", "7.0", " 7", "\ufeff7"]),
        ("deals", "title", ["Stra\u00dfe 1", "STRASSE 1", "stra\u00dfe\u3000\u0031"]),
    ],
)
def test_all_spellings_of_a_key_find_one_row(load, table, column, spellings, dry_run):
    named = {"name": "Same"} if column == "code" else {}
    sent = rows(table, *({column: one, **named} for one in spellings), keys=[column])
    run = load(sent, dry_run=dry_run)
    assert len(set(run.ids)) == 1, run.results
    if not dry_run:
        assert set(load(sent).ids) == set(run.ids)


def test_records_of_the_same_row_update_it_one_after_the_other(small, load):
    """Two addresses of one person, at the same time: the second record sees what the first one wrote."""
    small.post(
        "/_emulator/faults",
        [{"operation": "PATCH /api/v2/persons/{id}", "kind": "slow", "seconds": 0.3, "nth": 1}],
    )
    two = [
        {"email": "contact3@mail.example", "title": "Same"},
        {"email": "p3@home.example", "title": "Same"},
    ]
    feed = {"entity": "persons", "write": "update", "match_on": ["email"], "fields": {"title": "job_title"}}
    run = load(rows("feed", *two), streams={"feed": feed}, max_concurrency=4)
    assert {one["id"] for one in run.results} == {"3"}
    assert ["title" in (one["changed"] or ()) for one in run.results].count(True) == 1
