"""`validate_records` agrees with the library jsonschema on random schemas and records."""

from __future__ import annotations

import random
import re
from datetime import datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tap_pipedrive.output.validation import InvalidRecordError, RecordValidator

FORMATS = FormatChecker(formats=())
REST = re.compile(r"(\.\d+)?(Z|z|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII)
TIMES = [
    "2026-01-31T10:00:00Z",
    "2026-01-31t10:00:00z",
    "2026-01-31T10:00:00.5+02:00",
    "2026-01-31T10:00:00+24:00",
    "2026-01-31T10:00:00",
    "2026-01-31 10:00:00Z",
    "2026-02-29T10:00:00Z",
    "2026-01-31T24:00:00Z",
    "2026-01-31T10:00Z",
    "20260131T100000Z",
    "2026-W05-6T10:00:00Z",
    "0000-00-00T00:00:00Z",
    "2026-01-31T10:00:00Z\n",
    "\uff12026-01-31T10:00:00Z",  # a digit that is not ASCII
]
DAYS = [*(one[:10] for one in TIMES), "20260131", "2026-W05-6", "2026-031", "2024-02-29", "0001-01-01"]
SCALARS = ["", "a", "日本", 0, 1, -1, 2.0, 2.5, 2**70, 1e300, True, False, None, *TIMES, *DAYS]


@FORMATS.checks("date", raises=ValueError)
def is_day(value: object) -> bool:
    return not isinstance(value, str) or (len(value) == 10 and bool(day_of(value)))


@FORMATS.checks("date-time", raises=ValueError)
def is_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return bool(
        value.isascii() and value[10:11] in ("T", "t") and REST.fullmatch(value[19:]) and time_of(value)
    )


def day_of(value: str) -> datetime:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise ValueError(value)
    return datetime.strptime(value, "%Y-%m-%d")  # noqa: DTZ007  only its validity counts


def time_of(value: str) -> datetime:
    return datetime.strptime(f"{value[:10]} {value[11:19]}", "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007


def schema_of(chance: random.Random, depth: int = 0) -> Any:
    """A schema as the tap or a stream map makes it, sometimes with a keyword that neither uses."""
    kinds = ["string", "integer", "number", "boolean", *(["array", "object"] if depth < 3 else [])]
    words: Any = chance.sample(kinds, chance.choice([1, 1, 1, 2]))
    words += ["null"] if chance.random() < 0.7 else []
    made: dict[str, Any] = {"type": words if len(words) > 1 or chance.random() < 0.5 else words[0]}
    if "string" in words and chance.random() < 0.5:
        made["format"] = chance.choice(["date-time", "date", "unknown"])
    if "array" in words and chance.random() < 0.8:
        made["items"] = schema_of(chance, depth + 1)
    if "object" in words:
        if chance.random() < 0.7:
            made["properties"] = {name: schema_of(chance, depth + 1) for name in chance.sample("abcd", 2)}
        if chance.random() < 0.5:
            made["additionalProperties"] = chance.choice([True, False, schema_of(chance, depth + 1)])
    if chance.random() < 0.1:
        further = [
            {"enum": ["a", 1, None]},
            {"required": ["a"]},
            {"minItems": 1},
            {"description": "x"},
            {"pattern": "^a"},
        ]
        made |= chance.choice(further)
    return chance.choice([{}, True, made]) if chance.random() < 0.05 else made


def value_of(chance: random.Random, schema: Any, depth: int = 0) -> Any:
    """A value that is often valid by a schema."""
    if not isinstance(schema, dict) or "type" not in schema or chance.random() < 0.06:
        nested = [[chance.choice(SCALARS)], {"a": chance.choice(SCALARS)}, [], {}]
        return chance.choice([*SCALARS, *nested])
    words = schema["type"]
    kind = chance.choice(words if isinstance(words, list) else [words])
    if kind == "array":
        return [value_of(chance, schema.get("items"), depth + 1) for _ in range(chance.randrange(3))]
    if kind == "object":
        known = schema.get("properties", {})
        rest = schema.get("additionalProperties")
        names = chance.sample("abcdef", chance.randrange(4))
        return {name: value_of(chance, known.get(name, rest), depth + 1) for name in names}
    if kind == "string":
        good = {"date-time": TIMES[:3], "date": DAYS[:3]}.get(schema.get("format"), ["a", "b"])
        return chance.choice([*good, *good, *good, chance.choice(TIMES + DAYS)])
    return {"null": None, "boolean": True, "integer": 5, "number": chance.choice([5, 5.5])}[kind]


def compare(seed: int, schemas: int) -> list[int]:
    """Compare the verdicts on records of random schemas; return the numbers of valid and invalid records."""
    chance = random.Random(seed)
    found = [0, 0]
    for _ in range(schemas):
        schema: dict[str, Any] = {"type": "object", "properties": {n: schema_of(chance) for n in "abcde"}}
        if chance.random() < 0.2:
            schema |= chance.choice(
                [{"additionalProperties": False}, {"required": ["b"]}, {"minProperties": 2}]
            )
        keys = ["a"] if chance.random() < 0.5 else []
        validator, oracle = RecordValidator(), Draft202012Validator(schema, format_checker=FORMATS)
        validator.announce("things", schema, keys)
        page, valid = [], []
        for _ in range(8):
            names = chance.sample("abcdef", chance.randrange(1, 6))
            record = {name: value_of(chance, schema["properties"].get(name)) for name in names}
            is_valid = oracle.is_valid(record) and all(record.get(key) is not None for key in keys)
            assert accepts(validator, [record]) == is_valid, (schema, record)
            found[not is_valid] += 1
            page.append(record)
            valid.append(is_valid)
        assert accepts(validator, page) == all(valid), (schema, page)
        good = [record for record, is_valid in zip(page, valid, strict=True) if is_valid]
        assert accepts(validator, good), (schema, good)
    return found


def accepts(validator: RecordValidator, records: list[Any]) -> bool:
    try:
        validator.check("things", records)
    except InvalidRecordError:
        return False
    return True


def test_random_records_are_judged_as_by_the_library():
    valid, invalid = compare(seed=7, schemas=60)
    assert min(valid, invalid) > 100


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_many_random_records_are_judged_as_by_the_library(seed):
    valid, invalid = compare(seed=100 + seed, schemas=400)
    assert min(valid, invalid) > 800


@pytest.mark.parametrize("kind", ["date", "date-time"])
def test_times_and_days_are_judged_as_by_another_parser(kind):
    schema = {"type": "object", "properties": {"a": {"type": "string", "format": kind}}}
    validator, oracle = RecordValidator(), Draft202012Validator(schema, format_checker=FORMATS)
    validator.announce("things", schema, [])
    texts = {*TIMES, *DAYS}
    valid = {text for text in texts if oracle.is_valid({"a": text})}
    assert {text for text in texts if accepts(validator, [{"a": text}])} == valid
    assert 2 < len(valid) < len(texts) / 2
