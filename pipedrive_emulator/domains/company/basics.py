"""Users, pipelines, stages, activity types, currencies, lead labels and sources."""

from __future__ import annotations

import re

from pipedrive_emulator.account.account import TOKEN_USER, Account, on_change
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, invalid, success
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.handlers.resources import Resource, register

COMPANY = {
    "company_id": 1001,
    "company_name": "Nordwind & Söhne",
    "company_domain": "nordwind",
    "company_country": "EE",
    "company_industry": "Machinery",
    "language": {"language_code": "en", "country_code": "US"},
}
PER_CENT = 100
SOURCES = (
    "Manually created",
    "Deal",
    "Web forms",
    "Prospector",
    "Leadbooster",
    "Live chat",
    "Import",
    "Website visitors",
    "API",
)

define_table(TableSpec(name="users", label="User", times="sql", created="created", updated="modified"))
define_table(TableSpec(name="pipelines", label="Pipeline", deleted=("is_deleted", True)))
define_table(TableSpec(name="stages", label="Stage", deleted=("is_deleted", True)))
define_table(
    TableSpec(name="activity_types", label="Activity type", times="sql", deleted=("active_flag", False))
)
define_table(TableSpec(name="currencies", label="Currency", created="", updated=""))
define_table(TableSpec(name="lead_labels", label="Lead label", key_kind="uuid", times="millis"))


def show_user(_: Account, row: Row) -> Row:
    """Return a user in the form for the token's user."""
    return {**row, "is_you": row["id"] == TOKEN_USER}


register(Resource(table="users", operations={"list": "v1:getUsers", "get": "v1:getUser"}, present=show_user))


@handler("v1:getCurrentUser")
def current_user(call: Call) -> Response:
    """Return the user of the token, with the company's data."""
    return success({**show_user(call.account, call.account.require("users", call.user_id)), **COMPANY})


def _next_place(call: Call, table: str, **same: object) -> int:
    rows = [r for r in call.account.table(table).live() if all(r[k] == v for k, v in same.items())]
    return max((row["order_nr"] for row in rows), default=-1) + 1


def named(_: Call, _row: Row, changes: Row) -> Row:
    """Return the changes of an update, whose name must not be empty."""
    if "name" in changes and not changes["name"].strip():
        raise invalid("body.name must not be empty")
    return changes


def _pipeline_order(call: Call, row: Row) -> Row:
    return {**row, "order_nr": _next_place(call, "pipelines")}


register(
    Resource(
        table="pipelines",
        operations={
            "list": "v2:getPipelines",
            "get": "v2:getPipeline",
            "add": "v2:addPipeline",
            "update": "v2:updatePipeline",
            "delete": "v2:deletePipeline",
        },
        required=("name",),
        defaults=lambda _: {
            "name": "",
            "order_nr": 0,
            "is_deleted": False,
            "is_deal_probability_enabled": False,
        },
        on_add=_pipeline_order,
        on_update=named,
    )
)


def _check_stage(row: Row) -> None:
    if not 0 <= row["deal_probability"] <= PER_CENT:
        raise ApiError(400, "deal_probability must be between 0 and 100")
    if row["is_deal_rot_enabled"] and row["days_to_rotten"] is None:
        raise ApiError(400, "days_to_rotten is needed when is_deal_rot_enabled is true")


def _add_stage(call: Call, row: Row) -> Row:
    _check_stage(row)
    return {**row, "order_nr": _next_place(call, "stages", pipeline_id=row["pipeline_id"])}


def _update_stage(call: Call, row: Row, changes: Row) -> Row:
    changes = named(call, row, changes)
    _check_stage({**row, **changes})
    if changes.get("pipeline_id", row["pipeline_id"]) != row["pipeline_id"]:
        return {**changes, "order_nr": _next_place(call, "stages", pipeline_id=changes["pipeline_id"])}
    return changes


@on_change
def _move_stages(account: Account, table: str, before: Row | None, after: Row | None, user_id: int) -> None:
    """Move the deals of a moved stage to its new pipeline, and delete the stages of a deleted pipeline."""
    if before is None or after is None:
        return
    stages, deals = account.table("stages"), account.table("deals")
    if table == "stages" and before["pipeline_id"] != after["pipeline_id"]:
        for seq in sorted(deals.where("stage_id", after["id"])):
            changes = {"pipeline_id": after["pipeline_id"]}
            account.update("deals", seq, changes, user_id)
    if table == "pipelines" and after["is_deleted"] and not before["is_deleted"]:
        for seq in sorted(stages.where("pipeline_id", after["id"])):
            if stages.is_live(stages.row(seq)):
                account.delete("stages", seq, user_id)


register(
    Resource(
        table="stages",
        operations={
            "list": "v2:getStages",
            "get": "v2:getStage",
            "add": "v2:addStage",
            "update": "v2:updateStage",
            "delete": "v2:deleteStage",
        },
        required=("name",),
        references={"pipeline_id": "pipelines"},
        defaults=lambda _: {
            "order_nr": 0,
            "name": "",
            "is_deleted": False,
            "deal_probability": 100,
            "pipeline_id": 1,
            "is_deal_rot_enabled": False,
            "days_to_rotten": None,
        },
        on_add=_add_stage,
        on_update=_update_stage,
    )
)


def _check_type(call: Call, row: Row, changes: Row) -> Row:
    types = call.account.table("activity_types").live()
    name = named(call, row, changes).get("name", "").strip().lower()
    if name and any(kept["name"].lower() == name and kept["id"] != row.get("id") for kept in types):
        raise ApiError(400, "An activity type of this name exists")
    return changes


def _add_type(call: Call, row: Row) -> Row:
    """Return a new type with a unique key; keys of deleted types stay reserved."""
    _check_type(call, {}, row)
    key = word = re.sub(r"[^a-z0-9]+", "_", row["name"].lower()).strip("_") or "type"
    taken = {kept["key_string"] for kept in call.account.table("activity_types").all()}
    while key in taken:
        key = f"{word}{len(taken) + 1}" if key == word else f"{key}_"
    return {**row, "key_string": key, "order_nr": _next_place(call, "activity_types") or 1}


register(
    Resource(
        table="activity_types",
        operations={
            "list": "v1:getActivityTypes",
            "add": "v1:addActivityType",
            "update": "v1:updateActivityType",
        },
        defaults=lambda _: {
            "icon_key": "task",
            "color": "FFFFFF",
            "order_nr": 0,
            "key_string": "",
            "active_flag": True,
            "is_custom_flag": True,
        },
        on_add=_add_type,
        on_update=_check_type,
    )
)


@handler("v1:deleteActivityType")
def delete_activity_type(call: Call) -> Response:
    """Deactivate a type and return it."""
    call.account.require("activity_types", call.path["id"])
    call.account.delete("activity_types", call.path["id"], call.user_id)
    return success(call.account.table("activity_types").get(call.path["id"]))


@handler("v1:getCurrencies")
def currencies(call: Call) -> Response:
    """Return all currencies, or those with `term` in their name or code."""
    term = str(call.query.get("term", "")).lower()
    rows = call.account.table("currencies").all()
    return success([row for row in rows if term in row["name"].lower() or term in row["code"].lower()])


register(
    Resource(
        table="lead_labels",
        operations={
            "list": "v1:getLeadLabels",
            "add": "v1:addLeadLabel",
            "update": "v1:updateLeadLabel",
            "delete": "v1:deleteLeadLabel",
        },
        required=("name",),
        on_update=named,
    )
)


@handler("v1:getLeadSources")
def lead_sources(_: Call) -> Response:
    """Return the fixed sources; they have no id."""
    return success([{"name": name} for name in SOURCES])
