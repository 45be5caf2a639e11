"""The built-in fields of every new account: (v1 key, v2 code, name, type)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pipedrive_emulator.account.clock import sql
from pipedrive_emulator.domains.fields.fields import new_field
from pipedrive_emulator.handlers.registry import Seed, seeder

if TYPE_CHECKING:
    from pipedrive_emulator.api.http import Row

FOUNDED = 1_672_560_000
Builtin = tuple[str, str, str, str]
SHARED: tuple[Builtin, ...] = (
    ("id", "id", "ID", "int"),
    ("add_time", "add_time", "Created", "date"),
    ("update_time", "update_time", "Updated", "date"),
    ("visible_to", "visible_to", "Visible to", "visible_to"),
)
BUILTIN: dict[str, tuple[Builtin, ...]] = {
    "deal_fields": (
        *SHARED,
        ("title", "title", "Title", "varchar"),
        ("creator_user_id", "creator_user_id", "Creator", "user"),
        ("user_id", "owner_id", "Owner", "user"),
        ("value", "value", "Value", "monetary"),
        ("currency", "currency", "Currency", "varchar"),
        ("person_id", "person_id", "Contact person", "people"),
        ("org_id", "org_id", "Organization", "org"),
        ("pipeline", "pipeline_id", "Pipeline", "pipeline"),
        ("stage_id", "stage_id", "Stage", "stage"),
        ("label", "label_ids", "Label", "set"),
        ("status", "status", "Status", "status"),
        ("probability", "probability", "Probability", "double"),
        ("lost_reason", "lost_reason", "Lost reason", "varchar_options"),
        ("expected_close_date", "expected_close_date", "Expected close", "date"),
        ("stage_change_time", "stage_change_time", "Stage changed", "date"),
        ("close_time", "close_time", "Closed", "date"),
        ("won_time", "won_time", "Won on", "date"),
        ("lost_time", "lost_time", "Lost on", "date"),
        ("archive_time", "archive_time", "Archived on", "date"),
        ("is_archived", "is_archived", "Is archived", "boolean"),
        ("origin", "origin", "Origin", "varchar"),
        ("origin_id", "origin_id", "Origin ID", "varchar"),
        ("channel", "channel", "Channel", "enum"),
        ("channel_id", "channel_id", "Channel ID", "varchar"),
        ("arr", "arr", "Yearly revenue", "monetary"),
        ("mrr", "mrr", "Monthly revenue", "monetary"),
        ("acv", "acv", "Contract value", "monetary"),
    ),
    "person_fields": (
        *SHARED,
        ("name", "name", "Name", "varchar"),
        ("first_name", "first_name", "First name", "varchar"),
        ("last_name", "last_name", "Last name", "varchar"),
        ("owner_id", "owner_id", "Owner", "user"),
        ("org_id", "org_id", "Organization", "org"),
        ("email", "emails", "Email", "varchar"),
        ("phone", "phones", "Phone", "phone"),
        ("label", "label_ids", "Label", "set"),
        ("picture_id", "picture_id", "Picture", "picture"),
        ("postal_address", "postal_address", "Postal address", "address"),
        ("notes", "notes", "Notes", "text"),
        ("im", "im", "Messenger", "varchar"),
        ("birthday", "birthday", "Birthday", "date"),
        ("job_title", "job_title", "Job title", "varchar"),
        ("marketing_status", "marketing_status", "Marketing status", "enum"),
    ),
    "organization_fields": (
        *SHARED,
        ("name", "name", "Name", "varchar"),
        ("owner_id", "owner_id", "Owner", "user"),
        ("label", "label_ids", "Label", "set"),
        ("address", "address", "Address", "address"),
        ("website", "website", "Website", "varchar"),
        ("linkedin", "linkedin", "LinkedIn", "varchar"),
        ("industry", "industry", "Industry", "enum"),
        ("annual_revenue", "annual_revenue", "Annual revenue", "double"),
        ("employee_count", "employee_count", "Employees", "double"),
    ),
    "product_fields": (
        *SHARED,
        ("name", "name", "Name", "varchar"),
        ("code", "code", "Code", "varchar"),
        ("description", "description", "Description", "text"),
        ("unit", "unit", "Unit", "varchar"),
        ("tax", "tax", "Tax", "double"),
        ("category", "category", "Category", "enum"),
        ("owner_id", "owner_id", "Owner", "user"),
        ("selectable", "is_linkable", "Can be linked", "boolean"),
        ("unit_price", "prices", "Prices", "price_list"),
        ("billing_frequency", "billing_frequency", "Billed", "billing_frequency"),
    ),
    "activity_fields": (
        *SHARED[:3],
        ("subject", "subject", "Subject", "varchar"),
        ("type", "type", "Type", "enum"),
        ("user_id", "owner_id", "Assigned to", "user"),
        ("deal_id", "deal_id", "Deal", "deal"),
        ("lead_id", "lead_id", "Lead", "lead"),
        ("person_id", "person_id", "Contact person", "people"),
        ("org_id", "org_id", "Organization", "org"),
        ("due_date", "due_date", "Due on", "date"),
        ("due_time", "due_time", "Due at", "time"),
        ("duration", "duration", "Duration", "time"),
        ("busy_flag", "busy", "Busy", "boolean"),
        ("done", "done", "Done", "boolean"),
        ("marked_as_done_time", "marked_as_done_time", "Done on", "date"),
        ("location", "location", "Location", "address"),
        ("public_description", "public_description", "Public note", "text"),
        ("priority", "priority", "Priority", "enum"),
        ("note", "note", "Note", "text"),
        ("outcome", "outcome", "Outcome", "enum"),
    ),
    "lead_fields": (
        *SHARED,
        ("title", "title", "Title", "varchar"),
        ("owner_id", "owner_id", "Owner", "user"),
        ("creator_id", "creator_id", "Creator", "user"),
        ("person_id", "person_id", "Contact person", "people"),
        ("organization_id", "organization_id", "Organization", "org"),
        ("value", "value", "Value", "monetary"),
        ("label_ids", "label_ids", "Labels", "set"),
        ("source_name", "source_name", "Source", "varchar"),
        ("expected_close_date", "expected_close_date", "Expected close", "date"),
        ("was_seen", "was_seen", "Seen", "boolean"),
    ),
    "note_fields": (
        *SHARED[:3],
        ("user_id", "user_id", "Author", "user"),
        ("content", "content", "Content", "text"),
        ("deal_id", "deal_id", "Deal", "deal"),
        ("person_id", "person_id", "Contact person", "people"),
        ("org_id", "org_id", "Organization", "org"),
        ("pinned_to_deal_flag", "pinned_to_deal_flag", "Pinned to the deal", "enum"),
    ),
    "project_fields": (
        *SHARED[:3],
        ("title", "title", "Title", "varchar"),
        ("description", "description", "Description", "text"),
        ("status", "status", "Status", "status"),
        ("board_id", "board_id", "Board", "projects_board"),
        ("phase_id", "phase_id", "Phase", "projects_phase"),
        ("owner_id", "owner_id", "Owner", "user"),
        ("start_date", "start_date", "Start", "date"),
        ("end_date", "end_date", "End", "date"),
        ("deal_ids", "deal_ids", "Deals", "deals"),
        ("person_id", "person_ids", "Contact persons", "people"),
        ("org_id", "org_ids", "Organizations", "org"),
        ("labels", "label_ids", "Labels", "set"),
        ("health_status", "health_status", "Health", "int"),
        ("status_change_time", "status_change_time", "Status changed", "date"),
        ("archive_time", "archive_time", "Archived on", "date"),
    ),
}
OPTIONS: dict[str, tuple[tuple[object, str], ...]] = {
    "status": (("open", "Open"), ("won", "Won"), ("lost", "Lost"), ("deleted", "Deleted")),
    "visible_to": (
        (1, "Owner only"),
        (3, "Owner's visibility group"),
        (5, "Owner's visibility group and sub-groups"),
        (7, "Entire company"),
    ),
    "channel": ((51, "Web form"), (52, "Campaign"), (53, "Fair")),
    "industry": ((1, "Machinery"), (2, "Software"), (3, "Retail"), (4, "Health")),
    "marketing_status": ((1, "no_consent"), (2, "unsubscribed"), (3, "subscribed"), (4, "archived")),
    "category": ((61, "Hardware"), (62, "Service"), (63, "Licence")),
    "project_status": (
        ("open", "Open"),
        ("completed", "Completed"),
        ("canceled", "Canceled"),
        ("deleted", "Deleted"),
    ),
    "priority": ((263, "High"), (264, "Medium"), (265, "Low")),
    "outcome": ((1, "Reached"), (2, "Not reached")),
    "pinned_to_deal_flag": ((1, "Yes"), (0, "No")),
    "lost_reason": ((71, "Price"), (72, "No answer"), (73, "Competitor")),
}
LABELS = {
    "deal_fields": (
        (1, "Hot", "red"),
        (2, "Warm", "yellow"),
        (3, "Cold", "blue"),
        (4, "Überfällig", "purple"),
    ),
    "person_fields": ((5, "Customer", "green"), (6, "Hot lead", "red"), (7, "Warm lead", "yellow")),
    "organization_fields": ((8, "Partner", "green"), (9, "Rival", "red"), (10, "Prospect", "blue")),
    "project_fields": ((11, "Internal", "gray"), (12, "Für Kunden", "green")),
}


def hash_key(table: str, number: int) -> str:
    """Return the 40-character key of a custom field."""
    return hashlib.sha1(f"{table}:{number}".encode(), usedforsecurity=False).hexdigest()


def _options(table: str, code: str) -> list[Row] | None:
    if (table, code) == ("project_fields", "status"):
        code = "project_status"
    if code == "label_ids" and table in LABELS:
        return [{"id": number, "label": name, "color": color} for number, name, color in LABELS[table]]
    if code == "visible_to" or (code in OPTIONS and not (code == "category" and table != "product_fields")):
        return [{"id": number, "label": name} for number, name in OPTIONS[code]]
    return None


@seeder(0)
def builtin_fields(seed: Seed) -> None:
    """Add the built-in fields; ids differ between tables as in a real account."""
    for place, (table, builtins) in enumerate(BUILTIN.items()):
        seed.account.table(table).number(1000 * place + 1)
        for order, (key, code, name, kind) in enumerate(builtins):
            row = new_field(name, kind, key=key, code=code, options=_options(table, code))
            row.update({"order_nr": order, "add_time": sql(FOUNDED), "update_time": sql(FOUNDED)})
            row["mandatory_flag"] = code in ("title", "name")
            if code in ("title", "name", "subject"):
                row.update({"created_by_user_id": 1, "last_updated_by_user_id": 1})
            if code == "subject":
                row["description"] = "What the activity is about"
            seed.account.insert(table, row)
