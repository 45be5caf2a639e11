"""Saved filters: their conditions compiled to a test over rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.clock import day
from pipedrive_emulator.account.custom_fields import ADDRESS_PARTS, kept_options
from pipedrive_emulator.api.http import ApiError, Row
from pipedrive_emulator.query.filter_operators import EMPTY_TESTS, check_value, matches, operators_of

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account

Test = Callable[[Row], bool]
Reach = Callable[["Account", Row], Iterable[Row]]
# Filter object → (its fields, its table).
OBJECTS = {
    "deal": ("deal_fields", "deals"),
    "person": ("person_fields", "persons"),
    "organization": ("organization_fields", "organizations"),
    "product": ("product_fields", "products"),
    "activity": ("activity_fields", "activities"),
    "project": ("project_fields", "projects"),
    "lead": ("lead_fields", "leads"),
}
# Filter type → the objects of the fields of its own rows; leads inherit the fields of deals.
OWN_OBJECTS = {
    "deals": ("deal",),
    "leads": ("deal", "lead"),
    "org": ("organization",),
    "people": ("person",),
    "products": ("product",),
    "activity": ("activity",),
    "projects": ("project",),
}
# Leads store some of the fields of deals under other names.
LEAD_NAMES = {"org_id": "organization_id", "creator_user_id": "creator_id"}
CONDITION_KEYS = {"object", "field_id", "operator", "value", "extra_value", "json_value_flag", "field_code"}
MAX_CONDITIONS = 16
GROUPS = 2


# From a row to the rows of another object


def _named(table: str, *columns: str) -> Reach:
    """Return the row that a column of this row references."""

    def reach(account: Account, row: Row) -> Iterable[Row]:
        key = next((row[column] for column in columns if column in row), None)
        found = account.find(table, key)
        return () if found is None else (found,)

    return reach


def _listed(table: str, column: str) -> Reach:
    """Return the rows that a column of this row lists."""
    return lambda account, row: filter(None, (account.find(table, key) for key in row[column]))


def _pointing(table: str, column: str) -> Reach:
    """Return the rows with a column that references this row."""

    def reach(account: Account, row: Row) -> Iterable[Row]:
        kept = account.table(table)
        rows = (kept.row(seq) for seq in kept.where(column, row["id"]))
        return (found for found in rows if kept.is_live(found))

    return reach


def _sold(here: str, there: str, table: str) -> Reach:
    """Return deals of a product, or products of a deal."""

    def reach(account: Account, row: Row) -> Iterable[Row]:
        lines = account.table("deal_products")
        keys = {lines.row(seq)[there] for seq in lines.where(here, row["id"])}
        return filter(None, (account.find(table, key) for key in sorted(keys)))

    return reach


REACHES: dict[tuple[str, str], Reach] = {
    ("deals", "person"): _named("persons", "person_id"),
    ("deals", "organization"): _named("organizations", "org_id"),
    ("deals", "product"): _sold("deal_id", "product_id", "products"),
    ("deals", "activity"): _pointing("activities", "deal_id"),
    ("leads", "person"): _named("persons", "person_id"),
    ("leads", "organization"): _named("organizations", "organization_id"),
    ("leads", "activity"): _pointing("activities", "lead_id"),
    ("org", "person"): _pointing("persons", "org_id"),
    ("org", "deal"): _pointing("deals", "org_id"),
    ("org", "activity"): _pointing("activities", "org_id"),
    ("people", "organization"): _named("organizations", "org_id"),
    ("people", "deal"): _pointing("deals", "person_id"),
    ("people", "activity"): _pointing("activities", "person_id"),
    ("products", "deal"): _sold("product_id", "deal_id", "deals"),
    ("activity", "deal"): _named("deals", "deal_id"),
    ("activity", "person"): _named("persons", "person_id"),
    ("activity", "organization"): _named("organizations", "org_id"),
    ("projects", "deal"): _listed("deals", "deal_ids"),
    ("projects", "person"): _listed("persons", "person_ids"),
    ("projects", "organization"): _listed("organizations", "org_ids"),
    ("projects", "activity"): _pointing("activities", "project_id"),
}
"""By filter type and object: from a row to the rows that a condition on the object checks."""


# Writing


def check_conditions(account: Account, kind: str, conditions: Row) -> Row:
    """Return the conditions of a filter of a type, completed to their stored form.

    Raises:
        ApiError: 400 if glue, groups, objects, fields, operators or values are not as published.
    """
    groups = conditions.get("conditions")
    if set(conditions) != {"glue", "conditions"} or conditions["glue"] != "and":
        raise ApiError(400, 'conditions must contain glue "and", and conditions')
    if not isinstance(groups, list) or len(groups) != GROUPS:
        raise ApiError(400, 'conditions must be glued by "and" and contain two groups')
    kept = []
    for group, glue in zip(groups, ("and", "or"), strict=True):
        if not isinstance(group, dict) or set(group) != {"glue", "conditions"} or group["glue"] != glue:
            raise ApiError(400, 'the first group must be glued by "and", the second by "or"')
        if not isinstance(group["conditions"], list):
            raise ApiError(400, "the conditions of a group must be a list")
        kept.append({"glue": glue, "conditions": [_complete(account, kind, c) for c in group["conditions"]]})
    if sum(len(group["conditions"]) for group in kept) > MAX_CONDITIONS:
        raise ApiError(400, f"a filter takes at most {MAX_CONDITIONS} conditions")
    return {"glue": "and", "conditions": kept}


def _complete(account: Account, kind: str, condition: object) -> Row:
    if not isinstance(condition, dict) or not set(condition) <= CONDITION_KEYS:
        raise ApiError(400, "a condition takes object, field_id, operator, value and extra_value")
    about = condition.get("object")
    if about not in OWN_OBJECTS[kind] and (kind, about) not in REACHES:
        raise ApiError(400, f"a condition of a filter of type {kind} cannot be about {about}")
    field = _field(account, str(about), condition.get("field_id"))
    if field is None:
        raise ApiError(400, f"field_id {condition.get('field_id')} does not exist")
    operator = condition.get("operator")
    if operator not in operators_of(field["field_type"]):
        raise ApiError(400, f"operator {operator} is not for fields of type {field['field_type']}")
    return {
        "object": about,
        "field_id": str(condition["field_id"]),
        "operator": operator,
        "value": check_value(field["field_type"], operator, condition.get("value")),
        "extra_value": _check_extra(account, field, condition.get("extra_value")),
        "json_value_flag": False,
        "field_code": field["key"],
    }


def _check_extra(account: Account, field: Row, extra: object) -> object:
    """Return the currency of an amount, the part of an address; empty for other fields."""
    if extra in (None, ""):
        return extra
    if field["field_type"] in ("monetary", "price_list"):
        known = bool(account.table("currencies").where("code", str(extra)))
    else:
        known = field["field_type"] == "address" and extra in (*ADDRESS_PARTS, "formatted_address")
    if not known:
        raise ApiError(400, f"extra_value {extra} has no effect here")
    return extra


def _field(account: Account, about: str, field_id: object) -> Row | None:
    if not isinstance(field_id, str | int) or isinstance(field_id, bool) or not str(field_id).isdecimal():
        return None
    found = account.find(OBJECTS[about][0], int(field_id))
    if found is None and about == "lead":
        found = account.find("deal_fields", int(field_id))
        return found if found is not None and found["is_custom"] else None
    return found


# Reading


def test_of(account: Account, filter_id: int, kind: str) -> Test:
    """Return the test of a saved filter over rows of its type.

    Raises:
        ApiError: 400 when the filter does not exist or is of another type.
    """
    saved = account.find("filters", filter_id)
    if saved is None or saved["type"] != kind:
        raise ApiError(400, f"filter_id {filter_id} is not a filter of this entity")
    every, some = (
        [_condition(account, kind, condition) for condition in group["conditions"]]
        for group in saved["conditions"]["conditions"]
    )
    return lambda row: all(test(row) for test in every) and (not some or any(test(row) for test in some))


def _condition(account: Account, kind: str, condition: Row) -> Test:
    """Return one condition over the rows of a filter's type; of related rows, one must satisfy it."""
    about = condition["object"]
    field = _field(account, about, condition["field_id"])
    if field is None or condition["operator"] not in operators_of(field["field_type"]):
        return lambda _: False
    own = _own(account, field, condition)
    if about in OWN_OBJECTS[kind]:
        return own
    reach = REACHES[kind, about]
    return lambda row: any(own(other) for other in reach(account, row))


def _own(account: Account, field: Row, condition: Row) -> Test:
    """Return a condition over the rows that have the field."""
    operator, want = condition["operator"], condition["value"] or ""
    field_type, extra = field["field_type"], condition["extra_value"]
    today = dt.date.fromisoformat(day(account.clock.now))
    if operator == "has_been":
        return lambda row: int(want) in _stages_of(account, row)
    if operator == "belongs_to_team":
        team = account.find("legacy_teams", int(want)) or {"users": []}
        return lambda row: _held(row, field) in team["users"]

    def test(row: Row) -> bool:
        have = _held(row, field)
        if extra:
            have = _part(row, have, field_type, extra)
            if have is None and field_type != "address" and operator not in EMPTY_TESTS:
                return False
        return matches(operator, field_type, have, want, today)

    return test


def _stages_of(account: Account, row: Row) -> set[int]:
    """Return the stages a deal is in or was in."""
    changes = account.table("changes")
    rows = (changes.row(seq) for seq in changes.where("parent", f"deals:{row['id']}"))
    found = {change["old_value"] for change in rows if change["field_key"] == "stage_id"}
    return {row["stage_id"], *(int(value) for value in found if value is not None)}


def _part(row: Row, have: Any, field_type: str, extra: str) -> Any:  # noqa: ANN401 - of any JSON type
    """Return the part of a value that an extra value selects; None if it does not exist."""
    if field_type == "address":
        return (have or {}).get("value" if extra == "formatted_address" else extra)
    if field_type == "price_list":
        return [price["price"] for price in row["prices"] if price["currency"] == extra] or None
    currency = have.get("currency") if isinstance(have, dict) else row.get("currency")
    return have if currency == extra else None


def _held(row: Row, field: Row) -> Any:  # noqa: ANN401 - of any JSON type
    """Return a row's value of a field; an amount of a lead has the form of a custom field."""
    if field["is_custom"]:
        # A deleted option counts as no value.
        return kept_options(field, row.get("custom_fields", {}).get(field["key"]))
    code = field["code"]
    if code not in row:
        code = LEAD_NAMES.get(code, code)
    have = row.get(code)
    if code == "currency" and isinstance(row.get("value"), dict):
        return row["value"]["currency"]
    if isinstance(have, dict) and "amount" in have:
        return {"value": have["amount"], "currency": have["currency"]}
    if code == "prices":
        return [price["price"] for price in have or ()]
    if isinstance(have, list) and have and isinstance(have[0], dict):
        return [entry.get("value") for entry in have]
    return have
