"""Change log of deals, persons and organizations: every changed field, written by the common write path.

Fields have their v1 names. A new record has one entry, for its `add_time`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pipedrive_emulator.account.account import FIELD_TABLES, on_change
from pipedrive_emulator.account.clock import sql
from pipedrive_emulator.account.custom_fields import row_to_v1
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.handlers.registry import Call, Handler, handler
from pipedrive_emulator.query.paging import listed_page

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.api.http import Response, Row

# Table → (word in operation ids, object in the flow).
JOURNALED = {
    "deals": ("Deal", "dealChange"),
    "persons": ("Person", "personChange"),
    "organizations": ("Organization", "organizationChange"),
}
# Computed from other fields, or not a field of the record.
SILENT = {
    "id",
    "add_time",
    "update_time",
    "custom_fields",
    "local_won_date",
    "local_lost_date",
    "local_close_date",
    "first_won_time",
    "source_lead_id",
}
RENAMED = {"is_deleted": "deleted"}

define_table(TableSpec(name="changes", label="Change", times="sql", created="time", updated=""))


def _v1_names(account: Account, table: str) -> dict[str, str]:
    fields = account.table(FIELD_TABLES[table])
    return {row["code"]: row["key"] for row in fields.live() if not row["is_custom"]}


def new_change(table: str, key: int, user_id: int, name: str, values: tuple[object, object]) -> Row:
    """Return the stored form of an entry; `values` are the old and the new value."""
    return {
        "parent": f"{table}:{key}",
        "field_key": name,
        "is_custom": False,
        "old_value": values[0],
        "new_value": values[1],
        "actor_user_id": user_id,
    }


def _differences(account: Account, table: str, before: Row, after: Row) -> list[Row]:
    names = _v1_names(account, table)
    found = [
        {
            "name": names.get(name, RENAMED.get(name, name)),
            "values": (before.get(name), value),
            "custom": False,
        }
        for name, value in after.items()
        if name not in SILENT and before.get(name) != value
    ]
    if before["custom_fields"] != after["custom_fields"]:
        was, now = (row_to_v1(account, table, row["custom_fields"]) for row in (before, after))
        found += [
            {"name": name, "values": (was.get(name), value), "custom": True}
            for name, value in now.items()
            if was.get(name) != value
        ]
    return found


@on_change
def _keep(account: Account, table: str, before: Row | None, after: Row | None, user_id: int) -> None:
    """Record the changes of a write, in the second of the write."""
    if table not in JOURNALED or after is None:
        return
    time = sql(account.clock.now)
    if before is None:
        row = new_change(table, after["id"], user_id, "add_time", (None, time))
        account.record("changes", {**row, "time": time})
        return
    for found in _differences(account, table, before, after):
        row = new_change(table, after["id"], user_id, found["name"], found["values"])
        account.record("changes", {**row, "is_custom": found["custom"], "time": time})


def changes_of(account: Account, table: str, key: int) -> list[Row]:
    """Return the entries of one record, newest first."""
    kept = account.table("changes")
    rows = [kept.row(seq) for seq in kept.where("parent", f"{table}:{key}")]
    return sorted(rows, key=lambda row: (row["time"], row["id"]), reverse=True)


def source_of(row: Row) -> Row:
    """Return the source of a change: the API, unless it contains another one."""
    return {
        "change_source": row.get("change_source", "api"),
        "change_source_user_agent": row.get("change_source_user_agent"),
    }


def as_text(value: object) -> str | None:
    """Return a value of a change in the form of the changelogs."""
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _changelog(table: str) -> Handler:
    def changelog(call: Call) -> Response:
        call.account.require(table, call.path["id"])
        rows = [
            {
                "field_key": row["field_key"],
                "old_value": as_text(row["old_value"]),
                "new_value": as_text(row["new_value"]),
                "actor_user_id": row["actor_user_id"],
                "time": row["time"],
                **source_of(row),
                "is_bulk_update_flag": False,
            }
            for row in changes_of(call.account, table, call.path["id"])
        ]
        return listed_page(rows, call.query)

    return changelog


for _table, (_word, _) in JOURNALED.items():
    handler(f"v1:get{_word}Changelog")(_changelog(_table))
