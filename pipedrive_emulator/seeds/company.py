"""The company itself: users, pipelines, stages, activity types, currencies, lead labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.clock import millis, rfc3339, sql
from pipedrive_emulator.handlers.registry import Seed, seeder
from pipedrive_emulator.seeds.builtin_fields import FOUNDED

if TYPE_CHECKING:
    from pipedrive_emulator.api.http import Row

USERS = (
    ("Mari Admin", "mari@nordwind.example", True, False),
    ("Jürgen Groß", "juergen@nordwind.example", True, False),
    ("Aiko Tanaka", "aiko@nordwind.example", True, False),
    ("José Ñúñez", "jose@nordwind.example", True, False),
    ("Olga Иванова", "olga@nordwind.example", True, False),
    ("Former Colleague", "former@nordwind.example", False, False),
    ("Removed User", "removed@nordwind.example", False, True),
)
PICTURED = 3
PIPELINES = (
    ("Sales", ("Qualified", "Contact made", "Demo", "Proposal", "Negotiation")),
    ("Partners — Партнёры", ("New", "Talks", "Signed")),
    ("更新 Renewals", ("Due", "Offered", "Renewed")),
)
TYPES = ("Call", "Meeting", "Task", "Deadline", "Email", "Lunch")
CURRENCIES = (
    ("EUR", "Euro", 2, "€"),
    ("USD", "US Dollar", 2, "$"),
    ("GBP", "Pound Sterling", 2, "£"),
    ("JPY", "Japanese Yen", 0, "¥"),
    ("SEK", "Swedish Krona", 2, "kr"),
    ("KWD", "Kuwaiti Dinar", 3, "KD"),
)
# By app: the permission set of an admin, and that of a regular user.
PERMISSION_SETS = {
    "sales": ("62cc4d7f-4038-4352-abf3-a8c1c822b631", "f07d229d-088a-4144-a40f-1fe64295d180"),
    "global": ("233b7976-39bd-43a9-b305-ef3a2b0998e5", "ec8a42e5-1842-490d-9113-b3a3b4b1c0a9"),
}
LEAD_LABELS = (("Hot", "red"), ("Warm", "yellow"), ("Cold", "blue"))


def _user(number: int, name: str, email: str, *, active: bool, deleted: bool) -> Row:
    return {
        "id": number,
        "name": name,
        "default_currency": "EUR",
        "locale": "en_US",
        "lang": 1,
        "email": email,
        "phone": f"+372 555 00{number}" if number % 2 else None,
        "activated": active,
        "last_login": sql(FOUNDED + number * 86_400),
        "created": sql(FOUNDED),
        "modified": sql(FOUNDED + number * 3_600),
        "has_created_company": number == 1,
        "access": [
            {"app": app, "admin": number == 1, "permission_set_id": sets[number != 1]}
            for app, sets in PERMISSION_SETS.items()
        ],
        "active_flag": active,
        "timezone_name": "Europe/Tallinn",
        "timezone_offset": "+03:00",
        "role_id": 1,
        "icon_url": "https://pictures.example/users/3_128.png" if number == PICTURED else None,
        "is_you": number == 1,
        "is_deleted": deleted,
    }


@seeder(0)
def company(seed: Seed) -> None:
    """Add the rows that every account has from its first day; an empty one has one user and one pipeline."""
    account, when = seed.account, rfc3339(FOUNDED)
    for number, (name, email, active, deleted) in enumerate(USERS[:1] if seed.empty else USERS, 1):
        account.insert("users", _user(number, name, email, active=active, deleted=deleted))
    for order, (name, stages) in enumerate(PIPELINES[:1] if seed.empty else PIPELINES):
        times = {"add_time": when, "update_time": rfc3339(FOUNDED + order * 86_400)}
        row = {
            "name": name,
            "order_nr": order,
            "is_deleted": False,
            "is_deal_probability_enabled": order == 0,
        }
        pipeline = account.insert("pipelines", {**row, **times})
        for place, stage in enumerate(stages):
            rots = place == 1
            account.insert(
                "stages",
                {
                    "order_nr": place,
                    "name": stage,
                    "is_deleted": False,
                    "deal_probability": 20 * (place + 1),
                    "pipeline_id": pipeline["id"],
                    "is_deal_rot_enabled": rots,
                    "days_to_rotten": 30 if rots else None,
                    **times,
                },
            )
    for order, name in enumerate(TYPES, 1):
        account.insert("activity_types", _type(name, order, custom=False))
    if not seed.empty:
        account.insert("activity_types", _type("Site visit 現場", 7, custom=True))
    for code, name, points, symbol in CURRENCIES:
        row = {"code": code, "name": name, "decimal_points": points, "symbol": symbol}
        account.insert("currencies", {**row, "active_flag": True, "is_custom_flag": False})
    for name, color in LEAD_LABELS:
        moment = millis(FOUNDED)
        account.insert(
            "lead_labels", {"name": name, "color": color, "add_time": moment, "update_time": moment}
        )


def _type(name: str, order: int, *, custom: bool) -> Row:
    return {
        "name": name,
        "icon_key": "car" if custom else name.lower(),
        "color": "FFFFFF",
        "order_nr": order,
        "key_string": "site_visit" if custom else name.lower(),
        "active_flag": True,
        "is_custom_flag": custom,
        "add_time": sql(FOUNDED),
        "update_time": sql(FOUNDED),
    }
