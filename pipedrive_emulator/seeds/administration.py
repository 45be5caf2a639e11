"""Roles, permission sets, teams, goals, webhooks, followers of users, and related organizations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.clock import rfc3339, sql
from pipedrive_emulator.domains.company.basics import COMPANY
from pipedrive_emulator.domains.company.goals import checked, new_goal
from pipedrive_emulator.domains.company.webhooks import new_webhook
from pipedrive_emulator.domains.deals.subscriptions import new_payment, new_subscription
from pipedrive_emulator.domains.users.roles import new_role
from pipedrive_emulator.handlers.registry import Seed, seeder
from pipedrive_emulator.seeds.builtin_fields import FOUNDED

if TYPE_CHECKING:
    from pipedrive_emulator.api.http import Row

ROLES: tuple[tuple[str, int | None], ...] = (
    ("(Unassigned users)", None),
    ("Sales — Müük", 1),
    ("Inside sales", 2),
    ("パートナー", 1),
)
# Settings that only the default role has.
ACCESS_LEVELS = ("deal_access_level", "org_access_level", "person_access_level", "product_access_level")
EDITS = ("can_add_custom_fields", "can_edit_custom_fields", "can_delete_custom_fields", "can_use_import")
DAILY = ("can_add_products", "can_bulk_edit_items", "can_edit_products", "can_share_filters", "can_use_api")
CONTACTS = ("can_see_other_users", "can_follow_other_users", "can_delete_activities", "can_merge_people")
# id, name, app, type, contents
SETS: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = (
    (
        "62cc4d7f-4038-4352-abf3-a8c1c822b631",
        "Deals admin",
        "sales",
        "admin",
        (*DAILY, *EDITS, "can_delete_deals"),
    ),
    ("f07d229d-088a-4144-a40f-1fe64295d180", "Deals regular user", "sales", "regular", DAILY),
    (
        "233b7976-39bd-43a9-b305-ef3a2b0998e5",
        "Global admin",
        "global",
        "admin",
        (*CONTACTS, "can_modify_labels"),
    ),
    ("ec8a42e5-1842-490d-9113-b3a3b4b1c0a9", "Global regular user", "global", "regular", CONTACTS),
    ("982c5ce5-b8ba-4b47-b102-9da024f4b990", "Account settings", "account_settings", "admin", ()),
    ("3f5a1f0e-6d0b-4a7e-9a53-52a6a4a1d0c2", "Projektid — 案件", "projects", "regular", ("can_use_api",)),
)
HOOKS = (
    {"subscription_url": "https://hooks.example/all", "name": "Everything"},
    {
        "subscription_url": "https://hooks.example/won",
        "name": "交渉",
        "event_action": "change",
        "event_object": "deal",
    },
)


@seeder(0)
def rights(seed: Seed) -> None:
    """Add the roles and permission sets that every company has."""
    for name, parent in ROLES[:1] if seed.empty else ROLES:
        row = new_role(name, parent)
        if parent is None:
            row["settings"] |= dict.fromkeys(ACCESS_LEVELS, 1)
        seed.account.insert("roles", row)
    for key, name, app, kind, contents in SETS:
        row = {"id": key, "name": name, "description": f"{name}: {app}", "app": app, "type": kind}
        seed.account.insert("permission_sets", {**row, "contents": sorted(contents)})


@seeder(35)
def administration(seed: Seed) -> None:
    """Add teams, goals, webhooks, followers of users, roles of users."""
    if seed.empty:
        return
    account = seed.account
    for user_id, role_id in ((2, 2), (3, 3), (4, 2)):
        account.update("users", user_id, {"role_id": role_id})
    for name, description, users in (("Closers", "", [1, 2, 3]), ("Übersee 海外", "Abroad", [4])):
        row: Row = {"name": name, "description": description, "manager_id": users[0], "users": users}
        row.update({"active_flag": 1, "deleted_flag": 0, "add_time": sql(FOUNDED), "created_by_user_id": 1})
        account.insert("legacy_teams", row)
    for body in HOOKS:
        new_webhook(account, {**body, "add_time": rfc3339(FOUNDED).replace("Z", ".000Z")}, 1)
    for user_id, follower in ((1, 2), (1, 3), (2, 1)):
        moment = rfc3339(FOUNDED + follower * 60)
        account.insert("followers", {"parent": f"users:{user_id}", "user_id": follower, "add_time": moment})
    link = {"user_id": 1, "company_id": COMPANY["company_id"], "marketplace_client_id": "emulator"}
    account.insert("user_provider_links", {"id": "7c1f7c2e-52b8-4a62-9d7c-0d1c2f3a4b5c", **link})
    _channel(seed)
    _subscription(seed)
    _goals(seed)
    _relationships(seed)


def _subscription(seed: Seed) -> None:
    """Add a running and an ended subscription with their payments."""
    for place, ended in enumerate((None, "2024-12-31"), 1):
        row = new_subscription(deal_id=place, end_date=ended, moment=sql(FOUNDED))
        kept = seed.account.insert("subscriptions", row)
        for month in range(1, 4):
            payment = new_payment(kept, due_at=f"2024-0{month}-15", moment=sql(FOUNDED))
            seed.account.insert("subscription_payments", payment)


def _channel(seed: Seed) -> None:
    """Add a channel with one message, for the removed parts of the API."""
    row: Row = {"name": "WhatsApp — 営業", "avatar_url": None, "provider_channel_id": "wa-1"}
    row.update({"marketplace_client_id": "emulator", "pd_company_id": COMPANY["company_id"], "pd_user_id": 1})
    more = {"created_at": sql(FOUNDED), "provider_type": "whatsapp", "template_support": False}
    channel = seed.account.insert("channels", {**row, **more})
    message = {"id": "m-1", "channel_id": channel["id"], "sender_id": "s-1", "conversation_id": "c-1"}
    sent = {"message": "Hello 👋", "status": "read", "created_at": rfc3339(FOUNDED), "attachments": []}
    seed.account.insert("channel_messages", {**message, **sent})


def _goals(seed: Seed) -> None:
    company = {"id": COMPANY["company_id"], "type": "company"}
    euros = {"target": 100_000, "tracking_metric": "sum", "currency_id": 1}
    wanted: tuple[tuple[str, Row, Row, Row, str | None], ...] = (
        ("Win 50", {"name": "deals_won", "params": {"pipeline_id": [1]}}, company, {"target": 50}, None),
        (
            "Umsatz €",
            {"name": "deals_won", "params": {"pipeline_id": None}},
            {"id": 2, "type": "person"},
            euros,
            "2026-12-31",
        ),
        (
            "Calls 📞",
            {"name": "activities_completed", "params": {"activity_type_id": [1]}},
            {"id": 1, "type": "team"},
            {"target": 9},
            "2024-12-31",
        ),
    )
    for title, kind, assignee, outcome, end in wanted:
        body = {"title": title, "type": kind, "assignee": assignee, "interval": "monthly"}
        body["expected_outcome"] = {"tracking_metric": "quantity", **outcome}
        body["duration"] = {"start": "2024-01-01", "end": end}
        new_goal(seed.account, checked(seed.account, body), 1)


def _relationships(seed: Seed) -> None:
    times = {"add_time": sql(FOUNDED), "update_time": sql(FOUNDED)}
    for place in range(1, seed.count(small=3, medium=60, large=500) + 1):
        kind = "related" if place % 2 else "parent"
        ends = {"rel_owner_org_id": place, "rel_linked_org_id": place + 3}
        if all(seed.account.find("organizations", number) for number in ends.values()):
            seed.account.insert("organization_relationships", {"type": kind, **ends, **times})
