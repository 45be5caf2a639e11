"""One company's account: tables, clock, custom fields and file bytes; the path of every write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipedrive_emulator.account.afterwards import Afterwards
from pipedrive_emulator.account.clock import DAY_SECONDS, Clock, parse
from pipedrive_emulator.account.search_lag import Lag
from pipedrive_emulator.account.store import SPECS, Table
from pipedrive_emulator.api.dialect import PUBLISHED
from pipedrive_emulator.api.http import ApiError, Row, not_found

PURGE_SECONDS = 30 * DAY_SECONDS
TOKEN_USER = 1
MOST_SHOWN = 60_000
"""Number of encoded rows with counts that are cached, about a kilobyte each."""
FIELD_TABLES = {
    "deals": "deal_fields",
    "leads": "deal_fields",
    "persons": "person_fields",
    "organizations": "organization_fields",
    "products": "product_fields",
    "activities": "activity_fields",
    "projects": "project_fields",
}
Listener = Callable[["Account", str, Row | None, Row | None, int], None]
LISTENERS: list[Listener] = []


def on_change(listener: Listener) -> Listener:
    """Register a function called after each write as `(account, table, before, after, user_id)`.

    `before` is None for an insert; `after` is None when a row was removed permanently.
    """
    LISTENERS.append(listener)
    return listener


class Account:
    """Tables by name, the clock, and the bytes of files by id.

    While `seeding` is true, writes keep the times given in their rows, do not move the clock, and call no
    listener. `reshaped` names the entities whose custom fields were changed since: their rows are kept as
    they were, and shown in the new shape.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.seeding = False
        self.tables = {name: Table(spec) for name, spec in SPECS.items()}
        self.blobs: dict[str, bytes] = {}
        self.base_url = "http://127.0.0.1"
        self.reshaped: set[str] = set()
        self._custom: dict[str, dict[str, Row]] = {}
        self._options: dict[str, dict[str, set[object]]] = {}
        self._shown: dict[tuple[object, ...], dict[int, bytes]] = {}
        self._shown_at, self._shown_rows = -1, 0
        self.lag = Lag()
        self.dialect = PUBLISHED
        self.afterwards = Afterwards()
        self.values_locked = False
        self._indexed: dict[str, Table] = {}
        self._indexed_at = -1

    def copy(self) -> Account:
        """Return an account with the same rows, files and time, and nothing that waits."""
        made = Account()
        made.tables = {name: table.copy() for name, table in self.tables.items()}
        made.blobs, made.reshaped = dict(self.blobs), set(self.reshaped)
        made.clock.now, made.clock.writes = self.clock.now, self.clock.writes
        return made

    def fingerprint(self) -> tuple[object, ...]:
        """Return a value that differs once a row, a file or the clock has changed."""
        writes = tuple(table.writes for table in self.tables.values())
        return writes, self.clock.now, self.clock.writes, tuple(map(id, self.blobs.values()))

    def shown(self, how: tuple[object, ...], seqs: list[int], make: Callable[[int], bytes]) -> list[bytes]:
        """Return rows as encoded before in this form, encoded again after any change of the account.

        Counts that `include_fields` adds look at many rows, and a client may read the same list again.
        """
        writes = sum(table.writes for table in self.tables.values())
        if self._shown_at != writes or self._shown_rows > MOST_SHOWN:
            self._shown.clear()
            self._shown_at, self._shown_rows = writes, 0
        kept = self._shown.setdefault(how, {})
        missing = [seq for seq in seqs if seq not in kept]
        kept.update((seq, make(seq)) for seq in missing)
        self._shown_rows += len(missing)
        return [kept[seq] for seq in seqs]

    def table(self, name: str) -> Table:
        """Return the table of this name."""
        return self.tables[name]

    def indexed(self, name: str) -> Table:
        """Return the table of this name in the state of the search index; read only."""
        if self._indexed_at != self.lag.version:
            self._indexed.clear()
            self._indexed_at = self.lag.version
        if name not in self._indexed:
            table, earlier = self.tables[name], self.lag.earlier(name)
            self._indexed[name] = table.with_earlier(earlier) if earlier else table
        return self._indexed[name]

    def find(self, table: str, key: object) -> Row | None:
        """Return the live row with this id, or None."""
        kept = self.tables[table]
        row = kept.get(key)
        return row if row is not None and kept.is_live(row) else None

    def require(self, table: str, key: object) -> Row:
        """Return the live row with this id; raises a 404 if there is none."""
        row = self.find(table, key)
        if row is None:
            raise not_found(self.tables[table].spec.label)
        return row

    def can_refer(self, table: str, key: object) -> bool:
        """Return whether a body may reference this row: a live row or, for users, an active one."""
        row = self.find(table, key)
        return row is not None and (table != "users" or bool(row["active_flag"]))

    def refer(self, table: str, key: object, name: str) -> None:
        """Check that a reference in a body is null or the id of a live row."""
        if key is not None and not self.can_refer(table, key):
            raise ApiError(
                400, f"{name} points to a {self.tables[table].spec.label.lower()} that does not exist"
            )

    def insert(self, table: str, row: Row, user_id: int = TOKEN_USER) -> Row:
        """Add a row, stamp its times, and return it with its id."""
        kept = self.tables[table]
        if not self.seeding:
            now = kept.stamp(self.clock.tick())
            for name in filter(None, (kept.spec.created, kept.spec.updated)):
                row[name] = row.get(name) or now
        full = kept.insert(row)
        seq = kept.seq(full[kept.spec.key])
        self._written(table, seq, None, full, user_id)
        return full

    def record(self, table: str, row: Row) -> Row:
        """Store a row that results from another write, without moving the clock or calling listeners."""
        return self.tables[table].insert(row)

    def update(
        self, table: str, key: object, changes: Row, user_id: int = TOKEN_USER, *, touch: bool = True
    ) -> Row:
        """Change fields of a row and return it; `touch` moves its update time."""
        kept = self.tables[table]
        seq = kept.seq(key)
        if seq is None:
            raise not_found(kept.spec.label)
        before = kept.row(seq)
        after = {**before, **changes}
        if touch and kept.spec.updated and not self.seeding and kept.spec.updated not in changes:
            after[kept.spec.updated] = kept.stamp(self.clock.tick())
        kept.replace(seq, after)
        self._written(table, seq, before, after, user_id)
        return after

    def delete(self, table: str, key: object, user_id: int = TOKEN_USER) -> None:
        """Mark a row as deleted, or remove it if its table has no such mark."""
        kept = self.tables[table]
        if kept.spec.deleted is not None:
            mark, value = kept.spec.deleted
            self.update(table, key, {mark: value}, user_id)
        else:
            self.remove(table, key, user_id)

    def remove(self, table: str, key: object, user_id: int = TOKEN_USER) -> None:
        """Remove a row permanently."""
        kept = self.tables[table]
        seq = kept.seq(key)
        if seq is None:
            raise not_found(kept.spec.label)
        before = kept.row(seq)
        kept.remove(seq)
        if not self.seeding:
            self.clock.tick()
        self._written(table, seq, before, None, user_id)

    def _written(
        self, table: str, seq: int | None, before: Row | None, after: Row | None, user_id: int
    ) -> None:
        if seq is not None:
            self.lag.note(table, seq, before)
        if table.endswith("_fields"):
            self._custom.clear()
            self._options.clear()
            if not self.seeding:
                self.reshaped.update(name for name, fields in FIELD_TABLES.items() if fields == table)
        if not self.seeding:
            for listener in LISTENERS:
                listener(self, table, before, after, user_id)

    def advance(self, now: int) -> None:
        """Move the clock; rows deleted more than 30 days before are purged."""
        self.clock.set(now)
        for kept in self.tables.values():
            if kept.spec.deleted is None or kept.spec.updated == "":
                continue
            oldest = kept.stamp(now - PURGE_SECONDS)
            mark, value = kept.spec.deleted
            for seq in list(kept.where(mark, value)):
                if (kept.row(seq).get(kept.spec.updated) or "") < oldest:
                    kept.remove(seq)

    def now(self, table: str) -> str:
        """Return the current time in the form of a table, without moving the clock."""
        return self.tables[table].stamp(self.clock.now)

    def custom_fields(self, entity: str) -> dict[str, Row]:
        """Return definitions of the custom fields of an entity, by key."""
        if entity not in self._custom:
            kept = self.tables.get(FIELD_TABLES.get(entity, ""))
            rows = kept.live() if kept is not None else iter(())
            self._custom[entity] = {row["key"]: row for row in rows if row["is_custom"]}
        return self._custom[entity]

    def options(self, entity: str) -> dict[str, set[object]]:
        """Return the option ids of an entity's built-in enum fields, by field code."""
        if entity not in self._options:
            kept = self.tables.get(FIELD_TABLES.get(entity, ""))
            rows = [row for row in (kept.live() if kept is not None else ()) if row["field_type"] == "enum"]
            self._options[entity] = {
                row["code"]: {option["id"] for option in row["options"]}
                for row in rows
                if row["options"] and not row["is_custom"]
            }
        return self._options[entity]

    def dump(self) -> Row:
        """Return everything in the account, in a fixed order."""
        tables: dict[str, Any] = {name: list(self.tables[name].all()) for name in sorted(self.tables)}
        blobs = {name: len(self.blobs[name]) for name in sorted(self.blobs)}
        return {"now": self.clock.now, "tables": tables, "file_sizes": blobs}


def seconds(text: str) -> int:
    """Return the epoch seconds of a time in the form of any table."""
    return parse(text)
