"""How the conditions of saved filters compare: operators, relative days, and what is told of them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

Compare = Callable[[Any, str], bool]
DATES = ("date", "daterange")
RELATIVE = re.compile(r"^(?:(\d)_(week|month)s?_ago|in_(\d)_(week|month)s?)$")
QUARTER = 3
FIRST, LAST = "0000-00-00", "9999-99-99"


def plain(value: object) -> str:
    """A value as the text that conditions are written in."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else ",".join(several(value))


def several(value: object) -> list[str]:
    """The entries of a list, or a single value, as texts."""
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


def order(have: Any, want: str) -> int:  # noqa: ANN401 - of any JSON type
    """Below, at or above: -1, 0 or 1; numbers as numbers, texts by as much as is wanted."""
    if isinstance(have, int | float):
        try:
            number = float(want)
        except ValueError:
            return -1
        return (have > number) - (have < number)
    text = str(have)[: len(want)]
    return (text > want) - (text < want)


def _entries(want: str) -> set[str]:
    return set(want.split(","))


PLAIN: dict[str, Compare] = {
    "=": lambda have, want: plain(have) == want,
    "!=": lambda have, want: plain(have) != want,
    "<": lambda have, want: have is not None and order(have, want) < 0,
    ">": lambda have, want: have is not None and order(have, want) > 0,
    "<=": lambda have, want: have is not None and order(have, want) <= 0,
    ">=": lambda have, want: have is not None and order(have, want) >= 0,
    "IS NULL": lambda have, _: have in (None, "", []),
    "IS NOT NULL": lambda have, _: have not in (None, "", []),
    "LIKE '$%'": lambda have, want: plain(have).lower().startswith(want.lower()),
    "LIKE '%$%'": lambda have, want: want.lower() in plain(have).lower(),
    "LIKE '%$'": lambda have, want: plain(have).lower().endswith(want.lower()),
    "NOT LIKE '$%'": lambda have, want: not plain(have).lower().startswith(want.lower()),
    "NOT LIKE '%$%'": lambda have, want: want.lower() not in plain(have).lower(),
    "NOT LIKE '%$'": lambda have, want: not plain(have).lower().endswith(want.lower()),
    "IN": lambda have, want: bool(set(several(have)) & _entries(want)),
    "NOT IN": lambda have, want: not set(several(have)) & _entries(want),
    "contains": lambda have, want: have is not None and _entries(want) <= set(several(have)),
    "not_contains": lambda have, want: have is None or not _entries(want) & set(several(have)),
}
# Of the end of a range: the plain operator each stands for.
AT_END = {
    "ends_at": "=",
    "does_not_end_at": "!=",
    "ends_before": "<",
    "ends_e_before": "<=",
    "ends_after": ">",
    "ends_e_after": ">=",
}
OPERATORS = (*PLAIN, *AT_END, "includes")


def _includes(have: Any, want: str) -> bool:  # noqa: ANN401 - of any JSON type
    return isinstance(have, dict) and str(have["value"]) <= want <= str(have.get("until") or have["value"])


def _in_span(operator: str, have: object, span: tuple[str, str]) -> bool:
    if have is None:
        return operator == "!="
    day, (first, last) = str(have)[:10], span
    inside = first <= day <= last
    tests = {"=": inside, "!=": not inside, "<": day < first, ">": day > last, "<=": day <= last}
    return tests.get(operator, day >= first)


def matches(operator: str, kind: str, have: Any, want: str, today: dt.date) -> bool:  # noqa: ANN401 - JSON
    """Whether a value satisfies an operator.

    Args:
        operator: one of `OPERATORS`.
        kind: the field's type.
        have: the value as it is kept, with its parts.
        want: the condition's value; for dates also the name of a relative day or span.
        today: what relative days start from.
    """
    if operator == "includes":
        return _includes(have, want)
    part, operator = ("until", AT_END[operator]) if operator in AT_END else ("value", operator)
    value = have.get(part) if isinstance(have, dict) else have
    if kind in DATES and operator in ("=", "!=", "<", ">", "<=", ">="):
        span = relative_span(want, today)
        if span is not None:
            return _in_span(operator, value, span)
    return PLAIN[operator](value, want)


# Relative days


def _months_on(day: dt.date, months: int) -> dt.date:
    years, month = divmod(day.month - 1 + months, 12)
    first = dt.date(day.year + years, month + 1, 1)
    last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    return first.replace(day=min(day.day, last.day))


def _spans(today: dt.date) -> dict[str, tuple[dt.date, dt.date]]:
    one = dt.timedelta(days=1)
    found = {"today": (today, today), "now": (today, today)}
    found.update({"yesterday": (today - one, today - one), "tomorrow": (today + one, today + one)})
    monday, month = today - today.weekday() * one, today.replace(day=1)
    quarter = month.replace(month=(month.month - 1) // QUARTER * QUARTER + 1)
    for name, place in (("last", -1), ("this", 0), ("next", 1)):
        start = monday + 7 * place * one
        found[f"{name}_week"] = (start, start + 6 * one)
        found[f"{name}_month"] = (_months_on(month, place), _months_on(month, place + 1) - one)
        starts = [_months_on(quarter, QUARTER * n) for n in (place, place + 1)]
        found[f"{name}_quarter"] = (starts[0], starts[1] - one)
    return found


def relative_span(name: str, today: dt.date) -> tuple[str, str] | None:
    """First and last day of a relative day or span; None for any other text."""
    one = dt.timedelta(days=1)
    open_spans = {
        "before_today": (FIRST, str(today - one)),
        "before_tomorrow": (FIRST, str(today)),
        "later_or_today": (str(today), LAST),
        "later_or_tomorrow": (str(today + one), LAST),
    }
    if name in open_spans:
        return open_spans[name]
    spans = _spans(today)
    if name in spans:
        first, last = spans[name]
        return str(first), str(last)
    point = RELATIVE.match(name)
    if point is None:
        return None
    count = -int(point[1]) if point[1] else int(point[3])
    weekly = (point[2] or point[4]) == "week"
    day = today + 7 * count * one if weekly else _months_on(today, count)
    return str(day), str(day)


# What `filters/helpers` tells

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
}
_SAME = ("=", "!=")
_EMPTY = ("IS NULL", "IS NOT NULL")
_ORDERED = (*_SAME, "<", ">", "<=", ">=")
_RANGED = (*_ORDERED, *AT_END, "includes", *_EMPTY)
_BY_TYPE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("int", "double", "monetary", "time", "date"), (*_ORDERED, *_EMPTY)),
    **dict.fromkeys(("timerange", "daterange"), _RANGED),
    "varchar": (*_SAME, *_EMPTY, "LIKE '%$%'", "LIKE '$%'", "NOT LIKE '$%'"),
    "title": ("=", "LIKE '$%'", "LIKE '%$%'", "NOT LIKE '$%'"),
    "set": (*_SAME, "contains", "not_contains", *_EMPTY),
    **dict.fromkeys(("enum", "deal", "product", "user", "person", "organization"), (*_SAME, *_EMPTY)),
    **dict.fromkeys(("stage", "status", "visible_to", "currency", "pipeline"), _SAME),
}
_SPAN_NAMES = tuple(
    f"{word}_{span}" for word in ("last", "this", "next") for span in ("week", "month", "quarter")
)
_DAY_NAMES = (
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
    """Operators by type of field, the relative days, and the parts of addresses."""
    deprecated = ("NOT LIKE '%$%'", "LIKE '%$'", "NOT LIKE '%$'")
    return {
        "operators": {kind: {name: _WORDS[name] for name in names} for kind, names in _BY_TYPE.items()},
        "deprecated_operators": {name: _WORDS[name] for name in deprecated},
        "relative_dates": {
            "Spans": {name: name.replace("_", " ") for name in _SPAN_NAMES},
            "Days": {name: name.replace("_", " ") for name in _DAY_NAMES},
        },
        "address_field_components": {
            part: part.replace("_", " ") for part in (*address_parts, "formatted_address")
        },
    }
