"""Custom fields of every type with values of every kind: converted without loss, or null and counted."""

from __future__ import annotations

from collections import Counter

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tap_pipedrive.catalog.spec import RowForm
from tap_pipedrive.settings import OptionMode
from tests.support.mutations import KINDS, SECRET, same
from tests.tap.test_odd_values import plan_of, records_of

TYPES = (
    *(
        "varchar",
        "text",
        "varchar_auto",
        "double",
        "int",
        "monetary",
        "date",
        "daterange",
        "time",
        "timerange",
    ),
    *("enum", "set", "user", "org", "people", "phone", "address", "boolean", "status", "brand_new_type"),
)
LABELS = {"enum", "set"}


@pytest.mark.parametrize("form", ["typed", "dictionaries", "v1"])
@pytest.mark.parametrize("options", OptionMode)
def test_any_value_of_any_field_is_converted_or_a_counted_null(form, options, caplog):
    problems = []
    for kind in TYPES:
        plan, properties, deviations = plan_of(kind, RowForm.V1 if form == "v1" else RowForm.V2, options)
        check = Draft202012Validator(
            {"type": "object", "properties": properties}, format_checker=FormatChecker()
        )
        for name, value in KINDS.items():
            caplog.clear()
            records = records_of(plan, form, value)
            deviations.warn()
            told = Counter({text.split()[1]: int(text.split(": ")[1].split()[0]) for text in lost(caplog)})
            problems += [
                f"{kind} {name}: {error.message}" for row in records for error in check.iter_errors(row)
            ]
            problems += [f"{kind} {name}: a value is in the log"] if SECRET in caplog.text else []
            column = records[0]["odd"]
            if column is None:
                if value in (None, ""):
                    continue
                named = "custom_fields 2" in caplog.text or value == {}  # keys of no part of the field
                problems += [] if told["odd"] == 2 or named else [f"{kind} {name}: null without a warning"]
            elif kind not in LABELS and not same(value, column) and not same(part(value), column):
                problems.append(f"{kind} {name}: {value!r} became {column!r}")
    assert problems == []


def lost(caplog):
    return [one.getMessage() for one in caplog.records if "could not be converted" in one.getMessage()]


def part(value):
    """The part of an object that the main column of a field with parts contains."""
    return value.get("value") if isinstance(value, dict) else value
