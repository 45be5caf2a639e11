"""Persons and organizations, v2."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.custom_fields import ADDRESS_PARTS
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Row, invalid
from pipedrive_emulator.domains.deals.deals import check_labels, check_visibility, moment_of
from pipedrive_emulator.domains.mail.mail_links import mail_facts
from pipedrive_emulator.domains.users.roles import default_visibility
from pipedrive_emulator.handlers.resources import Resource, register

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.handlers.registry import Call

CONTACT_SYNC = ("postal_address", "notes", "im", "birthday", "job_title")
MAIL = {"email_messages_count", "last_incoming_mail_time", "last_outgoing_mail_time"}
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
NO_CONSENT = "no_consent"
DATA_SOURCED = ("website", "linkedin", "industry", "annual_revenue", "employee_count")

define_table(
    TableSpec(
        name="persons",
        label="Person",
        deleted=("is_deleted", True),
        hidden=frozenset({"marketing_status", "doi_status"}),
    )
)
define_table(TableSpec(name="organizations", label="Organization", deleted=("is_deleted", True)))


def address(value: Row | None) -> Row | None:
    """Return the stored form of an address; missing parts become null."""
    if value is None:
        return None
    if not value.get("value"):
        raise invalid("an address needs a value")
    return {"value": value["value"], **{part: value.get(part) for part in ADDRESS_PARTS}}


def channels(values: list[Row], name: str) -> list[Row]:
    """Return the stored form of emails, phones or messengers, exactly one of them primary."""
    for entry in values:
        if not entry.get("value"):
            raise invalid(f"body.{name} needs a value in each entry")
    if sum(bool(entry.get("primary")) for entry in values) > 1:
        raise invalid(f"body.{name} has more than one primary entry")
    chosen = next((n for n, entry in enumerate(values) if entry.get("primary")), 0)
    return [
        {"value": e["value"], "primary": n == chosen, "label": e.get("label", "work")}
        for n, e in enumerate(values)
    ]


def _timed(body: Row) -> Row:
    """Return a body with the stored form of its `add_time`."""
    if body.get("add_time") is None:
        return dict(body)
    return {**body, "add_time": moment_of("add_time", body["add_time"])}


def _person(call: Call, row: Row | None, body: Row) -> Row:
    """Return the stored form of a person's body."""
    if call.plan == "lite" and any(name in body for name in CONTACT_SYNC):
        raise ApiError(403, "Contact Sync is off in this account", code="feature_contact_sync_off")
    check_visibility(body)
    check_labels(call.account, "person_fields", body.get("label_ids"))
    changes = _timed(body)
    if "name" in body:
        if not body["name"].strip():
            raise invalid("body.name must not be empty")
        first, _, last = body["name"].strip().rpartition(" ")
        changes.update({"first_name": first or last, "last_name": last if first else None})
    for name in ("emails", "phones", "im"):
        if name in body:
            changes[name] = channels(body[name], name)
    if "postal_address" in body:
        changes["postal_address"] = address(body["postal_address"])
    if "marketing_status" in body and not _may_consent(row or {}, changes):
        # Published: if the change is forbidden, the status does not change, without an error.
        del changes["marketing_status"]
    return changes


def _add_person(call: Call, row: Row) -> Row:
    full = {**row, "marketing_status": NO_CONSENT}
    return {**full, **_person(call, None, {**call.body, "custom_fields": row["custom_fields"]})}


def _may_consent(row: Row, changes: Row) -> bool:
    """Return whether a marketing status can be set: once, for a person with a valid email address."""
    emails = changes.get("emails", row.get("emails")) or []
    valid = any(EMAIL.match(entry["value"]) for entry in emails)
    kept = row.get("marketing_status", NO_CONSENT)
    return valid and kept == NO_CONSENT != changes["marketing_status"]


def _organization(call: Call, body: Row) -> Row:
    if call.plan == "lite" and any(body.get(name) is not None for name in DATA_SOURCED):
        raise ApiError(403, "This feature is off in this account", code="feature_off")
    check_visibility(body)
    check_labels(call.account, "organization_fields", body.get("label_ids"))
    if "name" in body and not body["name"].strip():
        raise invalid("body.name must not be empty")
    changes = _timed(body)
    return {**changes, "address": address(body["address"])} if "address" in body else changes


def _participating(account: Account, number: int, *statuses: str) -> int:
    """Return the deals of a person who is a participant but not the contact person."""
    kept = account.table("participants")
    rows = [row for row in map(kept.row, kept.where("person_id", number)) if kept.is_live(row)]
    found = [account.find("deals", row["deal_id"]) for row in rows]
    return sum(
        deal is not None and deal["person_id"] != number and deal["status"] in statuses for deal in found
    )


def _extras(column: str, bcc: str) -> Callable[[Account, Row, Iterable[str]], Row]:
    def extras(account: Account, row: Row, names: Iterable[str]) -> Row:
        number = row["id"]

        @cache  # most fields use the same few rows
        def rows(table: str) -> list[tuple[int, Row]]:
            kept = account.table(table)
            found = [(seq, kept.outline(seq)) for seq in sorted(kept.where(column, number))]
            return [(seq, r) for seq, r in found if kept.is_live(r)]

        def deals(*statuses: str) -> int:
            return sum(1 for _, deal in rows("deals") if deal["status"] in statuses)

        @cache
        def activities(*, done: bool) -> list[int]:
            found = [(a["due_date"] or "", seq) for seq, a in rows("activities") if a["done"] is done]
            return [seq for _, seq in sorted(found)]

        values: dict[str, Callable[[], Any]] = {
            "next_activity_id": lambda: next(iter(activities(done=False)), None),
            "last_activity_id": lambda: next(reversed(activities(done=True)), None),
            "activities_count": lambda: len(rows("activities")),
            "done_activities_count": lambda: len(activities(done=True)),
            "undone_activities_count": lambda: len(activities(done=False)),
            "files_count": lambda: len(rows("files")),
            "notes_count": lambda: len(rows("notes")),
            "people_count": lambda: len(rows("persons")),
            "followers_count": lambda: len(account.table("followers").where("parent", f"{bcc}s:{number}")),
            "marketing_status": lambda: row.get("marketing_status", NO_CONSENT),
            "doi_status": lambda: row.get("doi_status", 1),
            "smart_bcc_email": lambda: f"nordwind+{bcc}{number}@pipedrivemail.com",
        }
        if bcc == "person":
            values["participant_open_deals_count"] = lambda: _participating(account, number, "open")
            values["participant_closed_deals_count"] = lambda: _participating(account, number, "won", "lost")
        if mail := MAIL & set(names):
            facts = mail_facts(account, f"{bcc}s", number)
            values |= {name: partial(facts.get, name) for name in mail}
        for prefix in ("", "related_"):
            values[f"{prefix}open_deals_count"] = lambda: deals("open")
            values[f"{prefix}won_deals_count"] = lambda: deals("won")
            values[f"{prefix}lost_deals_count"] = lambda: deals("lost")
            values[f"{prefix}closed_deals_count"] = lambda: deals("won", "lost")
        return {name: values.get(name, lambda: 0)() for name in names}

    return extras


person_extras = _extras("person_id", "person")
organization_extras = _extras("org_id", "organization")


def _of_deal(call: Call, deal_id: int) -> Callable[[Row], bool]:
    deal = call.account.find("deals", deal_id)
    return lambda row: deal is not None and row["id"] == deal["person_id"]


def person_defaults(call: Call) -> Row:
    """Return the defaults of a new person."""
    return {
        "name": "",
        "first_name": None,
        "last_name": None,
        "owner_id": call.user_id,
        "org_id": None,
        "add_time": None,
        "update_time": None,
        "emails": [],
        "phones": [],
        "is_deleted": False,
        "visible_to": default_visibility(call.account, call.user_id, "person"),
        "label_ids": [],
        "picture_id": None,
        "postal_address": None,
        "notes": None,
        "im": [],
        "birthday": None,
        "job_title": None,
        "custom_fields": {},
    }


def organization_defaults(call: Call) -> Row:
    """Return the defaults of a new organization."""
    return {
        "name": "",
        "owner_id": call.user_id,
        "add_time": None,
        "update_time": None,
        "address": None,
        "is_deleted": False,
        "visible_to": default_visibility(call.account, call.user_id, "org"),
        "label_ids": [],
        "website": None,
        "linkedin": None,
        "industry": None,
        "annual_revenue": None,
        "employee_count": None,
        "custom_fields": {},
    }


register(
    Resource(
        table="persons",
        operations={
            "list": "v2:getPersons",
            "get": "v2:getPerson",
            "add": "v2:addPerson",
            "update": "v2:updatePerson",
            "delete": "v2:deletePerson",
        },
        tests={"deal_id": _of_deal},
        required=("name",),
        references={"owner_id": "users", "org_id": "organizations"},
        defaults=person_defaults,
        on_add=_add_person,
        on_update=_person,
        extras=person_extras,
        filter_type="people",
    )
)
register(
    Resource(
        table="organizations",
        operations={
            "list": "v2:getOrganizations",
            "get": "v2:getOrganization",
            "add": "v2:addOrganization",
            "update": "v2:updateOrganization",
            "delete": "v2:deleteOrganization",
        },
        required=("name",),
        references={"owner_id": "users"},
        defaults=organization_defaults,
        on_add=lambda call, row: {
            **row,
            **_organization(call, {**call.body, "custom_fields": row["custom_fields"]}),
        },
        on_update=lambda call, _, body: _organization(call, body),
        extras=organization_extras,
        filter_type="org",
    )
)
