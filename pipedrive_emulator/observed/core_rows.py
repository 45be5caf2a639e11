"""Rows of the core entities in version 1, with the further keys of recorded responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.clock import DAY_SECONDS, parse
from pipedrive_emulator.account.custom_fields import ADDRESS_PARTS
from pipedrive_emulator.domains.activities import activities_v1
from pipedrive_emulator.domains.company.basics import COMPANY
from pipedrive_emulator.domains.contacts.contacts_v1 import nested_organization, nested_person
from pipedrive_emulator.domains.history.followers import followers_of
from pipedrive_emulator.domains.products.products_v1 import flat_product
from pipedrive_emulator.domains.shared.related_v1 import (
    MAIL_TIMES,
    deal_relations,
    moment,
    money,
    nested_deal,
    pipeline_row,
    related,
    stage_row,
    user_ref,
)

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.api.http import Row

UNSEEN = frozenset({"file", "gcal_event_id", "google_calendar_id", "google_calendar_etag"})
"""Published keys of activities that every recorded response lacks."""
NULL_IF_EMPTY = ("participants", "attendees", "series", "source_timezone")
"""Keys of activities that are null instead of empty."""
MAILBOX = f"{COMPANY['company_domain']}@pipedrivemail.com"
EMPTY_CHANNEL = [{"value": "", "primary": True}]
REVENUES = frozenset(f"{name}{suffix}" for name in ("acv", "arr", "mrr") for suffix in ("", "_currency"))
"""Published keys of deals that every recorded v1 response lacks."""
REF_OF_ACTIVITY = {
    "person": frozenset({"id", "name", "email", "phone", "owner_id"}),
    "organization": frozenset({"id", "name", "people_count", "owner_id", "address", "cc_email"}),
}
"""Keys of the persons and organizations that activities refer to."""


# References


def _name(account: Account, table: str, key: object, name: str = "name") -> str | None:
    row = account.table(table).get(key)
    return None if row is None else row[name]


def _owned(account: Account, ref: Row | None) -> Row | None:
    """Return a referenced organization with the name of its owner."""
    return None if ref is None else {**ref, "owner_name": _name(account, "users", ref["owner_id"])}


def _related(account: Account, **keys: list[object]) -> Row:
    return _filled(account, related(account, **keys))


def _filled(account: Account, found: Row) -> Row:
    """Return related objects without empty kinds; organizations have the names of their owners."""
    for ref in found.get("organization", {}).values():
        ref.update(_owned(account, ref))
    return {kind: refs for kind, refs in found.items() if refs or kind == "user"}


def _user(account: Account, key: object) -> Row | None:
    found = user_ref(account, key)
    return None if found is None else {**found, "value": found["id"]}


def owners(account: Account, rows: list[Row]) -> Row:
    """Return the owners of rows."""
    return _related(account, user=[row["owner_id"] for row in rows])


def dropbox(_: Account, __: Row) -> Row:
    """Return `additional_data` of a single read."""
    return {"dropbox_email": MAILBOX}


# Deals


def deal(account: Account, row: Row) -> Row:
    """Return a deal."""
    shown = {name: value for name, value in nested_deal(account, row).items() if name not in REVENUES}
    return {
        **shown,
        "creator_user_id": _user(account, row["creator_user_id"]),
        "user_id": _user(account, row["owner_id"]),
        "org_id": _owned(account, shown["org_id"]),
        **{name: row[name] for name in ("local_won_date", "local_lost_date", "local_close_date")},
        "archive_time": moment(row["archive_time"]),
        "sequence_enrollment": None,
        "source_lead_id": row.get("source_lead_id"),
    }


def one_deal(account: Account, row: Row) -> Row:
    """Return a deal read by id: with its age, its next and its last activity."""
    seconds = max(0, account.clock.now - parse(row["add_time"]))
    return {
        **deal(account, row),
        **_activities(account, "deal_id", row["id"]),
        "average_time_to_won": _span(0),
        "average_stage_progress": 0,
        "age": _span(seconds),
        "stay_in_pipeline_stages": {
            "times_in_stages": {str(row["stage_id"]): seconds},
            "order_of_stages": [row["stage_id"]],
        },
    }


def _span(seconds: int) -> Row:
    days, rest = divmod(seconds, DAY_SECONDS)
    hours, rest = divmod(rest, 3600)
    return {"y": 0, "m": 0, "d": days, "h": hours, "i": rest // 60, "s": rest % 60, "total_seconds": seconds}


def _activities(account: Account, column: str, key: object) -> Row:
    kept = account.table("activities")
    rows = [row for row in map(kept.row, kept.where(column, key)) if kept.is_live(row)]
    rows.sort(key=lambda row: (row["due_date"] or "", row["id"]))
    coming = [row for row in rows if not row["done"]]
    last = [row for row in rows if row["done"]]
    return {
        "next_activity": _without_company(activity(account, coming[0])) if coming else None,
        "last_activity": _without_company(activity(account, last[-1])) if last else None,
    }


def _without_company(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "company_id"}


def of_deals(account: Account, rows: list[Row]) -> Row:
    """Return the rows that deals refer to."""
    found = of_one_deal(account, rows)
    found["stage"] = {key: _without_company(ref) for key, ref in found["stage"].items()}
    return found


def of_one_deal(account: Account, rows: list[Row]) -> Row:
    """Return the rows that a deal read by id refers to: its stage has the id of the company."""
    return _filled(account, deal_relations(account, rows))


# Persons and organizations


def person(account: Account, row: Row) -> Row:
    """Return a person."""
    shown = nested_person(account, row)
    place: dict[str, Any] = row["postal_address"] or {}
    return {
        **shown,
        "org_id": _owned(account, shown["org_id"]),
        "phone": row["phones"] or EMPTY_CHANNEL,
        "email": row["emails"] or EMPTY_CHANNEL,
        "im": row["im"] or EMPTY_CHANNEL,
        "primary_email": next((entry["value"] for entry in row["emails"] if entry["primary"]), None),
        "delete_time": None,
        "picture_128_url": None,
        "postal_address": place.get("value"),
        "postal_address_lat": None,
        "postal_address_long": None,
        "postal_address_formatted_address": place.get("value"),
        **{f"postal_address_{part}": place.get(part) for part in ADDRESS_PARTS},
        **{name: row[name] for name in ("notes", "birthday", "job_title")},
    }


def of_persons(account: Account, rows: list[Row]) -> Row:
    """Return the rows that persons refer to."""
    found = {"user": [row["owner_id"] for row in rows], "organization": [row["org_id"] for row in rows]}
    return _related(account, **found)


def organization(account: Account, row: Row) -> Row:
    """Return an organization."""
    names = ("website", "linkedin", "industry", "annual_revenue", "employee_count")
    place: dict[str, Any] = row["address"] or {}
    shown = _without_mail_times(nested_organization(account, row))
    return {
        **shown,
        **{name: row[name] for name in names},
        **{f"address_{part}": place.get(part) for part in ADDRESS_PARTS},
        "address_country_code": None,
        "delete_time": None,
        "edit_name": True,
    }


def _without_mail_times(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in MAIL_TIMES}


def one_organization(account: Account, row: Row) -> Row:
    """Return an organization read by id: with its next and its last activity."""
    return {**organization(account, row), **_activities(account, "org_id", row["id"])}


def beside_organization(account: Account, row: Row) -> Row:
    """Return `additional_data` of an organization read by id."""
    followers = {
        str(one["user_id"]): {
            "id": one["id"],
            "user_id": one["user_id"],
            "add_time": moment(one["add_time"]),
            "org_id": row["id"],
        }
        for one in followers_of(account, "organizations", row["id"])
    }
    return {"followers": followers, "dropbox_email": MAILBOX}


# Activities, products, pipelines, stages


def activity(account: Account, row: Row) -> Row:
    """Return an activity."""
    lead = _name(account, "leads", row["lead_id"], "title")
    types = account.table("activity_types")
    kinds = [types.row(seq)["name"] for seq in types.where("key_string", row["type"])]
    shown = activities_v1.show(account, row)
    changed = row["update_time"] != row["add_time"]
    return {
        **{name: value for name, value in shown.items() if name not in UNSEEN},
        **{name: shown[name] or None for name in NULL_IF_EMPTY},
        "update_user_id": shown["update_user_id"] if changed else None,
        "person_dropbox_bcc": None if row["person_id"] is None else shown["person_dropbox_bcc"],
        "type_name": kinds[0] if kinds else None,
        "lead_title": lead,
        "lead": None if lead is None else {"title": lead},
        "priority": row["priority"],
        "private": False,
        "is_recurring": None,
        "original_start_time": None,
        "project_title": _name(account, "projects", row["project_id"], "title"),
    }


def of_activities(account: Account, rows: list[Row]) -> Row:
    """Return the rows that activities refer to."""
    names = {"user": "owner_id", "person": "person_id", "organization": "org_id", "deal": "deal_id"}
    found = _related(account, **{kind: [row[name] for row in rows] for kind, name in names.items()})
    for kind, kept in REF_OF_ACTIVITY.items():
        for ref in found.get(kind, {}).values():
            for name in ref.keys() - kept:
                del ref[name]
    for key, ref in found.get("deal", {}).items():
        row = account.table("deals").get(int(key))
        if row is not None:
            times = {"is_archived": row["is_archived"], "archive_time": moment(row["archive_time"])}
            ref.update({"user_id": row["owner_id"], **times})
    return found


def product(account: Account, row: Row) -> Row:
    """Return a product, its prices also formatted."""
    shown = {name: value for name, value in flat_product(account, row).items() if name != "company_id"}
    prices = [
        {
            "id": place,
            "product_id": row["id"],
            **{name: price[name] for name in ("price", "currency", "cost", "notes")},
            "overhead_cost": price["direct_cost"] or 0,
            "price_formatted": money(account, price["price"], price["currency"]),
        }
        for place, price in enumerate(row["prices"], 1)
    ]
    owner = _user(account, row["owner_id"])
    return {**shown, "owner_id": owner, "files_count": None, "prices": prices, "product_variations": []}


def listed_product(account: Account, row: Row) -> Row:
    """Return a product of a list, whose prices are not formatted."""
    shown = product(account, row)
    for price in shown["prices"]:
        del price["price_formatted"]
    return shown


def pipeline(account: Account, row: Row) -> Row:
    """Return a pipeline of a list, in which the first is selected."""
    return {**pipeline_row(account, row), "selected": row["order_nr"] == 0}


def stage(account: Account, row: Row) -> Row:
    """Return a stage of a list, with its pipeline."""
    return _without_company(stage_row(account, row))
