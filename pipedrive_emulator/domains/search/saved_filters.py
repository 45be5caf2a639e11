"""Filters, v1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.custom_fields import ADDRESS_PARTS
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import Response, Row, success
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.handlers.resources import Resource, register
from pipedrive_emulator.query.filter_helpers import helpers
from pipedrive_emulator.query.filters import check_conditions

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account

define_table(TableSpec(name="filters", label="Filter", times="sql", deleted=("active_flag", False)))


def _listed(_: Account, row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "conditions"}


def _shown(call: Call, row: Row) -> Row:
    """Return a filter with its conditions; the field codes only on request."""
    if call.query.get("include_field_code"):
        return row
    groups = [
        {
            **group,
            "conditions": [{k: v for k, v in c.items() if k != "field_code"} for c in group["conditions"]],
        }
        for group in row["conditions"]["conditions"]
    ]
    return {**row, "conditions": {**row["conditions"], "conditions": groups}}


def new_filter(name: str, kind: str, conditions: Row, user_id: int) -> Row:
    """Return the stored form of a filter."""
    return {
        "name": name,
        "filter_code": None,
        "is_editable": True,
        "active_flag": True,
        "type": kind,
        "temporary_flag": None,
        "user_id": user_id,
        "add_time": None,
        "update_time": None,
        "visible_to": "1",
        "last_used_time": None,
        "custom_view_id": None,
        "conditions": conditions,
    }


register(Resource(table="filters", operations={"list": "v1:getFilters"}, present=_listed))


@handler("v1:getFilter")
def get_filter(call: Call) -> Response:
    """Return one filter."""
    return success(_shown(call, call.account.require("filters", call.path["id"])))


@handler("v1:addFilter")
def add_filter(call: Call) -> Response:
    """Return a new filter."""
    conditions = check_conditions(call.account, call.body["type"], call.body["conditions"])
    row = new_filter(call.body["name"], call.body["type"], conditions, call.user_id)
    return success(
        _shown(call, call.account.insert("filters", row, call.user_id)), status=call.operation.status
    )


@handler("v1:updateFilter")
def update_filter(call: Call) -> Response:
    """Update a filter and return it."""
    row = call.account.require("filters", call.path["id"])
    changes = {name: call.body[name] for name in ("name", "visible_to") if name in call.body}
    if "conditions" in call.body:
        changes["conditions"] = check_conditions(call.account, row["type"], call.body["conditions"])
    if any(row[name] != value for name, value in changes.items()):
        row = call.account.update("filters", row["id"], changes, call.user_id)
    return success(_shown(call, row))


@handler("v1:deleteFilter")
def delete_filter(call: Call) -> Response:
    """Return the id of a deleted filter."""
    call.account.require("filters", call.path["id"])
    call.account.delete("filters", call.path["id"], call.user_id)
    return success({"id": call.path["id"]})


@handler("v1:deleteFilters")
def delete_filters(call: Call) -> Response:
    """Return the ids of the deleted filters; unknown ids are ignored."""
    found = [number for number in call.query["ids"] if call.account.find("filters", number)]
    for number in found:
        call.account.delete("filters", number, call.user_id)
    return success({"id": found})


@handler("v1:getFilterHelpers")
def filter_helpers(call: Call) -> Response:
    """Return the operators and values of conditions; the same in every account."""
    return success(helpers(ADDRESS_PARTS), status=call.operation.status)
