"""Base inputs for mutations: reported inputs, and valid ones for many entities and actions.

All are for the small account of the emulator.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

REPORTED = Path(__file__).parents[2] / "resources" / "fuzz"

ENRICH = {
    "enrich": {"entity": "persons", "write": "update", "match_on": ["email"]},
    "enrich2": {"entity": "persons", "write": "update", "external_id": "ext"},
    "enrich3": {"entity": "persons", "write": "update"},
}
SETTINGS: dict[str, dict[str, Any]] = {
    "03-email-array": {"match_on": {"persons": ["email"]}},
    "07-deleted-at-empty-cell": {"allow_deletes": True},
    "10-match-null": {"match_on": {"persons": ["email"]}},
    "19-mirror-rejected": {"mirror": True, "allow_deletes": True},
    "19c-mirror-version-first": {"mirror": True, "allow_deletes": True},
    "19c-mirror-version-first-2": {"mirror": True, "allow_deletes": True},
    "27b-nfd": {"match_on": {"organizations": ["name"]}},
    "40-update-notfound": {"streams": ENRICH},
    "46-create-options": {"create_options": True},
    "47-onerror-stop": {"on_error": "stop"},
    "48-delete-partial": {
        "streams": {"gone": {"entity": "persons", "write": "delete", "match_on": ["name", "email"]}}
    },
    "66-two-addresses": {"match_on": {"persons": ["email"]}},
    "70-ignored-count": {"unknown_streams": "ignore"},
    "71-ledger-empty-dryrun": {"dry_run": True},
}
LEAD = "008b5b1a-5170-5209-8bc9-7fcbdb769c06"

# Stream, key, records; every record of a stream has the same columns or fewer.
VALID: dict[str, tuple[tuple[str, tuple[str, ...], tuple[dict[str, Any], ...]], ...]] = {
    "people by external id": (
        ("organizations", ("external_id",), ({"external_id": "o-1", "name": "Baltic Cables"},)),
        (
            "persons",
            ("external_id",),
            (
                {
                    "external_id": "p-1",
                    "name": "Anna Fuzz",
                    "email": "anna.fuzz@private.example",
                    "phone": "+372 5550 0001",
                    "org_id": {"external_id": "o-1"},
                    "Tier": "Gold",
                },
                {"external_id": "p-2", "name": "Ben Fuzz", "email": "ben.fuzz@private.example"},
            ),
        ),
    ),
    "people by address": (
        (
            "persons",
            ("email",),
            (
                {"email": "contact3@mail.example", "job_title": "Buyer", "Margin %": 4.5},
                {"email": "new.fuzz@private.example", "name": "New Fuzz", "job_title": "Lead"},
            ),
        ),
    ),
    "people by id": (
        (
            "persons",
            ("id",),
            (
                {
                    "id": 3,
                    "name": "Ursula Haddad",
                    "emails": [{"value": "u@private.example", "label": "work"}],
                },
                {"id": 4, "phones": ["+49 30 1", "+49 30 2"], "label_ids": [6], "birthday": "1990-02-28"},
                {"id": 5, "postal_address": {"value": "Main 1, Tartu", "country": "Estonia"}},
            ),
        ),
    ),
    "companies": (
        (
            "organizations",
            ("id",),
            (
                {"id": 2, "address": "Pikk 1, Tallinn", "website": "https://a.example"},
                {"id": 3, "address": {"locality": "Tartu"}, "employee_count": 12, "annual_revenue": 1e6},
            ),
        ),
    ),
    "deals with all kinds": (
        (
            "deals",
            ("external_id",),
            (
                {
                    "external_id": "d-1",
                    "title": "Fuzzed deal",
                    "value": 1200.5,
                    "currency": "EUR",
                    "stage_id": 2,
                    "expected_close_date": "2026-12-24",
                    "probability": 50,
                    "person_id": 3,
                    "Kick-off": "2026-03-01",
                    "Competitors": ["Acme", "Globex"],
                    "Budget": {"amount": 10, "currency": "EUR"},
                    "Daily slot": "09:30",
                    "Contract number": "K-1",
                },
                {"external_id": "d-2", "title": "Plain deal", "label_ids": [4], "status": "lost"},
            ),
        ),
    ),
    "deals by id": (
        (
            "deals",
            ("id",),
            (
                {"id": 3, "value": 7, "stage_id": 1, "owner_id": 2},
                {"id": 4, "status": "won", "won_time": "2026-03-01T10:00:00Z"},
                {"id": 5, "Delivery window": {"value": "2026-01-01", "until": "2026-02-01"}},
            ),
        ),
    ),
    "leads": (
        (
            "leads",
            ("id",),
            ({"id": LEAD, "title": "A lead", "value": {"amount": 5, "currency": "EUR"}},),
        ),
        ("leads", ("external_id",), ({"external_id": "l-1", "title": "New lead", "person_id": 3},)),
    ),
    "products": (
        (
            "products",
            ("code",),
            (
                {"code": "101", "unit": "m", "tax": 20, "prices": [{"currency": "EUR", "price": 9}]},
                {"code": "F-1", "name": "Fuzzed valve", "prices": [{"currency": "USD", "price": 1}]},
            ),
        ),
    ),
    "lines of deals": (
        (
            "deal_products",
            ("external_id",),
            ({"external_id": "x-1", "deal_id": 3, "product_id": 2, "item_price": 5, "quantity": 2},),
        ),
    ),
    "work": (
        (
            "activities",
            ("external_id",),
            (
                {
                    "external_id": "a-1",
                    "subject": "Call back",
                    "type": "call",
                    "due_date": "2026-05-01",
                    "due_time": "10:30",
                    "duration": "01:00",
                    "deal_id": 3,
                    "done": True,
                },
                {"external_id": "a-2", "subject": "Lunch", "participants": [{"person_id": 3}]},
            ),
        ),
        ("notes", ("external_id",), ({"external_id": "n-1", "content": "<b>hello</b>", "deal_id": 3},)),
        ("tasks", ("external_id",), ({"external_id": "t-1", "title": "Do it", "project_id": 1},)),
        ("projects", ("id",), ({"id": 1, "title": "Renamed", "start_date": "2026-01-01"},)),
    ),
    "set-up": (
        ("pipelines", ("external_id",), ({"external_id": "pl", "name": "Fuzzed"},)),
        (
            "stages",
            ("external_id",),
            ({"external_id": "st", "name": "First", "pipeline_id": {"external_id": "pl"}},),
        ),
        ("activity_types", ("name",), ({"name": "Fuzzing", "icon_key": "call"},)),
        ("lead_labels", ("name",), ({"name": "Hot", "color": "red"}, {"name": "Icy", "color": "blue"})),
    ),
    "deletes": (
        (
            "persons",
            ("id",),
            (
                {"id": 7, "_sdc_deleted_at": "2026-01-01T00:00:00Z"},
                {"id": 8, "_sdc_deleted_at": None, "name": "Stays"},
                {"id": 9, "is_deleted": False},
            ),
        ),
    ),
    "adds": (
        ("add_deal", (), ({"title": "By action", "value": 3, "person_id": 3},)),
        ("addPerson", (), ({"name": "Action Fuzz", "email": "action@private.example"},)),
        ("add_note", (), ({"content": "hello", "deal_id": 3},)),
        ("add_deal_follower", (), ({"id": 3, "user_id": 2},)),
    ),
    "changes": (
        ("update_deal", (), ({"id": 3, "title": "Changed", "stage_id": 2},)),
        ("merge_persons", (), ({"id": 11, "merge_with_id": 12},)),
        ("delete_activity", (), ({"id": 5},)),
        ("update_person", (), ({"id": 4, "name": "Changed Fuzz"},)),
        ("raw_request", (), ({"method": "PATCH", "path": "/api/v2/deals/3", "body": {"title": "Raw"}},)),
    ),
    "files": (
        (
            "add_file",
            (),
            (
                {
                    "file": {"content": "aGk=", "content_encoding": "base64", "file_name": "a.txt"},
                    "deal_id": 3,
                },
            ),
        ),
    ),
    "streams of own names": (
        ("scores", ("crm_id",), ({"crm_id": 3, "score": 4.5, "ignored": 1},)),
        ("accounts", ("ext",), ({"ext": "acc-1", "title": "Account one"}, {"ext": "acc-2", "title": "Two"})),
    ),
}
OWN_STREAMS = {
    "scores": {
        "entity": "persons",
        "write": "update",
        "id": "crm_id",
        "fields": {"score": "Margin %"},
        "ignore": ["ignored"],
    },
    "accounts": {"entity": "organizations", "external_id": "ext", "fields": {"title": "name"}},
}


@dataclass(frozen=True, slots=True)
class Base:
    """One input: its lines, without line ends, and its settings."""

    name: str
    lines: tuple[bytes, ...]
    settings: dict[str, Any] = field(default_factory=dict)


def _messages(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for place, (stream, keys, records) in enumerate(VALID[name]):
        properties = {column: {} for one in records for column in one}
        schema = {"type": "object", "properties": properties}
        found.append({"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": list(keys)})
        found += [{"type": "RECORD", "stream": stream, "record": one} for one in records]
        found.append({"type": "STATE", "value": {"bookmarks": {stream: {"place": place}}}})
    return found


@cache
def bases() -> tuple[Base, ...]:
    """All inputs, always in the same order."""
    reported = [
        Base(file.stem, tuple(file.read_bytes().splitlines()), SETTINGS.get(file.stem, {}))
        for file in sorted(REPORTED.glob("*.singer"))
    ]
    valid = [
        Base(
            name,
            tuple(json.dumps(one).encode() for one in _messages(name)),
            {"streams": OWN_STREAMS}
            if name == "streams of own names"
            else {"allow_deletes": True}
            if name == "deletes"
            else {},
        )
        for name in VALID
    ]
    return (*reported, *valid, *valid)  # twice, because mutations of valid input are the most revealing
