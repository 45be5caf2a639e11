"""Values as tables and sheets contain them: accepted if unambiguous for the field, otherwise rejected."""

from __future__ import annotations

import pytest

from pipedrive_singer.column_names import slug
from tests.target.helpers import record, rows, schema

# Column of deals, value in a source, value in Pipedrive. Labels represent options.
TAKEN = [
    ("margin", "12.50", 12.5),
    ("margin", "1e3", 1000),
    ("margin", 12, 12),
    ("margin", "", None),
    ("kick_off", "2026-01-05", "2026-01-05"),
    ("kick_off", "2026-01-05T00:00:00+00:00", "2026-01-05"),
    ("kick_off", "2026-01-05 00:00:00.000000", "2026-01-05"),
    ("kick_off", "2026-01-05T00:00:00+02:00", "2026-01-05"),
    ("kick_off", "2026-01-05T13:30:00-05:00", "2026-01-05"),
    ("kick_off", " ", None),
    ("tier", "gold", "Gold"),
    ("tier", "", None),
    ("competitors", '["Acme", "Globex"]', ["Acme", "Globex"]),
    ("competitors", ["Globex"], ["Globex"]),
    ("competitors", "Globex, Acme", ["Acme", "Globex"]),
    ("competitors", "Umbrella, Inc.", ["Umbrella, Inc."]),
    ("competitors", "[]", None),
    ("competitors", "", None),
    ("budget", '{"value": "99.95", "currency": "EUR"}', {"value": 99.95, "currency": "EUR"}),
    ("daily_slot", "09:30", {"value": "09:30:00"}),
    ("daily_slot", "09:30:15", {"value": "09:30:15"}),
    ("daily_slot", "09:30:00.0000000", {"value": "09:30:00"}),
    ("kick_off", "2026-01-05 00:00:00 UTC", "2026-01-05"),
    ("solution_engineer", "Mari Admin", 1),
    ("solution_engineer", "jose@nordwind.example", 4),
    ("solution_engineer", "2", 2),
    ("solution_engineer", 2.0, 2),
    ("solution_engineer", "2.00", 2),
    ("contract_number", 17, "17"),
    ("owner_id", "3", 3),
    ("owner_id", "3.0", 3),
    ("value", "1200.50", 1200.5),
    ("expected_close_date", "2026-12-24T00:00:00", "2026-12-24"),
    ("label_ids", "[1, 2]", [1, 2]),
    ("label_ids", "1,2", [1, 2]),
    ("label_ids", [1, "1.0", 2], [1, 2]),
    ("is_archived", "true", True),
    ("is_archived", 1, True),
    ("is_archived", "1.0", True),
    ("org_id", {"name": " "}, None),
    ("person_id", '{"email": null}', None),
]
REFUSED = [
    ("margin", "1.200,50", "must be a number"),
    ("margin", "12 %", "must be a number"),
    ("margin", True, "1234.50, not true"),
    ("margin", "NaN", "must be a number"),
    ("kick_off", "05.01.2026", "must be a date such as 2026-01-31"),
    ("kick_off", "2026-01-05T23:30:00-05:00", "on another day"),
    ("kick_off", 20260105, "must be a date such as 2026-01-31"),
    ("kick_off", "2026-01-05 soon", "must be a date such as 2026-01-31"),
    ("tier", "Platinum", "has no such option"),
    ("tier", ["Gold"], "must be one option, not a list"),
    ("org_id", {"name": "Nobody"}, "name of an organization"),
    ("competitors", "{Acme,Globex}", "has no such option"),
    ("competitors", '["Acme", "Nobody"]', "has no such option"),
    ("daily_slot", "09:30:00+02:00", "must be a time of day"),
    ("solution_engineer", "2.5", "name of a user"),
    ("solution_engineer", "Nobody", "name of a user"),
    ("owner_id", 2.5, "must be an integer"),
    ("contract_number", {"a": 1}, "must be text"),
    ("is_archived", "perhaps", "must be true or false"),
    ("is_archived", 2, "must be true or false"),
]


@pytest.fixture
def deals(small):
    """Ids of deals that can be updated."""
    return [row["id"] for row in small.rows("deals") if not row["is_deleted"] and not row["is_archived"]]


def update(load, deals, cases):
    """A run that writes the value of each case into a deal of its own."""
    columns = {column: {} for column, *_ in cases}
    assert len(deals) * 2 >= len(cases)
    runs = []
    for begin in range(0, len(cases), len(deals)):
        part = cases[begin : begin + len(deals)]
        messages = [
            record("deals", id=number, **{column: value})
            for number, (column, value, _) in zip(deals, part, strict=False)
        ]
        runs.append((part, load(schema("deals", {"id": {}, **columns}), *messages)))
    return runs


def test_unambiguous_values_are_accepted(load, small, deals):
    fields = {}
    for field in small.get("/api/v2/dealFields?limit=500")["data"]:
        fields.setdefault(slug(field["field_name"]), field)
    for part, run in update(load, deals, TAKEN):
        assert run.errors == []
        rows = {row["id"]: row for row in small.rows("deals")}
        for number, (column, value, wanted) in zip(deals, part, strict=False):
            row = rows[number]
            held = row[column] if column in row else readable(row["custom_fields"], fields[column], wanted)
            assert held == wanted, (column, value)


def readable(values, field, wanted):
    """A custom field's value with labels for options, and only the expected parts."""
    held = values[field["field_code"]]
    labels = {one["id"]: one["label"] for one in field["options"] or ()}
    if isinstance(held, list):
        return sorted(labels[one] for one in held)
    if isinstance(held, dict):
        return {name: held[name] for name in wanted}
    return labels.get(held, held)


def test_ambiguous_values_are_rejected(load, small, deals):
    before = small.rows("deals")
    for part, run in update(load, deals, REFUSED):
        assert len(run.errors) == len(part)
        for (column, value, reason), error in zip(part, run.errors, strict=True):
            assert column in error, (column, value)
            assert reason in error, (column, value)
    assert small.rows("deals") == before


LABELLED = [
    ("deals", "label_ids", ["Hot", 3], [1, 3]),
    ("deals", "label_ids", "warm, Cold", [2, 3]),
    ("deals", "label_ids", '["Überfällig"]', [4]),
    ("persons", "label_ids", "Hot lead", [6]),
    ("organizations", "industry", "Software", 2),
    ("products", "category", "service", 62),
]


@pytest.mark.parametrize(("entity", "column", "given", "held"), LABELLED)
def test_options_of_standard_fields_are_accepted_by_label_too(small, load, entity, column, given, held):
    run = load(rows(entity, {"id": 1, column: given}, keys=["id"]))
    assert run.errors == []
    kept = next(one for one in small.rows(entity) if one["id"] == 1)[column]
    assert (sorted(kept) if isinstance(kept, list) else int(kept)) == held
    assert load(rows(entity, {"id": 1, column: given}, keys=["id"])).outcomes == ["unchanged"]


def test_labels_of_standard_fields_in_actions_and_unknown_labels(small, load):
    assert load(rows("add_deal", {"title": "Labelled", "label_ids": ["Warm"]})).errors == []
    assert next(one for one in small.rows("deals") if one["title"] == "Labelled")["label_ids"] == [2]
    run = load(rows("deals", {"id": 1, "label_ids": ["Hott"]}, keys=["id"]))
    for fact in ("label_ids", "no such option", "Hott", "nearest: Hot"):
        assert fact in run.errors[0]


def test_options_given_by_id_do_not_cause_a_read_of_definitions(small, load):
    small.post("/_emulator/log/clear")
    load(rows("deals", {"id": 1, "label_ids": [2]}, {"id": 2, "label_ids": "1,2"}, keys=["id"]))
    assert "GET /api/v2/dealFields" not in small.requests()


def test_an_address_under_another_name_does_not_empty_the_list(small, load):
    before = small.get("/api/v2/persons/1")["data"]["emails"]
    assert before
    run = load(rows("persons", {"id": 1, "emails": [{"mail": "a@b.example"}]}, keys=["id"]))
    assert run.outcomes == ["failed"]
    assert "emails element 1 needs `value`; it has mail" in run.errors[0]
    assert small.get("/api/v2/persons/1")["data"]["emails"] == before
    emptied = load(rows("persons", {"id": 1, "emails": [{"value": "", "primary": True}]}, keys=["id"]))
    assert emptied.outcomes == ["updated"]
