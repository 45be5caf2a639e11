"""Transfer of all child rows of one record to another, for merges and conversions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipedrive_emulator.account.account import FIELD_TABLES
from pipedrive_emulator.domains.history.followers import FOLLOWED, note_change

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.api.http import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Relations:
    """References to the records of a table.

    Args:
        columns: (table, field with the id).
        lists: (table, field with a list of ids).
        field_type: the type of custom fields that reference them; "" for none.
        named: (table, fields with lists of entries, key of the id in an entry).
    """

    columns: tuple[tuple[str, str], ...]
    lists: tuple[tuple[str, str], ...] = ()
    field_type: str = ""
    named: tuple[tuple[str, tuple[str, ...], str], ...] = ()


PARTIES = ("from", "to", "cc", "bcc")


RELATIONS = {
    "deals": Relations(
        columns=(
            ("activities", "deal_id"),
            ("notes", "deal_id"),
            ("files", "deal_id"),
            ("deal_products", "deal_id"),
            ("discounts", "deal_id"),
            ("installments", "deal_id"),
            ("mail_threads", "deal_id"),
            ("call_logs", "deal_id"),
            ("leads", "source_deal_id"),
        ),
        lists=(("projects", "deal_ids"),),
    ),
    "persons": Relations(
        columns=(
            ("deals", "person_id"),
            ("leads", "person_id"),
            ("activities", "person_id"),
            ("notes", "person_id"),
            ("files", "person_id"),
            ("mail_links", "person_id"),
            ("call_logs", "person_id"),
            ("person_pictures", "item_id"),
        ),
        lists=(("projects", "person_ids"),),
        field_type="people",
        named=(
            ("activities", ("attendees",), "person_id"),
            ("mail_messages", PARTIES, "linked_person_id"),
        ),
    ),
    "organizations": Relations(
        columns=(
            ("persons", "org_id"),
            ("deals", "org_id"),
            ("leads", "organization_id"),
            ("activities", "org_id"),
            ("notes", "org_id"),
            ("files", "org_id"),
            ("mail_links", "org_id"),
            ("call_logs", "org_id"),
        ),
        lists=(("projects", "org_ids"),),
        field_type="org",
        named=(("mail_messages", PARTIES, "linked_organization_id"),),
    ),
}


def move(account: Account, table: str, old: int, new: int, user_id: int) -> None:
    """Change all references to record `old` to record `new`, without changing update times."""
    relations = RELATIONS[table]
    for other, name in relations.columns:
        kept = account.table(other)
        for seq in sorted(kept.where(name, old)):
            key = kept.row(seq)[kept.spec.key]
            account.update(other, key, {name: new}, user_id, touch=False)
    for other, name in relations.lists:
        for row in list(account.table(other).all()):
            if old in row[name]:
                ids = sorted({new if number == old else number for number in row[name]})
                account.update(other, row["id"], {name: ids}, user_id, touch=False)
    _move_fields(account, relations.field_type, old, new, user_id)
    for other, names, key in relations.named:
        _move_named(account, other, names, (key, old, new), user_id)
    if table == "deals":
        _move_participants(account, ("deal_id", "person_id"), old, new, user_id)
    elif table == "persons":
        _move_participants(account, ("person_id", "deal_id"), old, new, user_id)
        _move_attendance(account, old, new, user_id)
    elif table == "organizations":
        _move_relationships(account, old, new, user_id)
    if table in FOLLOWED:
        _move_followers(account, table, old, new, user_id)


def _move_fields(account: Account, kind: str, old: int, new: int, user_id: int) -> None:
    """Change custom fields that reference the old record."""
    for entity in FIELD_TABLES if kind else ():
        if entity not in account.tables:
            continue
        kept = account.table(entity)
        keys = [key for key, field in account.custom_fields(entity).items() if field["field_type"] == kind]
        # Searching encoded text takes 1 % of the time of decoding a row.
        needles = {key: f'"{key}":{old}'.encode() for key in keys}
        for seq in list(kept.seqs()) if keys else ():
            text = kept.encoded(seq)
            if any(needle in text for needle in needles.values()):
                row = kept.row(seq)
                values = row["custom_fields"]
                moved = {key: new for key in keys if values.get(key) == old}
                if moved:
                    changes = {"custom_fields": {**values, **moved}}
                    account.update(entity, row[kept.spec.key], changes, user_id, touch=False)


def _move_named(
    account: Account, table: str, names: tuple[str, ...], ids: tuple[str, int, int], user_id: int
) -> None:
    """Change entries in rows that reference the old record; rows of a base have no such entries."""
    key, old, new = ids
    kept = account.table(table)
    for seq in sorted(kept.rows):
        row = kept.row(seq)
        changes = {
            name: [{**entry, key: new} if entry.get(key) == old else entry for entry in row.get(name) or ()]
            for name in names
            if any(entry.get(key) == old for entry in row.get(name) or ())
        }
        if changes:
            account.update(table, row[kept.spec.key], changes, user_id, touch=False)


def _move_participants(account: Account, names: tuple[str, str], old: int, new: int, user_id: int) -> None:
    """Move participants unless the other record already has them."""
    moved, other = names
    kept = account.table("participants")
    present = {kept.row(seq)[other] for seq in kept.where(moved, new) if kept.is_live(kept.row(seq))}
    for seq in sorted(kept.where(moved, old)):
        row = kept.row(seq)
        if kept.is_live(row):
            if row[other] in present:
                account.delete("participants", seq, user_id)
            else:
                account.update("participants", seq, {moved: new}, user_id)


def _move_attendance(account: Account, old: int, new: int, user_id: int) -> None:
    """Replace the old person by the new one among the participants of activities, once."""
    kept = account.table("activities")
    # Rows of a base reference only their primary person.
    for seq in sorted({*kept.where("person_id", new), *kept.rows}):
        row = kept.row(seq)
        if any(entry["person_id"] == old for entry in row["participants"]):
            entries: dict[int, Row] = {}
            for entry in row["participants"]:
                number = new if entry["person_id"] == old else entry["person_id"]
                primary = entry["primary"] or entries.get(number, {}).get("primary", False)
                entries[number] = {"person_id": number, "primary": primary}
            changes = {"participants": list(entries.values())}
            account.update("activities", seq, changes, user_id, touch=False)


def _move_relationships(account: Account, old: int, new: int, user_id: int) -> None:
    """Move relationships, without a relationship to itself or a duplicate."""
    ends = ("rel_owner_org_id", "rel_linked_org_id")
    kept = account.table("organization_relationships")
    for end in ends:
        for seq in sorted(kept.where(end, old)):
            row = {**kept.row(seq), end: new}
            pair = {row[name] for name in ends}
            rows = [other for other in kept.all() if other["id"] != seq]
            if len(pair) == 1 or any({other[name] for name in ends} == pair for other in rows):
                account.remove("organization_relationships", seq, user_id)
            else:
                account.update("organization_relationships", seq, {end: new}, user_id, touch=False)


def _move_followers(account: Account, table: str, old: int, new: int, user_id: int) -> None:
    kept = account.table("followers")
    present = {kept.row(seq)["user_id"] for seq in kept.where("parent", f"{table}:{new}")}
    for seq in sorted(kept.where("parent", f"{table}:{old}")):
        if kept.row(seq)["user_id"] in present:
            account.remove("followers", seq, user_id)
        else:
            moved = account.update("followers", seq, {"parent": f"{table}:{new}"}, user_id)
            note_change(account, "added", moved, user_id)
