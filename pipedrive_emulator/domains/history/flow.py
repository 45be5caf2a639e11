"""The flow of deals, persons and organizations, v1: changes, notes, activities, files, mail, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.shapes import part, trimmed
from pipedrive_emulator.api.http import Response, Row, invalid
from pipedrive_emulator.domains.activities import activities_v1
from pipedrive_emulator.domains.files import files
from pipedrive_emulator.domains.history.journal import JOURNALED, changes_of, source_of
from pipedrive_emulator.domains.mail.mail_links import messages_of
from pipedrive_emulator.domains.mail.mailbox import in_flow
from pipedrive_emulator.domains.notes import notes
from pipedrive_emulator.domains.shared.related_v1 import moment, related
from pipedrive_emulator.handlers.registry import Call, Handler, handler
from pipedrive_emulator.query.paging import offset_page

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account

COLUMNS = {"deals": "deal_id", "persons": "person_id", "organizations": "org_id"}
# Values of `items` with the objects they select; values without an entry never match here.
ITEMS: dict[str, set[str]] = {
    "change": {"dealChange", "personChange", "organizationChange"},
    "deal": {"dealChange"},
    "dealChange": {"dealChange"},
    "personChange": {"personChange"},
    "organizationChange": {"organizationChange"},
    "note": {"note"},
    "activity": {"activity"},
    "plannedActivity": {"plannedActivity"},
    "call": {"call"},
    "file": {"file"},
    "activityFile": {"file"},
    "mailMessage": {"mailMessage"},
    "mailMessageWithAttachment": {"mailMessageWithAttachment"},
}
EMPTY_ITEMS = (
    "follower",
    "dealFollower",
    "personFollower",
    "organizationFollower",
    "participant",
    "comment",
    "invoice",
    "document",
    "marketing_campaign_stat",
    "marketing_status_change",
)
# Changed fields with ids: the referenced table, and the field with the name of its rows.
NAMED = {
    "user_id": ("users", "name"),
    "owner_id": ("users", "name"),
    "person_id": ("persons", "name"),
    "org_id": ("organizations", "name"),
    "stage_id": ("stages", "name"),
    "pipeline": ("pipelines", "name"),
}
Entry = tuple[str, str, int, Row]


def _formatted(account: Account, row: Row) -> Row | list[Row]:
    """Return the names for the ids of a change; an empty list for values that are not ids."""
    if row["field_key"] not in NAMED:
        return []
    table, name = NAMED[row["field_key"]]
    shown = {}
    for side in ("new_value", "old_value"):
        other = account.table(table).get(row[side])
        shown[f"{side}_formatted"] = None if other is None else other[name]
    return shown


def _changes(account: Account, table: str, key: int, *, custom: bool) -> list[Entry]:
    entries = []
    parents = [(table, key)]
    if table != "deals":
        deals = account.table("deals")
        parents += [
            ("deals", seq) for seq in deals.where(COLUMNS[table], key) if deals.is_live(deals.row(seq))
        ]
    for parent, number in parents:
        for row in changes_of(account, parent, number):
            if row["is_custom"] and not custom:
                continue
            shown = {
                "id": row["id"],
                "item_id": number,
                "user_id": row["actor_user_id"],
                "field_key": row["field_key"],
                "old_value": row["old_value"],
                "new_value": row["new_value"],
                "is_bulk_update_flag": None,
                "log_time": row["time"],
                **source_of(row),
                "additional_data": _formatted(account, row),
            }
            entries.append((row["time"], JOURNALED[parent][1], row["id"], shown))
    return entries


def _rows(account: Account, table: str, column: str, key: int) -> list[Row]:
    kept = account.table(table)
    return [row for row in map(kept.row, kept.where(column, key)) if kept.is_live(row)]


def _attached(account: Account, table: str, key: int) -> list[Entry]:
    column = COLUMNS[table]
    entries: list[Entry] = [
        (row["add_time"], "note", row["id"], notes.show(account, row))
        for row in _rows(account, "notes", column, key)
    ]
    entries += [
        (row["add_time"], "file", row["id"], files.show(account, row))
        for row in _rows(account, "files", column, key)
    ]
    for row in _rows(account, "activities", column, key):
        time = moment(row["marked_as_done_time"] or row["add_time"]) or ""
        entries.append((time, "activity", row["id"], activities_v1.show(account, row)))
    for row in messages_of(account, table, key):
        shown = in_flow(account, row)
        entries.append((shown["timestamp"], "mailMessage", row["id"], shown["data"]))
    return entries


def _kinds(entry: Entry) -> set[str]:
    """Return the kinds of an entry."""
    _, kind, _, row = entry
    kinds = {kind}
    if kind == "activity":
        kinds |= {"call"} if row["type"] == "call" else set()
        kinds |= set() if row["done"] else {"plannedActivity"}
    elif kind == "mailMessage" and row["has_attachments_flag"]:
        kinds.add("mailMessageWithAttachment")
    return kinds


def _wanted(names: list[str] | None) -> set[str] | None:
    if names is None:
        return None
    unknown = [name for name in names if name not in ITEMS and name not in EMPTY_ITEMS]
    if unknown:
        raise invalid(f"Parameter items has no value {unknown[0]}")
    return set().union(*(ITEMS.get(name, set()) for name in names))


def _relations(account: Account, rows: list[Row], table: str, key: int) -> Row:
    facts = [row["data"] for row in rows]
    keys = {"deals": "deal", "persons": "person", "organizations": "organization"}
    found = related(
        account,
        user=[fact.get("user_id") for fact in facts],
        deal=[fact.get("deal_id") for fact in facts],
        person=[fact.get("person_id") for fact in facts],
        organization=[fact.get("org_id") for fact in facts],
    )
    own = related(account, **{keys[table]: [key]})[keys[table]]
    found[keys[table]].update(own)
    return found


def _flow(table: str) -> Handler:
    def flow(call: Call) -> Response:
        account, query, key = call.account, call.query, call.path["id"]
        account.require(table, key)
        if query.get("all_changes", "1") != "1":
            raise invalid("Parameter all_changes must be 1")
        wanted = _wanted(query.get("items"))
        entries = _changes(account, table, key, custom="all_changes" in query)
        entries += _attached(account, table, key)
        if wanted is not None:
            entries = [entry for entry in entries if _kinds(entry) & wanted]
        entries.sort(key=lambda entry: entry[:3], reverse=True)
        rows = [{"object": kind, "timestamp": time, "data": row} for time, kind, _, row in entries]
        start = query.get("start", 0)
        page = rows[start : start + query.get("limit", 100)]
        relations = trimmed(part(call.operation, "related_objects"), _relations(account, page, table, key))
        return offset_page(call.operation, rows, query, related_objects=relations)

    return flow


for _table, (_word, _) in JOURNALED.items():
    handler(f"v1:get{_word}Updates")(_flow(_table))
