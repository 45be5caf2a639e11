"""Leads, v1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.account import on_change
from pipedrive_emulator.account.custom_fields import row_to_v1
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Row, invalid
from pipedrive_emulator.domains.deals.deals import check_currency
from pipedrive_emulator.domains.users.roles import default_visibility
from pipedrive_emulator.handlers.resources import Resource, register

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.handlers.registry import Call

define_table(
    TableSpec(
        name="leads",
        label="Lead",
        key_kind="uuid",
        times="millis",
        views={
            "current": lambda row: not row["is_archived"],
            "archived": lambda row: bool(row["is_archived"]),
        },
    )
)


def show(account: Account, row: Row) -> Row:
    """Return a lead with its custom fields at the top level; those without a value are missing."""
    plain = {name: value for name, value in row.items() if name != "custom_fields"}
    return {**plain, **row_to_v1(account, "leads", row["custom_fields"], nulls=False)}


def _check(call: Call, body: Row) -> None:
    if "title" in body and not (body["title"] or "").strip():
        raise invalid("body.title must not be empty")
    if body.get("value") is not None:
        check_currency(call.account, body["value"]["currency"])
    labels = call.account.table("lead_labels")
    if any(labels.get(label) is None for label in body.get("label_ids") or ()):
        raise invalid("body.label_ids contains an unknown label")
    if len(set(body.get("label_ids") or ())) != len(body.get("label_ids") or ()):
        raise invalid("body.label_ids contains a label twice")


def editable(row: Row) -> Row:
    """Return a lead that is not archived; raises a 403 otherwise."""
    if row["is_archived"]:
        raise ApiError(403, "An archived lead cannot be edited; un-archive it first")
    return row


def _delete(_: Call, row: Row) -> None:
    editable(row)


def _add(call: Call, row: Row) -> Row:
    _check(call, call.body)
    if row["person_id"] is None and row["organization_id"] is None:
        raise ApiError(400, "A lead needs a person_id or an organization_id")
    number = call.account.table("leads").new_key()[1]
    return {**row, "cc_email": f"nordwind+1001+lead{number}@pipedrivemail.com"}


def _update(call: Call, row: Row, body: Row) -> Row:
    _check(call, body)
    if body.get("is_archived") is not False:
        editable(row)
    after = {**row, **body}
    if after["person_id"] is None and after["organization_id"] is None:
        raise ApiError(400, "A lead needs a person_id or an organization_id")
    return body


def defaults(call: Call) -> Row:
    """Return the defaults of a new lead."""
    return {
        "title": "",
        "owner_id": call.user_id,
        "creator_id": call.user_id,
        "label_ids": [],
        "person_id": None,
        "organization_id": None,
        "source_name": "API",
        "origin": "API",
        "origin_id": None,
        "channel": None,
        "channel_id": None,
        "source_deal_id": None,
        "is_archived": False,
        "was_seen": False,
        "value": None,
        "expected_close_date": None,
        "next_activity_id": None,
        "add_time": None,
        "update_time": None,
        "visible_to": str(default_visibility(call.account, call.user_id, "lead")),
        "cc_email": "",
        "custom_fields": {},
    }


REFERENCES = {"owner_id": "users", "person_id": "persons", "organization_id": "organizations"}
register(
    Resource(
        table="leads",
        operations={
            "list": "v1:getLeads",
            "get": "v1:getLead",
            "add": "v1:addLead",
            "update": "v1:updateLead",
            "delete": "v1:deleteLead",
        },
        view=lambda _: "current",
        references=REFERENCES,
        defaults=defaults,
        on_add=_add,
        on_update=_update,
        on_delete=_delete,
        present=show,
        filter_type="leads",
    )
)
register(
    Resource(
        table="leads",
        operations={"list": "v1:getArchivedLeads"},
        view=lambda _: "archived",
        present=show,
        filter_type="leads",
    )
)


@on_change
def _next_activity(account: Account, table: str, before: Row | None, after: Row | None, user_id: int) -> None:
    """Update the next undone activity of a lead."""
    if table != "activities":
        return
    for lead_id in {row["lead_id"] for row in (before, after) if row is not None} - {None}:
        find_next_activity(account, lead_id, user_id)


def find_next_activity(account: Account, lead_id: str, user_id: int) -> None:
    """Store the undone activity of a lead that is due first."""
    kept, lead = account.table("activities"), account.table("leads").get(lead_id)
    rows = [row for row in map(kept.row, kept.where("lead_id", lead_id)) if kept.is_live(row)]
    undone = sorted((row["due_date"] or "", row["id"]) for row in rows if not row["done"])
    coming = undone[0][1] if undone else None
    if lead is not None and lead["next_activity_id"] != coming:
        account.update("leads", lead_id, {"next_activity_id": coming}, user_id, touch=False)


@on_change
def _drop_label(account: Account, table: str, before: Row | None, after: Row | None, user_id: int) -> None:
    """Remove a deleted label from its leads."""
    if table != "lead_labels" or after is not None or before is None:
        return
    for row in list(account.table("leads").all()):
        if before["id"] in row["label_ids"]:
            labels = [label for label in row["label_ids"] if label != before["id"]]
            account.update("leads", row["id"], {"label_ids": labels}, user_id, touch=False)
