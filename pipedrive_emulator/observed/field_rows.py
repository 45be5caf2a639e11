"""Fields in version 1, as recorded responses show them.

They have further keys, a condition instead of a flag for some mandatory fields, and rows without an id for
the currencies of amounts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipedrive_emulator.api.http import Row

COMMON: Row = {
    "group_id": None,
    "restriction_settings": [],
    "user_restrictions": None,
    "description": None,
}
BY_TABLE: dict[str, Row] = {
    "deal_fields": {
        "projects_detail_visible_flag": False,
        "show_in_pipelines": {"show_in_all": True, "pipeline_ids": []},
    },
}
OWN: dict[str, dict[str, Row]] = {
    "deal_fields": {
        "title": {"use_field": "id", "link": "/deal/"},
        "stage_id": {"use_field": "stage"},
        "org_id": {"group_id": 1, "mandatory_flag": {"person_id": "<=0"}},
        "person_id": {"group_id": 1, "mandatory_flag": {"org_id": "<=0"}},
        "won_time": {"mandatory_flag": {"status": "=won"}},
        "lost_time": {"mandatory_flag": {"status": "=lost"}},
        "lost_reason": {"mandatory_flag": {"status": "=lost"}},
        "is_archived": {
            "field_type": "enum",
            "options": [{"id": False, "label": "Not archived"}, {"id": True, "label": "Archived"}],
        },
    },
    "person_fields": {
        "name": {"use_field": "id", "link": "/person/"},
        "org_id": {
            "use_field": "org_id",
            "link": "/organization/",
            "autocomplete": "org_autocomplete",
            "display_field": "org_name",
        },
        "owner_id": {"use_field": "owner_id", "display_field": "owner_name"},
    },
}
"""Keys and values of single fields."""
CURRENCIES = {"value": "currency", "arr": "arr_currency", "mrr": "mrr_currency", "acv": "acv_currency"}
"""Amounts of deals and their currencies, which follow as rows without an id."""
COLOURED = ("label", "label_ids", "priority")
COLOUR = "green"
UNSEEN = ("index_visible_flag",)
"""Published keys that every recorded row lacks."""


def shown_as(table: str, row: Row) -> list[Row]:
    """Return the rows that a live account lists for a field: one, or with the currency of its amount."""
    if table == "deal_fields" and row["key"] in CURRENCIES.values():
        return []  # shown after its amount
    own = OWN.get(table, {}).get(row["key"], {})
    shown = {**COMMON, **BY_TABLE.get(table, {}), **row, "json_column_flag": bool(row["edit_flag"]), **own}
    if not row["edit_flag"]:
        shown["update_time"] = None
    for name in UNSEEN:
        shown.pop(name, None)
    if shown.get("options") is None:
        shown.pop("options", None)
    else:
        shown["options"] = [_option(row["key"], option) for option in shown["options"]]
    if table == "deal_fields" and row["key"] in CURRENCIES:
        return [shown, _currency(row)]
    return [shown]


def _option(key: str, option: Row) -> Row:
    more: dict[str, Any] = {}
    if key in COLOURED:
        more["color"] = COLOUR
    if key == "channel":
        more["alt_id"] = option["label"].lower().replace(" ", "_")
    return {**option, **more}


def _currency(amount: Row) -> Row:
    key = CURRENCIES[amount["key"]]
    return {
        "id": None,
        "key": key,
        "name": "Currency" if key == "currency" else f"Currency of {amount['name']}",
        "field_type": "varchar",
        "edit_flag": False,
        "active_flag": True,
        "is_subfield": True,
        "mandatory_flag": key != "currency",
        "parent_id": amount["id"],
        "id_suffix": "currency",
    }
