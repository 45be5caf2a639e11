"""Create, update and delete of field definitions and their options, in both versions."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pipedrive_emulator.api.http import ApiError, Response, Row, invalid, success
from pipedrive_emulator.domains.fields.field_details import changes_of
from pipedrive_emulator.domains.fields.fields import (
    FIELD_KINDS,
    NO_V1_GET,
    OPTIONAL_V2,
    by_code,
    new_field,
    show_v1,
    show_v2,
)
from pipedrive_emulator.handlers.registry import Call, handler

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipedrive_emulator.account.account import Account

WITH_OPTIONS = ("enum", "set")
WITH_LABELS = ("deal_fields", "person_fields", "organization_fields")
"""Fields of rows whose labels change like options of a custom field. Source: guide "Working with labels"."""
READ_ONLY = "activity_fields"


def _custom(row: Row) -> Row:
    if not row["is_custom"]:
        raise ApiError(400, "Only custom fields can be changed")
    return row


def _next_option(account: Account) -> int:
    """Return the next option id; ids are shared by all entities."""
    rows = [row for table in FIELD_KINDS for row in account.table(table).all()]
    used = [o["id"] for row in rows for o in [*(row["options"] or ()), *row.get("options_deleted", ())]]
    return max((number for number in used if isinstance(number, int)), default=0) + 1


def _labels(options: Iterable[Row]) -> list[str]:
    """Return the labels of options, not empty and unique."""
    labels = [option.get("label") for option in options]
    if not all(isinstance(label, str) and label.strip() for label in labels):
        raise invalid("every option needs a label")
    if len(set(labels)) != len(labels):
        raise invalid("an option label is given twice")
    return [str(label) for label in labels]


def _new_options(call: Call, table: str, labels: list[str]) -> list[Row]:
    first, now = _next_option(call.account), call.account.now(table)
    moment = now.replace(" ", "T") + "Z"
    return [
        {"id": first + place, "label": label, "color": None, "add_time": moment, "update_time": None}
        for place, label in enumerate(labels)
    ]


def _add(call: Call, table: str, name: str, kind: str, changes: Row) -> Row:
    """Store a new custom field and return it."""
    given = call.body.get("options")
    if not name.strip():
        raise invalid("the name must not be empty")
    if (kind in WITH_OPTIONS) != bool(given):
        raise invalid("options are required for enum and set, and rejected for other types")
    account, kept = call.account, call.account.table(table)
    _, number = kept.new_key()
    key = hashlib.sha1(f"{table}:added:{number}".encode(), usedforsecurity=False).hexdigest()
    options = _new_options(call, table, _labels(given)) if given else None
    row = new_field(name, kind, key=key, options=options)
    row.update({"is_custom": True, "edit_flag": True, "created_by_user_id": call.user_id})
    row["order_nr"] = max((r["order_nr"] for r in kept.live()), default=0) + 1
    row["last_updated_by_user_id"] = call.user_id
    return account.insert(table, {**row, **changes}, call.user_id)


def _update(call: Call, table: str, row: Row, changes: Row) -> Row:
    if "name" in changes and not changes["name"].strip():
        raise invalid("the name must not be empty")
    if all(row.get(name) == value for name, value in changes.items()):
        return row
    changes["last_updated_by_user_id"] = call.user_id
    return call.account.update(table, row["id"], changes, call.user_id)


# v2


def _v2(table: str, word: str) -> None:
    @handler(f"v2:add{word}Field")
    def add(call: Call) -> Response:
        body = call.body
        row = _add(call, table, body["field_name"], body["field_type"], changes_of(call, table, {}))
        return success(show_v2(row, table, OPTIONAL_V2), status=call.operation.status)

    @handler(f"v2:update{word}Field")
    def update(call: Call) -> Response:
        row = _custom(by_code(call.account, table, call.path["field_code"]))
        if not call.body:
            raise invalid("the body must contain at least one key")
        changes = changes_of(call, table, row)
        if "field_name" in call.body:
            changes["name"] = call.body["field_name"]
        return success(show_v2(_update(call, table, row, changes), table, OPTIONAL_V2))

    @handler(f"v2:delete{word}Field")
    def delete(call: Call) -> Response:
        row = _custom(by_code(call.account, table, call.path["field_code"]))
        call.account.delete(table, row["id"], call.user_id)
        return success(show_v2(row, table))


def _with_options(call: Call, table: str) -> Row:
    code = call.path["field_code"]
    row = by_code(call.account, table, code)
    if code != "label_ids" or table not in WITH_LABELS:
        _custom(row)
    if row["field_type"] not in WITH_OPTIONS:
        raise ApiError(400, "The field is of a type without options")
    if not call.body:
        raise invalid("at least one option is needed")
    return row


def _named(row: Row, body: list[Row]) -> list[int]:
    """Return the option ids of a body; all must exist, each once."""
    wanted = [option["id"] for option in body]
    if len(set(wanted)) != len(wanted):
        raise invalid("an option id is given twice")
    if not set(wanted) <= {option["id"] for option in row["options"]}:
        raise ApiError(400, "An option does not exist; nothing was changed")
    return wanted


def _options_response(options: Iterable[Row], status: int) -> Response:
    return success([{"id": o["id"], "label": o["label"]} for o in options], status=status)


def _options(table: str, word: str) -> None:
    @handler(f"v2:add{word}FieldOptions")
    def add(call: Call) -> Response:
        row = _with_options(call, table)
        labels = _labels([*row["options"], *call.body])[len(row["options"]) :]
        added = _new_options(call, table, labels)
        _update(call, table, row, {"options": [*row["options"], *added]})
        return _options_response(added, call.operation.status)

    @handler(f"v2:update{word}FieldOptions")
    def update(call: Call) -> Response:
        row = _with_options(call, table)
        wanted = _named(row, call.body)
        labels = {option["id"]: option["label"] for option in call.body}
        moment = call.account.now(table).replace(" ", "T") + "Z"
        options = [
            {**o, "label": labels[o["id"]], "update_time": moment} if o["id"] in labels else o
            for o in row["options"]
        ]
        _labels(options)
        _update(call, table, row, {"options": options})
        return _options_response((o for o in options if o["id"] in wanted), call.operation.status)

    @handler(f"v2:delete{word}FieldOptions")
    def delete(call: Call) -> Response:
        row = _with_options(call, table)
        gone = _named(row, call.body)
        _keep_options(call, table, row, [o for o in row["options"] if o["id"] not in gone])
        return _options_response((o for o in row["options"] if o["id"] in gone), call.operation.status)


def _keep_options(call: Call, table: str, row: Row, options: list[Row]) -> Row:
    kept = {option["id"] for option in options}
    gone = [option for option in row["options"] if option["id"] not in kept]
    changes: Row = {"options": options}
    if gone:
        changes["options_deleted"] = [*row.get("options_deleted", ()), *gone]
    return _update(call, table, row, changes)


# v1


def _replaced(call: Call, table: str, row: Row) -> list[Row]:
    """Return all options of a v1 body: those with an id are kept, those without are new."""
    given = call.body["options"]
    if row["field_type"] not in WITH_OPTIONS or not given:
        raise ApiError(400, "options belong to enum and set, and must not be empty")
    _labels(given)
    known = {option["id"]: option for option in row["options"]}
    if not all(option.get("id") in known for option in given if "id" in option):
        raise ApiError(400, "An option does not exist; nothing was changed")
    fresh = iter(_new_options(call, table, [o["label"] for o in given if "id" not in o]))
    return [{**known[o["id"]], "label": o["label"]} if "id" in o else next(fresh) for o in given]


def _v1(table: str, word: str) -> None:
    @handler(f"v1:add{word}Field")
    def add(call: Call) -> Response:
        # Published: true by default; product fields have no such flag.
        changes = {"add_visible_flag": call.body.get("add_visible_flag", table != "product_fields")}
        row = _add(call, table, call.body["name"], call.body["field_type"], changes)
        return success(show_v1(row, table), status=call.operation.status)

    @handler(f"v1:update{word}Field")
    def update(call: Call) -> Response:
        row = _custom(call.account.require(table, call.path["id"]))
        changes = {n: call.body[n] for n in ("name", "add_visible_flag") if n in call.body}
        if "options" in call.body:
            row = _keep_options(call, table, row, _replaced(call, table, row))
        return success(show_v1(_update(call, table, row, changes), table))

    @handler(f"v1:delete{word}Field")
    def delete(call: Call) -> Response:
        row = _custom(call.account.require(table, call.path["id"]))
        call.account.delete(table, row["id"], call.user_id)
        return success({"id": row["id"]})

    @handler(f"v1:delete{word}Fields")
    def delete_several(call: Call) -> Response:
        wanted = call.query["ids"]
        for number in wanted:
            _custom(call.account.require(table, number))
        for number in wanted:
            call.account.delete(table, number, call.user_id)
        return success({"id": wanted})


for _table, _word in FIELD_KINDS.items():
    if _table != READ_ONLY:
        _v2(_table, _word)
        _options(_table, _word)
    if _table not in NO_V1_GET:
        _v1(_table, _word)
