"""Comparison operators of saved filters, by field type."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.api.http import ApiError
from pipedrive_emulator.query.filter_helpers import BY_TYPE, DEPRECATED

if TYPE_CHECKING:
    from collections.abc import Callable

# Field type → the kind of the helpers whose operators it takes.
KINDS = {
    **{kind: kind for kind in BY_TYPE},
    **dict.fromkeys(("varchar_auto", "text", "phone", "address", "varchar_options"), "varchar"),
    **dict.fromkeys(("boolean", "billing_frequency"), "enum"),
    **dict.fromkeys(("projects_board", "projects_phase"), "pipeline"),
    **dict.fromkeys(("deals", "lead"), "deal"),
    "people": "person",
    "org": "organization",
    "price_list": "monetary",
}
NUMBERS, DATES, TIMES = ("int", "double", "monetary"), ("date", "daterange"), ("time", "timerange")
EMPTY_TESTS = ("IS NULL", "IS NOT NULL")
# Operators on the end of a range → the equivalent plain operator.
AT_END = {
    "ends_at": "=",
    "does_not_end_at": "!=",
    "ends_before": "<",
    "ends_e_before": "<=",
    "ends_after": ">",
    "ends_e_after": ">=",
}
WHOLE, NUMBER = re.compile(r"\d{1,18}", re.ASCII), re.compile(r"-?\d+(\.\d+)?", re.ASCII)
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?", re.ASCII)
RELATIVE = re.compile(r"(?:(\d)_(week|month)s?_ago|in_(\d)_(week|month)s?)")
QUARTER = 3
FIRST, LAST = "0000-00-00", "9999-99-99"


def operators_of(field_type: str) -> tuple[str, ...]:
    """Return the operators for a type of field; fields that cannot be compared only check for emptiness."""
    kind = KINDS.get(field_type)
    if kind is None:
        return EMPTY_TESTS
    return (*BY_TYPE[kind], *(DEPRECATED if kind == "varchar" else ()))


def check_value(field_type: str, operator: str, value: object) -> str | None:
    """Return a condition's value in its stored form, a text.

    Raises:
        ApiError: 400 if it is missing, does not fit the type of the field, or would have no effect.
    """
    text = None if value is None else str(value)
    if operator in EMPTY_TESTS:
        if text:
            raise ApiError(400, f"operator {operator} takes no value")
        return text
    if not text or not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ApiError(400, f"operator {operator} needs a value")
    expected, fits = _expected(field_type)
    if not fits(text):
        raise ApiError(400, f"value {text[:50]} must be {expected}")
    return text


def _expected(field_type: str) -> tuple[str, Callable[[str], object]]:
    """Return the expected form of condition values for a type of field, in words and as a test."""
    an_id: tuple[str, Callable[[str], object]] = ("an id", WHOLE.fullmatch)
    a_day = ("YYYY-MM-DD or a relative date", lambda text: relative_span(text, dt.date(2000, 1, 1)))
    looks: dict[str, tuple[str, Callable[[str], object]]] = {
        **dict.fromkeys(NUMBERS, ("a number", NUMBER.fullmatch)),
        **dict.fromkeys(DATES, a_day),
        **dict.fromkeys(TIMES, ("HH:MM:SS", TIME.fullmatch)),
        **dict.fromkeys(("user", "person", "organization", "deal", "stage", "pipeline"), an_id),
        "boolean": ("1 or 0", ("0", "1").__contains__),
    }
    text = ("text", str.strip)
    return text if field_type == "lead" else looks.get(field_type) or looks.get(KINDS[field_type], text)


# Comparing


def _compare(operator: str, have: Any, want: Any) -> bool:  # noqa: ANN401 - of any JSON type
    tests: dict[str, Callable[[], bool]] = {
        "=": lambda: have == want,
        "!=": lambda: have != want,
        "<": lambda: have < want,
        ">": lambda: have > want,
        "<=": lambda: have <= want,
        ">=": lambda: have >= want,
    }
    return tests[operator]()


def _in_span(operator: str, day: str, span: tuple[str, str]) -> bool:
    """Return whether a day is in, before or after some days."""
    first, last = span
    if operator in ("=", "!="):
        return (first <= day <= last) is (operator == "=")
    edge = first if operator in ("<", ">=") else last
    return _compare(operator, day, edge)


def _covers(have: Any, want: str, today: dt.date | None) -> bool:  # noqa: ANN401 - JSON
    """Return whether a range of days (with `today`) or of times contains the whole wanted range."""
    if not isinstance(have, dict) or have.get("value") is None:
        return False
    start, end = str(have["value"]), str(have.get("until") or have["value"])
    first, last = (want, want) if today is None else relative_span(want, today) or (want, want)
    return start <= first and last <= end


def _full(time: object) -> str:
    text = str(time)
    return text if text.count(":") > 1 else f"{text}:00"


def _of_text(operator: str, have: str, want: str) -> bool:
    if operator.startswith("NOT "):
        return not _of_text(operator.removeprefix("NOT "), have, want)
    tests: dict[str, Callable[[], bool]] = {
        "=": lambda: have == want,
        "LIKE '$%'": lambda: have.startswith(want),
        "LIKE '%$%'": lambda: want in have,
        "LIKE '%$'": lambda: have.endswith(want),
    }
    return tests[operator]()


def _entry(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value).lower()


def _any_text(operator: str, have: Any, want: str) -> bool:  # noqa: ANN401 - of any JSON type
    """Compare texts and ids without case; one of several values must match, or none for a negation."""
    entries = [_entry(value) for value in (have if isinstance(have, list) else [have])]
    if operator == "!=" or operator.startswith("NOT "):
        positive = "=" if operator == "!=" else operator.removeprefix("NOT ")
        return not any(_of_text(positive, entry, want.lower()) for entry in entries)
    return any(_of_text(operator, entry, want.lower()) for entry in entries)


def _of_set(operator: str, have: Any, want: str) -> bool:  # noqa: ANN401 - of any JSON type
    held, wanted = {_entry(v) for v in have}, {entry.strip().lower() for entry in want.split(",")}
    tests = {
        "=": held == wanted,
        "!=": held != wanted,
        "contains": wanted <= held,
        "not_contains": not wanted & held,
    }
    return tests[operator]


def _of_number(operator: str, have: Any, want: str) -> bool:  # noqa: ANN401 - of any JSON type
    # The id of a lead is published as a number, but is a text.
    values = [each for each in (have if isinstance(have, list) else [have]) if isinstance(each, int | float)]
    if operator == "!=":
        return float(want) not in values
    return any(_compare(operator, each, float(want)) for each in values)


def _of_time(operator: str, have: Any, want: str) -> bool:  # noqa: ANN401 - of any JSON type
    return _compare(operator, _full(have), _full(want))


_COMPARERS: dict[str, Callable[[str, Any, str], bool]] = {
    "set": _of_set,
    **dict.fromkeys(NUMBERS, _of_number),
    **dict.fromkeys(TIMES, _of_time),
}


def is_empty(have: Any) -> bool:  # noqa: ANN401 - of any JSON type
    """Return whether a field is empty."""
    if isinstance(have, dict):
        return have.get("value") in (None, "")
    return have in (None, "", [])


def matches(operator: str, field_type: str, have: Any, want: str, today: dt.date) -> bool:  # noqa: ANN401
    """Return whether a value satisfies an operator.

    Args:
        operator: an operator of the type.
        field_type: the type of the field.
        have: the stored value, with its parts.
        want: the condition's value; for dates also the name of a relative day or span.
        today: the start of relative days.

    Returns:
        An empty value satisfies `IS NULL` and every negation, and nothing else.
    """
    if operator in EMPTY_TESTS:
        return is_empty(have) is (operator == "IS NULL")
    kind = KINDS[field_type]
    if operator == "includes":
        return _covers(have, want if kind in DATES else _full(want), today if kind in DATES else None)
    part = "until" if operator in AT_END else "value"
    operator = AT_END.get(operator, operator)
    value = have.get(part) if isinstance(have, dict) else have
    if value in (None, "", []):
        return operator in ("!=", "not_contains") or operator.startswith("NOT ")
    if kind in DATES:
        return _in_span(operator, str(value)[:10], relative_span(want, today) or (want, want))
    return _COMPARERS.get(kind, _any_text)(operator, value, want)


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
        if place <= 0:
            starts = [_months_on(quarter, QUARTER * n) for n in (place, place + 1)]
            found[f"{name}_quarter"] = (starts[0], starts[1] - one)
    return found


def relative_span(name: str, today: dt.date) -> tuple[str, str] | None:
    """Return the first and last day of a date, or of a relative day or span; None for any other text."""
    try:
        return (name, name) if dt.date.fromisoformat(name).isoformat() == name else None
    except ValueError:
        pass
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
    point = RELATIVE.fullmatch(name)
    if point is None:
        return None
    count = -int(point[1]) if point[1] else int(point[3])
    weekly = (point[2] or point[4]) == "week"
    day = today + 7 * count * one if weekly else _months_on(today, count)
    return str(day), str(day)
