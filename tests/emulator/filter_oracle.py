"""Rows that satisfy a condition, computed from a dump: an independent implementation of the operators."""

from __future__ import annotations

import datetime as dt
from typing import Any

# Filter type → (object of its own fields, tables of those fields, table, path of its list).
TYPES: dict[str, tuple[str, tuple[str, ...], str, str]] = {
    "deals": ("deal", ("deal_fields",), "deals", "/api/v2/deals"),
    "leads": ("lead", ("lead_fields", "deal_fields"), "leads", "/api/v1/leads"),
    "org": ("organization", ("organization_fields",), "organizations", "/api/v2/organizations"),
    "people": ("person", ("person_fields",), "persons", "/api/v2/persons"),
    "products": ("product", ("product_fields",), "products", "/api/v2/products"),
    "activity": ("activity", ("activity_fields",), "activities", "/api/v2/activities"),
    "projects": ("project", ("project_fields",), "projects", "/api/v2/projects"),
}
# v1 key of a built-in field → key of the row, where they differ.
COLUMNS = {
    "deals": {"user_id": "owner_id", "pipeline": "pipeline_id", "label": "label_ids"},
    "leads": {},
    "org": {"label": "label_ids"},
    "people": {"email": "emails", "phone": "phones", "label": "label_ids"},
    "products": {"selectable": "is_linkable", "unit_price": "prices"},
    "activity": {"user_id": "owner_id", "busy_flag": "busy"},
    "projects": {"person_id": "person_ids", "org_id": "org_ids", "labels": "label_ids"},
}
DENIALS = {
    "!=": "=",
    "not_contains": "shares",
    "NOT LIKE '$%'": "LIKE '$%'",
    "NOT LIKE '%$%'": "LIKE '%$%'",
    "NOT LIKE '%$'": "LIKE '%$'",
    "does_not_end_at": "ends_at",
}
ENDS = {"ends_at": "=", "ends_before": "<", "ends_e_before": "<=", "ends_after": ">", "ends_e_after": ">="}
NUMBERS = ("int", "double", "monetary", "price_list")
TIMES = ("time", "timerange")
DATES = ("date", "daterange")


def held(kind: str, field: dict[str, Any], row: dict[str, Any]) -> Any:
    """The value of a field in a row of a dump."""
    key = field["key"]
    if len(key) == 40:
        return (row.get("custom_fields") or {}).get(key)
    return row.get(COLUMNS[kind].get(key, key))


def _is_number(value: Any) -> bool:
    """Return whether a value is compared as a number; the id of a lead is a text, not a number."""
    return isinstance(value, int | float)


def _normal(kind: str, value: Any) -> Any:
    if kind in NUMBERS:
        return float(value)
    if kind in TIMES:
        return f"{value}:00"[:8]
    if kind in DATES:
        return str(value)[:10]
    return str(int(value)) if isinstance(value, bool) else str(value).lower()


def _entries(value: Any, part: str) -> list[Any]:
    """The single values that a value consists of."""
    if isinstance(value, dict):
        value = value.get("amount", value.get(part))
    if isinstance(value, list):
        return [
            entry.get("price", entry.get("value")) if isinstance(entry, dict) else entry for entry in value
        ]
    return [] if value in (None, "") else [value]


def keeps(kind: str, operator: str, value: Any, want: str) -> bool:
    """Return whether a value satisfies an operator; an empty value satisfies only negations."""
    if operator == "IS NULL":
        return not _entries(value, "value")
    if operator == "IS NOT NULL":
        return bool(_entries(value, "value"))
    if operator in DENIALS:
        return not keeps(kind, DENIALS[operator], value, want)
    if operator == "includes":
        start, end = _entries(value, "value"), _entries(value, "until")
        last = end or start
        return bool(start) and _normal(kind, start[0]) <= _normal(kind, want) <= _normal(kind, last[0])
    part, operator = ("until", ENDS[operator]) if operator in ENDS else ("value", operator)
    entries = [_normal(kind, e) for e in _entries(value, part) if kind not in NUMBERS or _is_number(e)]
    if kind == "set":
        wanted = set(want.lower().split(","))
        tests = {"=": set(entries) == wanted, "contains": wanted <= set(entries)}
        return bool(entries) and {**tests, "shares": bool(wanted & set(entries))}[operator]
    wanted = _normal(kind, want)
    return any(_fits(operator, entry, wanted) for entry in entries)


def _fits(operator: str, have: Any, want: Any) -> bool:
    if operator.startswith("LIKE"):
        at = have.find(want)
        return {
            "LIKE '$%'": at == 0,
            "LIKE '%$%'": at >= 0,
            "LIKE '%$'": at >= 0 and have.endswith(want),
        }[operator]
    order = (have > want) - (have < want)
    return order in {"=": (0,), "<": (-1,), ">": (1,), "<=": (-1, 0), ">=": (0, 1)}[operator]


def wanted_of(kind: str, operator: str, values: list[Any]) -> str:
    """A value to compare with, from the middle of the rows' values."""
    part = "until" if operator.startswith(("ends", "does")) else "value"
    found = [entry for value in values for entry in _entries(value, part)]
    if kind == "set":
        lists = sorted((value for value in values if value), key=len)
        return ",".join(str(entry) for entry in lists[len(lists) // 2]) if lists else "1"
    known = sorted({_normal(kind, e) for e in found if kind not in NUMBERS or _is_number(e)})
    if not known:
        today = dt.date(2026, 6, 15).isoformat()
        return "1" if kind in NUMBERS else today if kind in DATES else "10:00:00" if kind in TIMES else "1"
    middle = str(known[len(known) // 2])
    if "LIKE '%$%'" in operator:
        return middle[1:-1] or middle
    if operator.endswith("LIKE '$%'"):
        return middle[:3]
    return middle[-3:] if operator.endswith("LIKE '%$'") else middle
