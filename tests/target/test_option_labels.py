"""Labels of options: whole before split, compared without case and spaces, added once."""

from __future__ import annotations

import pytest

from target_pipedrive.custom_fields.options import label_key, split_labels
from tests.target.case_folders import Case, writes_of
from tests.target.helpers import record, rows, schema
from tests.target.twice import field_key, row, settles

pytestmark = pytest.mark.dialects

PATHS = {"deals": "deal", "persons": "person", "organizations": "organization", "products": "product"}
KNOWN = [label_key(one) for one in ("Acme", "Umbrella", "Umbrella, Inc.", "A; B", "Say, what, now")]
SPLIT = {
    "Acme, Umbrella, Inc.": ["Acme", "Umbrella, Inc."],
    "umbrella,inc.,acme": ["umbrella", "inc.", "acme"],
    "Umbrella,  INC. ; acme": ["Umbrella,  INC.", "acme"],
    "Umbrella, Acme": ["Umbrella", "Acme"],
    "A; B": ["A; B"],
    "A; B; Acme": ["A; B", "Acme"],
    "say, what, now, Acme": ["say, what, now", "Acme"],
    "Nobody, Acme": ["Nobody", "Acme"],
    " , ,": [],
}


def test_the_longest_known_label_is_one():
    assert {text: split_labels(text, KNOWN) for text in SPLIT} == SPLIT


def labels(small, table, name, number):
    """Return the labels in a row's custom field, and the number of labels of the field."""
    key = field_key(small, PATHS[table], name)
    fields = small.get(f"/api/v2/{PATHS[table]}Fields?limit=500")["data"]
    options = {
        one["id"]: one["label"] for field in fields if field["field_code"] == key for one in field["options"]
    }
    held = row(small, table, number)["custom_fields"][key]
    ids = held if isinstance(held, list) else [held] if held else []
    return sorted(options[one] for one in ids), len(options)


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("table", PATHS)
@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("Acme, Umbrella, Inc.", ["Acme", "Umbrella, Inc."]),
        ("umbrella,  inc.", ["Umbrella, Inc."]),
        (" GLOBEX ;Umbrella, Inc.", ["Globex", "Umbrella, Inc."]),
        (["Acme ", "UMBRELLA, INC."], ["Acme", "Umbrella, Inc."]),
        ('["Acme", "Umbrella, Inc."]', ["Acme", "Umbrella, Inc."]),
        ("Acme,acme, ACME", ["Acme"]),
    ],
)
def test_a_label_with_a_comma_is_found_before_the_text_is_split(small, load, table, given, wanted, create):
    before = labels(small, table, "Competitors", 1)[1]
    key = field_key(small, PATHS[table], "Competitors")
    small.call("PATCH", f"/api/v2/{table}/1", {"custom_fields": {key: None}})
    run = settles(
        small, load, rows(table, {"id": 1, "Competitors": given}, keys=["id"]), create_options=create
    )
    assert (run.outcomes, run.errors) == (["updated"], [])
    assert labels(small, table, "Competitors", 1) == (wanted, before)


@pytest.mark.parametrize("table", PATHS)
def test_options_are_added_once_and_definitions_read_once(small, load, table):
    tiers = ["Diamond", " diamond", "DIAMOND ", "Platinum", "platinum", "gold ", "Ruby"]
    before = labels(small, table, "Tier", 1)[1]
    messages = [
        schema(table, "id Tier Competitors", ["id"]),
        *(
            record(table, id=at + 1, Tier=tier, Competitors=f"Acme, New {at}")
            for at, tier in enumerate(tiers)
        ),
    ]
    small.post("/_emulator/log/clear")
    run = load(*messages, create_options=True)
    assert (run.outcomes, run.errors) == (["updated"] * len(tiers), [])
    one = PATHS[table]
    requests = small.requests()
    assert requests[f"GET /api/v2/{one}Fields"] == 1
    assert requests[f"POST /api/v2/{one}Fields/{{field_code}}/options"] == 3 + len(tiers)
    assert labels(small, table, "Tier", 1) == (["Diamond"], before + 3)
    assert labels(small, table, "Tier", 3)[0] == ["Diamond"]
    assert labels(small, table, "Competitors", 7)[0] == ["Acme", "New 6"]
    small.post("/_emulator/log/clear")
    again = load(*messages, create_options=True)
    assert set(again.outcomes) == {"unchanged"}
    assert writes_of(small) == []


def test_options_of_leads_are_added_once_as_well(small, load):
    leads = [one["id"] for one in small.rows("leads") if not one["is_archived"]][:3]
    messages = rows("leads", *({"id": one, "Tier": "Opal"} for one in leads), keys=["id"])
    run = settles(small, load, messages, create_options=True)
    assert run.errors == []
    key = field_key(small, "deal", "Tier")
    assert len({one["custom_fields"][key] for one in small.rows("leads") if one["id"] in leads}) == 1


def test_a_number_that_is_not_an_option_is_not_created(small, load):
    before = labels(small, "deals", "Tier", 1)
    run = settles(
        small,
        load,
        rows("deals", {"id": 1, "Tier": 99_999}, {"id": 1, "Tier": 1.5}, keys=["id"]),
        create_options=True,
    )
    assert run.outcomes == ["failed", "failed"]
    assert all("Tier" in error and "99999" in error for error in run.errors[:1])
    assert labels(small, "deals", "Tier", 1) == before


def test_options_of_other_standard_fields_are_never_created(small, load):
    row = {"id": 1, "industry": "Nothing"}
    run = settles(small, load, rows("organizations", row, keys=["id"]), create_options=True)
    assert run.outcomes == ["failed"]
    assert "Nothing" in run.errors[0]
    assert "create_options" not in run.errors[0]


def test_a_dry_run_adds_no_option(small, load):
    small.post("/_emulator/log/clear")
    run = load(
        rows("deals", {"id": 1, "Tier": "Opal"}, {"id": 2, "Tier": "opal "}, keys=["id"]),
        create_options=True,
        dry_run=True,
    )
    assert run.outcomes == ["updated", "updated"]
    assert writes_of(small) == []


def test_sample_of_new_options(small, tmp_path):
    case = Case(small, tmp_path, "46-create-options")
    tiers, competitors = (labels(small, "organizations", name, 1)[1] for name in ("Tier", "Competitors"))
    run = case()
    assert (run.code, run.outcomes, run.rejects) == (0, ["updated"] * 6, [])
    assert labels(small, "organizations", "Competitors", 1) == (["Acme", "Umbrella, Inc."], competitors)
    held = [labels(small, "organizations", "Tier", number)[0] for number in (2, 3, 4, 5, 6)]
    assert held == [["Gold"], ["Diamond"], ["Diamond"], ["N/A"], ["999"]]
    assert labels(small, "organizations", "Tier", 2)[1] == tiers + 3
    again = case()
    assert (again.code, again.writes) == (0, [])


REFUSED = ["a\u0000b", "\u0000"]


@pytest.mark.parametrize("column", ["Tier", "Competitors"])
@pytest.mark.parametrize("label", REFUSED)
@pytest.mark.parametrize("table", PATHS)
def test_a_label_that_pipedrive_rejects_fails_its_records_alone(small, load, table, label, column):
    before = labels(small, table, column, 3)[1]
    records = [{"id": at, column: label} for at in (1, 2)] + [{"id": 3, column: "Opal"}]
    run = load(rows(table, *records, keys=["id"]), create_options=True)
    assert (run.error, run.outcomes[:2], run.outcomes[2]) == (None, ["failed", "failed"], "updated")
    again = load(rows(table, *records, keys=["id"]), create_options=True)
    assert (again.error, again.outcomes) == (None, ["failed", "failed", "unchanged"])
    for number, error in enumerate(run.errors, start=1):
        assert all(one in error for one in (column, f"id {number}", "option", "label"))
    assert labels(small, table, column, 3)[1] == before + 1


def test_a_rejected_label_is_sent_once(small, load):
    small.post("/_emulator/log/clear")
    records = [{"id": at, "Tier": "a\u0000b"} for at in range(1, 5)]
    run = load(rows("deals", *records, keys=["id"]), create_options=True)
    assert run.outcomes == ["failed"] * 4
    assert small.requests()["POST /api/v2/dealFields/{field_code}/options"] == 1


@pytest.mark.parametrize("table", ["deals", "persons", "organizations"])
def test_missing_labels_of_rows_are_added_once(small, load, table):
    path = f"/api/v2/{PATHS[table]}Fields/label_ids"
    before = small.get(path)["data"]["options"]
    messages = rows(
        table, {"id": 1, "label_ids": "Renewal"}, {"id": 2, "label_ids": ["renewal ", "Hot"]}, keys=["id"]
    )
    wanted = [] if "Hot" in [one["label"] for one in before] else ["Hot"]
    planned = load(*messages, create_options=True, dry_run=True)
    assert (planned.outcomes, planned.errors) == (["updated"] * 2, [])
    run = settles(small, load, messages, create_options=True)
    assert (run.outcomes, run.errors) == (["updated"] * 2, [])
    options = {one["label"]: one["id"] for one in small.get(path)["data"]["options"]}
    assert sorted(options) == sorted([*(one["label"] for one in before), "Renewal", *wanted])
    assert row(small, table, 1)["label_ids"] == [options["Renewal"]]
    assert row(small, table, 2)["label_ids"] == [options["Renewal"], options["Hot"]]


def test_a_missing_label_is_created_only_if_allowed(load):
    run = load(*rows("deals", {"id": 1, "label_ids": "Renewal"}, keys=["id"]))
    assert "has no such option" in run.errors[0]
    assert "or set create_options" in run.errors[0]


@pytest.fixture
def lead_labels(small):
    """Returns the labels of leads by name."""
    return lambda: {one["name"]: one["id"] for one in small.rows("lead_labels")}


def test_missing_labels_of_leads_are_created_once(small, load, lead_labels):
    before = lead_labels()
    known = next(iter(before))
    messages = rows(
        "leads",
        *(
            {"external_id": f"l-{number}", "title": f"L {number}", "person_id": 1, "label_ids": text}
            for number, text in enumerate(("Renewal", f"renewal , {known}", ["RENEWAL", "Upsell"]))
        ),
        keys=["external_id"],
    )
    planned = load(*messages, create_options=True, dry_run=True)
    assert (planned.outcomes, lead_labels()) == (["created"] * 3, before)
    run = settles(small, load, messages, create_options=True)
    assert (run.outcomes, run.errors) == (["created"] * 3, [])
    after = lead_labels()
    assert sorted(after) == sorted([*before, "Renewal", "Upsell"])
    held = [row(small, "leads", one)["label_ids"] for one in run.ids]
    assert held == [[after["Renewal"]], [after["Renewal"], after[known]], [after["Renewal"], after["Upsell"]]]


def test_missing_labels_of_leads_fail_without_create_options(load, lead_labels):
    before = lead_labels()
    run = load(
        *rows(
            "leads",
            {"external_id": "l", "title": "L", "person_id": 1, "label_ids": "New"},
            keys=["external_id"],
        )
    )
    assert run.outcomes == ["failed"]
    assert "is not one of the lead labels in Pipedrive" in run.errors[0]
    assert lead_labels() == before
