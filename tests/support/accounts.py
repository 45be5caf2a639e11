"""Comparison of an account with its copy, row by row and column by column.

The pairs of rows come from the target's ledger; the check includes that they are complete and one-to-one.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tests.support.account_tables import ANYTHING, JOINED, NOT_COPIED, TABLES, Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_EMPTY = (None, "", [], {})
_CLOCK = re.compile(r"\d\d:\d\d")


class Copy:
    """Expected copy of one account in another one.

    Args:
        source: dump of the account that was copied.
        target: dump of the account it was copied to.
        before: dump of that account before the copy.
        ledger: the target's ledger.
        default_user: user of the target's token, who owns the rows of missing users.
    """

    def __init__(self, source: Row, target: Row, before: Row, ledger: Path, default_user: int = 1) -> None:
        self.source, self.target, self.before = source["tables"], target["tables"], before["tables"]
        self.default_user = default_user
        self.links: dict[tuple[str, str], str] = {}
        with closing(sqlite3.connect(ledger)) as db:
            for entity, external_id, row_id in db.execute("select entity, external_id, id from links"):
                if row_id:
                    self.links[entity, external_id] = row_id
        self.words = {
            external: here
            for (entity, external), here in self.links.items()
            if entity == "activity_types.word"
        }
        self._by_key = {
            name: {str(row[table.key]): row for row in self.source[name]} for name, table in TABLES.items()
        }
        self._with_products = {row["deal_id"] for row in self.source["deal_products"]}
        self._alive: dict[tuple[str, str], bool] = {}
        self._users = {row["id"]: row["email"].casefold() for row in self.source["users"]}
        self._here = {
            row["email"].casefold(): row["id"] for row in self.target["users"] if not row["is_deleted"]
        }

    # --- what is expected -------------------------------------------------------------------------

    def alive(self, name: str, key: object) -> bool:
        """Return whether a row of the source is copied, together with the rows it depends on."""
        place = (name, str(key))
        if place not in self._alive:
            table, row = TABLES[name], self._by_key[name].get(str(key))
            self._alive[place] = False  # rows that need each other
            self._alive[place] = row is not None and self._is_alive(table, row)
        return self._alive[place]

    def _is_alive(self, table: Table, row: Row) -> bool:
        if table.gone is not None and row.get(table.gone[0]) == table.gone[1]:
            return False
        if table.entity == "call_logs" and row["user_id"] != self.default_user:
            return False  # only those of the token's user can be read
        if table.entity == "deal_installments" and row["deal_id"] not in self._with_products:
            return False  # published: only deals with a product can have installments
        if table.entity == "goals" and row["assignee"]["type"] == "team":
            return False  # teams are not read
        if any(not self.alive(table.refs[name], row[name]) for name in table.needs):
            return False
        given = [name for name in table.any_of if row.get(name) is not None]
        return not given or any(self.alive(table.refs[name], row[name]) for name in given)

    def ref(self, table: str | None, key: Any) -> Any:
        """Return the id of a row's copy; None if it is not copied."""
        if key is None or table is None:
            return None
        if table == "users":
            return self._here.get(self._users.get(key, ""), self.default_user)
        if not self.alive(table, key):
            return None
        found = self.links.get((TABLES[table].entity, str(key)))
        return int(found) if isinstance(key, int) and found is not None else found

    def options(self, word: str, column: str, value: Any) -> Any:
        """Return the ids of the options with the same labels in the copy."""
        there = self._labels(self.source, word, column)
        here = {
            label: number
            for number, label in self._labels(self.target, word, self.field(word, column)).items()
        }
        if isinstance(value, list):
            return [here[there[one]] for one in value if there.get(one) in here]
        if isinstance(value, str):  # some columns contain the number as text
            found = self.options(word, column, int(value)) if value.isdigit() else None
            return None if found is None else str(found)
        return here.get(there.get(value, "")) if value is not None else None

    @staticmethod
    def _labels(tables: Mapping[str, list[Row]], word: str, column: str) -> dict[Any, str]:
        found = [row for row in tables[f"{word}_fields"] if row["key"] == column or row["code"] == column]
        return {one["id"]: one["label"] for row in found for one in row["options"] or ()}

    def field(self, word: str, key: str) -> str:
        """Return the code of a field's copy."""
        return self.links.get((f"{word}_fields", key), key)

    def customs(self, word: str, values: Mapping[str, Any]) -> Row:
        """Return custom field values by the codes of the copy, without empty ones."""
        types = {row["key"]: row for row in self.source[f"{word}_fields"]}
        found = {}
        for key, value in values.items():
            if value in _EMPTY or not types[key]["active_flag"]:
                continue
            kind = types[key]["field_type"]
            here = value
            if kind in ("enum", "set"):
                here = self.options(word, key, value)
            elif kind == "user":
                here = self._here.get(self._users.get(value, ""))
            elif kind in ("org", "people"):
                here = self.ref({"org": "organizations", "people": "persons"}[kind], value)
            if here not in (None, []):
                found[self.field(word, key)] = here
        return found

    def condition(self, one: Row) -> Row:
        """Return a condition with the number of the copied field."""
        word = {"lead": "deal"}.get(one["object"], one["object"])
        code = self.field(word, one["field_code"])
        number = next((str(row["id"]) for row in self.target[f"{word}_fields"] if row["key"] == code), None)
        return {**one, "field_id": number, "field_code": code, "value": self._condition_value(word, one)}

    def _condition_value(self, word: str, one: Row) -> Any:
        value = one["value"]
        row = next(row for row in self.source[f"{word}_fields"] if row["key"] == one["field_code"])
        table = {
            "user": "users",
            "org": "organizations",
            "people": "persons",
            "stage": "stages",
            "pipeline": "pipelines",
        }.get(row["field_type"])
        if value is None or not str(value).isdigit():
            return value
        if table is not None:
            found = self.ref(table, int(value))
            return None if found is None else str(found)
        if row["field_type"] in ("enum", "set"):
            return str(self.options(word, row["key"], int(value)))
        return value

    # --- what differs -----------------------------------------------------------------------------

    def differences(self) -> list[str]:
        """Return every difference of the copy from the expected one."""
        found = [
            f"{name} is neither compared nor excluded"
            for name in self.source
            if name not in TABLES and name not in JOINED and name not in NOT_COPIED
        ]
        for name, table in TABLES.items():
            found += self._table(name, table)
        for name, columns in JOINED.items():
            found += self._joined(name, columns)
        return found

    def _table(self, name: str, table: Table) -> Iterator[str]:
        compared = {
            *table.same.split(),
            *table.refs,
            *table.special,
            *(("custom_fields",) if table.customs else ()),
        }
        known = compared | set(table.excluded)
        columns = {column for row in self.source[name] for column in row}
        yield from (f"{name}.{column} is neither compared nor excluded" for column in sorted(columns - known))
        here = {str(row[table.key]): row for row in self.target[name]}
        taken: Counter[str] = Counter()
        for row in self.source[name]:
            key = str(row[table.key])
            if not self.alive(name, key):
                continue
            if name.endswith("_fields") and not row["is_custom"]:
                taken[key] += 1
                continue
            found = self.links.get((table.entity, key))
            if found is None or found not in here:
                yield f"{name} {key} is missing"
                continue
            taken[found] += 1
            yield from self._row(name, table, row, here[found])
        yield from (f"{name} {key} stands for several rows" for key, count in taken.items() if count > 1)
        before = {str(row[table.key]) for row in self.before[name]}
        gone = table.gone
        extra = [
            key
            for key, row in here.items()
            if key not in taken
            and key not in before
            and not self._made_by_call(name, key)
            and not (gone and row.get(gone[0]) == gone[1])
        ]
        yield from (f"{name} {key} is one too many" for key in extra)
        if table.order is not None:
            yield from self._order(name, table, here)

    def _made_by_call(self, name: str, key: str) -> bool:
        """Return whether Pipedrive created this activity for a call that has no activity."""
        return name == "activities" and any(
            str(row["activity_id"]) == key for row in self.target["call_logs"]
        )

    def _row(self, name: str, table: Table, there: Row, here: Row) -> Iterator[str]:
        where = f"{name} {there[table.key]} → {here[table.key]}"
        for column, wanted in self._expected(table, there).items():
            held = here.get(column)
            if isinstance(held, list) and column in table.refs:
                held = sorted(map(str, held))
            elif column in table.held and held is not None:
                held = table.held[column](held)
            if column == "custom_fields":
                values = {key: one for key, one in here[column].items() if one not in _EMPTY}
                yield from (
                    f"{where}: custom_fields {key} is {values.get(key)!r} instead of {wanted.get(key)!r}"
                    for key in sorted({*wanted, *values})
                    if not _same(wanted.get(key), values.get(key))
                )
            elif not _same(wanted, held):
                yield f"{where}: {column} is {held!r} instead of {wanted!r}"

    def _expected(self, table: Table, there: Row) -> Row:
        """Return the expected columns of a row's copy."""
        expected: Row = {column: there.get(column) for column in table.same.split()}
        for column, other in table.refs.items():
            value = there.get(column)
            if isinstance(value, list):
                found = [self.ref(other, one) for one in value]
                expected[column] = sorted(str(one) for one in found if one is not None)
            else:
                expected[column] = self.ref(other, value)
        for column, bring in table.special.items():
            expected[column] = bring(self, there, there.get(column))
        if table.customs:
            expected["custom_fields"] = self.customs(table.customs, there["custom_fields"])
        return expected

    def _order(self, name: str, table: Table, here: Mapping[str, Row]) -> Iterator[str]:
        """Yield rows whose position among their siblings changed."""
        groups: dict[Any, list[tuple[Any, Any]]] = {}
        for row in self.source[name]:
            key = str(row[table.key])
            found = self.links.get((table.entity, key))
            if not self.alive(name, key) or found not in here or row.get("is_custom") is False:
                continue
            group = tuple(row[column] for column in table.order or ())
            groups.setdefault(group, []).append((row["order_nr"], here[found]["order_nr"]))
        for group, places in groups.items():
            if [one for _, one in sorted(places)] != sorted(one for _, one in places):
                yield f"{name} {group}: the order is {sorted(places)}"

    def _joined(self, name: str, columns: tuple[str, ...]) -> Iterator[str]:
        """Yield differences of rows that connect two others: pairs must be equal, ids may differ."""
        tables = {"deal_id": "deals", "person_id": "persons", "user_id": "users"}
        expected = set()
        for row in self.source[name]:
            pair = []
            for column in columns:
                table, key = (tables.get(column), row[column])
                if column == "parent":
                    table, _, text = row[column].partition(":")
                    if table == "users":
                        break
                    key = int(text)
                if table == "users":
                    email = self._users.get(key, "")
                    if email not in self._here:
                        break
                elif not self.alive(table or "", key):
                    break
                found = self.ref(table, key)
                pair.append(f"{table}:{found}" if column == "parent" else found)
            else:
                if row.get("active_flag", True):
                    expected.add(tuple(pair))
        held = {
            tuple(row[column] for column in columns)
            for row in self.target[name]
            if row.get("active_flag", True)
        }
        yield from (f"{name} {pair} is missing" for pair in sorted(expected - held))
        yield from (f"{name} {pair} is one too many" for pair in sorted(held - expected))


def _same(expected: Any, held: Any) -> bool:
    """Return whether two values are equal. All empty values are equal, and so are `09:30` and `09:30:00`."""
    if expected is ANYTHING:
        return True
    if isinstance(expected, dict) and isinstance(held, dict):
        return all(_same(expected.get(key), held.get(key)) for key in {*expected, *held})
    if isinstance(expected, list) and isinstance(held, list):
        return len(expected) == len(held) and all(map(_same, expected, held))
    if isinstance(expected, str) and isinstance(held, str) and _CLOCK.fullmatch(held):
        held += ":00"
    if expected in _EMPTY and held in _EMPTY:
        return True
    if isinstance(expected, (int, float)) and isinstance(held, (int, float)):
        return abs(expected - held) < 1e-9
    return bool(expected == held)
