"""Changes of the sales records in the past."""

from __future__ import annotations

from pipedrive_emulator.account.clock import DAY_SECONDS, START, sql
from pipedrive_emulator.domains.history.journal import JOURNALED, new_change
from pipedrive_emulator.handlers.registry import Seed, seeder

OLDEST = START - 60 * DAY_SECONDS
MOST = 1_500
# Source of manual changes; all others come from the API.
BY_HAND = {
    "change_source": "app",
    "change_source_user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
}
WAS: dict[str, tuple[tuple[str, object, object], ...]] = {
    "deals": (("stage_id", 1, 2), ("value", 50, 99.5), ("expected_close_date", None, "2026-09-30")),
    "persons": (("name", "Unbekannt — 不明", "Anna Tamm"), ("org_id", None, 1)),
    "organizations": (("owner_id", 2, 1), ("address", "Pikk 12", None)),
}


@seeder(37)
def history(seed: Seed) -> None:
    """Add two changes to every third record, and one of a custom field to every sixth."""
    if seed.empty:
        return
    account = seed.account
    for table in JOURNALED:
        keys = [key for key, row in account.custom_fields(table).items() if row["field_type"] == "varchar"]
        for number in range(3, min(account.table(table).count(), MOST) + 1, 3):
            for place in (0, 1):
                name, old, new = WAS[table][(number + place) % len(WAS[table])]
                row = new_change(table, number, 1 + place, name, (old, new))
                more = BY_HAND if place else {}
                account.insert("changes", {**row, **more, "time": sql(OLDEST + number * 3_600 // 2 + place)})
            if number % 6 == 0:
                row = new_change(table, number, 3, keys[0], (None, "K-2024/17"))
                account.insert("changes", {**row, "is_custom": True, "time": sql(OLDEST + number * 1_800)})
