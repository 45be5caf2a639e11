"""Rows of the core entities in the v1 form, with the related objects of v1 lists."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pipedrive_emulator.account.clock import DAY_SECONDS, parse, sql
from pipedrive_emulator.account.custom_fields import row_to_v1
from pipedrive_emulator.domains.company.basics import COMPANY
from pipedrive_emulator.domains.contacts.contacts import organization_extras
from pipedrive_emulator.domains.deals import deals
from pipedrive_emulator.domains.mail.mail_links import mail_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.api.http import Row

DEAL_COUNTS = (
    "products_count",
    "files_count",
    "notes_count",
    "followers_count",
    "email_messages_count",
    "activities_count",
    "done_activities_count",
    "undone_activities_count",
    "participants_count",
)
CONTACT_COUNTS = (
    "email_messages_count",
    "activities_count",
    "done_activities_count",
    "undone_activities_count",
    "files_count",
    "notes_count",
    "followers_count",
    *(
        f"{prefix}{state}_deals_count"
        for state in ("open", "closed", "won", "lost")
        for prefix in ("", "related_")
    ),
)
SAME_IN_DEALS = (
    "id",
    "person_id",
    "org_id",
    "stage_id",
    "title",
    "value",
    "currency",
    "is_archived",
    "status",
    "probability",
    "lost_reason",
    "pipeline_id",
    "expected_close_date",
    "origin",
    "origin_id",
    "channel",
    "channel_id",
    "arr",
    "mrr",
    "acv",
)
TIMES = (
    "add_time",
    "update_time",
    "stage_change_time",
    "close_time",
    "won_time",
    "lost_time",
)
PARTICIPANT_COUNTS = ("participant_open_deals_count", "participant_closed_deals_count")
MAIL_TIMES = ("last_incoming_mail_time", "last_outgoing_mail_time")
PER_CENT = 100
COUNTRIES = {"Estonia": "EE", "Germany": "DE", "France": "FR", "USA": "US", "日本": "JP"}


def moment(text: str | None) -> str | None:
    """Return a time in the v1 form: YYYY-MM-DD HH:MM:SS."""
    return None if text is None else text[:19].replace("T", " ")


def money(account: Account, value: float, currency: str) -> str:
    """Return a formatted amount: with the currency's symbol and thousands separators."""
    table = account.table("currencies")
    symbols = [table.row(seq)["symbol"] for seq in table.where("code", currency)]
    digits = f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{symbols[0] if symbols else currency}{digits}"


# References


def user_ref(account: Account, key: object) -> Row | None:
    """Return a user in the form of references."""
    row = account.table("users").get(key)
    if row is None:
        return None
    facts = {name: row[name] for name in ("id", "name", "email")}
    pictured = row["icon_url"] is not None
    return {
        **facts,
        "has_pic": int(pictured),
        "pic_hash": _picture_hash(row["icon_url"]) if pictured else None,
        "active_flag": row["active_flag"],
    }


def _picture_hash(url: str) -> str:
    return hashlib.md5(url.encode(), usedforsecurity=False).hexdigest()


def person_ref(account: Account, key: object) -> Row | None:
    """Return a person in the form of references."""
    row = account.table("persons").get(key)
    if row is None:
        return None
    return {
        "active_flag": not row["is_deleted"],
        "id": row["id"],
        "name": row["name"],
        "email": row["emails"],
        "phone": row["phones"],
        "owner_id": row["owner_id"],
        "company_id": COMPANY["company_id"],
    }


def org_ref(account: Account, key: object) -> Row | None:
    """Return an organization in the form of references."""
    row = account.table("organizations").get(key)
    if row is None:
        return None
    return {
        "id": row["id"],
        "name": row["name"],
        "people_count": organization_extras(account, row, ["people_count"])["people_count"],
        "owner_id": row["owner_id"],
        "address": (row["address"] or {}).get("value"),
        "label_ids": row["label_ids"],
        "active_flag": not row["is_deleted"],
        "cc_email": f"nordwind+org{row['id']}@pipedrivemail.com",
    }


def as_value(ref: Row | None) -> Row | None:
    """Return an object that replaces an id, which is its `value`."""
    if ref is None:
        return None
    return {**{name: value for name, value in ref.items() if name != "id"}, "value": ref["id"]}


def as_owner(ref: Row | None) -> Row | None:
    """Return a user object that replaces an id, with both spellings of the id."""
    return None if ref is None else {**ref, "has_pic": bool(ref["has_pic"]), "value": ref["id"]}


def deal_ref(account: Account, key: object) -> Row | None:
    """Return a deal in the form of references."""
    row = account.table("deals").get(key)
    names = ("id", "title", "status", "value", "currency", "stage_id", "pipeline_id")
    return None if row is None else {name: row[name] for name in names}


def stage_row(account: Account, row: Row) -> Row:
    """Return a stage in the v1 form."""
    pipeline = account.table("pipelines").get(row["pipeline_id"]) or {}
    return {
        "id": row["id"],
        "company_id": COMPANY["company_id"],
        "order_nr": row["order_nr"],
        "name": row["name"],
        "active_flag": not row["is_deleted"],
        "deal_probability": row["deal_probability"],
        "pipeline_id": row["pipeline_id"],
        "rotten_flag": row["is_deal_rot_enabled"],
        "rotten_days": row["days_to_rotten"],
        "add_time": moment(row["add_time"]),
        "update_time": moment(row["update_time"]),
        "pipeline_name": pipeline.get("name"),
        "pipeline_deal_probability": pipeline.get("is_deal_probability_enabled"),
    }


def pipeline_row(_: Account, row: Row) -> Row:
    """Return a pipeline in the v1 form."""
    return {
        "id": row["id"],
        "name": row["name"],
        "url_title": row["name"],
        "order_nr": row["order_nr"],
        "active": not row["is_deleted"],
        "deal_probability": row["is_deal_probability_enabled"],
        "add_time": moment(row["add_time"]),
        "update_time": moment(row["update_time"]),
    }


def _stage_ref(account: Account, key: object) -> Row | None:
    row = account.table("stages").get(key)
    return None if row is None else stage_row(account, row)


def _pipeline_ref(account: Account, key: object) -> Row | None:
    row = account.table("pipelines").get(key)
    return None if row is None else pipeline_row(account, row)


REFERENCES: dict[str, Callable[[Account, object], Row | None]] = {
    "user": user_ref,
    "person": person_ref,
    "organization": org_ref,
    "deal": deal_ref,
    "stage": _stage_ref,
    "pipeline": _pipeline_ref,
}


def related(account: Account, **keys: Iterable[object]) -> Row:
    """Return the `related_objects` of a response: each referenced row once, by kind and id."""
    found: Row = {}
    for kind, wanted in keys.items():
        refs = {key: REFERENCES[kind](account, key) for key in dict.fromkeys(wanted) if key is not None}
        found[kind] = {str(key): ref for key, ref in refs.items() if ref is not None}
    return found


def deal_relations(account: Account, rows: Iterable[Row]) -> Row:
    """Return the rows that lists of deals reference."""
    kept = list(rows)
    return related(
        account,
        user=[row[name] for row in kept for name in ("owner_id", "creator_user_id")],
        person=[row["person_id"] for row in kept],
        organization=[row["org_id"] for row in kept],
        stage=[row["stage_id"] for row in kept],
        pipeline=[row["pipeline_id"] for row in kept],
    )


# Whole rows


def activities(account: Account, facts: Row) -> Row:
    """Return the next and the last activity of a row, by their ids in its computed columns."""
    coming = account.table("activities").get(facts["next_activity_id"]) or {}
    last = account.table("activities").get(facts["last_activity_id"]) or {}
    return {
        "next_activity_date": coming.get("due_date"),
        "next_activity_time": coming.get("due_time"),
        "next_activity_id": facts["next_activity_id"],
        "last_activity_id": facts["last_activity_id"],
        "last_activity_date": last.get("due_date"),
    }


def _coming(account: Account, facts: Row) -> Row:
    """Return the additional columns of deals about their next activity."""
    coming = account.table("activities").get(facts["next_activity_id"]) or {}
    return {f"next_activity_{name}": coming.get(name) for name in ("subject", "type", "duration", "note")}


def weight(account: Account, row: Row) -> float:
    """Return the probability of a deal, or of its stage, as a share."""
    if row["probability"] is not None:
        return float(row["probability"]) / PER_CENT
    stage = account.table("stages").get(row["stage_id"]) or {}
    return float(stage.get("deal_probability", PER_CENT)) / PER_CENT


def names(account: Account, row: Row) -> Row:
    """Return the names of the rows that a row references."""
    found = {}
    for name, table, column in (
        ("person_name", "persons", "person_id"),
        ("org_name", "organizations", "org_id"),
        ("owner_name", "users", "owner_id"),
    ):
        other = account.table(table).get(row.get(column))
        found[name] = None if other is None else other["name"]
    return found


def _rotten_time(row: Row, stage: Row) -> str | None:
    """Return when an open deal has exceeded the days to rotten of its stage; None if it has not."""
    if row["status"] != "open" or not stage.get("is_deal_rot_enabled"):
        return None
    return sql(parse(row["stage_change_time"] or row["add_time"]) + stage["days_to_rotten"] * DAY_SECONDS)


def flat_deal(account: Account, row: Row) -> Row:
    """Return a deal in the v1 form, with relations as ids."""
    wanted = (*DEAL_COUNTS, "next_activity_id", "last_activity_id", "first_won_time")
    facts = deals.extras(account, row, wanted)
    stage = account.table("stages").get(row["stage_id"]) or {}
    mail = mail_facts(account, "deals", row["id"])
    weighted = round(row["value"] * weight(account, row), 2)
    return {
        **{name: row[name] for name in SAME_IN_DEALS},
        "creator_user_id": row["creator_user_id"],
        "user_id": row["owner_id"],
        **{name: moment(row[name]) for name in TIMES},
        "first_won_time": moment(facts["first_won_time"]),
        "active": row["status"] == "open",
        "deleted": row["is_deleted"],
        "visible_to": str(row["visible_to"]),
        **{name: facts[name] for name in DEAL_COUNTS},
        **activities(account, facts),
        **_coming(account, facts),
        **{name: moment(mail[name]) for name in MAIL_TIMES},
        "label": ",".join(str(label) for label in row["label_ids"]) or None,
        "stage_order_nr": stage.get("order_nr"),
        **names(account, row),
        "formatted_value": money(account, row["value"], row["currency"]),
        "weighted_value": weighted,
        "formatted_weighted_value": money(account, weighted, row["currency"]),
        "weighted_value_currency": row["currency"],
        "rotten_time": _rotten_time(row, stage),
        "cc_email": f"nordwind+deal{row['id']}@pipedrivemail.com",
        "org_hidden": False,
        "person_hidden": False,
        **{
            f"{name}_currency": None if row[name] is None else row["currency"]
            for name in ("arr", "mrr", "acv")
        },
        **row_to_v1(account, "deals", row["custom_fields"]),
    }


def nested_deal(account: Account, row: Row) -> Row:
    """Return a deal in the form of v1 lists, with relations as objects."""
    shown = flat_deal(account, row)
    shown["creator_user_id"] = as_owner(user_ref(account, row["creator_user_id"]))
    shown["user_id"] = as_owner(user_ref(account, row["owner_id"]))
    shown["person_id"] = as_value(person_ref(account, row["person_id"]))
    shown["org_id"] = as_value(org_ref(account, row["org_id"]))
    return shown


def with_archive_time(shown: Row, row: Row) -> Row:
    """Return a deal with its archive time, which only some lists contain."""
    return {**shown, "archive_time": moment(row["archive_time"])}
