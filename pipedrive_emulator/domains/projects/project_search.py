"""Search of projects by title, description, notes and custom fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.query.search import custom_texts, hits, items_page, note_texts, score, term_of

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.api.http import Response, Row

FIELDS = ("title", "description", "custom_fields", "notes")


def _link(account: Account, table: str, ids: list[int], name: str) -> Row | None:
    """Return the first linked record that is live."""
    rows = filter(None, (account.find(table, number) for number in ids))
    return next(({"id": row["id"], name: row[name]} for row in rows), None)


def _item(account: Account, row: Row) -> Row:
    phase = account.find("project_phases", row["phase_id"])
    organization = _link(account, "organizations", row["org_ids"], "name")
    if organization is not None:
        address = account.require("organizations", organization["id"])["address"] or {}
        organization["address"] = address.get("value")
    return {
        "id": row["id"],
        "type": "project",
        "title": row["title"],
        "status": row["status"],
        "owner": {"id": row["owner_id"]},
        "board_id": row["board_id"],
        "phase": None if phase is None else {"id": phase["id"], "name": phase["name"]},
        "person": _link(account, "persons", row["person_ids"], "name"),
        "organization": organization,
        "deal": _link(account, "deals", row["deal_ids"], "title"),
        "deal_count": len(row["deal_ids"]),
        "description": row["description"],
        "end_date": row["end_date"],
    }


def found_projects(account: Account, query: Row) -> list[tuple[float, Row]]:
    """Return the projects with the term in one of the fields, without deleted ones."""
    term, exact = term_of(query), query.get("exact_match", False)
    fields = query.get("fields", FIELDS)
    found: list[tuple[float, Row]] = []
    for row in account.indexed("projects").live():
        if query.get("person_id") not in (None, *row["person_ids"]):
            continue
        if query.get("organization_id") not in (None, *row["org_ids"]):
            continue
        texts = {
            "title": [row["title"]],
            "description": [row["description"] or ""],
            "custom_fields": custom_texts(account, "projects", row) if "custom_fields" in fields else [],
            "notes": note_texts(account, "project_id", row["id"]) if "notes" in fields else [],
        }
        value = score((text for name in fields for text in texts[name]), term, exact=exact)
        if value:
            matched = {name: hits(texts[name], term, exact=exact) for name in ("custom_fields", "notes")}
            found.append((value, {**_item(account, row), **matched}))
    return found


@handler("v2:searchProjects")
def search(call: Call) -> Response:
    """Return a page of the found projects."""
    return items_page(found_projects(call.account, call.query), call.query)
