"""Core entities in version 1, as data: the names of their bodies, and how their rows are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.account import Account
from pipedrive_emulator.api.http import Row
from pipedrive_emulator.domains import activities_v1
from pipedrive_emulator.domains.basics import COMPANY
from pipedrive_emulator.domains.followers import followers_of
from pipedrive_emulator.domains.related_v1 import (
    deal_relations,
    flat_product,
    moment,
    money,
    nested_deal,
    nested_organization,
    nested_person,
    pipeline_row,
    related,
    stage_row,
    user_ref,
)

if TYPE_CHECKING:
    from pipedrive_emulator.handlers.registry import Call

Show = Callable[[Account, Row], Row]
Convert = Callable[[Any], object]
MAILBOX = f"{COMPANY['company_domain']}@pipedrivemail.com"
EMPTY_CHANNEL = [{"value": "", "primary": True}]


def _number(value: object) -> object:
    """A number that v1 takes as text."""
    if not isinstance(value, str):
        return value
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        return value


def _flag(value: object) -> object:
    return (
        bool(value)
        if value in (0, 1)
        else {"true": True, "false": False, "1": True, "0": False}.get(str(value), value)
    )


def _channels(value: object) -> object:
    """One address or many, as texts or objects."""
    entries = value if isinstance(value, list) else [value]
    return [entry if isinstance(entry, dict) else {"value": entry} for entry in entries if entry]


def _place(value: object) -> object:
    return {"value": value} if isinstance(value, str) else value


def _labels(value: object) -> object:
    entries = value if isinstance(value, list) else str(value).split(",")
    return [_number(entry) for entry in entries if entry != ""]


def _one_participant(value: object) -> object:
    return [{"person_id": _number(value), "primary": True}]


def _participants(value: Any) -> object:  # noqa: ANN401 - of any JSON type
    return [
        {"person_id": entry.get("person_id"), "primary": bool(entry.get("primary_flag"))} for entry in value
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One core entity in v1.

    Attributes:
        word, plural: as in the names of v2 operations.
        path, table: as in addresses and in the account.
        show: a row in its v1 form.
        related: `related_objects` of rows; None where answers have none.
        names: v2 key and conversion by v1 key of a body, where they differ.
        required: keys that an added row needs.
        filters: further parameters of the list and their types.
        tests: those that are no plain comparison.
        view: which part of the table the list reads.
        filter_type: the `type` of filters that apply.
        beside: `additional_data` of a single read.
        added: `additional_data` of an added row.
        gone_again: whether a second delete answers 410 with the id.
    """

    word: str
    plural: str
    path: str
    table: str
    show: Show
    related: Callable[[Account, list[Row]], Row] | None = None
    names: dict[str, tuple[str, Convert | None]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    filters: dict[str, str] = field(default_factory=dict)
    tests: dict[str, Callable[[Call, Any], Callable[[Row], bool] | None]] = field(default_factory=dict)
    view: str = "live"
    filter_type: str = ""
    beside: Callable[[Account, Row], Row | None] = field(default=lambda _account, _row: None)
    added: Row | None = None
    gone_again: bool = False


def _owners(account: Account, rows: list[Row]) -> Row:
    return related(account, user=[row["owner_id"] for row in rows])


def _owner(account: Account, row: Row) -> Row | None:
    found = user_ref(account, row["owner_id"])
    return None if found is None else {**found, "value": found["id"]}


def _dropbox(_: Account, __: Row) -> Row:
    return {"dropbox_email": MAILBOX}


# Deals


def _deal(account: Account, row: Row) -> Row:
    days = {name: row[name] for name in ("local_won_date", "local_lost_date", "local_close_date")}
    return {
        **nested_deal(account, row),
        **days,
        "archive_time": moment(row["archive_time"]),
        "sequence_enrollment": None,
        "source_lead_id": row.get("source_lead_id"),
    }


def _has_status(_: Call, wanted: str) -> Callable[[Row], bool] | None:
    return None if wanted == "all_not_deleted" else lambda row: row["status"] == wanted


# Persons and organizations


def _person(account: Account, row: Row) -> Row:
    place = row["postal_address"] or {}
    parts = (
        "subpremise",
        "street_number",
        "route",
        "sublocality",
        "locality",
        "admin_area_level_1",
        "admin_area_level_2",
        "country",
        "postal_code",
    )
    return {
        **nested_person(account, row),
        "phone": row["phones"] or EMPTY_CHANNEL,
        "im": row["im"] or EMPTY_CHANNEL,
        "primary_email": next((entry["value"] for entry in row["emails"] if entry["primary"]), None),
        "delete_time": None,
        "postal_address": place.get("value"),
        "postal_address_lat": None,
        "postal_address_long": None,
        "postal_address_formatted_address": place.get("value"),
        **{f"postal_address_{part}": place.get(part) for part in parts},
        **{name: row[name] for name in ("notes", "birthday", "job_title")},
    }


def _people(account: Account, rows: list[Row]) -> Row:
    return related(
        account, user=[row["owner_id"] for row in rows], organization=[row["org_id"] for row in rows]
    )


def _organization(account: Account, row: Row) -> Row:
    names = ("website", "linkedin", "industry", "annual_revenue", "employee_count")
    return {
        **nested_organization(account, row),
        **{name: row[name] for name in names},
        "delete_time": None,
        "edit_name": True,
    }


def _of_organization(account: Account, row: Row) -> Row:
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


def _about(account: Account, rows: list[Row]) -> Row:
    return related(
        account,
        user=[row["owner_id"] for row in rows],
        person=[row["person_id"] for row in rows],
        organization=[row["org_id"] for row in rows],
        deal=[row["deal_id"] for row in rows],
    )


def _product(account: Account, row: Row) -> Row:
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
    return {**shown, "owner_id": _owner(account, row), "prices": prices, "product_variations": []}


OWNER: dict[str, tuple[str, Convert | None]] = {
    "user_id": ("owner_id", _number),
    "owner_id": ("owner_id", _number),
    "visible_to": ("visible_to", _number),
}
LINKS: dict[str, tuple[str, Convert | None]] = {
    name: (name, _number) for name in ("person_id", "org_id", "deal_id", "stage_id", "pipeline_id")
}
ENTITIES = (
    Entity(
        word="Deal",
        plural="Deals",
        path="deals",
        table="deals",
        show=_deal,
        related=deal_relations,
        names={
            **OWNER,
            **LINKS,
            "value": ("value", _number),
            "probability": ("probability", _number),
            "label": ("label_ids", _labels),
        },
        filters={"user_id": "integer", "status": "string", "stage_id": "integer"},
        tests={"status": _has_status},
        view="current",
        filter_type="deals",
        beside=_dropbox,
    ),
    Entity(
        word="Person",
        plural="Persons",
        path="persons",
        table="persons",
        show=_person,
        related=_people,
        names={
            **OWNER,
            **LINKS,
            "email": ("emails", _channels),
            "phone": ("phones", _channels),
            "label": ("label_ids", _labels),
            "postal_address": ("postal_address", _place),
        },
        required=("name",),
        filters={"user_id": "integer"},
        filter_type="people",
        beside=_dropbox,
        added={"didMerge": False},
        gone_again=True,
    ),
    Entity(
        word="Organization",
        plural="Organizations",
        path="organizations",
        table="organizations",
        show=_organization,
        related=_owners,
        names={**OWNER, "label": ("label_ids", _labels), "address": ("address", _place)},
        required=("name",),
        filters={"user_id": "integer"},
        filter_type="org",
        beside=_of_organization,
        added={"didMerge": False},
    ),
    Entity(
        word="Activity",
        plural="Activities",
        path="activities",
        table="activities",
        show=activities_v1.show,
        related=_about,
        names={
            **OWNER,
            **LINKS,
            "done": ("done", _flag),
            "busy_flag": ("busy", _flag),
            "location": ("location", _place),
            "person_id": ("participants", _one_participant),
            "participants": ("participants", _participants),
        },
        filters={"user_id": "integer", "type": "string"},
        filter_type="activity",
        added={"updates_story_id": None},
    ),
    Entity(
        word="Product",
        plural="Products",
        path="products",
        table="products",
        show=_product,
        related=_owners,
        names={**OWNER, "selectable": ("is_linkable", _flag), "tax": ("tax", _number)},
        required=("name",),
        filters={"user_id": "integer"},
        filter_type="products",
    ),
    Entity(
        word="Pipeline",
        plural="Pipelines",
        path="pipelines",
        table="pipelines",
        show=pipeline_row,
        names={"deal_probability": ("is_deal_probability_enabled", _flag)},
        required=("name",),
    ),
    Entity(
        word="Stage",
        plural="Stages",
        path="stages",
        table="stages",
        show=stage_row,
        names={
            **LINKS,
            "deal_probability": ("deal_probability", _number),
            "rotten_flag": ("is_deal_rot_enabled", _flag),
            "rotten_days": ("days_to_rotten", _number),
        },
        required=("name",),
        filters={"pipeline_id": "integer"},
    ),
)
