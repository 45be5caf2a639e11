"""Records of every entity that upserts can create, with unusual values as users send them."""

from __future__ import annotations

from typing import Any

Records = dict[str, list[dict[str, Any]]]

SCRIPT = "<p>x</p><script>a()</script>"
ODD_TEXT = "  Łódź  \u00a0 “quoted” & <b>bold</b> 😀 \t"


def first(account: Any, table: str) -> Any:
    """Id of the first row of a table that is not deleted."""
    gone = ("is_deleted", "deleted_flag")
    return next(one["id"] for one in account.rows(table) if not any(one.get(name) for name in gone))


def records_of(account: Any) -> Records:
    """Records by entity; all create rows, identified by external ids."""
    lead, field = first(account, "leads"), {"field_type": "varchar"}
    board = first(account, "project_boards")
    project = next(one for one in account.rows("projects") if one["status"] == "open")["id"]
    people = [one["id"] for one in account.rows("users") if one["active_flag"]]
    products = [one["id"] for one in account.rows("products") if not one["is_deleted"]]
    deals = [one["id"] for one in account.rows("deals") if one["status"] == "open" and not one["is_archived"]]
    billed = {"deal_id": deals[0], "product_id": products[0]}
    found: Records = {
        "deals": [
            {"title": ODD_TEXT, "value": "1234.5678", "currency": "EUR", "probability": "12.0"},
            {"title": "Lost", "status": "lost", "lost_reason": " Too   dear ", "label_ids": []},
            {"title": "Won", "status": "won", "won_time": "2026-01-02T03:04:05+02:00", "visible_to": "3"},
            {"title": "Zero", "value": 0, "currency": "JPY", "expected_close_date": "2026-02-03T00:00:00Z"},
            {"title": "Archived", "is_archived": "true"},
        ],
        "deal_products": [
            {**billed, "item_price": "9.999", "quantity": "0.5", "tax": "7.25", "comments": ODD_TEXT},
            {**billed, "item_price": 0, "quantity": 1, "is_enabled": "false", "discount": "10.00"},
        ],
        "deal_discounts": [
            {"deal_id": deals[0], "description": ODD_TEXT, "amount": "5.00", "type": "percentage"}
        ],
        "deal_installments": [],
        "deal_participants": [{"deal_id": deals[0], "person_id": 5}],
        "pipelines": [{"name": ODD_TEXT, "is_deal_probability_enabled": "1"}],
        "stages": [
            {
                "name": ODD_TEXT,
                "pipeline_id": 1,
                "deal_probability": "50.0",
                "is_deal_rot_enabled": "yes",
                "days_to_rotten": "7",
            },
            {"name": "Never rots", "pipeline_id": "1", "is_deal_rot_enabled": False},
        ],
        "leads": [
            {"title": ODD_TEXT, "person_id": 1, "value": {"amount": "12.340", "currency": "EUR"}},
            {"title": "Seen", "organization_id": "1", "was_seen": "0", "visible_to": 3},
            {"title": "Archived", "person_id": 1, "is_archived": True},
        ],
        "lead_labels": [{"name": ODD_TEXT, "color": "red"}],
        "persons": [
            {
                "name": ODD_TEXT,
                "emails": " Odd@Example.com ",
                "phones": "+49 (0) 30 / 12-34",
                "marketing_status": "subscribed",
                "birthday": "1980-02-29",
                "notes": SCRIPT,
            },
            {"name": "No address", "marketing_status": "unsubscribed", "emails": []},
            {"name": "Two", "emails": ["a@example.com", "b@example.com"], "postal_address": "Weg 1, Ort"},
            {"name": "Labels", "emails": [{"value": "c@example.com", "label": "home", "primary": "1"}]},
        ],
        "organizations": [
            {"name": ODD_TEXT, "address": "Somewhere 1", "website": "HTTP://Example.com/", "label_ids": ""},
            {"name": "Numbers", "annual_revenue": "1000.0", "employee_count": "5", "owner_id": "2"},
        ],
        "organization_relationships": [
            {"type": "parent", "rel_owner_org_id": 1, "rel_linked_org_id": "3"},
        ],
        "products": [
            {"name": ODD_TEXT, "code": " 007 ", "tax": "19.00", "unit": "", "is_linkable": "0"},
            {"name": "Priced", "prices": [{"currency": "EUR", "price": "1.005"}]},
            {"name": "Billed", "billing_frequency": "monthly", "billing_frequency_cycles": "3"},
        ],
        "product_variations": [{"product_id": products[0], "name": ODD_TEXT}],
        "activities": [
            {
                "subject": ODD_TEXT,
                "due_date": "2026-05-06",
                "due_time": "9:05",
                "duration": "00:30",
                "note": SCRIPT,
            },
            {"subject": "Done", "done": "1", "busy": "0", "type": "call", "participants": [{"person_id": 1}]},
            {"subject": "At", "location": {"value": "Here"}, "public_description": SCRIPT},
        ],
        "activity_types": [{"name": ODD_TEXT, "icon_key": "car"}],
        "notes": [
            {"content": SCRIPT, "deal_id": deals[0]},
            {"content": ODD_TEXT, "person_id": 1, "pinned_to_person_flag": "true"},
            {"content": "<p onclick='x()'>y</p>", "lead_id": lead, "add_time": "2026-01-02T03:04:05Z"},
        ],
        "note_comments": [{"note_id": first(account, "notes"), "content": ODD_TEXT}],
        "files": [{"deal_id": deals[0], "content": "hello", "file_name": "Ł odd.txt"}],
        "call_logs": [
            {
                "outcome": "connected",
                "to_phone_number": " +49 30 1 ",
                "start_time": "2026-01-02T03:04:05Z",
                "end_time": "2026-01-02 03:05:05",
                "subject": ODD_TEXT,
                "note": SCRIPT,
            }
        ],
        "projects": [
            {
                "title": ODD_TEXT,
                "board_id": board,
                "phase_id": 1,
                "start_date": "2026-01-01",
                "description": SCRIPT,
            }
        ],
        "tasks": [
            {"title": ODD_TEXT, "project_id": project, "is_done": "1", "due_date": "2026-03-04"},
            {"title": "Goal", "project_id": project, "is_milestone": True, "due_date": "2026-03-05"},
            {"title": "Open", "project_id": project, "is_done": "0", "assignee_ids": [people[0]]},
        ],
        "boards": [{"name": ODD_TEXT}],
        "phases": [{"name": ODD_TEXT, "board_id": board}],
        "deal_followers": [{"deal_id": deals[1], "user_id": people[-1]}],
        "person_followers": [{"person_id": 3, "user_id": people[-1]}],
        "organization_followers": [{"organization_id": 3, "user_id": people[-1]}],
        "product_followers": [{"product_id": products[1], "user_id": people[-1]}],
        "deal_fields": [{"field_name": "Odd “deal” field", **field, "description": SCRIPT}],
        "person_fields": [{"field_name": "Odd “person” field", **field}],
        "organization_fields": [
            {
                "field_name": "Odd choice",
                "field_type": "enum",
                "options": [{"label": " A, b "}, {"label": "C"}],
            }
        ],
        "product_fields": [{"field_name": "Odd “product” field", **field}],
        "project_fields": [{"field_name": "Odd “project” field", **field}],
        "filters": [
            {
                "name": ODD_TEXT,
                "type": "deals",
                "conditions": next(
                    one["conditions"] for one in account.rows("filters") if one["type"] == "deals"
                ),
            }
        ],
        "goals": [
            {
                "title": ODD_TEXT,
                "assignee": {"id": 1001, "type": "company"},
                "type": {"name": "deals_won", "params": {"pipeline_id": [1]}},
                "expected_outcome": {"target": 50, "tracking_metric": "quantity"},
                "duration": {"start": "2026-01-01", "end": "2026-12-31"},
                "interval": "monthly",
            }
        ],
        "webhooks": [
            {
                "subscription_url": "https://example.com/hook",
                "event_action": "create",
                "event_object": "deal",
                "name": "Odd",
            }
        ],
        "roles": [{"name": ODD_TEXT}],
    }
    return {
        entity: [{"external_id": f"odd-{at}", **one} for at, one in enumerate(records)]
        for entity, records in found.items()
        if records
    }
