"""A run interrupted while rows were deferred until their references exist: the next run completes them."""

from __future__ import annotations

import pytest

from tests.target.circle import Circle
from tests.target.helpers import adding, record, rows, schema, state

pytestmark = pytest.mark.dialects

BROKEN_OFF = state({"under_way": True})
FAILING = {"kind": "status_before", "status": 400}


@pytest.fixture
def champion(small):
    """Return the key of a custom field of products with persons as values."""
    asked = {"field_name": "Sponsor", "field_type": "people"}
    return small.post("/api/v2/productFields", asked)["data"]["field_code"]


def products(count=3):
    """Products of another account, each with its own person."""
    wanted = [{"id": 500 + n, "name": f"Brought {n}", "Sponsor": 700 + n} for n in range(count)]
    return rows("products", *wanted, keys=["id"])


def persons(count=3):
    return rows("persons", *({"id": 700 + n, "name": f"Sponsor {n}"} for n in range(count)), keys=["id"])


def brought(small, champion):
    """Return the names of the sponsors of the written products, by the names of the products."""
    names = {one["id"]: one["name"] for one in small.rows("persons")}
    return sorted(
        [
            (one["name"], names.get(one["custom_fields"].get(champion)))
            for one in small.rows("products")
            if one["name"].startswith("Brought")
        ],
        key=str,
    )


WHOLE = [(f"Brought {n}", f"Sponsor {n}") for n in range(3)]


def test_references_missing_at_the_interruption_are_filled_in(load, small, champion):
    first = load(products(), BROKEN_OFF, foreign_ids=True)
    assert "ended unexpectedly" in str(first.error)
    assert brought(small, champion) == [(name, None) for name, _ in WHOLE]
    second = load(persons(), products(), foreign_ids=True)
    assert second.error is None
    assert second.errors == []
    assert brought(small, champion) == WHOLE
    sent = small.requests()
    assert sent["POST /api/v2/products"] == 3
    assert load(persons(), products(), foreign_ids=True).outcomes == ["unchanged"] * 6


def test_circular_references_are_filled_in_after_an_interruption(load, small):
    circle = Circle(small, 5)
    load(rows("organizations", *circle.organizations[:3], keys=["id"]), BROKEN_OFF, foreign_ids=True)
    run = load(rows("organizations", *circle.organizations, keys=["id"]), foreign_ids=True)
    assert run.errors == []
    # It depends on timing whether the second of two exists when the first is looked up.
    assert [one for one in run.outcomes if one not in ("unchanged", "updated")] == ["created"] * 2
    assert small.requests()["POST /api/v2/organizations"] == 5
    assert circle.is_closed(run.ids)


def test_a_row_with_a_lost_response_is_found_without_references_resolved_later(load, small, champion):
    """It was added without its person. A lookup with the person finds the same row."""
    small.post(
        "/_emulator/faults",
        [
            {"operation": "POST /api/v2/products", "nth": 1, "kind": "status_after", "status": 500},
            {"operation": "GET /api/v2/products", **FAILING},
        ],
    )
    first = load(products(1), foreign_ids=True)
    assert first.outcomes == ["failed"]
    small.post("/_emulator/faults", [])
    second = load(persons(1), products(1), foreign_ids=True)
    assert second.errors == []
    assert brought(small, champion) == WHOLE[:1]


def test_of_two_similar_rows_the_one_with_the_value_is_found_first(load, small, champion):
    """One already has its person, the other does not: rows are not confused, and nothing is added twice."""
    load(persons(1), foreign_ids=True)
    small.post("/_emulator/faults", [{"operation": "GET /api/v2/products", **FAILING}, {
        "operation": "POST /api/v2/products", "kind": "status_after", "status": 500}])  # fmt: skip
    alike = [{"id": 500, "name": "Brought 0", "Sponsor": 700}, {"id": 501, "name": "Brought 0"}]
    assert load(rows("products", *alike, keys=["id"]), foreign_ids=True).outcomes == ["failed"] * 2
    small.post("/_emulator/faults", [])
    run = load(rows("products", *alike, keys=["id"]), foreign_ids=True)
    assert run.errors == []
    assert brought(small, champion) == [("Brought 0", "Sponsor 0"), ("Brought 0", None)]
    held = {str(one["id"]): one["custom_fields"].get(champion) for one in small.rows("products")}
    assert [held[one] is not None for one in run.ids] == [True, False]


def test_plain_adds_that_an_earlier_run_made_are_not_read_again(load, small):
    """Their content equals the request, so 100 of them cost no requests."""
    added = [record("deals", title=f"Deal {n}") for n in range(20)]
    load(schema("deals", "title"), added, BROKEN_OFF, **adding("deals"))
    before = small.requests()
    run = load(schema("deals", "title"), added, **adding("deals"))
    assert run.outcomes == ["created"] * 20
    after = small.requests()
    assert {name for name in after if after[name] != before.get(name)} <= {"GET /v1/users/me"}


def test_a_deferred_row_is_recognized_although_its_source_changed(load, small, champion):
    load(products(), BROKEN_OFF, foreign_ids=True)
    renamed = [{"id": 500, "name": "Brought anew", "Sponsor": 700}]
    run = load(persons(1), rows("products", *renamed, keys=["id"]), foreign_ids=True)
    assert run.outcomes == ["created", "updated"]
    assert brought(small, champion) == [
        ("Brought 1", None),
        ("Brought 2", None),
        ("Brought anew", "Sponsor 0"),
    ]


def test_a_row_that_failed_after_its_creation_is_updated_by_its_reject(load, small, champion):
    fault = {"operation": "PATCH /api/v2/products/{id}", "kind": "status_before", "status": 400}
    small.post("/_emulator/faults", [fault])
    first = load(products(1), persons(1), foreign_ids=True)
    assert first.outcomes == ["failed", "created"]
    small.post("/_emulator/faults", [])
    again = load(*first.rejects.read_text().splitlines(), foreign_ids=True)
    assert again.outcomes == ["updated"]
    assert brought(small, champion) == WHOLE[:1]


def test_a_row_without_an_external_id_is_filled_in_too(load, small, champion):
    made = rows("products", {"name": "Brought 0", "Sponsor": {"external_id": "p0"}})
    load(made, BROKEN_OFF, **adding("products"))
    run = load(
        rows("persons", {"external_id": "p0", "name": "Sponsor 0"}, keys=["external_id"]),
        made,
        **adding("products"),
    )
    assert run.errors == []
    assert brought(small, champion) == WHOLE[:1]


def test_a_row_without_an_external_id_that_failed_after_its_creation_is_not_added_again(load, small):
    """Archiving a lead is a second call."""
    fault = {"operation": "PATCH /api/v1/leads/{id}", "kind": "status_before", "status": 400}
    small.post("/_emulator/faults", [fault])
    before = len(small.rows("leads"))
    first = load(rows("leads", {"title": "Once", "person_id": 1, "is_archived": True}), **adding("leads"))
    assert first.outcomes == ["failed"]
    small.post("/_emulator/faults", [])
    again = load(*first.rejects.read_text().splitlines(), **adding("leads"))
    assert again.errors == []
    assert len(small.rows("leads")) == before + 1
    assert small.rows("leads")[-1]["is_archived"] is True
    # A later request with the same content is for another lead.
    assert load(rows("leads", {"title": "Once", "person_id": 1}), **adding("leads")).outcomes == ["created"]
