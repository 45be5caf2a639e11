"""Followers of deals, persons, organizations and products, in both versions, and their changelog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.account import on_change
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, not_found, success
from pipedrive_emulator.handlers.registry import Call, Handler, handler
from pipedrive_emulator.query.paging import listed_page, offset_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_emulator.account.account import Account

# Table → (name in operation ids, name in v1 rows).
FOLLOWED = {
    "deals": ("Deal", "deal_id"),
    "persons": ("Person", "person_id"),
    "organizations": ("Organization", "org_id"),
    "products": ("Product", "product_id"),
}

# The v1 list of a person's followers is published with the person's id under the name of a deal's.
LISTED_AS = {"person_id": "deal_id"}

define_table(TableSpec(name="followers", label="Follower", updated=""))
define_table(TableSpec(name="follower_changes", label="Follower change", created="time", updated=""))


def followers_of(account: Account, table: str, key: object) -> list[Row]:
    """Return the follower rows of one record, oldest first."""
    kept = account.table("followers")
    return [kept.row(seq) for seq in sorted(kept.where("parent", f"{table}:{key}"))]


def follow(account: Account, table: str, key: object, user_id: int, actor: int) -> Row:
    """Add a follower to a record; an existing follower is rejected."""
    if not account.can_refer("users", user_id):
        raise ApiError(400, "user_id references a user that does not exist")
    if any(row["user_id"] == user_id for row in followers_of(account, table, key)):
        raise ApiError(400, "The user already follows this")
    row = account.insert("followers", {"parent": f"{table}:{key}", "user_id": user_id})
    note_change(account, "added", row, actor)
    return row


def unfollow(account: Account, row: Row, actor: int) -> None:
    """Remove a follower."""
    account.remove("followers", row["id"])
    note_change(account, "removed", row, actor)


def note_change(account: Account, action: str, row: Row, actor: int) -> None:
    """Record that a user started (`added`) or stopped (`removed`) following."""
    change = {
        "parent": row["parent"],
        "action": action,
        "actor_user_id": actor,
        "follower_user_id": row["user_id"],
    }
    account.insert("follower_changes", change)


@on_change
def _owner(account: Account, table: str, before: Row | None, after: Row | None, user_id: int) -> None:
    """Add the owner of a new row as a follower after a delay, as in live accounts."""
    if before is not None or after is None or table not in account.dialect.owner_follows:
        return
    key, owner = after["id"], after["owner_id"]

    def act() -> None:
        known = {row["user_id"] for row in followers_of(account, table, key)}
        if account.find(table, key) is not None and account.can_refer("users", owner) and owner not in known:
            follow(account, table, key, owner, user_id)

    account.afterwards.add(("owner", table, key), act, requests=account.afterwards.owner_requests)


def _v1(row: Row, name: str) -> Row:
    number = int(row["parent"].partition(":")[2])
    return {
        "user_id": row["user_id"],
        "id": row["id"],
        name: number,
        "add_time": row["add_time"].replace("T", " ")[:19],
    }


def _v2(row: Row) -> Row:
    return {"user_id": row["user_id"], "add_time": row["add_time"]}


def _lists(table: str, name: str) -> tuple[Handler, Handler, Handler]:
    def list_v2(call: Call) -> Response:
        call.account.require(table, call.path["id"])
        return listed_page(
            [_v2(row) for row in followers_of(call.account, table, call.path["id"])], call.query
        )

    def list_v1(call: Call) -> Response:
        call.account.require(table, call.path["id"])
        shown_as = LISTED_AS.get(name, name)
        rows = [_v1(row, shown_as) for row in followers_of(call.account, table, call.path["id"])]
        return (
            offset_page(call.operation, rows, call.query)
            if call.operation.paging == "offset"
            else success(rows)
        )

    def changelog(call: Call) -> Response:
        call.account.require(table, call.path["id"])
        kept = call.account.table("follower_changes")
        rows = [
            kept.row(seq) for seq in sorted(kept.where("parent", f"{table}:{call.path['id']}"), reverse=True)
        ]
        names = ("action", "actor_user_id", "follower_user_id", "time")
        return listed_page([{n: row[n] for n in names} for row in rows], call.query)

    return list_v2, list_v1, changelog


def _writes(table: str, name: str) -> tuple[Handler, Handler, Handler]:
    def editable(call: Call) -> None:
        if call.account.require(table, call.path["id"]).get("is_archived"):
            raise ApiError(403, "An archived deal cannot be edited; un-archive it first")

    def add(call: Call) -> Response:
        editable(call)
        row = follow(call.account, table, call.path["id"], call.body["user_id"], call.user_id)
        shown = _v2(row) if call.operation.version == "v2" else _v1(row, name)
        return success(shown, status=call.operation.status)

    def _find(call: Call, test: Callable[[Row], bool]) -> Row:
        editable(call)
        row = next(filter(test, followers_of(call.account, table, call.path["id"])), None)
        if row is None:
            raise not_found("Follower")
        return row

    def delete_v2(call: Call) -> Response:
        row = _find(call, lambda r: r["user_id"] == call.path["follower_id"])
        unfollow(call.account, row, call.user_id)
        return success({"user_id": row["user_id"]})

    def delete_v1(call: Call) -> Response:
        row = _find(call, lambda r: r["id"] == call.path["follower_id"])
        unfollow(call.account, row, call.user_id)
        return success({"id": row["id"]})

    return add, delete_v2, delete_v1


for _table, (_word, _name) in FOLLOWED.items():
    _list_v2, _list_v1, _changelog = _lists(_table, _name)
    _add, _delete_v2, _delete_v1 = _writes(_table, _name)
    handler(f"v2:get{_word}Followers")(_list_v2)
    handler(f"v1:get{_word}Followers")(_list_v1)
    handler(f"v2:get{_word}FollowersChangelog")(_changelog)
    handler(f"v1:add{_word}Follower", f"v2:add{_word}Follower")(_add)
    handler(f"v2:delete{_word}Follower")(_delete_v2)
    handler(f"v1:delete{_word}Follower")(_delete_v1)
