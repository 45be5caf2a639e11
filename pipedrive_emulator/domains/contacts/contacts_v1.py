"""Persons and organizations in the v1 form, and pictures of persons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.blobs import address
from pipedrive_emulator.account.custom_fields import row_to_v1
from pipedrive_emulator.domains.company.basics import COMPANY
from pipedrive_emulator.domains.contacts.contacts import organization_extras, person_extras
from pipedrive_emulator.domains.shared.related_v1 import (
    CONTACT_COUNTS,
    COUNTRIES,
    MAIL_TIMES,
    PARTICIPANT_COUNTS,
    activities,
    as_value,
    moment,
    names,
    org_ref,
    user_ref,
)

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.api.http import Row


def picture_ref(account: Account, row: Row) -> Row | None:
    """Return the picture of a person; None when there is none."""
    picture = account.table("person_pictures").get(row["picture_id"])
    return None if picture is None else show_picture(account, picture)


def show_picture(account: Account, row: Row) -> Row:
    """Return a picture with its URLs by size."""
    sizes = {str(size): address(account, "person_pictures", row["id"], f"{size}.png") for size in (128, 512)}
    return {**{name: row[name] for name in row if name != "file_size"}, "pictures": sizes}


def _contact(account: Account, row: Row, entity: str, facts: Row) -> Row:
    return {
        "id": row["id"],
        "company_id": COMPANY["company_id"],
        "owner_id": row["owner_id"],
        "name": row["name"],
        "active_flag": not row["is_deleted"],
        "first_char": row["name"][:1].lower(),
        "add_time": moment(row["add_time"]),
        "update_time": moment(row["update_time"]),
        "visible_to": str(row["visible_to"]),
        "label": row["label_ids"][0] if row["label_ids"] else None,
        "label_ids": row["label_ids"],
        "owner_name": names(account, row)["owner_name"],
        **{name: facts[name] for name in CONTACT_COUNTS},
        **{name: moment(facts[name]) for name in MAIL_TIMES},
        **activities(account, facts),
        **row_to_v1(account, entity, row["custom_fields"]),
    }


def flat_person(account: Account, row: Row) -> Row:
    """Return a person in the v1 form, relations as ids."""
    counts = (*CONTACT_COUNTS, *PARTICIPANT_COUNTS, *MAIL_TIMES, "next_activity_id", "last_activity_id")
    facts = person_extras(account, row, counts)
    return {
        **_contact(account, row, "persons", facts),
        "org_id": row["org_id"],
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        **{name: facts[name] for name in PARTICIPANT_COUNTS},
        "phone": row["phones"],
        "email": row["emails"],
        "picture_id": picture_ref(account, row),
        "org_name": names(account, row)["org_name"],
        "cc_email": f"nordwind+person{row['id']}@pipedrivemail.com",
    }


def nested_person(account: Account, row: Row) -> Row:
    """Return a person in the form of v1 lists, with relations as objects."""
    owner = user_ref(account, row["owner_id"])
    shown = flat_person(account, row)
    shown["owner_id"] = None if owner is None else {**owner, "value": owner["id"]}
    shown["org_id"] = as_value(org_ref(account, row["org_id"]))
    return shown


def nested_organization(account: Account, row: Row) -> Row:
    """Return an organization in the v1 form."""
    counts = (*CONTACT_COUNTS, *MAIL_TIMES, "people_count", "next_activity_id", "last_activity_id")
    facts = organization_extras(account, row, counts)
    place: dict[str, Any] = row["address"] or {}
    owner = user_ref(account, row["owner_id"])
    parts = {f"address_{part}": value for part, value in place.items() if part != "value"}
    return {
        **_contact(account, row, "organizations", facts),
        "owner_id": None if owner is None else {**owner, "value": owner["id"]},
        "people_count": facts["people_count"],
        "address": place.get("value"),
        "address_formatted_address": place.get("value"),
        **parts,
        "cc_email": f"nordwind+org{row['id']}@pipedrivemail.com",
        "country_code": COUNTRIES.get(place.get("country") or ""),
        "picture_id": None,
    }
