"""Saved filters that really filter: their conditions as a test over rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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
OPERATORS: dict[str, Callable[[Any, str], bool]] = {
    "=": lambda have, want: _plain(have) == want,
    "!=": lambda have, want: _plain(have) != want,
    "<": lambda have, want: have is not None and _compare(have, want) < 0,
    ">": lambda have, want: have is not None and _compare(have, want) > 0,
    "<=": lambda have, want: have is not None and _compare(have, want) <= 0,
    ">=": lambda have, want: have is not None and _compare(have, want) >= 0,
    "IS NULL": lambda have, _: have in (None, "", []),
    "IS NOT NULL": lambda have, _: have not in (None, "", []),
    "LIKE '$%'": lambda have, want: _plain(have).lower().startswith(want.lower()),
    "LIKE '%$%'": lambda have, want: want.lower() in _plain(have).lower(),
    "NOT LIKE '$%'": lambda have, want: not _plain(have).lower().startswith(want.lower()),
    "NOT LIKE '%$%'": lambda have, want: want.lower() not in _plain(have).lower(),
    "IN": lambda have, want: bool(set(_several(have)) & set(want.split(","))),
    "NOT IN": lambda have, want: not set(_several(have)) & set(want.split(",")),
}


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
    compare, want = OPERATORS[condition["operator"]], condition["value"] or ""
    if field is None:
        return lambda _: False
    _, reference, table = OBJECTS[condition["object"]]

    def test(row: Row) -> bool:
        if condition["object"] != main:
            other = account.find(table, row.get(reference))
            if other is None:
                return False
            row = other
        have = (
            row.get("custom_fields", {}).get(field["key"]) if field["is_custom"] else row.get(field["code"])
        )
        return compare(have.get("value") if isinstance(have, dict) else have, want)

    return test


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else ",".join(_several(value))


def _several(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


def _compare(have: Any, want: str) -> int:  # noqa: ANN401 - of any JSON type
    if isinstance(have, int | float):
        try:
            number = float(want)
        except ValueError:
            return -1
        return (have > number) - (have < number)
    text = str(have)[: len(want)]
    return (text > want) - (text < want)
