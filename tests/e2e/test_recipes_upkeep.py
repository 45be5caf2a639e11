"""The recipes that clean up an account, run exactly as written against the emulator."""

from __future__ import annotations

import pytest

from tests.support.recipes import follow, project, read, rows, settings

pytestmark = pytest.mark.xdist_group("meltano")


@pytest.fixture
def root(tmp_path):
    return project(tmp_path)


def writes(emulator) -> dict[str, int]:
    """Requests that may have changed something, by operation."""
    return {name: count for name, count in emulator.requests().items() if not name.startswith("GET ")}


def add_person(emulator, name, email=None, phone=None) -> int:
    body = {"name": name}
    for column, value in (("emails", email), ("phones", phone)):
        body[column] = [{"value": value, "primary": True, "label": "work"}] if value else []
    return emulator.post("/api/v2/persons", body)["data"]["id"]


@pytest.mark.soak
def test_merge_duplicates(small, root):
    kept = add_person(small, "Ada Lovelace", "ada@x.example", "+44 20 7946 0001")
    twin = add_person(small, "A. Lovelace", "ADA@x.example ", "+44 20 7946 0002")
    third = add_person(small, "Ada L.", "ada@home.example", "+44 (20) 79460002")
    colleagues = [add_person(small, f"Team {number}", "info@x.example") for number in range(5)]
    fourth = add_person(small, "Ada", "ada@x.example")
    deal = small.post("/api/v2/deals", {"title": "Engine", "person_id": twin})["data"]["id"]
    small.post("/_emulator/log/clear")
    follow(read("merge-duplicates"), root, settings(small, "persons", "deals"))
    persons = {row["id"]: row for row in small.rows("persons")}
    gone = {number for number in (kept, twin, third, fourth, *colleagues) if persons[number]["is_deleted"]}
    assert gone == {twin, fourth}  # the third shares only a number, and was not approved
    assert {entry["value"] for entry in persons[kept]["phones"]} == {"+44 20 7946 0001", "+44 20 7946 0002"}
    assert {row["id"]: row["person_id"] for row in small.rows("deals")}[deal] == kept
    assert writes(small) == {"PUT /api/v1/persons/{id}/merge": 2}
    held = f"select count(*) from pipedrive.persons where id in ({twin}, {fourth})"
    assert rows(root, held) == [(0,)]
    assert rows(root, f"select person_id from pipedrive.deals where id = {deal}") == [(kept,)]
    before = f"select id from '{root}/output/persons-before-merge.parquet' order by id"
    assert rows(root, before) == [(kept,), (twin,), (fourth,)]


HANDED_OVER = {
    "organizations": lambda row: not row["is_deleted"],
    "persons": lambda row: not row["is_deleted"],
    "deals": lambda row: row["status"] == "open" and not row["is_archived"] and not row["is_deleted"],
    "activities": lambda row: not row["done"] and not row["is_deleted"],
    "leads": lambda row: not row["is_archived"],
}


def owners(emulator) -> dict[str, dict[object, int]]:
    """Owner of every row, by table and id."""
    tables = emulator.dump()["tables"]
    return {name: {row["id"]: row["owner_id"] for row in tables[name]} for name in HANDED_OVER}


def of_organization(name, row) -> int | None:
    return row["id"] if name == "organizations" else row.get("org_id") or row.get("organization_id")


@pytest.mark.soak
def test_change_owners(small, root):
    document, undo = read("change-owners").split("## Undo")
    tables, before = small.dump()["tables"], owners(small)
    moving = {
        name: {row["id"] for row in tables[name] if row["owner_id"] == 5 and moves(row)}
        for name, moves in HANDED_OVER.items()
    }
    assert all(moving.values())
    follow(document, root, settings(small, "users", *HANDED_OVER))
    after = owners(small)
    changed = {
        name: {key for key, owner in after[name].items() if owner != before[name][key]} for name in after
    }
    assert changed == moving
    heirs: dict[int, set[int]] = {}
    for name, keys in moving.items():
        for row in tables[name]:
            if row["id"] in keys and (organization := of_organization(name, row)) is not None:
                heirs.setdefault(organization, set()).add(after[name][row["id"]])
    assert all(len(found) == 1 for found in heirs.values())
    assert set.union(*heirs.values()) == {2, 3}
    total = sum(map(len, moving.values()))
    assert sum(writes(small).values()) == total  # once each: the second run wrote nothing
    follow(undo, root, settings(small, "users", *HANDED_OVER))
    assert owners(small) == before
    assert sum(writes(small).values()) == 2 * total


@pytest.mark.soak
def test_sync_a_sheet(small, root):
    known = {one["id"] for one in small.rows("deals")}
    document, last = read("sync-a-sheet").split("## Keep it in sync")
    follow(document, root, settings(small))
    numbers = {one["title"] for one in small.rows("deals") if one["id"] not in known}
    assert len(small.rows("deals")) - len(known) == 200
    assert "Service contract" in numbers
    small.post("/_emulator/log/clear")
    follow(last, root, settings(small))
    assert writes(small) == {}
