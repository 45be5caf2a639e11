"""Core entities in version 1, as data: the names of their bodies, and how their rows are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.account import Account
from pipedrive_emulator.api.http import Row
from pipedrive_emulator.observed import core_rows

if TYPE_CHECKING:
    from pipedrive_emulator.handlers.registry import Call

Show = Callable[[Account, Row], Row]
Convert = Callable[[Any], object]


def _number(value: object) -> object:
    """Read a number, which v1 also takes as text."""
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
    """Return a list of channels from one or many, each a text or an object."""
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
        listed, one: a row of a list, and one that is read by id, where they are shown otherwise.
        hidden: keys that the response of an operation lacks, by verb.
        related: `related_objects` of rows; None where responses lack the key.
        related_one: those of a row that is read by id, where they are shown otherwise.
        names: v2 key and conversion by v1 key of a body, where they differ.
        required: keys that an added row needs.
        filters: further parameters of the list and their types.
        tests: those that are more than a comparison.
        view: which part of the table the list reads.
        filter_type: the `type` of filters that apply.
        beside: `additional_data` of a single read.
        added: `additional_data` of an added row.
        gone_again: whether a second delete returns HTTP 410 with the id.
    """

    word: str
    plural: str
    path: str
    table: str
    show: Show
    listed: Show | None = None
    one: Show | None = None
    hidden: dict[str, frozenset[str]] = field(default_factory=dict)
    related: Callable[[Account, list[Row]], Row] | None = None
    related_one: Callable[[Account, list[Row]], Row] | None = None
    names: dict[str, tuple[str, Convert | None]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    filters: dict[str, str] = field(default_factory=dict)
    tests: dict[str, Callable[[Call, Any], Callable[[Row], bool] | None]] = field(default_factory=dict)
    view: str = "live"
    filter_type: str = ""
    beside: Callable[[Account, Row], Row | None] = field(default=lambda _account, _row: None)
    added: Row | None = None
    gone_again: bool = False


def _has_status(_: Call, wanted: str) -> Callable[[Row], bool] | None:
    return None if wanted == "all_not_deleted" else lambda row: row["status"] == wanted


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
        show=core_rows.deal,
        one=core_rows.one_deal,
        related=core_rows.of_deals,
        related_one=core_rows.of_one_deal,
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
        beside=core_rows.dropbox,
    ),
    Entity(
        word="Person",
        plural="Persons",
        path="persons",
        table="persons",
        show=core_rows.person,
        hidden={
            **dict.fromkeys(("list", "get", "add"), frozenset({"picture_128_url"})),
            "update": frozenset({"primary_email"}),
        },
        related=core_rows.of_persons,
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
        beside=core_rows.dropbox,
        added={"didMerge": False},
        gone_again=True,
    ),
    Entity(
        word="Organization",
        plural="Organizations",
        path="organizations",
        table="organizations",
        show=core_rows.organization,
        one=core_rows.one_organization,
        hidden=dict.fromkeys(("list", "update"), frozenset({"edit_name"})),
        related=core_rows.owners,
        names={**OWNER, "label": ("label_ids", _labels), "address": ("address", _place)},
        required=("name",),
        filters={"user_id": "integer"},
        filter_type="org",
        beside=core_rows.beside_organization,
        added={"didMerge": False},
    ),
    Entity(
        word="Activity",
        plural="Activities",
        path="activities",
        table="activities",
        show=core_rows.activity,
        related=core_rows.of_activities,
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
        show=core_rows.product,
        listed=core_rows.listed_product,
        related=core_rows.owners,
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
        show=core_rows.pipeline,
        hidden=dict.fromkeys(("get", "add", "update"), frozenset({"selected"})),
        names={"deal_probability": ("is_deal_probability_enabled", _flag)},
        required=("name",),
    ),
    Entity(
        word="Stage",
        plural="Stages",
        path="stages",
        table="stages",
        show=core_rows.stage,
        hidden=dict.fromkeys(
            ("get", "add", "update"), frozenset({"pipeline_name", "pipeline_deal_probability"})
        ),
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
