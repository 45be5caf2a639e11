"""Keys of objects that Pipedrive does not have: rejected, or skipped and listed once per column."""

from __future__ import annotations

import logging

from tests.target.helpers import rows

UNKNOWN = [
    ("deals", {"id": 1, "Budget": {"value": 5, "currency": "EUR", "rate": 2, "note": "x"}}, "note rate"),
    ("deals", {"id": 2, "Site address": {"value": "Main St 1", "planet": "Mars"}}, "planet"),
    ("deals", {"id": 3, "Delivery window": {"value": "2026-01-01", "end": "2026-02-01"}}, "end"),
    ("deals", {"id": 4, "custom_fields": {"Nonsense": 1, "Tier": "Gold"}}, "Nonsense"),
    ("organizations", {"id": 1, "address": '{"value": "Main St 1", "zip": "10115"}'}, "zip"),
    ("products", {"id": 1, "prices": [{"currency": "EUR", "price": 5, "vat": 19}]}, "vat"),
    ("activities", {"id": 1, "participants": [{"person_id": 1, "primary": True, "role": "x"}]}, "role"),
    ("activities", {"id": 2, "location": {"value": "Rome", "floor": "1"}}, "floor"),
    ("leads", {"external_id": "l", "title": "L", "person_id": 1, "value": {"amount": 5, "vat": 1}}, "vat"),
]
"""Stream, record, and the keys of its object that are unknown."""
CONTACTS = [
    {"id": 1, "phones": {"value": "+1 555 0100", "type": "mobile"}},
    {"id": 2, "emails": [{"value": "new@x.example", "verified": True}]},
    {"id": 3, "im": '[{"value": "ann", "channel": "chat"}]'},
    {"id": 4, "phones": {"value": "+1 555 0101", "type": "home", "ext": "9"}},
]
"""Entries with keys of other systems, which are always skipped."""


def _messages():
    """The records by stream, each stream with one SCHEMA."""
    streams = dict.fromkeys(stream for stream, _, _ in UNKNOWN)
    of = {name: [record for stream, record, _ in UNKNOWN if stream == name] for name in streams}
    return [rows(name, *of[name], keys=["id"] if "id" in of[name][0] else []) for name in streams]


def test_unknown_keys_are_all_named_and_nothing_is_written(load, small):
    run = load(*_messages())
    assert run.outcomes == ["failed"] * len(UNKNOWN)
    assert not any(one["method"] != "GET" for one in small.log(full=True)["ordered"])
    found = {(one["stream"], str(one["key"].get("id", ""))): one["error"] for one in run.results}
    for stream, record, keys in UNKNOWN:
        error = found[stream, str(record.get("id", ""))]
        assert all(key in error for key in keys.split()), error
        assert list(record)[-1] in error or "custom field" in error


def test_skipped_keys_are_logged_once_per_column(load, small, caplog):
    caplog.set_level(logging.INFO)
    run = load(*_messages(), rows("persons", *CONTACTS), unknown_fields="ignore")
    assert "failed" not in run.outcomes, run.errors
    told = [one.getMessage() for one in caplog.records if "unknown in" in one.getMessage()]
    for _, _, keys in UNKNOWN:
        assert all(any(key in one for one in told) for key in keys.split()), keys
    deal = small.get("/api/v2/deals/1")["data"]["custom_fields"]
    assert {"value": 5, "currency": "EUR"} in deal.values()


def test_keys_of_contacts_are_skipped_and_logged_once(load, small, caplog):
    caplog.set_level(logging.INFO)
    run = load(rows("persons", *CONTACTS))
    assert run.outcomes == ["updated"] * 4
    told = [one.getMessage() for one in caplog.records if "unknown in" in one.getMessage()]
    assert [one.rpartition(": ")[2] for one in told] == ["type", "verified", "channel", "ext"]
    assert small.get("/api/v2/persons/4")["data"]["phones"][-1]["value"] == "+1 555 0101"


def test_parts_of_an_object_are_named_in_errors(load):
    run = load(
        rows(
            "deals",
            {"id": 1, "Daily slot": {"value": "09:00", "timezone_id": "Europe/Rome"}},
            {"id": 2, "Delivery window": {"value": "2026-01-01", "until": "soon"}},
            {"id": 3, "custom_fields": ["Gold"]},
            {"id": 4, "Tier": ["Gold"]},
        ),
        rows("leads", {"external_id": "l", "title": "L", "person_id": 1, "value": {"amount": "much"}}),
    )
    parts = ("Daily slot timezone_id", "Delivery window until", "custom_fields", "Tier", "value amount")
    for part, error in zip(parts, run.errors, strict=True):
        assert f"{part} must be" in error
