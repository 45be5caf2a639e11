"""Null and blank cells: sent if an update accepts them, reported if a column cannot be cleared."""

from __future__ import annotations

import pytest

from tests.target.case_folders import Case
from tests.target.helpers import rows
from tests.target.twice import field_key, row, settles

ID = {"keys": ["id"]}
BLANKS = [None, "", "  "]


def first_lead(small, **held):
    """An open lead after a change of it."""
    lead = next(one for one in small.rows("leads") if not one["is_archived"])["id"]
    small.call("PATCH", f"/v1/leads/{lead}", held)
    return lead


# Table, value before, column, value after: null if that is published, "" for a text, [] for a list.
EMPTIED = [
    ("deals", {"status": "lost", "lost_reason": "Price"}, "lost_reason", None),
    ("deals", {"status": "lost", "close_time": "2026-01-01T10:00:00Z"}, "close_time", None),
    ("deals", {"probability": 50}, "probability", None),
    ("deals", {"person_id": 3}, "person_id", None),
    ("deals", {"org_id": 2}, "org_id", None),
    ("deals", {"label_ids": [1, 2]}, "label_ids", []),
    ("persons", {"job_title": "CEO"}, "job_title", ""),
    ("persons", {"notes": "Likes tea"}, "notes", ""),
    ("persons", {"emails": [{"value": "a@x.example"}]}, "emails", []),
    ("persons", {"emails": [{"value": "a@x.example"}]}, "email", []),
    ("persons", {"phones": [{"value": "111222"}]}, "phones", []),
    ("persons", {"im": [{"value": "abc"}]}, "im", []),
    ("persons", {"label_ids": [5]}, "label_ids", []),
    ("organizations", {"website": "https://x.example"}, "website", None),
    ("organizations", {"employee_count": 5}, "employee_count", None),
    ("organizations", {"label_ids": [9]}, "label_ids", []),
    ("products", {"code": "P-9"}, "code", ""),
    ("products", {"description": "Heavy"}, "description", ""),
    ("products", {"unit": "kg"}, "unit", ""),
    ("products", {"prices": [{"currency": "EUR", "price": 5}]}, "prices", []),
    ("activities", {"note": "Call"}, "note", ""),
    ("activities", {"public_description": "Call"}, "public_description", ""),
    ("activities", {"participants": [{"person_id": 3, "primary": True}]}, "participants", []),
    ("projects", {"description": "Long"}, "description", ""),
    ("projects", {"deal_ids": [1]}, "deal_ids", []),
    ("tasks", {"description": "Long"}, "description", None),
    ("tasks", {"due_date": "2026-01-01"}, "due_date", None),
    ("tasks", {"priority": 1}, "priority", None),
    ("stages", {"is_deal_rot_enabled": False, "days_to_rotten": 5}, "days_to_rotten", None),
]
PATHS = {"deals": "/api/v2/deals", "leads": "/v1/leads"}


@pytest.mark.parametrize(
    ("table", "entity"),
    [
        ("deals", "deal"),
        ("persons", "person"),
        ("organizations", "organization"),
        ("products", "product"),
        ("projects", "project"),
        ("leads", "deal"),
    ],
)
def test_a_blank_custom_text_is_sent_as_null(small, load, table, entity):
    """An empty text is rejected, unlike in Pipedrive's own columns."""
    number = first_lead(small) if table == "leads" else small.rows(table)[2]["id"]
    names = ["Contract number", "Win theme", "Briefing", "Hotline"]
    keys = [field_key(small, entity, name) for name in names]
    load(rows(table, {"id": number, **dict.fromkeys(names, "something")}, **ID))
    assert [row(small, table, number)["custom_fields"][key] for key in keys] == ["something"] * 4
    run = settles(
        small, load, rows(table, {"id": number, **dict(zip(names, [*BLANKS, ""], strict=True))}, **ID)
    )
    assert (run.outcomes, run.errors) == (["updated"], [])
    assert [row(small, table, number)["custom_fields"][key] for key in keys] == [None] * 4


@pytest.mark.parametrize(("table", "held", "column", "after"), EMPTIED)
def test_null_and_blank_empty_a_column(small, load, table, held, column, after):
    stored = {"email": "emails"}.get(column, column)
    labels = {"persons": [5], "organizations": None}
    if column == "label_ids" and labels.get(table, ()) is None:
        field = next(one for one in small.rows("organization_fields") if one["code"] == "label_ids")
        held = {"label_ids": [field["options"][0]["id"]]}
    for blank in BLANKS:
        small.call("PATCH", f"/api/v2/{table}/1", held)
        assert row(small, table, 1)[stored] not in (None, "", [])
        run = settles(small, load, rows(table, {"id": 1, column: blank}, **ID))
        assert (run.outcomes, run.errors) == (["updated"], []), blank
        assert row(small, table, 1)[stored] == after, blank
        assert not run.results[0]["note"]


LEADS = [
    ({"person_id": 3, "organization_id": 2}, "person_id", None),
    ({"person_id": 3, "organization_id": 2}, "organization_id", None),
    ({"person_id": 3, "organization_id": 2}, "org_id", None),
    ({"value": {"amount": 5, "currency": "EUR"}}, "value", None),
    ({"expected_close_date": "2026-01-01"}, "expected_close_date", None),
    ({"channel_id": "web"}, "channel_id", None),
]


@pytest.mark.parametrize(("held", "column", "after"), LEADS)
def test_columns_of_a_lead_are_cleared_although_a_create_cannot_send_null(small, load, held, column, after):
    stored = "organization_id" if column == "org_id" else column
    for blank in BLANKS:
        lead = first_lead(small, **held)
        run = settles(small, load, rows("leads", {"id": lead, column: blank}, **ID))
        assert (run.outcomes, run.errors) == (["updated"], []), blank
        assert row(small, "leads", lead)[stored] == after


def test_labels_of_a_lead_are_emptied(small, load):
    label = small.rows("lead_labels")[0]["id"]
    for blank in BLANKS:
        lead = first_lead(small, label_ids=[label])
        run = settles(small, load, rows("leads", {"id": lead, "label_ids": blank}, **ID))
        assert run.outcomes == ["updated"]
        assert row(small, "leads", lead)["label_ids"] == []


KEPT = [
    ("deals", {"value": 100}, "value"),
    ("deals", {"expected_close_date": "2026-01-01"}, "expected_close_date"),
    ("deals", {}, "title"),
    ("deals", {}, "currency"),
    ("persons", {}, "name"),
    ("persons", {}, "owner_id"),
    ("persons", {"org_id": 2}, "org_id"),
    ("persons", {"birthday": "1980-01-01"}, "birthday"),
    ("organizations", {"address": {"value": "Rue 1"}}, "address"),
    ("products", {"tax": 19}, "tax"),
    ("activities", {"due_time": "09:30"}, "due_time"),
    ("activities", {"deal_id": 1}, "deal_id"),
    ("activities", {}, "subject"),
    ("stages", {}, "name"),
]


@pytest.mark.parametrize(("table", "held", "column"), KEPT)
def test_columns_that_cannot_be_emptied_are_kept_and_reported(small, load, caplog, table, held, column):
    for blank in BLANKS:
        if held:
            small.call("PATCH", f"/api/v2/{table}/1", held)
        before = row(small, table, 1)
        assert before[column] not in (None, "", [])
        caplog.clear()
        with caplog.at_level("INFO"):
            run = settles(small, load, rows(table, {"id": 1, column: blank}, **ID))
        assert run.outcomes == ["unchanged"], run.errors
        assert column in run.results[0]["note"]
        assert "cannot empty" in run.results[0]["note"]
        table_of_the_end = next(one.message for one in caplog.records if one.message.startswith("Written:"))
        assert f"cannot empty in {table}: {column} (1 record)" in table_of_the_end
        assert row(small, table, 1) == before


def test_zero_and_false_are_not_blank(small, load):
    run = settles(
        small, load, rows("deals", {"id": 1, "value": 0, "is_archived": "0", "probability": "0"}, **ID)
    )
    assert run.errors == []
    assert (row(small, "deals", 1)["value"], row(small, "deals", 1)["probability"]) == (0, 0)


ACTIONS = [
    ("update_deal", "probability", None),
    ("update_person", "email", []),
    ("update_person", "job_title", ""),
    ("update_product", "code", ""),
    ("update_organization", "website", None),
]


@pytest.mark.parametrize(("action", "column", "after"), ACTIONS)
def test_actions_clear_columns_too(small, load, action, column, after):
    table = f"{action.removeprefix('update_')}s"
    full = {
        "probability": 5,
        "email": [{"value": "a@x.example"}],
        "job_title": "a",
        "code": "a",
        "website": "a",
    }
    stored = "emails" if column == "email" else column
    small.call("PATCH", f"/api/v2/{table}/1", {stored: full[column]})
    run = load(rows(action, {"id": 1, column: ""}))
    assert (run.outcomes, run.errors) == (["updated"], [])
    assert row(small, table, 1)[stored] == after


def test_an_action_reports_columns_it_cannot_clear(small, load):
    run = load(rows("update_deal", {"id": 1, "title": "New", "value": None, "expected_close_date": ""}))
    assert run.outcomes == ["updated"]
    assert all(word in run.results[0]["note"] for word in ("cannot empty", "value", "expected_close_date"))
    assert row(small, "deals", 1)["title"] == "New"


@pytest.mark.parametrize("blank", BLANKS)
def test_a_new_row_leaves_out_what_is_empty(small, load, blank):
    columns = ("owner_id", "job_title", "emails", "org_id", "label_ids", "postal_address", "Budget", "Tier")
    run = settles(
        small,
        load,
        rows(
            "persons",
            {"external_id": "e", "name": "E", **dict.fromkeys(columns, blank)},
            keys=["external_id"],
        ),
    )
    assert (run.outcomes, run.errors) == (["created"], [])
    made = row(small, "persons", int(run.ids[0]))
    assert (made["emails"], made["label_ids"], made["postal_address"]) == ([], [], None)
    assert made["owner_id"]


# --- the samples ------------------------------------------------------------------------------------------


def test_sample_of_lists(small, tmp_path):
    case = Case(small, tmp_path, "08-null-multi")
    before = {one["id"]: one for one in small.rows("persons")}
    run = case()
    assert run.code == 1
    assert sorted(one["record"]["id"] for one in run.rejects) == [14, 15]
    assert all("org_id" in one["error"] for one in run.rejects)
    for number, column in (
        (3, "emails"),
        (6, "emails"),
        (9, "emails"),
        (2, "phones"),
        (5, "phones"),
        (7, "phones"),
        (4, "label_ids"),
        (1, "im"),
    ):
        assert run.row("persons", number)[column] == []
        assert run.result(id=number)["outcome"] == ("updated" if before[number][column] else "unchanged")
    for number, column in (
        (10, "name"),
        (11, "name"),
        (12, "owner_id"),
        (13, "owner_id"),
        (1, "postal_address"),
    ):
        assert run.row("persons", number)[column] == before[number][column]
        assert column in run.result(id=number)["note"]
    again = case()
    assert [one for one in again.writes if one["status"] == 200] == []


def test_sample_of_texts(small, tmp_path):
    case = Case(small, tmp_path, "38-null-text")
    run = case()
    assert (run.code, run.rejects) == (0, [])
    assert [run.row("persons", number)["job_title"] for number in (3, 6, 7)] == ["", "", ""]
    product = run.row("products", 1)
    assert (product["description"], product["code"], run.row("products", 2)["code"]) == ("", "", "")
    assert run.row("deals", 4)["lost_reason"] is None
    assert run.row("deals", 1)["org_id"] is None
    organization = run.row("organizations", 1)
    assert [organization[name] for name in ("website", "industry", "employee_count")] == [None] * 3
    assert run.row("activities", 1)["public_description"] == ""
    for number, column in ((6, "value"), (7, "value"), (9, "address"), (10, "due_time"), (10, "deal_id")):
        assert column in (run.results[number]["note"] or ""), run.results[number]
    again = case()
    assert (again.code, again.writes) == (0, [])
