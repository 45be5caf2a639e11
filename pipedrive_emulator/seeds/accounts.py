"""Sizes of the seed accounts, and the distribution of their rows over time."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.account import TOKEN_USER
from pipedrive_emulator.account.clock import DAY_SECONDS, STAMPS, START
from pipedrive_emulator.account.store import NAMESPACE
from pipedrive_emulator.domains.history.followers import FOLLOWED
from pipedrive_emulator.domains.leads.leads import find_next_activity
from pipedrive_emulator.domains.search.saved_filters import new_filter
from pipedrive_emulator.handlers.registry import Seed, seeder
from pipedrive_emulator.query.filters import check_conditions
from pipedrive_emulator.seeds.sales import DELETED_EACH, Maker
from pipedrive_emulator.seeds.templates import TemplateRows, slot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipedrive_emulator.api.http import Row

# Table → (maker, rows by size). Parents are listed before rows that reference them.
TABLES: dict[str, tuple[Callable[[Maker, int, Row], Row], tuple[int, int, int]]] = {
    "organizations": (Maker.organization, (12, 600, 50_000)),
    "persons": (Maker.person, (30, 1_500, 150_000)),
    "products": (Maker.product, (8, 60, 2_000)),
    "deals": (Maker.deal, (34, 2_300, 100_000)),
    "activities": (Maker.activity, (40, 4_000, 300_000)),
    "leads": (Maker.lead, (12, 300, 20_000)),
    "notes": (Maker.note, (30, 800, 100_000)),
    "files": (Maker.file, (12, 150, 20_000)),
    "deal_products": (Maker.deal_product, (24, 1_200, 50_000)),
}
LATELY: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("activities", "activity_types", "deals", "files", "notes", "persons"), (2,)),
    **dict.fromkeys(("pipelines", "stages", "users"), (2,)),
    "organizations": (5, 7, 8),
    "products": (3, 6),
}
TEMPLATES = 29 * 17
OLDEST = START - 880 * DAY_SECONDS
NEWEST = START - 2 * DAY_SECONDS
RECENTLY = START - 20 * DAY_SECONDS
BULK_MOMENT = START - 100 * DAY_SECONDS
PRIME = 7_919
REFERENCES = {
    "person_id": (7, "persons"),
    "org_id": (5, "organizations"),
    "deal_id": (3, "deals"),
    "product_id": (3, "products"),
}
"""Factor of a row's number, and referenced table, by column: spreads the references over the table."""
MOST_LED = 50
"""Leads that activities are about."""


def added_at(place: int, count: int) -> int:
    """Return when a row was added, in the order of ids."""
    return OLDEST + (NEWEST - OLDEST) * place // (count + 1)


def updated_at(place: int, count: int) -> int:
    """Return when a row was changed last.

    Pairs of rows share a second everywhere; 25 % of the rows share one second, like a bulk import (so equal
    times cross page borders); deleted rows were deleted within the last 30 days.
    """
    if place % DELETED_EACH == 0:
        return RECENTLY + place % 1_000 * 60
    if count // 4 <= place < count // 2:
        return max(BULK_MOMENT, added_at(place, count))
    shuffled = place * PRIME % count // 2
    return max(added_at(place, count), OLDEST + (NEWEST - OLDEST) * shuffled * 2 // (count + 1))


def _uuid(table: str, place: int) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{table}:{place}"))


def _counts(seed: Seed) -> dict[str, int]:
    sizes = ("small", "medium", "large")
    return {table: counts[sizes.index(seed.size)] for table, (_, counts) in TABLES.items()}


def _references(place: int, counts: dict[str, int]) -> Row:
    return {name: place * factor % counts[table] + 1 for name, (factor, table) in REFERENCES.items()}


@seeder(20)
def sales(seed: Seed) -> None:
    """Add organizations, persons, products, deals, activities, leads, notes, files, deal products."""
    if seed.empty:
        return
    account, counts = seed.account, _counts(seed)
    fields = {
        name: account.custom_fields(name)
        for name in ("organizations", "persons", "products", "deals", "leads")
    }
    maker = Maker(chance=seed.chance, fields=fields)
    labels = [row["id"] for row in account.table("lead_labels").all()]
    leads = [_uuid("leads", place) for place in range(1, min(counts["leads"], MOST_LED) + 1)]
    for table, (make, _) in TABLES.items():
        kept, count = account.table(table), counts[table]
        stamp = STAMPS[kept.spec.times]
        if seed.size == "large":
            templates = [make(maker, place, _slots(labels)) for place in range(1, min(TEMPLATES, count) + 1)]
            _attach(seed, table, templates, counts, leads)
            continue
        for place in range(1, count + 1):
            varying = {
                "id": place if kept.spec.key_kind == "integer" else _uuid(table, place),
                "tag": str(place),
                "add": stamp(added_at(place, count)),
                "update": stamp(updated_at(place, count)),
                "labels": labels,
                **_references(place, counts),
                "lead_id": leads[place % len(leads)],
            }
            account.insert(table, make(maker, place, varying))


def _slots(labels: list[str]) -> Row:
    names = ("id", "tag", "add", "update", "person_id", "org_id", "deal_id", "product_id", "lead_id")
    return {**{name: slot(name) for name in names}, "labels": labels}


def _attach(seed: Seed, table: str, templates: list[Row], counts: dict[str, int], leads: list[str]) -> None:
    kept, count = seed.account.table(table), counts[table]
    stamp, places = STAMPS[kept.spec.times], range(1, count + 1)
    slots: dict[str, Sequence[Any]] = {
        "id": places if kept.spec.key_kind == "integer" else [_uuid(table, place) for place in places],
        "tag": places,
        "add": [stamp(added_at(place, count)) for place in places],
        "update": [stamp(updated_at(place, count)) for place in places],
    }
    for name, (factor, parent) in REFERENCES.items():
        size = counts[parent]
        slots[name] = [place * factor % size + 1 for place in places]
    slots["lead_id"] = [leads[place % len(leads)] for place in places]
    kept.attach(TemplateRows(templates, count, slots, kept.spec.hidden))
    view = {"deals": "current_and_deleted", "leads": "current"}.get(table, "live")
    for name in {"id", kept.spec.updated, kept.spec.created}:
        kept.index(view, name)


@seeder(22)
def led(seed: Seed) -> None:
    """Set the next activity of the first leads."""
    last = min(seed.account.table("leads").count(), MOST_LED)
    for place in range(1, last + 1):
        find_next_activity(seed.account, _uuid("leads", place), TOKEN_USER)


@seeder(23)
def lately(seed: Seed) -> None:
    """Move changes of some rows of each kind into the last month, for the recent changes."""
    account = seed.account
    if seed.empty:
        return
    for place, (table, numbers) in enumerate(LATELY.items()):
        kept = account.table(table)
        for number in numbers:
            moment = kept.stamp(RECENTLY + place * 3_600 + number)
            account.update(table, number, {kept.spec.updated: moment})


@seeder(30)
def followers(seed: Seed) -> None:
    """Add followers to about every fifth record, up to some thousands."""
    if seed.empty:
        return
    for each, table in zip((5, 7, 9, 4), FOLLOWED, strict=True):
        last = min(seed.account.table(table).count(), 20_000)
        for key in range(each, last + 1, each):
            for user_id in (1, 2 + key % 4):
                moment = STAMPS["rfc3339"](OLDEST + key * 60)
                seed.account.insert(
                    "followers", {"parent": f"{table}:{key}", "user_id": user_id, "add_time": moment}
                )
                change = {"action": "added", "actor_user_id": 1, "follower_user_id": user_id, "time": moment}
                seed.account.insert("follower_changes", {"parent": f"{table}:{key}", **change})


@seeder(40)
def filters(seed: Seed) -> None:
    """Add one filter for each type of the core entities."""
    if seed.empty:
        return
    wanted = (
        ("Open deals", "deals", "deal", "status", "=", "open"),
        ("Mari's deals — 自分", "deals", "deal", "owner_id", "=", "1"),
        ("People of Baltic Timber", "people", "organization", "name", "LIKE '$%'", "Baltic"),
        ("With a website", "org", "organization", "website", "IS NOT NULL", None),
        ("Pumps", "products", "product", "name", "LIKE '%$%'", "Pump"),
        ("Undone", "activity", "activity", "done", "=", "0"),
        ("Named leads", "leads", "deal", "title", "IS NOT NULL", None),
    )
    tables = {"deal": "deal_fields", "organization": "organization_fields", "product": "product_fields"}
    for name, kind, kept, code, operator, value in wanted:
        fields = seed.account.table(tables.get(kept, f"{kept}_fields"))
        number = next(iter(sorted(fields.where("code", code))))
        condition = {"object": kept, "field_id": number, "operator": operator, "value": value}

        groups = [{"glue": "and", "conditions": [condition]}, {"glue": "or", "conditions": []}]
        conditions = check_conditions(seed.account, kind, {"glue": "and", "conditions": groups})
        row = new_filter(name, kind, conditions, 1)
        moment = STAMPS["sql"](OLDEST)
        if kind == "products":
            row |= {"filter_code": "pumps", "temporary_flag": False, "custom_view_id": 1}
            row["last_used_time"] = STAMPS["sql"](RECENTLY)
        changed = row["last_used_time"] or moment
        seed.account.insert("filters", {**row, "add_time": moment, "update_time": changed})
