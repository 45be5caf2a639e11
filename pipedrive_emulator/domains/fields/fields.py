"""Field definitions: stored once, returned in the v1 and the v2 form.

A stored field: id, key (v1), code (v2), name, kind, options, is_custom, optional (returned on request),
flags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.custom_fields import PARTS
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import Response, Row, not_found, success
from pipedrive_emulator.handlers.registry import Call, Handler, handler
from pipedrive_emulator.query.paging import listed_page, offset_page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipedrive_emulator.account.account import Account

# Field table → word in operation ids.
FIELD_KINDS = {
    "deal_fields": "Deal",
    "person_fields": "Person",
    "organization_fields": "Organization",
    "product_fields": "Product",
    "activity_fields": "Activity",
    "project_fields": "Project",
}
# Tables without v1 operations, or without the v1 operation for a single field.
NO_V1, NO_V1_GET = {"project_fields"}, {"project_fields", "activity_fields"}
# Tables with a description of fields in v2.
DESCRIBED = {"deal_fields", "person_fields", "activity_fields"}
# v1 has fewer types for products.
V1_PRODUCT_TYPES = {
    "int": "double",
    "boolean": "enum",
    "visible_to": "enum",
    "price_list": "monetary",
    "billing_frequency": "enum",
}
V2_TYPES = {"pipeline": "int", "product": "int"}
OPTIONAL_V2 = ("ui_visibility", "important_fields", "required_fields")
# Further keys of v2 fields with their defaults, by table.
DETAILS: dict[str, dict[str, Row]] = {
    "deal_fields": {
        "ui_visibility": {
            "projects_detail_visible_flag": False,
            "show_in_pipelines": {"show_in_all": True, "pipeline_ids": []},
        },
        "important_fields": {"enabled": False, "stage_ids": []},
        "required_fields": {"enabled": False, "stage_ids": [], "statuses": {}},
    },
    "person_fields": {
        "ui_visibility": {"show_in_add_deal_dialog": {"show": False, "order": None}},
        "important_fields": {"enabled": False, "stage_ids": []},
        "required_fields": {"enabled": False},
    },
    "organization_fields": {
        "ui_visibility": {
            "org_detail_visible_flag": True,
            "person_detail_visible_flag": False,
            "deal_detail_visible_flag": False,
            "show_in_add_deal_dialog": {"show": False, "order": None},
            "show_in_add_person_dialog": {"show": False, "order": None},
        },
        "important_fields": {"enabled": False, "stage_ids": []},
        "required_fields": {"enabled": False},
    },
    "product_fields": {"ui_visibility": {}},
    "activity_fields": {"ui_visibility": {}},
    "project_fields": {
        "ui_visibility": {},
        "important_fields": {"enabled": False, "stage_ids": []},
        "required_fields": {"enabled": False},
    },
}

for _name in (*FIELD_KINDS, "lead_fields", "note_fields"):
    define_table(TableSpec(name=_name, label="Field", times="sql", deleted=("active_flag", False)))


def new_field(
    name: str, kind: str, *, key: str, code: str | None = None, options: list[Row] | None = None
) -> Row:
    """Return the stored form of a field; `code` is the v2 name if it differs from `key`."""
    return {
        "key": key,
        "code": code or key,
        "name": name,
        "order_nr": 0,
        "field_type": kind,
        "add_time": None,
        "update_time": None,
        "last_updated_by_user_id": None,
        "created_by_user_id": None,
        "active_flag": True,
        "edit_flag": False,
        "index_visible_flag": True,
        "details_visible_flag": True,
        "add_visible_flag": False,
        "important_flag": False,
        "bulk_edit_allowed": True,
        "searchable_flag": False,
        "filtering_allowed": True,
        "sortable_flag": True,
        "options": options,
        "mandatory_flag": False,
        "is_custom": False,
        "optional": False,
        "description": None,
    }


INTERNAL = ("code", "is_custom", "optional", "description", "details")
V1_OPTION = ("id", "label")
V2_OPTION: Row = {"id": None, "label": None, "color": None, "update_time": None, "add_time": None}


def show_v1(row: Row, table: str = "") -> Row:
    """Return a field in the v1 form."""
    shown = {name: value for name, value in row.items() if name not in INTERNAL}
    for name in ("options", "options_deleted"):
        if shown.get(name) is not None:
            shown[name] = [_option(option, V1_OPTION) for option in shown[name]]
    if table == "product_fields":
        shown["field_type"] = V1_PRODUCT_TYPES.get(row["field_type"], row["field_type"])
        shown.pop("options_deleted", None)
        return shown
    if _is_composite(row):
        shown["subfields"] = _v1_subfields(row)
    return shown


def _is_composite(row: Row) -> bool:
    """Return whether a field has parts; the only built-in fields with parts are addresses."""
    return row["field_type"] in PARTS and (row["is_custom"] or row["field_type"] == "address")


def _v1_subfields(row: Row) -> list[Row]:
    """Return the parts of a composite field under their v1 keys; the first one is the field itself."""
    shown = {name: value for name, value in row.items() if name not in (*INTERNAL, "options_deleted")}
    return [
        {
            **shown,
            "id": None,
            "key": f"{row['key']}{suffix}",
            "name": _part_name(row, part),
            "field_type": _part_type(row, part),
            "is_subfield": True,
        }
        for part, suffix in PARTS[row["field_type"]]
        if suffix
    ]


def _part_name(row: Row, part: str) -> str:
    return f"{row['name']}: {part.replace('_', ' ')}"


def _part_type(row: Row, part: str) -> str:
    kinds = {"monetary": "double", "daterange": "date", "time": "time", "timerange": "time"}
    return kinds.get(row["field_type"], "varchar") if part in ("value", "until") else "varchar"


def show_note_field(row: Row) -> Row:
    """Return a note field, which has fewer keys."""
    names = (
        "id",
        "key",
        "name",
        "field_type",
        "active_flag",
        "edit_flag",
        "bulk_edit_allowed",
        "mandatory_flag",
    )
    shown = {name: row[name] for name in names}
    if row["options"] is not None:
        shown["options"] = [_option(option, V1_OPTION) for option in row["options"]]
    return shown


def _option(option: Row, names: Iterable[str]) -> Row:
    return {name: option[name] for name in names if name in option}


def subfields(row: Row) -> list[Row] | None:
    """Return the parts of a composite field by their v2 names; None for a plain field."""
    if not _is_composite(row):
        return None
    return [
        {"field_code": part, "field_name": _part_name(row, part), "field_type": _part_type(row, part)}
        for part, _ in PARTS[row["field_type"]]
    ]


def show_v2(row: Row, table: str, included: Iterable[str] = ()) -> Row:
    """Return a field in the v2 form."""
    shown: Row = {"field_name": row["name"], "field_code": row["code"]}
    if table in DESCRIBED:
        shown["description"] = row["description"]
    shown.update(
        {
            "field_type": V2_TYPES.get(row["field_type"], row["field_type"]),
            "options": None if row["options"] is None else [{**V2_OPTION, **o} for o in row["options"]],
            "subfields": subfields(row),
            "is_custom_field": row["is_custom"],
            "is_optional_response_field": row["optional"],
        }
    )
    kept = row.get("details", {})
    for name, default in DETAILS[table].items():
        if name in included:
            shown[name] = {**default, **kept.get(name, {}), **_flags(row, name)}
    return shown


def _flags(row: Row, name: str) -> Row:
    """Return the flags of both versions."""
    if name == "ui_visibility":
        return {
            "add_visible_flag": row["add_visible_flag"],
            "details_visible_flag": row["details_visible_flag"],
        }
    return {"enabled": row["important_flag" if name == "important_fields" else "mandatory_flag"]}


def by_code(account: Account, table: str, code: str) -> Row:
    """Return the live field of a code; raises a 404 if there is none."""
    kept = account.table(table)
    for seq in kept.where("code", code):
        if kept.is_live(kept.row(seq)):
            return kept.row(seq)
    raise not_found("Field")


def _included(table: str, call: Call) -> Iterable[str]:
    # Project fields have no `include_fields`; their published responses contain all keys.
    included: Iterable[str] = (
        OPTIONAL_V2 if table == "project_fields" else call.query.get("include_fields", ())
    )
    return included


def _handlers(table: str) -> tuple[Handler, Handler, Handler, Handler]:
    def list_v1(call: Call) -> Response:
        # A key in the example of a single list, always empty.
        more = {"picklist_data": None} if table == "product_fields" else {}
        rows = [{**show_v1(row, table), **more} for row in call.account.table(table).live()]
        return (
            success(rows)
            if call.operation.paging != "offset"
            else offset_page(call.operation, rows, call.query)
        )

    def get_v1(call: Call) -> Response:
        return success(show_v1(call.account.require(table, call.path["id"]), table))

    def list_v2(call: Call) -> Response:
        included = _included(table, call)
        rows = [show_v2(row, table, included) for row in call.account.table(table).live() if row["code"]]
        return listed_page(rows, call.query)

    def get_v2(call: Call) -> Response:
        row = by_code(call.account, table, call.path["field_code"])
        return success(show_v2(row, table, _included(table, call)))

    return list_v1, get_v1, list_v2, get_v2


for _table, _word in FIELD_KINDS.items():
    _list_v1, _get_v1, _list_v2, _get_v2 = _handlers(_table)
    handler(f"v2:get{_word}Fields")(_list_v2)
    handler(f"v2:get{_word}Field")(_get_v2)
    if _table not in NO_V1:
        handler(f"v1:get{_word}Fields")(_list_v1)
    if _table not in NO_V1_GET:
        handler(f"v1:get{_word}Field")(_get_v1)


@handler("v1:getLeadFields")
def lead_fields(call: Call) -> Response:
    """Return the built-in fields of leads, and the custom fields of deals."""
    rows = [*call.account.table("lead_fields").live(), *call.account.custom_fields("leads").values()]
    return offset_page(call.operation, [show_v1(row) for row in rows], call.query)


@handler("v1:getNoteFields")
def note_fields(call: Call) -> Response:
    """Return the built-in fields of notes."""
    return success([show_note_field(row) for row in call.account.table("note_fields").live()])
