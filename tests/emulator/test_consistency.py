"""An entity has the same form everywhere: lists, single reads, responses of writes, both versions."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.emulator.asking import Asker, body_of, key_of, published
from tests.emulator.sales_cases import form_of
from tests.support.emulator import Emulator

Row = dict[str, Any]
ANY = re.compile(r"\{[^}]+\}")
READS = {(o["version"], ANY.sub("{}", o["path"])): o for o in published() if o["method"] == "GET"}
LISTS = sorted(place for place in READS if "{}" not in place[1] and (place[0], f"{place[1]}/{{}}") in READS)
QUERIES = {
    "organizationRelationships": {"org_id": 1},
    "mailThreads": {"folder": "inbox"},
    "phases": {"board_id": 1},
}
# Keys that only a list or only a single read has, as published.
ONLY_LISTED = {"related_organization_name", "level", "picklist_data"}
ONLY_SINGLE = {"conditions", "contents"}
WRITES = [
    o
    for o in published()
    if o["method"] in ("POST", "PUT", "PATCH")
    and (o["version"], ANY.sub("{}", o["path"]) + ("/{}" if o["method"] == "POST" else "")) in READS
]
# Returned by writes, and by reads on request, or the reverse.
OF_WRITES = {"attendees", "source_lead_id", "ui_visibility", "important_fields", "required_fields"}
OF_READS = {"calculated_type", "calculated_related_org_id"}
# Operations that publish no more than an id, or whose rows have no address that can be derived.
TERSE = {"v1:addRole", "v1:updateRole", "v2:updateProductImage", "v1:addNoteComment"}
MOST = 40
ADDRESS = """
    street_number route subpremise sublocality locality admin_area_level_1 admin_area_level_2 country
    postal_code
"""


@pytest.fixture(scope="module")
def asker():
    with Emulator("--burst", "0", "--daily-tokens", "1000000000", "--legacy") as running:
        yield Asker(running.url)


def _included(operation: Row) -> dict[str, str]:
    found = next((p for p in operation["parameters"] if p["name"] == "include_fields"), None)
    names = (found or {}).get("enum") or ((found or {}).get("items") or {}).get("enum") or []
    longest = max(map(str, names), key=len, default="")
    return {"include_fields": longest if "," in longest else ",".join(names)} if names else {}


@pytest.mark.parametrize("place", LISTS, ids=" ".join)
def test_a_list_shows_rows_as_single_reads_do(asker, place):
    version, path = place
    query = next((more for name, more in QUERIES.items() if path.endswith(name)), {})
    one = {name: value for name, value in query.items() if name == "org_id"}
    for extra in ({}, _included(READS[place]) if version == "v2" else {}):
        rows = asker.get(path, **query, **extra)["data"][:MOST]
        assert rows
        for row in rows:
            number = row.get("field_code") or row["id"]
            shown = asker.get(f"{path}/{number}", **one, **extra)["data"]
            shown = shown[0] if isinstance(shown, list) else shown
            assert row.keys() - shown.keys() <= ONLY_LISTED
            assert shown.keys() - row.keys() <= ONLY_SINGLE
            assert {n: row[n] for n in row.keys() & shown.keys()} == {
                n: shown[n] for n in row.keys() & shown.keys()
            }


@pytest.mark.parametrize("operation", [o for o in WRITES if key_of(o) not in TERSE], ids=key_of)
def test_a_write_returns_what_a_read_shows(asker, operation):
    bodies, more = operation.get("request_body") or {}, {"params": asker.query(operation)}
    if "application/json" in bodies:
        more["json"] = body_of(operation, full=True)
    elif bodies:
        more.update(form_of(key_of(operation)))
    address = asker.address(operation, asker.tables())
    answer = asker.ask(operation["method"], address, **more)
    try:
        assert answer.status_code < 300, answer.text
        written = answer.json()["data"]
        if operation["method"] == "POST":
            address = f"{address}/{written.get('field_code') or written.get('goal', written)['id']}"
        shown = asker.get(address)["data"]
        assert written.keys() - shown.keys() <= OF_WRITES
        assert shown.keys() - written.keys() <= OF_READS
        both = written.keys() & shown.keys()
        assert {n: written[n] for n in both} == {n: shown[n] for n in both}
    finally:
        asker.hook("reset", {})


def _in_v1(kind: str, key: str, value: Any) -> Row:
    """A v2 custom value as v1 spells it, by the published tables of types."""
    if kind == "monetary":
        return {key: (value or {}).get("value"), f"{key}_currency": (value or {}).get("currency")}
    if kind in ("daterange", "time", "timerange"):
        whole = value or {}
        shown = {key: whole.get("value")}
        if kind != "time":
            shown[f"{key}_until"] = whole.get("until")
        return shown if kind == "daterange" else {**shown, f"{key}_timezone_id": whole.get("timezone_id")}
    if kind == "address":
        whole = value or {}
        shown = {f"{key}_{part}": whole.get(part) for part in ADDRESS.split()}
        return {**shown, key: whole.get("value"), f"{key}_formatted_address": whole.get("value")}
    if kind == "set":
        return {key: None if value is None else ",".join(map(str, value))}
    return {key: str(value) if kind == "enum" and value is not None else value}


def _v1_rows(ask: Asker, entity: str) -> dict[int, Row]:
    """Rows of an entity as v1 shows them, from wherever it still does."""
    rows: list[Row] = []
    for product in ask.get("/api/v2/products")["data"]:
        if entity == "deals":
            rows += ask.get(f"/v1/products/{product['id']}/deals")["data"] or []
    if entity == "persons":
        for deal in ask.get("/api/v2/deals")["data"]:
            rows += [row["person"] for row in ask.get(f"/v1/deals/{deal['id']}/participants")["data"] or []]
    if entity == "products":
        for person in ask.get("/api/v2/persons")["data"]:
            found = ask.get(f"/v1/persons/{person['id']}/products")["data"] or []
            rows += [next(iter(row.values()))["product"] for row in found]
    if entity == "projects":
        rows = ask.get("/v1/projects")["data"]
    if entity == "organizations":
        items = ask.get("/v1/recents", since_timestamp="2026-05-16 09:00:00", items="organization")["data"]
        rows = [item["data"] for item in items if item["data"]]
    return {row["id"]: row for row in rows}


@pytest.mark.parametrize(
    ("entity", "word", "value_of_every_type"),
    [
        ("deals", "deal", True),
        ("persons", "person", True),
        ("products", "product", True),
        ("projects", "project", True),
        ("organizations", "organization", False),
    ],
)
def test_custom_values_are_the_same_in_both_versions(asker, entity, word, value_of_every_type):
    fields = asker.get(f"/api/v2/{word}Fields", limit=500)["data"]
    kinds = {f["field_code"]: f["field_type"] for f in fields if f["is_custom_field"]}
    full, empty = set(), set()
    rows = _v1_rows(asker, entity)
    assert rows
    for number, row in rows.items():
        values = asker.get(f"/api/v2/{entity}/{number}")["data"]["custom_fields"]
        expected: Row = {}
        for key, kind in kinds.items():
            expected.update(_in_v1(kind, key, values[key]))
            (empty if values[key] is None else full).add(kind)
        assert {name: value for name, value in row.items() if re.match(r"[0-9a-f]{40}", name)} == expected
    if value_of_every_type:
        assert full == empty == set(kinds.values())


def test_leads_show_the_values_of_deals_fields_without_the_empty_ones(asker):
    fields = asker.get("/api/v2/dealFields", limit=500)["data"]
    kinds = {f["field_code"]: f["field_type"] for f in fields if f["is_custom_field"]}
    tables = {row["id"]: row["custom_fields"] for row in asker.tables()["leads"]}
    full = set()
    for row in asker.get("/v1/leads")["data"]:
        expected: Row = {}
        for key, kind in kinds.items():
            found = _in_v1(kind, key, tables[row["id"]][key])
            full |= {kind} if tables[row["id"]][key] is not None else set()
            expected.update({name: value for name, value in found.items() if value is not None})
        assert {name: value for name, value in row.items() if re.match(r"[0-9a-f]{40}", name)} == expected
    assert full == set(kinds.values())


def test_deals_of_v1_agree_with_those_of_v2(asker):
    for number, old in _v1_rows(asker, "deals").items():
        new = asker.get(f"/api/v2/deals/{number}")["data"]
        same = (
            "title",
            "value",
            "currency",
            "status",
            "stage_id",
            "pipeline_id",
            "probability",
            "origin",
            "arr",
        )
        assert {name: old[name] for name in same} == {name: new[name] for name in same}
        for name in ("add_time", "update_time", "won_time", "lost_time", "close_time", "stage_change_time"):
            assert old[name] == (new[name] and new[name][:19].replace("T", " "))
        assert old["user_id"]["value"] == new["owner_id"]
        assert (old["person_id"] or {}).get("value") == new["person_id"]
        assert (old["org_id"] or {}).get("value") == new["org_id"]
        assert old["label"] == (",".join(map(str, new["label_ids"])) or None)
        assert (old["deleted"], old["is_archived"]) == (new["is_deleted"], new["is_archived"])
        assert old["visible_to"] == str(new["visible_to"])


def test_parts_of_custom_values_are_checked_against_their_field(asker):
    field = next(
        f
        for f in asker.get("/v1/dealFields", limit=500)["data"]
        if f["field_type"] == "monetary" and f["edit_flag"]
    )
    key = field["key"]
    assert [part["key"] for part in field["subfields"]] == [f"{key}_currency"]
    lead = asker.get("/v1/leads")["data"][0]["id"]
    fine = asker.send("PATCH", f"/v1/leads/{lead}", {key: 5, f"{key}_currency": "EUR"})
    assert (fine.status_code, fine.json()["data"][key]) == (200, 5)
    for body in ({f"{key}_until": "2026-01-01"}, {f"{key}_currency": "USD"}):
        assert asker.send("PATCH", f"/v1/leads/{lead}", body).status_code == 400
    asker.hook("reset", {})
