"""Custom fields of every type on deals, persons, organizations and products, and values for them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from pipedrive_emulator.account import time_zones
from pipedrive_emulator.account.clock import rfc3339, sql
from pipedrive_emulator.api.http import Row
from pipedrive_emulator.domains.fields.fields import new_field
from pipedrive_emulator.handlers.registry import Seed, seeder
from pipedrive_emulator.seeds.builtin_fields import FOUNDED, hash_key
from pipedrive_emulator.seeds.words import STREETS, place

ENTITIES = ("deal_fields", "person_fields", "organization_fields", "product_fields", "project_fields")
EVERY_TYPE: tuple[tuple[str, str], ...] = (
    ("Contract number", "varchar"),
    ("Win theme", "varchar_auto"),
    ("Briefing", "text"),
    ("Margin %", "double"),
    ("Hotline", "phone"),
    ("Kick-off", "date"),
    ("Delivery window", "daterange"),
    ("Daily slot", "time"),
    ("Support hours", "timerange"),
    ("Tier", "enum"),
    ("Competitors", "set"),
    ("Site address", "address"),
    ("Budget", "monetary"),
    ("Reseller", "org"),
    ("Champion", "people"),
    ("Solution engineer", "user"),
)
# Names that clash with each other, with built-in columns, or that are not written in latin letters.
AWKWARD: tuple[tuple[str, str], ...] = (
    ("Region", "varchar"),
    ("Region", "enum"),
    ("ID", "varchar"),
    ("Приоритет", "enum"),
    ("顧客ランク", "varchar"),
    ("_sdc_batched_at", "date"),
)
CHOICES = {
    "Tier": ("Gold", "Silver", "Bronze"),
    "Competitors": ("Acme", "Globex", "Initech", "Umbrella, Inc."),
    "Region": ("EMEA", "APAC", "Américas"),
    "Приоритет": ("Высокий", "Низкий"),
}
COLORS = ("yellow", "gray", "brown")
# Further settings of an entity's first field.
DETAILED: dict[str, Row] = {
    "deal_fields": {
        "description": "As printed on the first page of the contract",
        "details": {
            "ui_visibility": {"show_in_pipelines": {"show_in_all": False, "pipeline_ids": [1, 2]}},
            "important_fields": {"enabled": True, "stage_ids": [4, 5]},
            "required_fields": {"enabled": True, "stage_ids": [5], "statuses": {"1": ["won"]}},
        },
        "important_flag": True,
        "mandatory_flag": True,
    },
    "person_fields": {
        "description": "Contract of the person",
        "details": {
            "ui_visibility": {"show_in_add_deal_dialog": {"show": True, "order": 1}},
            "important_fields": {"enabled": True, "stage_ids": [4]},
        },
        "important_flag": True,
    },
    "organization_fields": {
        "details": {
            "ui_visibility": {
                "show_in_add_deal_dialog": {"show": True, "order": 1},
                "show_in_add_person_dialog": {"show": True, "order": 2},
            },
            "important_fields": {"enabled": True, "stage_ids": [4]},
        },
        "important_flag": True,
    },
    "project_fields": {
        "details": {"important_fields": {"enabled": True, "stage_ids": [1]}},
        "important_flag": True,
    },
}
FIRST_OPTION = 101
NULL_SHARE = 0.5
Maker = Callable[[random.Random, Row], Any]


@seeder(5)
def custom_fields(seed: Seed) -> None:
    """Add the definitions; an empty account has no custom fields."""
    if seed.empty:
        return
    option = FIRST_OPTION
    for nth, table in enumerate(ENTITIES):
        for number, (name, kind) in enumerate(
            EVERY_TYPE + (AWKWARD if table == "deal_fields" else AWKWARD[:2])
        ):
            options = None
            if kind in ("enum", "set"):
                labels = CHOICES[name]
                options = [
                    {
                        "id": option + n,
                        "label": label,
                        "color": COLORS[n] if name == "Tier" else None,
                        "add_time": rfc3339(FOUNDED + number * 86_400),
                        "update_time": rfc3339(FOUNDED + number * 86_400 + 60) if n == 0 else None,
                    }
                    for n, label in enumerate(labels)
                ]
                option += len(labels)
            row = new_field(name, kind, key=hash_key(table, number), options=options)
            created = sql(FOUNDED + number * 86_400)
            row.update(
                {"order_nr": 100 + number, "edit_flag": True, "is_custom": True, "created_by_user_id": 1}
            )
            row.update({"add_time": created, "update_time": created, "last_updated_by_user_id": 2})
            if name == "Tier":
                row["options_deleted"] = [{"id": FIRST_OPTION - 1 - nth, "label": "Platinum"}]
            if number == 0:
                row.update(DETAILED.get(table, {}))
            seed.account.insert(table, row)


def _option(chance: random.Random, field: Row) -> int:
    return int(chance.choice(field["options"])["id"])


def _day(chance: random.Random) -> str:
    return f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"


def _time(chance: random.Random) -> str:
    return f"{chance.randint(7, 18):02}:{chance.choice((0, 15, 30, 45)):02}:00"


def _range(chance: random.Random, make: Callable[[random.Random], str]) -> Row:
    first, last = sorted((make(chance), make(chance)))
    return {"value": first, "until": last}


def _some(chance: random.Random, field: Row) -> list[int]:
    ids = [option["id"] for option in field["options"]]
    return sorted(chance.sample(ids, chance.randint(1, len(ids))))


MAKERS: dict[str, Maker] = {
    "varchar": lambda chance, _: chance.choice(
        ("K-2024/17", "north", "Ö-Plan", "a, b; c", 'say "hi"', "🚀 fast lane")
    ),
    "varchar_auto": lambda chance, _: chance.choice(("Price", "Trust", "Speed")),
    "text": lambda chance, _: f"First line.\nSecond line, {chance.choice(STREETS)}.",
    "double": lambda chance, _: round(chance.uniform(-5, 60), 2),
    "phone": lambda chance, _: f"+372 5{chance.randint(100000, 999999)}",
    "date": lambda chance, _: _day(chance),
    "daterange": lambda chance, _: _range(chance, _day),
    "time": lambda chance, _: {"value": _time(chance), **time_zones.parts("Europe/Tallinn")},
    "timerange": lambda chance, _: {**_range(chance, _time), **time_zones.parts("Europe/Berlin")},
    "enum": _option,
    "set": _some,
    "address": lambda chance, _: place(chance),
    "monetary": lambda chance, _: {
        "value": chance.randint(1, 900) * 50,
        "currency": chance.choice(("EUR", "USD", "JPY")),
    },
    "org": lambda chance, _: chance.randint(1, 5),
    "people": lambda chance, _: chance.randint(1, 5),
    "user": lambda chance, _: chance.randint(1, 5),
}


def values(chance: random.Random, fields: dict[str, Row], null_share: float = NULL_SHARE) -> Row:
    """Return a value or null for each field, by key."""
    return {
        key: None if chance.random() < null_share else MAKERS[field["field_type"]](chance, field)
        for key, field in fields.items()
    }
