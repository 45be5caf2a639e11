"""Response of `filters/helpers`: operators by field type, relative days, parts of addresses."""

from __future__ import annotations

from typing import Any

_WORDS = {
    "=": "is",
    "!=": "is not",
    "<": "is below",
    ">": "is above",
    "<=": "is at most",
    ">=": "is at least",
    "IS NULL": "has no value",
    "IS NOT NULL": "has a value",
    "LIKE '$%'": "begins with",
    "LIKE '%$%'": "holds",
    "LIKE '%$'": "finishes with",
    "NOT LIKE '$%'": "does not begin with",
    "NOT LIKE '%$%'": "does not hold",
    "NOT LIKE '%$'": "does not finish with",
    "contains": "has all of",
    "not_contains": "has none of",
    "ends_at": "ends on",
    "does_not_end_at": "does not end on",
    "ends_before": "ends sooner than",
    "ends_e_before": "ends by",
    "ends_after": "ends later than",
    "ends_e_after": "ends from",
    "includes": "covers",
    "has_been": "was once",
    "belongs_to_team": "is in the team",
}
_SAME = ("=", "!=")
_EMPTY = ("IS NULL", "IS NOT NULL")
_ORDERED = (*_SAME, "<", ">", "<=", ">=")
_ENDS = ("ends_at", "does_not_end_at", "ends_before", "ends_e_before", "ends_after", "ends_e_after")
_RANGED = (*_ORDERED, *_ENDS, "includes", *_EMPTY)
BY_TYPE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("int", "double", "monetary", "time", "date"), (*_ORDERED, *_EMPTY)),
    "entered_stage": _ORDERED,
    **dict.fromkeys(("timerange", "daterange"), _RANGED),
    "varchar": (*_SAME, *_EMPTY, "LIKE '%$%'", "LIKE '$%'", "NOT LIKE '$%'"),
    "stage": (*_SAME, "has_been"),
    "title": ("=", "LIKE '$%'", "LIKE '%$%'", "NOT LIKE '$%'"),
    "set": (*_SAME, "contains", "not_contains", *_EMPTY),
    **dict.fromkeys(("enum", "deal", "product"), (*_SAME, *_EMPTY)),
    "user": (*_SAME, *_EMPTY, "belongs_to_team"),
    **dict.fromkeys(("status", "visible_to", "currency", "pipeline"), _SAME),
    **dict.fromkeys(("person", "organization"), (*_SAME, *_EMPTY)),
}
"""Operators by the kinds that the helpers name."""
DEPRECATED = ("NOT LIKE '%$%'", "LIKE '%$'", "NOT LIKE '%$'")
"""Operators of texts that are still accepted."""
_SPANS = (
    *(f"{word}_{span}" for span in ("quarter", "month", "week") for word in ("last", "this")),
    "next_week",
    "next_month",
)
_DAYS = (
    *(f"{count}_months_ago" for count in range(6, 0, -1)),
    "3_weeks_ago",
    "2_weeks_ago",
    "1_week_ago",
    "yesterday",
    "before_today",
    "today",
    "now",
    "later_or_today",
    "before_tomorrow",
    "tomorrow",
    "later_or_tomorrow",
    "in_1_week",
    "in_2_weeks",
    "in_3_weeks",
    "in_1_month",
    *(f"in_{count}_months" for count in range(2, 7)),
)


def helpers(address_parts: tuple[str, ...]) -> dict[str, Any]:
    """Return operators by type of field, relative days, and parts of addresses, keyed as published."""
    operators: dict[str, Any] = {
        kind: {name: _WORDS[name] for name in names} for kind, names in BY_TYPE.items()
    }
    # Published as a list of objects, unlike every other kind.
    operators["enum"] = [{name: word} for name, word in operators["enum"].items()]
    return {
        "operators": operators,
        "deprecated_operators": {name: _WORDS[name] for name in DEPRECATED},
        "relative_dates": {
            "Relative date intervals": {name: name.replace("_", " ") for name in _SPANS},
            "Relative dates": {name: name.replace("_", " ") for name in _DAYS},
        },
        "address_field_components": {
            part: part.replace("_", " ") for part in (*address_parts, "formatted_address")
        },
    }
