"""Saved filters that really filter: their conditions as a test over rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.clock import day
from pipedrive_emulator.filter_operators import OPERATORS, matches
from pipedrive_emulator.http import ApiError, Row

if TYPE_CHECKING:
    from pipedrive_emulator.account import Account

# Filter object → (field table, the key by which a row of another entity refers to it, its table).
OBJECTS = {
    "deal": ("deal_fields", "deal_id", "deals"),
    "person": ("person_fields", "person_id", "persons"),
    "organization": ("organization_fields", "org_id", "organizations"),
    "product": ("product_fields", "product_id", "products"),
    "activity": ("activity_fields", "activity_id", "activities"),
    "project": ("project_fields", "project_id", "projects"),
    "lead": ("deal_fields", "lead_id", "leads"),
}
MAIN_OBJECT = {
    "deals": "deal",
    "leads": "deal",
    "org": "organization",
    "people": "person",
    "products": "product",
    "activity": "activity",
    "projects": "project",
}
MAX_CONDITIONS = 16
GROUPS = 2
Test = Callable[[Row], bool]


def test_of(account: Account, filter_id: int, kind: str) -> Test:
    """The test of a saved filter over rows of its type.

    Raises:
        ApiError: 400 when the filter does not exist or is of another type.
    """
    saved = account.find("filters", filter_id)
    if saved is None or saved["type"] != kind:
        raise ApiError(400, f"filter_id {filter_id} is not a filter of this entity")
    main = MAIN_OBJECT[kind]
    every, some = (
        [_condition(account, main, condition) for condition in group.get("conditions") or ()]
        for group in (saved["conditions"] or {"conditions": [{}, {}]})["conditions"]
    )
    return lambda row: all(test(row) for test in every) and (not some or any(test(row) for test in some))


def check_conditions(account: Account, conditions: Row) -> Row:
    """A filter's conditions, completed as they are kept.

    Raises:
        ApiError: 400 where glue, groups, fields or operators are not as published.
    """
    groups = conditions.get("conditions")
    if conditions.get("glue") != "and" or not isinstance(groups, list) or len(groups) != GROUPS:
        raise ApiError(400, 'conditions must be glued by "and" and hold two groups')
    kept = []
    for group, glue in zip(groups, ("and", "or"), strict=True):
        if not isinstance(group, dict) or group.get("glue") != glue:
            raise ApiError(400, 'the first group must be glued by "and", the second by "or"')
        kept.append(
            {"glue": glue, "conditions": [_complete(account, c) for c in group.get("conditions") or ()]}
        )
    if sum(len(group["conditions"]) for group in kept) > MAX_CONDITIONS:
        raise ApiError(400, f"a filter takes at most {MAX_CONDITIONS} conditions")
    return {"glue": "and", "conditions": kept}


def _complete(account: Account, condition: object) -> Row:
    if not isinstance(condition, dict) or condition.get("object") not in OBJECTS:
        raise ApiError(400, f"a condition's object must be one of {', '.join(OBJECTS)}")
    field = _field(account, condition["object"], condition.get("field_id"))
    if field is None:
        raise ApiError(400, f"field_id {condition.get('field_id')} does not exist")
    if condition.get("operator") not in OPERATORS:
        raise ApiError(400, f"operator {condition.get('operator')} is not known")
    return {
        "object": condition["object"],
        "field_id": str(condition["field_id"]),
        "operator": condition["operator"],
        "value": None if condition.get("value") is None else str(condition["value"]),
        "extra_value": condition.get("extra_value"),
        "json_value_flag": False,
        "field_code": field["key"],
    }


def _field(account: Account, kind: str, field_id: object) -> Row | None:
    table = account.tables.get(OBJECTS[kind][0])
    return None if table is None or not str(field_id).isdigit() else table.get(int(str(field_id)))


def _condition(account: Account, main: str, condition: Row) -> Test:
    field = _field(account, condition["object"], condition["field_id"])
    operator, want = condition["operator"], condition["value"] or ""
    if field is None:
        return lambda _: False
    _, reference, table = OBJECTS[condition["object"]]
    today = dt.date.fromisoformat(day(account.clock.now))
    currency = condition.get("extra_value") if field["field_type"] == "monetary" else None

    def test(row: Row) -> bool:
        if condition["object"] != main:
            # Leads spell it out.
            key = (
                row.get("organization_id")
                if reference == "org_id" and "org_id" not in row
                else row.get(reference)
            )
            other = account.find(table, key)
            if other is None:
                return False
            row = other
        have = _held(row, field)
        if currency and (have if isinstance(have, dict) else row).get("currency") != currency:
            return False
        return matches(operator, field["field_type"], have, want, today)

    return test


def _held(row: Row, field: Row) -> Any:  # noqa: ANN401 - of any JSON type
    """What a row holds in a field; an amount of a lead looks like one of a custom field."""
    if field["is_custom"]:
        return row.get("custom_fields", {}).get(field["key"])
    have = row.get(field["code"])
    if isinstance(have, dict) and "amount" in have:
        return {"value": have["amount"], "currency": have["currency"]}
    if isinstance(have, list) and have and isinstance(have[0], dict):
        return [entry.get("value") for entry in have]
    return have
