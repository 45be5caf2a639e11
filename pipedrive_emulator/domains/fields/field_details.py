"""Visibility and required settings of custom fields: parts of a v2 definition.

They are stored as sent with two exceptions: a field that is not important (required) has no stages for it,
and its position in a dialog is set by the system, the next free one when the field is shown there first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipedrive_emulator.api.http import ApiError, Row
from pipedrive_emulator.domains.fields.fields import DETAILS

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.handlers.registry import Call

SHOWN_FLAGS = ("add_visible_flag", "details_visible_flag")
ENABLED_FLAGS = (("important_fields", "important_flag"), ("required_fields", "mandatory_flag"))
DIALOGS = ("show_in_add_deal_dialog", "show_in_add_person_dialog")
CLOSED = {"won", "lost"}


def changes_of(call: Call, table: str, row: Row) -> Row:
    """Return the changes of a body apart from the name, the type and the options of a field.

    Args:
        call: the call with the body.
        table: the field table.
        row: the stored field; empty for a new one.
    """
    body, changes = call.body, {}
    kept = row.get("details", {})
    given = {name: body[name] for name in DETAILS[table] if name in body}
    if given:
        details = {
            name: merged(default, kept.get(name, {}), given.get(name, {}))
            for name, default in DETAILS[table].items()
            if name in kept or name in given
        }
        _settle(call.account, table, row, details)
        changes["details"] = details
        _check(call.account, merged(DETAILS[table], details))
    visible = body.get("ui_visibility", {})
    changes.update({name: visible[name] for name in SHOWN_FLAGS if name in visible})
    for name, flag in ENABLED_FLAGS:
        if "enabled" in body.get(name, {}):
            changes[flag] = body[name]["enabled"]
    if "description" in body:
        changes["description"] = body["description"]
    return changes


def merged(*parts: Row) -> Row:
    """Return merged objects, where the last one wins; inner objects are merged unless keyed by ids."""
    found: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            inner = isinstance(value, dict) and name != "statuses"
            found[name] = merged(found.get(name, {}), value) if inner else value
    return found


def _settle(account: Account, table: str, row: Row, details: Row) -> None:
    """Set the values that the system determines."""
    for name, _ in ENABLED_FLAGS:
        part = details.get(name, {})
        if "enabled" in part and not part["enabled"] and "stage_ids" in part:
            part["stage_ids"] = []
    visible, before = details.get("ui_visibility", {}), row.get("details", {}).get("ui_visibility", {})
    for name in DIALOGS:
        if name in visible:
            shown, place = visible[name]["show"], before.get(name, {}).get("order")
            visible[name]["order"] = (place or _next_place(account, table, name)) if shown else None


def _next_place(account: Account, table: str, dialog: str) -> int:
    shown = [row.get("details", {}).get("ui_visibility", {}) for row in account.table(table).live()]
    return max((part.get(dialog, {}).get("order") or 0 for part in shown), default=0) + 1


def _check(account: Account, details: Row) -> None:
    """Check that stages and pipelines exist, and that the field is shown in the stages' pipelines."""
    pipelines = details.get("ui_visibility", {}).get("show_in_pipelines")
    for number in pipelines["pipeline_ids"] if pipelines else ():
        account.refer("pipelines", number, "show_in_pipelines.pipeline_ids")
    hidden = pipelines is not None and not pipelines["show_in_all"]
    for name, _ in ENABLED_FLAGS:
        part = details.get(name, {})
        for stage_id in part.get("stage_ids", ()):
            account.refer("stages", stage_id, f"{name}.stage_ids")
            place = account.require("stages", stage_id)["pipeline_id"]
            if hidden and place not in pipelines["pipeline_ids"]:
                raise ApiError(
                    400, f"{name}.stage_ids contains a stage of a pipeline that does not show the field"
                )
        for key, statuses in part.get("statuses", {}).items():
            if not key.isdecimal() or account.find("pipelines", int(key)) is None:
                raise ApiError(400, f"{name}.statuses: there is no pipeline {key}")
            if not isinstance(statuses, list) or not set(map(str, statuses)) <= CLOSED:
                raise ApiError(400, f"{name}.statuses accepts lists of won and lost")
